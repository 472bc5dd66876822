"""How staff ask for gift cards, issue and change them."""

from datetime import datetime
from typing import Any, cast

import strawberry
from sqlalchemy import Select, or_, select
from strawberry.types import Info

from rustok.commerce import permissions
from rustok.commerce.catalogue import checks
from rustok.commerce.catalogue import graphql as inputs
from rustok.commerce.giftcards import codes, service
from rustok.commerce.giftcards.graphql.types import (
    GiftCardEntryType,
    GiftCardIssueInput,
    GiftCardPayload,
    GiftCardsIssuePayload,
    GiftCardType,
    GiftCardUpdateInput,
    IssuedGiftCard,
)
from rustok.commerce.giftcards.models import GiftCard, GiftCardEntry
from rustok.kernel import errors, graphql, paging
from rustok.kernel.context import Context


@strawberry.input(description="Which gift cards; all that is said must hold.")
class GiftCardWhere:
    ids: list[strawberry.ID] | None = None
    is_active: bool | None = None
    currency: str | None = None
    has_balance: bool | None = None
    expires_before: datetime | None = None
    order_id: strawberry.ID | None = strawberry.field(default=None, description="It was issued with this order.")


def _matching(context: Context, query: str | None, where: GiftCardWhere | None) -> Select[Any]:
    statement = select(GiftCard).where(GiftCard.tenant_id == context.tenant_id)
    words = checks.optional_text(query, "query", most=200)
    if words:
        found = or_(
            GiftCard.last_four == codes.bare(words),
            GiftCard.code_hash == codes.hash_of(context, words),
            GiftCard.note.icontains(words, autoescape=True),
        )
        statement = statement.where(found)
    if where is None:
        return statement
    if where.ids is not None:
        statement = statement.where(GiftCard.id.in_(graphql.to_ids(where.ids)))
    if where.is_active is not None:
        statement = statement.where(GiftCard.is_active.is_(where.is_active))
    if where.currency is not None:
        statement = statement.where(GiftCard.currency == where.currency)
    if where.has_balance is not None:
        statement = statement.where(GiftCard.balance_minor > 0 if where.has_balance else GiftCard.balance_minor == 0)
    if where.expires_before is not None:
        if where.expires_before.tzinfo is None:
            raise errors.Invalid("a date needs a time zone", field="expiresBefore")
        statement = statement.where(GiftCard.expires_at < where.expires_before)
    if where.order_id is not None:
        statement = statement.where(GiftCard.order_id == graphql.to_id(where.order_id))
    return statement


@strawberry.type
class GiftCardQueries:
    @graphql.query(permission=permissions.GIFT_CARDS_READ, description="One gift card.")
    async def gift_card(self, context: Context, id: strawberry.ID) -> GiftCardType | None:
        try:
            return GiftCardType.of(await service.get(context, graphql.to_id(id)))
        except errors.NotFound:
            return None

    @graphql.query(
        permission=permissions.GIFT_CARDS_READ,
        description="Gift cards, the newest first; `query` is a code, its last four or words of a note.",
    )
    async def gift_cards(
        self,
        context: Context,
        info: Info,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
        query: str | None = None,
        where: GiftCardWhere | None = None,
    ) -> graphql.Connection[GiftCardType]:
        statement = _matching(context, query, where)
        keys: list[paging.Key] = [(GiftCard.created_at, paging.DESC), (GiftCard.id, paging.DESC)]
        page = await paging.page(context, statement, keys=keys, first=first, after=after, last=last, before=before)
        return graphql.connection(info, page, GiftCardType.of, statement=statement)

    @graphql.query(permission=permissions.GIFT_CARDS_READ, description="A card's ledger, the newest entry first.")
    async def gift_card_entries(
        self,
        context: Context,
        info: Info,
        gift_card_id: strawberry.ID,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
    ) -> graphql.Connection[GiftCardEntryType]:
        card = await service.get(context, graphql.to_id(gift_card_id))
        statement = select(GiftCardEntry).where(
            GiftCardEntry.tenant_id == context.tenant_id, GiftCardEntry.gift_card_id == card.id
        )
        keys: list[paging.Key] = [(GiftCardEntry.id, paging.DESC)]
        page = await paging.page(context, statement, keys=keys, first=first, after=after, last=last, before=before)

        def of(row: GiftCardEntry) -> GiftCardEntryType:
            return GiftCardEntryType.of(row, card.currency)

        return graphql.connection(info, page, of, statement=statement)


@strawberry.type
class GiftCardMutations:
    @graphql.mutation(
        permission=permissions.GIFT_CARDS_WRITE,
        description="Issue one card, or at most a thousand alike. Their codes are shown this once.",
        secret=True,
    )
    async def gift_cards_issue(self, context: Context, input: GiftCardIssueInput) -> GiftCardsIssuePayload:
        if input.code is not None and input.count != 1:
            raise errors.Invalid("one code is of one card", field="count")
        if input.send_to is not None and input.count != 1:
            raise errors.Invalid("one card is sent at a time", field="count")
        made = await service.issue_many(
            context,
            input.count,
            amount_minor=input.amount.to_minor(),
            currency=input.amount.currency_code,
            expires_at=input.expires_at,
            note=input.note,
            given=input.code,
        )
        if input.send_to is not None:
            await service.send(context, made[0], to=input.send_to, locale=input.send_in, message=input.message)
        return GiftCardsIssuePayload(
            issued=[IssuedGiftCard(gift_card=GiftCardType.of(one.card), code=one.code) for one in made]
        )

    @graphql.mutation(permission=permissions.GIFT_CARDS_WRITE, description="Change a card's note or expiry.")
    async def gift_card_update(
        self, context: Context, id: strawberry.ID, input: GiftCardUpdateInput
    ) -> GiftCardPayload:
        given = inputs.changes(input, nullable=("note", "expires_at"))
        version = given.pop("version")
        changed = await service.change(
            context, graphql.to_id(id), version=version, **cast(service.GiftCardChanges, given)
        )
        return GiftCardPayload(gift_card=GiftCardType.of(changed))

    @graphql.mutation(
        permission=permissions.GIFT_CARDS_MANAGE,
        description="Put something on a card, or take it off with a negative amount, and say why.",
    )
    async def gift_card_adjust(
        self, context: Context, id: strawberry.ID, amount: graphql.MoneyInput, reason: str, version: int
    ) -> GiftCardPayload:
        card = await service.get(context, graphql.to_id(id))
        if amount.currency_code != card.currency:
            raise errors.Invalid(f"the card holds {card.currency}", field="amount")
        changed = await service.adjust(context, card.id, amount.to_minor(), reason=reason, version=version)
        return GiftCardPayload(gift_card=GiftCardType.of(changed))

    @graphql.mutation(permission=permissions.GIFT_CARDS_WRITE, description="Let cards be spent.")
    async def gift_cards_bulk_enable(self, context: Context, ids: list[strawberry.ID]) -> graphql.BulkPayload:
        return graphql.BulkPayload(count=await service.switch(context, graphql.to_ids(ids), active=True))

    @graphql.mutation(permission=permissions.GIFT_CARDS_WRITE, description="Let cards be spent no more.")
    async def gift_cards_bulk_disable(self, context: Context, ids: list[strawberry.ID]) -> graphql.BulkPayload:
        return graphql.BulkPayload(count=await service.switch(context, graphql.to_ids(ids), active=False))
