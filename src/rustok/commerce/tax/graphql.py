"""How staff ask for taxes and decide about them."""

from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Any, cast

import strawberry
from sqlalchemy import select
from strawberry.types import Info

from rustok.commerce import permissions
from rustok.commerce.baskets.shapes import Destination, Taxable
from rustok.commerce.catalogue import checks
from rustok.commerce.catalogue import graphql as inputs
from rustok.commerce.places.graphql import PlaceInput, PlaceType
from rustok.commerce.tax import calculating, classes, providers, service, zones
from rustok.commerce.tax.models import Rounding, ShippingTax, TaxClass, TaxSettings, TaxZone, TaxZonePlace
from rustok.commerce.tax.zones import RateGiven, ZoneChanges, ZoneFacts
from rustok.kernel import graphql, paging
from rustok.kernel.context import Context

_HUNDRED = Decimal(100)


@strawberry.enum(name="ShippingTax", description="What decides about the tax on shipping.")
class ShippingTaxEnum(Enum):
    CLASS = ShippingTax.CLASS.value
    PROPORTIONAL = ShippingTax.PROPORTIONAL.value


@strawberry.enum(name="TaxRounding", description="TOTAL: once for all lines with the same rates, which share it.")
class RoundingEnum(Enum):
    TOTAL = Rounding.TOTAL.value
    LINE = Rounding.LINE.value


@strawberry.type(name="TaxClass", description="A kind of goods that is taxed alike.")
class TaxClassType:
    id: strawberry.ID
    code: str
    name: str
    is_default: bool
    version: int
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, row: TaxClass) -> "TaxClassType":
        """From the stored row."""
        return cls(
            id=strawberry.ID(str(row.id)),
            code=row.code,
            name=row.name,
            is_default=row.is_default,
            version=row.version,
            created_at=row.created_at,
            updated_at=row.updated_at,
        )


@strawberry.type(name="TaxRate", description="One tax on a class of goods in a zone.")
class TaxRateType:
    name: str
    percent: Decimal = strawberry.field(description='"19" is 19 %.')
    tax_class: str = strawberry.field(description="The code of a tax class.")
    compound: bool = strawberry.field(description="Whether it is due on the taxes before it, too.")

    @classmethod
    def of(cls, rate: RateGiven) -> "TaxRateType":
        """From what is stored."""
        percent = calculating.plain(rate.rate * _HUNDRED)
        return cls(name=rate.name, percent=percent, tax_class=rate.tax_class or "", compound=rate.compound)


@strawberry.type(name="TaxZone", description="Places with the same rates; of two that fit, the narrower place wins.")
class TaxZoneType:
    id: strawberry.ID
    code: str
    name: str
    prices_include_tax: bool | None = strawberry.field(description="Null: as the tenant's settings say.")
    version: int
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, row: TaxZone) -> "TaxZoneType":
        """From the stored row."""
        return cls(
            id=strawberry.ID(str(row.id)),
            code=row.code,
            name=row.name,
            prices_include_tax=row.prices_include_tax,
            version=row.version,
            created_at=row.created_at,
            updated_at=row.updated_at,
        )

    @strawberry.field(description="By country.")  # type: ignore[untyped-decorator]  # strawberry says Any
    async def places(self, info: Info[graphql.Operation, None]) -> list[PlaceType]:
        found = await graphql.together(info, zones.places_of, graphql.to_id(self.id)) or []
        return [PlaceType.of(place) for place in found]

    @strawberry.field(description="Class by class, in the order in which they are due.")  # type: ignore[untyped-decorator]  # strawberry says Any
    async def rates(self, info: Info[graphql.Operation, None]) -> list[TaxRateType]:
        found = await graphql.together(info, zones.rates_of, graphql.to_id(self.id)) or []
        return [TaxRateType.of(rate) for rate in found]


