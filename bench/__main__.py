"""`python -m bench`, or `rustok bench`: run everything once, print a table, write build/bench.json."""

import argparse
import asyncio
import os
import shutil
import signal
import sys
import time
from collections.abc import AsyncIterator, Awaitable
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg

from bench import buying, catalogue, processes, reads, scale, shop, writes
from bench.figures import Broken, Figures, say
from bench.reads import Pace, Stage
from rustok.kernel.postgres import Embedded

BUILD = Path("build")
RANKS = (8, 25, 60, 150, 400, 900)  # of the words that are searched for: common and rarer ones


@dataclass(frozen=True)
class Plan:
    """How much is measured."""

    products: int
    pace: Pace
    updates: int
    carts: int  # that are filled and checked out, in each round and on each side
    sizes: tuple[int, int]
    scale_pace: Pace
    again: bool  # also import a second time, unchanged
    limit: float  # seconds after which a run that hangs is given up


def plan_of(*, quick: bool, products: int | None) -> Plan:
    """The quick run or the full one; the catalogue's size also bounds what is compared at scale."""
    if quick:
        size = products or 1_000
        return Plan(size, Pace(3, 0.6), 40, 120, (size, 10 * size), Pace(2, 0.4), False, 600)
    size = products or 10_000
    return Plan(size, Pace(5, 2.0), 200, 600, (size, 100 * size), Pace(3, 2.0), True, 3_000)


def main() -> None:
    """Generate, import, serve, load, compare."""
    parser = argparse.ArgumentParser(prog="rustok bench", description=main.__doc__)
    parser.add_argument("--quick", action="store_true", help="in under three minutes")
    parser.add_argument("--products", type=int, help="size of the catalogue; default 10,000, quick 1,000")
    asked = parser.parse_args()
    plan = plan_of(quick=asked.quick, products=asked.products)
    # Whoever ends us ends what we started: both signals unwind the blocks below.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    figures = Figures({"products": plan.products, "load_average.before": os.getloadavg()[0]})
    start = time.monotonic()
    home = BUILD / "bench"
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    embedded = Embedded(home)
    try:
        url = asyncio.run(counting(embedded))
        asyncio.run(run(url, home, plan, figures))
    except Broken as broken:
        figures.broken.append(str(broken))
    finally:
        embedded.stop()
        shutil.rmtree(home, ignore_errors=True)
    figures.put("load_average.after", os.getloadavg()[0])
    figures.put("seconds", time.monotonic() - start)
    figures.write(BUILD / "bench.json")
    sys.stdout.write(figures.table())
    sys.exit(1 if figures.broken else 0)


async def counting(embedded: Embedded) -> str:
    """Start PostgreSQL with pg_stat_statements, switched off until statements are counted."""
    owner = await asyncpg.connect(embedded.start())
    await owner.execute("ALTER SYSTEM SET shared_preload_libraries = 'pg_stat_statements'")
    await owner.execute("ALTER SYSTEM SET pg_stat_statements.track = 'none'")
    await owner.close()
    embedded.stop()
    url = embedded.start()
    owner = await asyncpg.connect(url)
    await owner.execute("CREATE EXTENSION pg_stat_statements")
    await owner.close()
    return url


async def run(url: str, home: Path, plan: Plan, figures: Figures) -> None:
    """All measurements, one after the other. One that breaks is told of at the end; the others go on."""
    environment = {"DATABASE_URL": url, "RUSTOK_HOME": str(home), "RUSTOK_ENVIRONMENT": "production",
                   "RUSTOK_SECRET_KEY": "only for the bench", "RUSTOK_WEB_WORKERS": "1",
                   "RUSTOK_POOL_SIZE": "8"}  # fmt: skip
    os.environ.update(environment)
    owner = await asyncpg.connect(url)
    try:
        async with asyncio.timeout(plan.limit):
            words = await furnish(figures, owner, url, home, plan)
            async with staged(figures, owner, plan) as stage:
                await read_and_write(stage, words, plan)
                await attempt(figures, buying.measure(stage, url, carts=plan.carts, rounds=plan.pace.rounds))
            await attempt(figures, scale.measure(figures, owner, url, plan.sizes, plan.scale_pace, words))
    except TimeoutError:
        raise Broken(f"not done within {plan.limit:.0f} s") from None
    finally:
        await owner.close()


