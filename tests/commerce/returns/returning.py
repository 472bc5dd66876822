"""Makes orders that were paid and delivered, for the tests of returns."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from tests.commerce.orders import ordering

from rustok.commerce.giftcards import service as giftcards
from rustok.commerce.orders import fulfilling
from rustok.commerce.orders import service as orders
from rustok.commerce.payments import arranging, capturing, methods
from rustok.commerce.payments import service as payments
from rustok.commerce.payments.shapes import Units
from rustok.commerce.returns import deciding, receiving, requesting, service
from rustok.commerce.returns.models import OrderReturn
from rustok.commerce.returns.receiving import Received
from rustok.commerce.returns.requesting import Piece
from rustok.kernel.context import Context


@dataclass(frozen=True)
class Sold:
    """An order that is paid and delivered."""

    order_id: UUID
    token: str
    variants: list[UUID]
    lines: list[UUID]
    total_minor: int


async def sold(
    units: Units,
    items: Sequence[tuple[int, int]],
    *,
    card_minor: int = 0,
    delivered: bool = True,
    method: Mapping[str, Any] | None = None,
    **wanted: Any,
) -> Sold:
    """An order of (quantity, price of one), paid by hand and, so much of it, by a gift card."""
    async with units() as context:
        variants = await ordering.goods(context, *(quantity + 5 for quantity, _ in items))
        known = {one.code for one in await methods.all_of(context)}
        if "transfer" not in known:
            await arranging.create(context, code="transfer", provider="manual", names={"en": "Transfer"})
        if card_minor:
            card = await giftcards.issue(context, amount_minor=card_minor, currency=wanted.get("currency", "EUR"))
            wanted["gift_cards"] = ((card.card.id, card_minor),)
        lines = [(variant, quantity, unit) for variant, (quantity, unit) in zip(variants, items, strict=True)]
        order = await ordering.order(context, lines, **wanted)
        if card_minor:
            await giftcards.spend(context, wanted["gift_cards"], order_id=order.id)
        if order.due_minor:
            payment = await payments.open(context, order, method_code="transfer", amount_minor=order.due_minor)
            await capturing.mark_paid(context, payment.id)
    if delivered:
        await deliver(units, order.id)
    async with units() as context:
        ids = [one.id for one in await orders.lines(context, order.id)]
    return Sold(order.id, order.token, variants, ids, order.total_minor)


async def deliver(units: Units, order_id: UUID, pieces: Mapping[UUID, int] | None = None) -> None:
    """Goods leave and arrive."""
    async with units() as context:
        parcel = await fulfilling.fulfil(context, order_id, pieces)
        await fulfilling.deliver(context, parcel.id)


async def came_back(
    context: Context, order_id: UUID, pieces: Mapping[UUID, int], *, restock: bool = False
) -> OrderReturn:
    """A return whose goods are all back."""
    asked = [Piece(line_id=line, quantity=quantity) for line, quantity in pieces.items()]
    made = await requesting.request(context, order_id, asked)
    await deciding.approve(context, made.id)
    held = (await service.lines_of(context, [made.id]))[made.id]
    received = {one.id: Received(quantity=one.quantity, restock=one.quantity if restock else 0) for one in held}
    return await receiving.receive(context, made.id, received)
