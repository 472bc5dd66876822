"""Changes of many orders at once by staff."""

import strawberry

from rustok.commerce import permissions
from rustok.commerce.orders import bulk, noting
from rustok.kernel import graphql
from rustok.kernel.context import Context


@strawberry.type
class OrderBulkMutations:
    @graphql.mutation(
        permission=permissions.ORDERS_WRITE,
        description="Send everything that has not been sent, of all of them or, where one cannot be sent, of none.",
    )
    async def orders_bulk_fulfil(self, context: Context, ids: list[strawberry.ID]) -> graphql.BulkPayload:
        return graphql.BulkPayload(count=await bulk.fulfil(context, graphql.to_ids(ids)))

    @graphql.mutation(permission=permissions.ORDERS_WRITE, description="Cancel them, all or none.")
    async def orders_bulk_cancel(
        self, context: Context, ids: list[strawberry.ID], reason: str | None = None, restock: bool = True
    ) -> graphql.BulkPayload:
        count = await bulk.cancel(context, graphql.to_ids(ids), reason=reason, restock=restock)
        return graphql.BulkPayload(count=count)

    @graphql.mutation(permission=permissions.ORDERS_WRITE, description="Put them out of sight; `count` says how many.")
    async def orders_bulk_archive(self, context: Context, ids: list[strawberry.ID]) -> graphql.BulkPayload:
        return graphql.BulkPayload(count=await noting.archive(context, graphql.to_ids(ids)))

    @graphql.mutation(permission=permissions.ORDERS_WRITE, description="Take them out of the archive.")
    async def orders_bulk_unarchive(self, context: Context, ids: list[strawberry.ID]) -> graphql.BulkPayload:
        return graphql.BulkPayload(count=await noting.archive(context, graphql.to_ids(ids), archived=False))

    @graphql.mutation(permission=permissions.ORDERS_WRITE, description="Give them tags besides their own.")
    async def orders_bulk_add_tags(
        self, context: Context, ids: list[strawberry.ID], tags: list[str]
    ) -> graphql.BulkPayload:
        return graphql.BulkPayload(count=await noting.add_tags(context, graphql.to_ids(ids), tags))

    @graphql.mutation(permission=permissions.ORDERS_WRITE, description="Take tags from them.")
    async def orders_bulk_remove_tags(
        self, context: Context, ids: list[strawberry.ID], tags: list[str]
    ) -> graphql.BulkPayload:
        return graphql.BulkPayload(count=await noting.remove_tags(context, graphql.to_ids(ids), tags))
