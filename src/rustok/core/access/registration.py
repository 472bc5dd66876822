"""Customers sign up by themselves; nobody learns in that way who has an account: its owner is told by mail."""

from rustok.core.access import lockouts, verification
from rustok.core.roles import service as roles
from rustok.core.users import emails, passwords
from rustok.core.users import service as users
from rustok.kernel.context import Context


async def register_customer(
    context: Context, *, email: str, password: str, name: str = "", client_address: str = ""
) -> None:
    """Make a customer's account, or nothing where the address has one: the answer is the same after the same work.

    Either way a mail goes to the address, in the language of the request or of the account that there is. Raises
    `TooManyAttempts` when one network address registers too many.
    """
    address = lockouts.address(client_address, purpose="register", limit=lockouts.REGISTRATION)
    await lockouts.require_open(context, address)
    wanted = emails.check_email(email)
    user = await users.register_quietly(
        context, email=wanted, password=password, name=name, role=roles.CUSTOMER, locale=context.locale
    )
    await lockouts.note(context, address)
    present = await users.find(context, wanted)
    # Checked in any case: it takes the time of a hash. Who sends the form twice knows the password.
    same = await passwords.verify(None if user is not None or present is None else present.password_hash, password)
    if user is None and not same:
        await verification.contest(context, wanted)
    if not await verification.admitted(context, wanted):
        return
    if present is not None and (user is not None or same) and await verification.welcome(context, present):
        return
    await verification.greet_again(context, wanted)
