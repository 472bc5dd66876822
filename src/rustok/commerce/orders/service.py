"""Finding orders: by id, by token, by customer; locking one to change it; and giving a guest's to a customer."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, Select, select, text

from rustok.commerce.catalogue import checks
from rustok.commerce.orders import moving, timeline
from rustok.commerce.orders.models import (
    Fulfilment,
    FulfilmentLine,
    Order,
    OrderAdjustment,
    OrderClaim,
    OrderLine,
    OrderNote,
    OrderTax,
)
from rustok.core.rows import is_one_of
from rustok.core.users import emails
from rustok.events.commerce import OrderClaimed
from rustok.kernel import bus, errors, paging
from rustok.kernel.context import Context

MOST_CLAIMED = 1_000


def _found_by(context: Context, condition: ColumnElement[bool]) -> Select[Order]:
    """The claim names the moment, and that the one partition to look in."""
    return (
        select(Order)
        .join(
            OrderClaim,
            (OrderClaim.tenant_id == Order.tenant_id)
            & (OrderClaim.id == Order.id)
            & (OrderClaim.created_at == Order.created_at),
        )
        .where(OrderClaim.tenant_id == context.tenant_id, condition)
        .execution_options(populate_existing=True)
    )


async def find(context: Context, order_id: UUID) -> Order | None:
    """The order, or None."""
    return await context.session.scalar(_found_by(context, OrderClaim.id == order_id))


async def get(context: Context, order_id: UUID) -> Order:
    """The order; raises `NotFound`."""
    found = await find(context, order_id)
    if found is None:
        raise errors.NotFound("no such order", field="id")
    return found


async def by_token(context: Context, token: str) -> Order | None:
    """The order that the link in a confirmation leads to, or None: whoever knows the token may see it."""
    if not 16 <= len(token) <= 64 or not token.isascii() or not token.isprintable():
        return None
    return await context.session.scalar(_found_by(context, OrderClaim.token == token))


async def by_number(context: Context, number: int) -> Order | None:
    """The order with this number, or None."""
    if not 0 < number < 2**63:
        return None
    return await context.session.scalar(_found_by(context, OrderClaim.number == number))


async def by_cart(context: Context, cart_id: UUID) -> Order | None:
    """The order that a cart or draft has become, or None."""
    return await context.session.scalar(_found_by(context, OrderClaim.cart_id == cart_id))


async def many(context: Context, order_ids: Sequence[UUID]) -> dict[UUID, Order]:
    """The orders that there are."""
    if not order_ids:
        return {}
    found = await context.session.scalars(_found_by(context, is_one_of(OrderClaim.id, order_ids)))
    return {order.id: order for order in found.all()}


async def of_customers(
    context: Context,
    customer_ids: Sequence[UUID],
    *,
    first: int | None = None,
    after: str | None = None,
    last: int | None = None,
    before: str | None = None,
) -> dict[UUID, paging.Page[Order]]:
    """A page of every customer's orders, the newest first."""
    return await paging.page_of_each(
        context,
        _orders(context),
        customer_ids,
        of=Order.customer_id,
        keys=[(Order.created_at, paging.DESC), (Order.id, paging.DESC)],
        first=first,
        after=after,
        last=last,
        before=before,
    )


async def count_of_customers(context: Context, customer_ids: Sequence[UUID]) -> dict[UUID, tuple[int, bool]]:
    """How many orders every customer has, and whether that is exact."""
    return await paging.count_of_each(context, _orders(context), customer_ids, of=Order.customer_id)


def _orders(context: Context) -> Select[Order]:
    return select(Order).where(Order.tenant_id == context.tenant_id)


_LOCK = text("""
SELECT created_at FROM commerce_order_claims WHERE tenant_id = CAST(:tenant_id AS uuid) AND id = :id
FOR NO KEY UPDATE
""")


async def lock(context: Context, order_id: UUID, *, version: int | None = None) -> Order:
    """The order, which nobody else changes until the transaction ends; raises `NotFound`, and `Stale` for a version."""
    locked = await context.session.scalar(_LOCK, {"tenant_id": context.tenant_id, "id": order_id})
    if locked is None:
        raise errors.NotFound("no such order", field="id")
    # After the wait, in a statement of its own: the one that waits sees the order as it was before.
    order = await get(context, order_id)
    checks.version(order.version, version)
    return order


