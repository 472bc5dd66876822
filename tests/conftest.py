"""What every test stands on: a real PostgreSQL, a template migrated once, a copy for each worker, tenants on demand."""

import asyncio
import contextlib
import errno
import fcntl
import hashlib
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncSession

from rustok.core.tenants import service as tenants
from rustok.kernel import consuming, migrating, postgres
from rustok.kernel.context import SYSTEM, Actor, Context, TenantInfo
from rustok.kernel.db import APP_ROLE, WORKER_ROLE, Database, plain_url
from rustok.kernel.settings import Settings
from rustok.kernel.working import Workers
from rustok.server import modules, schema

schema.prepare(modules.load())  # as the server does: tests answer alike, whichever ran before

ROOT = Path(__file__).parent.parent
DATA = ROOT.parent / "shared" / "data"


def _stay_here(event: str, arguments: tuple[Any, ...]) -> None:
    """An audit hook: what connects to an address outside is told that there is no way to it."""
    if event != "socket.connect" or not isinstance(arguments[1], tuple):  # a Unix socket's address is a path
        return
    host = arguments[1][0]
    with contextlib.suppress(ValueError):  # a name: it is connected to by its address
        if not ip_address(host).is_loopback:
            raise OSError(errno.ENETUNREACH, f"tests reach nothing but this machine: {host}")


sys.addaudithook(_stay_here)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options of our own."""
    parser.addoption("--long", action="store_true", help="generate a hundred thousand queries instead of thousands")
    parser.addoption("--generate-seed", type=int, default=1, help="another number generates other queries")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What starts whole installations comes first: at the end one worker would be at it while the other has nothing."""
    items.sort(key=lambda item: "test_lifecycle" not in item.nodeid)


@dataclass(frozen=True)
class Addresses:
    """One database under its three roles."""

    owner: str
    app: str
    worker: str


def _addresses(owner: str) -> Addresses:
    settings = Settings(secret_key="only for tests")
    return Addresses(owner, settings.role_url(owner, APP_ROLE), settings.role_url(owner, WORKER_ROLE))


def _named(url: str, name: str) -> str:
    return f"{url.rsplit('/', 1)[0]}/{name}"


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The owner's address on an embedded PostgreSQL that all workers of this run (and runs beside it) share."""
    home = Path(tempfile.gettempdir()) / f"rustok-tests-{os.getuid()}"
    embedded = postgres.Embedded(home, durable=False)
    yield embedded.start()
    embedded.stop()


@contextlib.contextmanager
def _alone(name: str) -> Iterator[None]:
    path = Path(tempfile.gettempdir()) / f"rustok-tests-{os.getuid()}-{name}.lock"
    with path.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _fingerprint() -> str:
    """Changes with every migration and every declaration of the read model."""
    found = hashlib.sha256()
    package = ROOT / "src" / "rustok"
    for path in sorted(
        [*package.rglob("migrations/*.py"), *package.rglob("index_source.py"), *package.glob("index/*.py")]
    ):
        found.update(path.read_bytes())
    return found.hexdigest()[:12]


@pytest.fixture(scope="session")
def template(server: str) -> str:
    """The name of a migrated, empty database."""
    name = f"template_{_fingerprint()}"
    with _alone("template"):
        asyncio.run(_make_template(server, name))
    return name


async def _make_template(server: str, name: str) -> None:
    admin = await asyncpg.connect(plain_url(server))
    try:
        if await admin.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", name):
            return
        await admin.execute(f'CREATE DATABASE "{name}_making"')
        try:
            places = _addresses(_named(server, f"{name}_making"))
            await modules.prepare(places.owner, role_urls=[places.app, places.worker])
        except BaseException:
            await admin.execute(f'DROP DATABASE "{name}_making" WITH (FORCE)')
            raise
        await admin.execute(f'ALTER DATABASE "{name}_making" RENAME TO "{name}"')
    finally:
        await admin.close()


@contextlib.asynccontextmanager
async def copied_database(server: str, template: str, name: str) -> AsyncIterator[Addresses]:
    """A copy of the template that is dropped at the end."""
    admin = await asyncpg.connect(plain_url(server))
    try:
        await admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        with _alone("copy"):  # copying needs the template to itself
            await admin.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        try:
            yield _addresses(_named(server, name))
        finally:
            await admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
    finally:
        await admin.close()


