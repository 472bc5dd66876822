"""Promotions as GraphQL shows them."""

from collections.abc import Collection, Mapping
from datetime import datetime
from enum import Enum
from uuid import UUID

import strawberry

from rustok.commerce.promotions import shapes
from rustok.commerce.promotions.models import Promotion, PromotionCode
from rustok.commerce.promotions.service import Usage
from rustok.kernel import graphql


@strawberry.enum(name="PromotionKind", description="What a promotion gives.")
class PromotionKindEnum(Enum):
    PERCENTAGE = "percentage"
    FIXED_AMOUNT = "fixed_amount"
    FIXED_PRICE = "fixed_price"
    SHIPPING = "shipping"
    BUY_X_GET_Y = "buy_x_get_y"


@strawberry.enum(
    name="PromotionClass", description="What a promotion reduces: promotions name those they stand beside."
)
class PromotionClassEnum(Enum):
    ITEM = "item"
    ORDER = "order"
    SHIPPING = "shipping"


@strawberry.enum(name="PromotionEach", description="What an amount or a percentage is of.")
class PromotionEachEnum(Enum):
    ORDER = "order"
    LINE = "line"
    PIECE = "piece"


def _money(amounts: Mapping[str, int]) -> list[graphql.Money]:
    return [graphql.Money.of(minor, currency) for currency, minor in sorted(amounts.items())]


def _ids(values: Collection[UUID]) -> list[strawberry.ID]:
    return [strawberry.ID(str(one)) for one in sorted(values)]


@strawberry.type(description="Some lines of a basket: what is named adds up, and nothing named means all.")
class PromotionSelection:
    product_ids: list[strawberry.ID]
    variant_ids: list[strawberry.ID]
    category_ids: list[strawberry.ID] = strawberry.field(description="With everything that stands below them.")
    except_product_ids: list[strawberry.ID]
    except_category_ids: list[strawberry.ID]

    @classmethod
    def of(cls, one: shapes.Selection) -> "PromotionSelection":
        """From the value."""
        return cls(
            product_ids=_ids(one.products),
            variant_ids=_ids(one.variants),
            category_ids=_ids(one.categories),
            except_product_ids=_ids(one.except_products),
            except_category_ids=_ids(one.except_categories),
        )


@strawberry.type(description="What is given; which fields count depends on the kind.")
class PromotionReward:
    percent: str | None
    amounts: list[graphql.Money]
    each: PromotionEachEnum
    most: list[graphql.Money] = strawberry.field(description="The whole discount is never more.")
    buy: int
    get: int
    times: int | None = strawberry.field(description="How often at most, in one order.")
    bought: PromotionSelection | None = strawberry.field(description="What has to be bought, if not the target.")
    shipping_methods: list[str]

    @classmethod
    def of(cls, one: shapes.Reward) -> "PromotionReward":
        """From the value."""
        return cls(
            percent=None if one.percent is None else f"{one.percent:f}",
            amounts=_money(one.amounts),
            each=PromotionEachEnum(one.each),
            most=_money(one.most),
            buy=one.buy,
            get=one.get,
            times=one.times,
            bought=None if one.bought is None else PromotionSelection.of(one.bought),
            shipping_methods=list(one.methods),
        )


@strawberry.type(description="What must be true, all of it. Subtotals and quantities are of the selected lines.")
class PromotionConditions:
    of: PromotionSelection
    min_subtotal: list[graphql.Money]
    max_subtotal: list[graphql.Money]
    min_quantity: int
    currencies: list[str]
    group_ids: list[strawberry.ID]
    first_order: bool
    countries: list[str]

    @classmethod
    def from_value(cls, one: shapes.Conditions) -> "PromotionConditions":
        """From the value."""
        return cls(
            of=PromotionSelection.of(one.of),
            min_subtotal=_money(one.min_subtotal),
            max_subtotal=_money(one.max_subtotal),
            min_quantity=one.min_quantity,
            currencies=list(one.currencies),
            group_ids=_ids(one.groups),
            first_order=one.first_order,
            countries=list(one.countries),
        )


