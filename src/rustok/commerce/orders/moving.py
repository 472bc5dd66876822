"""Moving a locked order from one status to another: the only place where a status is written."""

from typing import Any

from rustok.commerce.orders import states, timeline
from rustok.commerce.orders.models import Order
from rustok.commerce.orders.states import OrderStatus, PaymentStatus
from rustok.events.commerce import OrderCompleted, OrderStatusChanged
from rustok.kernel import bus
from rustok.kernel.context import Context

_PAID = {PaymentStatus.PAID, PaymentStatus.PARTIALLY_REFUNDED, PaymentStatus.REFUNDED}


def touch(context: Context, order: Order) -> None:
    """Count a change: whoever has read the version before it cannot overwrite it."""
    order.version += 1
    order.updated_at = context.now


async def move(context: Context, order: Order, status: OrderStatus, **details: Any) -> None:
    """Let the order go on, say so, and note it; raises `IllegalTransition`."""
    old = OrderStatus(order.status)
    states.check(old, status)
    order.status = status
    touch(context, order)
    await timeline.note(context, order.id, "status_changed", old=old.value, new=status.value, **details)
    bus.record(context, OrderStatusChanged(order_id=order.id, old_status=old.value, new_status=status.value))
    if status is OrderStatus.COMPLETED:
        bus.record(context, OrderCompleted(order_id=order.id))


async def complete_if_done(context: Context, order: Order) -> None:
    """An order that is delivered and paid is complete."""
    if order.status == OrderStatus.DELIVERED and order.payment_status in _PAID:
        await move(context, order, OrderStatus.COMPLETED)
