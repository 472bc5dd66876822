"""A million products: the read model filled directly, and what a page then takes at the worst.

The importer would need an hour. Rows are made from the imported catalogue's own documents instead: each takes its
texts from two of them, an id, a handle, numbers and a date of its own, and PostgreSQL computes the words as the
projector would. Tables, indexes and functions are the platform's; only the WAL is left out (UNLOGGED).
"""

import asyncio
import os
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from bench import processes, shop
from bench.asking import Client
from bench.figures import Broken, Figures, say
from bench.reads import Loaded, Pace, load, middle
from bench.shop import Request
from rustok.commerce.products.index_source import PRODUCTS
from rustok.index import cells, tables

DEEP = 1_000  # the page that is asked for by its cursor
PAGE = 24
STRIDE = 96  # products a step of the walk to that page: the most that is allowed and a multiple of a page
CONNECTIONS = 2  # how long an answer takes, not how many fit into a second
TOLD = "description_text"
HANDS = 2  # sessions that fill and index at once
TABLE = tables.table_of(PRODUCTS)


@dataclass(frozen=True)
class Size:
    """One read model: its database and how many products it holds."""

    products: int
    url: str
    tenant: str


async def base_of(owner: Any, tenant: str, file: Path) -> list[str]:
    """Keep the imported products' rows in a file; returns the columns, in their order."""
    names = [row[0] for row in await owner.fetch(
        "SELECT attname FROM pg_attribute WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped"
        " AND attgenerated = '' ORDER BY attnum", TABLE)]  # fmt: skip
    await owner.copy_from_query(
        f"SELECT {', '.join(names)} FROM {TABLE} WHERE tenant_id = '{tenant}' AND locale = 'en' AND NOT deleted"
        " ORDER BY md5(handle) LIMIT 10000",
        output=str(file), format="binary",
    )  # fmt: skip
    return names


async def empty(owner: Any, url: str) -> str:
    """A database with one tenant and nothing else, to make the others from; returns its name."""
    await owner.execute("CREATE DATABASE bench_empty")
    environment = {"DATABASE_URL": _place(url, "bench_empty")}
    await asyncio.to_thread(processes.rustok, "migrate", env=environment)
    words = ("tenant", "create", "scale", "--host", "127.0.0.1", "--locale", "en", "--currency", "EUR")
    await asyncio.to_thread(processes.rustok, *words, env=environment)
    return "bench_empty"


