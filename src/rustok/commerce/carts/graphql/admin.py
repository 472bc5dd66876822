"""How staff look at carts and delete them."""

from datetime import datetime
from enum import Enum
from typing import Any
from uuid import UUID

import strawberry
from sqlalchemy import func, select
from strawberry.types import Info

from rustok.commerce import permissions
from rustok.commerce.carts import listing, rows, viewing
from rustok.commerce.carts.graphql.types import CartKindEnum, CartStatusEnum, CartType
from rustok.commerce.carts.models import Cart, CartKind, CartLine, CartStatus
from rustok.core.rows import is_one_of
from rustok.kernel import graphql, paging
from rustok.kernel.context import Context


@strawberry.type(description="A cart in a list: without prices.")
class CartSummary:
    id: strawberry.ID
    kind: CartKindEnum
    status: CartStatusEnum
    name: str | None
    customer_id: strawberry.ID | None
    email: str | None
    currency: str
    order_id: strawberry.ID | None
    line_count: int
    total_quantity: int
    created_at: datetime
    updated_at: datetime
    expires_at: datetime | None

    @classmethod
    def of(cls, cart: Cart, counts: dict[UUID, tuple[int, int]]) -> "CartSummary":
        """From the cart and how many lines and pieces lie in it."""
        lines, pieces = counts.get(cart.id, (0, 0))
        return cls(
            id=strawberry.ID(str(cart.id)),
            kind=CartKindEnum(cart.kind),
            status=CartStatusEnum(cart.status),
            name=cart.name,
            customer_id=strawberry.ID(str(cart.customer_id)) if cart.customer_id else None,
            email=cart.email,
            currency=cart.currency,
            order_id=strawberry.ID(str(cart.order_id)) if cart.order_id else None,
            line_count=lines,
            total_quantity=pieces,
            created_at=cart.created_at,
            updated_at=cart.updated_at,
            expires_at=cart.expires_at,
        )


@strawberry.enum(name="CartSort", description="How a list of carts is ordered.")
class CartSort(Enum):
    CREATED_DESC = "created_desc"
    CREATED_ASC = "created_asc"


_KEYS: dict[CartSort, list[paging.Key]] = {
    CartSort.CREATED_DESC: listing.NEWEST_FIRST,
    CartSort.CREATED_ASC: listing.OLDEST_FIRST,
}


@strawberry.input(name="CartWhere", description="Which carts; all that is said must hold.")
class CartWhere:
    kind: CartKindEnum | None = None
    status: CartStatusEnum | None = None
    customer_id: strawberry.ID | None = None
    with_email: bool | None = strawberry.field(default=None, description="An address was given: it can be followed up.")
    variant_id: strawberry.ID | None = strawberry.field(default=None, description="Pieces of this variant lie in it.")
    created_before: datetime | None = None
    created_after: datetime | None = None

    def value(self, query: str | None) -> listing.Wanted:
        """As the service takes it."""
        return listing.Wanted(
            query=query,
            kind=self.kind and CartKind(self.kind.value),
            status=self.status and CartStatus(self.status.value),
            customer_id=graphql.to_id(self.customer_id) if self.customer_id else None,
            with_email=self.with_email,
            variant_id=graphql.to_id(self.variant_id) if self.variant_id else None,
            created_before=self.created_before,
            created_after=self.created_after,
        )


async def _counts(context: Context, cart_ids: list[UUID]) -> dict[UUID, tuple[int, int]]:
    found = await context.session.execute(
        select(CartLine.cart_id, func.count(), func.sum(CartLine.quantity))
        .where(CartLine.tenant_id == context.tenant_id, is_one_of(CartLine.cart_id, cart_ids))
        .group_by(CartLine.cart_id)
    )
    return {id_: (lines, pieces) for id_, lines, pieces in found.all()}


@strawberry.type
class CartAdminQueries:
    @graphql.query(permission=permissions.CARTS_READ, description="One cart as its buyer sees it.")
    async def cart(self, context: Context, id: strawberry.ID) -> CartType | None:
        found = await viewing.look(context, graphql.to_id(id), anybodys=True)
        return None if found is None else CartType.of(found, context.locale)

    @graphql.query(permission=permissions.CARTS_READ, description="Carts and wish lists that have not expired.")
    async def carts(
        self,
        context: Context,
        info: Info,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
        query: str | None = None,
        where: CartWhere | None = None,
        sort: CartSort = CartSort.CREATED_DESC,
    ) -> graphql.Connection[CartSummary]:
        statement = listing.matching(context, (where or CartWhere()).value(query))
        page = await paging.page(
            context, statement, keys=_KEYS[sort], first=first, after=after, last=last, before=before
        )
        counts = await _counts(context, [row.id for row in page.rows])

        def of(row: Any) -> CartSummary:
            return CartSummary.of(row, counts)

        return graphql.connection(info, page, of, statement=statement)


@strawberry.type
class CartAdminMutations:
    @graphql.mutation(permission=permissions.CARTS_WRITE, description="Delete carts, whoever's they are.")
    async def carts_bulk_delete(self, context: Context, ids: list[strawberry.ID]) -> graphql.BulkPayload:
        return graphql.BulkPayload(count=await rows.delete(context, graphql.to_ids(ids)))
