"""The values that prices, promotions, shipping and tax hand to each other. All amounts are integer minor units."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """Where goods go, as far as it is known: ISO 3166-1 alpha-2 country, free region and postcode."""

    country: str = ""
    region: str = ""
    postcode: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Buyer:
    """Whom prices, promotions and limits ask about."""

    customer_id: UUID | None = None
    email: str | None = None  # in its normal spelling
    groups: frozenset[UUID] = frozenset()
    first_order: bool = True  # nothing was ordered before under this account or address


@dataclass(frozen=True, slots=True, kw_only=True)
class BasketLine:
    """One line of a cart or an order, with what decides about it."""

    id: UUID
    variant_id: UUID
    product_id: UUID
    quantity: int
    unit_minor: int  # of one piece, as the price list says, before promotions
    categories: frozenset[UUID] = frozenset()  # the product's, with all that stand above them
    weight: int = 0  # of one piece, in grams
    requires_shipping: bool = True
    taxable: bool = True
    tax_class: str | None = None  # a class's code; none is the default one
    discountable: bool = True

    @property
    def subtotal_minor(self) -> int:
        """All pieces before promotions."""
        return self.unit_minor * self.quantity


@dataclass(frozen=True, slots=True, kw_only=True)
class ShippingChoice:
    """A way of shipping with the price that it has for this basket, before promotions."""

    method_id: UUID
    code: str
    name: str
    price_minor: int
    tax_class: str | None = None
    pickup: bool = False
    description: str = ""
    facts: Mapping[str, object] = field(default_factory=dict)  # the provider's own, kept with the order


@dataclass(frozen=True, slots=True, kw_only=True)
class Basket:
    """What is to be priced."""

    currency: str
    lines: tuple[BasketLine, ...]
    buyer: Buyer
    at: datetime
    destination: Destination = Destination()
    codes: tuple[str, ...] = ()  # promotion codes as they were entered
    shipping: ShippingChoice | None = None

    @property
    def subtotal_minor(self) -> int:
        """All lines before promotions."""
        return sum(line.subtotal_minor for line in self.lines)


@dataclass(frozen=True, slots=True, kw_only=True)
class Discount:
    """What a promotion takes off a line, or off the shipping where `line_id` is None. The amount is positive."""

    promotion_id: UUID
    code: str | None
    title: str
    amount_minor: int
    line_id: UUID | None
    reason: str = ""  # a sentence for the buyer: why this much


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeVerdict:
    """What became of a code that the buyer entered."""

    code: str
    accepted: bool
    reason: str = ""  # unknown | expired | not_started | exhausted | not_for_you | conditions | not_combined | …
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Discounts:
    """What promotions do to a basket. No line and no shipping is ever discounted below zero."""

    discounts: tuple[Discount, ...] = ()
    codes: tuple[CodeVerdict, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Taxable:
    """An amount to be taxed: a line after its discounts, or the shipping."""

    id: UUID | None  # the line's; None is the shipping
    amount_minor: int
    tax_class: str | None = None
    taxable: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxPart:
    """One tax on one amount. `rate` is a fraction: 0.19 is 19 %."""

    id: UUID | None
    name: str
    rate: Decimal
    amount_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Taxes:
    """The taxes of a basket, and whether its amounts hold them already."""

    included: bool
    parts: tuple[TaxPart, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LineTotal:
    """What one line costs in the end, and every part of it.

    Always: total = subtotal - discount, with the tax added where prices do not include it.
    """

    line: BasketLine
    compare_at_minor: int | None
    price_reason: Mapping[str, object]  # why this price: list, tier, and what else was looked at
    discounts: tuple[Discount, ...]
    taxes: tuple[TaxPart, ...]
    subtotal_minor: int
    discount_minor: int
    tax_minor: int
    total_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """What a basket costs.

    Always: total = subtotal - discount + shipping, with the tax added where prices do not include it, and
    due = total - gift cards.
    `discount_minor` is of the lines alone; `shipping_minor` is after its own discounts.
    """

    currency: str
    tax_included: bool
    lines: tuple[LineTotal, ...]
    shipping: ShippingChoice | None
    shipping_discounts: tuple[Discount, ...]
    shipping_taxes: tuple[TaxPart, ...]
    codes: tuple[CodeVerdict, ...]
    subtotal_minor: int
    discount_minor: int
    shipping_minor: int
    tax_minor: int
    total_minor: int
    gift_cards: tuple[tuple[UUID, int], ...] = ()  # (gift card, how much of it)
    due_minor: int = 0
