"""How staff have letters written."""

import strawberry

from rustok.commerce import permissions
from rustok.commerce.messages import confirming
from rustok.commerce.orders.graphql.mutations import OrderPayload
from rustok.commerce.orders.graphql.types import AdminOrder
from rustok.kernel import graphql
from rustok.kernel.context import Context


@strawberry.type
class OrderMessageMutations:
    @graphql.mutation(
        permission=permissions.ORDERS_WRITE,
        description="Write an order's confirmation once more, to its buyer or to another address.",
    )
    async def order_confirmation_resend(
        self, context: Context, order_id: strawberry.ID, to: str | None = None
    ) -> OrderPayload:
        return OrderPayload(order=AdminOrder.of(await confirming.resend(context, graphql.to_id(order_id), to=to)))


ADMIN_QUERIES: list[type] = []
ADMIN_MUTATIONS: list[type] = [OrderMessageMutations]
