"""A web process numbers what it has just committed, so that nobody has to find it; the log's growth wakes the workers.

The business transaction knows nothing of it: NOTIFY takes a lock of the whole server at the commit, and only the
sequencer's own short transaction pays for it. Whatever fails here is done by a worker's next poll.
"""

import asyncio
import random

import structlog

from rustok.kernel import log
from rustok.kernel.db import Database

logger = structlog.get_logger("rustok.numbering")


class Numbering:
    """One sequencing at a time in this process, after the commits that recorded events; no request waits for it."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._staged = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin; must be called inside the running loop."""
        self._database.after_commit.append(self._staged.set)
        self._staged.set()  # connects, before somebody waits for it
        self._task = asyncio.create_task(self._number(), name="numbering")

    async def stop(self) -> None:
        """End; what is staged is numbered by somebody else."""
        self._database.after_commit.remove(self._staged.set)
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _number(self) -> None:
        pause = 0.1
        while True:
            await self._staged.wait()
            self._staged.clear()
            try:
                await log.sequence(self._database)
                pause = 0.1
            except Exception as error:
                logger.warning("numbering.failed", error=repr(error), retry_in=pause)
                await asyncio.sleep(pause * (0.5 + random.random()))  # noqa: S311 - jitter
                pause = min(pause * 2, 5.0)
                self._staged.set()
