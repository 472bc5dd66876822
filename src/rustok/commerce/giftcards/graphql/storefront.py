"""How buyers see what is on a gift card."""

from datetime import datetime

import strawberry
from strawberry.types import Info

from rustok.commerce.giftcards import guessing, service
from rustok.core.access import lockouts
from rustok.kernel import errors, graphql
from rustok.kernel.context import Context


@strawberry.type(description="What is on a gift card, for whoever holds its code.")
class GiftCardBalance:
    last_four: str
    balance: graphql.Money
    expires_at: datetime | None
    spendable: bool


@strawberry.type
class GiftCardBalancePayload:
    gift_card: GiftCardBalance | None = None
    user_errors: list[graphql.UserError] = strawberry.field(default_factory=list)


@strawberry.type
class GiftCardCheckMutations:
    @graphql.mutation(
        public="the code is the proof, and guessing is slowed down",
        description="What is on a gift card. A mutation, because wrong codes are counted.",
        secret=True,
    )
    async def gift_card_check(
        self, context: Context, info: Info[graphql.Operation, None], code: str
    ) -> GiftCardBalancePayload:
        try:
            card = await guessing.look_up(context, code[:200], client_address=info.context.address)
        except lockouts.TooManyAttempts as error:
            info.context.headers["Retry-After"] = str(error.seconds)
            return GiftCardBalancePayload(user_errors=[graphql.user_error(error)])
        if card is None:  # answered, not raised: the counted guess must be committed
            unknown = errors.NotFound("there is no such gift card", field="code")
            return GiftCardBalancePayload(user_errors=[graphql.user_error(unknown)])
        shown = GiftCardBalance(
            last_four=card.last_four,
            balance=graphql.Money.of(card.balance_minor, card.currency),
            expires_at=card.expires_at,
            spendable=service.is_spendable(card, context.now),
        )
        return GiftCardBalancePayload(gift_card=shown)
