"""Codes of promotions and of gift cards in a cart."""

from uuid import UUID

from rustok.commerce.carts import rows, viewing
from rustok.commerce.carts.viewing import View
from rustok.commerce.catalogue import checks
from rustok.kernel import errors
from rustok.kernel.context import Context

MOST_CODES = 20


class UnknownCode(errors.NotFound):
    """No promotion and no gift card has the code."""

    code = "unknown_code"


async def enter(context: Context, cart_id: UUID, code: str) -> View:
    """Put a code into the cart; one that holds under conditions stays and says what is missing.

    Raises `UnknownCode`, `Invalid`, and as `service.add`.
    """
    wanted = checks.text(code, "code", most=64)
    cart = await rows.hold(context, cart_id)
    if len(cart.codes) + len(cart.gift_codes) >= MOST_CODES:
        raise errors.Invalid(f"a cart has at most {MOST_CODES} codes", field="code")
    if wanted.casefold() not in {one.casefold() for one in cart.codes}:
        cart.codes = (*cart.codes, wanted)
        await rows.write(context, cart)
    return await viewing.view(context, cart, await rows.lines(context, cart.id))


async def withdraw(context: Context, cart_id: UUID, code: str) -> View:
    """Take a code out; one that is not there is no error. Raises as `service.add`."""
    cart = await rows.hold(context, cart_id)
    cart.codes = tuple(one for one in cart.codes if one.casefold() != code.strip().casefold())
    await rows.write(context, cart)
    return await viewing.view(context, cart, await rows.lines(context, cart.id))
