"""`media`: pictures that are still elsewhere."""

from contextlib import AbstractAsyncContextManager

import typer

from rustok.core.media import service as media
from rustok.kernel.context import Context
from rustok.server import modules
from rustok.server.cli import output, places
from rustok.server.host import Host

app = typer.Typer(help="Files and pictures.", no_args_is_help=True)


@app.command()
def fetch(
    limit: int = typer.Option(None, "--limit", min=1, help="At most so many; default: all."),
    again: bool = typer.Option(False, "--again", help="Also those that were given up after several failures."),
    tenant: str = places.TENANT,
    json: bool = places.JSON,
) -> None:
    """Fetch pictures that an import left at their remote addresses; exit code 1 if some could not be fetched."""

    async def work(host: Host) -> media.Summary:
        info = await places.tenant(host, tenant)

        def open_context() -> AbstractAsyncContextManager[Context]:
            return host.database.open(info)

        with output.progress("Fetching pictures", quiet=json) as show:
            found = await media.fetch_all(open_context, limit=limit, progress=show, again=again)
        await modules.workers(host.registry, host.database).catch_up()
        return found

    found = places.run(work)
    if json:
        output.as_json(found)
    else:
        output.screen.print(
            f"{found.fetched} fetched, {found.failed} failed,"
            f" {found.waiting} to be tried again, {found.given_up} given up"
        )
    if found.failed:
        raise typer.Exit(1)
