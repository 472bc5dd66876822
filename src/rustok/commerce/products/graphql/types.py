"""Products, options and variants as staff see them. What belongs to them is loaded once for a whole page."""

from collections.abc import Sequence
from datetime import datetime
from enum import Enum
from uuid import UUID

import strawberry
from strawberry.types import Info

from rustok.commerce.catalogue import service as catalogue
from rustok.commerce.catalogue.models import Product, Variant
from rustok.commerce.categories import placing
from rustok.commerce.categories import service as categories
from rustok.commerce.categories.graphql import CommerceCategory
from rustok.commerce.inventory import service as inventory
from rustok.commerce.inventory.graphql import StockLevelType
from rustok.commerce.pricing import service as pricing
from rustok.commerce.pricing.graphql.types import PriceType
from rustok.commerce.products import pictures, service, variants
from rustok.commerce.products.drafts import ProductStatus
from rustok.commerce.products.models import ProductOption
from rustok.core.seo import service as seo
from rustok.core.tags import service as tags
from rustok.kernel import graphql
from rustok.kernel.context import Context

Edge = Info[graphql.Operation, None]


@strawberry.enum(name="ProductStatus", description="Where a product stands: only published ones are seen by shoppers.")
class ProductStatusEnum(Enum):
    DRAFT = ProductStatus.DRAFT.value
    PUBLISHED = ProductStatus.PUBLISHED.value
    ARCHIVED = ProductStatus.ARCHIVED.value


async def _variants(context: Context, ids: Sequence[UUID]) -> dict[UUID, list["ProductVariant"]]:
    found: dict[UUID, list[ProductVariant]] = {}
    for row in await catalogue.variants_of(context, ids):
        found.setdefault(row.product_id, []).append(ProductVariant.of(row))
    return found


async def _categories(context: Context, ids: Sequence[UUID]) -> dict[UUID, list[CommerceCategory]]:
    places = await placing.places_of(context, ids)
    rows = await categories.many(context, {category for held in places.values() for category in held})
    return {product: [CommerceCategory.of(rows[one]) for one in held] for product, held in places.items()}


async def _tags(context: Context, ids: Sequence[UUID]) -> dict[UUID, list[str]]:
    return await tags.names(context, service.TARGET, ids)


async def _metas(context: Context, ids: Sequence[UUID]) -> dict[UUID, seo.Meta]:
    return await seo.get_many(context, service.TARGET, ids)


@strawberry.type(name="ProductOption", description="A way in which a product's variants differ.")
class ProductOptionType:
    id: strawberry.ID
    name: str
    values: list[str]

    @classmethod
    def of(cls, row: ProductOption) -> "ProductOptionType":
        """From the stored row."""
        return cls(id=strawberry.ID(str(row.id)), name=row.name, values=list(row.values))


@strawberry.type(description="An option and the value that a variant has of it.")
class VariantOption:
    name: str
    value: str


@strawberry.type(name="ProductVariant", description="One thing that can be bought.")
class ProductVariant:
    row: strawberry.Private[Variant]
    id: strawberry.ID
    product_id: strawberry.ID
    title: str
    sku: str | None
    barcode: str | None
    options: list[VariantOption]
    manage_inventory: bool
    allow_backorder: bool
    requires_shipping: bool
    taxable: bool
    tax_class: str | None = strawberry.field(description="The code of a tax class; null means the default one.")
    weight_grams: int | None
    length_mm: int | None
    width_mm: int | None
    height_mm: int | None
    cost: graphql.Money | None
    image_id: strawberry.ID | None
    position: int
    metadata: graphql.JSON
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, row: Variant) -> "ProductVariant":
        """From the stored row."""
        has_cost = row.cost_minor is not None and row.cost_currency is not None
        return cls(
            row=row,
            id=strawberry.ID(str(row.id)),
            product_id=strawberry.ID(str(row.product_id)),
            title=row.title,
            sku=row.sku,
            barcode=row.barcode,
            options=[VariantOption(name=name, value=value) for name, value in row.options.items()],
            manage_inventory=row.manage_inventory,
            allow_backorder=row.allow_backorder,
            requires_shipping=row.requires_shipping,
            taxable=row.taxable,
            tax_class=row.tax_class,
            weight_grams=row.weight,
            length_mm=row.length,
            width_mm=row.width,
            height_mm=row.height,
            cost=graphql.Money.of(row.cost_minor or 0, row.cost_currency or "") if has_cost else None,
            image_id=strawberry.ID(str(row.image_id)) if row.image_id else None,
            position=row.position,
            metadata=graphql.JSON(row.details),
            created_at=row.created_at,
            updated_at=row.updated_at,
        )

    @strawberry.field(description="Every price row, base prices first.")  # type: ignore[untyped-decorator]  # strawberry says Any
    async def prices(self, info: Edge) -> list[PriceType]:
        rows = await graphql.together(info, pricing.prices_of, self.row.id) or []
        return [PriceType.of(row) for row in rows]

    @strawberry.field(description="What lies where.")  # type: ignore[untyped-decorator]  # strawberry says Any
    async def stock_levels(self, info: Edge) -> list[StockLevelType]:
        rows = await graphql.together(info, inventory.levels_of, self.row.id) or []
        return [StockLevelType.of(row) for row in rows]


