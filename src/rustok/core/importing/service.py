"""Bring a WordPress site here: authors, terms, pictures, pages, posts and comments, in batches and again and again."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from pathlib import Path
from typing import TypeAlias

from rustok.core.importing import wordpress, writing
from rustok.kernel.context import Context
from rustok.kernel.importing import Progress, Summary

OpenContext: TypeAlias = Callable[[], AbstractAsyncContextManager[Context]]
"""Gives a context in a transaction of its own, committed on leaving."""


async def import_wordpress(
    open_context: OpenContext,
    path: Path,
    *,
    dry_run: bool = False,
    progress: Progress | None = None,
    summary: Summary | None = None,
) -> Summary:
    """Import a WXR file. Raises NotImportable when it is none; nothing is written then.

    Each batch is a transaction, so that an interrupted import keeps what it has done and can be run again; a
    `summary` that is handed in tells how far it came.
    """
    summary = summary or Summary()
    summary.dry_run = dry_run
    summary.interrupted = True
    export = await asyncio.to_thread(wordpress.read, path)
    if dry_run:
        async with _undone(open_context) as context:
            await writing.write(lambda: nullcontext(context), export, summary, progress)
    else:
        await writing.write(open_context, export, summary, progress)
    summary.interrupted = False
    summary.skipped.sort(key=lambda one: one.line or 0)
    summary.warnings.sort(key=lambda one: one.line or 0)
    return summary


@asynccontextmanager
async def _undone(open_context: OpenContext) -> AsyncIterator[Context]:
    """One context for the whole trial, of which nothing stays."""
    async with open_context() as context:
        attempt = await context.session.begin_nested()
        try:
            yield context
        finally:
            await attempt.rollback()
            context.recorded.clear()
