"""A table that was built for another declaration is never read by the places of this one."""

from collections.abc import Callable

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession
from tests.server.conftest import Site

QUERY = {"query": "{ products(first: 3) { nodes { id title hasStock } } }"}
FRESH = {"cache-control": "no-cache"}


async def test_reads_of_an_outdated_table_take_the_ordinary_executor_until_it_is_rebuilt(
    shops: dict[str, Site], owner: Callable[[], AsyncSession]
) -> None:
    async def declared(change: str) -> None:
        async with owner() as session:
            await session.execute(text(f"UPDATE index_state SET {change} WHERE entity = 'products'"))
            await session.commit()

    client = shops["large"].client
    usual = await client.post("/graphql", json=QUERY, headers=FRESH)
    for change, back in (
        ("status = 'outdated'", "status = 'ready'"),
        ("ddl_hash = 'x' || ddl_hash", "ddl_hash = substr(ddl_hash, 2)"),
    ):
        await declared(change)
        outdated = await client.post("/graphql", json=QUERY, headers=FRESH)
        await declared(back)
        again = await client.post("/graphql", json=QUERY, headers=FRESH)

        assert outdated.headers["rustok-executor"] == "ordinary"
        assert again.headers["rustok-executor"] == usual.headers["rustok-executor"] == "compiled"
        assert outdated.json() == again.json() == usual.json()
