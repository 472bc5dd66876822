"""One engine per role, one transaction per unit of work, one commit at its edge."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from uuid import UUID

from sqlalchemy import DateTime, MetaData, NullPool, Uuid, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from rustok.kernel import bus, errors, steps
from rustok.kernel.context import SYSTEM, Actor, Context, Installation, TenantInfo
from rustok.kernel.ids import generate_id

APP_ROLE = "rustok_app"
WORKER_ROLE = "rustok_worker"
_SET_TENANT = "SELECT set_config('app.tenant', $1, true)"


class Model(DeclarativeBase):
    """The base of all tables; names of keys follow one convention so that migrations can name them."""

    # What the database sets by itself comes back with the change: reading it later would be a question of its own,
    # which nobody could await.
    __mapper_args__ = {"eager_defaults": True}  # noqa: RUF012 - SQLAlchemy reads it from the class
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy reads it from the class
        datetime: DateTime(timezone=True),
        dict[str, Any]: JSONB,
        UUID: Uuid,
    }


class TenantModel(Model):
    """A row of one tenant: the key begins with the tenant, and row-level security guards it."""

    __abstract__ = True

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True, default=generate_id)


def created_at() -> Mapped[datetime]:
    """A column set by the database when the row is made."""
    return mapped_column(DateTime(timezone=True), server_default=func.now())


def updated_at() -> Mapped[datetime]:
    """A column set when the row is made and at every change through the ORM."""
    return mapped_column(DateTime(timezone=True), server_default=func.now(), onupdate=func.now())


_REFUSALS: Mapping[str, tuple[type[errors.RustokError], str]] = {
    "22000": (errors.Invalid, "a value does not fit its field"),
    "22001": (errors.Invalid, "a text is longer than its field allows"),
    "22003": (errors.Invalid, "a number is out of range"),
    "22021": (errors.Invalid, "a text holds characters that cannot be stored"),
    "22P05": (errors.Invalid, "a text holds characters that cannot be stored"),
    "22007": (errors.Invalid, "a date or time cannot be read"),
    "22008": (errors.Invalid, "a date or time is out of range"),
    "23503": (errors.Conflict, "something that this refers to does not exist, or something still refers to it"),
    "23505": (errors.Conflict, "something with the same unique value exists already"),
    "23514": (errors.Conflict, "a value breaks a rule of its table"),
    "40001": (errors.Unavailable, "somebody else changed the same thing at the same time: try again"),
    "40P01": (errors.Unavailable, "somebody else changed the same thing at the same time: try again"),
    "57014": (errors.Unavailable, "the database took too long"),
}


def refusal(error: DBAPIError) -> errors.RustokError | None:
    """What PostgreSQL's refusal means to the caller, for what no service caught; None where it is our fault."""
    known = _REFUSALS.get(getattr(error.orig, "sqlstate", None) or "")
    return known[0](known[1]) if known else None


def driver_url(url: str) -> str:
    """A `postgres://` address in the form that SQLAlchemy wants for asyncpg."""
    return urlunsplit(urlsplit(url)._replace(scheme="postgresql+asyncpg"))


def plain_url(url: str) -> str:
    """The same address in the form that asyncpg and psql want."""
    return urlunsplit(urlsplit(url)._replace(scheme="postgresql"))


async def set_tenant(session: AsyncSession, tenant_id: UUID | None) -> None:
    """Let the transaction see this tenant's rows and no others."""
    connection = await session.connection()
    await connection.exec_driver_sql(_SET_TENANT, (str(tenant_id) if tenant_id else "",))


async def driver(connection: AsyncConnection) -> Any:
    """asyncpg's own connection below, for statements where SQLAlchemy's time counts.

    A statement given to it belongs to SQLAlchemy's transaction once that has run a statement, and commits alone before.
    """
    return (await connection.get_raw_connection()).driver_connection


