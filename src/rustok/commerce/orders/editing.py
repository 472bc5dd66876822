"""Changing an order after it was placed and before anything has left: lines, addresses, shipping."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast
from uuid import UUID

from sqlalchemy import delete, insert

from rustok.commerce.addresses import service as addresses
from rustok.commerce.addresses.service import Address
from rustok.commerce.baskets.shapes import Basket, BasketLine, Buyer, Discount, ShippingChoice, Totals
from rustok.commerce.catalogue import batches, checks
from rustok.commerce.customers import service as customers
from rustok.commerce.giftcards import service as giftcards
from rustok.commerce.orders import balance, moving, placing, recounting, service, settling, stocking, terms, timeline
from rustok.commerce.orders.models import Order, OrderAdjustment, OrderLine, OrderTax, OrderTerm
from rustok.commerce.orders.states import FulfilmentStatus, OrderStatus
from rustok.commerce.totals import calculating as totals_of
from rustok.commerce.totals.calculating import Known, Reason, Wanted
from rustok.core.users import emails
from rustok.events.commerce import OrderEdited
from rustok.kernel import bus, errors, money
from rustok.kernel.context import Context
from rustok.kernel.ids import generate_id

MOST_LINES = 500


class NotEditable(errors.Conflict):
    """Something of the order has left already, or it is cancelled."""

    code = "not_editable"


class NoPrice(errors.Conflict):
    """A variant has no price in the order's currency, and none was agreed to."""

    code = "no_price"


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """Some pieces of a variant at its present price, or at one that staff agreed to."""

    variant_id: UUID
    quantity: int
    unit_minor: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """What is to be changed; what is None stays. A quantity of 0 takes a line out."""

    quantities: Mapping[UUID, int] = field(default_factory=dict)  # by line
    added: Sequence[Added] = ()
    shipping_price_minor: int | None = None
    shipping_name: str | None = None
    shipping_address: Address | None = None
    billing_address: Address | None = None
    email: str | None = None


async def edit(
    context: Context, order_id: UUID, wanted: Edit, *, currency: str | None = None, version: int | None = None
) -> Order:
    """Change the order: totals are worked out again, stock is promised or given back, the difference is outstanding.

    Lines keep the prices that they were sold at. A discount shrinks with its line and does not grow with it; taxes are
    those of today. What gift cards paid too much goes back on them. Raises `NotEditable`, `OutOfStock`, `NoPrice`,
    `BadAddress`, `TaxUnavailable`, `Stale`, `NotFound` and `Invalid` (also where `currency` is not the order's), and
    then nothing is changed.
    """
    wanted = _checked(wanted)
    before = await service.lines(context, order_id)
    touched = {one.variant_id for one in before if one.id in wanted.quantities}
    await stocking.hold(context, [order_id], variant_ids=touched | {one.variant_id for one in wanted.added})
    order = await service.lock(context, order_id, version=version)
    if currency is not None and currency != order.currency:
        raise errors.Invalid(f"this order is in {order.currency}", field="currencyCode")
    editable = order.status in (OrderStatus.PENDING, OrderStatus.CONFIRMED)
    if not editable or order.fulfilment_status != FulfilmentStatus.UNFULFILLED:
        raise NotEditable(f"this order is {order.status}: it cannot be changed any more", field="id")
    old_total, lines = order.total_minor, {one.id: one for one in await service.lines(context, order.id)}
    if unknown := wanted.quantities.keys() - lines.keys():
        raise errors.NotFound(f"no such line in this order: {min(unknown)}", field="quantities")
    if wanted.shipping_address is not None:
        order.shipping_stored = wanted.shipping_address.stored()
    if wanted.billing_address is not None:
        order.billing_stored = wanted.billing_address.stored()
    if wanted.email is not None:
        order.email = wanted.email
    draft = await _compose(context, order, lines, wanted)
    pieces = _difference(list(lines.values()), draft.basket)
    totals = await recounting.count(context, draft.basket, draft.reasons, draft.discounts)
    balance.check(totals)
    await stocking.change(context, order.id, pieces)
    await _write(context, order, totals, lines, draft.facts)
    await _settle(context, order)
    moving.touch(context, order)
    await timeline.note(
        context,
        order.id,
        "edited",
        old_total=old_total,
        new_total=order.total_minor,
        currency=order.currency,
        pieces={str(variant): quantity for variant, quantity in pieces.items()},
        addresses=wanted.shipping_address is not None or wanted.billing_address is not None,
        email=wanted.email is not None,
        shipping=order.shipping_minor,
    )
    bus.record(context, OrderEdited(order_id=order.id))
    await context.session.flush()
    return order


