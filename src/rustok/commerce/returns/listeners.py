"""What returns do when something happened to a customer."""

from sqlalchemy import select, update

from rustok.commerce.orders.models import Order
from rustok.commerce.returns.models import OrderReturn, ReturnLine
from rustok.events.commerce import CustomerErased
from rustok.kernel.context import Context
from rustok.kernel.module import Listener


async def when_a_customer_is_erased_forget_their_notes(event: CustomerErased, context: Context) -> None:
    """What a buyer wrote may name them; what came back and what it was worth stays."""
    theirs = select(Order.id).where(Order.tenant_id == context.tenant_id, Order.customer_id == event.customer_id)
    returns = select(OrderReturn.id).where(
        OrderReturn.tenant_id == context.tenant_id, OrderReturn.order_id.in_(theirs)
    )
    await context.session.execute(
        update(ReturnLine)
        .where(ReturnLine.tenant_id == context.tenant_id, ReturnLine.return_id.in_(returns))
        .values(note=None)
        .execution_options(synchronize_session=False)
    )
    await context.session.execute(
        update(OrderReturn)
        .where(OrderReturn.tenant_id == context.tenant_id, OrderReturn.order_id.in_(theirs))
        .values(note=None, answer=None)
        .execution_options(synchronize_session=False)
    )


LISTENERS = [
    Listener(
        name="commerce.forget_notes_of_returns",
        events=(CustomerErased,),
        handle=when_a_customer_is_erased_forget_their_notes,
    )
]
