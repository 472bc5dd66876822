"""What gift cards do when something happened to an order."""

from rustok.commerce.giftcards import service
from rustok.events.commerce import OrderCancelled
from rustok.kernel.context import Context
from rustok.kernel.module import Listener


async def when_an_order_is_cancelled_give_its_gift_cards_back(event: OrderCancelled, context: Context) -> None:
    """What the order's cards paid is on them again, unless a refund was faster."""
    await service.give_back(context, event.order_id)


LISTENERS = [
    Listener(
        name="commerce.give_gift_cards_back",
        events=(OrderCancelled,),
        handle=when_an_order_is_cancelled_give_its_gift_cards_back,
    )
]
