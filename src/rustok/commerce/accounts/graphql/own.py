"""What customers see and change of themselves. The session says who that is: no field takes a customer's id."""

from datetime import datetime
from typing import cast

import strawberry
from strawberry.types import Info

from rustok.commerce.accounts.graphql.addresses import (
    CustomerAddressCreateInput,
    CustomerAddressDeletePayload,
    CustomerAddressPayload,
    CustomerAddressType,
    CustomerAddressUpdateInput,
)
from rustok.commerce.accounts.graphql.orders import orders_of
from rustok.commerce.catalogue import graphql as inputs
from rustok.commerce.customers import book, service
from rustok.commerce.customers.service import CustomerFacts
from rustok.commerce.orders.graphql.types import OrderType
from rustok.core.users import service as users
from rustok.kernel import errors, graphql
from rustok.kernel.context import Context

_OWN = "it is about whoever asks, who must be logged in"


@strawberry.type(name="Customer", description="Whoever is logged in, as a customer of the shop.")
class OwnCustomer:
    id: strawberry.ID
    email: str
    email_verified: bool
    name: str
    phone: str
    locale: str
    accepts_marketing: bool
    addresses: list[CustomerAddressType] = strawberry.field(description="The default ones first.")
    version: int
    created_at: datetime

    @strawberry.field(description="My orders, the newest first.")  # type: ignore[untyped-decorator]  # strawberry says Any
    async def orders(
        self,
        info: Info[graphql.Operation, None],
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
    ) -> graphql.Connection[OrderType]:
        own = graphql.to_id(self.id)
        return await orders_of(info, own, OrderType.of, first=first, after=after, last=last, before=before)

    @classmethod
    async def load(cls, context: Context, *, version: int | None = None) -> "OwnCustomer | None":
        """Of the actor; None for guests and programs."""
        try:
            own = service.self_id(context)
        except errors.Unauthenticated:
            return None
        user = await users.get(context, own)
        try:
            row = await service.get(context, own)
        except errors.NotFound:
            row = None
        return cls(
            id=strawberry.ID(str(own)),
            email=user.email,
            email_verified=user.email_verified_at is not None,
            name=user.name,
            phone=row.phone if row else "",
            locale=user.locale or context.tenant.default_locale,
            accepts_marketing=row.accepts_marketing if row else False,
            addresses=[CustomerAddressType.of(one, context.locale) for one in await book.list_all(context, own)],
            version=row.version if row else 1,
            created_at=user.created_at,
        )


@strawberry.input(description="What changes; what is absent stays.")
class CustomerSelfInput:
    version: int | None = strawberry.field(
        default=strawberry.UNSET, description="The version that was read: with it, a lost update is refused."
    )
    name: str | None = strawberry.UNSET
    phone: str | None = strawberry.UNSET
    locale: str | None = strawberry.field(default=strawberry.UNSET, description="In which mails are written.")
    accepts_marketing: bool | None = strawberry.UNSET


@strawberry.type
class OwnCustomerPayload:
    customer: OwnCustomer | None = None
    user_errors: list[graphql.UserError] = strawberry.field(default_factory=list)


@strawberry.type
class OwnQueries:
    @graphql.query(public=_OWN, description="Me as a customer; null for guests.")
    async def customer(self, context: Context) -> OwnCustomer | None:
        return await OwnCustomer.load(context)


@strawberry.type
class OwnMutations:
    @graphql.mutation(public=_OWN, description="Change what the shop knows of me.")
    async def customer_update(self, context: Context, input: CustomerSelfInput) -> OwnCustomerPayload:
        given = inputs.changes(input, nullable=("version",))
        version = given.pop("version", None)
        await service.change(context, service.self_id(context), version=version, **cast(CustomerFacts, given))
        return OwnCustomerPayload(customer=await OwnCustomer.load(context))

    @graphql.mutation(public=_OWN, description="Put an address into my address book.")
    async def address_create(self, context: Context, input: CustomerAddressCreateInput) -> CustomerAddressPayload:
        made = await book.add(
            context,
            service.self_id(context),
            input.address.value(),
            default_shipping=input.is_default_shipping,
            default_billing=input.is_default_billing,
        )
        return CustomerAddressPayload(address=CustomerAddressType.of(made, context.locale))

    @graphql.mutation(public=_OWN, description="Change an address of mine; orders keep theirs.")
    async def address_update(
        self, context: Context, id: strawberry.ID, input: CustomerAddressUpdateInput
    ) -> CustomerAddressPayload:
        changed = await book.change(
            context,
            service.self_id(context),
            graphql.to_id(id),
            version=input.version,
            address=None if input.address is None else input.address.value(),
            default_shipping=input.is_default_shipping,
            default_billing=input.is_default_billing,
        )
        return CustomerAddressPayload(address=CustomerAddressType.of(changed, context.locale))

    @graphql.mutation(public=_OWN, description="Take an address out of my address book; orders keep theirs.")
    async def address_delete(self, context: Context, id: strawberry.ID) -> CustomerAddressDeletePayload:
        await book.remove(context, service.self_id(context), graphql.to_id(id))
        return CustomerAddressDeletePayload(deleted_id=strawberry.ID(str(graphql.to_id(id))))
