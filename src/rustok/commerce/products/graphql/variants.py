"""Changes of variants by staff."""

from typing import Any, cast

import strawberry

from rustok.commerce import permissions
from rustok.commerce.catalogue import graphql as inputs
from rustok.commerce.catalogue import service as catalogue
from rustok.commerce.products import variants
from rustok.commerce.products.graphql.mutations import ProductPayload
from rustok.commerce.products.graphql.types import ProductType, ProductVariant
from rustok.commerce.products.variants import VariantChanges
from rustok.kernel import errors, graphql, money
from rustok.kernel.context import Context

_NULLABLE = frozenset(
    {"title", "sku", "barcode", "tax_class", "weight_grams", "length_mm", "width_mm", "height_mm", "cost", "image_id"}
)


@strawberry.input(description="An option and the value that the variant has of it.")
class VariantOptionInput:
    name: str
    value: str


@strawberry.input(description="What is said of a variant; what is absent stays, or gets its default.")
class ProductVariantInput:
    title: str | None = strawberry.field(default=strawberry.UNSET, description="Null: made from the option values.")
    options: list[VariantOptionInput] | None = strawberry.UNSET
    sku: str | None = strawberry.UNSET
    barcode: str | None = strawberry.UNSET
    manage_inventory: bool | None = strawberry.UNSET
    allow_backorder: bool | None = strawberry.UNSET
    requires_shipping: bool | None = strawberry.UNSET
    taxable: bool | None = strawberry.UNSET
    tax_class: str | None = strawberry.field(default=strawberry.UNSET, description="A code; null: the default class.")
    weight_grams: int | None = strawberry.UNSET
    length_mm: int | None = strawberry.UNSET
    width_mm: int | None = strawberry.UNSET
    height_mm: int | None = strawberry.UNSET
    cost: graphql.MoneyInput | None = strawberry.UNSET
    image_id: strawberry.ID | None = strawberry.UNSET
    position: int | None = strawberry.UNSET
    metadata: graphql.JSON | None = strawberry.UNSET


@strawberry.type
class ProductVariantPayload:
    variant: ProductVariant | None = None
    user_errors: list[graphql.UserError] = strawberry.field(default_factory=list)


@strawberry.type
class ProductVariantDeletePayload:
    deleted_id: strawberry.ID | None = None
    user_errors: list[graphql.UserError] = strawberry.field(default_factory=list)


def _changes(given: ProductVariantInput) -> VariantChanges:
    found: dict[str, Any] = inputs.changes(given, nullable=_NULLABLE, ids={"image_id"})
    if "options" in found:
        chosen = {one.name: one.value for one in found["options"]}
        if len(chosen) < len(found["options"]):
            raise errors.Invalid("an option is named twice", field="options")
        found["options"] = chosen
    if found.get("cost") is not None:
        found["cost"] = money.Money(found["cost"].to_minor(), found["cost"].currency_code)
    return cast(VariantChanges, found)


@strawberry.type
class VariantMutations:
    @graphql.mutation(permission=permissions.PRODUCTS_WRITE, description="Add a variant to a product.")
    async def product_variant_create(
        self, context: Context, product_id: strawberry.ID, input: ProductVariantInput
    ) -> ProductVariantPayload:
        variant = await variants.add(context, graphql.to_id(product_id), **_changes(input))
        return ProductVariantPayload(variant=ProductVariant.of(variant))

    @graphql.mutation(permission=permissions.PRODUCTS_WRITE, description="Change a variant.")
    async def product_variant_update(
        self, context: Context, id: strawberry.ID, input: ProductVariantInput
    ) -> ProductVariantPayload:
        variant = await variants.change(context, graphql.to_id(id), **_changes(input))
        return ProductVariantPayload(variant=ProductVariant.of(variant))

    @graphql.mutation(permission=permissions.PRODUCTS_WRITE, description="Remove a variant with its prices and stock.")
    async def product_variant_delete(self, context: Context, id: strawberry.ID) -> ProductVariantDeletePayload:
        await variants.remove(context, graphql.to_id(id))
        return ProductVariantDeletePayload(deleted_id=strawberry.ID(str(graphql.to_id(id))))

    @graphql.mutation(permission=permissions.PRODUCTS_WRITE, description="Let shoppers see variants in this order.")
    async def product_variants_reorder(
        self, context: Context, product_id: strawberry.ID, variant_ids: list[strawberry.ID]
    ) -> ProductPayload:
        id_ = graphql.to_id(product_id)
        await variants.reorder(context, id_, graphql.to_ids(variant_ids, most=2000))
        return ProductPayload(product=ProductType.of(await catalogue.get_product(context, id_)))
