"""Customers in GraphQL, for staff."""

from datetime import datetime
from enum import Enum
from typing import cast

import strawberry
from sqlalchemy import BigInteger
from sqlalchemy import cast as as_type
from strawberry.types import Info

from rustok.commerce import permissions
from rustok.commerce.accounts import desk, listing
from rustok.commerce.accounts.graphql.addresses import (
    CustomerAddressCreateInput,
    CustomerAddressDeletePayload,
    CustomerAddressPayload,
    CustomerAddressType,
    CustomerAddressUpdateInput,
)
from rustok.commerce.accounts.graphql.groups import CustomerGroupType
from rustok.commerce.accounts.graphql.orders import orders_of
from rustok.commerce.accounts.listing import Profile, Wanted
from rustok.commerce.catalogue import graphql as inputs
from rustok.commerce.customers import book, service
from rustok.commerce.customers.models import Customer
from rustok.commerce.customers.service import CustomerFacts
from rustok.commerce.orders.graphql.types import AdminOrder
from rustok.kernel import errors, graphql, paging
from rustok.kernel.context import Context


@strawberry.enum(name="CustomerStatus", description="A disabled account can do nothing.")
class CustomerStatus(Enum):
    ACTIVE = "active"
    DISABLED = "disabled"


@strawberry.enum(name="CustomerSort", description="How a list of customers is ordered; those without a value are last.")
class CustomerSort(Enum):
    CREATED_DESC = "created_desc"
    CREATED_ASC = "created_asc"
    LAST_ORDER_DESC = "last_order_desc"
    LAST_ORDER_ASC = "last_order_asc"
    ORDERS_DESC = "orders_desc"
    SPENT_DESC = "spent_desc"


@strawberry.type(name="Customer", description="An account that shops.")
class CustomerType:
    id: strawberry.ID
    email: str
    email_verified: bool
    name: str
    phone: str
    locale: str | None
    status: CustomerStatus
    is_staff: bool = strawberry.field(description="The account may do more than customers: see `user`.")
    accepts_marketing: bool
    marketing_changed_at: datetime | None
    note: str
    tags: list[str]
    metadata: graphql.JSON
    addresses: list[CustomerAddressType]
    groups: list[CustomerGroupType]
    orders_count: int = strawberry.field(description="Of orders that were not cancelled.")
    spent: list[graphql.Money] = strawberry.field(description="Totals of those orders, by currency.")
    last_order_at: datetime | None
    last_login_at: datetime | None
    erased_at: datetime | None
    version: int
    created_at: datetime
    updated_at: datetime

    @strawberry.field(description="Their orders, the newest first; needs the permission to read orders.")  # type: ignore[untyped-decorator]
    async def orders(
        self,
        info: Info[graphql.Operation, None],
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
    ) -> graphql.Connection[AdminOrder]:
        info.context.actor.require(permissions.ORDERS_READ)
        own = graphql.to_id(self.id)
        return await orders_of(info, own, AdminOrder.of, first=first, after=after, last=last, before=before)

    @classmethod
    def of(cls, one: Profile, locale: str) -> "CustomerType":
        """From the stored rows."""
        row = one.customer
        return cls(
            id=strawberry.ID(str(row.id)),
            email=one.email,
            email_verified=one.email_verified_at is not None,
            name=one.name,
            phone=row.phone,
            locale=one.locale,
            status=CustomerStatus(one.status),
            is_staff=one.role != desk.CUSTOMER,
            accepts_marketing=row.accepts_marketing,
            marketing_changed_at=row.marketing_changed_at,
            note=row.note,
            tags=list(row.tags),
            metadata=graphql.JSON(row.details),
            addresses=[CustomerAddressType.of(address, locale) for address in one.addresses],
            groups=[CustomerGroupType.of(group) for group in one.groups],
            orders_count=row.orders_count,
            spent=[graphql.Money.of(int(minor), currency) for currency, minor in sorted(row.spent.items())],
            last_order_at=row.last_order_at,
            last_login_at=one.last_login_at,
            erased_at=row.erased_at,
            version=row.version,
            created_at=row.created_at,
            updated_at=row.updated_at,
        )

    @classmethod
    async def load(cls, context: Context, row: Customer) -> "CustomerType":
        """From the customer's row, with the rest."""
        (profile,) = await listing.profiles(context, [row])
        return cls.of(profile, context.locale)


