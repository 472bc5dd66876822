"""Thousands of orders over several quarters: the list walks an index, and looks no further than its page."""

import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from typing import Any

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncSession
from tests.conftest import Addresses, new_tenant

from bench import orders as bench
from rustok.commerce.orders import searching
from rustok.commerce.orders.searching import Filter, Sort
from rustok.commerce.orders.states import OrderStatus
from rustok.kernel import migrating, paging
from rustok.kernel.context import Context, TenantInfo
from rustok.kernel.db import Database, plain_url

OpenContext = Callable[..., AbstractAsyncContextManager[Context]]
MANY = 6_000


@pytest.fixture
async def many(own_database: Addresses) -> TenantInfo:
    """A tenant with thousands of orders of a year, alone in its database: what others do changes the statistics."""
    engine = migrating.owner_engine(own_database.owner)
    async with AsyncSession(engine) as session:
        tenant = await new_tenant(session)
    await engine.dispose()
    owner = await asyncpg.connect(plain_url(own_database.owner))
    await bench.fill(owner, tenant.id, 1, MANY, most=MANY, days=365)
    await owner.execute("ANALYZE commerce_orders, commerce_order_claims, commerce_order_terms")
    await owner.close()
    return tenant


@pytest.fixture
async def open_context(own_database: Addresses) -> AsyncIterator[OpenContext]:
    """Reads that database."""
    database = Database(own_database.app, own_database.worker)
    yield database.read
    await database.close()


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for one in plan.get("Plans", ()):
        yield from _nodes(one)


async def _plan(context: Context, monkeypatch: pytest.MonkeyPatch, which: Filter, sort: Sort, after: str | None) -> Any:
    """What PostgreSQL does for the page, and how many rows every step of it really gave."""
    asked: list[Any] = []
    execute = context.session.execute

    async def noted(statement: Any, *arguments: Any, **options: Any) -> Any:
        asked.append(statement)
        return await execute(statement, *arguments, **options)

    with monkeypatch.context() as patch:
        patch.setattr(context.session, "execute", noted)
        await paging.page(context, searching.matching(context, which), keys=searching.KEYS[sort], first=20, after=after)
    spelled = asked[-1].compile(dialect=postgresql.dialect(), compile_kwargs={"literal_binds": True})  # type: ignore[no-untyped-call]  # untyped there
    told = await execute(text(f"EXPLAIN (ANALYZE, FORMAT JSON) {spelled}".replace(":", r"\:")))
    found = told.scalar_one()
    return (json.loads(found) if isinstance(found, str) else found)[0]["Plan"]


@pytest.mark.parametrize(
    ("which", "sort"),
    [
        (Filter(), Sort.CREATED_DESC),
        (Filter(), Sort.CREATED_ASC),
        (Filter(), Sort.TOTAL_DESC),
        (Filter(status=[OrderStatus.PENDING]), Sort.CREATED_DESC),
    ],
)
async def test_a_page_is_read_from_an_index(
    many: TenantInfo, open_context: OpenContext, monkeypatch: pytest.MonkeyPatch, which: Filter, sort: Sort
) -> None:
    async with open_context(many) as context:
        statement = searching.matching(context, which)
        walked = await paging.page(context, statement, keys=searching.KEYS[sort], first=100)

        for after in (None, walked.cursors[-1]):
            plan = await _plan(context, monkeypatch, which, sort, after)
            nodes = [one for one in _nodes(plan) if one["Actual Loops"]]
            scans = [one for one in nodes if "Scan" in one["Node Type"] and one.get("Relation Name")]
            assert {one["Node Type"] for one in nodes} <= {
                "Limit",
                "Append",
                "Merge Append",
                "Index Scan",
                "Index Only Scan",
                "Result",
            }, plan
            assert sum(one["Actual Rows"] + one.get("Rows Removed by Filter", 0) for one in scans) < 200, plan


async def test_pages_of_thousands_skip_nothing(many: TenantInfo, open_context: OpenContext) -> None:
    async with open_context(many) as context:
        seen: list[int] = []
        after = None
        while True:
            page = await paging.page(
                context,
                searching.matching(context, Filter()),
                keys=searching.KEYS[Sort.CREATED_DESC],
                first=100,
                after=after,
            )
            seen += [row.number for row in page.rows]
            context.session.expunge_all()
            if not page.has_next:
                break
            after = page.cursors[-1]
        assert seen == list(range(MANY, 0, -1))

        found = searching.matching(context, Filter(query="smith ann"))
        assert (await paging.count(context, found))[0] == MANY // 30
