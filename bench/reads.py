"""Reads against their yardsticks: loads in turn (A B A B …), so that what else the machine does hits both."""

import asyncio
import json
import statistics
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg
import psutil

from bench import processes, shop
from bench.asking import Client
from bench.figures import Broken, Figures, say
from bench.shop import Question, Request

CONNECTIONS = 16
COUNTED = 60  # requests whose statements are counted


@dataclass(frozen=True)
class Pace:
    """How long is measured: so many rounds of so many seconds for each side."""

    rounds: int
    seconds: float


@dataclass
class Stage:
    """Everything that runs while reads are measured."""

    figures: Figures
    pace: Pace
    owner: Any
    server: psutil.Process
    port: int
    yardstick: psutil.Process
    bare: int


Loaded = dict[str, float]


def load(
    port: int, requests: Sequence[Request], seconds: float, *, connections: int = CONNECTIONS, least: int = 20,
    most: float = 20.0, warm: float = 0.3,
) -> Loaded:  # fmt: skip
    """Load a port from another process."""
    asked = {"port": port, "requests": list(requests), "warm": warm, "seconds": seconds, "connections": connections,
             "least": least, "most": most}  # fmt: skip
    done = processes.run(sys.executable, "-m", "bench.load", text=json.dumps(asked), within=seconds + most + 30)
    found: Loaded = json.loads(done)
    return found


def in_turn(first: Callable[[], Loaded], second: Callable[[], Loaded], rounds: int) -> tuple[Loaded, Loaded, float]:
    """Medians of both, and the median of the rounds' ratios, after a round that does not count."""
    first(), second()
    pairs = [(first(), second()) for _ in range(rounds)]
    ratio = statistics.median(one["rps"] / other["rps"] for one, other in pairs)
    return middle([one for one, _ in pairs]), middle([other for _, other in pairs]), ratio


def middle(found: Sequence[Loaded]) -> Loaded:
    """The median of every figure."""
    return {name: statistics.median(one[name] for one in found) for name in found[0]}


def same_answers(stage: Stage, question: Question) -> None:
    """Both sides must say the same before their speed is compared; raises Broken where they do not."""
    ours, theirs = Client(stage.port), Client(stage.bare)
    try:
        for mine, other in zip(question.ours, question.theirs, strict=True):
            said, wanted = ours.data(mine), theirs.data(other)
            if said != wanted:
                raise Broken(f"{question.name}: the yardstick answers otherwise: {_difference(said, wanted)}")
    finally:
        ours.close()
        theirs.close()


def _difference(one: Any, other: Any, path: str = "data") -> str:
    if isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys():
        return next(_difference(one[k], other[k], f"{path}.{k}") for k in one if one[k] != other[k])
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        return next(_difference(a, b, f"{path}.{n}") for n, (a, b) in enumerate(zip(one, other, strict=True)) if a != b)
    return f"at {path}: {str(one)[:160]} and {str(other)[:160]}"


async def against_handwritten(stage: Stage, question: Question) -> None:
    """`<name>.vs_handwritten`, with what a request costs on each side."""
    await asyncio.to_thread(same_answers, stage, question)
    say(f"loading {question.name}")
    ours, theirs, ratio = await asyncio.to_thread(
        in_turn,
        lambda: load(stage.port, question.ours, stage.pace.seconds),
        lambda: load(stage.bare, question.theirs, stage.pace.seconds),
        stage.pace.rounds,
    )
    name = question.name
    stage.figures.put(f"{name}.vs_handwritten", ratio)
    _raw(stage.figures, name, ours)
    _raw(stage.figures, f"{name}.handwritten", theirs)
    for who, server, port, requests in (
        (name, stage.server, stage.port, question.ours),
        (f"{name}.handwritten", stage.yardstick, stage.bare, question.theirs),
    ):
        await _costs(stage, who, server, port, requests)


def _raw(figures: Figures, name: str, found: Loaded) -> None:
    figures.put(f"{name}.rps", found["rps"])
    figures.put(f"{name}.p50_ms", found["p50_ms"])
    figures.put(f"{name}.p99_ms", found["p99_ms"])
    figures.put(f"{name}.bytes", found["bytes"])
    figures.put("load.busiest", max(found["busy"], figures.values.get("load.busiest", 0.0)))


async def _costs(stage: Stage, name: str, server: psutil.Process, port: int, requests: Sequence[Request]) -> None:
    """Processor time of the web processes and of PostgreSQL for one request, over a load of its own."""
    web = processes.web_workers(server)
    backend = psutil.Process(await stage.owner.fetchval("SELECT pg_backend_pid()"))
    postmaster = backend.parent()
    if postmaster is None:
        raise Broken("PostgreSQL's own process cannot be seen")
    before = processes.cpu_seconds(web), processes.family_cpu_seconds(postmaster)
    found = await asyncio.to_thread(load, port, requests, stage.pace.seconds, warm=0.0)
    after = processes.cpu_seconds(web), processes.family_cpu_seconds(postmaster)
    stage.figures.put(f"{name}.python_cpu_ms_per_request", (after[0] - before[0]) / found["answers"] * 1000)
    stage.figures.put(f"{name}.postgres_cpu_ms_per_request", (after[1] - before[1]) / found["answers"] * 1000)


