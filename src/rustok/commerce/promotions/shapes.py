"""What a promotion's three JSON columns hold: what it gives, what of, and under which conditions."""

from collections.abc import Collection
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

import msgspec

from rustok.commerce.baskets.shapes import BasketLine

Amounts = dict[str, int]
"""Minor units by currency. A promotion does nothing in a currency that it has no amount for."""


class Selection(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Some lines of a basket. What is named adds up; nothing named means all, less what is excepted."""

    products: frozenset[UUID] = frozenset()
    variants: frozenset[UUID] = frozenset()
    categories: frozenset[UUID] = frozenset()  # with everything that stands below them
    except_products: frozenset[UUID] = frozenset()
    except_categories: frozenset[UUID] = frozenset()

    @property
    def named(self) -> bool:
        """Whether something must be in the basket to be selected."""
        return bool(self.products or self.variants or self.categories)

    def holds(self, line: BasketLine) -> bool:
        """Whether the line is one of them."""
        if line.product_id in self.except_products or not line.categories.isdisjoint(self.except_categories):
            return False
        if not self.named:
            return True
        return (
            line.product_id in self.products
            or line.variant_id in self.variants
            or not line.categories.isdisjoint(self.categories)
        )


class Conditions(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What must be true; all of it. Subtotals and quantities are of the lines that `of` selects, before promotions."""

    of: Selection = Selection()
    min_subtotal: Amounts = {}
    max_subtotal: Amounts = {}
    min_quantity: int = 0
    currencies: tuple[str, ...] = ()
    groups: tuple[UUID, ...] = ()  # of customers; one is enough
    first_order: bool = False
    countries: tuple[str, ...] = ()


class Reward(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is given. Which fields count depends on the kind:

    percentage: `percent`, `each` (order or line), `most` · fixed_amount: `amounts`, `each` (order, line or piece) ·
    fixed_price: `amounts`, of one piece · shipping: `percent` or `amounts`, `methods`, `most` ·
    buy_x_get_y: `buy`, `get`, `percent`, `times`, `bought`.
    """

    percent: Decimal | None = None
    amounts: Amounts = {}
    each: Literal["order", "line", "piece"] = "order"
    most: Amounts = {}  # the whole discount is never more
    buy: int = 0
    get: int = 0
    times: int | None = None
    bought: Selection | None = None  # what has to be bought, where that is not the target
    methods: tuple[str, ...] = ()  # codes of the shipping methods that it holds for; none means all


def stack_of(kind: str, reward: Reward) -> str:
    """Which class of promotions this one belongs to: those on items, on the order, or on shipping."""
    if kind == "shipping":
        return "shipping"
    return "order" if kind in ("percentage", "fixed_amount") and reward.each == "order" else "item"


def stored(value: msgspec.Struct) -> dict[str, Any]:
    """As a JSON column keeps it."""
    found: dict[str, Any] = msgspec.to_builtins(value, order="deterministic")
    return found


def reward_of(column: dict[str, Any]) -> Reward:
    """What `stored` wrote."""
    return msgspec.convert(column, Reward, strict=False)


def selection_of(column: dict[str, Any]) -> Selection:
    """What `stored` wrote."""
    return msgspec.convert(column, Selection, strict=False)


def conditions_of(column: dict[str, Any]) -> Conditions:
    """What `stored` wrote."""
    return msgspec.convert(column, Conditions, strict=False)


def mentioned(selections: Collection[Selection | None]) -> dict[str, set[UUID]]:
    """Every id that the selections name, by what it is the id of."""
    found: dict[str, set[UUID]] = {"products": set(), "variants": set(), "categories": set()}
    for one in selections:
        if one is not None:
            found["products"] |= one.products | one.except_products
            found["variants"] |= one.variants
            found["categories"] |= one.categories | one.except_categories
    return found
