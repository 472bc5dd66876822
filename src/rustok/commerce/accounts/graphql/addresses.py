"""Entries of an address book, which look alike to their owner and to staff."""

import strawberry

from rustok.commerce.addresses import service as addresses
from rustok.commerce.addresses.graphql import AddressInput, AddressType
from rustok.commerce.customers.models import CustomerAddress
from rustok.kernel import graphql


@strawberry.type(name="CustomerAddress", description="An entry of a customer's address book.")
class CustomerAddressType:
    id: strawberry.ID
    address: AddressType
    is_default_shipping: bool
    is_default_billing: bool
    version: int

    @classmethod
    def of(cls, row: CustomerAddress, locale: str) -> "CustomerAddressType":
        """From the stored row."""
        shown = AddressType.of(addresses.of(row.address), locale)
        assert shown is not None  # noqa: S101 - a stored address has a country at least
        return cls(
            id=strawberry.ID(str(row.id)),
            address=shown,
            is_default_shipping=row.is_default_shipping,
            is_default_billing=row.is_default_billing,
            version=row.version,
        )


@strawberry.input(description="A new address; the first one is the default one unless that is said otherwise.")
class CustomerAddressCreateInput:
    address: AddressInput
    is_default_shipping: bool | None = None
    is_default_billing: bool | None = None


@strawberry.input(description="What changes; what is absent stays.")
class CustomerAddressUpdateInput:
    version: int | None = strawberry.field(
        default=None, description="The version that was read: with it, a lost update is refused."
    )
    address: AddressInput | None = None
    is_default_shipping: bool | None = None
    is_default_billing: bool | None = None


@strawberry.type
class CustomerAddressPayload:
    address: CustomerAddressType | None = None
    user_errors: list[graphql.UserError] = strawberry.field(default_factory=list)


@strawberry.type
class CustomerAddressDeletePayload:
    deleted_id: strawberry.ID | None = None
    user_errors: list[graphql.UserError] = strawberry.field(default_factory=list)
