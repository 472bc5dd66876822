"""Gift cards pay for orders, and get back what they paid: each by a conditional update, never below zero."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy import func, select, text

from rustok.commerce.catalogue import checks
from rustok.commerce.giftcards import codes, finding, ledger
from rustok.commerce.giftcards.models import GiftCard, GiftCardEntry
from rustok.core.rows import is_one_of
from rustok.kernel import errors, money
from rustok.kernel.context import Context

Parts = tuple[tuple[UUID, int], ...]
"""(gift card, minor units of it), as totals keep them."""


class GiftCardShort(errors.Conflict):
    """A gift card was spent, switched off or ran out of time since the totals were worked out."""

    code = "gift_card_short"

    def __init__(self, message: str, *, gift_card_id: UUID) -> None:
        super().__init__(message, field="giftCards")
        self.gift_card_id = gift_card_id


_SHORT: Mapping[str, str] = {
    "en": "The gift card ending in {end} does not hold that much any more.",
    "de": "Auf der Geschenkkarte mit dem Ende {end} ist nicht mehr so viel.",
    "ru": "На подарочной карте, код которой кончается на {end}, больше нет такой суммы.",
}


def short(locale: str, end: str) -> str:
    """What the buyer is told about a card that cannot pay what it was to pay."""
    return _SHORT.get(locale.split("-")[0], _SHORT["en"]).replace("{end}", end)


async def spendable(context: Context, codes_: Sequence[str], *, currency: str, due_minor: int) -> Parts:
    """How much of each card would be spent on what is due, in the order of the codes. Nothing is taken or locked.

    Cards that are unknown, empty, switched off, expired or of another currency are left out.
    """
    found = await finding.find_many(context, codes_)
    parts: dict[UUID, int] = {}
    for code in codes_:
        card = found.get(codes.bare(code))
        if card is None or card.id in parts or not finding.is_spendable(card, context.now, currency=currency):
            continue
        if (part := min(card.balance_minor, due_minor - sum(parts.values()))) > 0:
            parts[card.id] = part
    return tuple(parts.items())


_SPEND = text("""
UPDATE commerce_gift_cards SET balance_minor = balance_minor - :amount, updated_at = now()
WHERE tenant_id = CAST(:tenant_id AS uuid) AND id = :id AND is_active AND balance_minor >= :amount
  AND (expires_at IS NULL OR expires_at > :now)
RETURNING balance_minor
""")


async def spend(context: Context, parts: Sequence[tuple[UUID, int]], *, order_id: UUID) -> None:
    """Take the parts off their cards for the order, all or none: raises `GiftCardShort`.

    In the lock order of a checkout this comes after promotions and before stock.
    """
    sums: dict[UUID, int] = {}
    for gift_card_id, minor in parts:
        sums[gift_card_id] = checks.whole(sums.get(gift_card_id, 0) + minor, "amount", most=money.LARGEST_MINOR)
    wanted = sorted((id_, minor) for id_, minor in sums.items() if minor)
    if not wanted:
        return
    async with context.session.begin_nested():
        entries = []
        for gift_card_id, minor in wanted:
            named = {"tenant_id": context.tenant_id, "id": gift_card_id, "amount": minor, "now": context.now}
            left = await context.session.scalar(_SPEND, named)
            if left is None:
                card = await finding.get(context, gift_card_id)
                raise GiftCardShort(short(context.locale, card.last_four), gift_card_id=gift_card_id)
            entries.append((gift_card_id, -minor, left))
        await ledger.enter(context, "spent", entries, order_id=order_id)


async def spent_on(context: Context, order_id: UUID) -> dict[UUID, int]:
    """What the order's cards paid and did not get back, by card."""
    found = await context.session.execute(
        select(GiftCardEntry.gift_card_id, -func.sum(GiftCardEntry.amount_minor))
        .where(
            GiftCardEntry.tenant_id == context.tenant_id,
            GiftCardEntry.order_id == order_id,
            GiftCardEntry.kind.in_(("spent", "given_back")),
        )
        .group_by(GiftCardEntry.gift_card_id)
    )
    return {card: int(minor) for card, minor in found if minor}


async def give_back(context: Context, order_id: UUID, minor: int | None = None) -> int:
    """Put what the order spent back on its cards: so much of it, in proportion, or all that is left. Returns how much.

    A card that is switched off or expired gets its money back all the same. Raises `Invalid` for more than was spent;
    without an amount, saying it twice changes nothing.
    """
    cards = sorted(await spent_on(context, order_id))
    if not cards:
        if minor:
            raise errors.Invalid("the order spent no gift card", field="amount")
        return 0
    locked = await context.session.scalars(
        select(GiftCard)
        .where(GiftCard.tenant_id == context.tenant_id, is_one_of(GiftCard.id, cards))
        .order_by(GiftCard.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    by_id = {card.id: card for card in locked.all()}
    owed = await spent_on(context, order_id)  # again: somebody may have been faster
    total = sum(owed.values())
    wanted = total if minor is None else checks.whole(minor, "amount", most=money.LARGEST_MINOR)
    if wanted > total:
        raise errors.Invalid("that is more than the order's gift cards paid", field="amount")
    ids = sorted(owed)
    entries = []
    for id_, part in zip(ids, money.split(wanted, [owed[id_] for id_ in ids]), strict=True):
        if part:
            by_id[id_].balance_minor += part
            by_id[id_].updated_at = context.now
            entries.append((id_, part, by_id[id_].balance_minor))
    await context.session.flush()
    await ledger.enter(context, "given_back", entries, order_id=order_id)
    return wanted