def _checked(wanted: Edit) -> Edit:
    for quantity in wanted.quantities.values():
        checks.whole(quantity, "quantity")
    for one in wanted.added:
        checks.whole(one.quantity, "quantity", least=1)
        if one.unit_minor is not None:
            checks.whole(one.unit_minor, "price", most=money.LARGEST_MINOR)
    if wanted.shipping_price_minor is not None:
        checks.whole(wanted.shipping_price_minor, "shippingPrice", most=money.LARGEST_MINOR)
    ship, bill = wanted.shipping_address, wanted.billing_address
    return Edit(
        quantities=wanted.quantities,
        added=wanted.added,
        shipping_price_minor=wanted.shipping_price_minor,
        shipping_name=checks.optional_text(wanted.shipping_name, "shippingName"),
        shipping_address=None if ship is None else addresses.check(ship, field="shippingAddress"),
        billing_address=None if bill is None else addresses.check(bill, field="billingAddress"),
        email=None if wanted.email is None else emails.check_email(wanted.email),
    )


@dataclass(frozen=True, slots=True)
class _Draft:
    basket: Basket
    reasons: Mapping[UUID, Reason]
    discounts: Sequence[Discount]
    facts: Mapping[UUID, placing.LineFacts]  # of the lines that are new


async def _compose(context: Context, order: Order, lines: Mapping[UUID, OrderLine], wanted: Edit) -> _Draft:
    """The order as a basket again: old lines at their old prices, new ones at those of today."""
    buyer = Buyer(email=order.email)
    if order.customer_id is not None:
        buyer = await customers.buyer_of(context, order.customer_id, email=order.email)
    at = order.shipping_address or order.billing_address
    basket_lines, reasons = [], {}
    for row in lines.values():
        quantity = wanted.quantities.get(row.id, row.quantity)
        if quantity:
            basket_lines.append(_line(row, quantity))
            reasons[row.id] = Reason(row.compare_at_minor, row.price_reason)
    basket = Basket(
        currency=order.currency,
        lines=tuple(basket_lines),
        buyer=buyer,
        at=context.now,
        destination=at.destination if at else totals_of.NOWHERE,
        shipping=_shipping(order, wanted),
    )
    discounts = await _discounts(context, order, lines, basket)
    facts: dict[UUID, placing.LineFacts] = {}
    if wanted.added:
        request = totals_of.Request(
            currency=basket.currency,
            lines=asked(wanted.added),
            buyer=basket.buyer,
            at=basket.at,
            destination=basket.destination,
            channel=order.channel,
        )
        added, why, facts = price_added(request, await totals_of.know(context, [request]))
        basket = replace(basket, lines=(*basket.lines, *added.lines))
        reasons |= why
    if not basket.lines:
        raise errors.Invalid("an order needs a line: cancel it instead", field="quantities")
    if len(basket.lines) > MOST_LINES:
        raise errors.Invalid(f"an order has at most {MOST_LINES} lines", field="added")
    return _Draft(basket, reasons, discounts, facts)


def asked(added: Sequence[Added]) -> list[Wanted]:
    """New lines, with ids of their own, to be priced."""
    return [
        Wanted(id=generate_id(), variant_id=one.variant_id, quantity=one.quantity, unit_minor=one.unit_minor)
        for one in added
    ]


def price_added(
    request: totals_of.Request, known: Known
) -> tuple[Basket, dict[UUID, Reason], dict[UUID, placing.LineFacts]]:
    """New lines at their present or agreed prices, why, and what they show; raises `NotFound` and `NoPrice`."""
    goods = known.goods
    for one in request.lines:
        if one.variant_id not in goods:
            raise errors.NotFound(f"no such variant: {one.variant_id}", field="variantId")
    priced, reasons = totals_of.price(request, goods, known.prices)
    if missing := [one.variant_id for one in request.lines if one.id not in reasons]:
        raise NoPrice(f"{goods[missing[0]].title} has no price in {request.currency}: say one", field="price")
    return priced, dict(reasons), {one.id: recounting.facts_of(goods[one.variant_id]) for one in request.lines}


def _line(row: OrderLine, quantity: int) -> BasketLine:
    return BasketLine(
        id=row.id,
        variant_id=row.variant_id,
        product_id=row.product_id,
        quantity=quantity,
        unit_minor=row.unit_minor,
        weight=row.weight,
        requires_shipping=row.requires_shipping,
        taxable=row.taxable,
        tax_class=row.tax_class,
        discountable=row.discountable,
    )


def _shipping(order: Order, wanted: Edit) -> ShippingChoice | None:
    chosen = order.shipping
    if chosen is None and wanted.shipping_price_minor is None and wanted.shipping_name is None:
        return None
    stored = chosen or {}
    price = order.shipping_price_minor if wanted.shipping_price_minor is None else wanted.shipping_price_minor
    return ShippingChoice(
        method_id=UUID(stored["method_id"]) if stored.get("method_id") else recounting.BY_HAND,
        code=stored.get("code") or "",
        name=wanted.shipping_name or stored.get("name") or "",
        price_minor=price,
        tax_class=stored.get("tax_class"),
        pickup=bool(stored.get("pickup")),
        facts=stored.get("facts") or {},
    )


