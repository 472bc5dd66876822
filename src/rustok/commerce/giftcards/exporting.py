"""Gift cards and their ledger as tables that staff take away."""

from collections.abc import AsyncIterator, Mapping
from uuid import UUID

from sqlalchemy import select

from rustok.commerce import permissions
from rustok.commerce.giftcards.models import GiftCard, GiftCardEntry
from rustok.kernel.context import Context
from rustok.kernel.ids import parse_id
from rustok.kernel.module import Export
from rustok.kernel.money import Money

_PAGE = 1000


async def cards(context: Context, filters: Mapping[str, str]) -> AsyncIterator[list[object]]:
    """Every card with what is on it, in the order of issue; `currency` narrows it."""
    statement = select(GiftCard).where(GiftCard.tenant_id == context.tenant_id).order_by(GiftCard.id).limit(_PAGE)
    if currency := filters.get("currency"):
        statement = statement.where(GiftCard.currency == currency)
    last: UUID | None = None
    while True:
        beyond = statement if last is None else statement.where(GiftCard.id > last)
        page = (await context.session.scalars(beyond)).all()
        for card in page:
            yield [
                card.id,
                card.last_four,
                card.currency,
                Money(card.initial_minor, card.currency).amount,
                Money(card.balance_minor, card.currency).amount,
                str(card.is_active).lower(),
                card.expires_at,
                card.note,
                card.created_at,
            ]
            last = card.id
        if len(page) < _PAGE:
            return


async def entries(context: Context, filters: Mapping[str, str]) -> AsyncIterator[list[object]]:
    """The ledger of every card, or of the one named by `gift_card_id`, in the order of writing."""
    statement = (
        select(GiftCardEntry, GiftCard.last_four, GiftCard.currency)
        .join(GiftCard, (GiftCard.tenant_id == GiftCardEntry.tenant_id) & (GiftCard.id == GiftCardEntry.gift_card_id))
        .where(GiftCardEntry.tenant_id == context.tenant_id)
        .order_by(GiftCardEntry.id)
        .limit(_PAGE)
    )
    if wanted := filters.get("gift_card_id"):
        statement = statement.where(GiftCardEntry.gift_card_id == parse_id(wanted))
    last: UUID | None = None
    while True:
        beyond = statement if last is None else statement.where(GiftCardEntry.id > last)
        page = (await context.session.execute(beyond)).all()
        for entry, last_four, currency in page:
            yield [
                entry.created_at,
                entry.gift_card_id,
                last_four,
                entry.kind,
                currency,
                Money(entry.amount_minor, currency).amount,
                Money(entry.balance_minor, currency).amount,
                entry.order_id,
                entry.reason,
                entry.actor_id,
            ]
            last = entry.id
        if len(page) < _PAGE:
            return


ALL = [
    Export(
        name="gift_cards",
        permission=permissions.GIFT_CARDS_READ,
        columns=(
            "id",
            "last_four",
            "currency",
            "initial",
            "balance",
            "is_active",
            "expires_at",
            "note",
            "created_at",
        ),
        rows=cards,
        filters=("currency",),
    ),
    Export(
        name="gift_card_entries",
        permission=permissions.GIFT_CARDS_READ,
        columns=(
            "created_at",
            "gift_card_id",
            "last_four",
            "kind",
            "currency",
            "amount",
            "balance",
            "order_id",
            "reason",
            "actor_id",
        ),
        rows=entries,
        filters=("gift_card_id",),
    ),
]
