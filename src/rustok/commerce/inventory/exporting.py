"""Stock as a table that staff take away."""

from collections.abc import AsyncIterator, Mapping
from uuid import UUID

from sqlalchemy import select, tuple_

from rustok.commerce import permissions
from rustok.commerce.catalogue.models import Product, Variant
from rustok.commerce.inventory.models import StockLevel, StockLocation
from rustok.kernel.context import Context
from rustok.kernel.module import Export

_PAGE = 1000
_KEY = tuple_(StockLevel.variant_id, StockLevel.location_id)


async def rows(context: Context, filters: Mapping[str, str]) -> AsyncIterator[list[object]]:
    """Every level of every variant, with what it is a level of; `location` is a location's code."""
    statement = (
        select(
            StockLevel.variant_id,
            StockLevel.location_id,
            Variant.sku,
            Product.title,
            Variant.title.label("variant_title"),
            StockLocation.code,
            StockLevel.on_hand,
            StockLevel.reserved,
            StockLevel.updated_at,
        )
        .join(Variant, (Variant.tenant_id == StockLevel.tenant_id) & (Variant.id == StockLevel.variant_id))
        .join(Product, (Product.tenant_id == Variant.tenant_id) & (Product.id == Variant.product_id))
        .join(
            StockLocation,
            (StockLocation.tenant_id == StockLevel.tenant_id) & (StockLocation.id == StockLevel.location_id),
        )
        .where(StockLevel.tenant_id == context.tenant_id)
        .order_by(StockLevel.variant_id, StockLevel.location_id)
        .limit(_PAGE)
    )
    if code := filters.get("location"):
        statement = statement.where(StockLocation.code == code)
    last: tuple[UUID, UUID] | None = None
    while True:
        beyond = statement if last is None else statement.where(last < _KEY)
        page = (await context.session.execute(beyond)).all()
        for variant_id, location_id, sku, title, variant_title, code, on_hand, reserved, updated_at in page:
            yield [variant_id, sku, title, variant_title, code, on_hand, reserved, on_hand - reserved, updated_at]
            last = variant_id, location_id
        if len(page) < _PAGE:
            return


STOCK = Export(
    name="stock",
    permission=permissions.INVENTORY_READ,
    columns=("variant_id", "sku", "product", "variant", "location", "on_hand", "reserved", "available", "updated_at"),
    rows=rows,
    filters=("location",),
)
