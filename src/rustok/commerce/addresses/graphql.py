"""Addresses in GraphQL."""

import strawberry

from rustok.commerce.addresses.service import Address


@strawberry.type(name="Address", description="A postal address. `country` is ISO 3166-1 alpha-2.")
class AddressType:
    name: str
    company: str
    line1: str
    line2: str
    city: str
    region: str
    postcode: str
    country: str
    phone: str
    formatted: list[str] = strawberry.field(description="The lines as they stand on a parcel.")

    @classmethod
    def of(cls, address: Address | None, locale: str = "en") -> "AddressType | None":
        """From the value."""
        if address is None:
            return None
        return cls(
            name=address.name,
            company=address.company,
            line1=address.line1,
            line2=address.line2,
            city=address.city,
            region=address.region,
            postcode=address.postcode,
            country=address.country,
            phone=address.phone,
            formatted=address.lines(locale),
        )


@strawberry.input(description="A postal address. Name, line1, city and country are needed to ship something there.")
class AddressInput:
    country: str
    name: str = ""
    company: str = ""
    line1: str = ""
    line2: str = ""
    city: str = ""
    region: str = ""
    postcode: str = ""
    phone: str = ""

    def value(self) -> Address:
        """As services take it, unchecked."""
        return Address(**vars(self))
