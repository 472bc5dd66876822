"""Figures that modules want watched, asked for at `/metrics`: seldom enough that nobody's scrape is a burden."""

import asyncio
import time
from collections.abc import Sequence

import structlog
from sqlalchemy import text

from rustok.kernel.db import Database
from rustok.kernel.module import Gauge

FRESH_SECONDS = 10  # they are not asked for again
PATIENCE = 3  # seconds for one of them
logger = structlog.get_logger("rustok.metrics")


class Gauges:
    """What the gauges show. One that cannot be read is left out, and the log says why."""

    def __init__(self, declared: Sequence[Gauge], database: Database) -> None:
        self._declared, self._database = declared, database
        self._shown: dict[Gauge, float] = {}
        self._asked_at = float("-inf")
        self._asking = asyncio.Lock()

    async def shown(self) -> dict[Gauge, float]:
        """The figures as they were a few seconds ago at most."""
        async with self._asking:
            if time.monotonic() - self._asked_at >= FRESH_SECONDS:
                read = [(gauge, await self._read(gauge)) for gauge in self._declared]
                self._shown = {gauge: value for gauge, value in read if value is not None}
                self._asked_at = time.monotonic()
            return self._shown

    async def _read(self, gauge: Gauge) -> float | None:
        try:
            async with asyncio.timeout(PATIENCE), self._database.session(worker=True) as session:
                return float(await session.scalar(text(gauge.read)))
        except Exception as error:
            logger.warning("gauge.unreadable", gauge=gauge.name, error=repr(error)[:500])
            return None
