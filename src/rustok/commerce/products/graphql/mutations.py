"""Changes of one product by staff."""

from typing import cast

import strawberry

from rustok.commerce import permissions
from rustok.commerce.catalogue import graphql as inputs
from rustok.commerce.products import duplicating, service, variants
from rustok.commerce.products.graphql.types import ProductSeo, ProductType
from rustok.commerce.products.service import ProductChanges, ProductFacts
from rustok.core.seo import service as seo
from rustok.kernel import errors, graphql
from rustok.kernel.context import Context

_NULLABLE = frozenset({"subtitle", "description", "vendor", "product_type", "external_key"})


@strawberry.input(description="A new product. It is a draft until it is published.")
class ProductCreateInput:
    title: str
    handle: str | None = strawberry.field(default=strawberry.UNSET, description="Made from the title if absent.")
    subtitle: str | None = strawberry.UNSET
    description: str | None = strawberry.field(default=strawberry.UNSET, description="HTML; sanitised when written.")
    vendor: str | None = strawberry.UNSET
    product_type: str | None = strawberry.UNSET
    discountable: bool | None = strawberry.UNSET
    featured: bool | None = strawberry.UNSET
    metadata: graphql.JSON | None = strawberry.UNSET
    external_key: str | None = strawberry.UNSET


@strawberry.input(description="What changes; what is absent stays.")
class ProductUpdateInput:
    version: int = strawberry.field(description="The version that was read: a lost update is refused.")
    title: str | None = strawberry.UNSET
    handle: str | None = strawberry.UNSET
    subtitle: str | None = strawberry.UNSET
    description: str | None = strawberry.field(default=strawberry.UNSET, description="HTML; sanitised when written.")
    vendor: str | None = strawberry.UNSET
    product_type: str | None = strawberry.UNSET
    discountable: bool | None = strawberry.UNSET
    featured: bool | None = strawberry.UNSET
    metadata: graphql.JSON | None = strawberry.UNSET
    external_key: str | None = strawberry.UNSET


@strawberry.input(description="All of what search engines are told; absent fields follow the product's texts.")
class ProductSeoInput:
    title: str | None = None
    description: str | None = None
    keywords: str | None = None
    og_title: str | None = None
    og_description: str | None = None
    og_image: str | None = None
    no_index: bool = False
    no_follow: bool = False
    canonical_url: str | None = None


@strawberry.input(description="An option as it shall be; the id of an existing one renames it.")
class ProductOptionInput:
    name: str
    values: list[str]
    id: strawberry.ID | None = None


@strawberry.input(description="Texts in another language; null takes one away, what is absent stays.")
class ProductTranslationInput:
    title: str | None = strawberry.UNSET
    subtitle: str | None = strawberry.UNSET
    description: str | None = strawberry.UNSET
    meta_title: str | None = strawberry.UNSET
    meta_description: str | None = strawberry.UNSET


@strawberry.input(description="An option's value and what it is called in the language.")
class OptionValueTranslation:
    value: str
    text: str


@strawberry.type
class ProductPayload:
    product: ProductType | None = None
    user_errors: list[graphql.UserError] = strawberry.field(default_factory=list)


@strawberry.type
class ProductSeoPayload:
    seo: ProductSeo | None = None
    user_errors: list[graphql.UserError] = strawberry.field(default_factory=list)


@strawberry.type
class ProductDeletePayload:
    deleted_id: strawberry.ID | None = None
    user_errors: list[graphql.UserError] = strawberry.field(default_factory=list)


