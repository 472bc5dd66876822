"""`tenant` and `user`: who there is."""

import asyncio
import secrets

import typer
from sqlalchemy.ext.asyncio import AsyncSession

from rustok.core.tenants import service as tenants
from rustok.core.users import service as users
from rustok.kernel.context import TenantInfo
from rustok.kernel.settings import Settings
from rustok.server.cli import output, places
from rustok.server.host import Host

tenant = typer.Typer(help="Shops, magazines and communities on this installation.", no_args_is_help=True)
user = typer.Typer(help="People of a tenant.", no_args_is_help=True)


def _shown(info: TenantInfo) -> dict[str, object]:
    return {
        "id": info.id,
        "slug": info.slug,
        "name": info.name,
        "hosts": info.hosts,
        "locales": info.locales,
        "currencies": info.currencies,
        "enabled": info.enabled,
    }


@tenant.command("create")
def create(
    slug: str = typer.Argument(..., help="Short name: letters, digits and hyphens."),
    name: str = typer.Option(None, help="Name for people; default: the slug."),
    host: list[str] = typer.Option([], "--host", help="A host name that leads to it; may be repeated."),
    locale: list[str] = typer.Option(["en"], "--locale", help="Languages, the default one first."),
    currency: list[str] = typer.Option(["EUR"], "--currency", help="Currencies, the default one first."),
    json: bool = places.JSON,
) -> None:
    """Add a tenant."""

    async def work() -> TenantInfo:
        async with places.owner_engine(Settings()) as engine, AsyncSession(engine) as session:
            made = await tenants.create(
                session,
                slug=slug,
                name=name or slug.title(),
                hosts=host,
                locales=tuple(locale),
                default_locale=locale[0],
                currencies=tuple(one.upper() for one in currency),
                default_currency=currency[0].upper(),
            )
            await session.commit()
            return made

    made = asyncio.run(work())
    if json:
        output.as_json(_shown(made))
    else:
        output.screen.print(f"tenant {made.slug} is there: {made.id}", markup=False)


@tenant.command("list")
def list_tenants(json: bool = places.JSON) -> None:
    """Show every tenant."""

    async def work() -> list[TenantInfo]:
        async with places.owner_engine(Settings()) as engine, AsyncSession(engine) as session:
            return await tenants.list_all(session)

    found = asyncio.run(work())
    if json:
        output.as_json([_shown(one) for one in found])
        return
    rows = [
        (one.slug, one.name, ", ".join(one.hosts), " ".join(one.locales), "on" if one.enabled else "off")
        for one in found
    ]
    output.table(("slug", "name", "hosts", "locales", "state"), rows, empty="there is no tenant yet")


@user.command("create")
def create_user(
    email: str = typer.Argument(..., help="E-mail address; people log in with it."),
    role: str = typer.Option("admin", help="super_admin, admin, manager, customer or a custom role."),
    name: str = typer.Option("", help="Name for people."),
    password: str = typer.Option(None, envvar="RUSTOK_USER_PASSWORD", help="Default: a generated one, shown once."),
    tenant: str = places.TENANT,
    json: bool = places.JSON,
) -> None:
    """Add a user to a tenant."""
    chosen = password or secrets.token_urlsafe(12)

    async def work(host: Host) -> object:
        info = await places.tenant(host, tenant)
        async with host.database.open(info) as context:
            made = await users.register(
                context, email=email, password=chosen, name=name, role=role, email_verified=True
            )
            return made.id

    made = places.run(work)
    if json:
        output.as_json({"id": made, "email": email, "role": role, "password": None if password else chosen})
        return
    output.screen.print(f"user {email} is there as {role}", markup=False)
    if not password:
        output.screen.print(f"password {chosen}", markup=False)
