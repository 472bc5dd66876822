"""Carts as staff look for them, in pages and as a file: those that nobody ordered are what they follow up."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, or_, select

from rustok.commerce import permissions
from rustok.commerce.carts import rows
from rustok.commerce.carts.models import Cart, CartKind, CartLine, CartStatus
from rustok.commerce.carts.rows import LineRow
from rustok.commerce.catalogue import checks
from rustok.kernel import errors, filtering, money, paging
from rustok.kernel.context import Context
from rustok.kernel.module import Export

NEWEST_FIRST: list[paging.Key] = [(Cart.created_at, paging.DESC), (Cart.id, paging.DESC)]
OLDEST_FIRST: list[paging.Key] = [(Cart.created_at, paging.ASC), (Cart.id, paging.ASC)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which carts; all that is said must hold."""

    query: str | None = None  # a part of the e-mail address or of a wish list's name
    kind: CartKind | None = None
    status: CartStatus | None = None
    customer_id: UUID | None = None
    with_email: bool | None = None
    variant_id: UUID | None = None  # pieces of it lie in the cart
    created_before: datetime | None = None
    created_after: datetime | None = None


def matching(context: Context, wanted: Wanted) -> Select[Cart]:
    """The carts, for paging and for files."""
    found = select(Cart).where(Cart.tenant_id == context.tenant_id)
    words = checks.optional_text(wanted.query, "query", most=200)
    if words:
        found = found.where(
            or_(Cart.email.icontains(words, autoescape=True), Cart.name.icontains(words, autoescape=True))
        )
    if wanted.kind is not None:
        found = found.where(Cart.kind == wanted.kind)
    if wanted.status is not None:
        found = found.where(Cart.status == wanted.status)
    if wanted.customer_id is not None:
        found = found.where(Cart.customer_id == wanted.customer_id)
    if wanted.with_email is not None:
        found = found.where(Cart.email.is_not(None) if wanted.with_email else Cart.email.is_(None))
    if wanted.variant_id is not None:
        lying = select(CartLine.cart_id).where(
            CartLine.tenant_id == context.tenant_id, CartLine.variant_id == wanted.variant_id
        )
        found = found.where(Cart.id.in_(lying))
    for moment in (wanted.created_before, wanted.created_after):
        if moment is not None and moment.tzinfo is None:
            raise errors.Invalid("a date needs a time zone", field="where")
    if wanted.created_before is not None:
        found = found.where(Cart.created_at < wanted.created_before)
    if wanted.created_after is not None:
        found = found.where(Cart.created_at > wanted.created_after)
    return found


async def table(context: Context, filters: Mapping[str, str]) -> AsyncIterator[list[object]]:
    """One row for each cart. What it is worth is what its buyer saw last: present prices are not asked for.

    Whoever knows the id of a guest's cart may use it, so that only customers' carts have theirs in a file; codes of
    gift cards are in none.
    """
    statement = matching(
        context,
        Wanted(
            query=filters.get("query"),
            kind=filtering.choice(filters, "kind", CartKind),
            status=filtering.choice(filters, "status", CartStatus),
            customer_id=filtering.id_of(filters, "customer_id"),
            with_email=filtering.flag(filters, "with_email"),
            variant_id=filtering.id_of(filters, "variant_id"),
            created_before=filtering.moment(filters, "created_before"),
            created_after=filtering.moment(filters, "created_after"),
        ),
    )
    async for page in paging.pages(context, statement, keys=OLDEST_FIRST):
        held = await rows.lines_of(context, [one.id for one in page])
        for one in page:
            lines = held[one.id]
            yield [
                *(one.id if one.customer_id else None, one.kind, one.status, one.name, one.customer_id, one.email),
                *(one.created_at, one.updated_at, one.expires_at, one.channel, one.currency),
                *(len(lines), sum(line.quantity for line in lines), _worth(lines, one.currency)),
                "; ".join(f"{line.quantity} × {line.title}" for line in lines),
                *(", ".join(one.codes), one.note, one.order_id),
            ]


def _worth(lines: Sequence[LineRow], currency: str) -> str:
    return money.Money(sum(line.quantity * (line.seen_minor or 0) for line in lines), currency).amount


CARTS = Export(
    name="carts",
    permission=permissions.CARTS_READ,
    columns=(
        *("id", "kind", "status", "name", "customer_id", "email"),
        *("created_at", "updated_at", "expires_at", "channel", "currency"),
        *("lines", "quantity", "last_seen_value", "items", "codes", "note", "order_id"),
    ),
    rows=table,
    filters=(
        *("query", "kind", "status", "customer_id", "with_email", "variant_id", "created_before", "created_after"),
    ),
)