@strawberry.type(name="TaxSettings", description="What the tenant has decided about taxes.")
class TaxSettingsType:
    prices_include_tax: bool
    default_country: str = strawberry.field(description="Stands in while the buyer has not said where goods go.")
    shipping_tax: ShippingTaxEnum
    rounding: RoundingEnum
    provider: str
    exempt_group_ids: list[strawberry.ID]
    version: int

    @classmethod
    def of(cls, row: TaxSettings) -> "TaxSettingsType":
        """From the stored row."""
        return cls(
            prices_include_tax=row.prices_include_tax,
            default_country=row.default_country,
            shipping_tax=ShippingTaxEnum(row.shipping_tax),
            rounding=RoundingEnum(row.rounding),
            provider=row.provider,
            exempt_group_ids=[strawberry.ID(str(one)) for one in row.exempt_groups],
            version=row.version,
        )


@strawberry.type(name="TaxProvider", description="Who can be asked for taxes.")
class TaxProviderType:
    code: str
    name: str


@strawberry.type(description="One tax on an amount.")
class TaxPreviewPart:
    name: str
    percent: Decimal
    tax: graphql.Money


@strawberry.type(description="What taxes an amount would bear at a place.")
class TaxPreview:
    included: bool = strawberry.field(description="Whether the amount holds the taxes already.")
    parts: list[TaxPreviewPart]
    tax: graphql.Money
    total: graphql.Money


@strawberry.input(description="One tax on a class of goods; without a class, on the default one.")
class TaxRateInput:
    name: str
    percent: Decimal
    tax_class: str | None = None
    compound: bool = False

    def value(self) -> RateGiven:
        """As the service takes it, unchecked."""
        return RateGiven(name=self.name, rate=self.percent / _HUNDRED, tax_class=self.tax_class, compound=self.compound)


@strawberry.input(description="A new zone with its places and rates.")
class TaxZoneCreateInput:
    name: str
    code: str | None = strawberry.UNSET
    prices_include_tax: bool | None = strawberry.UNSET
    places: list[PlaceInput] | None = strawberry.UNSET
    rates: list[TaxRateInput] | None = strawberry.UNSET


@strawberry.input(description="What changes; what is absent stays. Places and rates are replaced as a whole.")
class TaxZoneUpdateInput:
    version: int = strawberry.field(description="The version that was read: a lost update is refused.")
    name: str | None = strawberry.UNSET
    code: str | None = strawberry.UNSET
    prices_include_tax: bool | None = strawberry.UNSET
    places: list[PlaceInput] | None = strawberry.UNSET
    rates: list[TaxRateInput] | None = strawberry.UNSET


@strawberry.input(description="A new tax class; its code cannot be changed later.")
class TaxClassCreateInput:
    name: str
    code: str | None = None
    is_default: bool = False


@strawberry.input(description="What changes; what is absent stays.")
class TaxClassUpdateInput:
    version: int = strawberry.field(description="The version that was read: a lost update is refused.")
    name: str | None = None
    is_default: bool | None = None


@strawberry.input(description="What changes; what is absent stays.")
class TaxSettingsInput:
    version: int = strawberry.field(description="The version that was read: a lost update is refused.")
    prices_include_tax: bool | None = strawberry.UNSET
    default_country: str | None = strawberry.UNSET
    shipping_tax: ShippingTaxEnum | None = strawberry.UNSET
    rounding: RoundingEnum | None = strawberry.UNSET
    provider: str | None = strawberry.UNSET
    exempt_group_ids: list[strawberry.ID] | None = strawberry.UNSET


@strawberry.type
class TaxZonePayload:
    tax_zone: TaxZoneType | None = None
    user_errors: list[graphql.UserError] = strawberry.field(default_factory=list)


@strawberry.type
class TaxClassPayload:
    tax_class: TaxClassType | None = None
    user_errors: list[graphql.UserError] = strawberry.field(default_factory=list)


