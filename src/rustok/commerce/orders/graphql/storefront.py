"""One order as its buyer reads it: whoever has the token from the confirmation may."""

import strawberry

from rustok.commerce.orders import service
from rustok.commerce.orders.graphql.types import OrderType
from rustok.kernel import graphql
from rustok.kernel.context import Context


@strawberry.type
class BuyerOrderQueries:
    @graphql.query(
        public="the token is 24 random bytes and known to the buyer alone",
        description="The order that a confirmation's link leads to.",
    )
    async def order(self, context: Context, token: str) -> OrderType | None:
        found = await service.by_token(context, token)
        return None if found is None else OrderType.of(found)
