"""Gift cards are issued: by staff, and to whoever they are sent to."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from rustok.commerce.catalogue import checks, clashes
from rustok.commerce.giftcards import codes, ledger
from rustok.commerce.giftcards.models import GiftCard
from rustok.core.mailing import service as mailing
from rustok.events.commerce import GiftCardIssued
from rustok.kernel import bus, errors, money
from rustok.kernel.context import Context
from rustok.kernel.ids import generate_id

MOST_AT_ONCE = 1000
TEMPLATE = "gift_card"


class GiftCardTaken(errors.Conflict):
    """Another card has this code."""

    code = "gift_card_taken"


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
    await ledger.enter(
        context, "issued", [(one.card.id, amount_minor, amount_minor) for one in made], order_id=order_id
    )
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


async def send(
    context: Context, issued: Issued, *, to: str, locale: str | None = None, message: str | None = None
) -> None:
    """Send the code to whom the card is for, with a few words from the giver. Raises `InvalidEmail`.

    The outbox keeps the code until the letter is out, and no longer.
    """
    card = issued.card
    await mailing.queue(
        context,
        TEMPLATE,
        to=to,
        locale=locale or context.locale,
        values={
            "code": issued.code,
            "amount_minor": card.balance_minor,
            "currency": card.currency,
            "expires_at": card.expires_at,
            "message": checks.optional_text(message, "message", most=500),
        },
        once=str(card.id),
    )
