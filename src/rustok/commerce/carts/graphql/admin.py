"""How staff look at carts and delete them."""

from datetime import datetime
from enum import Enum
from typing import Any
from uuid import UUID

import strawberry
from sqlalchemy import Select, func, or_, select
from strawberry.types import Info

from rustok.commerce import permissions
from rustok.commerce.carts import rows, viewing
from rustok.commerce.carts.graphql.types import CartKindEnum, CartStatusEnum, CartType
from rustok.commerce.carts.models import Cart, CartLine
from rustok.commerce.catalogue import checks
from rustok.core.rows import is_one_of
from rustok.kernel import errors, graphql, paging
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
    CartSort.CREATED_DESC: [(Cart.created_at, paging.DESC), (Cart.id, paging.DESC)],
    CartSort.CREATED_ASC: [(Cart.created_at, paging.ASC), (Cart.id, paging.ASC)],
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


def _matching(context: Context, query: str | None, where: CartWhere | None) -> Select[Any]:
    statement = select(Cart).where(Cart.tenant_id == context.tenant_id)
    words = checks.optional_text(query, "query", most=200)
    if words:
        statement = statement.where(
            or_(Cart.email.icontains(words, autoescape=True), Cart.name.icontains(words, autoescape=True))
        )
    if where is None:
        return statement
    if where.kind is not None:
        statement = statement.where(Cart.kind == where.kind.value)
    if where.status is not None:
        statement = statement.where(Cart.status == where.status.value)
    if where.customer_id is not None:
        statement = statement.where(Cart.customer_id == graphql.to_id(where.customer_id))
    if where.with_email is not None:
        statement = statement.where(Cart.email.is_not(None) if where.with_email else Cart.email.is_(None))
    if where.variant_id is not None:
        lying = select(CartLine.cart_id).where(
            CartLine.tenant_id == context.tenant_id, CartLine.variant_id == graphql.to_id(where.variant_id)
        )
        statement = statement.where(Cart.id.in_(lying))
    if where.created_before is not None:
        statement = statement.where(Cart.created_at < _zoned(where.created_before))
    if where.created_after is not None:
        statement = statement.where(Cart.created_at > _zoned(where.created_after))
    return statement


def _zoned(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise errors.Invalid("a date needs a time zone", field="where")
    return moment


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
        statement = _matching(context, query, where)
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
