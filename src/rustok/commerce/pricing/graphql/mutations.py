"""How staff change prices and price lists."""

from typing import Any, cast

import strawberry

from rustok.commerce import permissions
from rustok.commerce.catalogue import graphql as inputs
from rustok.commerce.pricing import lists, service
from rustok.commerce.pricing.graphql.types import (
    PriceInput,
    PriceListCreateInput,
    PriceListDeletePayload,
    PriceListPayload,
    PriceListType,
    PriceListUpdateInput,
    PriceType,
    VariantPricesInput,
    VariantPricesPayload,
)
from rustok.commerce.pricing.lists import PriceListChanges, PriceListFacts
from rustok.kernel import errors, graphql
from rustok.kernel.context import Context

_NULLABLE = frozenset({"currency", "starts_at", "ends_at"})


def _facts(given: object) -> dict[str, Any]:
    found = inputs.changes(given, nullable=_NULLABLE)
    if "group_ids" in found:
        found["groups"] = graphql.to_ids(found.pop("group_ids"))
    return found


@strawberry.type
class PricingMutations:
    @graphql.mutation(permission=permissions.PRICES_WRITE, description="Make these the variant's prices, all of them.")
    async def variant_prices_set(
        self, context: Context, variant_id: strawberry.ID, prices: list[PriceInput]
    ) -> VariantPricesPayload:
        rows = await service.set_prices(context, graphql.to_id(variant_id), [one.to_row() for one in prices])
        return VariantPricesPayload(prices=[PriceType.of(row) for row in rows])

    @graphql.mutation(permission=permissions.PRICES_WRITE, description="The same for many variants at once.")
    async def variants_bulk_set_prices(
        self, context: Context, variants: list[VariantPricesInput]
    ) -> graphql.BulkPayload:
        ids = graphql.to_ids([one.variant_id for one in variants])
        if len(set(ids)) < len(ids):
            raise errors.Invalid("a variant is named twice", field="variants")
        prices = {id_: [one.to_row() for one in given.prices] for id_, given in zip(ids, variants, strict=True)}
        return graphql.BulkPayload(count=len(await service.set_many(context, prices)))

    @graphql.mutation(permission=permissions.PRICES_WRITE, description="Add a price list.")
    async def price_list_create(self, context: Context, input: PriceListCreateInput) -> PriceListPayload:
        given = _facts(input)
        name = given.pop("name")
        made = await lists.create(context, name=name, **cast(PriceListFacts, given))
        return PriceListPayload(price_list=PriceListType.of(made))

    @graphql.mutation(permission=permissions.PRICES_WRITE, description="Change a price list.")
    async def price_list_update(
        self, context: Context, id: strawberry.ID, input: PriceListUpdateInput
    ) -> PriceListPayload:
        given = _facts(input)
        version = given.pop("version")
        changed = await lists.change(context, graphql.to_id(id), version=version, **cast(PriceListChanges, given))
        return PriceListPayload(price_list=PriceListType.of(changed))

    @graphql.mutation(permission=permissions.PRICES_WRITE, description="Remove a price list with its prices.")
    async def price_list_delete(self, context: Context, id: strawberry.ID) -> PriceListDeletePayload:
        await lists.remove(context, graphql.to_id(id))
        return PriceListDeletePayload(deleted_id=strawberry.ID(str(graphql.to_id(id))))

    @graphql.mutation(permission=permissions.PRICES_WRITE, description="Let price lists count.")
    async def price_lists_bulk_enable(self, context: Context, ids: list[strawberry.ID]) -> graphql.BulkPayload:
        return graphql.BulkPayload(count=await lists.switch(context, graphql.to_ids(ids), active=True))

    @graphql.mutation(permission=permissions.PRICES_WRITE, description="Let price lists count no more.")
    async def price_lists_bulk_disable(self, context: Context, ids: list[strawberry.ID]) -> graphql.BulkPayload:
        return graphql.BulkPayload(count=await lists.switch(context, graphql.to_ids(ids), active=False))

    @graphql.mutation(
        permission=permissions.PRICES_WRITE, description="Remove price lists with their prices, all or none."
    )
    async def price_lists_bulk_delete(self, context: Context, ids: list[strawberry.ID]) -> graphql.BulkPayload:
        wanted = sorted(set(graphql.to_ids(ids, most=100)))
        for one in wanted:
            await lists.remove(context, one)
        return graphql.BulkPayload(count=len(wanted))
