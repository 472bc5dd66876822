"""How staff ask for shipping zones and methods."""

import strawberry
from sqlalchemy import select
from strawberry.types import Info

from rustok.commerce import permissions
from rustok.commerce.catalogue import checks
from rustok.commerce.shipping import providers
from rustok.commerce.shipping.graphql.types import ShippingMethodType, ShippingProviderType, ShippingZoneType
from rustok.commerce.shipping.models import ShippingMethod, ShippingZone, ShippingZonePlace
from rustok.kernel import graphql, paging
from rustok.kernel.context import Context


@strawberry.type
class ShippingQueries:
    @graphql.query(permission=permissions.SHIPPING_READ, description="One shipping zone.")
    async def shipping_zone(self, context: Context, id: strawberry.ID) -> ShippingZoneType | None:
        row = await context.session.get(ShippingZone, (context.tenant_id, graphql.to_id(id)))
        return None if row is None else ShippingZoneType.of(row)

    @graphql.query(permission=permissions.SHIPPING_READ, description="Zones by name; `country`: those that name it.")
    async def shipping_zones(
        self,
        context: Context,
        info: Info,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
        query: str | None = None,
        country: str | None = None,
    ) -> graphql.Connection[ShippingZoneType]:
        statement = select(ShippingZone).where(ShippingZone.tenant_id == context.tenant_id)
        if wanted := checks.optional_text(query, "query"):
            statement = statement.where(ShippingZone.name.icontains(wanted, autoescape=True))
        if country is not None:
            named = select(ShippingZonePlace.zone_id).where(
                ShippingZonePlace.tenant_id == context.tenant_id, ShippingZonePlace.country == country.strip().upper()
            )
            statement = statement.where(ShippingZone.id.in_(named))
        keys: list[paging.Key] = [(ShippingZone.name, paging.ASC), (ShippingZone.id, paging.ASC)]
        page = await paging.page(context, statement, keys=keys, first=first, after=after, last=last, before=before)
        return graphql.connection(info, page, ShippingZoneType.of, statement=statement)

    @graphql.query(permission=permissions.SHIPPING_READ, description="One shipping method.")
    async def shipping_method(self, context: Context, id: strawberry.ID) -> ShippingMethodType | None:
        row = await context.session.get(ShippingMethod, (context.tenant_id, graphql.to_id(id)))
        return None if row is None else ShippingMethodType.of(row)

    @graphql.query(permission=permissions.SHIPPING_READ, description="Shipping methods by name.")
    async def shipping_methods(
        self,
        context: Context,
        info: Info,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
        query: str | None = None,
        zone_id: strawberry.ID | None = None,
        provider: str | None = None,
        is_active: bool | None = None,
    ) -> graphql.Connection[ShippingMethodType]:
        statement = select(ShippingMethod).where(ShippingMethod.tenant_id == context.tenant_id)
        if wanted := checks.optional_text(query, "query"):
            statement = statement.where(ShippingMethod.name.icontains(wanted, autoescape=True))
        if zone_id is not None:
            statement = statement.where(ShippingMethod.zone_id == graphql.to_id(zone_id))
        if provider is not None:
            statement = statement.where(ShippingMethod.provider == checks.optional_text(provider, "provider"))
        if is_active is not None:
            statement = statement.where(ShippingMethod.is_active == is_active)
        keys: list[paging.Key] = [(ShippingMethod.name, paging.ASC), (ShippingMethod.id, paging.ASC)]
        page = await paging.page(context, statement, keys=keys, first=first, after=after, last=last, before=before)
        return graphql.connection(info, page, ShippingMethodType.of, statement=statement)

    @graphql.query(permission=permissions.SHIPPING_READ, description="Who can be asked what a parcel costs.")
    async def shipping_providers(self, context: Context) -> list[ShippingProviderType]:
        found = sorted(providers.known(context).values(), key=lambda one: (one not in providers.BUILT_IN, one.code))
        return [ShippingProviderType(code=one.code, name=one.name) for one in found]
