"""What can be done with gift cards: issue them, find, spend and give back, and every coin is in the ledger."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypedDict, Unpack
from uuid import UUID

from sqlalchemy import func, select, text, update

from rustok.commerce.catalogue import batches, checks, clashes
from rustok.commerce.giftcards import codes
from rustok.commerce.giftcards.models import GiftCard, GiftCardEntry
from rustok.core.rows import is_one_of
from rustok.events.commerce import GiftCardIssued
from rustok.kernel import bus, errors, money
from rustok.kernel.context import Context
from rustok.kernel.ids import generate_id

MOST_AT_ONCE = 1000
Parts = tuple[tuple[UUID, int], ...]
"""(gift card, minor units of it), as totals keep them."""


class GiftCardShort(errors.Conflict):
    """A gift card was spent, switched off or ran out of time since the totals were worked out."""

    code = "gift_card_short"

    def __init__(self, message: str, *, gift_card_id: UUID) -> None:
        super().__init__(message, field="giftCards")
        self.gift_card_id = gift_card_id


class GiftCardTaken(errors.Conflict):
    """Another card has this code."""

    code = "gift_card_taken"


class GiftCardChanges(TypedDict, total=False):
    """What of a card can be changed; what is absent stays."""

    note: str | None
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class Issued:
    """A new card and its code, which nobody can find out again."""

    card: GiftCard
    code: str


async def issue(
    context: Context,
    *,
    amount_minor: int,
    currency: str,
    code: str | None = None,
    expires_at: datetime | None = None,
    note: str | None = None,
    order_id: UUID | None = None,
) -> Issued:
    """A card with so much on it; records `GiftCardIssued`. Without a `code` one is made. Raises `GiftCardTaken`."""
    (made,) = await issue_many(
        context,
        1,
        amount_minor=amount_minor,
        currency=currency,
        expires_at=expires_at,
        note=note,
        order_id=order_id,
        given=code,
    )
    return made


async def issue_many(
    context: Context,
    count: int,
    *,
    amount_minor: int,
    currency: str,
    expires_at: datetime | None = None,
    note: str | None = None,
    order_id: UUID | None = None,
    given: str | None = None,
) -> list[Issued]:
    """So many cards alike, in one transaction."""
    checks.whole(count, "count", least=1, most=MOST_AT_ONCE)
    checks.whole(amount_minor, "amount", least=1, most=money.LARGEST_MINOR)
    money.check_currency(currency)
    note = checks.optional_text(note, "note", most=1000)
    check_expiry(context, expires_at)
    words = [codes.check(given)] if given is not None else [codes.make() for _ in range(count)]
    made = [
        Issued(
            GiftCard(
                tenant_id=context.tenant_id,
                id=generate_id(),
                code_hash=codes.hash_of(context, word),
                last_four=codes.bare(word)[-4:],
                currency=currency,
                initial_minor=amount_minor,
                balance_minor=amount_minor,
                is_active=True,
                expires_at=expires_at,
                note=note,
                order_id=order_id,
                version=1,
                created_at=context.now,
                updated_at=context.now,
            ),
            word,
        )
        for word in words
    ]
    context.session.add_all([one.card for one in made])
    with clashes.told_as(uq_commerce_gift_cards_code_hash=GiftCardTaken("another card has this code", field="code")):
        await context.session.flush()
    await _enter(context, "issued", [(one.card.id, amount_minor, amount_minor) for one in made], order_id=order_id)
    bus.record_many(context, [GiftCardIssued(gift_card_id=one.card.id) for one in made])
    return made


def check_expiry(context: Context, expires_at: datetime | None) -> None:
    """Raise `Invalid` for a moment without a time zone or in the past."""
    if expires_at is None:
        return
    if expires_at.tzinfo is None:
        raise errors.Invalid("a date needs a time zone", field="expiresAt")
    if expires_at <= context.now:
        raise errors.Invalid("the card would have expired already", field="expiresAt")


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


async def spendable(context: Context, codes_: Sequence[str], *, currency: str, due_minor: int) -> Parts:
    """How much of each card would be spent on what is due, in the order of the codes. Nothing is taken or locked.

    Cards that are unknown, empty, switched off, expired or of another currency are left out.
    """
    found = await find_many(context, codes_)
    parts: dict[UUID, int] = {}
    for code in codes_:
        card = found.get(codes.bare(code))
        if card is None or card.id in parts or not is_spendable(card, context.now, currency=currency):
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
                card = await get(context, gift_card_id)
                raise GiftCardShort(
                    f"the gift card ending in {card.last_four} does not hold that much any more",
                    gift_card_id=gift_card_id,
                )
            entries.append((gift_card_id, -minor, left))
        await _enter(context, "spent", entries, order_id=order_id)


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
    await _enter(context, "given_back", entries, order_id=order_id)
    return wanted


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
    await _enter(context, "adjusted", [(card.id, minor, card.balance_minor)], reason=reason)
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


async def _enter(
    context: Context,
    kind: str,
    entries: Sequence[tuple[UUID, int, int]],
    *,
    order_id: UUID | None = None,
    reason: str | None = None,
) -> None:
    """Write into the ledger: (card, what its balance grew by, its balance now)."""
    await batches.insert(
        context,
        GiftCardEntry,
        [
            {
                "gift_card_id": gift_card_id,
                "kind": kind,
                "amount_minor": minor,
                "balance_minor": balance,
                "order_id": order_id,
                "reason": reason,
                "actor_id": context.actor.user_id,
                "created_at": context.now,
            }
            for gift_card_id, minor, balance in entries
        ],
    )
