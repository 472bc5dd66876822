"""Which returns staff are looking for."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Select, or_, select

from rustok.commerce.catalogue import checks
from rustok.commerce.orders.models import OrderClaim, OrderLine
from rustok.commerce.returns.models import OrderReturn, ReturnLine
from rustok.commerce.returns.states import Reason, ReturnStatus
from rustok.kernel.context import Context


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """All that is said must hold."""

    query: str | None = None  # the number of an order, or a SKU
    status: Sequence[ReturnStatus] = ()
    reason: Reason | None = None
    requested_by: str | None = None
    order_id: UUID | None = None
    created_from: datetime | None = None
    created_until: datetime | None = None


def matching(context: Context, wanted: Filter) -> Select[OrderReturn]:
    """A select of the returns that fit."""
    found = select(OrderReturn).where(OrderReturn.tenant_id == context.tenant_id)
    if wanted.status:
        found = found.where(OrderReturn.status.in_([one.value for one in wanted.status]))
    if wanted.requested_by is not None:
        found = found.where(OrderReturn.requested_by == checks.optional_text(wanted.requested_by, "requestedBy"))
    if wanted.order_id is not None:
        found = found.where(OrderReturn.order_id == wanted.order_id)
    if wanted.created_from is not None:
        found = found.where(OrderReturn.created_at >= wanted.created_from)
    if wanted.created_until is not None:
        found = found.where(OrderReturn.created_at < wanted.created_until)
    if wanted.reason is not None:
        found = found.where(_has_line(ReturnLine.reason == wanted.reason.value))
    if query := checks.optional_text(wanted.query, "query"):
        found = found.where(_named(query))
    return found.execution_options(populate_existing=True)


def _has_line(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    return (
        select(ReturnLine.id)
        .where(ReturnLine.tenant_id == OrderReturn.tenant_id, ReturnLine.return_id == OrderReturn.id, condition)
        .exists()
    )


def _named(query: str) -> ColumnElement[bool]:
    sold = (
        select(OrderLine.id)
        .where(OrderLine.tenant_id == ReturnLine.tenant_id, OrderLine.id == ReturnLine.line_id, OrderLine.sku == query)
        .exists()
    )
    by_sku = _has_line(sold)
    digits = query.removeprefix("#")
    if not (digits.isascii() and digits.isdecimal() and len(digits) < 19):
        return by_sku
    numbered = (
        select(OrderClaim.id)
        .where(
            OrderClaim.tenant_id == OrderReturn.tenant_id,
            OrderClaim.id == OrderReturn.order_id,
            OrderClaim.number == int(digits),
        )
        .exists()
    )
    return or_(numbered, by_sku)
