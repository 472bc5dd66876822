"""How staff say where and how things are shipped, and for how much."""

from typing import Any, cast

import strawberry

from rustok.commerce import permissions
from rustok.commerce.catalogue import graphql as inputs
from rustok.commerce.places.graphql import PlaceInput
from rustok.commerce.shipping import methods, zones
from rustok.commerce.shipping.graphql.types import ShippingMethodType, ShippingZoneType
from rustok.commerce.shipping.methods import MethodChanges, MethodFacts, PriceGiven, TermsGiven
from rustok.kernel import errors, graphql, money
from rustok.kernel.context import Context

_NULLABLE = frozenset({"estimate", "tax_class", "max_weight_grams", "location_id"})


@strawberry.input(description="A price; by weight or by the goods' price, it says from which one on.")
class ShippingPriceInput:
    price: graphql.MoneyInput
    from_weight_grams: int | None = None
    from_subtotal: str | None = strawberry.field(default=None, description="An amount in the price's currency.")

    def value(self) -> PriceGiven:
        """As the service takes it; raises `InvalidMoney`, and `Invalid` where both are given."""
        currency = self.price.currency_code
        if self.from_weight_grams is not None and self.from_subtotal is not None:
            raise errors.Invalid("a price begins at a weight or at a subtotal, not at both", field="prices")
        low = self.from_weight_grams or 0
        if self.from_subtotal is not None:
            low = money.parse(self.from_subtotal, currency).minor
        return PriceGiven(currency=currency, price_minor=self.price.to_minor(), from_value=low)


@strawberry.input(description="Conditions on the goods' subtotal before promotions, as amounts in the currency.")
class ShippingTermsInput:
    currency: str
    free_from: str | None = None
    min_subtotal: str | None = None
    max_subtotal: str | None = None

    def value(self) -> TermsGiven:
        """As the service takes it; raises `InvalidMoney`."""

        def minor(text: str | None) -> int | None:
            return None if text is None else money.parse(text, self.currency).minor

        return TermsGiven(
            currency=self.currency,
            free_from_minor=minor(self.free_from),
            min_subtotal_minor=minor(self.min_subtotal),
            max_subtotal_minor=minor(self.max_subtotal),
        )


@strawberry.input(description="A new zone.")
class ShippingZoneCreateInput:
    name: str
    code: str | None = None
    places: list[PlaceInput] = strawberry.field(default_factory=list)


@strawberry.input(description="What changes; what is absent stays. Places are replaced as a whole.")
class ShippingZoneUpdateInput:
    version: int = strawberry.field(description="The version that was read: a lost update is refused.")
    name: str | None = None
    code: str | None = None
    places: list[PlaceInput] | None = None


@strawberry.input(description="A new way of shipping. The provider is flat, by_weight, by_price, pickup or a module's.")
class ShippingMethodCreateInput:
    zone_id: strawberry.ID
    name: str
    code: str | None = strawberry.UNSET
    estimate: str | None = strawberry.UNSET
    provider: str | None = strawberry.UNSET
    position: int | None = strawberry.UNSET
    is_active: bool | None = strawberry.UNSET
    tax_class: str | None = strawberry.UNSET
    min_weight_grams: int | None = strawberry.UNSET
    max_weight_grams: int | None = strawberry.UNSET
    location_id: strawberry.ID | None = strawberry.UNSET
    settings: graphql.JSON | None = strawberry.UNSET
    prices: list[ShippingPriceInput] | None = strawberry.UNSET
    terms: list[ShippingTermsInput] | None = strawberry.UNSET


@strawberry.input(description="What changes; what is absent stays. Prices and terms are replaced as a whole.")
class ShippingMethodUpdateInput:
    version: int = strawberry.field(description="The version that was read: a lost update is refused.")
    zone_id: strawberry.ID | None = strawberry.UNSET
    name: str | None = strawberry.UNSET
    code: str | None = strawberry.UNSET
    estimate: str | None = strawberry.UNSET
    provider: str | None = strawberry.UNSET
    position: int | None = strawberry.UNSET
    is_active: bool | None = strawberry.UNSET
    tax_class: str | None = strawberry.UNSET
    min_weight_grams: int | None = strawberry.UNSET
    max_weight_grams: int | None = strawberry.UNSET
    location_id: strawberry.ID | None = strawberry.UNSET
    settings: graphql.JSON | None = strawberry.UNSET
    prices: list[ShippingPriceInput] | None = strawberry.UNSET
    terms: list[ShippingTermsInput] | None = strawberry.UNSET


@strawberry.type
class ShippingZonePayload:
    shipping_zone: ShippingZoneType | None = None
    user_errors: list[graphql.UserError] = strawberry.field(default_factory=list)


