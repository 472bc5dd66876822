"""What staff do to an order."""

import strawberry

from rustok.commerce import permissions
from rustok.commerce.orders import settling
from rustok.commerce.orders.graphql.types import AdminOrder
from rustok.kernel import graphql
from rustok.kernel.context import Context


@strawberry.type
class OrderPayload:
    order: AdminOrder | None = None
    user_errors: list[graphql.UserError] = strawberry.field(default_factory=list)


@strawberry.type
class OrderMutations:
    @graphql.mutation(
        permission=permissions.ORDERS_WRITE, description="Accept a pending order whose money will come later."
    )
    async def order_confirm(self, context: Context, id: strawberry.ID, version: int) -> OrderPayload:
        return OrderPayload(order=AdminOrder.of(await settling.confirm(context, graphql.to_id(id), version=version)))