class Database:
    """The database as the program sees it: a pool for requests and one for workers, neither of which owns a thing."""

    def __init__(
        self, app_url: str, worker_url: str, *, pool_size: int = 8, installation: Installation | None = None
    ) -> None:
        self.app_url, self.worker_url = app_url, worker_url
        self.installation = installation or Installation()  # every context carries it
        self.app = _engine(app_url, pool_size)
        self.worker = _engine(worker_url, pool_size)
        # Not of that pool: each consumer keeps one, and there may be more of them than connections for short work.
        self._keeping = _engine(worker_url, None)
        self.resources: dict[Any, Any] = {}  # what the host hands down to services (`context.session.info`), by class
        self._app_sessions = async_sessionmaker(self.app, expire_on_commit=False, info=self.resources)
        self._worker_sessions = async_sessionmaker(self.worker, expire_on_commit=False, info=self.resources)
        self.after_commit: list[Callable[[], None]] = []  # called when a transaction that recorded events is committed
        self._kept: dict[str, AsyncConnection] = {}

    async def close(self) -> None:
        """Close every connection."""
        while self._kept:
            await self._kept.popitem()[1].close()
        await self.app.dispose()
        await self.worker.dispose()
        await self._keeping.dispose()

    def session(self, *, worker: bool = False) -> AsyncSession:
        """A bare session that sees no tenant; for the log and for looking tenants up."""
        return (self._worker_sessions if worker else self._app_sessions)()

    def session_on(self, connection: AsyncConnection) -> AsyncSession:
        """A session of a unit of work on that connection; it ends its transactions, and leaves it open."""
        return AsyncSession(connection, expire_on_commit=False, info=self.resources)

    @asynccontextmanager
    async def keep(self, purpose: str) -> AsyncIterator[AsyncConnection]:
        """A worker's connection that stays with a purpose: the plans that PostgreSQL made there are not made again.

        Nothing is committed. After an exception the connection is given up: nobody knows how it was left.
        """
        connection = self._kept.pop(purpose, None) or await self._opened()
        plain = await driver(connection)
        try:
            yield connection
            await connection.rollback()
        except BaseException:
            lost = plain.is_closed()
            await connection.invalidate()
            await connection.close()
            if lost:  # then those that wait for short work are lost as well, and nobody has noticed yet
                await self.worker.dispose()
            raise
        if purpose in self._kept:  # two at once, of whom the other was earlier
            await connection.close()
        else:
            self._kept[purpose] = connection

    async def _opened(self) -> AsyncConnection:
        """A new connection to keep. Who is cancelled meanwhile closes it: nobody else could."""
        opening = asyncio.ensure_future(self._connected())
        try:
            return await asyncio.shield(opening)
        except asyncio.CancelledError:
            await (await opening).close()
            raise

    async def _connected(self) -> AsyncConnection:
        return await self._keeping.connect()

    @asynccontextmanager
    async def open(
        self,
        tenant: TenantInfo,
        *,
        actor: Actor = SYSTEM,
        locale: str = "",
        currency: str = "",
        worker: bool = False,
        correlation_id: UUID | None = None,
    ) -> AsyncIterator[Context]:
        """One unit of work: writes the recorded events and commits at its end, or changes nothing."""
        async with self.session(worker=worker) as session:
            await set_tenant(session, tenant.id)
            context = Context(session, tenant, actor, locale, currency, correlation_id or generate_id())
            context.installation = self.installation
            yield context
            await bus.flush(context)
            steps.passed("unit.written")
            await session.commit()
            steps.passed("unit.committed")
        if context.recorded:
            self.announce()

    @asynccontextmanager
    async def read(
        self,
        tenant: TenantInfo,
        *,
        actor: Actor = SYSTEM,
        locale: str = "",
        currency: str = "",
    ) -> AsyncIterator[Context]:
        """The same for reading: PostgreSQL refuses every write, and nothing is committed."""
        async with self.session() as session:
            await session.execute(text("SET TRANSACTION READ ONLY"))
            await set_tenant(session, tenant.id)
            yield Context(session, tenant, actor, locale, currency, installation=self.installation)

    def announce(self) -> None:
        """Tell this process's workers that there are new events."""
        for callback in self.after_commit:
            callback()


def _engine(url: str, pool_size: int | None) -> AsyncEngine:
    """With a pool of so many connections and as many more when needed; None: each is opened and closed by itself."""
    options: dict[str, Any] = {"poolclass": NullPool}
    if pool_size is not None:
        options = {"pool_size": pool_size, "max_overflow": pool_size, "pool_pre_ping": False, "pool_recycle": 1800}
    return create_async_engine(
        driver_url(url),
        **options,
        connect_args={
            "server_settings": {"application_name": "rustok", "jit": "off"},
            "timeout": 10,
            "max_cacheable_statement_size": 0,  # no limit: the largest statements are those that planning costs most
        },
    )
