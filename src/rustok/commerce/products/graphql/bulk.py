"""Changes of many products at once by staff. Ids that there are not are passed over; `count` says how many changed."""

import strawberry

from rustok.commerce import permissions
from rustok.commerce.products import service
from rustok.commerce.products.drafts import ProductStatus
from rustok.kernel import graphql
from rustok.kernel.context import Context


@strawberry.type
class ProductBulkMutations:
    @graphql.mutation(permission=permissions.PRODUCTS_PUBLISH, description="Let shoppers see them.")
    async def products_bulk_publish(self, context: Context, ids: list[strawberry.ID]) -> graphql.BulkPayload:
        return await _turn(context, ids, ProductStatus.PUBLISHED)

    @graphql.mutation(permission=permissions.PRODUCTS_PUBLISH, description="Make them drafts again.")
    async def products_bulk_unpublish(self, context: Context, ids: list[strawberry.ID]) -> graphql.BulkPayload:
        return await _turn(context, ids, ProductStatus.DRAFT)

    @graphql.mutation(permission=permissions.PRODUCTS_PUBLISH, description="Keep them, but sell them no more.")
    async def products_bulk_archive(self, context: Context, ids: list[strawberry.ID]) -> graphql.BulkPayload:
        return await _turn(context, ids, ProductStatus.ARCHIVED)

    @graphql.mutation(permission=permissions.PRODUCTS_DELETE, description="Remove them, all or none.")
    async def products_bulk_delete(self, context: Context, ids: list[strawberry.ID]) -> graphql.BulkPayload:
        return graphql.BulkPayload(count=await service.remove_many(context, graphql.to_ids(ids)))

    @graphql.mutation(permission=permissions.PRODUCTS_WRITE, description="Give them tags besides their own.")
    async def products_bulk_add_tags(
        self, context: Context, ids: list[strawberry.ID], tags: list[str]
    ) -> graphql.BulkPayload:
        return graphql.BulkPayload(count=await service.add_tags_many(context, graphql.to_ids(ids), tags))

    @graphql.mutation(permission=permissions.PRODUCTS_WRITE, description="Take tags from them.")
    async def products_bulk_remove_tags(
        self, context: Context, ids: list[strawberry.ID], tags: list[str]
    ) -> graphql.BulkPayload:
        return graphql.BulkPayload(count=await service.remove_tags_many(context, graphql.to_ids(ids), tags))

    @graphql.mutation(permission=permissions.PRODUCTS_WRITE, description="Put them into one more category.")
    async def products_bulk_add_to_category(
        self, context: Context, ids: list[strawberry.ID], category_id: strawberry.ID
    ) -> graphql.BulkPayload:
        count = await service.add_to_category_many(context, graphql.to_ids(ids), graphql.to_id(category_id))
        return graphql.BulkPayload(count=count)

    @graphql.mutation(permission=permissions.PRODUCTS_WRITE, description="Take them out of a category.")
    async def products_bulk_remove_from_category(
        self, context: Context, ids: list[strawberry.ID], category_id: strawberry.ID
    ) -> graphql.BulkPayload:
        count = await service.remove_from_category_many(context, graphql.to_ids(ids), graphql.to_id(category_id))
        return graphql.BulkPayload(count=count)


async def _turn(context: Context, ids: list[strawberry.ID], status: ProductStatus) -> graphql.BulkPayload:
    return graphql.BulkPayload(count=await service.set_status_many(context, graphql.to_ids(ids), status))
