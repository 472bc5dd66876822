"""Prices as a table that staff take away."""

from collections.abc import AsyncIterator, Mapping
from uuid import UUID

from sqlalchemy import select

from rustok.commerce import permissions
from rustok.commerce.catalogue.models import Product, Variant
from rustok.commerce.pricing.models import Price, PriceList
from rustok.kernel.context import Context
from rustok.kernel.module import Export
from rustok.kernel.money import Money

_PAGE = 1000


async def rows(context: Context, filters: Mapping[str, str]) -> AsyncIterator[list[object]]:
    """Every price; `price_list` is a list's code (`base` for the base prices), `currency` narrows it as well."""
    statement = (
        select(
            Price.id,
            Price.variant_id,
            Variant.sku,
            Product.title,
            Variant.title.label("variant_title"),
            PriceList.code,
            Price.currency,
            Price.min_quantity,
            Price.amount_minor,
            Price.compare_at_minor,
        )
        .join(Variant, (Variant.tenant_id == Price.tenant_id) & (Variant.id == Price.variant_id))
        .join(Product, (Product.tenant_id == Variant.tenant_id) & (Product.id == Variant.product_id))
        .outerjoin(PriceList, (PriceList.tenant_id == Price.tenant_id) & (PriceList.id == Price.price_list_id))
        .where(Price.tenant_id == context.tenant_id)
        .order_by(Price.id)
        .limit(_PAGE)
    )
    if code := filters.get("price_list"):
        statement = statement.where(Price.price_list_id.is_(None) if code == "base" else PriceList.code == code)
    if currency := filters.get("currency"):
        statement = statement.where(Price.currency == currency)
    last: UUID | None = None
    while True:
        beyond = statement if last is None else statement.where(Price.id > last)
        page = (await context.session.execute(beyond)).all()
        for row in page:
            before = row.compare_at_minor
            yield [
                row.variant_id,
                row.sku,
                row.title,
                row.variant_title,
                row.code,
                row.currency,
                row.min_quantity,
                Money(row.amount_minor, row.currency).amount,
                None if before is None else Money(before, row.currency).amount,
            ]
            last = row.id
        if len(page) < _PAGE:
            return


PRICES = Export(
    name="prices",
    permission=permissions.PRICES_READ,
    columns=(
        "variant_id",
        "sku",
        "product",
        "variant",
        "price_list",
        "currency",
        "min_quantity",
        "price",
        "compare_at",
    ),
    rows=rows,
    filters=("price_list", "currency"),
)