@strawberry.type
class TaxDeletePayload:
    deleted_id: strawberry.ID | None = None
    user_errors: list[graphql.UserError] = strawberry.field(default_factory=list)


@strawberry.type
class TaxSettingsPayload:
    tax_settings: TaxSettingsType | None = None
    user_errors: list[graphql.UserError] = strawberry.field(default_factory=list)


@strawberry.type
class TaxQueries:
    @graphql.query(permission=permissions.TAXES_READ, description="One tax zone.")
    async def tax_zone(self, context: Context, id: strawberry.ID) -> TaxZoneType | None:
        row = await context.session.get(TaxZone, (context.tenant_id, graphql.to_id(id)))
        return None if row is None else TaxZoneType.of(row)

    @graphql.query(permission=permissions.TAXES_READ, description="Tax zones by name; `country`: those that name it.")
    async def tax_zones(
        self,
        context: Context,
        info: Info,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
        query: str | None = None,
        country: str | None = None,
    ) -> graphql.Connection[TaxZoneType]:
        statement = select(TaxZone).where(TaxZone.tenant_id == context.tenant_id)
        if wanted := checks.optional_text(query, "query"):
            statement = statement.where(TaxZone.name.icontains(wanted, autoescape=True))
        if country is not None:
            named = select(TaxZonePlace.zone_id).where(
                TaxZonePlace.tenant_id == context.tenant_id, TaxZonePlace.country == country.strip().upper()
            )
            statement = statement.where(TaxZone.id.in_(named))
        keys: list[paging.Key] = [(TaxZone.name, paging.ASC), (TaxZone.id, paging.ASC)]
        page = await paging.page(context, statement, keys=keys, first=first, after=after, last=last, before=before)
        return graphql.connection(info, page, TaxZoneType.of, statement=statement)

    @graphql.query(permission=permissions.TAXES_READ, description="Every tax class, the default one first.")
    async def tax_classes(self, context: Context) -> list[TaxClassType]:
        found = (await classes.by_code(context)).values()
        return [TaxClassType.of(one) for one in sorted(found, key=lambda one: (not one.is_default, one.code))]

    @graphql.query(permission=permissions.TAXES_READ, description="What the tenant has decided about taxes.")
    async def tax_settings(self, context: Context) -> TaxSettingsType:
        return TaxSettingsType.of(await service.settings(context))

    @graphql.query(permission=permissions.TAXES_READ, description="Who can be asked for taxes.")
    async def tax_providers(self, context: Context) -> list[TaxProviderType]:
        own = TaxProviderType(code=calculating.ZONES, name="Zones and rates of this shop")
        return [own, *(TaxProviderType(code=one.code, name=one.name) for one in providers.offered(context))]

    @graphql.query(permission=permissions.TAXES_READ, description="What taxes an amount would bear at a place.")
    async def tax_preview(
        self,
        context: Context,
        amount: graphql.MoneyInput,
        country: str,
        region: str = "",
        postcode: str = "",
        tax_class: str | None = None,
    ) -> TaxPreview:
        minor, currency = checks.whole(amount.to_minor(), "amount", most=10**15), amount.currency_code
        item = Taxable(id=context.tenant_id, amount_minor=minor, tax_class=tax_class)
        there = Destination(country=country, region=region, postcode=postcode)
        found = await calculating.calculate(context, there, [item], currency=currency)
        tax = sum(part.amount_minor for part in found.parts)
        return TaxPreview(
            included=found.included,
            parts=[
                TaxPreviewPart(
                    name=part.name,
                    percent=calculating.plain(part.rate * _HUNDRED),
                    tax=graphql.Money.of(part.amount_minor, currency),
                )
                for part in found.parts
            ],
            tax=graphql.Money.of(tax, currency),
            total=graphql.Money.of(minor if found.included else minor + tax, currency),
        )


