"""Shipping zones and methods as staff see them."""

from datetime import datetime

import strawberry
from strawberry.types import Info

from rustok.commerce.places.graphql import PlaceType
from rustok.commerce.shipping import methods, zones
from rustok.commerce.shipping.methods import PriceGiven, TermsGiven
from rustok.commerce.shipping.models import ShippingMethod, ShippingZone
from rustok.kernel import graphql

Edge = Info[graphql.Operation, None]


@strawberry.type(name="ShippingPrice", description="What a method costs from a weight or a subtotal on.")
class ShippingPriceType:
    price: graphql.Money
    from_weight_grams: int | None = strawberry.field(description="For methods priced by weight.")
    from_subtotal: graphql.Money | None = strawberry.field(description="For methods priced by the goods' price.")

    @classmethod
    def of(cls, given: PriceGiven, provider: str) -> "ShippingPriceType":
        """As its provider reads it."""
        by_price = provider == "by_price"
        return cls(
            price=graphql.Money.of(given.price_minor, given.currency),
            from_weight_grams=None if by_price else given.from_value,
            from_subtotal=graphql.Money.of(given.from_value, given.currency) if by_price else None,
        )


@strawberry.type(name="ShippingTerms", description="Conditions on the goods' subtotal, before promotions.")
class ShippingTermsType:
    currency: str
    free_from: graphql.Money | None
    min_subtotal: graphql.Money | None
    max_subtotal: graphql.Money | None

    @classmethod
    def of(cls, given: TermsGiven) -> "ShippingTermsType":
        """From what is stored."""

        def shown(minor: int | None) -> graphql.Money | None:
            return None if minor is None else graphql.Money.of(minor, given.currency)

        return cls(
            currency=given.currency,
            free_from=shown(given.free_from_minor),
            min_subtotal=shown(given.min_subtotal_minor),
            max_subtotal=shown(given.max_subtotal_minor),
        )


@strawberry.type(name="ShippingMethod", description="A way of shipping to a zone.")
class ShippingMethodType:
    id: strawberry.ID
    zone_id: strawberry.ID
    code: str
    name: str
    estimate: str = strawberry.field(description="How long it takes, and what else a buyer should know.")
    provider: str
    position: int
    is_active: bool
    tax_class: str | None
    min_weight_grams: int
    max_weight_grams: int | None
    location_id: strawberry.ID | None = strawberry.field(description="Where goods are picked up.")
    settings: graphql.JSON = strawberry.field(description="For its provider.")
    version: int
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, row: ShippingMethod) -> "ShippingMethodType":
        """From the stored row."""
        return cls(
            id=strawberry.ID(str(row.id)),
            zone_id=strawberry.ID(str(row.zone_id)),
            code=row.code,
            name=row.name,
            estimate=row.estimate,
            provider=row.provider,
            position=row.position,
            is_active=row.is_active,
            tax_class=row.tax_class,
            min_weight_grams=row.min_weight,
            max_weight_grams=row.max_weight,
            location_id=strawberry.ID(str(row.location_id)) if row.location_id else None,
            settings=graphql.JSON(row.settings),
            version=row.version,
            created_at=row.created_at,
            updated_at=row.updated_at,
        )

    @strawberry.field(description="By currency, from the lowest weight or subtotal on.")  # type: ignore[untyped-decorator]  # strawberry says Any
    async def prices(self, info: Edge) -> list[ShippingPriceType]:
        found = await graphql.together(info, methods.prices_of, graphql.to_id(self.id)) or []
        return [ShippingPriceType.of(one, self.provider) for one in found]

    @strawberry.field(description="By currency.")  # type: ignore[untyped-decorator]  # strawberry says Any
    async def terms(self, info: Edge) -> list[ShippingTermsType]:
        found = await graphql.together(info, methods.terms_of, graphql.to_id(self.id)) or []
        return [ShippingTermsType.of(one) for one in found]


@strawberry.type(name="ShippingZone", description="Places with the same ways of shipping; the narrower place wins.")
class ShippingZoneType:
    id: strawberry.ID
    code: str
    name: str
    version: int
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, row: ShippingZone) -> "ShippingZoneType":
        """From the stored row."""
        return cls(
            id=strawberry.ID(str(row.id)),
            code=row.code,
            name=row.name,
            version=row.version,
            created_at=row.created_at,
            updated_at=row.updated_at,
        )

    @strawberry.field(description="By country.")  # type: ignore[untyped-decorator]  # strawberry says Any
    async def places(self, info: Edge) -> list[PlaceType]:
        found = await graphql.together(info, zones.places_of, graphql.to_id(self.id)) or []
        return [PlaceType.of(place) for place in found]

    @strawberry.field(description="In the order buyers see them, inactive ones too.")  # type: ignore[untyped-decorator]  # strawberry says Any
    async def methods(self, info: Edge) -> list[ShippingMethodType]:
        found = await graphql.together(info, methods.of_zones, graphql.to_id(self.id)) or []
        return [ShippingMethodType.of(row) for row in found]


@strawberry.type(name="ShippingProvider", description="Who can be asked what a parcel costs.")
class ShippingProviderType:
    code: str
    name: str