async def by_address(stage: Stage) -> None:
    """`list24.get_vs_handwritten`: the same by GET on both sides, where no body has to be read."""
    ours, theirs, ratio = await asyncio.to_thread(
        in_turn,
        lambda: load(stage.port, [shop.ask_by_address(shop.LIST, shop.FRESH)], stage.pace.seconds),
        lambda: load(stage.bare, [{"path": "/list"}], stage.pace.seconds),
        stage.pace.rounds,
    )
    stage.figures.put("list24.get_vs_handwritten", ratio)
    _raw(stage.figures, "list24.get", ours)
    _raw(stage.figures, "list24.get.handwritten", theirs)


async def against_resolvers(stage: Stage, question: Question) -> None:
    """`list24.vs_resolvers`: the same query through graphql-core and Strawberry, both past the cache."""
    say("loading the ordinary executor")
    forced = question.with_headers(shop.ORDINARY)
    for one, wanted in ((question, "compiled"), (forced, "ordinary")):
        client = Client(stage.port)
        client.data(one.ours[0])
        took = client.headers.get("rustok-executor")
        client.close()
        if took != wanted:
            raise Broken(f"{question.name} was to be answered by the {wanted} executor, not by {took}")
    ours, theirs, ratio = await asyncio.to_thread(
        in_turn,
        lambda: load(stage.port, question.ours, stage.pace.seconds),
        lambda: load(stage.port, forced.ours, stage.pace.seconds),
        stage.pace.rounds,
    )
    del ours
    stage.figures.put(f"{question.name}.vs_resolvers", ratio)
    _raw(stage.figures, f"{question.name}.resolvers", theirs)
    await _costs(stage, f"{question.name}.resolvers", stage.server, stage.port, forced.ours)


async def against_static(stage: Stage, question: Question, environment: dict[str, str]) -> None:
    """`cached.vs_static`: what is in the response cache, to a constant of that size; and the load's own ceiling."""
    say("loading the cache")
    cached = [{**one, "headers": {}} for one in question.ours]
    by_address = [shop.ask_by_address(shop.LIST)]
    client = Client(stage.port)
    size = len(client.send(cached[0]))
    client.close()
    port = processes.free_port()
    command = (*processes.GRANIAN, "--port", str(port), "--workers", environment["RUSTOK_WEB_WORKERS"])
    with processes.beside(*command, "bench.static:app", port=port, env={"BENCH_BYTES": str(size)}):
        seconds, rounds = stage.pace.seconds, stage.pace.rounds
        ours, theirs, ratio = await asyncio.to_thread(
            in_turn, lambda: load(stage.port, cached, seconds), lambda: load(port, cached, seconds), rounds
        )
        got, given, ratio_of_get = await asyncio.to_thread(
            in_turn, lambda: load(stage.port, by_address, seconds), lambda: load(port, by_address, seconds), rounds
        )
    _raw(stage.figures, "cached.post", ours)
    _raw(stage.figures, "cached.post.static", theirs)
    stage.figures.put("cached.vs_static", ratio_of_get)
    stage.figures.put("cached.post_vs_static", ratio)
    _raw(stage.figures, "cached.get", got)
    _raw(stage.figures, "cached.get.static", given)
    stage.figures.put("load.ceiling_rps", max(theirs["rps"], given["rps"]))
    await _costs(stage, "cached.get", stage.server, stage.port, by_address)
    await _costs(stage, "cached.post", stage.server, stage.port, cached)


async def page_against_query(stage: Stage, question: Question) -> None:
    """`page.category.vs_query`: the HTML of a category's page to the query for what it shows, both past the cache."""
    say("loading the category page")
    ours, theirs, ratio = await asyncio.to_thread(
        in_turn,
        lambda: load(stage.port, question.ours, stage.pace.seconds),
        lambda: load(stage.port, question.theirs, stage.pace.seconds),
        stage.pace.rounds,
    )
    stage.figures.put(f"{question.name}.vs_query", ratio)
    _raw(stage.figures, question.name, ours)
    _raw(stage.figures, f"{question.name}.query", theirs)
    await _costs(stage, question.name, stage.server, stage.port, question.ours)


async def count_statements(stage: Stage, name: str, requests: Sequence[Request]) -> None:
    """`<name>.statements_per_request`, as pg_stat_statements counts them for the role that serves requests."""
    owner = stage.owner
    client = Client(stage.port)

    def send() -> None:
        for number in range(COUNTED):
            client.send(requests[number % len(requests)])

    try:
        await asyncio.to_thread(send)
        await owner.execute("ALTER SYSTEM SET pg_stat_statements.track = 'top'")
        await owner.execute("SELECT pg_reload_conf()")
        await asyncio.sleep(0.5)
        await owner.execute("SELECT pg_stat_statements_reset()")
        await asyncio.to_thread(send)
        calls = await owner.fetchval(
            # Twice a second the tenant's name is looked up again, whatever is asked: that is not this request's.
            "SELECT COALESCE(sum(calls), 0) FROM pg_stat_statements s JOIN pg_roles r ON r.oid = s.userid"
            " WHERE r.rolname = 'rustok_app' AND s.dbid = (SELECT oid FROM pg_database WHERE datname ="
            " current_database()) AND s.calls >= $1", COUNTED // 2)  # fmt: skip
    except asyncpg.exceptions.PostgresError as error:
        raise Broken(f"statements cannot be counted: {error}") from error
    finally:
        client.close()
        await owner.execute("ALTER SYSTEM SET pg_stat_statements.track = 'none'")
        await owner.execute("SELECT pg_reload_conf()")
    stage.figures.put(f"{name}.statements_per_request", float(calls) / COUNTED)