def _place(url: str, database: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{database}"))


async def build(owner: Any, url: str, template: str, base: Path, names: Sequence[str], products: int) -> Size:
    """A database with one tenant and so many products."""
    name = f"bench_{products}"
    place = _place(url, name)
    await owner.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
    hands = [await asyncpg.connect(place) for _ in range(HANDS)]
    try:
        first = hands[0]
        tenant = str(await first.fetchval("SELECT id FROM tenants WHERE slug = 'scale'"))
        await _lay_out(first, base, names)
        batches = list(_batches(products, await first.fetchval("SELECT count(*) FROM bench_base")))
        statement = _insert(names, tenant)
        await _share(hands, [(statement, batch) for batch in batches])
        await first.execute("DROP TABLE bench_base")
        say("indexing it")
        for hand in hands:
            await hand.execute("SET maintenance_work_mem = '1GB'")
        await _share(hands, [(one, ()) for one in _indexes()])
        await first.execute(
            "INSERT INTO index_versions (tenant_id, version) VALUES ($1, 1)"
            " ON CONFLICT (tenant_id) DO UPDATE SET version = index_versions.version + 1", tenant)  # fmt: skip
        await first.execute(f"VACUUM (ANALYZE) {TABLE}")
        if await first.fetchval(f"SELECT count(*) FROM {TABLE}") != products:
            raise Broken(f"the table of {products:,} products holds another number")
    finally:
        for hand in hands:
            await hand.close()
    return Size(products, place, tenant)


async def _lay_out(owner: Any, base: Path, names: Sequence[str]) -> None:
    """The platform's table without its indexes, and beside it the rows to make others from."""
    for statement in (*tables.drop_statements(TABLE), *_ddl()):
        await owner.execute(statement)
    await owner.execute(f"CREATE UNLOGGED TABLE bench_base (LIKE {TABLE})")
    await owner.copy_to_table("bench_base", columns=names, source=str(base), format="binary")
    await owner.execute(
        "ALTER TABLE bench_base ADD n serial, ADD told text[], ADD html text[], ADD head tsvector, ADD tail tsvector"
    )
    await owner.execute(
        "UPDATE bench_base SET n = n - 1, told = string_to_array(document ->> 'description_text', '. '),"
        " html = string_to_array(document ->> 'description', '. ')"
    )
    await owner.execute(
        "UPDATE bench_base SET head = to_tsvector(index_language(locale), array_to_string(told[:3], '. ')),"
        " tail = to_tsvector(index_language(locale), array_to_string(told[3:6], '. '))"
    )
    await owner.execute("CREATE UNIQUE INDEX ON bench_base (n)")
    await owner.execute("ANALYZE bench_base")


def _ddl() -> list[str]:
    made = [one for one in tables.create_statements(PRODUCTS, TABLE) if not one.startswith("CREATE INDEX")]
    return [one.replace(f"CREATE TABLE {TABLE}", f"CREATE UNLOGGED TABLE {TABLE}", 1) for one in made]


def _indexes() -> list[str]:
    made = [one for one in tables.create_statements(PRODUCTS, TABLE) if one.startswith("CREATE INDEX")]
    return sorted(made, key=lambda one: ("USING gin" not in one, "gin_trgm" not in one))  # the longest first


def _batches(products: int, base: int) -> Sequence[tuple[int, int, int]]:
    """First number, how many, and how far away the row stands that lends the other half of its texts."""
    dice = random.Random(7)  # noqa: S311 - a catalogue is no secret
    return [(begin, min(base, products - begin), dice.randrange(1, max(base, 2))) for begin in range(0, products, base)]


def _insert(names: Sequence[str], tenant: str) -> str:
    """One batch: $1 the first number, $2 how many, $3 the distance to the row with the other texts."""
    made = {
        "tenant_id": f"'{tenant}'::uuid",
        "product_id": "x.id",
        "title": "x.title",
        "handle": "x.handle",
        "description": "x.description",
        "codes": "regexp_replace(b.codes, '(SKU-|40000)\\d+', '\\1' || x.number, 'g')",
        "published_at": "x.made",
        "created_at": "x.made",
        "indexed_at": "now()",
        "document": """b.document || jsonb_build_object('id', x.id, 'title', x.title, 'handle', x.handle,
            'description', x.description, 'description_text', x.plain, 'published_at', x.made, 'created_at', x.made)""",
    }
    # The longest text is made of two halves whose words are known already; parsing it a million times takes minutes.
    weight = PRODUCTS.search[TOLD]
    rest = replace(PRODUCTS, search={name: one for name, one in PRODUCTS.search.items() if name != TOLD})
    vector, likeness = tables.search_expressions(rest)
    vector = f"{vector} || setweight(s.told_words, '{weight}')"
    computed = {"search_vector": vector, "search_text": likeness, "cells": cells.expression(PRODUCTS)}
    plain = [name for name in names if name not in computed]
    shown = ", ".join(f"{made.get(name, f'b.{name}')} AS {name}" for name in plain)
    values = ", ".join(f"s.{name}" for name in plain)
    return f"""
    INSERT INTO {TABLE} ({", ".join(plain)}, {", ".join(computed)})
    SELECT {values}, {", ".join(computed.values())} FROM (
        SELECT {shown}, b.head || o.tail AS told_words FROM generate_series(0, $2::int - 1) g(n)
        JOIN bench_base b ON b.n = g.n
        JOIN bench_base o ON o.n = (g.n + $3::int) % (SELECT count(*) FROM bench_base)
        CROSS JOIN LATERAL (SELECT $1::bigint + g.n AS number) y
        CROSS JOIN LATERAL (
            SELECT y.number, ('01a20000-0000-7000-8000-' || lpad(to_hex(y.number), 12, '0'))::uuid AS id,
                concat_ws(' ', split_part(o.title, ' ', 1), split_part(b.title, ' ', 2), b.product_type) AS title,
                lower(split_part(o.title, ' ', 1) || '-' || split_part(b.title, ' ', 2) || '-' || y.number) AS handle,
                array_to_string(b.told[:3] || o.told[3:6], '. ') AS plain,
                array_to_string(b.html[:3] || o.html[3:6], '. ') AS description,
                '2026-01-01Z'::timestamptz - (y.number * 7919 % 94608000) * interval '1 second' AS made
        ) x
        OFFSET 0
    ) s"""


async def _share(hands: Sequence[Any], work: Sequence[tuple[str, Sequence[Any]]]) -> None:
    """Let every session take the next piece of work until none is left."""
    left = list(reversed(work))

    async def busy(hand: Any) -> None:
        while left:
            statement, values = left.pop()
            await hand.execute(statement, *values)

    async with asyncio.TaskGroup() as group:
        for hand in hands:
            group.create_task(busy(hand))


async def words_of(small: Size, known: Sequence[str]) -> tuple[list[str], list[str], float]:
    """Three common and three rare words of the smaller catalogue, and which share of it the commonest is in.

    What stands in more than half of all texts would be a stop word in any language, and nobody searches for it.
    """
    owner = await asyncpg.connect(small.url)
    try:
        rows = await owner.fetch(f"SELECT word FROM ts_stat('SELECT search_vector FROM {TABLE}') ORDER BY ndoc DESC")
        listed = set(known)
        found = [row["word"] for row in rows if row["word"] in listed]
        # As they are searched for: what begins like the word is found as well.
        count = await owner.prepare(f"SELECT count(*) FROM {TABLE} WHERE search_vector @@ index_query('en', $1)")
        common: dict[str, int] = {}
        for word in found:
            number = await count.fetchval(word)
            if number <= small.products / 2:
                common[word] = number
            if len(common) == 3:
                break
        rare: dict[str, int] = {}
        for word in reversed(found):
            number = await count.fetchval(word)
            if 5 <= number <= max(small.products // 500, 8):
                rare[word] = number
            if len(rare) == 3:
                break
        if len(common) < 3 or len(rare) < 3:
            raise Broken(f"no common or no rare words were found: {common}, {rare}")
        return list(common), list(rare), max(common.values()) / small.products
    finally:
        await owner.close()


def cursor_of(port: int, page: int) -> str:
    """The cursor after which the page begins, found by walking there."""
    client = Client(port)
    wanted, after = (page - 1) * PAGE, None
    while wanted:
        step = min(wanted, STRIDE)
        found = client.data(shop.ask(shop.STRIDE, first=step, after=after))["products"]
        if len(found["nodes"]) != step:
            raise Broken(f"the list ends before page {page:,}")
        wanted, after = wanted - step, found["pageInfo"]["endCursor"]
    client.close()
    if after is None:
        raise Broken("a first page has no cursor before it")
    return str(after)


async def compare(figures: Figures, small: Size, large: Size, pace: Pace, known: Sequence[str]) -> None:
    """`scale.*`: both sizes are served at once and asked in turn."""
    figures.put("scale.products", large.products)
    figures.put("scale.products_small", small.products)
    common, rare, share = await words_of(small, known)
    figures.put("scale.common_word_share", share)
    for name in ("postgres", "tantivy"):
        if name == "tantivy":
            for size in (small, large):
                await asyncio.to_thread(_build_search, figures, size)
        with ExitStack() as running:
            ports = [_serve(running, size, name) for size in (small, large)]
            if name == "postgres":
                await asyncio.to_thread(_lists, figures, ports, (small, large), pace)
            asked = {"common": common, "rare": rare}
            found = {
                kind: await asyncio.to_thread(
                    _worst, figures, f"scale.search24_{name}.{kind}", ports,
                    [[shop.ask(shop.SEARCH, query=word) for word in words]] * 2, pace,
                )
                for kind, words in asked.items()
            }  # fmt: skip
            figures.put(f"scale.search24_{name}.p99", max(found.values()))
    figures.put("scale.search24.p99", figures.values["scale.search24_tantivy.p99"])


def _environment(size: Size, search: str) -> dict[str, str]:
    """What tells a process of ours which database, and which engine searches it."""
    files = Path(os.environ["RUSTOK_HOME"]) / f"search-{size.products}"
    return {"DATABASE_URL": size.url, "RUSTOK_SEARCH": search, "RUSTOK_SEARCH_PATH": str(files.absolute())}


def _build_search(figures: Figures, size: Size) -> None:
    say(f"building the search files of {size.products:,} products")
    start = time.perf_counter()
    command = (sys.executable, "-m", "bench.searching", "scale")
    processes.run(*command, env=_environment(size, "tantivy"), within=900)
    figures.put(f"scale.search_files_s_{size.products}", time.perf_counter() - start)


def _serve(running: ExitStack, size: Size, search: str) -> int:
    port = processes.free_port()
    environment = {"RUSTOK_PORT": str(port), **_environment(size, search)}
    running.enter_context(processes.beside(*processes.RUSTOK, "serve", port=port, env=environment))
    return port


def _lists(figures: Figures, ports: Sequence[int], sizes: Sequence[Size], pace: Pace) -> None:
    first = _worst(figures, "scale.list24.first", ports, [[shop.ask(shop.LIST)]] * 2, pace)
    deep = [min(DEEP, size.products // PAGE) for size in sizes]
    asked = [[shop.ask(shop.AFTER, after=cursor_of(port, page))] for port, page in zip(ports, deep, strict=True)]
    for name, page in zip(("small", "large"), deep, strict=True):
        figures.put(f"scale.list24.deep.page_{name}", page)
    figures.put("scale.list24.p99", max(first, _worst(figures, "scale.list24.deep", ports, asked, pace)))


def _worst(figures: Figures, name: str, ports: Sequence[int], asked: Sequence[Sequence[Request]], pace: Pace) -> float:
    """The large one's p99 to the small one's; medians of rounds in turn, after one that does not count."""
    say(f"loading {name}")
    rounds: list[list[Loaded]] = [
        [load(port, requests, pace.seconds, connections=CONNECTIONS, least=100, most=8 * pace.seconds)
         for port, requests in zip(ports, asked, strict=True)]
        for _ in range(pace.rounds + 1)
    ]  # fmt: skip
    small, large = (middle([one[side] for one in rounds[1:]]) for side in (0, 1))
    for size, found in (("small", small), ("large", large)):
        figures.put(f"{name}.p50_ms_{size}", found["p50_ms"])
        figures.put(f"{name}.p99_ms_{size}", found["p99_ms"])
        figures.put(f"{name}.timed_{size}", found["timed"])
    return large["p99_ms"] / small["p99_ms"]


async def measure(
    figures: Figures, owner: Any, url: str, sizes: tuple[int, int], pace: Pace, known: Sequence[str]
) -> None:
    """Build both and compare; the databases are dropped afterwards."""
    built: list[Size] = []
    tenant = str(await owner.fetchval("SELECT id FROM tenants WHERE slug = 'bench'"))
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder) / "base"
        names = await base_of(owner, tenant, base)
        template = await empty(owner, url)
        for products in sizes:
            start = time.perf_counter()
            say(f"filling a read model of {products:,} products")
            built.append(await build(owner, url, template, base, names, products))
            figures.put(f"scale.fill_s_{products}", time.perf_counter() - start)
    await compare(figures, built[0], built[1], pace, known)
    if os.environ.get("BENCH_KEEP"):
        return
    for size in built:
        await owner.execute(f"DROP DATABASE {urlsplit(size.url).path[1:]} WITH (FORCE)")