@strawberry.type(
    name="ProductSeo", description="What search engines are told; absent fields follow the product's texts."
)
class ProductSeo:
    title: str | None
    description: str | None
    keywords: str | None
    og_title: str | None
    og_description: str | None
    og_image: str | None
    no_index: bool
    no_follow: bool
    canonical_url: str | None

    @classmethod
    def of(cls, meta: seo.Meta) -> "ProductSeo":
        """From the stored meta."""
        return cls(
            title=meta.title,
            description=meta.description,
            keywords=meta.keywords,
            og_title=meta.og_title,
            og_description=meta.og_description,
            og_image=meta.og_image,
            no_index=meta.no_index,
            no_follow=meta.no_follow,
            canonical_url=meta.canonical_url,
        )


@strawberry.type(name="Product", description="What a shopper looks at; its variants are what can be bought.")
class ProductType:
    row: strawberry.Private[Product]
    id: strawberry.ID
    title: str
    subtitle: str | None
    handle: str
    description: str | None
    status: ProductStatusEnum
    vendor: str | None
    product_type: str | None
    discountable: bool
    featured: bool
    metadata: graphql.JSON
    external_key: str | None
    version: int
    published_at: datetime | None
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, row: Product) -> "ProductType":
        """From the stored row."""
        return cls(
            row=row,
            id=strawberry.ID(str(row.id)),
            title=row.title,
            subtitle=row.subtitle,
            handle=row.handle,
            description=row.description,
            status=ProductStatusEnum(row.status),
            vendor=row.vendor,
            product_type=row.product_type,
            discountable=row.discountable,
            featured=row.featured,
            metadata=graphql.JSON(row.details),
            external_key=row.external_key,
            version=row.version,
            published_at=row.published_at,
            created_at=row.created_at,
            updated_at=row.updated_at,
        )

    @strawberry.field(description="In the order shoppers see them.")  # type: ignore[untyped-decorator]  # strawberry says Any
    async def options(self, info: Edge) -> list[ProductOptionType]:
        rows = await graphql.together(info, variants.options_of, self.row.id) or []
        return [ProductOptionType.of(row) for row in rows]

    @strawberry.field(description="In the order shoppers see them.")  # type: ignore[untyped-decorator]  # strawberry says Any
    async def variants(self, info: Edge) -> list[ProductVariant]:
        return await graphql.together(info, _variants, self.row.id) or []

    @strawberry.field(description="The pictures' media ids, in order.")  # type: ignore[untyped-decorator]  # strawberry says Any
    async def image_ids(self, info: Edge) -> list[strawberry.ID]:
        ids = await graphql.together(info, pictures.of, self.row.id) or []
        return [strawberry.ID(str(id_)) for id_ in ids]

    @strawberry.field(description="The categories that it stands in, in order.")  # type: ignore[untyped-decorator]  # strawberry says Any
    async def categories(self, info: Edge) -> list[CommerceCategory]:
        return await graphql.together(info, _categories, self.row.id) or []

    @strawberry.field(description="Names of its tags, alphabetically.")  # type: ignore[untyped-decorator]  # strawberry says Any
    async def tags(self, info: Edge) -> list[str]:
        return await graphql.together(info, _tags, self.row.id) or []

    @strawberry.field(description="As stored, without what stands in for absent fields.")  # type: ignore[untyped-decorator]  # strawberry says Any
    async def seo(self, info: Edge) -> ProductSeo:
        return ProductSeo.of(await graphql.together(info, _metas, self.row.id) or seo.Meta())
