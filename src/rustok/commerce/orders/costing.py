"""What drafts cost at present prices and taxes: one, or a page of them."""

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any
from uuid import UUID

from rustok.commerce.baskets.shapes import BasketLine, Buyer, Discount, ShippingChoice, Totals
from rustok.commerce.customers import service as customers
from rustok.commerce.orders import editing, placing, recounting
from rustok.commerce.orders.editing import Added
from rustok.commerce.orders.models import DraftOrder
from rustok.commerce.totals import calculating
from rustok.commerce.totals.calculating import NOWHERE, Known, Request
from rustok.kernel import errors, money
from rustok.kernel.context import Context


@dataclass(frozen=True, slots=True)
class Costed:
    """What a draft costs now, and what its lines show."""

    totals: Totals
    facts: Mapping[UUID, placing.LineFacts]
    buyer: Buyer


def added_of(draft: DraftOrder) -> list[Added]:
    """The draft's lines as values."""
    return [
        Added(variant_id=UUID(one["variant_id"]), quantity=one["quantity"], unit_minor=one["unit_minor"])
        for one in draft.lines
    ]


async def cost(context: Context, draft: DraftOrder) -> Costed:
    """What the draft costs at present prices and taxes; raises `NotFound`, `NoPrice`, `TaxUnavailable`."""
    (request,), known = await _asked(context, [draft])
    return await _cost(context, draft, request, known)


async def cost_many(context: Context, drafts: Sequence[DraftOrder]) -> dict[UUID, Costed]:
    """The same for many, without those of which it cannot be said, and in as many statements as for one."""
    requests, known = await _asked(context, drafts)
    found = {}
    for draft, request in zip(drafts, requests, strict=True):
        with contextlib.suppress(errors.RustokError):
            found[draft.id] = await _cost(context, draft, request, known)
    return found


async def _asked(context: Context, drafts: Sequence[DraftOrder]) -> tuple[list[Request], Known]:
    """The drafts as questions, and what has to be known to answer them."""
    named = {(one.customer_id, one.email) for one in drafts if one.customer_id is not None}
    buyers = await customers.buyers_of(context, named)
    requests = [
        Request(
            currency=one.currency,
            lines=editing.asked(added_of(one)),
            buyer=Buyer(email=one.email) if one.customer_id is None else buyers[one.customer_id, one.email],
            at=context.now,
            destination=at.destination if (at := one.shipping_address or one.billing_address) else NOWHERE,
            channel=one.channel,
        )
        for one in drafts
    ]
    return requests, await calculating.know(context, requests)


async def _cost(context: Context, draft: DraftOrder, request: Request, known: Known) -> Costed:
    basket, reasons, facts = editing.price_added(request, known)
    basket = replace(basket, shipping=_shipping(draft.shipping))
    discounts = _discounts(draft.discount, basket.lines)
    rules = known.rules[request.destination]
    return Costed(await recounting.count(context, basket, reasons, discounts, rules=rules), facts, request.buyer)


def _shipping(said: Mapping[str, Any] | None) -> ShippingChoice | None:
    if said is None:
        return None
    return ShippingChoice(
        method_id=recounting.BY_HAND,
        code="",
        name=said["name"],
        price_minor=said["price_minor"],
        tax_class=said["tax_class"],
    )


def _discounts(said: Mapping[str, Any] | None, lines: Sequence[BasketLine]) -> list[Discount]:
    """Shared among the lines that may be discounted, in proportion to what they cost."""
    able = [line for line in lines if line.discountable]
    whole = sum(line.subtotal_minor for line in able)
    if said is None or not whole:
        return []
    if "percent" in said:
        amount = int(whole * Decimal(said["percent"]) / 100 + Decimal("0.5"))
    else:
        amount = min(int(said["amount_minor"]), whole)
    return [
        Discount(promotion_id=recounting.BY_HAND, code=None, title=said["title"], amount_minor=part, line_id=line.id)
        for line, part in zip(able, money.split(amount, [line.subtotal_minor for line in able]), strict=True)
        if part
    ]
