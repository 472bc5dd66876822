"""What promotions do when something happened to an order."""

from rustok.commerce.promotions import claiming
from rustok.events.commerce import OrderCancelled
from rustok.kernel.context import Context
from rustok.kernel.module import Listener


async def when_an_order_is_cancelled_release_its_promotions(event: OrderCancelled, context: Context) -> None:
    """Codes and limits can be used again by others."""
    await claiming.release(context, event.order_id)


LISTENERS = [
    Listener(
        name="commerce.release_promotions",
        events=(OrderCancelled,),
        handle=when_an_order_is_cancelled_release_its_promotions,
    )
]