async def claim(context: Context, email: str, customer_id: UUID) -> int:
    """Give a guest's orders with this address to the customer; returns how many there were.

    The caller has made sure that the address is the customer's: whoever can read its mail. Saying it twice changes
    nothing, and orders of other customers are left alone.
    """
    address = emails.normalise(email)
    if address is None:
        return 0
    found = await context.session.scalars(
        select(Order.id)
        .where(Order.tenant_id == context.tenant_id, Order.email == address, Order.customer_id.is_(None))
        .order_by(Order.created_at)
        .limit(MOST_CLAIMED)
    )
    claimed = 0
    for order_id in sorted(found.all()):
        order = await lock(context, order_id)
        if order.customer_id is not None or order.email != address:
            continue
        order.customer_id = customer_id
        moving.touch(context, order)
        await timeline.note(context, order.id, "claimed", customer_id=str(customer_id))
        bus.record(context, OrderClaimed(order_id=order.id, customer_id=customer_id))
        claimed += 1
    await context.session.flush()
    return claimed


async def lines_of(context: Context, order_ids: Sequence[UUID]) -> dict[UUID, list[OrderLine]]:
    """The lines of the orders, in order."""
    statement = (
        select(OrderLine)
        .where(OrderLine.tenant_id == context.tenant_id, is_one_of(OrderLine.order_id, order_ids))
        .order_by(OrderLine.order_id, OrderLine.position, OrderLine.id)
        .execution_options(populate_existing=True)
    )
    found: dict[UUID, list[OrderLine]] = {}
    for one in (await context.session.scalars(statement)).all():
        found.setdefault(one.order_id, []).append(one)
    return found


async def lines(context: Context, order_id: UUID) -> list[OrderLine]:
    """The lines of one order."""
    return (await lines_of(context, [order_id])).get(order_id, [])


async def adjustments_of(context: Context, order_ids: Sequence[UUID]) -> dict[UUID, list[OrderAdjustment]]:
    """What was taken off lines and shipping of the orders."""
    statement = (
        select(OrderAdjustment)
        .where(OrderAdjustment.tenant_id == context.tenant_id, is_one_of(OrderAdjustment.order_id, order_ids))
        .order_by(OrderAdjustment.id)
    )
    found: dict[UUID, list[OrderAdjustment]] = {}
    for one in (await context.session.scalars(statement)).all():
        found.setdefault(one.order_id, []).append(one)
    return found


async def taxes_of(context: Context, order_ids: Sequence[UUID]) -> dict[UUID, list[OrderTax]]:
    """The taxes on lines and shipping of the orders."""
    statement = (
        select(OrderTax)
        .where(OrderTax.tenant_id == context.tenant_id, is_one_of(OrderTax.order_id, order_ids))
        .order_by(OrderTax.id)
    )
    found: dict[UUID, list[OrderTax]] = {}
    for one in (await context.session.scalars(statement)).all():
        found.setdefault(one.order_id, []).append(one)
    return found


async def notes_of(
    context: Context, order_ids: Sequence[UUID], *, to_customer: bool | None = None
) -> dict[UUID, list[OrderNote]]:
    """What staff wrote about the orders, the oldest first; with `to_customer`, of one kind only."""
    statement = (
        select(OrderNote)
        .where(OrderNote.tenant_id == context.tenant_id, is_one_of(OrderNote.order_id, order_ids))
        .order_by(OrderNote.id)
    )
    if to_customer is not None:
        statement = statement.where(OrderNote.to_customer == to_customer)
    found: dict[UUID, list[OrderNote]] = {}
    for one in (await context.session.scalars(statement)).all():
        found.setdefault(one.order_id, []).append(one)
    return found


async def fulfilments_of(context: Context, order_ids: Sequence[UUID]) -> dict[UUID, list[Fulfilment]]:
    """The parcels of the orders, the oldest first."""
    statement = (
        select(Fulfilment)
        .where(Fulfilment.tenant_id == context.tenant_id, is_one_of(Fulfilment.order_id, order_ids))
        .order_by(Fulfilment.id)
        .execution_options(populate_existing=True)
    )
    found: dict[UUID, list[Fulfilment]] = {}
    for one in (await context.session.scalars(statement)).all():
        found.setdefault(one.order_id, []).append(one)
    return found


async def contents_of(context: Context, fulfilment_ids: Sequence[UUID]) -> dict[UUID, list[FulfilmentLine]]:
    """What is in the parcels."""
    statement = (
        select(FulfilmentLine)
        .where(FulfilmentLine.tenant_id == context.tenant_id, is_one_of(FulfilmentLine.fulfilment_id, fulfilment_ids))
        .order_by(FulfilmentLine.id)
    )
    found: dict[UUID, list[FulfilmentLine]] = {}
    for one in (await context.session.scalars(statement)).all():
        found.setdefault(one.fulfilment_id, []).append(one)
    return found
