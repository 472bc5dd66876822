"""Codes of promotions and of gift cards in a cart."""

from uuid import UUID

from rustok.commerce.baskets.shapes import CodeVerdict
from rustok.commerce.carts import rows, viewing
from rustok.commerce.carts.rows import CartRow
from rustok.commerce.carts.viewing import View
from rustok.commerce.catalogue import checks
from rustok.commerce.giftcards import codes as gift_codes
from rustok.commerce.giftcards import guessing
from rustok.commerce.giftcards import service as giftcards
from rustok.commerce.promotions.applying import key_of
from rustok.kernel import errors
from rustok.kernel.context import Context

MOST_CODES = 20
UNKNOWN = "unknown"


class UnknownCode(errors.NotFound):
    """No promotion and no gift card has the code."""

    code = "unknown_code"


async def enter(context: Context, cart_id: UUID, code: str, *, client_address: str = "") -> tuple[View, CodeVerdict]:
    """Put a code into the cart, and say what became of it; one whose conditions do not hold yet stays and says so.

    One that nobody has is not kept, but counted, as trying codes is limited: the edge must commit, not raise. Raises
    `Invalid`, `TooManyAttempts`, and as `service.add`.
    """
    wanted = checks.text(code, "code", most=64)
    cart = await rows.hold(context, cart_id)
    if len(cart.codes) + len(cart.gift_codes) >= MOST_CODES:
        raise errors.Invalid(f"a cart has at most {MOST_CODES} codes", field="code")
    lines = await rows.lines(context, cart.id)
    await guessing.require_open(context, client_address=client_address, cart_id=cart.id)
    if await giftcards.find(context, wanted) is not None:
        cart.gift_codes = tuple(dict.fromkeys((*cart.gift_codes, gift_codes.bare(wanted))))
        await rows.write(context, cart)
        made = await viewing.view(context, cart, lines)
        shown = viewing.masked(wanted)
        return made, next(one for one in made.gift_cards if one.code == shown)
    before = cart.codes
    if key_of(wanted) not in {key_of(one) for one in cart.codes}:
        cart.codes = (*cart.codes, wanted)
    made = await viewing.view(context, cart, lines)
    verdict = next(one for one in made.totals.codes if key_of(one.code) == key_of(wanted))
    if verdict.reason == UNKNOWN:
        await guessing.note(context, client_address=client_address, cart_id=cart.id)
        cart.codes = before
        return await viewing.view(context, cart, lines), verdict
    await rows.write(context, cart)
    return made, verdict


async def withdraw(context: Context, cart_id: UUID, code: str) -> View:
    """Take a code out, as it was entered or as it is shown; one that is not there is no error. Raises as `add`."""
    cart = await rows.hold(context, cart_id)
    _without(cart, code.strip())
    await rows.write(context, cart)
    return await viewing.view(context, cart, await rows.lines(context, cart.id))


def _without(cart: CartRow, code: str) -> None:
    cart.codes = tuple(one for one in cart.codes if key_of(one) != key_of(code))
    bare = gift_codes.bare(code)
    cart.gift_codes = tuple(one for one in cart.gift_codes if one != bare and viewing.masked(one) != code)