@strawberry.type
class ShippingMethodPayload:
    shipping_method: ShippingMethodType | None = None
    user_errors: list[graphql.UserError] = strawberry.field(default_factory=list)


@strawberry.type
class ShippingDeletePayload:
    deleted_id: strawberry.ID | None = None
    user_errors: list[graphql.UserError] = strawberry.field(default_factory=list)


@strawberry.type
class ShippingMutations:
    @graphql.mutation(permission=permissions.SHIPPING_WRITE, description="Add a shipping zone.")
    async def shipping_zone_create(self, context: Context, input: ShippingZoneCreateInput) -> ShippingZonePayload:
        held = [place.value() for place in input.places]
        made = await zones.create(context, name=input.name, code=input.code, places=held)
        return ShippingZonePayload(shipping_zone=ShippingZoneType.of(made))

    @graphql.mutation(permission=permissions.SHIPPING_WRITE, description="Change a shipping zone.")
    async def shipping_zone_update(
        self, context: Context, id: strawberry.ID, input: ShippingZoneUpdateInput
    ) -> ShippingZonePayload:
        held = None if input.places is None else [place.value() for place in input.places]
        changed = await zones.change(
            context, graphql.to_id(id), version=input.version, name=input.name, code=input.code, places=held
        )
        return ShippingZonePayload(shipping_zone=ShippingZoneType.of(changed))

    @graphql.mutation(permission=permissions.SHIPPING_WRITE, description="Remove a zone with its methods.")
    async def shipping_zone_delete(self, context: Context, id: strawberry.ID) -> ShippingDeletePayload:
        await zones.remove_many(context, [graphql.to_id(id)])
        return ShippingDeletePayload(deleted_id=strawberry.ID(str(graphql.to_id(id))))

    @graphql.mutation(permission=permissions.SHIPPING_WRITE, description="Remove many zones, all of them or none.")
    async def shipping_zones_bulk_delete(self, context: Context, ids: list[strawberry.ID]) -> graphql.BulkPayload:
        return graphql.BulkPayload(count=await zones.remove_many(context, graphql.to_ids(ids)))

    @graphql.mutation(permission=permissions.SHIPPING_WRITE, description="Add a way of shipping to a zone.")
    async def shipping_method_create(self, context: Context, input: ShippingMethodCreateInput) -> ShippingMethodPayload:
        given = _changes(input)
        zone_id, name = given.pop("zone_id"), given.pop("name")
        made = await methods.create(context, zone_id, name=name, **cast(MethodFacts, given))
        return ShippingMethodPayload(shipping_method=ShippingMethodType.of(made))

    @graphql.mutation(permission=permissions.SHIPPING_WRITE, description="Change a way of shipping.")
    async def shipping_method_update(
        self, context: Context, id: strawberry.ID, input: ShippingMethodUpdateInput
    ) -> ShippingMethodPayload:
        given = _changes(input)
        version = given.pop("version")
        changed = await methods.change(context, graphql.to_id(id), version=version, **cast(MethodChanges, given))
        return ShippingMethodPayload(shipping_method=ShippingMethodType.of(changed))

    @graphql.mutation(permission=permissions.SHIPPING_WRITE, description="Remove a way of shipping.")
    async def shipping_method_delete(self, context: Context, id: strawberry.ID) -> ShippingDeletePayload:
        await methods.remove_many(context, [graphql.to_id(id)])
        return ShippingDeletePayload(deleted_id=strawberry.ID(str(graphql.to_id(id))))

    @graphql.mutation(permission=permissions.SHIPPING_WRITE, description="Remove many, all of them or none.")
    async def shipping_methods_bulk_delete(self, context: Context, ids: list[strawberry.ID]) -> graphql.BulkPayload:
        return graphql.BulkPayload(count=await methods.remove_many(context, graphql.to_ids(ids)))

    @graphql.mutation(permission=permissions.SHIPPING_WRITE, description="Offer many to buyers, or do not any more.")
    async def shipping_methods_bulk_set_active(
        self, context: Context, ids: list[strawberry.ID], active: bool
    ) -> graphql.BulkPayload:
        return graphql.BulkPayload(count=await methods.set_active(context, graphql.to_ids(ids), active=active))


def _changes(input: ShippingMethodCreateInput | ShippingMethodUpdateInput) -> dict[str, Any]:
    given: dict[str, Any] = inputs.changes(input, nullable=_NULLABLE, ids={"zone_id", "location_id"})
    for name in ("prices", "terms"):
        if name in given:
            given[name] = [one.value() for one in given[name]]
    for name in ("min_weight", "max_weight"):
        if f"{name}_grams" in given:
            given[name] = given.pop(f"{name}_grams")
    return given
