"""Products, one or a page of them, for staff."""

from enum import Enum
from typing import Any

import strawberry
from sqlalchemy import Select, or_, select
from strawberry.types import Info

from rustok.commerce import permissions
from rustok.commerce.catalogue import checks
from rustok.commerce.catalogue import service as catalogue
from rustok.commerce.catalogue.models import Product, Variant
from rustok.commerce.categories.models import ProductCategory
from rustok.commerce.products.graphql.types import ProductStatusEnum, ProductType, ProductVariant
from rustok.kernel import errors, graphql, paging
from rustok.kernel.context import Context


@strawberry.enum(name="ProductSort", description="How a list of products is ordered.")
class ProductSort(Enum):
    CREATED_DESC = "created_desc"
    CREATED_ASC = "created_asc"
    UPDATED_DESC = "updated_desc"
    TITLE_ASC = "title_asc"
    TITLE_DESC = "title_desc"


# Ids are ULIDs: their order is the order of creation.
_KEYS: dict[ProductSort, list[paging.Key]] = {
    ProductSort.CREATED_DESC: [(Product.id, paging.DESC)],
    ProductSort.CREATED_ASC: [(Product.id, paging.ASC)],
    ProductSort.UPDATED_DESC: [(Product.updated_at, paging.DESC), (Product.id, paging.DESC)],
    ProductSort.TITLE_ASC: [(Product.title, paging.ASC), (Product.id, paging.ASC)],
    ProductSort.TITLE_DESC: [(Product.title, paging.DESC), (Product.id, paging.DESC)],
}


@strawberry.input(name="ProductWhere", description="Which products; all that is said must hold.")
class ProductWhere:
    ids: list[strawberry.ID] | None = None
    status: ProductStatusEnum | None = None
    vendor: str | None = None
    product_type: str | None = None
    category_id: strawberry.ID | None = strawberry.field(default=None, description="It stands in this very category.")
    featured: bool | None = None


def _matching(context: Context, query: str | None, where: ProductWhere | None) -> Select[Any]:
    statement = select(Product).where(Product.tenant_id == context.tenant_id)
    words = checks.optional_text(query, "query", most=200)
    if words:
        held = select(Variant.product_id).where(
            Variant.tenant_id == context.tenant_id, or_(Variant.sku == words, Variant.barcode == words)
        )
        statement = statement.where(
            or_(
                Product.title.icontains(words, autoescape=True),
                Product.handle.icontains(words, autoescape=True),
                Product.vendor.icontains(words, autoescape=True),
                Product.id.in_(held),
            )
        )
    if where is None:
        return statement
    if where.ids is not None:
        statement = statement.where(Product.id.in_(graphql.to_ids(where.ids)))
    if where.status is not None:
        statement = statement.where(Product.status == where.status.value)
    if where.vendor is not None:
        statement = statement.where(Product.vendor == checks.optional_text(where.vendor, "vendor"))
    if where.product_type is not None:
        statement = statement.where(Product.product_type == checks.optional_text(where.product_type, "productType"))
    if where.featured is not None:
        statement = statement.where(Product.featured.is_(where.featured))
    if where.category_id is not None:
        placed = select(ProductCategory.product_id).where(
            ProductCategory.tenant_id == context.tenant_id,
            ProductCategory.category_id == graphql.to_id(where.category_id),
        )
        statement = statement.where(Product.id.in_(placed))
    return statement


@strawberry.type
class ProductQueries:
    @graphql.query(permission=permissions.PRODUCTS_READ, description="One product, whatever its status.")
    async def product(
        self, context: Context, id: strawberry.ID | None = None, handle: str | None = None
    ) -> ProductType | None:
        if (id is None) == (handle is None):
            raise errors.Invalid("ask by id or by handle", field="id")
        statement = select(Product).where(Product.tenant_id == context.tenant_id)
        if id is not None:
            statement = statement.where(Product.id == graphql.to_id(id))
        else:
            statement = statement.where(Product.handle == (checks.optional_text(handle, "handle") or ""))
        found = await context.session.scalar(statement)
        return None if found is None else ProductType.of(found)

    @graphql.query(permission=permissions.PRODUCTS_READ, description="Products of every status.")
    async def products(
        self,
        context: Context,
        info: Info,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
        query: str | None = None,
        where: ProductWhere | None = None,
        sort: ProductSort = ProductSort.CREATED_DESC,
    ) -> graphql.Connection[ProductType]:
        statement = _matching(context, query, where)
        page = await paging.page(
            context, statement, keys=_KEYS[sort], first=first, after=after, last=last, before=before
        )
        return graphql.connection(info, page, ProductType.of, statement=statement)

    @graphql.query(permission=permissions.PRODUCTS_READ, description="One variant.")
    async def product_variant(self, context: Context, id: strawberry.ID) -> ProductVariant | None:
        try:
            return ProductVariant.of(await catalogue.get_variant(context, graphql.to_id(id)))
        except errors.NotFound:
            return None
