"""What can be done with gift cards: issue them, find, spend and give back, change, and every coin is in the ledger."""

from collections.abc import Sequence
from datetime import datetime
from typing import TypedDict, Unpack
from uuid import UUID

from sqlalchemy import update

from rustok.commerce.catalogue import checks
from rustok.commerce.giftcards import ledger
from rustok.commerce.giftcards.finding import find, find_many, get, is_spendable
from rustok.commerce.giftcards.issuing import GiftCardTaken, Issued, check_expiry, issue, issue_many, send
from rustok.commerce.giftcards.models import GiftCard
from rustok.commerce.giftcards.spending import GiftCardShort, give_back, spend, spendable, spent_on
from rustok.core.rows import is_one_of
from rustok.kernel import errors, money
from rustok.kernel.context import Context

__all__ = [
    "GiftCardChanges",
    "GiftCardShort",
    "GiftCardTaken",
    "Issued",
    "adjust",
    "change",
    "find",
    "find_many",
    "get",
    "give_back",
    "is_spendable",
    "issue",
    "issue_many",
    "send",
    "spend",
    "spendable",
    "spent_on",
    "switch",
]


class GiftCardChanges(TypedDict, total=False):
    """What of a card can be changed; what is absent stays."""

    note: str | None
    expires_at: datetime | None


async def adjust(
    context: Context, gift_card_id: UUID, minor: int, *, reason: str, version: int | None = None
) -> GiftCard:
    """Put something on a card, or take it off, and say why. Raises `Conflict` for more than the card holds."""
    reason = checks.text(reason, "reason")
    if not minor or abs(minor) > money.LARGEST_MINOR:
        raise errors.Invalid("the amount is zero or too large", field="amount")
    card = await get(context, gift_card_id, lock=True)
    checks.version(card.version, version)
    if card.balance_minor + minor < 0:
        raise errors.Conflict("the card does not hold that much", field="amount")
    card.balance_minor = checks.whole(card.balance_minor + minor, "amount", most=money.LARGEST_MINOR)
    card.version += 1
    card.updated_at = context.now
    await context.session.flush()
    await ledger.enter(context, "adjusted", [(card.id, minor, card.balance_minor)], reason=reason)
    return card


async def change(
    context: Context, gift_card_id: UUID, *, version: int | None = None, **changes: Unpack[GiftCardChanges]
) -> GiftCard:
    """Change the note or the expiry, which may also be put off after it has passed. Raises `NotFound`, `Stale`."""
    card = await get(context, gift_card_id, lock=True)
    checks.version(card.version, version)
    if "note" in changes:
        card.note = checks.optional_text(changes["note"], "note", most=1000)
    if "expires_at" in changes:
        check_expiry(context, changes["expires_at"])
        card.expires_at = changes["expires_at"]
    card.version += 1
    card.updated_at = context.now
    await context.session.flush()
    return card


async def switch(context: Context, gift_card_ids: Sequence[UUID], *, active: bool) -> int:
    """Switch cards off, or on again; returns how many are others now. Their balances stay."""
    changed = await context.session.scalars(
        update(GiftCard)
        .where(
            GiftCard.tenant_id == context.tenant_id,
            is_one_of(GiftCard.id, checks.ids(gift_card_ids)),
            GiftCard.is_active.is_not(active),
        )
        .values(is_active=active, version=GiftCard.version + 1, updated_at=context.now)
        .returning(GiftCard.id)
        .execution_options(synchronize_session=False)
    )
    return len(changed.all())
