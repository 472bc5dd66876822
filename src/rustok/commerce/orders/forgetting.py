"""A customer is forgotten, the books are not."""

from typing import Any
from uuid import UUID

from sqlalchemy import delete, select

from rustok.commerce.orders import moving, service, timeline
from rustok.commerce.orders.models import Order, OrderNote, OrderTerm
from rustok.core.rows import is_one_of
from rustok.kernel.context import Context


async def forget(context: Context, customer_id: UUID) -> int:
    """Erase what is personal of a customer's orders; amounts, goods and the country remain. Returns how many.

    Saying it twice changes nothing.
    """
    found = await context.session.scalars(
        select(Order.id).where(
            Order.tenant_id == context.tenant_id, Order.customer_id == customer_id, Order.email != ""
        )
    )
    ids = sorted(found.all())
    for order_id in ids:
        order = await service.lock(context, order_id)
        order.email, order.name, order.note = "", "", None
        order.shipping_stored = _country(order.shipping_stored)
        order.billing_stored = _country(order.billing_stored)
        moving.touch(context, order)
        await timeline.note(context, order.id, "forgotten")
    await context.session.flush()
    for model in (OrderTerm, OrderNote):
        await context.session.execute(
            delete(model).where(model.tenant_id == context.tenant_id, is_one_of(model.order_id, ids))
        )
    return len(ids)


def _country(address: dict[str, Any] | None) -> dict[str, Any] | None:
    """What taxes were paid by."""
    return {key: value for key, value in address.items() if key in ("country", "region")} if address else None
