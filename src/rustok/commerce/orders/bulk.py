"""Many orders at once, all or none; the levels of all of them are locked before the first order is."""

from collections.abc import Sequence
from uuid import UUID

from rustok.commerce.catalogue import checks
from rustok.commerce.orders import cancelling, fulfilling, service, stocking
from rustok.commerce.orders.fulfilling import Tracking
from rustok.commerce.orders.states import IllegalTransition
from rustok.kernel.context import Context

MOST = 100


async def fulfil(context: Context, order_ids: Sequence[UUID]) -> int:
    """Send everything that has not been sent; returns how many orders. Raises as `fulfilling.fulfil`, naming which."""
    ids = sorted(checks.ids(order_ids, most=MOST))
    await stocking.hold(context, ids)
    for order_id in ids:
        order = await service.lock(context, order_id)
        try:
            await fulfilling.send(context, order, tracking=Tracking())
        except (IllegalTransition, fulfilling.NothingToFulfil) as error:
            raise type(error)(f"order {order.number}: {error}", field="ids") from error
    return len(ids)


async def cancel(context: Context, order_ids: Sequence[UUID], *, reason: str | None, restock: bool = True) -> int:
    """Cancel them; returns how many. Raises as `cancelling.cancel`, naming which."""
    reason = checks.optional_text(reason, "reason")
    ids = sorted(checks.ids(order_ids, most=MOST))
    await stocking.hold(context, ids)
    for order_id in ids:
        order = await service.lock(context, order_id)
        try:
            await cancelling.undo(context, order, reason=reason, restock=restock)
        except IllegalTransition as error:
            raise IllegalTransition(f"order {order.number}: {error}", field="ids") from error
    return len(ids)
