"""Promotions as GraphQL takes them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from enum import Enum
from typing import Any

import strawberry

from rustok.commerce.catalogue import graphql as inputs
from rustok.commerce.promotions.checking import BadPromotion
from rustok.commerce.promotions.graphql.types import PromotionClassEnum, PromotionEachEnum, PromotionKindEnum
from rustok.commerce.promotions.shapes import Amounts, Conditions, Reward, Selection
from rustok.kernel import graphql

_NULLABLE = frozenset({"starts_at", "ends_at", "usage_limit", "per_customer_limit"})


@strawberry.input(description="Some lines of a basket: what is named adds up, and nothing named means all.")
class PromotionSelectionInput:
    product_ids: list[strawberry.ID] = strawberry.field(default_factory=list)
    variant_ids: list[strawberry.ID] = strawberry.field(default_factory=list)
    category_ids: list[strawberry.ID] = strawberry.field(
        default_factory=list, description="With everything that stands below them."
    )
    except_product_ids: list[strawberry.ID] = strawberry.field(default_factory=list)
    except_category_ids: list[strawberry.ID] = strawberry.field(default_factory=list)

    def to_value(self) -> Selection:
        """As the service takes it."""
        return Selection(
            products=frozenset(graphql.to_ids(self.product_ids)),
            variants=frozenset(graphql.to_ids(self.variant_ids)),
            categories=frozenset(graphql.to_ids(self.category_ids)),
            except_products=frozenset(graphql.to_ids(self.except_product_ids)),
            except_categories=frozenset(graphql.to_ids(self.except_category_ids)),
        )


@strawberry.input(
    description="What is given. percentage: percent, each (ORDER, LINE), most. fixed_amount: amounts, each (ORDER, LINE"
    " or PIECE). fixed_price: amounts, of one piece. shipping: percent (100 is free) or amounts, shippingMethods, most."
    " buy_x_get_y: buy, get, percent (without one: free), times, bought, most."
)
class PromotionRewardInput:
    percent: str | None = None
    amounts: list[graphql.MoneyInput] = strawberry.field(default_factory=list)
    each: PromotionEachEnum = PromotionEachEnum.ORDER
    most: list[graphql.MoneyInput] = strawberry.field(default_factory=list)
    buy: int = 0
    get: int = 0
    times: int | None = None
    bought: PromotionSelectionInput | None = None
    shipping_methods: list[str] = strawberry.field(default_factory=list)

    def to_value(self) -> Reward:
        """As the service takes it; raises `InvalidMoney`, `BadPromotion`."""
        return Reward(
            percent=_percent(self.percent),
            amounts=_amounts(self.amounts, "amounts"),
            each=self.each.value,
            most=_amounts(self.most, "most"),
            buy=self.buy,
            get=self.get,
            times=self.times,
            bought=None if self.bought is None else self.bought.to_value(),
            methods=tuple(dict.fromkeys(one.strip() for one in self.shipping_methods)),
        )


@strawberry.input(description="What must be true, all of it. Subtotals and quantities are of the selected lines.")
class PromotionConditionsInput:
    of: PromotionSelectionInput | None = None
    min_subtotal: list[graphql.MoneyInput] = strawberry.field(default_factory=list)
    max_subtotal: list[graphql.MoneyInput] = strawberry.field(default_factory=list)
    min_quantity: int = 0
    currencies: list[str] = strawberry.field(default_factory=list)
    group_ids: list[strawberry.ID] = strawberry.field(default_factory=list)
    first_order: bool = False
    countries: list[str] = strawberry.field(default_factory=list)

    def to_value(self) -> Conditions:
        """As the service takes it; raises `InvalidMoney`, `BadPromotion`."""
        return Conditions(
            of=Selection() if self.of is None else self.of.to_value(),
            min_subtotal=_amounts(self.min_subtotal, "minSubtotal"),
            max_subtotal=_amounts(self.max_subtotal, "maxSubtotal"),
            min_quantity=self.min_quantity,
            currencies=tuple(self.currencies),
            groups=tuple(graphql.to_ids(self.group_ids)),
            first_order=self.first_order,
            countries=tuple(self.countries),
        )


@strawberry.input(description="A new promotion.")
class PromotionCreateInput:
    name: str
    kind: PromotionKindEnum
    reward: PromotionRewardInput
    title: str | None = strawberry.UNSET
    target: PromotionSelectionInput | None = strawberry.UNSET
    conditions: PromotionConditionsInput | None = strawberry.UNSET
    needs_code: bool | None = strawberry.UNSET
    is_active: bool | None = strawberry.UNSET
    starts_at: datetime | None = strawberry.UNSET
    ends_at: datetime | None = strawberry.UNSET
    priority: int | None = strawberry.UNSET
    combines_with: list[PromotionClassEnum] | None = strawberry.UNSET
    usage_limit: int | None = strawberry.UNSET
    per_customer_limit: int | None = strawberry.UNSET


@strawberry.input(description="What changes; what is absent stays. A kind never changes.")
class PromotionUpdateInput:
    version: int = strawberry.field(description="The version that was read: a lost update is refused.")
    name: str | None = strawberry.UNSET
    reward: PromotionRewardInput | None = strawberry.UNSET
    title: str | None = strawberry.UNSET
    target: PromotionSelectionInput | None = strawberry.UNSET
    conditions: PromotionConditionsInput | None = strawberry.UNSET
    needs_code: bool | None = strawberry.UNSET
    is_active: bool | None = strawberry.UNSET
    starts_at: datetime | None = strawberry.UNSET
    ends_at: datetime | None = strawberry.UNSET
    priority: int | None = strawberry.UNSET
    combines_with: list[PromotionClassEnum] | None = strawberry.UNSET
    usage_limit: int | None = strawberry.UNSET
    per_customer_limit: int | None = strawberry.UNSET


def facts(given: object) -> dict[str, Any]:
    """The keywords of `service.create` and `service.change` that the input really holds."""
    found: dict[str, Any] = {}
    for name, value in inputs.changes(given, nullable=_NULLABLE).items():
        if isinstance(value, PromotionSelectionInput | PromotionRewardInput | PromotionConditionsInput):
            found[name] = value.to_value()
        elif isinstance(value, list):
            found[name] = [one.value if isinstance(one, Enum) else one for one in value]
        else:
            found[name] = value.value if isinstance(value, Enum) else value
    return found


def _percent(text: str | None) -> Decimal | None:
    if text is None:
        return None
    try:
        return Decimal(text.strip()[:32])
    except InvalidOperation:
        raise BadPromotion(f"{text[:32]!r} is no percentage", field="percent") from None


def _amounts(given: Sequence[graphql.MoneyInput], field: str) -> Amounts:
    found: Mapping[str, int] = {one.currency_code: one.to_minor() for one in given}
    if len(found) < len(given):
        raise BadPromotion("a currency is named twice", field=field)
    return dict(found)
