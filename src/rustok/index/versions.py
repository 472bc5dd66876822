"""The version of a tenant's read model, read so cheaply that every cached answer can be checked before it is given.

A cached answer must never be older than what the database shows, in any process and on any machine. So each request
asks for the version, but not each by itself: all that wait share one statement, which begins after they have come.
"""

import asyncio
from typing import Any
from uuid import UUID

import structlog
from asyncpg import exceptions

from rustok.index.readers import Readers
from rustok.kernel import errors

_READ = "SELECT array_agg(v.tenant_id), array_agg(v.version) FROM public.index_versions_of($1) v"
_NOBODY = UUID(int=0)
logger = structlog.get_logger("rustok.index")


class Versions:
    """Asks for versions, many at once, over a connection of its own: the checks do not stand in line behind reads."""

    def __init__(self, url: str) -> None:
        self.readers = Readers(url, most=1)
        self._waiting: list[tuple[UUID, asyncio.Future[int]]] = []
        self._task: asyncio.Task[None] | None = None

    def current(self, tenant: UUID) -> "asyncio.Future[int]":
        """The version that the database shows at some moment after this call; 0 where nothing was ever written. Raises
        `Unavailable`."""
        answer: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._waiting.append((tenant, answer))
        if self._task is None:
            self._task = asyncio.create_task(self._ask())
        return answer

    async def close(self) -> None:
        """Close the connection."""
        await self.readers.close()

    async def _ask(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting, []
                try:
                    row: Any = await self.readers.row(_NOBODY, _READ, (list({tenant for tenant, _ in batch}),))
                    found = dict(zip(row[0] or (), row[1] or (), strict=True))
                except Exception as error:
                    if isinstance(error, exceptions.PostgresError):
                        logger.warning("index.version_unknown", error=repr(error)[:500])
                        error = errors.Unavailable("the database does not answer")
                    for _, answer in batch:
                        if not answer.done():
                            answer.set_exception(error)
                    continue
                for tenant, answer in batch:
                    if not answer.done():
                        answer.set_result(found.get(tenant, 0))
        finally:
            self._task = None
