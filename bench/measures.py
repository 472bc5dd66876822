"""How each figure is taken."""

import asyncio
import json
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Sequence
from typing import Any

from sqlalchemy import text

from bench import shop
from rustok.core.tenants import lookup
from rustok.index import projector, rebuilding, tables
from rustok.kernel.context import SYSTEM, Context
from rustok.kernel.db import set_tenant
from rustok.kernel.settings import Settings
from rustok.server import modules
from rustok.server.host import Host

WRITTEN = (
    "commerce_products commerce_variants commerce_prices commerce_stock_levels commerce_stock_movements"
    " commerce_product_options commerce_product_images commerce_product_categories commerce_categories media"
    " taggables tags meta event_log index_products index_categories"
)
QUESTION = "query ($handle: String!) { product(handle: $handle) { title } }"


def load(port: int, requests: list[dict[str, Any]], seconds: float) -> dict[str, float]:
    """Load a port from another process: a second to warm up, then so many seconds that count."""
    found: dict[str, float] = {}
    for lasting in (1.0, seconds):
        asked = {"port": port, "requests": requests, "seconds": lasting, "connections": 16}
        command = [sys.executable, "-m", "bench.load"]
        done = subprocess.run(command, input=json.dumps(asked), check=True, stdout=subprocess.PIPE, text=True)
        found = json.loads(done.stdout)
    return found


async def copy_seconds(owner: Any) -> float:
    """How long COPY takes for the same rows into the same tables, with the same indexes, in one session."""
    spent = 0.0
    for table in WRITTEN.split():
        rows = bytearray()

        async def keep(chunk: bytes, into: bytearray = rows) -> None:
            into += chunk

        names = [row[0] for row in await owner.fetch(
            "SELECT attname FROM pg_attribute WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped"
            " AND attgenerated = '' ORDER BY attnum", table)]  # fmt: skip
        await owner.copy_from_table(table, columns=names, output=keep, format="binary")
        await owner.execute(f"CREATE TABLE bench_copy (LIKE {table} INCLUDING ALL)")

        async def give(held: bytearray = rows) -> Any:
            yield bytes(held)

        start = time.perf_counter()
        await owner.copy_to_table("bench_copy", columns=names, source=give(), format="binary")
        spent += time.perf_counter() - start
        await owner.execute("DROP TABLE bench_copy")
    return spent


async def rebuild(owner: Any, url: str) -> dict[str, float]:
    """Documents a second of an online rebuild, to one INSERT … SELECT into a table with the same indexes."""
    host = Host.open(Settings(), url)
    workers = modules.workers(host.registry, host.database)
    workers.start()
    try:
        source = host.registry.sources["products"]
        async with host.database.session(worker=True) as session:
            tenant = await lookup.by_slug(session, "bench")
            everyone = await lookup.list_all(session)
        if tenant is None:
            raise SystemExit("bench: the tenant is gone")
        start = time.perf_counter()
        await rebuilding.rebuild(host.database, url, host.registry.sources, everyone, entities=["products"])
        ours = time.perf_counter() - start
        table = tables.table_of(source.entity)
        await owner.execute(f"CREATE TABLE bench_rebuilt (LIKE {table} INCLUDING ALL)")
        await owner.execute("GRANT ALL ON bench_rebuilt TO rustok_worker")
        async with host.database.session(worker=True) as session:
            await set_tenant(session, tenant.id)
            sql, parameters = projector.projection(Context(session, tenant, SYSTEM), source, None)
            names = ", ".join(projector.column_names(source.entity))
            start = time.perf_counter()
            await session.execute(
                text(f"""INSERT INTO bench_rebuilt (tenant_id, {names}, as_of_seq)
                         SELECT current_setting('app.tenant')::uuid, {names}, 0 FROM ({sql}) d""").bindparams(
                    *parameters
                )
            )
            await session.commit()
            plain = time.perf_counter() - start
        documents = await owner.fetchval("SELECT count(*) FROM bench_rebuilt")
        await owner.execute("DROP TABLE bench_rebuilt")
        return {"rebuild.documents_per_s": documents / ours, "rebuild.vs_sql": plain / ours}
    finally:
        await workers.stop()
        await host.close()


async def lag(owner: Any, port: int, handles: Sequence[str]) -> dict[str, float]:
    """From a product update's answer until `/graphql` shows it, to the median time of a bare one-row commit."""
    await owner.execute("CREATE TABLE bench_commit (id int PRIMARY KEY, n int)")
    await owner.execute("INSERT INTO bench_commit VALUES (1, 0)")
    commits = []
    for _ in range(200):
        start = time.perf_counter()
        await owner.execute("UPDATE bench_commit SET n = n + 1 WHERE id = 1")
        commits.append(time.perf_counter() - start)
    await owner.execute("DROP TABLE bench_commit")
    lags = sorted(await asyncio.to_thread(_lags, port, handles))
    commit = statistics.median(commits)
    return {
        "lag.commit_ms": commit * 1000,
        "lag.p50_ms": statistics.median(lags) * 1000,
        "lag.p50_vs_commit": statistics.median(lags) / commit,
        "lag.p99_vs_commit": lags[int(len(lags) * 0.99)] / commit,
    }


def _lags(port: int, handles: Sequence[str]) -> list[float]:
    log_in = "mutation ($e: String!, $p: String!) { sessionCreate(email: $e, password: $p) { accessToken } }"
    token = _ask(port, "/admin/graphql", log_in, e=shop.EMAIL, p=shop.PASSWORD)["sessionCreate"]["accessToken"]
    found = []
    for number, handle in enumerate(handles):
        id_ = _ask(port, "/graphql", "query ($h: String!) { product(handle: $h) { id } }", h=handle)["product"]["id"]
        read = "query ($id: ID!) { product(id: $id) { version } }"
        version = _ask(port, "/admin/graphql", read, token=token, id=id_)["product"]["version"]
        change = """mutation ($id: ID!, $input: ProductUpdateInput!) {
            productUpdate(id: $id, input: $input) { product { id } userErrors { message } } }"""
        title = f"Changed {number}"
        _ask(port, "/admin/graphql", change, token=token, id=id_, input={"version": version, "title": title})
        start = time.perf_counter()
        while _ask(port, "/graphql", QUESTION, handle=handle)["product"]["title"] != title:
            if time.perf_counter() - start > 10:
                raise SystemExit("bench: an update did not show within ten seconds")
        found.append(time.perf_counter() - start)
    return found


def _ask(port: int, path: str, query: str, *, token: str | None = None, **variables: Any) -> dict[str, Any]:
    body = json.dumps({"query": query, "variables": variables}).encode()
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    asked = urllib.request.Request(f"http://127.0.0.1:{port}{path}", body, headers)
    with urllib.request.urlopen(asked, timeout=30) as answer:  # noqa: S310 - our own server
        found: dict[str, Any] = json.load(answer)
    if found.get("errors"):
        raise SystemExit(f"bench: {found['errors']}")
    return found["data"]  # type: ignore[no-any-return]  # JSON
