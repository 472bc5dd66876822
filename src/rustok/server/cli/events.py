"""`events`: the log, and what could not be handled."""

import asyncio
from uuid import UUID

import msgspec
import typer

from rustok.kernel import consuming, ids, log
from rustok.kernel.consuming import Consumer, Failure
from rustok.kernel.events import Envelope
from rustok.server import modules
from rustok.server.cli import output, places
from rustok.server.host import Host

app = typer.Typer(help="The event log, and events that could not be handled.", no_args_is_help=True)
ONE_TENANT = typer.Option(None, "--tenant", "-t", metavar="SLUG", help="Only this tenant's.")


@app.command()
def tail(
    number: int = typer.Option(20, "--number", "-n", min=1, max=10_000, help="How many events."),
    follow: bool = typer.Option(False, "--follow", "-f", help="Go on as new events come."),
    tenant: str | None = ONE_TENANT,
    json: bool = places.JSON,
) -> None:
    """Show the newest events; with --json one a line."""

    async def work(host: Host) -> None:
        wanted = (await places.tenant(host, tenant)).id if tenant else None
        page = await log.tail(host.database, most=number)
        seen = page[-1].seq if page else 0
        while True:
            for envelope in page:
                if wanted is None or envelope.tenant_id == wanted:
                    _show(envelope, json=json)
                seen = envelope.seq
            if not follow:
                return
            await asyncio.sleep(0.2)
            page = await log.tail(host.database, after=seen, most=500)

    places.run(work)


def _show(envelope: Envelope, *, json: bool) -> None:
    if json:
        print(msgspec.json.encode(envelope).decode(), flush=True)
        return
    fields = " ".join(f"{key}={value}" for key, value in envelope.payload.items())
    output.screen.print(
        f"{envelope.seq:>8}  {envelope.timestamp:%H:%M:%S}  {envelope.type:<22} {fields}", markup=False, soft_wrap=True
    )


@app.command()
def parked(tenant: str | None = ONE_TENANT, json: bool = places.JSON) -> None:
    """Show parked events and those that wait behind them; exit code 1 if there are any."""

    async def work(host: Host) -> list[Failure]:
        wanted = (await places.tenant(host, tenant)).id if tenant else None
        return await consuming.failures(host.database, tenant_id=wanted)

    found = places.run(work)
    if json:
        output.as_json(found)
    else:
        rows = [(f.consumer, f.seq, f.type, f.aggregate_id, f.state, f.attempts, f.error or "") for f in found]
        columns = ("consumer", "seq", "event", "aggregate", "state", "attempts", "error")
        output.table(columns, rows, empty="nothing is parked")
    if found:
        raise typer.Exit(1)


@app.command()
def replay(
    consumer: str = typer.Argument(..., help="Name of the consumer, as `parked` shows it."),
    aggregate: str | None = typer.Argument(None, help="Id of the parked aggregate; default: everything parked."),
    drop: bool = typer.Option(False, "--drop", help="Give up on these events instead."),
    from_start: bool = typer.Option(False, "--all", help="Let the consumer see the whole log again."),
) -> None:
    """Handle parked events again, give up on them, or rewind a consumer to the start of the log."""

    async def work(host: Host) -> tuple[int, str | None]:
        found = _consumer(host, consumer)
        if from_start:
            await consuming.rewind(host.database, found)
            await modules.workers(host.registry, host.database).catch_up()
            return 0, None
        every = [f for f in await consuming.failures(host.database) if f.consumer == consumer]
        wanted = [ids.parse_id(aggregate)] if aggregate else list(dict.fromkeys(f.aggregate_id for f in every))
        done, problem = 0, None
        for one in wanted:
            handled, failed = await _handle(host, found, one, drop=drop)
            done, problem = done + handled, failed or problem
        return done, problem

    done, problem = places.run(work)
    if from_start:
        output.notes.print(f"{consumer} has seen the whole log again", markup=False)
    else:
        output.notes.print(f"{done} events {'dropped' if drop else 'handled'}")
    if problem:
        output.fail(f"stopped: {problem}")


async def _handle(host: Host, consumer: Consumer, aggregate: UUID, *, drop: bool) -> tuple[int, str | None]:
    if drop:
        return await consuming.drop_parked(host.database, consumer.name, aggregate_id=aggregate), None
    return await consuming.replay_parked(host.database, consumer, modules.find_tenant, aggregate_id=aggregate)


def _consumer(host: Host, name: str) -> Consumer:
    every = {one.name: one for one in modules.consumers(host.registry)}
    if name not in every:
        output.fail(f"there is no consumer {name!r}; there are: {', '.join(sorted(every))}", code=2)
    return every[name]
