"""How staff make, change, switch and delete promotions."""

from typing import cast

import strawberry

from rustok.commerce import permissions
from rustok.commerce.promotions import service
from rustok.commerce.promotions.applying import TARGET
from rustok.commerce.promotions.graphql.inputs import PromotionCreateInput, PromotionUpdateInput, facts
from rustok.commerce.promotions.graphql.types import (
    PromotionPayload,
    PromotionTitlesPayload,
    PromotionTitleType,
    PromotionType,
)
from rustok.commerce.promotions.service import PromotionChanges, PromotionFacts
from rustok.core.translations import service as translations
from rustok.kernel import graphql
from rustok.kernel.context import Context


@strawberry.type
class PromotionMutations:
    @graphql.mutation(permission=permissions.PROMOTIONS_WRITE, description="Add a promotion.")
    async def promotion_create(self, context: Context, input: PromotionCreateInput) -> PromotionPayload:
        given = facts(input)
        name, kind = given.pop("name"), given.pop("kind")
        made = await service.create(context, name=name, kind=kind, **cast(PromotionFacts, given))
        return PromotionPayload(promotion=PromotionType.of(made))

    @graphql.mutation(permission=permissions.PROMOTIONS_WRITE, description="Change a promotion.")
    async def promotion_update(
        self, context: Context, id: strawberry.ID, input: PromotionUpdateInput
    ) -> PromotionPayload:
        given = facts(input)
        version = given.pop("version")
        changed = await service.change(context, graphql.to_id(id), version=version, **cast(PromotionChanges, given))
        return PromotionPayload(promotion=PromotionType.of(changed))

    @graphql.mutation(
        permission=permissions.PROMOTIONS_WRITE, description="What buyers of a language read; null takes it away."
    )
    async def promotion_title_set(
        self, context: Context, id: strawberry.ID, locale: str, title: str | None = None
    ) -> PromotionTitlesPayload:
        promotion_id = graphql.to_id(id)
        await service.translate(context, promotion_id, locale=locale, title=title)
        stored = await translations.get(context, TARGET, promotion_id)
        return PromotionTitlesPayload(
            titles=[
                PromotionTitleType(locale=one, title=fields["title"])
                for one, fields in sorted(stored.items())
                if fields.get("title")
            ]
        )

    @graphql.mutation(
        permission=permissions.PROMOTIONS_DELETE, description="Delete a promotion that is part of no order."
    )
    async def promotion_delete(self, context: Context, id: strawberry.ID) -> graphql.BulkPayload:
        return graphql.BulkPayload(count=await service.remove(context, [graphql.to_id(id)]))

    @graphql.mutation(permission=permissions.PROMOTIONS_WRITE, description="Let promotions count.")
    async def promotions_bulk_enable(self, context: Context, ids: list[strawberry.ID]) -> graphql.BulkPayload:
        return graphql.BulkPayload(count=await service.switch(context, graphql.to_ids(ids), active=True))

    @graphql.mutation(permission=permissions.PROMOTIONS_WRITE, description="Let promotions count no more.")
    async def promotions_bulk_disable(self, context: Context, ids: list[strawberry.ID]) -> graphql.BulkPayload:
        return graphql.BulkPayload(count=await service.switch(context, graphql.to_ids(ids), active=False))

    @graphql.mutation(
        permission=permissions.PROMOTIONS_DELETE,
        description="Delete promotions that are part of no order: all or none.",
    )
    async def promotions_bulk_delete(self, context: Context, ids: list[strawberry.ID]) -> graphql.BulkPayload:
        return graphql.BulkPayload(count=await service.remove(context, graphql.to_ids(ids)))
