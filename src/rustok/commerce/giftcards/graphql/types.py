"""Gift cards as staff see them."""

from datetime import datetime
from enum import Enum

import strawberry

from rustok.commerce.giftcards.models import GiftCard, GiftCardEntry
from rustok.kernel import graphql


@strawberry.enum(name="GiftCardEntryKind", description="Why a balance changed.")
class GiftCardEntryKindEnum(Enum):
    ISSUED = "issued"
    SPENT = "spent"
    GIVEN_BACK = "given_back"
    ADJUSTED = "adjusted"


@strawberry.type(name="GiftCard", description="Money for whoever knows the code, of which only the end is known here.")
class GiftCardType:
    id: strawberry.ID
    last_four: str
    initial: graphql.Money
    balance: graphql.Money
    is_active: bool
    expires_at: datetime | None
    note: str | None
    order_id: strawberry.ID | None
    version: int
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, row: GiftCard) -> "GiftCardType":
        """From the stored row."""
        return cls(
            id=strawberry.ID(str(row.id)),
            last_four=row.last_four,
            initial=graphql.Money.of(row.initial_minor, row.currency),
            balance=graphql.Money.of(row.balance_minor, row.currency),
            is_active=row.is_active,
            expires_at=row.expires_at,
            note=row.note,
            order_id=strawberry.ID(str(row.order_id)) if row.order_id else None,
            version=row.version,
            created_at=row.created_at,
            updated_at=row.updated_at,
        )


@strawberry.type(name="GiftCardEntry", description="One change of a balance: negative for what was spent.")
class GiftCardEntryType:
    id: strawberry.ID
    kind: GiftCardEntryKindEnum
    amount: graphql.Money
    balance: graphql.Money = strawberry.field(description="Afterwards.")
    order_id: strawberry.ID | None
    reason: str | None
    actor_id: strawberry.ID | None
    created_at: datetime

    @classmethod
    def of(cls, row: GiftCardEntry, currency: str) -> "GiftCardEntryType":
        """From the stored row."""
        return cls(
            id=strawberry.ID(str(row.id)),
            kind=GiftCardEntryKindEnum(row.kind),
            amount=graphql.Money.of(row.amount_minor, currency),
            balance=graphql.Money.of(row.balance_minor, currency),
            order_id=strawberry.ID(str(row.order_id)) if row.order_id else None,
            reason=row.reason,
            actor_id=strawberry.ID(str(row.actor_id)) if row.actor_id else None,
            created_at=row.created_at,
        )


@strawberry.type
class GiftCardPayload:
    gift_card: GiftCardType | None = None
    user_errors: list[graphql.UserError] = strawberry.field(default_factory=list)


@strawberry.type(description="A new card and its code.")
class IssuedGiftCard:
    gift_card: GiftCardType
    code: str = strawberry.field(description="Shown this once.")


@strawberry.type
class GiftCardsIssuePayload:
    issued: list[IssuedGiftCard] | None = None
    user_errors: list[graphql.UserError] = strawberry.field(default_factory=list)


@strawberry.input(description="One card, or several alike.")
class GiftCardIssueInput:
    amount: graphql.MoneyInput
    count: int = 1
    code: str | None = strawberry.field(
        default=None, description="One that is known already, from another shop; without it one is made."
    )
    expires_at: datetime | None = None
    note: str | None = None
    send_to: str | None = strawberry.field(
        default=None, description="An e-mail address that the code is sent to; for one card alone."
    )
    send_in: str | None = strawberry.field(default=None, description="The language of the letter.")
    message: str | None = strawberry.field(default=None, description="A few words from the giver, in the letter.")


@strawberry.input(description="What changes; what is absent stays.")
class GiftCardUpdateInput:
    version: int = strawberry.field(description="The version that was read: a lost update is refused.")
    note: str | None = strawberry.UNSET
    expires_at: datetime | None = strawberry.UNSET
