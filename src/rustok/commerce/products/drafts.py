"""What a product should become: the value that importers, the demo shop and bulk mutations hand to `saving.save_many`.

In every field ``None`` means "nothing is said about this": a new product gets the default, an existing one keeps
what it has. An empty text or an empty tuple is a statement: it clears. So a file with only handles and prices changes
prices and nothing else.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeAlias

Metadata: TypeAlias = Mapping[str, Any]
CategoryPath: TypeAlias = tuple[str, ...]
"""Names from the root down: ("Clothing", "Hoodies")."""


class ProductStatus(StrEnum):
    """Where a product stands: only published ones are seen by shoppers."""

    DRAFT = "draft"
    PUBLISHED = "published"
    ARCHIVED = "archived"


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceDraft:
    """One price row of a variant: integer minor units of `currency` (1999 for 19.99 EUR)."""

    currency: str
    amount_minor: int
    compare_at_minor: int | None = None
    min_quantity: int = 1
    price_list: str | None = None
    """Code of the price list; None is the shop's base price."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageDraft:
    """A picture by its remote address; kept as such until it is fetched."""

    url: str
    alt_text: str = ""
    position: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionDraft:
    """One option of a product and its values in the order shoppers see them."""

    name: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SeoDraft:
    """Title and description for search engines."""

    title: str | None = None
    description: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VariantDraft:
    """One thing that can be bought. `options` maps option names to values and identifies it within its product."""

    title: str | None = None
    options: Mapping[str, str] = field(default_factory=dict)
    sku: str | None = None
    barcode: str | None = None
    prices: tuple[PriceDraft, ...] | None = None
    cost_minor: int | None = None
    """What it costs the shop, in the currency of its first price (or the tenant's default currency)."""
    manage_inventory: bool | None = None
    allow_backorder: bool | None = None
    quantity: int | None = None
    """Stock on hand at the default location; None leaves the levels untouched."""
    weight_grams: int | None = None
    length_mm: int | None = None
    width_mm: int | None = None
    height_mm: int | None = None
    requires_shipping: bool | None = None
    taxable: bool | None = None
    tax_class: str | None = None
    """A tax class's code, which must be there already; the empty text is the default class."""
    image_url: str | None = None
    position: int = 0
    metadata: Metadata | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductDraft:
    """One product, whole. Found again by `external_key` if it has one, otherwise by `handle`."""

    handle: str
    title: str
    subtitle: str | None = None
    description_html: str | None = None
    vendor: str | None = None
    product_type: str | None = None
    status: ProductStatus | None = None
    published_at: datetime | None = None
    discountable: bool | None = None
    tags: tuple[str, ...] | None = None
    categories: tuple[CategoryPath, ...] | None = None
    options: tuple[OptionDraft, ...] | None = None
    variants: tuple[VariantDraft, ...] | None = None
    images: tuple[ImageDraft, ...] | None = None
    seo: SeoDraft | None = None
    metadata: Metadata | None = None
    external_key: str | None = None
    """Where it comes from, e.g. "woocommerce:44"; kept with the product so that a second import finds it again."""
    line: int | None = None
    """Line of the source file at which it starts; only for reports."""