@strawberry.input(name="CustomerWhere", description="Which customers; all that is said must hold.")
class CustomerWhere:
    ids: list[strawberry.ID] | None = None
    status: CustomerStatus | None = None
    email_verified: bool | None = None
    group_id: strawberry.ID | None = None
    tag: str | None = None
    accepts_marketing: bool | None = None
    has_ordered: bool | None = None
    created_from: datetime | None = None
    created_to: datetime | None = None
    ordered_from: datetime | None = strawberry.field(default=None, description="The last order, at the earliest.")
    ordered_to: datetime | None = None
    erased: bool = strawberry.field(default=False, description="Those whose data was erased, instead of all others.")


@strawberry.input(description="A new customer. Without a password they choose one by the link in an invitation.")
class CustomerCreateInput:
    email: str
    name: str | None = strawberry.UNSET
    phone: str | None = strawberry.UNSET
    locale: str | None = strawberry.UNSET
    accepts_marketing: bool | None = strawberry.UNSET
    note: str | None = strawberry.UNSET
    tags: list[str] | None = strawberry.UNSET
    metadata: graphql.JSON | None = strawberry.UNSET
    group_ids: list[strawberry.ID] | None = strawberry.UNSET
    invite: bool = strawberry.field(default=False, description="Send an invitation.")


@strawberry.input(description="What changes; what is absent stays.")
class CustomerUpdateInput:
    version: int = strawberry.field(description="The version that was read: a lost update is refused.")
    email: str | None = strawberry.field(
        default=strawberry.UNSET, description="It is not verified then; a link for that is sent to it."
    )
    name: str | None = strawberry.UNSET
    phone: str | None = strawberry.UNSET
    locale: str | None = strawberry.UNSET
    accepts_marketing: bool | None = strawberry.UNSET
    note: str | None = strawberry.UNSET
    tags: list[str] | None = strawberry.UNSET
    metadata: graphql.JSON | None = strawberry.UNSET
    group_ids: list[strawberry.ID] | None = strawberry.field(
        default=strawberry.UNSET, description="Exactly these groups."
    )


@strawberry.type
class CustomerPayload:
    customer: CustomerType | None = None
    user_errors: list[graphql.UserError] = strawberry.field(default_factory=list)


def _keys(context: Context, sort: CustomerSort) -> list[paging.Key]:
    # Ids are ULIDs: their order is the order of creation.
    newest: paging.Key = (Customer.id, paging.DESC)
    match sort:
        case CustomerSort.CREATED_DESC:
            return [newest]
        case CustomerSort.CREATED_ASC:
            return [(Customer.id, paging.ASC)]
        case CustomerSort.LAST_ORDER_DESC:
            return [(Customer.last_order_at, paging.DESC), newest]
        case CustomerSort.LAST_ORDER_ASC:
            return [(Customer.last_order_at, paging.ASC), newest]
        case CustomerSort.ORDERS_DESC:
            return [(Customer.orders_count, paging.DESC), newest]
        case CustomerSort.SPENT_DESC:
            spent = Customer.spent[context.tenant.default_currency].astext
            return [(as_type(spent, BigInteger), paging.DESC), newest]


@strawberry.type
class CustomerQueries:
    @graphql.query(permission=permissions.CUSTOMERS_READ, description="One customer, erased or not.")
    async def customer(self, context: Context, id: strawberry.ID) -> CustomerType | None:
        try:
            return await CustomerType.load(context, await service.get(context, graphql.to_id(id)))
        except errors.NotFound:
            return None

    @graphql.query(
        permission=permissions.CUSTOMERS_READ,
        description="Customers; `query` looks at names, e-mail addresses and telephone numbers. SPENT_DESC looks at the"
        " shop's default currency.",
    )
    async def customers(
        self,
        context: Context,
        info: Info,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
        query: str | None = None,
        where: CustomerWhere | None = None,
        sort: CustomerSort = CustomerSort.CREATED_DESC,
    ) -> graphql.Connection[CustomerType]:
        statement = listing.matching(context, _wanted(query, where))
        page = await paging.page(
            context, statement, keys=_keys(context, sort), first=first, after=after, last=last, before=before
        )
        known = {one.customer.id: one for one in await listing.profiles(context, page.rows)}

        def of(row: Customer) -> CustomerType:
            return CustomerType.of(known[row.id], context.locale)

        return graphql.connection(info, page, of, statement=statement)


