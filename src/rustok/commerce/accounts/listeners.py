"""What the shop does when something happened to accounts."""

from rustok.commerce.customers import service
from rustok.core.roles import service as roles
from rustok.core.users import service as users
from rustok.events.core import UserRegistered
from rustok.kernel.context import Context
from rustok.kernel.module import Listener


async def when_a_user_registers_keep_a_customer(event: UserRegistered, context: Context) -> None:
    """Let everybody who registers stand in the list of customers; staff only once they shop."""
    user = await users.find_by_id(context, event.user_id)
    if user is not None and user.role == roles.CUSTOMER:
        await service.ensure(context, event.user_id)


LISTENERS = (Listener("customers.keep", (UserRegistered,), when_a_user_registers_keep_a_customer),)
