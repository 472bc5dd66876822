"""Whose an order is: a field that orders, who do not know accounts, are given for staff."""

from collections.abc import Sequence
from uuid import UUID

from rustok.commerce import permissions
from rustok.commerce.accounts import listing
from rustok.commerce.accounts.graphql.customers import CustomerType
from rustok.commerce.customers import service
from rustok.commerce.orders.graphql.types import AdminOrder, Edge
from rustok.kernel import graphql
from rustok.kernel.context import Context


@graphql.addition(
    AdminOrder,
    permission=permissions.CUSTOMERS_READ,
    description="Whose account it is in, null for guests; needs the permission to read customers.",
)
async def customer(self: AdminOrder, info: Edge) -> CustomerType | None:
    """The account that the order belongs to."""
    buyer = self.row.customer_id
    return None if buyer is None else await graphql.together(info, _customers, buyer)


async def _customers(context: Context, ids: Sequence[UUID]) -> dict[UUID, CustomerType]:
    profiles = await listing.profiles(context, await service.many(context, ids))
    return {one.customer.id: CustomerType.of(one, context.locale) for one in profiles}
