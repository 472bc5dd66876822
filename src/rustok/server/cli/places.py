"""Where a command finds its database: DATABASE_URL, or the embedded PostgreSQL of RUSTOK_HOME."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import TypeVar

import typer
import uvloop
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from rustok.core.tenants import lookup
from rustok.kernel import migrating
from rustok.kernel.context import TenantInfo
from rustok.kernel.postgres import Embedded
from rustok.kernel.settings import Settings
from rustok.server import logs
from rustok.server.cli.output import fail
from rustok.server.host import Host

T = TypeVar("T")
TENANT = typer.Option("demo", "--tenant", "-t", metavar="SLUG", help="The tenant that is meant.")
JSON = typer.Option(False, "--json", help="Print JSON for scripts.")


@contextmanager
def owner_url(settings: Settings) -> Iterator[str]:
    """The owner's address; the embedded server is found if it runs, and otherwise started for as long as needed."""
    if settings.database_url:
        yield settings.database_url
        return
    embedded = Embedded(settings.home)
    running = embedded.running_url()
    if running:
        yield running
        return
    started = embedded.start()
    try:
        yield started
    finally:
        embedded.stop()


def run(work: Callable[[Host], Awaitable[T]]) -> T:
    """Run a command's work with an open host."""
    settings = Settings()
    logs.set_up(level="WARNING", as_json=settings.log_json)
    with owner_url(settings) as url:

        async def opened() -> T:
            host = Host.open(settings, url)
            try:
                await require_schema(host, url)
                return await work(host)
            finally:
                await host.close()

        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(opened())


async def require_schema(host: Host, url: str) -> None:
    """Fail in one line where the database was never migrated."""
    engine = migrating.owner_engine(url)
    try:
        async with engine.connect() as connection:
            if await connection.scalar(text("SELECT to_regclass('event_log')")) is None:
                fail("the database has no tables yet: run `rustok migrate` or `rustok up` first")
    finally:
        await engine.dispose()


async def tenant(host: Host, slug: str) -> TenantInfo:
    """The tenant of that slug, or a clear end."""
    async with host.database.session() as session:
        found = await lookup.by_slug(session, slug)
    if found is None:
        fail(f"there is no tenant {slug!r}: see `rustok tenant list`", code=2)
    return found


@asynccontextmanager
async def owner_engine(settings: Settings) -> AsyncIterator[AsyncEngine]:
    """The owner's engine, for what no other role may do."""
    with owner_url(settings) as url:
        engine = migrating.owner_engine(url)
        try:
            yield engine
        finally:
            await engine.dispose()