async def _discounts(context: Context, order: Order, lines: Mapping[UUID, OrderLine], basket: Basket) -> list[Discount]:
    """The discounts that were given: each shrinks with its line, and never takes more off than there is."""
    now = {line.id: line.quantity for line in basket.lines}
    left = basket.shipping.price_minor if basket.shipping else 0
    found = []
    for row in (await service.adjustments_of(context, [order.id])).get(order.id, []):
        amount = row.amount_minor
        if row.line_id is None:
            amount = min(amount, left)
            left -= amount
        else:
            was, remains = lines[row.line_id].quantity, now.get(row.line_id, 0)
            if remains < was:
                amount = money.split(amount, [remains, was - remains])[0]
        if amount:
            found.append(
                Discount(
                    promotion_id=row.promotion_id or recounting.BY_HAND,
                    code=row.code,
                    title=row.title,
                    amount_minor=amount,
                    line_id=row.line_id,
                    reason=row.reason,
                )
            )
    return found


def _difference(lines: Sequence[OrderLine], basket: Basket) -> dict[UUID, int]:
    """How many pieces of each variant more are wanted, or fewer."""
    found: dict[UUID, int] = {}
    for line in basket.lines:
        found[line.variant_id] = found.get(line.variant_id, 0) + line.quantity
    for row in lines:
        found[row.variant_id] = found.get(row.variant_id, 0) - row.quantity
    return {variant: quantity for variant, quantity in found.items() if quantity}


async def _write(
    context: Context,
    order: Order,
    totals: Totals,
    lines: Mapping[UUID, OrderLine],
    facts: Mapping[UUID, placing.LineFacts],
) -> None:
    """Parts first, then the sums. Ids of lines stay; a line that is new keeps the id that it was priced under."""
    of_order = {"tenant_id": context.tenant_id, "order_id": order.id}
    await context.session.flush()
    for model in (OrderAdjustment, OrderTax, OrderTerm):
        table = cast(Any, model)
        await context.session.execute(
            delete(table).where(table.tenant_id == context.tenant_id, table.order_id == order.id)
        )
    kept = {one.line.id for one in totals.lines}
    for row in lines.values():
        if row.id not in kept:
            await context.session.delete(row)
    new = []
    for position, one in enumerate(totals.lines):
        stored = lines.get(one.line.id)
        if stored is None:
            given = facts[one.line.id]
            new.append(placing.line_row(order.id, one.line.id, position, one, given, included=totals.tax_included))
            continue
        stored.position, stored.quantity, stored.tax_included = position, one.line.quantity, totals.tax_included
        stored.subtotal_minor, stored.discount_minor = one.subtotal_minor, one.discount_minor
        stored.tax_minor, stored.total_minor = one.tax_minor, one.total_minor
    same = {id_: id_ for id_ in kept}
    discounts = [part for one in totals.lines for part in one.discounts] + list(totals.shipping_discounts)
    taxes = [part for one in totals.lines for part in one.taxes] + list(totals.shipping_taxes)
    _sums(order, totals)
    await context.session.flush()
    await batches.insert(context, OrderLine, new)
    await batches.insert(context, OrderAdjustment, placing.adjustment_rows(order.id, discounts, same))
    await batches.insert(context, OrderTax, placing.tax_rows(order.id, taxes, same))
    found = terms.of(order.email, order.shipping_address, order.billing_address)
    if found:
        await context.session.execute(insert(OrderTerm), [{**of_order, "term": term} for term in found])


def _sums(order: Order, totals: Totals) -> None:
    taken_off = sum(one.amount_minor for one in totals.shipping_discounts)
    named = order.shipping_address or order.billing_address
    order.name = (named.name or named.company) if named else order.name
    order.tax_included = totals.tax_included
    order.subtotal_minor, order.discount_minor = totals.subtotal_minor, totals.discount_minor
    order.shipping_price_minor = totals.shipping_minor + taken_off
    order.shipping_discount_minor, order.shipping_minor = taken_off, totals.shipping_minor
    order.shipping_tax_minor = sum(one.amount_minor for one in totals.shipping_taxes)
    order.tax_minor, order.total_minor = totals.tax_minor, totals.total_minor
    order.shipping = None if totals.shipping is None else placing.shipping_row(totals.shipping)
    order.gift_card_minor = min(order.gift_card_minor, totals.total_minor)
    order.due_minor = order.total_minor - order.gift_card_minor


async def _settle(context: Context, order: Order) -> None:
    """The money that is there already may be enough now, or too little; gift cards get back what is too much."""
    spent = sum((await giftcards.spent_on(context, order.id)).values())
    if spent > order.gift_card_minor:
        await giftcards.give_back(context, order.id, spent - order.gift_card_minor)
    await settling.look_again(context, order)