@strawberry.type
class ProductMutations:
    @graphql.mutation(permission=permissions.PRODUCTS_WRITE, description="Add a draft.")
    async def product_create(self, context: Context, input: ProductCreateInput) -> ProductPayload:
        given = inputs.changes(input, nullable={*_NULLABLE, "handle"})
        title = given.pop("title")
        return ProductPayload(
            product=ProductType.of(await service.create(context, title=title, **cast(ProductFacts, given)))
        )

    @graphql.mutation(permission=permissions.PRODUCTS_WRITE, description="Change a product's own fields.")
    async def product_update(self, context: Context, id: strawberry.ID, input: ProductUpdateInput) -> ProductPayload:
        given = inputs.changes(input, nullable=_NULLABLE)
        version = given.pop("version")
        product = await service.change(context, graphql.to_id(id), version=version, **cast(ProductChanges, given))
        return ProductPayload(product=ProductType.of(product))

    @graphql.mutation(permission=permissions.PRODUCTS_PUBLISH, description="Let shoppers see it.")
    async def product_publish(self, context: Context, id: strawberry.ID, version: int | None = None) -> ProductPayload:
        return ProductPayload(
            product=ProductType.of(await service.publish(context, graphql.to_id(id), version=version))
        )

    @graphql.mutation(permission=permissions.PRODUCTS_PUBLISH, description="Make it a draft again.")
    async def product_unpublish(
        self, context: Context, id: strawberry.ID, version: int | None = None
    ) -> ProductPayload:
        return ProductPayload(
            product=ProductType.of(await service.unpublish(context, graphql.to_id(id), version=version))
        )

    @graphql.mutation(permission=permissions.PRODUCTS_PUBLISH, description="Keep it, but sell it no more.")
    async def product_archive(self, context: Context, id: strawberry.ID, version: int | None = None) -> ProductPayload:
        return ProductPayload(
            product=ProductType.of(await service.archive(context, graphql.to_id(id), version=version))
        )

    @graphql.mutation(permission=permissions.PRODUCTS_DELETE, description="Remove it with all that belongs to it.")
    async def product_delete(
        self, context: Context, id: strawberry.ID, version: int | None = None
    ) -> ProductDeletePayload:
        await service.remove(context, graphql.to_id(id), version=version)
        return ProductDeletePayload(deleted_id=strawberry.ID(str(graphql.to_id(id))))

    @graphql.mutation(permission=permissions.PRODUCTS_WRITE, description="Copy it as a draft, without its stock.")
    async def product_duplicate(self, context: Context, id: strawberry.ID, title: str | None = None) -> ProductPayload:
        copy = await duplicating.duplicate(context, graphql.to_id(id), title=title)
        return ProductPayload(product=ProductType.of(copy))

    @graphql.mutation(permission=permissions.PRODUCTS_WRITE, description="Make these its options; variants follow.")
    async def product_options_set(
        self, context: Context, id: strawberry.ID, options: list[ProductOptionInput], version: int | None = None
    ) -> ProductPayload:
        wanted = [
            variants.Option(one.name, one.values, None if one.id is None else graphql.to_id(one.id)) for one in options
        ]
        product = await variants.set_options(context, graphql.to_id(id), wanted, version=version)
        return ProductPayload(product=ProductType.of(product))

    @graphql.mutation(permission=permissions.PRODUCTS_WRITE, description="Make these its pictures, in this order.")
    async def product_images_set(
        self, context: Context, id: strawberry.ID, media_ids: list[strawberry.ID], version: int | None = None
    ) -> ProductPayload:
        product = await service.set_images(
            context, graphql.to_id(id), graphql.to_ids(media_ids, most=250), version=version
        )
        return ProductPayload(product=ProductType.of(product))

    @graphql.mutation(permission=permissions.PRODUCTS_WRITE, description="Let it stand in exactly these categories.")
    async def product_categories_set(
        self, context: Context, id: strawberry.ID, category_ids: list[strawberry.ID], version: int | None = None
    ) -> ProductPayload:
        product = await service.set_categories(
            context, graphql.to_id(id), graphql.to_ids(category_ids, most=100), version=version
        )
        return ProductPayload(product=ProductType.of(product))

    @graphql.mutation(permission=permissions.PRODUCTS_WRITE, description="Let it carry exactly these tags.")
    async def product_tags_set(self, context: Context, id: strawberry.ID, tags: list[str]) -> ProductPayload:
        product = await service.set_tags(context, graphql.to_id(id), tags)
        return ProductPayload(product=ProductType.of(product))

    @graphql.mutation(permission=permissions.PRODUCTS_WRITE, description="Replace what search engines are told.")
    async def product_seo_set(self, context: Context, id: strawberry.ID, meta: ProductSeoInput) -> ProductSeoPayload:
        stored = await service.set_seo(context, graphql.to_id(id), seo.Meta(**vars(meta)))
        return ProductSeoPayload(seo=ProductSeo.of(stored))

    @graphql.mutation(permission=permissions.PRODUCTS_WRITE, description="Say its texts in another language.")
    async def product_translate(
        self, context: Context, id: strawberry.ID, locale: str, fields: ProductTranslationInput
    ) -> ProductPayload:
        said = inputs.changes(fields, nullable=vars(fields).keys())
        product = await service.translate(context, graphql.to_id(id), locale=locale, fields=said)
        return ProductPayload(product=ProductType.of(product))

    @graphql.mutation(permission=permissions.PRODUCTS_WRITE, description="Say an option in another language.")
    async def product_option_translate(
        self,
        context: Context,
        id: strawberry.ID,
        locale: str,
        name: str | None = None,
        values: list[OptionValueTranslation] | None = None,
    ) -> ProductPayload:
        if name is None and not values:
            raise errors.Invalid("say the name or a value", field="name")
        product = await variants.translate_option(
            context,
            graphql.to_id(id),
            locale=locale,
            name=name,
            values={one.value: one.text for one in values or ()},
        )
        return ProductPayload(product=ProductType.of(product))
