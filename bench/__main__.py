"""`python -m bench`, or `rustok bench`: run everything once and print every figure as a ratio to its yardstick."""

import argparse
import asyncio
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import asyncpg
import psutil

from bench import catalogue, measures, shop
from rustok.kernel.postgres import Embedded

BUILD = Path("build")
WANTED = {
    "list24.vs_handwritten": ">= 0.80", "detail.vs_handwritten": ">= 0.75", "search24.vs_handwritten": ">= 0.80",
    "page.category.vs_query": ">= 0.40", "lag.p50_vs_commit": "<= 10", "lag.p99_vs_commit": "<= 60",
    "rebuild.vs_sql": ">= 0.30", "import.products_per_s_vs_copy": ">= 0.05", "import.products_per_s": ">= 500",
    "memory.rss_per_worker_mb": "<= 160",
}  # fmt: skip


def say(text: str) -> None:
    """Tell on standard error what is going on."""
    sys.stderr.write(f"bench: {text}\n")


def rustok(*words: str, **environment: str) -> str:
    """Run one command of the platform's own command line."""
    command = [sys.executable, "-c", "from rustok.server.cli import main; main()", *words]
    done = subprocess.run(command, env={**os.environ, **environment}, check=True, stdout=subprocess.PIPE, text=True)
    return done.stdout


@contextmanager
def process(*command: str, port: int | None, **environment: str) -> Iterator[psutil.Process]:
    """Something that runs beside us until the block ends; with a port, until it answers there."""
    running = subprocess.Popen(command, env={**os.environ, **environment}, stdout=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 60
        while port is not None and not shop.answers(port):
            if running.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"bench: {' '.join(command)[:80]} does not answer")
            time.sleep(0.1)
        yield psutil.Process(running.pid)
    finally:
        running.terminate()
        running.wait(30)


def main() -> None:
    """Generate, import, serve, load, compare."""
    parser = argparse.ArgumentParser(prog="rustok bench", description=main.__doc__)
    parser.add_argument("--quick", action="store_true", help="in under three minutes")
    parser.add_argument("--products", type=int, help="size of the catalogue; default 10,000, quick 1,500")
    asked = parser.parse_args()
    products = asked.products or (1_500 if asked.quick else 10_000)
    seconds = 3.0 if asked.quick else 15.0
    home = BUILD / "bench"
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    figures: dict[str, float] = {"products": products, "load_average.before": os.getloadavg()[0]}
    embedded = Embedded(home)
    try:
        asyncio.run(run(embedded.start(), home, products, seconds, figures))
    finally:
        embedded.stop()
    figures["load_average.after"] = os.getloadavg()[0]
    rounded = {name: round(value, 4) for name, value in figures.items()}
    (BUILD / "bench.json").write_text(json.dumps(rounded, indent=2) + "\n")
    for name, value in rounded.items():
        sys.stdout.write(f"{name:<36} {value:>14,.3f}   {WANTED.get(name, '')}\n")


async def run(url: str, home: Path, products: int, seconds: float, figures: dict[str, float]) -> None:
    """All measurements, one after the other; what one needs of another is passed on."""
    environment = {"DATABASE_URL": url, "RUSTOK_HOME": str(home), "RUSTOK_ENVIRONMENT": "production",
                   "RUSTOK_SECRET_KEY": "only for the bench"}  # fmt: skip
    os.environ.update(environment)
    say("migrating")
    rustok("migrate")
    rustok("tenant", "create", "bench", "--host", "127.0.0.1", "--locale", "en", "--locale", "ru", "--currency", "EUR")
    rustok("user", "create", shop.EMAIL, "--tenant", "bench", RUSTOK_USER_PASSWORD=shop.PASSWORD)
    file = home / "products.csv"
    words = catalogue.write(file, products).words
    say(f"importing {products:,} products")
    start = time.perf_counter()
    summary = json.loads(rustok("import", "shopify", str(file), "--tenant", "bench", "--json"))
    figures["import.products_per_s"] = products / (time.perf_counter() - start)
    if summary["kinds"]["product"]["created"] != products:
        raise SystemExit("bench: not every product was imported")
    start = time.perf_counter()
    rustok("import", "shopify", str(file), "--tenant", "bench", "--json")
    figures["import.again_products_per_s"] = products / (time.perf_counter() - start)
    owner = await asyncpg.connect(url)
    try:
        copied = await measures.copy_seconds(owner)
        figures["import.products_per_s_vs_copy"] = figures["import.products_per_s"] * copied / products
        say("rebuilding the read model")
        figures |= await measures.rebuild(owner, url)
        await serve(owner, url, words, seconds, figures)
    finally:
        await owner.close()


async def serve(owner: Any, url: str, words: list[str], seconds: float, figures: dict[str, float]) -> None:
    """Start server, workers and yardstick as production does, and load them in turn."""
    tenant = str(await owner.fetchval("SELECT id FROM tenants WHERE slug = 'bench'"))
    port, bare = shop.free_port(), shop.free_port()
    command = (sys.executable, "-c", "from rustok.server.cli import main; main()")
    with ExitStack() as running:
        server = running.enter_context(process(*command, "serve", port=port, RUSTOK_PORT=str(port)))
        running.enter_context(process(*command, "worker", port=None))
        granian = (sys.executable, "-m", "granian", "--interface", "asgi", "--port", str(bare), "--no-access-log")
        running.enter_context(process(*granian, "bench.handwritten:app", port=bare, BENCH_TENANT=tenant))
        handles = [row[0] for row in await owner.fetch(
            "SELECT handle FROM index_products WHERE tenant_id = $1 AND locale = 'en' ORDER BY md5(handle) LIMIT 200",
            tenant)]  # fmt: skip
        category = await owner.fetchval(
            "SELECT handle FROM index_categories WHERE tenant_id = $1 AND locale = 'en' AND depth = 0"
            " ORDER BY product_count DESC LIMIT 1", tenant)  # fmt: skip
        searched = [words[rank] for rank in (40, 60, 90, 150, 400, 900)]
        for name, ours, theirs in shop.pairs(handles, searched, category):
            say(f"loading {name}")
            first = await asyncio.to_thread(measures.load, port, ours, seconds)
            second = await asyncio.to_thread(
                measures.load, port if name == "page.category" else bare, theirs, seconds)  # fmt: skip
            against = "query" if name == "page.category" else "handwritten"
            figures[f"{name}.rps"], figures[f"{name}.{against}_rps"] = first["rps"], second["rps"]
            figures[f"{name}.p99_ms"] = first["p99_ms"]
            figures[f"{name}.vs_{against}"] = first["rps"] / second["rps"]
        say("updating")
        figures |= await measures.lag(owner, port, handles[:60])
        workers = [one.memory_info().rss for one in server.children(recursive=True)]
        figures["memory.rss_per_worker_mb"] = max(workers) / 1024**2


if __name__ == "__main__":
    main()
