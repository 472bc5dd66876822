"""A copy of a product, as a draft: everything that is said of it, but neither its stock nor its address."""

from uuid import UUID

from sqlalchemy import inspect

from rustok.commerce.catalogue import batches, checks
from rustok.commerce.catalogue import service as catalogue
from rustok.commerce.catalogue.models import Product, Variant
from rustok.commerce.categories import placing
from rustok.commerce.pricing import service as pricing
from rustok.commerce.products import pictures, service, variants
from rustok.commerce.products.models import ProductOption
from rustok.core.seo import service as seo
from rustok.core.tags import service as tags
from rustok.core.translations import service as translations
from rustok.events.commerce import VariantCreated
from rustok.kernel import bus
from rustok.kernel.context import Context
from rustok.kernel.ids import generate_id

_OWN = frozenset({"tenant_id", "id", "product_id", "created_at", "updated_at"})


async def duplicate(context: Context, product_id: UUID, *, title: str | None = None) -> Product:
    """Copy the product as a draft with a handle of its own. Raises `NotFound`."""
    source = await catalogue.get_product(context, product_id)
    copy = await service.create(
        context,
        title=title or f"{source.title[:240]} (copy)",
        subtitle=source.subtitle,
        vendor=source.vendor,
        product_type=source.product_type,
        discountable=source.discountable,
        metadata=source.details,
    )
    copy.description, copy.description_text = source.description, source.description_text
    await context.session.flush()
    await _copy_options(context, product_id, copy.id)
    await _copy_variants(context, product_id, copy.id)
    await pictures.place(context, {copy.id: (await pictures.of(context, [product_id])).get(product_id, [])})
    standing = await placing.places_of(context, [product_id])
    await placing.place(context, {copy.id: standing.get(product_id, [])})
    carried = await tags.names(context, service.TARGET, [product_id])
    await tags.set_tags(context, service.TARGET, copy.id, names=carried.get(product_id, []))
    # A copy that named the original as its canonical address would hide itself from search engines.
    meta = await seo.get(context, service.TARGET, product_id)
    await seo.set_meta(
        context,
        service.TARGET,
        copy.id,
        meta=seo.Meta(title=meta.title, description=meta.description, keywords=meta.keywords),
    )
    await _copy_texts(context, service.TARGET, product_id, copy.id)
    await context.session.refresh(copy)
    return copy


async def _copy_options(context: Context, source: UUID, target: UUID) -> None:
    for option in (await variants.options_of(context, [source])).get(source, []):
        id_ = generate_id()
        row = {"id": id_, "product_id": target, "name": option.name, "values": option.values}
        await batches.insert(context, ProductOption, [{**row, "position": option.position}])
        await _copy_texts(context, service.OPTION_TARGET, option.id, id_)


async def _copy_variants(context: Context, source: UUID, target: UUID) -> None:
    originals = await catalogue.variants_of(context, [source])
    prices = await pricing.prices_of(context, [variant.id for variant in originals])
    columns = [column.key for column in inspect(Variant).column_attrs if column.key not in _OWN]
    copied: dict[UUID, list[pricing.PriceRow]] = {}
    for original in originals:
        variant = Variant(
            tenant_id=context.tenant_id,
            id=generate_id(),
            product_id=target,
            **{name: getattr(original, name) for name in columns},
        )
        context.session.add(variant)
        bus.record(context, VariantCreated(variant_id=variant.id, product_id=target))
        copied[variant.id] = [pricing.row_of(price) for price in prices.get(original.id, [])]
        checks.whole(len(copied), "variants", most=checks.MOST_VARIANTS)
    await context.session.flush()
    await pricing.insert(context, copied)


async def _copy_texts(context: Context, target_type: str, source: UUID, target: UUID) -> None:
    for locale, fields in (await translations.get(context, target_type, source)).items():
        if locale in context.tenant.locales:
            await translations.set_fields(context, target_type, target, locale=locale, fields=fields)
