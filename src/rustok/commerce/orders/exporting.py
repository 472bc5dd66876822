"""Orders as tables that staff take away: one of orders, one of what was ordered, one of drafts."""

from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime

from rustok.commerce import permissions
from rustok.commerce.orders import costing, drafts, searching, service
from rustok.commerce.orders.models import DraftOrder, Order
from rustok.commerce.orders.searching import KEYS, Filter, Sort
from rustok.commerce.orders.states import FulfilmentStatus, OrderStatus, PaymentStatus
from rustok.kernel import errors, filtering, money, paging
from rustok.kernel.context import Context
from rustok.kernel.module import Export

FILTERS = ("status", "payment_status", "fulfilment_status", "from", "until", "query", "tag")


def _which(filters: Mapping[str, str]) -> Filter:
    """What the query string says; raises `Invalid`."""
    try:
        return Filter(
            query=filters.get("query"),
            tag=filters.get("tag"),
            status=[OrderStatus(one) for one in _several(filters, "status")],
            payment_status=[PaymentStatus(one) for one in _several(filters, "payment_status")],
            fulfilment_status=[FulfilmentStatus(one) for one in _several(filters, "fulfilment_status")],
            created_from=_moment(filters.get("from")),
            created_until=_moment(filters.get("until")),
        )
    except ValueError as error:
        raise errors.Invalid(f"a filter is not understood: {error}", field="filters") from error


def _several(filters: Mapping[str, str], name: str) -> list[str]:
    return [one.strip() for one in filters.get(name, "").split(",") if one.strip()]


def _moment(said: str | None) -> datetime | None:
    """A day or a moment; without an offset it is UTC."""
    if not said:
        return None
    found = datetime.fromisoformat(said)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _pages(context: Context, filters: Mapping[str, str]) -> AsyncIterator[list[Order]]:
    """The oldest first."""
    return paging.pages(context, searching.matching(context, _which(filters)), keys=KEYS[Sort.CREATED_ASC])


def _amount(minor: int, currency: str) -> str:
    return money.Money(minor, currency).amount


async def orders(context: Context, filters: Mapping[str, str]) -> AsyncIterator[list[object]]:
    """One row for each order."""
    async for page in _pages(context, filters):
        for one in page:
            ship, bill = one.shipping_address, one.billing_address
            yield [
                one.number,
                one.created_at,
                one.status,
                one.payment_status,
                one.fulfilment_status,
                one.email,
                one.name,
                one.currency,
                *(
                    _amount(minor, one.currency)
                    for minor in (
                        one.subtotal_minor,
                        one.discount_minor,
                        one.shipping_minor,
                        one.tax_minor,
                        one.total_minor,
                        one.gift_card_minor,
                        one.due_minor,
                        one.captured_minor,
                        one.refunded_minor,
                    )
                ),
                (one.shipping or {}).get("name"),
                ", ".join(ship.lines(context.locale)) if ship else None,
                ship.country if ship else None,
                ", ".join(bill.lines(context.locale)) if bill else None,
                ", ".join(one.tags),
                one.note,
                one.cancel_reason,
            ]


async def lines(context: Context, filters: Mapping[str, str]) -> AsyncIterator[list[object]]:
    """One row for each line of each order."""
    async for page in _pages(context, filters):
        found = await service.lines_of(context, [one.id for one in page])
        for order in page:
            for one in found.get(order.id, ()):
                yield [
                    order.number,
                    order.created_at,
                    order.status,
                    one.sku,
                    one.title,
                    one.variant_title,
                    one.quantity,
                    one.fulfilled_quantity,
                    one.returned_quantity,
                    order.currency,
                    *(
                        _amount(minor, order.currency)
                        for minor in (
                            one.unit_minor,
                            one.subtotal_minor,
                            one.discount_minor,
                            one.tax_minor,
                            one.total_minor,
                        )
                    ),
                ]


async def draft_orders(context: Context, filters: Mapping[str, str]) -> AsyncIterator[list[object]]:
    """One row for each draft. What it costs is told while it is no order yet, and nothing where it has no price."""
    statement = drafts.matching(context, placed=filtering.flag(filters, "placed"))
    keys: list[paging.Key] = [(DraftOrder.created_at, paging.ASC), (DraftOrder.id, paging.ASC)]
    async for page in paging.pages(context, statement, keys=keys):
        placed = await service.many(context, [one.order_id for one in page if one.order_id is not None])
        costed = await costing.cost_many(context, [one for one in page if one.order_id is None])
        for one in page:
            order = None if one.order_id is None else placed.get(one.order_id)
            ship, bill = one.shipping_address, one.billing_address
            yield [
                *(one.id, one.created_at, one.updated_at, order and order.number),
                *(one.customer_id, one.email, one.locale, one.channel),
                *(len(one.lines), sum(line["quantity"] for line in one.lines), one.currency),
                *_costs(costed.get(one.id)),
                (one.discount or {}).get("title"),
                (one.shipping or {}).get("name"),
                ", ".join(ship.lines(context.locale)) if ship else None,
                ", ".join(bill.lines(context.locale)) if bill else None,
                one.note,
            ]


def _costs(costed: costing.Costed | None) -> list[str | None]:
    if costed is None:
        return [None] * 5
    totals = costed.totals
    parts = (
        totals.subtotal_minor,
        totals.discount_minor,
        totals.shipping_minor,
        totals.tax_minor,
        totals.total_minor,
    )
    return [_amount(minor, totals.currency) for minor in parts]


ORDERS = Export(
    name="orders",
    permission=permissions.ORDERS_READ,
    columns=(
        *("number", "created_at", "status", "payment_status", "fulfilment_status", "email", "name", "currency"),
        *("subtotal", "discount", "shipping", "tax", "total", "gift_cards", "due", "captured", "refunded"),
        *("shipping_method", "shipping_address", "country", "billing_address", "tags", "note", "cancel_reason"),
    ),
    rows=orders,
    filters=FILTERS,
)
LINES = Export(
    name="order_lines",
    permission=permissions.ORDERS_READ,
    columns=(
        *("number", "created_at", "status", "sku", "title", "variant", "quantity", "fulfilled", "returned"),
        *("currency", "unit_price", "subtotal", "discount", "tax", "total"),
    ),
    rows=lines,
    filters=FILTERS,
)
DRAFTS = Export(
    name="draft_orders",
    permission=permissions.ORDERS_READ,
    columns=(
        *("id", "created_at", "updated_at", "order", "customer_id", "email", "locale", "channel"),
        *("lines", "quantity", "currency", "subtotal", "discount", "shipping", "tax", "total"),
        *("discount_title", "shipping_method", "shipping_address", "billing_address", "note"),
    ),
    rows=draft_orders,
    filters=("placed",),
)
