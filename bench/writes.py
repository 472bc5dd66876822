"""Writes against their yardsticks: import, rebuild, and the time until an update is shown."""

import asyncio
import json
import statistics
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import text

from bench import processes, shop
from bench.asking import Client
from bench.figures import Broken, Figures
from rustok.core.tenants import lookup
from rustok.index import projector, rebuilding, tables
from rustok.kernel.context import SYSTEM, Context
from rustok.kernel.db import set_tenant
from rustok.kernel.settings import Settings
from rustok.server import modules
from rustok.server.host import Host

COMMITS = 300
PATIENCE = 10.0  # seconds until an update must be shown
QUESTION = "query ($handle: String!) { product(handle: $handle) { title } }"
LOG_IN = "mutation ($e: String!, $p: String!) { sessionCreate(email: $e, password: $p) { accessToken } }"
CHANGE = """mutation ($id: ID!, $input: ProductUpdateInput!) {
    productUpdate(id: $id, input: $input) { product { id } userErrors { message } } }"""


def import_products(figures: Figures, file: Path, products: int, *, again: bool) -> None:
    """Import the file until its products are indexed, as an operator does; then perhaps once more, unchanged."""
    for name in ("import", "import.again")[: 1 + again]:
        start = time.perf_counter()
        done = processes.rustok("import", "shopify", str(file), "--tenant", "bench", "--json", within=600)
        figures.put(f"{name}.products_per_s", products / (time.perf_counter() - start))
        if name == "import" and json.loads(done)["kinds"]["product"]["created"] != products:
            raise Broken("not every product was imported")


async def against_copy(figures: Figures, owner: Any, products: int) -> None:
    """`import.products_per_s_vs_copy`: a COPY of the same rows into the same tables, with their indexes.

    Every table that holds rows of the tenant counts, the read model's and the event log included.
    """
    names = [row[0] for row in await owner.fetch(
        "SELECT DISTINCT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid"
        " WHERE c.relkind = 'r' AND NOT c.relispartition AND c.relnamespace = 'public'::regnamespace"
        " AND a.attname = 'tenant_id' AND c.relname NOT IN ('users', 'sessions', 'tenants') ORDER BY 1")]  # fmt: skip
    spent = 0.0
    for name in names:
        spent += await _copy_seconds(owner, name)
    figures.put("import.copy_products_per_s", products / spent)
    figures.put("import.products_per_s_vs_copy", figures.values["import.products_per_s"] * spent / products)


async def _copy_seconds(owner: Any, table: str) -> float:
    rows = bytearray()

    async def keep(chunk: bytes) -> None:
        rows.extend(chunk)

    names = [row[0] for row in await owner.fetch(
        "SELECT attname FROM pg_attribute WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped"
        " AND attgenerated = '' ORDER BY attnum", table)]  # fmt: skip
    await owner.copy_from_table(table, columns=names, output=keep, format="binary")

    async def give() -> Any:
        yield bytes(rows)

    await owner.execute(f"CREATE TABLE bench_copy (LIKE {table} INCLUDING ALL)")
    try:
        start = time.perf_counter()
        await owner.copy_to_table("bench_copy", columns=names, source=give(), format="binary")
        return time.perf_counter() - start
    finally:
        await owner.execute("DROP TABLE bench_copy")


async def against_sql(figures: Figures, owner: Any, url: str) -> None:
    """`rebuild.vs_sql`: documents a second of an online rebuild, to one INSERT … SELECT with the same indexes."""
    host = Host.open(Settings(), url)
    workers = modules.workers(host.registry, host.database)
    workers.start()
    try:
        source = host.registry.sources["products"]
        async with host.database.session(worker=True) as session:
            tenant = await lookup.by_slug(session, "bench")
            everyone = await lookup.list_all(session)
        if tenant is None:
            raise Broken("the tenant is gone")
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
        figures.put("rebuild.documents_per_s", documents / ours)
        figures.put("rebuild.sql_documents_per_s", documents / plain)
        figures.put("rebuild.vs_sql", plain / ours)
    finally:
        await workers.stop()
        await host.close()


async def lag(figures: Figures, owner: Any, port: int, handles: Sequence[str]) -> None:
    """`lag.*`: from a product update's answer until `/graphql` shows it, to the median of a bare one-row commit."""
    await owner.execute("CREATE TABLE bench_commit (id int PRIMARY KEY, n int)")
    await owner.execute("INSERT INTO bench_commit VALUES (1, 0)")
    commits = []
    change = await owner.prepare("UPDATE bench_commit SET n = n + 1 WHERE id = 1")
    for _ in range(COMMITS):
        start = time.perf_counter()
        await change.fetch()
        commits.append(time.perf_counter() - start)
    await owner.execute("DROP TABLE bench_commit")
    lags = sorted(await asyncio.to_thread(_lags, port, handles))
    commit, median = statistics.median(commits), statistics.median(lags)
    p99 = lags[min(len(lags) - 1, int(len(lags) * 0.99))]
    figures.update({
        "lag.commit_ms": commit * 1000, "lag.p50_ms": median * 1000, "lag.p99_ms": p99 * 1000,
        "lag.most_ms": lags[-1] * 1000, "lag.updates": len(lags),
        "lag.p50_vs_commit": median / commit, "lag.p99_vs_commit": p99 / commit,
    })  # fmt: skip


def _lags(port: int, handles: Sequence[str]) -> list[float]:
    client, reader = Client(port), Client(port)
    token = client.call("/admin/graphql", LOG_IN, e=shop.EMAIL, p=shop.PASSWORD)["sessionCreate"]["accessToken"]
    found = []
    for number, handle in enumerate(handles):
        id_ = client.call("/graphql", "query ($h: String!) { product(handle: $h) { id } }", h=handle)["product"]["id"]
        read = "query ($id: ID!) { product(id: $id) { version } }"
        version = client.call("/admin/graphql", read, token=token, id=id_)["product"]["version"]
        title = f"Changed {number} {time.time_ns()}"
        told = {"version": version, "title": title}
        said = client.call("/admin/graphql", CHANGE, token=token, id=id_, input=told)["productUpdate"]
        start = time.perf_counter()
        if said["userErrors"]:
            raise Broken(f"the update was refused: {said['userErrors']}")
        while reader.call("/graphql", QUESTION, handle=handle)["product"]["title"] != title:
            if time.perf_counter() - start > PATIENCE:
                raise Broken(f"an update did not show within {PATIENCE:.0f} seconds")
        found.append(time.perf_counter() - start)
    client.close()
    reader.close()
    return found


async def stand_twice(owner: Any) -> None:
    """Let every third product stand on a second shelf, which Shopify's file cannot say; the next rebuild shows it."""
    await owner.execute("""
        INSERT INTO commerce_product_categories (tenant_id, id, product_id, category_id, position)
        SELECT p.tenant_id, gen_random_uuid(), p.id, c.id, 1
        FROM (SELECT tenant_id, id, row_number() OVER (ORDER BY md5(id::text)) AS n FROM commerce_products) p
        JOIN (SELECT tenant_id, id, row_number() OVER (ORDER BY md5(id::text)) - 1 AS n, count(*) OVER () AS many
              FROM commerce_categories WHERE parent_id IS NOT NULL) c
            ON c.tenant_id = p.tenant_id AND c.n = p.n % c.many
        WHERE p.n % 3 = 0
        ON CONFLICT DO NOTHING""")
