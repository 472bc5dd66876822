"""Roles and permissions in GraphQL."""

import strawberry

from rustok.core import permissions
from rustok.core.roles import service as roles
from rustok.core.roles.models import Role
from rustok.kernel import graphql
from rustok.kernel.context import Context


@strawberry.type(name="Role", description="A named list of permissions.")
class RoleType:
    slug: str
    name: str
    permissions: list[str]
    fixed: bool = strawberry.field(description="Fixed roles come with the program and cannot be changed.")
    version: int | None = None

    @classmethod
    def of(cls, role: Role) -> "RoleType":
        """From the stored row."""
        return cls(
            slug=role.slug, name=role.name, permissions=list(role.permissions), fixed=False, version=role.version
        )


@strawberry.input
class RoleCreateInput:
    slug: str
    name: str
    permissions: list[str]


@strawberry.input(description="What is absent stays as it is.")
class RoleUpdateInput:
    version: int
    name: str | None = None
    permissions: list[str] | None = None


@strawberry.type
class RolePayload:
    role: RoleType | None = None
    user_errors: list[graphql.UserError] = strawberry.field(default_factory=list)


@strawberry.type
class RoleDeletePayload:
    deleted_slug: str | None = None
    user_errors: list[graphql.UserError] = strawberry.field(default_factory=list)


@strawberry.type
class RoleQueries:
    @graphql.query(permission=permissions.ROLES_READ, description="The fixed roles and the tenant's own.")
    async def roles(self, context: Context) -> list[RoleType]:
        fixed = [
            RoleType(slug=slug, name=name, permissions=sorted(roles.permissions_of(context, slug, None)), fixed=True)
            for slug, name in roles.SYSTEM_ROLES.items()
        ]
        return [*fixed, *(RoleType.of(role) for role in await roles.list_all(context))]

    @graphql.query(permission=permissions.ROLES_READ, description="Every permission that a role can be given.")
    async def permissions(self, context: Context) -> list[str]:
        return sorted(roles.known_permissions(context))


@strawberry.type
class RoleMutations:
    @graphql.mutation(permission=permissions.ROLES_WRITE)
    async def role_create(self, context: Context, input: RoleCreateInput) -> RolePayload:
        role = await roles.create(context, input.slug, name=input.name, permissions=input.permissions)
        return RolePayload(role=RoleType.of(role))

    @graphql.mutation(permission=permissions.ROLES_WRITE)
    async def role_update(self, context: Context, slug: str, input: RoleUpdateInput) -> RolePayload:
        role = await roles.update(context, slug, version=input.version, name=input.name, permissions=input.permissions)
        return RolePayload(role=RoleType.of(role))

    @graphql.mutation(permission=permissions.ROLES_DELETE)
    async def role_delete(self, context: Context, slug: str) -> RoleDeletePayload:
        await roles.remove(context, slug)
        return RoleDeletePayload(deleted_slug=slug)


QUERIES: list[type] = []
MUTATIONS: list[type] = []
ADMIN_QUERIES: list[type] = [RoleQueries]
ADMIN_MUTATIONS: list[type] = [RoleMutations]
