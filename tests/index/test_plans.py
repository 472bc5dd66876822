"""Under the policies and at size, PostgreSQL answers from indexes: no read walks the table."""

from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest
from sqlalchemy import text
from tests.index.conftest import Workshop, built
from tests.index.gadgets import GADGETS

from rustok.index import cursors, reads, searching
from rustok.index.filters import Bound
from rustok.index.listing import Beyond, Listing
from rustok.kernel.context import TenantInfo
from rustok.kernel.db import plain_url

ROWS = 30_000


@pytest.fixture(scope="module")
async def warehouse(server: str) -> AsyncIterator[tuple[Workshop, TenantInfo]]:
    """Thirty thousand rows of one tenant, straight into the read model's table."""
    async with built(server) as workshop:
        tenant = workshop.tenant()
        await workshop.as_owner(
            f"""INSERT INTO index_gadgets (tenant_id, gadget_id, locale, title, handle, maker, weight, in_stock, price,
                    tags,
                    made_at, as_of_seq, document, search_vector, search_text, previous_handles)
                SELECT '{tenant.id}', md5(g::text)::uuid, 'en', 'Gadget ' || g, 'gadget-' || g, 'Maker ' || g % 500,
                    g % 900,
                    true, jsonb_build_object('EUR', jsonb_build_array(g, g)), ARRAY['tag' || g % 3000, 'all'],
                    timestamptz '2026-01-01' + g * interval '1 second', 1, jsonb_build_object('id', md5(g::text)::uuid),
                    to_tsvector('rustok_english', 'gadget word' || g % 3000), 'gadget word' || g % 3000, '{{}}'
                FROM generate_series(1, {ROWS}) g""",
            "ANALYZE index_gadgets",
        )
        yield workshop, tenant


async def plan(workshop: Workshop, tenant: TenantInfo, **arguments: Any) -> str:
    """How PostgreSQL answers a page."""
    async with workshop.database.read(tenant) as context:
        bound = Bound({"tenant": tenant.id, "locale": "en"})
        query, after = arguments.get("query"), arguments.get("after")
        words = await searching.source(context, GADGETS, bound, query) if query else None
        where, sort = arguments.get("where"), arguments.get("sort")
        listing = Listing(GADGETS, bound, currency="EUR", where=where, sort=sort, words=words)
        beyond = None
        if after:
            at = cursors.decode(after, listing.order(query), listing.key()[1], field="after")
            beyond = Beyond(bound.add(at.key, "text"), bound.add(at.id, "uuid"))
        sql = listing.with_parts(listing.page("t.document", limit=25, after=beyond))
        rows = await context.session.execute(text(f"EXPLAIN {sql}"), bound.values)
        return "\n".join(row[0] for row in rows)


@pytest.mark.parametrize("sort", [sort.name for sort in GADGETS.sorts])
async def test_every_sort_walks_its_own_index_also_from_a_cursor(
    warehouse: tuple[Workshop, TenantInfo], sort: str
) -> None:
    workshop, tenant = warehouse
    async with workshop.database.read(tenant) as context:
        cursor = (await reads.page(context, GADGETS, sort=sort, first=100)).cursors[-1]

    for after in (None, cursor):
        found = await plan(workshop, tenant, sort=sort, after=after)
        assert "index_gadgets__by_" in found, found
        assert "Seq Scan on index_gadgets" not in found, found
        assert "Index Cond" in found
        if after and "per_currency=True" not in repr(next(one for one in GADGETS.sorts if one.name == sort)):
            # A cursor is where the walk begins, not what is left out on the way.
            assert any("ROW(" in line for line in found.splitlines() if "Index Cond" in line), found


@pytest.mark.parametrize("where", [{"maker": {"eq": "Maker 7"}}, {"id": {"eq": "0" * 32}}, {"weight": {"eq": 7}}])
async def test_filters_by_value_use_an_index(warehouse: tuple[Workshop, TenantInfo], where: dict[str, Any]) -> None:
    workshop, tenant = warehouse

    found = await plan(workshop, tenant, where=where)

    assert "Seq Scan on index_gadgets" not in found, found


async def test_words_and_overlaps_are_answered_by_the_function_and_rows_by_their_key(
    warehouse: tuple[Workshop, TenantInfo],
) -> None:
    workshop, tenant = warehouse

    searched = await plan(workshop, tenant, query="word17")
    overlapping = await plan(workshop, tenant, where={"tags": {"in": ["tag17"]}})

    for found in (searched, overlapping):
        assert "Function Scan on index_gadgets__candidates" in found, found
        assert "Index Scan using index_gadgets__pkey" in found, found
    assert "Seq Scan on index_gadgets" not in searched, searched
    # Few or many overlap: two branches, of which a one-time filter lets only one run.
    assert "One-Time Filter: ((NOT" in overlapping, overlapping


@pytest.mark.parametrize(
    ("condition", "index"),
    [
        ("r.search_vector @@ 'word17'::tsquery", "words"),
        ("r.tags && ARRAY['tag17']", "has_tags"),
        ("r.previous_handles && ARRAY['x']", "has_previous_handles"),
        ("'wurd17' <% r.search_text", "likeness"),
    ],
)
async def test_the_function_itself_uses_gin(warehouse: tuple[Workshop, TenantInfo], condition: str, index: str) -> None:
    workshop, tenant = warehouse
    sql = f"""EXPLAIN SELECT r.gadget_id FROM index_gadgets r
              WHERE r.tenant_id = '{tenant.id}' AND r.locale = 'en' AND NOT r.deleted AND {condition}"""

    connection = await asyncpg.connect(plain_url(workshop.owner_url))
    try:
        found = "\n".join(row[0] for row in await connection.fetch(sql))
    finally:
        await connection.close()

    assert f"index_gadgets__{index}" in found, found