async def attempt(figures: Figures, step: Awaitable[None]) -> None:
    """Take one measurement; when it breaks, the rest is measured all the same."""
    try:
        await step
    except Broken as broken:
        say(f"BROKEN: {broken}")
        figures.broken.append(str(broken))
    except asyncpg.exceptions.PostgresError as error:
        say(f"BROKEN: {error}")
        figures.broken.append(f"PostgreSQL refused: {error}")


async def furnish(figures: Figures, owner: Any, url: str, home: Path, plan: Plan) -> list[str]:
    """A tenant with a catalogue; returns the catalogue's words, the common ones first."""
    say("migrating")
    processes.rustok("migrate")
    for words in (
        ("tenant", "create", "bench", "--host", "127.0.0.1", "--locale", "en", "--locale", "ru", "--currency", "EUR"),
        ("user", "create", shop.EMAIL, "--tenant", "bench"),
    ):
        processes.rustok(*words, env={"RUSTOK_USER_PASSWORD": shop.PASSWORD})
    file = home / "products.csv"
    made = catalogue.write(file, plan.products)
    say(f"importing {plan.products:,} products")
    writes.import_products(figures, file, plan.products, again=plan.again)
    await attempt(figures, writes.against_copy(figures, owner, plan.products))
    await writes.stand_twice(owner)
    say("rebuilding the read model")
    await attempt(figures, writes.against_sql(figures, owner, url))
    await owner.execute("VACUUM (ANALYZE)")
    return made.words


@asynccontextmanager
async def staged(figures: Figures, owner: Any, plan: Plan) -> AsyncIterator[Stage]:
    """Server, worker and yardstick as in production: processes of their own."""
    tenant = str(await owner.fetchval("SELECT id FROM tenants WHERE slug = 'bench'"))
    port, bare = processes.free_port(), processes.free_port()
    with ExitStack() as running:
        running.enter_context(processes.beside(*processes.RUSTOK, "worker", port=None))
        server = running.enter_context(
            processes.beside(*processes.RUSTOK, "serve", port=port, env={"RUSTOK_PORT": str(port)})
        )
        command = (*processes.GRANIAN, "--port", str(bare), "--workers", os.environ["RUSTOK_WEB_WORKERS"])
        yardstick = running.enter_context(
            processes.beside(*command, "bench.handwritten:app", port=bare, env={"BENCH_TENANT": tenant})
        )
        yield Stage(figures, plan.pace, owner, server, port, yardstick, bare)


async def read_and_write(stage: Stage, words: list[str], plan: Plan) -> None:
    """Everything that is measured against the one running shop."""
    figures, owner = stage.figures, stage.owner
    rows = await owner.fetch(
        "SELECT handle FROM index_products WHERE locale = 'en' AND NOT deleted ORDER BY md5(handle) LIMIT 500"
    )
    handles = [row[0] for row in rows]
    category = await owner.fetchval(
        "SELECT handle FROM index_categories WHERE locale = 'en' AND depth = 0 ORDER BY product_count DESC LIMIT 1"
    )
    asked = shop.questions(handles[:200], [words[rank] for rank in RANKS])
    for question in asked:
        await attempt(figures, reads.against_handwritten(stage, question))
        await attempt(figures, reads.count_statements(stage, question.name, question.ours[-1:]))
    await attempt(figures, reads.by_address(stage))
    await attempt(figures, reads.against_resolvers(stage, asked[0]))
    await attempt(figures, reads.against_static(stage, asked[0], dict(os.environ)))
    await attempt(figures, reads.count_statements(stage, "cached", [shop.ask(shop.LIST, headers={})]))
    page = shop.category_page(category)
    await attempt(figures, reads.page_against_query(stage, page))
    await attempt(figures, reads.count_statements(stage, page.name, page.ours))
    say(f"updating {plan.updates} products")
    changed = [handles[number % len(handles)] for number in range(plan.updates)]
    await attempt(figures, writes.lag(figures, owner, stage.port, changed))
    resident = [one.memory_info().rss for one in processes.web_workers(stage.server)]
    figures.put("memory.rss_per_worker_mb", max(resident) / 1024**2)


if __name__ == "__main__":
    main()
