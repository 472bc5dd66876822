"""An order as mails and papers show it: plain values, amounts in minor units."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from rustok.commerce.orders import service as orders
from rustok.commerce.orders.models import Fulfilment, Order, OrderAdjustment, OrderLine, OrderTax
from rustok.commerce.payments import methods as ways
from rustok.commerce.payments import service as payments
from rustok.commerce.payments.shapes import PaymentStatus
from rustok.kernel.context import Context


@dataclass(frozen=True, slots=True)
class Whole:
    """An order with everything that belongs to it."""

    order: Order
    lines: Sequence[OrderLine]
    adjustments: Sequence[OrderAdjustment]
    taxes: Sequence[OrderTax]
    payment: Mapping[str, str] | None = field(default=None)  # code, name and instructions of the way to pay


async def read(context: Context, order: Order) -> Whole:
    """All of an order."""
    return Whole(
        order,
        await orders.lines(context, order.id),
        (await orders.adjustments_of(context, [order.id])).get(order.id, ()),
        (await orders.taxes_of(context, [order.id])).get(order.id, ()),
        await _payment(context, order),
    )


def of(whole: Whole) -> dict[str, Any]:
    """The order as JSON. What is shown adds up: lines - discounts + shipping (+ tax) = total."""
    order = whole.order
    shipping: Mapping[str, Any] = order.shipping or {}
    return {
        "number": str(order.number),
        "token": order.token,
        "created_at": order.created_at.isoformat(),
        "locale": order.locale,
        "currency": order.currency,
        "email": order.email,
        "name": order.name,
        "note": order.note or "",
        "lines": [line_of(line, line.quantity) for line in whole.lines],
        "subtotal_minor": order.subtotal_minor,
        "discounts": _discounts(whole),
        "ships": order.shipping is not None,
        "shipping_name": str(shipping.get("name") or ""),
        "shipping_minor": order.shipping_minor,
        "pickup": bool(shipping.get("pickup")),
        "tax_included": order.tax_included,
        "tax_minor": order.tax_minor,
        "taxes": _taxes(whole),
        "total_minor": order.total_minor,
        "gift_card_minor": order.gift_card_minor,
        "due_minor": order.due_minor,
        "paid_minor": order.captured_minor - order.refunded_minor,
        "refunded_minor": order.refunded_minor,
        "outstanding_minor": order.outstanding_minor,
        "cancelled": order.cancelled_at is not None,
        "shipping_address": order.shipping_address.lines(order.locale) if order.shipping_address else [],
        "billing_address": order.billing_address.lines(order.locale) if order.billing_address else [],
        "payment": {name: whole.payment[name] for name in ("name", "instructions")} if whole.payment else None,
    }


def line_of(line: OrderLine, quantity: int) -> dict[str, Any]:
    """A line, or some pieces of it."""
    options = ", ".join(f"{name}: {value}" for name, value in line.options.items())
    return {
        "title": line.title,
        "detail": options or line.variant_title or "",
        "sku": line.sku or "",
        "quantity": quantity,
        "unit_minor": line.unit_minor,
        "subtotal_minor": line.unit_minor * quantity,
        "weight": line.weight * quantity,
        "ships": line.requires_shipping,
    }


@dataclass(frozen=True, slots=True)
class Parcel:
    """Some goods that left together. `rest`: others were still to come when it left."""

    fulfilment: Fulfilment
    lines: Sequence[Mapping[str, Any]]
    rest: bool


async def parcel(context: Context, whole: Whole, fulfilment_id: UUID) -> Parcel | None:
    """A parcel of the order and what is in it, or None."""
    order_id = whole.order.id
    parcels = (await orders.fulfilments_of(context, [order_id])).get(order_id, [])
    place = next((place for place, one in enumerate(parcels) if one.id == fulfilment_id), None)
    if place is None:
        return None
    contents = await orders.contents_of(context, [one.id for one in parcels])
    lines = {line.id: line for line in whole.lines}
    left = {line.id: line.quantity for line in whole.lines if line.requires_shipping}
    for one in parcels[: place + 1]:
        for part in contents.get(one.id, []) if one.status != "cancelled" or one.id == fulfilment_id else []:
            if part.line_id in left:
                left[part.line_id] -= part.quantity
    packed = [line_of(lines[one.line_id], one.quantity) for one in contents.get(fulfilment_id, [])]
    return Parcel(parcels[place], packed, any(quantity > 0 for quantity in left.values()))


def _discounts(whole: Whole) -> list[dict[str, Any]]:
    """What was taken off the lines, by its name; shipping is shown with its own taken off."""
    found: dict[tuple[str, str], int] = {}
    for one in whole.adjustments:
        if one.line_id is not None:
            key = (one.title, one.code or "")
            found[key] = found.get(key, 0) + one.amount_minor
    rest = whole.order.discount_minor - sum(found.values())
    if rest:
        found["", ""] = rest
    return [{"title": title, "code": code, "amount_minor": amount} for (title, code), amount in found.items() if amount]


def _taxes(whole: Whole) -> list[dict[str, Any]]:
    """Each tax once, with the net amount that it is on."""
    order = whole.order
    net: dict[UUID | None, int] = {
        line.id: line.subtotal_minor - line.discount_minor - (line.tax_minor if line.tax_included else 0)
        for line in whole.lines
    }
    net[None] = order.shipping_minor - (order.shipping_tax_minor if order.tax_included else 0)
    bases: dict[tuple[str, str], int] = {}
    amounts: dict[tuple[str, str], int] = {}
    for tax in sorted(whole.taxes, key=lambda one: (-one.rate, one.name)):
        key = (tax.name, f"{tax.rate.normalize():f}")
        bases[key] = bases.get(key, 0) + net.get(tax.line_id, 0)
        amounts[key] = amounts.get(key, 0) + tax.amount_minor
    untaxed = _untaxed(net, {tax.line_id for tax in whole.taxes})
    found = [
        {"name": name, "rate": rate, "base_minor": bases[name, rate], "amount_minor": amounts[name, rate]}
        for name, rate in bases
    ]
    if found and untaxed:
        found.append({"name": "", "rate": "0", "base_minor": untaxed, "amount_minor": 0})
    return found


def _untaxed(net: Mapping[UUID | None, int], taxed: Iterable[UUID | None]) -> int:
    known = set(taxed)
    return sum(amount for place, amount in net.items() if place not in known)


async def _payment(context: Context, order: Order) -> Mapping[str, str] | None:
    """How the order is paid, in its language; instructions only where something is still to be done."""
    found = (await payments.of_orders(context, [order.id])).get(order.id, [])
    if not found:
        return None
    method = next((one for one in await ways.all_of(context) if one.code == found[-1].method_code), None)
    if method is None:
        return {"code": found[-1].method_code, "name": found[-1].method_code, "instructions": ""}

    def told(texts: Mapping[str, str]) -> str:
        default = context.tenant.default_locale
        return texts.get(order.locale) or texts.get(default) or next(iter(texts.values()), "")

    # A card is charged while the buyer looks on; only money that comes by itself is to be sent.
    open_still = found[-1].status == PaymentStatus.AWAITING and order.outstanding_minor > 0
    open_still = open_still and order.cancelled_at is None
    return {
        "code": method.code,
        "name": told(method.names) or method.code,
        "instructions": told(method.instructions) if open_still else "",
    }
