"""Finding orders among a million: what staff type, and what they filter by."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, select, tuple_, union

from rustok.commerce.catalogue import checks
from rustok.commerce.orders import terms
from rustok.commerce.orders.models import Fulfilment, Order, OrderClaim, OrderLine, OrderTerm
from rustok.commerce.orders.states import FulfilmentStatus, OrderStatus, PaymentStatus
from rustok.core.rows import is_one_of
from rustok.kernel import paging
from rustok.kernel.context import Context

_LAST = "\U0010ffff"  # in the order of bytes nothing comes after it


class Sort(StrEnum):
    """How a list of orders is ordered."""

    CREATED_DESC = "created_desc"
    CREATED_ASC = "created_asc"
    TOTAL_DESC = "total_desc"
    TOTAL_ASC = "total_asc"


KEYS: dict[Sort, list[paging.Key]] = {
    Sort.CREATED_DESC: [(Order.created_at, paging.DESC), (Order.id, paging.DESC)],
    Sort.CREATED_ASC: [(Order.created_at, paging.ASC), (Order.id, paging.ASC)],
    Sort.TOTAL_DESC: [(Order.total_minor, paging.DESC), (Order.id, paging.DESC)],
    Sort.TOTAL_ASC: [(Order.total_minor, paging.ASC), (Order.id, paging.ASC)],
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which orders; all that is said must hold. Moments are from (inclusive) and until (exclusive)."""

    query: str | None = None  # number, e-mail address, name, SKU or tracking number; beginnings of words will do
    ids: Collection[UUID] | None = None
    status: Collection[OrderStatus] = ()
    payment_status: Collection[PaymentStatus] = ()
    fulfilment_status: Collection[FulfilmentStatus] = ()
    created_from: datetime | None = None
    created_until: datetime | None = None
    total_from_minor: int | None = None
    total_to_minor: int | None = None
    currency: str | None = None
    customer_id: UUID | None = None
    email: str | None = None
    channel: str | None = None
    tag: str | None = None
    archived: bool | None = None


def matching(context: Context, which: Filter) -> Select[Order]:
    """A select of the orders, neither ordered nor paged."""
    found = select(Order).where(Order.tenant_id == context.tenant_id)
    for column, values in (
        (Order.status, which.status),
        (Order.payment_status, which.payment_status),
        (Order.fulfilment_status, which.fulfilment_status),
    ):
        if values:
            told = sorted({one.value for one in values})
            found = found.where(column == told[0] if len(told) == 1 else column.in_(told))
    if which.ids is not None:
        found = found.where(_claimed(context, is_one_of(OrderClaim.id, which.ids)))
    if which.created_from is not None:
        found = found.where(Order.created_at >= which.created_from)
    if which.created_until is not None:
        found = found.where(Order.created_at < which.created_until)
    if which.total_from_minor is not None:
        found = found.where(Order.total_minor >= which.total_from_minor)
    if which.total_to_minor is not None:
        found = found.where(Order.total_minor <= which.total_to_minor)
    for exact, wanted in (
        (Order.currency, which.currency),
        (Order.customer_id, which.customer_id),
        (Order.email, which.email),
        (Order.channel, which.channel),
    ):
        if wanted is not None:
            found = found.where(exact == wanted)
    if which.tag is not None:
        found = found.where(Order.tags.contains([which.tag]))
    if which.archived is not None:
        found = found.where(Order.archived_at.is_not(None) if which.archived else Order.archived_at.is_(None))
    said = checks.optional_text(which.query, "query", most=200)
    return found if said is None else found.where(_said(context, said))


def _claimed(context: Context, condition: ColumnElement[bool]) -> ColumnElement[bool]:
    """Orders whose claim fulfils it; the claim names the partition to look in."""
    claims = select(OrderClaim.id, OrderClaim.created_at).where(OrderClaim.tenant_id == context.tenant_id, condition)
    return tuple_(Order.id, Order.created_at).in_(claims)


def _said(context: Context, said: str) -> ColumnElement[bool]:
    """Every way in which what somebody typed may name an order."""
    tenant = context.tenant_id
    ways: list[Select[Any]] = [
        select(OrderLine.order_id).where(OrderLine.tenant_id == tenant, OrderLine.sku == said),
        select(Fulfilment.order_id).where(Fulfilment.tenant_id == tenant, Fulfilment.tracking_number == said),
        _beginning(context, said.casefold()),
    ]
    number = said.removeprefix("#")
    if number.isascii() and number.isdecimal() and len(number) < 19:
        ways.append(select(OrderClaim.id).where(OrderClaim.tenant_id == tenant, OrderClaim.number == int(number)))
    parts = terms.words(said)
    if len(parts) > 1:
        every = _beginning(context, parts[0])
        for part in parts[1:8]:
            every = every.where(OrderTerm.order_id.in_(_beginning(context, part)))
        ways.append(every)
    return _claimed(context, OrderClaim.id.in_(union(*ways)))


def _beginning(context: Context, word: str) -> Select[Any]:
    return select(OrderTerm.order_id).where(
        OrderTerm.tenant_id == context.tenant_id, OrderTerm.term >= word, OrderTerm.term < word + _LAST
    )
