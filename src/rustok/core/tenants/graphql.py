"""The tenant in GraphQL: the shop's face for everybody, its settings for staff."""

from collections.abc import Sequence
from datetime import datetime

import strawberry

from rustok.core import permissions
from rustok.core.tenants import service as tenants
from rustok.core.tenants.models import Tenant, TenantHost
from rustok.kernel import graphql
from rustok.kernel.context import Context


@strawberry.type(name="TenantHost", description="A host name that leads to the tenant.")
class TenantHostType:
    host: str
    primary: bool

    @classmethod
    def of(cls, row: TenantHost) -> "TenantHostType":
        """From the stored row."""
        return cls(host=row.host, primary=row.is_primary)


@strawberry.type(name="Tenant", description="The shop, magazine or community as its staff see it.")
class TenantType:
    id: strawberry.ID
    slug: str
    name: str
    status: str
    locales: list[str]
    default_locale: str
    currencies: list[str]
    default_currency: str
    settings: graphql.JSON
    hosts: list[TenantHostType]
    version: int
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, tenant: Tenant, hosts: Sequence[TenantHost]) -> "TenantType":
        """From the stored rows."""
        return cls(
            id=strawberry.ID(str(tenant.id)),
            slug=tenant.slug,
            name=tenant.name,
            status=tenant.status,
            locales=list(tenant.locales),
            default_locale=tenant.default_locale,
            currencies=list(tenant.currencies),
            default_currency=tenant.default_currency,
            settings=graphql.JSON(tenant.settings),
            hosts=[TenantHostType.of(host) for host in hosts],
            version=tenant.version,
            created_at=tenant.created_at,
            updated_at=tenant.updated_at,
        )


@strawberry.input(description="What is absent stays as it is.")
class TenantUpdateInput:
    version: int
    name: str | None = None
    locales: list[str] | None = None
    default_locale: str | None = None
    currencies: list[str] | None = None
    default_currency: str | None = None
    settings: graphql.JSON | None = None


@strawberry.type
class TenantPayload:
    tenant: TenantType | None = None
    user_errors: list[graphql.UserError] = strawberry.field(default_factory=list)


@strawberry.type
class TenantQueries:
    @graphql.query(permission=permissions.TENANTS_READ, description="The tenant of this request.")
    async def tenant(self, context: Context) -> TenantType:
        return await _shown(context)


@strawberry.type
class TenantMutations:
    @graphql.mutation(permission=permissions.TENANTS_WRITE)
    async def tenant_update(self, context: Context, input: TenantUpdateInput) -> TenantPayload:
        await tenants.update(
            context,
            version=input.version,
            name=input.name,
            locales=input.locales,
            default_locale=input.default_locale,
            currencies=input.currencies,
            default_currency=input.default_currency,
            settings=input.settings,  # type: ignore[arg-type]  # the service refuses what is no object
        )
        return TenantPayload(tenant=await _shown(context))

    @graphql.mutation(permission=permissions.TENANTS_WRITE, description="Let a host name lead here.")
    async def tenant_host_add(self, context: Context, host: str, primary: bool = False) -> TenantPayload:
        await tenants.add_host(context, host, primary=primary)
        return TenantPayload(tenant=await _shown(context))

    @graphql.mutation(permission=permissions.TENANTS_WRITE, description="Take a host name away.")
    async def tenant_host_remove(self, context: Context, host: str) -> TenantPayload:
        await tenants.remove_host(context, host)
        return TenantPayload(tenant=await _shown(context))

    @graphql.mutation(
        permission=permissions.TENANTS_WRITE,
        description="Let exactly these host names lead here, the primary one first.",
    )
    async def tenant_hosts_set(self, context: Context, hosts: list[str]) -> TenantPayload:
        await tenants.set_hosts(context, hosts)
        return TenantPayload(tenant=await _shown(context))


@strawberry.type(description="The shop as everybody sees it.")
class Shop:
    name: str
    locales: list[str]
    default_locale: str
    currencies: list[str]
    default_currency: str


@strawberry.type
class ShopQueries:
    @graphql.query(public="every page shows the shop's name, languages and currencies")
    async def shop(self, context: Context) -> Shop:
        tenant = context.tenant
        return Shop(
            name=tenant.name,
            locales=list(tenant.locales),
            default_locale=tenant.default_locale,
            currencies=list(tenant.currencies),
            default_currency=tenant.default_currency,
        )


async def _shown(context: Context) -> TenantType:
    return TenantType.of(await tenants.get(context), await tenants.hosts(context))


QUERIES: list[type] = [ShopQueries]
MUTATIONS: list[type] = []
ADMIN_QUERIES: list[type] = [TenantQueries]
ADMIN_MUTATIONS: list[type] = [TenantMutations]