@strawberry.type(name="Promotion", description="Something that is taken off a basket, by itself or for a code.")
class PromotionType:
    id: strawberry.ID
    name: str
    title: str = strawberry.field(description="What buyers read, in the shop's own language.")
    kind: PromotionKindEnum
    promotion_class: PromotionClassEnum
    reward: PromotionReward
    target: PromotionSelection
    conditions: PromotionConditions
    needs_code: bool
    is_active: bool
    starts_at: datetime | None
    ends_at: datetime | None
    priority: int
    combines_with: list[PromotionClassEnum] = strawberry.field(description="Empty: nothing stands beside it.")
    usage_limit: int | None
    per_customer_limit: int | None
    version: int
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, row: Promotion) -> "PromotionType":
        """From the stored row."""
        return cls(
            id=strawberry.ID(str(row.id)),
            name=row.name,
            title=row.title,
            kind=PromotionKindEnum(row.kind),
            promotion_class=PromotionClassEnum(row.stack),
            reward=PromotionReward.of(shapes.reward_of(row.reward)),
            target=PromotionSelection.of(shapes.selection_of(row.target)),
            conditions=PromotionConditions.from_value(shapes.conditions_of(row.conditions)),
            needs_code=row.needs_code,
            is_active=row.is_active,
            starts_at=row.starts_at,
            ends_at=row.ends_at,
            priority=row.priority,
            combines_with=[PromotionClassEnum(one) for one in row.combines_with],
            usage_limit=row.usage_limit,
            per_customer_limit=row.per_customer_limit,
            version=row.version,
            created_at=row.created_at,
            updated_at=row.updated_at,
        )


@strawberry.type(name="PromotionCode", description="A word that switches a promotion on.")
class PromotionCodeType:
    id: strawberry.ID
    promotion_id: strawberry.ID
    code: str
    usage_limit: int | None
    uses: int = strawberry.field(description="Orders that have it and were not cancelled.")
    is_active: bool
    created_at: datetime

    @classmethod
    def of(cls, row: PromotionCode, uses: int) -> "PromotionCodeType":
        """From the stored row and what was counted."""
        return cls(
            id=strawberry.ID(str(row.id)),
            promotion_id=strawberry.ID(str(row.promotion_id)),
            code=row.code,
            usage_limit=row.usage_limit,
            uses=uses,
            is_active=row.is_active,
            created_at=row.created_at,
        )


@strawberry.type(name="PromotionUsage", description="How often a promotion was used, and what it took off.")
class PromotionUsageType:
    promotion_id: strawberry.ID
    uses: int
    amount: graphql.Money

    @classmethod
    def of(cls, one: Usage) -> "PromotionUsageType":
        """From the value."""
        return cls(
            promotion_id=strawberry.ID(str(one.promotion_id)),
            uses=one.uses,
            amount=graphql.Money.of(one.amount_minor, one.currency),
        )


@strawberry.type(name="PromotionTitle", description="What buyers of a language read.")
class PromotionTitleType:
    locale: str
    title: str


@strawberry.type
class PromotionPayload:
    promotion: PromotionType | None = None
    user_errors: list[graphql.UserError] = strawberry.field(default_factory=list)


@strawberry.type
class PromotionCodePayload:
    code: PromotionCodeType | None = None
    user_errors: list[graphql.UserError] = strawberry.field(default_factory=list)


@strawberry.type
class PromotionCodesPayload:
    codes: list[str] | None = None
    user_errors: list[graphql.UserError] = strawberry.field(default_factory=list)


@strawberry.type
class PromotionTitlesPayload:
    titles: list[PromotionTitleType] | None = None
    user_errors: list[graphql.UserError] = strawberry.field(default_factory=list)
