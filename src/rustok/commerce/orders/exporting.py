"""Orders as tables that staff take away: one of orders, one of what was ordered."""

from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Select, tuple_

from rustok.commerce import permissions
from rustok.commerce.orders import searching, service
from rustok.commerce.orders.models import Order
from rustok.commerce.orders.searching import Filter
from rustok.commerce.orders.states import FulfilmentStatus, OrderStatus, PaymentStatus
from rustok.kernel import errors, money
from rustok.kernel.context import Context
from rustok.kernel.module import Export

_PAGE = 500
_KEY = tuple_(Order.created_at, Order.id)
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


async def _pages(context: Context, filters: Mapping[str, str]) -> AsyncIterator[list[Order]]:
    """The oldest first, by keyset: nothing is left out or told twice, whatever is ordered in the meantime."""
    statement: Select[Any] = (
        searching.matching(context, _which(filters)).order_by(Order.created_at, Order.id).limit(_PAGE)
    )
    last: tuple[Any, ...] | None = None
    while True:
        beyond = statement if last is None else statement.where(last < _KEY)
        page = list((await context.session.scalars(beyond)).all())
        if page:
            yield page
            last = page[-1].created_at, page[-1].id
            context.session.expunge_all()
        if len(page) < _PAGE:
            return


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
