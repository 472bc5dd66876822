"""The demo's shop: locations, categories and products with their prices, stock, pictures and Russian texts."""

from collections.abc import Mapping
from datetime import timedelta
from uuid import UUID

from rustok.commerce.catalogue import service as catalogue
from rustok.commerce.categories import service as categories
from rustok.commerce.inventory import locations
from rustok.commerce.inventory import service as inventory
from rustok.commerce.payments import arranging, gateways
from rustok.commerce.products import saving, variants
from rustok.commerce.products import service as products
from rustok.commerce.products.drafts import (
    OptionDraft,
    PriceDraft,
    ProductDraft,
    ProductStatus,
    SeoDraft,
    VariantDraft,
)
from rustok.core.content import rendering
from rustok.core.tags import service as tags
from rustok.core.translations import service as translations
from rustok.kernel.context import Context, TenantInfo
from rustok.server.demo import furnishing_duties, furnishing_offers
from rustok.server.demo.content import Demo, DemoProduct, DemoVariant
from rustok.server.host import Host


async def furnish(host: Host, tenant: TenantInfo, demo: Demo, media_ids: Mapping[str, UUID]) -> None:
    """Everything in one unit of work: an interrupted start leaves no half of it."""
    async with host.database.open(tenant) as context:
        if await products.handles_like(context, [demo.products[0].handle]):
            return
        places = {place.code: await _location(context, place.code, place.name["en"]) for place in demo.locations}
        names = await _categories(context, demo, media_ids)
        await _tag_names(context, demo)
        outcome = await saving.save_many(context, [_draft(context, one, names) for one in demo.products])
        if outcome.failed:
            raise ValueError(f"the demo holds a product that cannot be saved: {outcome.failed[0]}")
        for one in demo.products:
            await _finish(context, one, outcome.ids[one.handle], places, media_ids)
        await furnishing_duties.furnish(context, demo.duties, places)
        await furnishing_offers.furnish(context, demo.offers)
        await _ways_to_pay(context)


async def hang(host: Host, tenant: TenantInfo, one: DemoProduct, media_ids: Mapping[str, UUID]) -> None:
    """Show all pictures of a product that is in the shop already; a product that somebody removed stays away."""
    async with host.database.open(tenant) as context:
        product = await products.find_by_handle(context, one.handle)
        if product is not None:
            await _place_pictures(context, one, product.id, media_ids)


async def _place_pictures(context: Context, one: DemoProduct, product_id: UUID, media_ids: Mapping[str, UUID]) -> None:
    hung = [media_ids[picture.name] for picture in one.pictures if picture.name in media_ids]
    await products.set_images(context, product_id, hung)
    stored = {variant.sku: variant for variant in await catalogue.variants_of(context, [product_id])}
    for variant in one.variants:
        if variant.picture is not None and variant.picture in media_ids and variant.sku in stored:
            await variants.change(context, stored[variant.sku].id, image_id=media_ids[variant.picture])


async def _ways_to_pay(context: Context) -> None:
    """Play money beside what every shop begins with, where it can be had."""
    if "test" not in gateways.of(context).providers:
        return
    for code, scenario, english, russian in (
        ("test_card", "success", "Test card", "Тестовая карта"),
        ("test_card_3ds", "three_d_secure", "Test card with approval", "Тестовая карта с подтверждением"),
        ("test_card_declined", "decline", "Test card that is declined", "Тестовая карта с отказом"),
    ):
        names = {"en": english, "ru": russian}
        told = {"en": "No money moves.", "ru": "Деньги не списываются."}
        await arranging.create(
            context,
            code=code,
            provider="test",
            names={locale: text for locale, text in names.items() if locale in context.tenant.locales},
            instructions={locale: text for locale, text in told.items() if locale in context.tenant.locales},
            settings={"scenario": scenario},
        )


async def _location(context: Context, code: str, name: str) -> UUID:
    return (await locations.create(context, name=name, code=code)).id


