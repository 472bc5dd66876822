"""What can be done with products: make, change, publish, archive, copy and remove them."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, TypedDict, Unpack
from uuid import UUID

from sqlalchemy import delete, or_, select, update

from rustok.commerce.catalogue import checks, clashes
from rustok.commerce.catalogue import service as catalogue
from rustok.commerce.catalogue.models import Product, Variant
from rustok.commerce.categories import placing
from rustok.commerce.categories import service as categories
from rustok.commerce.inventory import service as inventory
from rustok.commerce.products import pictures
from rustok.commerce.products.drafts import ProductStatus
from rustok.commerce.products.models import ProductOption
from rustok.core.content import rendering
from rustok.core.redirects import service as redirects
from rustok.core.rows import is_one_of
from rustok.core.seo import service as seo
from rustok.core.tags import service as tags
from rustok.core.translations import service as translations
from rustok.events.commerce import ProductCreated, ProductDeleted, ProductPublished, ProductUpdated, VariantDeleted
from rustok.kernel import bus, errors, slugs
from rustok.kernel.context import Context
from rustok.kernel.ids import generate_id

TARGET = "product"
OPTION_TARGET = "product_option"
VARIANT_TARGET = "variant"


class HandleTaken(errors.Conflict):
    """Another product has this handle."""

    code = "handle_taken"


class ProductPromised(errors.Conflict):
    """Pieces of the product are promised to buyers, so it cannot vanish; it can be archived."""

    code = "product_promised"


class ProductFacts(TypedDict, total=False):
    """What can be said of a product besides its title."""

    subtitle: str | None
    handle: str
    description: str | None
    vendor: str | None
    product_type: str | None
    discountable: bool
    featured: bool
    metadata: Mapping[str, Any]
    external_key: str | None


class ProductChanges(ProductFacts, total=False):
    """What of a product can be changed; what is absent stays."""

    title: str


async def create(context: Context, *, title: str, **given: Unpack[ProductFacts]) -> Product:
    """Add a draft; its handle is made from the title where none is given. Raises `HandleTaken`, `Invalid`."""
    title = checks.text(title, "title")
    handle = checks.handle(given.get("handle"), title)
    if not given.get("handle"):
        handle = slugs.unique(handle, await handles_like(context, [handle]))
    product = Product(
        tenant_id=context.tenant_id,
        id=generate_id(),
        title=title,
        handle=handle,
        status=ProductStatus.DRAFT,
        version=1,
        discountable=True,
        featured=False,
        details={},
    )
    _apply(product, given)
    context.session.add(product)
    await _flush(context, product)
    await redirects.claimed(context, TARGET, [product.handle])
    await context.session.refresh(product)
    bus.record(context, ProductCreated(product_id=product.id))
    return product


async def change(
    context: Context, product_id: UUID, *, version: int | None = None, **changes: Unpack[ProductChanges]
) -> Product:
    """Change what is given. A new handle leaves a redirect. Raises `NotFound`, `Stale`, `HandleTaken`, `Invalid`."""
    product = await catalogue.get_product(context, product_id, lock=True)
    checks.version(product.version, version)
    old = product.handle
    if "title" in changes:
        product.title = checks.text(changes["title"], "title")
    if "handle" in changes:
        product.handle = slugs.check_slug(changes["handle"], field="handle")
    _apply(product, changes)
    await changed(context, product)
    if product.handle != old:
        await redirects.moved(context, TARGET, product.id, old=old, new=product.handle)
    return product


async def changed(context: Context, product: Product) -> None:
    """Write a locked product as its next version, and say so."""
    product.version += 1
    product.updated_at = context.now
    await _flush(context, product)
    bus.record(context, ProductUpdated(product_id=product.id))


async def publish(context: Context, product_id: UUID, *, version: int | None = None) -> Product:
    """Let shoppers see it. Raises `NotFound`, `Stale`."""
    return await _set_status(context, product_id, ProductStatus.PUBLISHED, version)


async def unpublish(context: Context, product_id: UUID, *, version: int | None = None) -> Product:
    """Make it a draft again. Raises `NotFound`, `Stale`."""
    return await _set_status(context, product_id, ProductStatus.DRAFT, version)


async def archive(context: Context, product_id: UUID, *, version: int | None = None) -> Product:
    """Keep it, but sell it no more. Raises `NotFound`, `Stale`."""
    return await _set_status(context, product_id, ProductStatus.ARCHIVED, version)


async def _set_status(context: Context, product_id: UUID, status: ProductStatus, version: int | None) -> Product:
    product = await catalogue.get_product(context, product_id, lock=True)
    checks.version(product.version, version)
    await set_status_many(context, [product_id], status)
    await context.session.refresh(product)
    return product


async def set_status_many(
    context: Context, ids: Sequence[UUID], status: ProductStatus, *, published_at: datetime | None = None
) -> int:
    """Publish, unpublish or archive those that there are and stand otherwise; returns how many."""
    found = await context.session.scalars(
        select(Product.id)
        .where(Product.tenant_id == context.tenant_id, is_one_of(Product.id, checks.ids(ids)), Product.status != status)
        .order_by(Product.id)
        .with_for_update(key_share=True)
    )
    moved = list(found.all())
    if not moved:
        return 0
    values: dict[str, Any] = {"status": status, "version": Product.version + 1, "updated_at": context.now}
    await context.session.execute(
        update(Product)
        .where(Product.tenant_id == context.tenant_id, is_one_of(Product.id, moved))
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    if status is ProductStatus.PUBLISHED:
        await context.session.execute(
            update(Product)
            .where(Product.tenant_id == context.tenant_id, is_one_of(Product.id, moved), Product.published_at.is_(None))
            .values(published_at=published_at or context.now, updated_at=context.now)
            .execution_options(synchronize_session=False)
        )
        bus.record_many(context, [ProductPublished(product_id=id_) for id_ in moved])
    else:
        bus.record_many(context, [ProductUpdated(product_id=id_) for id_ in moved])
    await placing.recount_for(context, moved)
    return len(moved)


async def set_categories(
    context: Context, product_id: UUID, category_ids: Sequence[UUID], *, version: int | None = None
) -> Product:
    """Make the product stand in exactly these categories, in this order. Raises `NotFound` for each side, `Stale`."""
    product = await catalogue.get_product(context, product_id, lock=True)
    checks.version(product.version, version)
    if await placing.place(context, {product_id: checks.ids(category_ids, most=100)}):
        await changed(context, product)
    return product


async def add_to_category_many(context: Context, ids: Sequence[UUID], category_id: UUID) -> int:
    """Put products into one more category; returns how many were not there before."""
    await categories.get(context, category_id)
    standing = await _places(context, ids)
    moved = {id_: [*held, category_id] for id_, held in standing.items() if category_id not in held}
    return await _place_many(context, moved)


async def remove_from_category_many(context: Context, ids: Sequence[UUID], category_id: UUID) -> int:
    """Take products out of a category; returns how many were there."""
    await categories.get(context, category_id)
    standing = await _places(context, ids)
    moved = {id_: [one for one in held if one != category_id] for id_, held in standing.items() if category_id in held}
    return await _place_many(context, moved)


async def set_tags(context: Context, product_id: UUID, names: Sequence[str]) -> Product:
    """Let the product carry exactly these tags. Raises `NotFound`, `InvalidTag`."""
    product = await catalogue.get_product(context, product_id)
    await tags.set_tags(context, TARGET, product_id, names=names)
    return product


async def add_tags_many(context: Context, ids: Sequence[UUID], names: Sequence[str]) -> int:
    """Let those products that there are carry these tags besides their own; returns how many there are."""
    present = await _lock(context, ids)
    carried = await tags.names(context, TARGET, present)
    await tags.set_many(context, TARGET, {id_: [*carried.get(id_, ()), *names] for id_ in present})
    return len(present)


async def remove_tags_many(context: Context, ids: Sequence[UUID], names: Sequence[str]) -> int:
    """Take these tags from those products that there are; returns how many there are."""
    gone = {name.strip().casefold() for name in names}
    present = await _lock(context, ids)
    carried = await tags.names(context, TARGET, present)
    kept = {id_: [name for name in carried.get(id_, ()) if name.casefold() not in gone] for id_ in present}
    await tags.set_many(context, TARGET, kept)
    return len(present)


async def set_seo(context: Context, product_id: UUID, meta: seo.Meta) -> seo.Meta:
    """Say what search engines are told of the product. Raises `NotFound`, `InvalidMeta`."""
    await catalogue.get_product(context, product_id)
    return await seo.set_meta(context, TARGET, product_id, meta=meta)


async def translate(context: Context, product_id: UUID, *, locale: str, fields: translations.Fields) -> Product:
    """Say title, subtitle and description in another language. Raises `NotFound`, `UnknownLocale`, `Invalid`."""
    product = await catalogue.get_product(context, product_id)
    known = {"title", "subtitle", "description", "meta_title", "meta_description", "og_title", "og_description"}
    if strange := sorted(set(fields) - known):
        raise errors.Invalid(f"a product has no text {strange[0][:64]!r}", field="fields")
    await translations.set_fields(context, TARGET, product_id, locale=locale, fields=fields)
    return product


async def remove(context: Context, product_id: UUID, *, version: int | None = None) -> None:
    """Remove a product with all that belongs to it. Raises `NotFound`, `Stale`, `ProductPromised`."""
    product = await catalogue.get_product(context, product_id, lock=True)
    checks.version(product.version, version)
    await remove_many(context, [product_id])


async def remove_many(context: Context, ids: Collection[UUID]) -> int:
    """Remove those that there are; returns how many. Raises `ProductPromised` and removes none."""
    present = await _lock(context, list(ids))
    if not present:
        return 0
    variants = await catalogue.variants_of(context, present)
    if promised := await inventory.promised(context, [variant.id for variant in variants]):
        which = next(variant for variant in variants if variant.id in promised)
        raise ProductPromised(f"pieces of {which.title!r} are promised to buyers: archive the product instead")
    options = await context.session.scalars(
        select(ProductOption.id).where(
            ProductOption.tenant_id == context.tenant_id, is_one_of(ProductOption.product_id, present)
        )
    )
    await placing.recount_for(context, present)
    await tags.detach_all(context, TARGET, present)
    await seo.delete_all(context, TARGET, present)
    await redirects.forget(context, TARGET, present)
    await translations.delete_all(context, TARGET, present)
    await translations.delete_all(context, OPTION_TARGET, list(options.all()))
    await translations.delete_all(context, VARIANT_TARGET, [variant.id for variant in variants])
    bus.record_many(context, [VariantDeleted(variant_id=v.id, product_id=v.product_id) for v in variants])
    bus.record_many(context, [ProductDeleted(product_id=id_) for id_ in present])
    await context.session.execute(
        delete(Product)
        .where(Product.tenant_id == context.tenant_id, is_one_of(Product.id, present))
        .execution_options(synchronize_session=False)
    )
    gone = {*present, *(variant.id for variant in variants)}
    for one in list(context.session):
        if isinstance(one, Product | Variant) and one.id in gone:
            context.session.expunge(one)
    return len(present)


async def find_by_handle(context: Context, handle: str) -> Product | None:
    """The product of that handle, or None."""
    found: Product | None = await context.session.scalar(
        select(Product).where(Product.tenant_id == context.tenant_id, Product.handle == handle)
    )
    return found


async def handles_like(context: Context, handles: Collection[str]) -> set[str]:
    """Handles of products that are one of these, or one of these with a number behind."""
    if not handles:
        return set()
    patterns = [Product.handle.startswith(handle[:240] + "-", autoescape=True) for handle in handles]
    found = await context.session.scalars(
        select(Product.handle).where(
            Product.tenant_id == context.tenant_id, or_(Product.handle.in_(list(handles)), *patterns)
        )
    )
    return set(found.all())


def describe(product: Product, description: str | None) -> None:
    """Give the product a description: sanitised HTML, and its text for searching."""
    product.description, product.description_text = described(description)


def described(description: str | None) -> tuple[str | None, str | None]:
    """Sanitised HTML and its plain text."""
    source = checks.optional_text(description, "description", most=checks.LONGEST_DESCRIPTION)
    if source is None:
        return None, None
    html = rendering.render(source, "html", field="description")
    return html, rendering.plain_text(html)


def _apply(product: Product, changes: ProductFacts) -> None:
    if "subtitle" in changes:
        product.subtitle = checks.optional_text(changes["subtitle"], "subtitle")
    if "description" in changes:
        describe(product, changes["description"])
    if "vendor" in changes:
        product.vendor = checks.optional_text(changes["vendor"], "vendor")
    if "product_type" in changes:
        product.product_type = checks.optional_text(changes["product_type"], "productType")
    if "metadata" in changes:
        product.details = checks.metadata(changes["metadata"])
    if "external_key" in changes:
        product.external_key = checks.optional_text(changes["external_key"], "externalKey")
    product.discountable = changes.get("discountable", product.discountable)
    product.featured = changes.get("featured", product.featured)


async def _lock(context: Context, ids: Sequence[UUID]) -> list[UUID]:
    found = await context.session.scalars(
        select(Product.id)
        .where(Product.tenant_id == context.tenant_id, is_one_of(Product.id, checks.ids(ids)))
        .order_by(Product.id)
        .with_for_update(key_share=True)
    )
    return list(found.all())


async def _places(context: Context, ids: Sequence[UUID]) -> dict[UUID, list[UUID]]:
    present = await _lock(context, ids)
    standing = await placing.places_of(context, present)
    return {id_: standing.get(id_, []) for id_ in present}


async def _place_many(context: Context, moved: Mapping[UUID, Sequence[UUID]]) -> int:
    placed = sorted(await placing.place(context, moved))
    await context.session.execute(
        update(Product)
        .where(Product.tenant_id == context.tenant_id, is_one_of(Product.id, placed))
        .values(version=Product.version + 1, updated_at=context.now)
        .execution_options(synchronize_session=False)
    )
    bus.record_many(context, [ProductUpdated(product_id=id_) for id_ in placed])
    return len(placed)


async def set_images(
    context: Context, product_id: UUID, media_ids: Sequence[UUID], *, version: int | None = None
) -> Product:
    """Make these the product's pictures, in this order. Raises `NotFound` for each side, `Stale`."""
    product = await catalogue.get_product(context, product_id, lock=True)
    checks.version(product.version, version)
    if await pictures.place(context, {product_id: checks.ids(media_ids, most=250)}):
        await changed(context, product)
    return product


async def _flush(context: Context, product: Product) -> None:
    with clashes.told_as(
        uq_commerce_products_handle=HandleTaken(
            f"the handle {product.handle!r} belongs to another product", field="handle"
        ),
        uq_commerce_products_external_key=errors.Conflict("another product has this external key", field="externalKey"),
    ):
        await context.session.flush()
