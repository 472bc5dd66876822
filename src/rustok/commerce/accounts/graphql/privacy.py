"""Customers' data in GraphQL, for staff who are asked for it or for its end."""

import strawberry

from rustok.commerce import permissions
from rustok.core.privacy import service as privacy
from rustok.core.privacy.graphql import ErasurePayload
from rustok.kernel import graphql
from rustok.kernel.context import Context


@strawberry.type
class CustomerDataQueries:
    @graphql.query(
        permission=permissions.CUSTOMERS_MANAGE,
        description="Everything that is stored about a customer. What belongs to the e-mail address alone is in it once"
        " that is verified.",
    )
    async def customer_data_export(self, context: Context, id: strawberry.ID) -> graphql.JSON:
        subject = await privacy.of_account(context, graphql.to_id(id))
        return graphql.JSON(await privacy.export(context, subject))

    @graphql.query(
        permission=permissions.CUSTOMERS_MANAGE,
        description="Everything that is stored about a guest: make sure that whoever asks reads the address's mail.",
    )
    async def guest_data_export(self, context: Context, email: str) -> graphql.JSON:
        return graphql.JSON(await privacy.export(context, await privacy.of_guest(context, email)))


@strawberry.type
class CustomerDataMutations:
    @graphql.mutation(
        permission=permissions.CUSTOMERS_DELETE,
        description="Erase a customer's data for good. What the books need stays, without a name. Refused while orders"
        " are open.",
    )
    async def customer_erase(self, context: Context, id: strawberry.ID) -> ErasurePayload:
        await privacy.erase(context, await privacy.of_account(context, graphql.to_id(id)))
        return ErasurePayload(erased=True)

    @graphql.mutation(permission=permissions.CUSTOMERS_DELETE, description="The same for a guest, by the address.")
    async def guest_erase(self, context: Context, email: str) -> ErasurePayload:
        await privacy.erase(context, await privacy.of_guest(context, email))
        return ErasurePayload(erased=True)
