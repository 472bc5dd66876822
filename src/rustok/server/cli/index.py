"""`index`: the read model."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import typer

from rustok.core.tenants import lookup
from rustok.index import rebuilding, service, verifying
from rustok.kernel.context import TenantInfo
from rustok.kernel.settings import Settings
from rustok.server import modules
from rustok.server.cli import output, places
from rustok.server.host import Host

app = typer.Typer(help="The read model: how it is, whether it is right, and making it anew.", no_args_is_help=True)
TENANT = typer.Option(None, "--tenant", "-t", metavar="SLUG", help="Only this tenant; default: all.")
ENTITY = typer.Option([], "--entity", "-e", metavar="NAME", help="Only this entity; may be repeated; default: all.")


async def _tenants(host: Host, slug: str | None) -> list[TenantInfo]:
    if slug:
        return [await places.tenant(host, slug)]
    async with host.database.session(worker=True) as session:
        return await lookup.list_all(session)


def _entities(host: Host, names: Sequence[str]) -> list[str]:
    unknown = sorted(set(names) - set(host.registry.sources))
    if unknown:
        output.fail(f"there is no entity {unknown[0]!r}; there are: {', '.join(sorted(host.registry.sources))}", code=2)
    return list(names) or sorted(host.registry.sources)


@asynccontextmanager
async def _following(host: Host) -> AsyncIterator[None]:
    """Follow the log in this process too: whether or not a server runs, the read model moves on."""
    workers = modules.workers(host.registry, host.database)
    workers.start()
    try:
        yield
    finally:
        await workers.stop()


@app.command()
def status(tenant: str | None = TENANT, json: bool = places.JSON) -> None:
    """Rows, tombstones and how far the read model is behind."""

    async def work(host: Host) -> service.Status:
        return await service.status(host.database, host.registry.sources, await _tenants(host, tenant))

    found = places.run(work)
    if json:
        output.as_json(found.as_json())
        return
    rows = [(one.entity, one.status, one.rows, one.tombstones, one.built_at) for one in found.entities]
    output.table(("entity", "status", "rows", "tombstones", "built"), rows, empty="nothing is indexed yet")
    output.screen.print(f"behind by {found.lag_events} events, {found.lag_seconds:.1f} seconds")


@app.command()
def verify(tenant: str | None = TENANT, entity: list[str] = ENTITY, json: bool = places.JSON) -> None:
    """Compare the read model with its sources, and search files with the read model; exit code 1 if a row differs."""

    async def work(host: Host) -> list[verifying.Verdict]:
        async with _following(host):
            tenants, names = await _tenants(host, tenant), _entities(host, entity)
            found = await verifying.verify(host.database, host.registry.sources, tenants, entities=names)
            return [*found, *await host.search.verify(tenants, names, patience=verifying.PATIENCE)]

    verdicts = places.run(work)
    equal = all(one.is_equal for one in verdicts)
    if json:
        output.as_json({"equal": equal, "verdicts": [one.as_json() for one in verdicts]})
    else:
        rows = [(v.tenant, v.entity, v.rows, v.missing, v.extra, v.different) for v in verdicts]
        output.table(("tenant", "entity", "rows", "missing", "extra", "different"), rows, empty="nothing to compare")
        for verdict in verdicts:
            for one in verdict.differences:
                output.screen.print(f"  {verdict.tenant} {verdict.entity} {one}", markup=False, soft_wrap=True)
        output.screen.print("no difference" if equal else "the read model differs: `rustok index rebuild` repairs it")
    if not equal:
        raise typer.Exit(1)


@app.command()
def rebuild(tenant: str | None = TENANT, entity: list[str] = ENTITY, json: bool = places.JSON) -> None:
    """Make the read model anew while readers go on; one tenant's rows are written anew in place."""
    settings = Settings()

    async def work(host: Host, url: str) -> list[rebuilding.Rebuilt]:
        names = _entities(host, entity)
        with output.progress("Rebuilding", quiet=json) as show:
            done: dict[tuple[str, str], int] = {}

            def tell(progress: rebuilding.Progress) -> None:
                done[progress.entity, progress.tenant] = progress.documents
                show(sum(done.values()), None)

            if tenant:
                info = await places.tenant(host, tenant)
                made = await rebuilding.refresh(host.database, host.registry.sources, info, entities=names, tell=tell)
                await host.search.rebuild([info])
                return made
            async with _following(host):
                everyone = await _tenants(host, None)
                made = await rebuilding.rebuild(
                    host.database, url, host.registry.sources, everyone, entities=names, tell=tell
                )
                await host.search.rebuild(everyone)
                return made

    with places.owner_url(settings) as url:
        rebuilt = places.run(lambda host: work(host, url))
    if json:
        output.as_json([one.as_json() for one in rebuilt])
    else:
        rows = [(one.entity, one.documents, "swapped" if one.swapped else "in place") for one in rebuilt]
        output.table(("entity", "documents", ""), rows, empty="nothing to rebuild")
