"""Migrations: one Alembic branch per module, run by the owner; roles and row-level security come with them."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from rustok.kernel import errors
from rustok.kernel.db import APP_ROLE, WORKER_ROLE, driver_url
from rustok.kernel.late import Late
from rustok.kernel.module import Module

if TYPE_CHECKING:
    from alembic import command as alembic_command
    from alembic import config as alembic_config
    from alembic import operations as alembic_operations
else:
    alembic_command, alembic_config = Late("alembic.command"), Late("alembic.config")

HERE = Path(__file__).parent / "migrations"
CURRENT_TENANT = "(SELECT NULLIF(current_setting('app.tenant', true), '')::uuid)"
_LOCK = 7_240_001


class UnboundRole(errors.Conflict):
    """A role of the program exists already and could see every tenant."""

    code = "unbound_role"
    for_operators = True


def policy_sql(table: str, *, tenant_column: str = "tenant_id") -> list[str]:
    """The statements that put a table under row-level security and let the program's roles use it."""
    mine = f"{tenant_column} = {CURRENT_TENANT}"
    return [
        f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
        f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY",
        f"CREATE POLICY tenant_isolation ON {table} USING ({mine}) WITH CHECK ({mine})",
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO {APP_ROLE}, {WORKER_ROLE}",
    ]


def protect(op: "alembic_operations.Operations | Any", table: str, *, tenant_column: str = "tenant_id") -> None:
    """Put a new table under row-level security. `op` is Alembic's, as a migration imports it."""
    for statement in policy_sql(table, tenant_column=tenant_column):
        op.execute(statement)


def config(modules: Sequence[Module]) -> "alembic_config.Config":
    """Alembic's configuration for these modules, the kernel's own branch among them."""
    places = [HERE, *(module.migrations for module in modules if module.migrations)]
    made = alembic_config.Config()
    # Not beside the revisions: Alembic would take env.py for one of them.
    made.set_main_option("script_location", str(HERE / "environment").replace("%", "%%"))
    made.set_main_option("path_separator", "newline")
    made.set_main_option("version_locations", "\n".join(str(place).replace("%", "%%") for place in places))
    return made


def owner_engine(owner_url: str) -> AsyncEngine:
    """An engine for the owner of the tables; only migrations, the command line and rebuilds use it."""
    return create_async_engine(driver_url(owner_url), pool_size=2, pool_reset_on_return="rollback")


async def upgrade(owner_url: str, modules: Sequence[Module], *, role_urls: Sequence[str], to: str = "heads") -> None:
    """Bring the schema to the newest revision; safe to run from several processes at once, and to run again."""
    engine = owner_engine(owner_url)
    try:
        async with engine.begin() as connection:
            await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
            for url in role_urls:
                await _ensure_role(connection, url)
            await connection.run_sync(_upgrade, config(modules), to)
    finally:
        await engine.dispose()


def _upgrade(connection: Connection, configuration: "alembic_config.Config", to: str) -> None:
    configuration.attributes["connection"] = connection
    alembic_command.upgrade(configuration, to)


async def _ensure_role(connection: AsyncConnection, url: str) -> None:
    """Roles belong to the whole server: somebody may be at the same ones from another database just now."""
    for attempt in range(5):
        try:
            async with connection.begin_nested():
                await _make_role(connection, url)
            return
        except DBAPIError as error:
            if "concurrently updated" not in str(error) and getattr(error.orig, "sqlstate", "") != "42710":
                raise
            await asyncio.sleep(0.05 * (attempt + 1))
    await _make_role(connection, url)


async def _make_role(connection: AsyncConnection, url: str) -> None:
    parts = urlsplit(url)
    name, password = unquote(parts.username or ""), unquote(parts.password or "")
    quoted = await connection.scalar(text("SELECT quote_literal(:password)"), {"password": password})
    present = (
        await connection.execute(
            text("SELECT rolsuper OR rolbypassrls AS unbound FROM pg_roles WHERE rolname = :name"), {"name": name}
        )
    ).one_or_none()
    if present is not None and present.unbound:
        raise UnboundRole(f"the role {name} can bypass row-level security: take SUPERUSER and BYPASSRLS away from it")
    # Only a superuser may name those rights of a role that exists, and the owner need not be one.
    rights = "LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOINHERIT NOBYPASSRLS NOREPLICATION"
    verb = f'CREATE ROLE "{name}" {rights}' if present is None else f'ALTER ROLE "{name}" LOGIN'
    await connection.execute(text(f"{verb} PASSWORD {quoted}".replace(":", r"\:")))
    await connection.execute(text(f'GRANT USAGE ON SCHEMA public TO "{name}"'))
