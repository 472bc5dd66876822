"""Returns and refunds as tables that staff take away."""

from collections.abc import AsyncIterator, Mapping
from typing import Any, TypeVar

from sqlalchemy import Select, select

from rustok.commerce import permissions
from rustok.commerce.orders import service as orders
from rustok.commerce.returns import refunding, searching, service
from rustok.commerce.returns.models import OrderReturn, Refund
from rustok.commerce.returns.searching import Filter
from rustok.commerce.returns.states import ReturnStatus
from rustok.kernel import errors, money, paging
from rustok.kernel.context import Context
from rustok.kernel.module import Export

T = TypeVar("T", OrderReturn, Refund)


def _which(filters: Mapping[str, str]) -> Filter:
    wanted = [one.strip() for one in filters.get("status", "").split(",") if one.strip()]
    try:
        return Filter(query=filters.get("query"), status=[ReturnStatus(one) for one in wanted])
    except ValueError as error:
        raise errors.Invalid(f"a filter is not understood: {error}", field="filters") from error


def _pages(context: Context, statement: Select[T], model: type[T]) -> AsyncIterator[list[T]]:
    """The oldest first."""
    table: Any = model
    return paging.pages(context, statement, keys=[(table.created_at, paging.ASC), (table.id, paging.ASC)])


async def returns(context: Context, filters: Mapping[str, str]) -> AsyncIterator[list[object]]:
    """One row for each line of each return."""
    async for page in _pages(context, searching.matching(context, _which(filters)), OrderReturn):
        ids = sorted({one.order_id for one in page})
        of, sold = await orders.many(context, ids), await orders.lines_of(context, ids)
        lines = {line.id: line for held in sold.values() for line in held}
        held = await service.lines_of(context, [one.id for one in page])
        for one in page:
            order = of[one.order_id]
            for line in held.get(one.id, ()):
                known = lines[line.line_id]
                yield [
                    order.number,
                    one.number,
                    one.created_at,
                    one.status,
                    one.requested_by,
                    known.sku,
                    known.title,
                    line.quantity,
                    line.reason,
                    line.received_quantity,
                    line.restocked_quantity,
                    line.condition,
                    money.Money(line.amount_minor, order.currency).amount,
                    order.currency,
                ]


async def refunds(context: Context, filters: Mapping[str, str]) -> AsyncIterator[list[object]]:
    """One row for each refund."""
    del filters
    async for page in _pages(context, select(Refund).where(Refund.tenant_id == context.tenant_id), Refund):
        of = await orders.many(context, sorted({one.order_id for one in page}))
        states = await refunding.states_of(context, page)
        for one in page:
            amounts = (
                one.amount_minor,
                one.goods_minor,
                one.shipping_minor,
                one.other_minor,
                one.payments_minor,
                one.gift_cards_minor,
                one.exchange_minor,
            )
            yield [
                of[one.order_id].number,
                one.created_at,
                states[one.id],
                one.currency,
                *(money.Money(minor, one.currency).amount for minor in amounts),
                one.reason,
            ]


EXPORTS = (
    Export(
        name="returns",
        permission=permissions.RETURNS_READ,
        columns=(
            "order", "return", "created_at", "status", "requested_by", "sku", "title", "quantity", "reason",
            "received", "restocked", "condition", "amount", "currency",
        ),
        rows=returns,
        filters=("status", "query"),
    ),
    Export(
        name="refunds",
        permission=permissions.RETURNS_READ,
        columns=(
            "order", "created_at", "state", "currency", "amount", "goods", "shipping", "other", "payments",
            "gift_cards", "exchange", "reason",
        ),
        rows=refunds,
    ),
)  # fmt: skip
