"""Which pictures belong to which products, in which order."""

from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from sqlalchemy import delete, select

from rustok.commerce.catalogue import batches, clashes
from rustok.commerce.products.models import ProductImage
from rustok.core.rows import is_one_of
from rustok.kernel import errors
from rustok.kernel.context import Context


async def place(context: Context, media_ids: Mapping[UUID, Sequence[UUID]]) -> set[UUID]:
    """Make these the products' pictures, in order; returns the products that had others. Raises `NotFound`."""
    wanted = {product: list(dict.fromkeys(ids)) for product, ids in media_ids.items()}
    current = await of(context, wanted)
    moved = {product: ids for product, ids in wanted.items() if current.get(product, []) != ids}
    if not moved:
        return set()
    if any(current.get(product) for product in moved):
        await context.session.execute(
            delete(ProductImage)
            .where(ProductImage.tenant_id == context.tenant_id, is_one_of(ProductImage.product_id, moved))
            .execution_options(synchronize_session=False)
        )
    missing = errors.NotFound("no such picture", field="mediaIds")
    with clashes.told_as(fk_commerce_product_images_media=missing):
        await batches.insert(
            context,
            ProductImage,
            [
                {"product_id": product, "media_id": media_id, "position": position}
                for product, ids in moved.items()
                for position, media_id in enumerate(ids)
            ],
        )
    return set(moved)


async def of(context: Context, product_ids: Collection[UUID]) -> dict[UUID, list[UUID]]:
    """The pictures of the products, in order."""
    found: dict[UUID, list[UUID]] = {}
    statement = (
        select(ProductImage.product_id, ProductImage.media_id)
        .where(ProductImage.tenant_id == context.tenant_id, is_one_of(ProductImage.product_id, product_ids))
        .order_by(ProductImage.product_id, ProductImage.position, ProductImage.id)
    )
    for product, media_id in (await context.session.execute(statement)).all():
        found.setdefault(product, []).append(media_id)
    return found
