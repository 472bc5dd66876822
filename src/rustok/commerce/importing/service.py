"""Bring another shop's products here: read, write in batches, say at the end what became of each."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager
from itertools import islice
from pathlib import Path
from typing import TypeAlias

from rustok.commerce.importing import shopify, woocommerce
from rustok.commerce.importing.outcomes import Export, Outcome, Warned
from rustok.commerce.products import saving
from rustok.commerce.products.drafts import ProductDraft
from rustok.kernel.context import Context
from rustok.kernel.importing import Progress, Skipped, Summary

BATCH = 400
OpenContext: TypeAlias = Callable[[], AbstractAsyncContextManager[Context]]
"""Gives a context in a transaction of its own, committed on leaving."""


async def import_shopify(
    open_context: OpenContext,
    path: Path,
    *,
    dry_run: bool = False,
    progress: Progress | None = None,
    summary: Summary | None = None,
) -> Summary:
    """Import Shopify's product CSV. Raises NotImportable when it is none; nothing is written then.

    Each batch is a transaction, so that an interrupted import keeps what it has done and can be run again; a
    `summary` that is handed in tells how far it came.
    """
    async with open_context() as context:
        currency = context.tenant.default_currency
    export = await asyncio.to_thread(shopify.read, path, currency=currency)
    return await write(open_context, export, dry_run=dry_run, progress=progress, summary=summary)


async def import_woocommerce(
    open_context: OpenContext,
    path: Path,
    *,
    dry_run: bool = False,
    progress: Progress | None = None,
    summary: Summary | None = None,
) -> Summary:
    """Import WooCommerce's product CSV, in the same way."""
    async with open_context() as context:
        currency, now = context.tenant.default_currency, context.now
    export = await asyncio.to_thread(woocommerce.read, path, currency=currency, now=now)
    return await write(open_context, export, dry_run=dry_run, progress=progress, summary=summary)


async def write(
    open_context: OpenContext,
    export: Export,
    *,
    dry_run: bool = False,
    progress: Progress | None = None,
    summary: Summary | None = None,
    batch: int = BATCH,
) -> Summary:
    """Write what a reader found, batch by batch."""
    summary = summary or Summary()
    summary.dry_run = dry_run
    summary.interrupted = True
    outcomes = iter(export.outcomes)
    done = 0
    # Not read ahead in another thread: both would wait for each other's interpreter lock more than for PostgreSQL.
    while found := await asyncio.to_thread(_next, outcomes, batch):
        done += await _write_batch(open_context, found, summary, dry_run=dry_run)
        if progress is not None:
            progress(done, export.total)
    summary.interrupted = False
    summary.skipped.sort(key=lambda one: one.line or 0)
    summary.warnings.sort(key=lambda one: one.line or 0)
    return summary


def _next(outcomes: Iterator[Outcome], size: int) -> list[Outcome]:
    return list(islice(outcomes, size))


async def _write_batch(open_context: OpenContext, found: list[Outcome], summary: Summary, *, dry_run: bool) -> int:
    drafts = [one for one in found if isinstance(one, ProductDraft)]
    if drafts:
        async with open_context() as context:
            saved = await saving.save_many(context, drafts, dry_run=dry_run)
        # Only a batch that is committed counts.
        summary.count("product", created=saved.created, updated=saved.updated, unchanged=saved.unchanged)
        summary.remote_pictures += saved.remote_pictures
        for draft, reason in saved.failed:
            summary.skip(draft.line, reason, draft.handle[:100])
    products = len(drafts)
    for one in found:
        if isinstance(one, Skipped):
            summary.skipped.append(one)
            products += 1
        elif isinstance(one, Warned):
            summary.warn(one.line, one.reason, one.what)
    return products