async def _categories(context: Context, demo: Demo, media_ids: Mapping[str, UUID]) -> dict[str, tuple[str, ...]]:
    """Makes the tree; returns each category's path of names, as drafts want it."""
    ids: dict[str, UUID] = {}
    paths: dict[str, tuple[str, ...]] = {}
    for rank, one in enumerate(demo.categories):
        made = await categories.create(
            context,
            name=one.name["en"],
            handle=one.handle,
            parent_id=ids[one.parent] if one.parent else None,
            description=one.description["en"],
            rank=rank,
            image_id=media_ids[one.picture.name],
        )
        ids[one.handle] = made.id
        paths[one.handle] = (*(paths[one.parent] if one.parent else ()), one.name["en"])
        await translations.set_fields(
            context,
            categories.TARGET,
            made.id,
            locale="ru",
            fields={"name": one.name["ru"], "description": one.description["ru"]},
        )
    return paths


async def _tag_names(context: Context, demo: Demo) -> None:
    """Tags with addresses of their own and Russian names."""
    known = await tags.ensure(
        context, [tag.name["en"] for tag in demo.tags], slugs_by_name={tag.name["en"]: tag.slug for tag in demo.tags}
    )
    for tag in demo.tags:
        await translations.set_fields(
            context, "tag", known[tag.name["en"]], locale="ru", fields={"name": tag.name["ru"]}
        )


def _draft(context: Context, one: DemoProduct, paths: Mapping[str, tuple[str, ...]]) -> ProductDraft:
    return ProductDraft(
        handle=one.handle,
        title=one.title["en"],
        subtitle=one.subtitle["en"],
        description_html=rendering.render(one.description["en"], rendering.Format.MARKDOWN),
        vendor=one.vendor,
        product_type=one.product_type["en"],
        status=ProductStatus.PUBLISHED,
        published_at=context.now - timedelta(days=one.days_ago),
        tags=tuple(slug.replace("-", " ") for slug in one.tags),
        categories=tuple(paths[handle] for handle in one.categories),
        options=tuple(OptionDraft(name=o.name["en"], values=tuple(v["en"] for v in o.values)) for o in one.options),
        variants=tuple(_variant(one, place, variant) for place, variant in enumerate(one.variants)),
        seo=SeoDraft(title=one.seo.title["en"], description=one.seo.description["en"]) if one.seo else None,
    )


def _variant(product: DemoProduct, place: int, one: DemoVariant) -> VariantDraft:
    base = [
        PriceDraft(
            currency=currency, amount_minor=minor, compare_at_minor=one.compare_at[currency] if one.compare_at else None
        )
        for currency, minor in one.prices.items()
    ]
    tiers = [
        PriceDraft(currency=currency, amount_minor=minor, min_quantity=tier.min_quantity)
        for tier in one.tiers
        for currency, minor in tier.prices.items()
    ]
    return VariantDraft(
        options={option.name["en"]: value["en"] for option, value in zip(product.options, one.options, strict=True)},
        sku=one.sku,
        barcode=one.barcode,
        prices=(*base, *tiers),
        manage_inventory=True,
        allow_backorder=one.allow_backorder,
        weight_grams=one.weight_grams,
        position=place,
    )


async def _finish(
    context: Context, one: DemoProduct, product_id: UUID, places: Mapping[str, UUID], media_ids: Mapping[str, UUID]
) -> None:
    """What a draft cannot say: stock at several places, pictures of our own, Russian texts."""
    stored = {variant.sku: variant for variant in await catalogue.variants_of(context, [product_id])}
    stock = {
        (stored[variant.sku].id, places[code]): quantity
        for variant in one.variants
        for code, quantity in variant.stock.items()
    }
    await inventory.set_many(context, stock, reason="opening")
    await _place_pictures(context, one, product_id, media_ids)
    fields = {
        "title": one.title["ru"],
        "subtitle": one.subtitle["ru"],
        "description": rendering.render(one.description["ru"], rendering.Format.MARKDOWN),
    }
    if one.seo:
        fields |= {"meta_title": one.seo.title["ru"], "meta_description": one.seo.description["ru"]}
    await products.translate(context, product_id, locale="ru", fields=fields)
    options = (await variants.options_of(context, [product_id])).get(product_id, [])
    for option, said in zip(options, one.options, strict=True):
        await variants.translate_option(
            context,
            option.id,
            locale="ru",
            name=said.name["ru"],
            values={value["en"]: value["ru"] for value in said.values},
        )
