"""Customers sign up by themselves; nobody learns in that way who has an account."""

from rustok.core.access import lockouts
from rustok.core.roles import service as roles
from rustok.core.users import service as users
from rustok.kernel.context import Context


async def register_customer(
    context: Context, *, email: str, password: str, name: str = "", client_address: str = ""
) -> None:
    """Make a customer's account, or nothing where the address has one: the answer is the same after the same work.

    Raises `TooManyAttempts` when one network address registers too many.
    """
    address = lockouts.address(client_address, purpose="register", limit=lockouts.REGISTRATION)
    await lockouts.require_open(context, address)
    await users.register_quietly(context, email=email, password=password, name=name, role=roles.CUSTOMER)
    await lockouts.note(context, address)