@strawberry.type
class CustomerMutations:
    @graphql.mutation(permission=permissions.CUSTOMERS_WRITE, description="Make an account for a customer.")
    async def customer_create(self, context: Context, input: CustomerCreateInput) -> CustomerPayload:
        given = inputs.changes(input, nullable=())
        email, invite = given.pop("email"), given.pop("invite")
        group_ids = given.pop("group_ids", ())
        made = await desk.create(
            context,
            email=email,
            group_ids=graphql.to_ids(group_ids),
            invite=invite,
            **cast(CustomerFacts, given),
        )
        return CustomerPayload(customer=await CustomerType.load(context, made))

    @graphql.mutation(permission=permissions.CUSTOMERS_WRITE, description="Change a customer.")
    async def customer_update(self, context: Context, id: strawberry.ID, input: CustomerUpdateInput) -> CustomerPayload:
        given = inputs.changes(input, nullable=())
        version, email = given.pop("version"), given.pop("email", None)
        group_ids = given.pop("group_ids", None)
        changed = await desk.change(
            context,
            graphql.to_id(id),
            version=version,
            email=email,
            group_ids=None if group_ids is None else graphql.to_ids(group_ids),
            **cast(CustomerFacts, given),
        )
        return CustomerPayload(customer=await CustomerType.load(context, changed))

    @graphql.mutation(
        permission=permissions.CUSTOMERS_WRITE, description="Write to a customer: with the link they choose a password."
    )
    async def customer_invite(self, context: Context, id: strawberry.ID) -> CustomerPayload:
        invited = await desk.invite(context, graphql.to_id(id))
        return CustomerPayload(customer=await CustomerType.load(context, invited))

    @graphql.mutation(permission=permissions.CUSTOMERS_WRITE, description="Disable accounts; their sessions end.")
    async def customers_bulk_disable(self, context: Context, ids: list[strawberry.ID]) -> graphql.BulkPayload:
        return graphql.BulkPayload(count=await desk.turn(context, graphql.to_ids(ids), active=False))

    @graphql.mutation(permission=permissions.CUSTOMERS_WRITE, description="Let accounts be used again.")
    async def customers_bulk_enable(self, context: Context, ids: list[strawberry.ID]) -> graphql.BulkPayload:
        return graphql.BulkPayload(count=await desk.turn(context, graphql.to_ids(ids), active=True))

    @graphql.mutation(permission=permissions.CUSTOMERS_WRITE, description="Put an address into a customer's book.")
    async def customer_address_create(
        self, context: Context, customer_id: strawberry.ID, input: CustomerAddressCreateInput
    ) -> CustomerAddressPayload:
        made = await book.add(
            context,
            graphql.to_id(customer_id),
            input.address.value(),
            default_shipping=input.is_default_shipping,
            default_billing=input.is_default_billing,
        )
        return CustomerAddressPayload(address=CustomerAddressType.of(made, context.locale))

    @graphql.mutation(permission=permissions.CUSTOMERS_WRITE, description="Change a customer's address.")
    async def customer_address_update(
        self, context: Context, customer_id: strawberry.ID, id: strawberry.ID, input: CustomerAddressUpdateInput
    ) -> CustomerAddressPayload:
        changed = await book.change(
            context,
            graphql.to_id(customer_id),
            graphql.to_id(id),
            version=input.version,
            address=None if input.address is None else input.address.value(),
            default_shipping=input.is_default_shipping,
            default_billing=input.is_default_billing,
        )
        return CustomerAddressPayload(address=CustomerAddressType.of(changed, context.locale))

    @graphql.mutation(permission=permissions.CUSTOMERS_WRITE, description="Take an address out of a customer's book.")
    async def customer_address_delete(
        self, context: Context, customer_id: strawberry.ID, id: strawberry.ID
    ) -> CustomerAddressDeletePayload:
        await book.remove(context, graphql.to_id(customer_id), graphql.to_id(id))
        return CustomerAddressDeletePayload(deleted_id=strawberry.ID(str(graphql.to_id(id))))


def _wanted(query: str | None, where: CustomerWhere | None) -> Wanted:
    if where is None:
        return Wanted(query=query)
    return Wanted(
        query=query,
        ids=None if where.ids is None else graphql.to_ids(where.ids),
        status=where.status.value if where.status else None,
        verified=where.email_verified,
        group_id=None if where.group_id is None else graphql.to_id(where.group_id),
        tag=where.tag,
        accepts_marketing=where.accepts_marketing,
        has_ordered=where.has_ordered,
        created_from=where.created_from,
        created_to=where.created_to,
        ordered_from=where.ordered_from,
        ordered_to=where.ordered_to,
        erased=where.erased,
    )
