"""Groups of customers in GraphQL, for staff."""

from datetime import datetime
from typing import cast

import strawberry
from strawberry.types import Info

from rustok.commerce import permissions
from rustok.commerce.catalogue import graphql as inputs
from rustok.commerce.customers import groups
from rustok.commerce.customers.groups import GroupChanges, GroupFacts
from rustok.commerce.customers.models import CustomerGroup
from rustok.kernel import errors, graphql, paging
from rustok.kernel.context import Context

_KEYS: list[paging.Key] = [(CustomerGroup.name, paging.ASC), (CustomerGroup.id, paging.ASC)]


@strawberry.type(name="CustomerGroup", description="Customers who are treated alike; prices and promotions ask.")
class CustomerGroupType:
    id: strawberry.ID
    code: str
    name: str
    description: str
    metadata: graphql.JSON
    version: int
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, row: CustomerGroup) -> "CustomerGroupType":
        """From the stored row."""
        return cls(
            id=strawberry.ID(str(row.id)),
            code=row.code,
            name=row.name,
            description=row.description,
            metadata=graphql.JSON(row.details),
            version=row.version,
            created_at=row.created_at,
            updated_at=row.updated_at,
        )

    @strawberry.field(description="How many are in it; `customers(where: {groupId: …})` lists them.")  # type: ignore[untyped-decorator]
    async def member_count(self, info: Info[graphql.Operation, None]) -> int:
        return await graphql.together(info, groups.count_members, graphql.to_id(self.id)) or 0


@strawberry.input(description="A new group.")
class CustomerGroupCreateInput:
    name: str
    code: str | None = strawberry.UNSET
    description: str | None = strawberry.UNSET
    metadata: graphql.JSON | None = strawberry.UNSET


@strawberry.input(description="What changes; what is absent stays.")
class CustomerGroupUpdateInput:
    version: int = strawberry.field(description="The version that was read: a lost update is refused.")
    name: str | None = strawberry.UNSET
    code: str | None = strawberry.UNSET
    description: str | None = strawberry.UNSET
    metadata: graphql.JSON | None = strawberry.UNSET


@strawberry.type
class CustomerGroupPayload:
    group: CustomerGroupType | None = None
    user_errors: list[graphql.UserError] = strawberry.field(default_factory=list)


@strawberry.type
class CustomerGroupDeletePayload:
    deleted_id: strawberry.ID | None = None
    user_errors: list[graphql.UserError] = strawberry.field(default_factory=list)


@strawberry.type
class CustomerGroupQueries:
    @graphql.query(permission=permissions.CUSTOMERS_READ, description="One group.")
    async def customer_group(self, context: Context, id: strawberry.ID) -> CustomerGroupType | None:
        try:
            return CustomerGroupType.of(await groups.get(context, graphql.to_id(id)))
        except errors.NotFound:
            return None

    @graphql.query(permission=permissions.CUSTOMERS_READ, description="Groups by name.")
    async def customer_groups(
        self,
        context: Context,
        info: Info,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
        query: str | None = None,
    ) -> graphql.Connection[CustomerGroupType]:
        statement = groups.listing(context, query=query)
        page = await paging.page(context, statement, keys=_KEYS, first=first, after=after, last=last, before=before)
        return graphql.connection(info, page, CustomerGroupType.of, statement=statement)


@strawberry.type
class CustomerGroupMutations:
    @graphql.mutation(permission=permissions.CUSTOMERS_WRITE, description="Add a group.")
    async def customer_group_create(self, context: Context, input: CustomerGroupCreateInput) -> CustomerGroupPayload:
        given = inputs.changes(input, nullable=())
        name = given.pop("name")
        made = await groups.create(context, name=name, **cast(GroupFacts, given))
        return CustomerGroupPayload(group=CustomerGroupType.of(made))

    @graphql.mutation(permission=permissions.CUSTOMERS_WRITE, description="Change a group.")
    async def customer_group_update(
        self, context: Context, id: strawberry.ID, input: CustomerGroupUpdateInput
    ) -> CustomerGroupPayload:
        given = inputs.changes(input, nullable=())
        version = given.pop("version")
        changed = await groups.change(context, graphql.to_id(id), version=version, **cast(GroupChanges, given))
        return CustomerGroupPayload(group=CustomerGroupType.of(changed))

    @graphql.mutation(permission=permissions.CUSTOMERS_DELETE, description="Remove a group; its members stay.")
    async def customer_group_delete(self, context: Context, id: strawberry.ID) -> CustomerGroupDeletePayload:
        await groups.remove(context, graphql.to_id(id))
        return CustomerGroupDeletePayload(deleted_id=strawberry.ID(str(graphql.to_id(id))))

    @graphql.mutation(permission=permissions.CUSTOMERS_WRITE, description="Put customers into a group, all or none.")
    async def customer_group_members_add(
        self, context: Context, group_id: strawberry.ID, customer_ids: list[strawberry.ID]
    ) -> graphql.BulkPayload:
        count = await groups.add_members(context, graphql.to_id(group_id), graphql.to_ids(customer_ids))
        return graphql.BulkPayload(count=count)

    @graphql.mutation(permission=permissions.CUSTOMERS_WRITE, description="Take customers out of a group.")
    async def customer_group_members_remove(
        self, context: Context, group_id: strawberry.ID, customer_ids: list[strawberry.ID]
    ) -> graphql.BulkPayload:
        count = await groups.remove_members(context, graphql.to_id(group_id), graphql.to_ids(customer_ids))
        return graphql.BulkPayload(count=count)
