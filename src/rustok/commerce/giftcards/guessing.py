"""Nobody finds a gift card by trying: wrong codes are counted by cart and by network address."""

from datetime import timedelta
from uuid import UUID

from rustok.commerce.giftcards import service
from rustok.commerce.giftcards.models import GiftCard
from rustok.core.access import lockouts
from rustok.kernel.context import Context

CART = lockouts.Limit(free=10, first=timedelta(seconds=30))
ADDRESS = lockouts.Limit(free=30, first=timedelta(seconds=30), longest=timedelta(hours=1))
_PURPOSE = "gift_card"


async def look_up(
    context: Context, code: str, *, client_address: str = "", cart_id: UUID | None = None
) -> GiftCard | None:
    """The card with the code. Raises `TooManyAttempts` while too many wrong ones were tried.

    Nothing found is counted: the edge must commit, and so answer instead of raising.
    """
    await require_open(context, client_address=client_address, cart_id=cart_id)
    found = await service.find(context, code)
    if found is None:
        await note(context, client_address=client_address, cart_id=cart_id)
    return found


async def require_open(context: Context, *, client_address: str = "", cart_id: UUID | None = None) -> None:
    """Raise `TooManyAttempts` while the address or the cart has to wait; attempts of one cart stand in line."""
    await lockouts.enter(context, *_keys(client_address, cart_id))


async def note(context: Context, *, client_address: str = "", cart_id: UUID | None = None) -> None:
    """Count a wrong code, of a promotion too: who tries codes tries all kinds."""
    await lockouts.note(context, *_keys(client_address, cart_id))


def _keys(client_address: str, cart_id: UUID | None) -> list[lockouts.Key | None]:
    cart = lockouts.thing(str(cart_id), purpose=_PURPOSE, limit=CART) if cart_id is not None else None
    # The cart first, for that is what attempts stand in line by: a whole office may share an address.
    return [cart, lockouts.address(client_address, purpose=_PURPOSE, limit=ADDRESS)]
