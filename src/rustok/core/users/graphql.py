"""Accounts in GraphQL, for staff."""

from datetime import datetime
from enum import Enum

import strawberry
from strawberry.types import Info

from rustok.core import permissions
from rustok.core.roles import service as roles
from rustok.core.users import service as users
from rustok.core.users.models import User, UserStatus
from rustok.kernel import graphql, paging
from rustok.kernel.context import Context


@strawberry.enum(name="UserStatus")
class UserStatusEnum(Enum):
    ACTIVE = UserStatus.ACTIVE.value
    DISABLED = UserStatus.DISABLED.value


@strawberry.type(name="User", description="An account: staff or customer.")
class UserType:
    id: strawberry.ID
    email: str
    name: str
    locale: str | None
    role: str
    status: UserStatusEnum
    email_verified_at: datetime | None
    last_login_at: datetime | None
    created_at: datetime
    updated_at: datetime
    version: int

    @classmethod
    def of(cls, user: User) -> "UserType":
        """From the stored row."""
        return cls(
            id=strawberry.ID(str(user.id)),
            email=user.email,
            name=user.name,
            locale=user.locale,
            role=user.role,
            status=UserStatusEnum(user.status),
            email_verified_at=user.email_verified_at,
            last_login_at=user.last_login_at,
            created_at=user.created_at,
            updated_at=user.updated_at,
            version=user.version,
        )


@strawberry.input
class UserCreateInput:
    email: str
    password: str | None = strawberry.field(
        default=None, description="Without one nobody can log in until a reset token is used."
    )
    name: str = ""
    role: str = roles.CUSTOMER
    locale: str | None = strawberry.field(default=None, description="In which mails are written.")


@strawberry.input(description="What is absent stays as it is.")
class UserUpdateInput:
    version: int
    email: str | None = None
    name: str | None = None
    locale: str | None = None
    role: str | None = None
    status: UserStatusEnum | None = None


@strawberry.type
class UserPayload:
    user: UserType | None = None
    user_errors: list[graphql.UserError] = strawberry.field(default_factory=list)


@strawberry.type
class UserDeletePayload:
    deleted_id: strawberry.ID | None = None
    user_errors: list[graphql.UserError] = strawberry.field(default_factory=list)


@strawberry.type
class UserQueries:
    @graphql.query(permission=permissions.USERS_READ)
    async def user(self, context: Context, id: strawberry.ID) -> UserType | None:
        found = await users.find_by_id(context, graphql.to_id(id))
        return UserType.of(found) if found else None

    @graphql.query(permission=permissions.USERS_READ, description="Accounts, the newest first.")
    async def users(
        self,
        context: Context,
        info: Info[graphql.Operation, None],
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
        query: str | None = None,
        role: str | None = None,
        status: UserStatusEnum | None = None,
    ) -> graphql.Connection[UserType]:
        found = users.listing(context, query=query, role=role, status=status.value if status else None)
        page = await paging.page(
            context,
            found,
            keys=[(User.created_at, paging.DESC), (User.id, paging.DESC)],
            first=first,
            after=after,
            last=last,
            before=before,
        )
        return graphql.connection(info, page, UserType.of, statement=found)


@strawberry.type
class UserMutations:
    @graphql.mutation(permission=permissions.USERS_WRITE)
    async def user_create(self, context: Context, input: UserCreateInput) -> UserPayload:
        user = await users.register(
            context,
            email=input.email,
            password=input.password,
            name=input.name,
            role=input.role,
            locale=input.locale,
        )
        return UserPayload(user=UserType.of(user))

    @graphql.mutation(permission=permissions.USERS_WRITE)
    async def user_update(self, context: Context, id: strawberry.ID, input: UserUpdateInput) -> UserPayload:
        user = await users.update(
            context,
            graphql.to_id(id),
            version=input.version,
            email=input.email,
            name=input.name,
            role=input.role,
            locale=input.locale,
            status=input.status.value if input.status else None,
        )
        return UserPayload(user=UserType.of(user))

    @graphql.mutation(
        permission=permissions.USERS_WRITE, description="Give an account a password; all its sessions end."
    )
    async def user_password_set(self, context: Context, id: strawberry.ID, password: str) -> UserPayload:
        user = await users.set_password(context, graphql.to_id(id), password=password)
        return UserPayload(user=UserType.of(user))

    @graphql.mutation(permission=permissions.USERS_DELETE)
    async def user_delete(self, context: Context, id: strawberry.ID) -> UserDeletePayload:
        await users.remove(context, graphql.to_id(id))
        return UserDeletePayload(deleted_id=strawberry.ID(str(graphql.to_id(id))))

    @graphql.mutation(permission=permissions.USERS_WRITE, description="Disable accounts and end their sessions.")
    async def users_bulk_disable(self, context: Context, ids: list[strawberry.ID]) -> graphql.BulkPayload:
        return graphql.BulkPayload(count=await users.disable_many(context, graphql.to_ids(ids)))

    @graphql.mutation(permission=permissions.USERS_DELETE)
    async def users_bulk_delete(self, context: Context, ids: list[strawberry.ID]) -> graphql.BulkPayload:
        return graphql.BulkPayload(count=await users.remove_many(context, graphql.to_ids(ids)))


QUERIES: list[type] = []
MUTATIONS: list[type] = []
ADMIN_QUERIES: list[type] = [UserQueries]
ADMIN_MUTATIONS: list[type] = [UserMutations]
