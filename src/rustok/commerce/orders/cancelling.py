"""An order that will not be fulfilled: its stock is free again, and those who hold money for it are told."""

from uuid import UUID

import structlog
from sqlalchemy import select

from rustok.commerce.catalogue import checks
from rustok.commerce.inventory import reserving
from rustok.commerce.orders import fulfilling, moving, service, states, stocking
from rustok.commerce.orders.models import Order
from rustok.commerce.orders.states import IllegalTransition, OrderStatus, PaymentStatus
from rustok.events.commerce import OrderCancelled
from rustok.kernel import bus
from rustok.kernel.context import Context
from rustok.kernel.module import Timer

NOT_PAID = "not paid in time"
logger = structlog.get_logger("rustok.orders")


async def cancel(
    context: Context, order_id: UUID, *, reason: str | None = None, restock: bool = True, version: int | None = None
) -> Order:
    """Cancel the whole order. Parcels on their way are called back; with `restock` everything can be sold again.

    Without it the goods are written off. Payments are voided or refunded by who listens to `OrderCancelled`.
    Raises `IllegalTransition` once all has left or a part has arrived (a return is made for that), `Stale`, `NotFound`.
    """
    reason = checks.optional_text(reason, "reason")
    await stocking.hold(context, [order_id])
    order = await service.lock(context, order_id, version=version)
    await undo(context, order, reason=reason, restock=restock)
    return order


async def undo(context: Context, order: Order, *, reason: str | None, restock: bool) -> None:
    """The same for an order that the caller has locked, its stock before it."""
    states.check(OrderStatus(order.status), OrderStatus.CANCELLED)
    parcels = (await service.fulfilments_of(context, [order.id])).get(order.id, [])
    if any(one.status == fulfilling.DELIVERED for one in parcels):
        raise IllegalTransition("a part of this order has arrived: make a return of it", field="status")
    lines = {one.id: one for one in await service.lines(context, order.id)}
    on_their_way = [one for one in parcels if one.status == fulfilling.SHIPPED]
    if on_their_way:
        await fulfilling.unpack(context, order, on_their_way, lines)
    if restock:
        await reserving.release(context, stocking.reference(order.id))
    else:
        await reserving.commit_reservation(context, stocking.reference(order.id))
    order.fulfilment_status = states.FulfilmentStatus.UNFULFILLED
    order.cancelled_at, order.cancel_reason, order.payment_due = context.now, reason, None
    if not order.captured_minor:
        order.payment_status = PaymentStatus.VOIDED
    await moving.move(context, order, OrderStatus.CANCELLED, reason=reason, restock=restock)
    bus.record(context, OrderCancelled(order_id=order.id, reason=reason))
    await context.session.flush()


async def cancel_unpaid(context: Context, *, most: int = 200) -> int:
    """Cancel orders whose payment was due and did not come, the oldest first; returns how many."""
    due = await context.session.scalars(
        select(Order.id)
        .where(
            Order.tenant_id == context.tenant_id,
            Order.status == OrderStatus.PENDING.value,
            Order.payment_due <= context.now,
        )
        .order_by(Order.payment_due)
        .limit(most)
    )
    ids = list(due.all())
    await stocking.hold(context, ids)
    done = 0
    for order_id in sorted(ids):
        order = await service.lock(context, order_id)
        late = order.payment_due is not None and order.payment_due <= context.now
        # It may have been paid or cancelled since it was found.
        if order.status == OrderStatus.PENDING and late and not order.captured_minor:
            await undo(context, order, reason=NOT_PAID, restock=True)
            done += 1
    if done:
        logger.info("orders.cancelled_unpaid", count=done)
    return done


async def _cancel_unpaid(context: Context) -> None:
    await cancel_unpaid(context)


UNPAID = Timer(name="commerce.cancel_unpaid_orders", every_seconds=60, run=_cancel_unpaid)
