"""What the shop does when something happened to accounts and their orders."""

from rustok.commerce.accounts import figures
from rustok.commerce.customers import service
from rustok.commerce.orders import service as orders
from rustok.core.roles import service as roles
from rustok.core.users import service as users
from rustok.events.commerce import OrderCancelled, OrderClaimed, OrderEdited, OrderPlaced
from rustok.events.core import UserRegistered, UserVerified
from rustok.kernel.context import Context
from rustok.kernel.module import Listener


async def when_a_user_registers_keep_a_customer(event: UserRegistered, context: Context) -> None:
    """Let everybody who registers stand in the list of customers; staff only once they shop."""
    user = await users.find_by_id(context, event.user_id)
    if user is not None and user.role == roles.CUSTOMER:
        await service.ensure(context, event.user_id)


async def when_an_address_is_proven_claim_its_orders(event: UserVerified, context: Context) -> None:
    """Give the account what its owner ordered as a guest, as long as the address is still proven and theirs."""
    user = await users.find_by_id(context, event.user_id)
    if user is not None and user.email_verified_at is not None:
        await service.ensure(context, user.id)
        await orders.claim(context, user.email, user.id)


async def when_a_guest_orders_look_for_the_account(event: OrderPlaced, context: Context) -> None:
    """Give an order to the account whose proven address it names: its owner forgot to log in."""
    order = await orders.find(context, event.order_id)
    if order is None or order.customer_id is not None:
        return
    user = await users.find(context, order.email)
    if user is not None and user.email_verified_at is not None:
        await service.ensure(context, user.id)
        await orders.claim(context, user.email, user.id)


async def when_orders_change_count_them(
    event: OrderPlaced | OrderClaimed | OrderCancelled | OrderEdited, context: Context
) -> None:
    """Let lists of customers show how much they have ordered."""
    order = await orders.find(context, event.order_id)
    if order is not None and order.customer_id is not None:
        await figures.count(context, order.customer_id)


LISTENERS = (
    Listener("customers.keep", (UserRegistered,), when_a_user_registers_keep_a_customer),
    Listener("customers.claim_orders", (UserVerified,), when_an_address_is_proven_claim_its_orders),
    Listener("customers.find_account", (OrderPlaced,), when_a_guest_orders_look_for_the_account),
    Listener(
        "customers.count_orders",
        (OrderPlaced, OrderClaimed, OrderCancelled, OrderEdited),
        when_orders_change_count_them,
    ),
)
