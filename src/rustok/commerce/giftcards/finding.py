"""Gift cards are found by id, or by the code that only its bearer knows."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from rustok.commerce.giftcards import codes
from rustok.commerce.giftcards.models import GiftCard
from rustok.kernel import errors
from rustok.kernel.context import Context


async def get(context: Context, gift_card_id: UUID, *, lock: bool = False) -> GiftCard:
    """The card; raises `NotFound`."""
    found = await context.session.get(
        GiftCard,
        (context.tenant_id, gift_card_id),
        with_for_update={"key_share": True} if lock else None,
        populate_existing=True,
    )
    if found is None:
        raise errors.NotFound("no such gift card", field="id")
    return found


async def find(context: Context, code: str) -> GiftCard | None:
    """The card with the code, whatever its state. Where strangers can ask, `guessing.look_up` is the door."""
    return (await find_many(context, [code])).get(codes.bare(code))


async def find_many(context: Context, entered: Sequence[str]) -> dict[str, GiftCard]:
    """The cards of several codes by the bare code, in one statement."""
    hashes = {codes.hash_of(context, code): codes.bare(code) for code in entered}
    if not hashes:
        return {}
    found = await context.session.scalars(
        select(GiftCard)
        .where(GiftCard.tenant_id == context.tenant_id, GiftCard.code_hash.in_(list(hashes)))
        .execution_options(populate_existing=True)
    )
    return {hashes[card.code_hash]: card for card in found.all()}


def is_spendable(card: GiftCard, at: datetime, *, currency: str | None = None) -> bool:
    """Whether anything of the card can be spent at that moment, in that currency."""
    in_time = card.expires_at is None or at < card.expires_at
    return card.is_active and in_time and card.balance_minor > 0 and currency in (None, card.currency)
