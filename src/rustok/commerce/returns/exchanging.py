"""Something else is sent instead: what came back pays for a new order, and the difference is settled either way."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from rustok.commerce.catalogue import checks
from rustok.commerce.giftcards import issuing
from rustok.commerce.giftcards import service as giftcards
from rustok.commerce.inventory import reserving
from rustok.commerce.orders import costing, drafts, placing, stocking
from rustok.commerce.orders import service as orders
from rustok.commerce.orders.editing import Added
from rustok.commerce.orders.models import Order
from rustok.commerce.orders.placing import Placement
from rustok.commerce.payments import asking
from rustok.commerce.payments import service as payments
from rustok.commerce.payments.shapes import Units
from rustok.commerce.returns import refunding, service, states
from rustok.commerce.returns.models import OrderReturn, Refund
from rustok.commerce.returns.refunding import Amounts, RefundTooMuch
from rustok.commerce.returns.states import ReturnStatus
from rustok.kernel import errors
from rustok.kernel.context import Context
from rustok.kernel.ids import generate_id


@dataclass(frozen=True, slots=True)
class Exchanged:
    """The new order, and how the worth of the goods was divided: a part pays for it, the rest goes back.

    The part that pays is a gift card of its own, spent at once. Should the new order give something back later, it lies
    on that card: `credit_code` is told now or never.
    """

    found: OrderReturn
    order: Order
    refund: Refund
    credit_code: str | None


async def exchange(
    units: Units,
    return_id: UUID,
    lines: Sequence[Added],
    *,
    payment_method: str | None = None,
    version: int | None = None,
) -> Exchanged:
    """Send these goods instead of those that are back; what they cost more is due, what they cost less is refunded.

    The new order is priced as of now, without shipping. With something due it waits for its payment by the named
    method, or without one for staff's word. Raises `IllegalReturnTransition`, `OutOfStock`, `RefundTooMuch`, `Stale`,
    `NotFound`, `Invalid`, and as drafts and payments do.
    """
    async with units() as context:
        made = await write(context, return_id, lines, payment_method=payment_method, version=version)
        parts = (await service.parts_of(context, [made.refund.id])).get(made.refund.id, [])
    for part in parts:
        await asking.ask(units, part.attempt_id)
    return made


async def write(
    context: Context,
    return_id: UUID,
    lines: Sequence[Added],
    *,
    payment_method: str | None = None,
    version: int | None = None,
) -> Exchanged:
    """The same within the caller's transaction, without asking a provider."""
    if not lines:
        raise errors.Invalid("name the goods that are sent instead", field="lines")
    before = await orders.get(context, (await service.get(context, return_id)).order_id)
    draft = await drafts.create(
        context,
        currency=before.currency,
        customer_id=before.customer_id,
        email=before.email,
        locale=before.locale,
        channel=before.channel,
        lines=lines,
        shipping_address=before.shipping_address,
        billing_address=before.billing_address,
    )
    costed = await costing.cost(context, draft)
    order_id = generate_id()
    # In everybody's order: gift cards, stock, the order with its payments, the number last.
    for card in sorted(await giftcards.spent_on(context, before.id)):
        await giftcards.get(context, card, lock=True)
    asked = [reserving.Line(one.variant_id, one.quantity) for one in lines]
    await reserving.reserve(context, stocking.reference(order_id), asked)
    locked = await refunding.lock(context, before.id)
    found = await service.get(context, return_id)
    checks.version(found.version, version)
    states.check(ReturnStatus(found.status), ReturnStatus.COMPLETED)
    left = await refunding.what_is_left(context, locked)
    worth = min(await refunding.worth_left(context, found), left.minor)
    if not worth:
        raise RefundTooMuch("what came back is worth nothing any more", field="id")
    credit = min(worth, costed.totals.total_minor)
    refund = await refunding.enter(
        context,
        locked,
        left,
        Amounts(goods_minor=worth, exchange_minor=credit),
        reason=f"exchange of return {found.number}",
        key=f"exchange:{found.id}",
        return_id=found.id,
    )
    totals, code = costed.totals, None
    if credit:
        note = f"Exchange: order {locked.number}, return {found.number}"
        issued = await issuing.issue(context, amount_minor=credit, currency=locked.currency, note=note)
        parts = ((issued.card.id, credit),)
        await giftcards.spend(context, parts, order_id=order_id)
        totals, code = replace(totals, gift_cards=parts, due_minor=totals.total_minor - credit), issued.code
    draft.order_id = order_id
    await context.session.flush()
    order = await placing.place(
        context,
        Placement(
            order_id=order_id,
            cart_id=draft.id,
            email=before.email,
            buyer=costed.buyer,
            locale=draft.locale,
            totals=totals,
            facts=costed.facts,
            shipping_address=draft.shipping_address,
            billing_address=draft.billing_address,
            channel=draft.channel,
            source="exchange",
        ),
    )
    found.exchange_order_id = order_id
    await service.move(context, found, ReturnStatus.COMPLETED, exchange_order_id=str(order_id))
    if totals.due_minor and payment_method is not None:
        await payments.open(context, order, method_code=payment_method, amount_minor=totals.due_minor)
    return Exchanged(found, order, refund, code)
