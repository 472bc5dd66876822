"""Finding returns and refunds, locking one to change it, and what of an order may still come back."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, select, text

from rustok.commerce.catalogue import checks
from rustok.commerce.orders import service as orders
from rustok.commerce.orders import timeline
from rustok.commerce.orders.models import Order, OrderLine
from rustok.commerce.returns import states
from rustok.commerce.returns.models import OrderReturn, Refund, RefundPart, ReturnLine
from rustok.commerce.returns.states import ReturnStatus
from rustok.core.rows import is_one_of
from rustok.events.commerce import ReturnStatusChanged
from rustok.kernel import bus, errors
from rustok.kernel.context import Context


@dataclass(frozen=True, slots=True)
class Returnable:
    """A line and how many of its pieces may still be sent back."""

    line: OrderLine
    quantity: int


async def get(context: Context, return_id: UUID) -> OrderReturn:
    """The return; raises `NotFound`."""
    found = await context.session.get(OrderReturn, (context.tenant_id, return_id), populate_existing=True)
    if found is None:
        raise errors.NotFound("no such return", field="id")
    return found


async def lock(context: Context, return_id: UUID, *, version: int | None = None) -> tuple[OrderReturn, Order]:
    """The return and its order, which nobody else changes until the end; raises `NotFound`, `Stale`.

    Stock levels and gift cards are locked before it.
    """
    order = await orders.lock(context, (await get(context, return_id)).order_id)
    found = await get(context, return_id)
    checks.version(found.version, version)
    return found, order


async def order_for_buyer(context: Context, *, token: str | None = None, order_id: UUID | None = None) -> Order:
    """The order for whoever knows its token or is its customer; else `NotFound`."""
    order = await orders.by_token(context, token) if token else None
    if order is None and order_id is not None and context.actor.user_id is not None:
        theirs = await orders.find(context, order_id)
        order = theirs if theirs is not None and theirs.customer_id == context.actor.user_id else None
    if order is None:
        raise errors.NotFound("no such order", field="orderToken")
    return order


async def of_orders(context: Context, order_ids: Sequence[UUID]) -> dict[UUID, list[OrderReturn]]:
    """The returns of the orders, the oldest first."""
    found: dict[UUID, list[OrderReturn]] = {}
    rows = await context.session.scalars(
        select(OrderReturn)
        .where(OrderReturn.tenant_id == context.tenant_id, is_one_of(OrderReturn.order_id, order_ids))
        .order_by(OrderReturn.order_id, OrderReturn.number)
        .execution_options(populate_existing=True)
    )
    for one in rows.all():
        found.setdefault(one.order_id, []).append(one)
    return found


async def lines_of(context: Context, return_ids: Sequence[UUID]) -> dict[UUID, list[ReturnLine]]:
    """The lines of the returns, in the order's own order."""
    found: dict[UUID, list[ReturnLine]] = {}
    rows = await context.session.scalars(
        select(ReturnLine)
        .join(OrderLine, (OrderLine.tenant_id == ReturnLine.tenant_id) & (OrderLine.id == ReturnLine.line_id))
        .where(ReturnLine.tenant_id == context.tenant_id, is_one_of(ReturnLine.return_id, return_ids))
        .order_by(OrderLine.position, ReturnLine.id)
        .execution_options(populate_existing=True)
    )
    for one in rows.all():
        found.setdefault(one.return_id, []).append(one)
    return found


async def refunds_of(context: Context, order_ids: Sequence[UUID]) -> dict[UUID, list[Refund]]:
    """The refunds of the orders, the oldest first."""
    found: dict[UUID, list[Refund]] = {}
    rows = await context.session.scalars(
        select(Refund)
        .where(Refund.tenant_id == context.tenant_id, is_one_of(Refund.order_id, order_ids))
        .order_by(Refund.id)
    )
    for one in rows.all():
        found.setdefault(one.order_id, []).append(one)
    return found


async def parts_of(context: Context, refund_ids: Sequence[UUID]) -> dict[UUID, list[RefundPart]]:
    """What of the refunds goes over which payment."""
    found: dict[UUID, list[RefundPart]] = {}
    rows = await context.session.scalars(
        select(RefundPart)
        .where(RefundPart.tenant_id == context.tenant_id, is_one_of(RefundPart.refund_id, refund_ids))
        .order_by(RefundPart.id)
    )
    for one in rows.all():
        found.setdefault(one.refund_id, []).append(one)
    return found


_DELIVERED = text("""
SELECT c.line_id, sum(c.quantity)
FROM commerce_fulfilments f JOIN commerce_fulfilment_lines c
  ON c.tenant_id = f.tenant_id AND c.fulfilment_id = f.id
WHERE f.tenant_id = CAST(:tenant_id AS uuid) AND f.order_id = :order_id AND f.status = 'delivered'
GROUP BY c.line_id
""")


async def returnable(context: Context, order: Order, *, undelivered: bool = False) -> list[Returnable]:
    """How many pieces of each line may still be sent back: delivered, not returned, in no return that is open.

    With `undelivered`, what has left and did not arrive counts as well: it may be refused at the door.
    """
    lines = await orders.lines(context, order.id)
    if undelivered:
        there = {one.id: one.fulfilled_quantity for one in lines}
    else:
        rows = await context.session.execute(_DELIVERED, {"tenant_id": context.tenant_id, "order_id": order.id})
        there = {line_id: int(quantity) for line_id, quantity in rows.all()}
    spoken = await context.session.execute(
        select(ReturnLine.line_id, func.sum(ReturnLine.quantity))
        .join(OrderReturn, (OrderReturn.tenant_id == ReturnLine.tenant_id) & (OrderReturn.id == ReturnLine.return_id))
        .where(
            OrderReturn.tenant_id == context.tenant_id,
            OrderReturn.order_id == order.id,
            OrderReturn.status.in_([one.value for one in states.OPEN]),
        )
        .group_by(ReturnLine.line_id)
    )
    open_ = {line_id: int(quantity) for line_id, quantity in spoken.all()}
    return [
        Returnable(one, max(there.get(one.id, 0) - one.returned_quantity - open_.get(one.id, 0), 0)) for one in lines
    ]


async def move(context: Context, found: OrderReturn, status: ReturnStatus, **details: object) -> None:
    """Let a locked return go on, say so, and note it at its order; raises `IllegalReturnTransition`."""
    old = ReturnStatus(found.status)
    states.check(old, status)
    found.status = status
    touch(context, found)
    await context.session.flush()
    await timeline.note(
        context,
        found.order_id,
        "return_status_changed",
        return_id=str(found.id),
        number=found.number,
        old=old.value,
        new=status.value,
        **details,
    )
    bus.record(
        context,
        ReturnStatusChanged(order_id=found.order_id, return_id=found.id, old_status=old.value, new_status=status.value),
    )


def touch(context: Context, found: OrderReturn) -> None:
    """Count a change: whoever has read the version before it cannot overwrite it."""
    found.version += 1
    found.updated_at = context.now
