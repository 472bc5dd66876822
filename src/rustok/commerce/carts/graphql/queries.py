"""How buyers ask for their carts."""

import strawberry

from rustok.commerce.carts import rows, viewing
from rustok.commerce.carts.graphql.types import CartKindEnum, CartType
from rustok.kernel import errors, graphql
from rustok.kernel.context import Context


@strawberry.type
class CartQueries:
    @graphql.query(
        public="a guest's cart has a random id that nobody can guess; a customer's is shown to the customer alone",
        description="The cart at present prices; null when there is none that you may see.",
    )
    async def cart(self, context: Context, id: strawberry.ID) -> CartType | None:
        found = await viewing.look(context, graphql.to_id(id))
        return None if found is None else CartType.of(found, context.locale)

    @graphql.query(
        public="only the acting customer's own",
        description="The customer's open carts and wish lists, the one changed last first.",
    )
    async def carts(self, context: Context, kind: CartKindEnum | None = None) -> list[CartType]:
        if context.actor.kind != "user":
            raise errors.Unauthenticated("log in first")
        found = [one for one in await rows.mine(context) if kind is None or one.kind.value == kind.value]
        return [CartType.of(one, context.locale) for one in await viewing.view_all(context, found)]
