"""Which products stand in which categories."""

from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from sqlalchemy import delete, literal, select

from rustok.commerce.catalogue import batches
from rustok.commerce.categories.models import Category, ProductCategory
from rustok.core.rows import is_one_of
from rustok.events.commerce import CommerceCategoryRecounted
from rustok.kernel import bus, errors
from rustok.kernel.context import Context


async def place(context: Context, category_ids_by_product: Mapping[UUID, Sequence[UUID]]) -> set[UUID]:
    """Make the products stand in exactly these categories, in this order; returns the products that moved.

    Raises `NotFound` for a category that is not the tenant's. The caller says that the products changed.
    """
    if not category_ids_by_product:
        return set()
    wanted = {product: list(dict.fromkeys(ids)) for product, ids in category_ids_by_product.items()}
    named = {category for ids in wanted.values() for category in ids}
    existing = await context.session.scalars(
        select(Category.id).where(Category.tenant_id == context.tenant_id, is_one_of(Category.id, named))
        if named
        else select(Category.id).where(literal(False))
    )
    if missing := named - set(existing.all()):
        raise errors.NotFound(f"no such category: {min(missing)}", field="categoryIds")
    current = await places_of(context, list(wanted))
    moved = {product: ids for product, ids in wanted.items() if current.get(product, []) != ids}
    if not moved:
        return set()
    await context.session.execute(
        delete(ProductCategory).where(
            ProductCategory.tenant_id == context.tenant_id, is_one_of(ProductCategory.product_id, moved)
        )
    )
    await batches.insert(
        context,
        ProductCategory,
        [
            {"product_id": product, "category_id": category, "position": position}
            for product, ids in moved.items()
            for position, category in enumerate(ids)
        ],
    )
    await recount(context, {c for product in moved for c in {*current.get(product, []), *wanted[product]}})
    return set(moved)


async def places_of(context: Context, product_ids: Sequence[UUID]) -> dict[UUID, list[UUID]]:
    """In which categories the products stand, in order."""
    found: dict[UUID, list[UUID]] = {}
    statement = (
        select(ProductCategory.product_id, ProductCategory.category_id)
        .where(ProductCategory.tenant_id == context.tenant_id, is_one_of(ProductCategory.product_id, product_ids))
        .order_by(ProductCategory.product_id, ProductCategory.position, ProductCategory.id)
    )
    for product, category in (await context.session.execute(statement)).all():
        found.setdefault(product, []).append(category)
    return found


async def recount(context: Context, category_ids: Collection[UUID]) -> None:
    """Say that these categories, and so all above them, hold other products than before."""
    if not category_ids:
        return
    paths = await context.session.scalars(
        select(Category.path).where(Category.tenant_id == context.tenant_id, is_one_of(Category.id, category_ids))
    )
    ids = sorted({category for path in paths.all() for category in path})
    bus.record_many(context, [CommerceCategoryRecounted(category_id=id_) for id_ in ids])


async def recount_for(context: Context, product_ids: Sequence[UUID]) -> None:
    """Say that these products appeared in their categories or vanished from them."""
    if product_ids:
        standing = await places_of(context, product_ids)
        await recount(context, {category for ids in standing.values() for category in ids})