@strawberry.type
class TaxMutations:
    @graphql.mutation(permission=permissions.TAXES_WRITE, description="Add a tax zone.")
    async def tax_zone_create(self, context: Context, input: TaxZoneCreateInput) -> TaxZonePayload:
        given = _zone_changes(input)
        name = given.pop("name")
        return TaxZonePayload(tax_zone=TaxZoneType.of(await zones.create(context, name=name, **cast(ZoneFacts, given))))

    @graphql.mutation(permission=permissions.TAXES_WRITE, description="Change a tax zone.")
    async def tax_zone_update(self, context: Context, id: strawberry.ID, input: TaxZoneUpdateInput) -> TaxZonePayload:
        given = _zone_changes(input)
        version = given.pop("version")
        changed = await zones.change(context, graphql.to_id(id), version=version, **cast(ZoneChanges, given))
        return TaxZonePayload(tax_zone=TaxZoneType.of(changed))

    @graphql.mutation(permission=permissions.TAXES_WRITE, description="Remove a tax zone with its rates.")
    async def tax_zone_delete(self, context: Context, id: strawberry.ID) -> TaxDeletePayload:
        await zones.remove_many(context, [graphql.to_id(id)])
        return TaxDeletePayload(deleted_id=strawberry.ID(str(graphql.to_id(id))))

    @graphql.mutation(permission=permissions.TAXES_WRITE, description="Remove many tax zones, all of them or none.")
    async def tax_zones_bulk_delete(self, context: Context, ids: list[strawberry.ID]) -> graphql.BulkPayload:
        return graphql.BulkPayload(count=await zones.remove_many(context, graphql.to_ids(ids)))

    @graphql.mutation(permission=permissions.TAXES_WRITE, description="Add a tax class; the first is the default one.")
    async def tax_class_create(self, context: Context, input: TaxClassCreateInput) -> TaxClassPayload:
        made = await classes.create(context, name=input.name, code=input.code, is_default=input.is_default)
        return TaxClassPayload(tax_class=TaxClassType.of(made))

    @graphql.mutation(permission=permissions.TAXES_WRITE, description="Change a tax class.")
    async def tax_class_update(
        self, context: Context, id: strawberry.ID, input: TaxClassUpdateInput
    ) -> TaxClassPayload:
        changed = await classes.change(
            context, graphql.to_id(id), version=input.version, name=input.name, is_default=input.is_default
        )
        return TaxClassPayload(tax_class=TaxClassType.of(changed))

    @graphql.mutation(permission=permissions.TAXES_WRITE, description="Remove a tax class that nothing names.")
    async def tax_class_delete(self, context: Context, id: strawberry.ID) -> TaxDeletePayload:
        await classes.remove(context, graphql.to_id(id))
        return TaxDeletePayload(deleted_id=strawberry.ID(str(graphql.to_id(id))))

    @graphql.mutation(permission=permissions.TAXES_WRITE, description="Decide about taxes.")
    async def tax_settings_update(self, context: Context, input: TaxSettingsInput) -> TaxSettingsPayload:
        given: dict[str, Any] = inputs.changes(input, nullable=())
        if "exempt_group_ids" in given:
            given["exempt_groups"] = graphql.to_ids(given.pop("exempt_group_ids"))
        if "shipping_tax" in given:
            given["shipping_tax"] = ShippingTax(given["shipping_tax"].value)
        if "rounding" in given:
            given["rounding"] = Rounding(given["rounding"].value)
        changed = await service.change(context, **given)
        return TaxSettingsPayload(tax_settings=TaxSettingsType.of(changed))


def _zone_changes(input: TaxZoneCreateInput | TaxZoneUpdateInput) -> dict[str, Any]:
    given: dict[str, Any] = inputs.changes(input, nullable=("prices_include_tax",))
    for name in ("places", "rates"):
        if name in given:
            given[name] = [one.value() for one in given[name]]
    return given


ADMIN_QUERIES = [TaxQueries]
ADMIN_MUTATIONS = [TaxMutations]
