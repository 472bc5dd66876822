"""What every feature of the shop asks about products and variants."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import select

from rustok.commerce.catalogue.models import Product, Variant
from rustok.core.rows import is_one_of
from rustok.kernel import errors
from rustok.kernel.context import Context


async def get_product(context: Context, product_id: UUID, *, lock: bool = False) -> Product:
    """The product; raises `NotFound`. With `lock`, nobody else changes it until the transaction ends."""
    found = await context.session.get(
        Product,
        (context.tenant_id, product_id),
        with_for_update={"key_share": True} if lock else None,
        populate_existing=True,
    )
    if found is None:
        raise errors.NotFound("no such product", field="id")
    return found


async def get_variant(context: Context, variant_id: UUID, *, lock: bool = False) -> Variant:
    """The variant; raises `NotFound`."""
    found = await context.session.get(
        Variant,
        (context.tenant_id, variant_id),
        with_for_update={"key_share": True} if lock else None,
        populate_existing=True,
    )
    if found is None:
        raise errors.NotFound("no such variant", field="variantId")
    return found


async def lock_variants(context: Context, variant_ids: Collection[UUID]) -> dict[UUID, Variant]:
    """The variants, locked in one order for everybody; raises `NotFound` when one is missing."""
    found = await context.session.scalars(
        select(Variant)
        .where(Variant.tenant_id == context.tenant_id, is_one_of(Variant.id, variant_ids))
        .order_by(Variant.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    variants = {variant.id: variant for variant in found.all()}
    if missing := set(variant_ids) - variants.keys():
        raise errors.NotFound(f"no such variant: {min(missing)}", field="variantId")
    return variants


async def variants(context: Context, variant_ids: Collection[UUID]) -> list[Variant]:
    """The variants as they stand, not locked; raises `NotFound` when one is missing."""
    found = await present(context, variant_ids)
    if missing := set(variant_ids) - {variant.id for variant in found}:
        raise errors.NotFound(f"no such variant: {min(missing)}", field="variantId")
    return found


async def present(context: Context, variant_ids: Collection[UUID]) -> list[Variant]:
    """Those of the variants that there still are."""
    found = await context.session.scalars(
        select(Variant).where(Variant.tenant_id == context.tenant_id, is_one_of(Variant.id, variant_ids))
    )
    return list(found.all())


async def on_sale(context: Context, variant_ids: Collection[UUID]) -> list[Variant]:
    """The variants as shoppers may see them; raises `NotFound` when one is missing or its product not published."""
    found = await context.session.scalars(
        select(Variant)
        .join(Product, (Product.tenant_id == Variant.tenant_id) & (Product.id == Variant.product_id))
        .where(
            Variant.tenant_id == context.tenant_id, is_one_of(Variant.id, variant_ids), Product.status == "published"
        )
    )
    present = list(found.all())
    if missing := set(variant_ids) - {variant.id for variant in present}:
        raise errors.NotFound(f"no such variant: {min(missing)}", field="variantId")
    return present


async def variants_of(context: Context, product_ids: Collection[UUID]) -> list[Variant]:
    """The variants of the products, in the order shoppers see them."""
    found = await context.session.scalars(
        select(Variant)
        .where(Variant.tenant_id == context.tenant_id, is_one_of(Variant.product_id, product_ids))
        .order_by(Variant.product_id, Variant.position, Variant.id)
        .execution_options(populate_existing=True)
    )
    return list(found.all())