@pytest.fixture(scope="session")
async def addresses(server: str, template: str, worker_id: str) -> AsyncIterator[Addresses]:
    """The addresses of this worker's own copy."""
    async with copied_database(server, template, f"test_{worker_id}_{os.getpid()}") as places:
        yield places


@pytest.fixture
async def own_database(server: str, template: str) -> AsyncIterator[Addresses]:
    """A database that no other test touches: for what looks at the whole log or kills processes."""
    async with copied_database(server, template, f"own_{os.getpid()}_{os.urandom(4).hex()}") as places:
        yield places


@pytest.fixture(scope="session")
async def database(addresses: Addresses) -> AsyncIterator[Database]:
    """The program's view of the database: roles that own nothing."""
    made = Database(addresses.app, addresses.worker)
    yield made
    await made.close()


@pytest.fixture(scope="session")
async def owner(addresses: Addresses) -> AsyncIterator[Callable[[], AsyncSession]]:
    """Sessions of the owner, for making tenants and for looking behind the policies."""
    engine = migrating.owner_engine(addresses.owner)
    yield lambda: AsyncSession(engine, expire_on_commit=False)
    await engine.dispose()


MakeTenant = Callable[..., Awaitable[TenantInfo]]


async def new_tenant(session: AsyncSession, **wanted: object) -> TenantInfo:
    """A tenant with a slug and host of its own, committed."""
    slug = f"t-{os.urandom(5).hex()}"
    fields: dict[str, object] = {
        "name": slug.title(),
        "hosts": [f"{slug}.test"],
        "locales": ("en", "ru"),
        "default_locale": "en",
        "currencies": ("EUR", "USD"),
        "default_currency": "EUR",
        **wanted,
    }
    made = await tenants.create(session, slug=slug, **fields)  # type: ignore[arg-type]  # keywords of a test
    await session.commit()
    return made


@pytest.fixture
async def make_tenant(owner: Callable[[], AsyncSession]) -> MakeTenant:
    """`await make_tenant(locales=("en", "ru"))`: a new tenant with a slug and host of its own."""

    async def make(**wanted: object) -> TenantInfo:
        async with owner() as session:
            return await new_tenant(session, **wanted)

    return make


@pytest.fixture
async def tenant(make_tenant: MakeTenant) -> TenantInfo:
    """A tenant with English and Russian, euro and dollar."""
    return await make_tenant()


@pytest.fixture
def statements(database: Database) -> Iterator[list[str]]:
    """Every statement that requests send from now on."""
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        seen.append(statement)

    event.listen(database.app.sync_engine, "before_cursor_execute", note)
    yield seen
    event.remove(database.app.sync_engine, "before_cursor_execute", note)


OpenContext = Callable[..., AbstractAsyncContextManager[Context]]


@pytest.fixture
def open_context(database: Database, tenant: TenantInfo) -> OpenContext:
    """`async with open_context() as context:` commits at its end; `open_context(other_tenant, actor=…)` as well."""

    def opened(
        of: TenantInfo | None = None, *, actor: Actor = SYSTEM, worker: bool = False
    ) -> AbstractAsyncContextManager[Context]:
        return database.open(of or tenant, actor=actor, worker=worker)

    return opened


@pytest.fixture
async def context(database: Database, tenant: TenantInfo) -> AsyncIterator[Context]:
    """An open unit of work of the system that is rolled back at the end of the test."""
    with contextlib.suppress(_RollBack):
        async with database.open(tenant) as opened:
            yield opened
            raise _RollBack


class _RollBack(Exception):
    pass


@pytest.fixture
def workers(database: Database) -> Workers:
    """Every consumer of the program, not started: `await workers.catch_up()` brings the read model up to date."""
    return modules.workers(modules.load(), database)


@pytest.fixture
def find_tenant() -> consuming.FindTenant:
    """How workers look a tenant up."""
    return modules.find_tenant


def shared_data(name: str) -> Path:
    """A real export; the test is skipped, saying so, where it is absent."""
    path = DATA / name
    if not path.exists():
        pytest.skip(f"the real export {name} is not on this machine")
    return path
