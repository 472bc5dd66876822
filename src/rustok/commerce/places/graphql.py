"""Places in GraphQL."""

import strawberry

from rustok.commerce.places.service import Place


@strawberry.type(name="ZonePlace", description="A part of a zone; without a country it is the whole world.")
class PlaceType:
    country: str
    region: str
    postcodes: str = strawberry.field(description='A beginning ("BT") or a range ("10000..12999"); empty means all.')

    @classmethod
    def of(cls, place: Place) -> "PlaceType":
        """From the value."""
        return cls(country=place.country, region=place.region, postcodes=place.postcodes)


@strawberry.input(name="ZonePlaceInput", description="A country, one of its regions, or some of its postcodes.")
class PlaceInput:
    country: str = strawberry.field(default="", description="ISO 3166-1 alpha-2; empty means the whole world.")
    region: str = ""
    postcodes: str = strawberry.field(default="", description='A beginning ("BT") or a range ("10000..12999").')

    def value(self) -> Place:
        """As services take it, unchecked."""
        return Place(country=self.country, region=self.region, postcodes=self.postcodes)
