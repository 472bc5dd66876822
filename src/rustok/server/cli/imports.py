"""`import`: what other systems exported becomes products, posts and pages here."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import typer

from rustok.commerce.importing import service as commerce_importing
from rustok.core.importing import service as core_importing
from rustok.kernel import working
from rustok.kernel.context import Context
from rustok.kernel.importing import Summary
from rustok.server import modules
from rustok.server.cli import output, places
from rustok.server.host import Host

app = typer.Typer(help="Import what another system exported. Run it again to update.", no_args_is_help=True)
FILE = typer.Argument(..., metavar="FILE", help="The exported file.")
DRY_RUN = typer.Option(False, "--dry-run", help="Say what would happen and change nothing.")
LARGE_BYTES = 1_000_000
Importer = Callable[..., Awaitable[Summary]]


@app.command()
def shopify(file: Path = FILE, tenant: str = places.TENANT, dry_run: bool = DRY_RUN, json: bool = places.JSON) -> None:
    """Products from Shopify's product CSV."""
    _run(commerce_importing.import_shopify, file, tenant=tenant, dry_run=dry_run, json=json)


@app.command()
def woocommerce(
    file: Path = FILE, tenant: str = places.TENANT, dry_run: bool = DRY_RUN, json: bool = places.JSON
) -> None:
    """Products from WooCommerce's product CSV."""
    _run(commerce_importing.import_woocommerce, file, tenant=tenant, dry_run=dry_run, json=json)


@app.command()
def wordpress(
    file: Path = FILE, tenant: str = places.TENANT, dry_run: bool = DRY_RUN, json: bool = places.JSON
) -> None:
    """Posts, pages, comments, categories, tags and menus from a WordPress WXR file."""
    _run(core_importing.import_wordpress, file, tenant=tenant, dry_run=dry_run, json=json)


def _run(importer: Importer, file: Path, *, tenant: str, dry_run: bool, json: bool) -> None:
    large = file.is_file() and file.stat().st_size > LARGE_BYTES

    async def work(host: Host) -> Summary:
        info = await places.tenant(host, tenant)

        def open_context() -> AbstractAsyncContextManager[Context]:
            return host.database.open(info)

        workers = modules.workers(host.registry, host.database)
        follower = _follow() if large and not dry_run and not await working.is_followed(host.database) else None
        # An interrupt ends the work between two batches: what is written stays, and a second run goes on.
        running = asyncio.current_task()
        assert running is not None  # noqa: S101 - we are in it
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, running.cancel)
        try:
            with output.progress(f"Importing {file.name}", quiet=json) as show:
                summary = await importer(open_context, file, dry_run=dry_run, progress=show)
            if not dry_run:
                await workers.catch_up()
            return summary
        except asyncio.CancelledError:
            output.fail("interrupted: what was written stays; run the same command again to go on", code=130)
        finally:
            if follower is not None:
                follower.terminate()
                follower.wait()

    summary = places.run(work)
    if json:
        output.as_json(summary.to_dict())
    else:
        _show(summary)


def _follow() -> subprocess.Popen[bytes]:
    """A worker for the time of a large import, so that the read model follows on another core."""
    return subprocess.Popen(
        [sys.executable, "-c", "from rustok.server.cli import main; main()", "worker"],
        env={**os.environ, "RUSTOK_LOG_LEVEL": "ERROR"},
        stdin=subprocess.DEVNULL,
    )


def _show(summary: Summary) -> None:
    would = "would be " if summary.dry_run else ""
    rows: list[tuple[Any, ...]] = [
        (kind, counts["created"], counts["updated"], counts["unchanged"]) for kind, counts in summary.kinds.items()
    ]
    if len(rows) != 1:
        rows.append(("all", summary.created, summary.updated, summary.unchanged))
    output.table(("", f"{would}created", f"{would}updated", "unchanged"), rows, empty="nothing was found")
    for title, notes in (("skipped", summary.skipped), ("noted", summary.warnings)):
        if notes:
            output.screen.print(f"\n{len(notes)} {title}:")
        for note in notes[:200]:
            place = f"line {note.line}: " if note.line else ""
            what = f"{note.what}: " if note.what else ""
            output.screen.print(f"  {place}{what}{note.reason}", markup=False, soft_wrap=True)
        if len(notes) > 200:
            output.screen.print(f"  … and {len(notes) - 200} more: --json shows all")
    if summary.remote_pictures:
        output.screen.print(f"\n{summary.remote_pictures} pictures are shown from where they are; fetch them with:")
        output.screen.print("  rustok media fetch", markup=False)
