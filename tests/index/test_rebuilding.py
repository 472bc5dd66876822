"""Rebuild: online, complete, and unnoticed by those who read."""

import asyncio
import dataclasses
from collections.abc import AsyncIterator
from uuid import UUID

import pytest
from sqlalchemy import text
from tests.index.conftest import Workshop, built
from tests.index.gadgets import GADGETS, GadgetSource

from rustok.index import reads, rebuilding, tables
from rustok.index.rebuilding import RebuildRefused
from rustok.kernel import migrating
from rustok.kernel.context import TenantInfo
from rustok.kernel.indexing import Column

NAMES = """SELECT relname FROM pg_class WHERE relname LIKE 'index\\_gadgets%'
           UNION ALL SELECT proname || '()' FROM pg_proc WHERE proname LIKE 'index\\_gadgets%'
           UNION ALL SELECT polname || ' on ' || polrelid::regclass FROM pg_policy
                     WHERE polrelid::regclass::text LIKE 'index\\_gadgets%' ORDER BY 1"""


@pytest.fixture(scope="module")
async def own_workshop(server: str) -> AsyncIterator[Workshop]:
    """A rebuild is of all tenants, so these tests share none with the others."""
    async with built(server) as made:
        yield made


@pytest.fixture
def workshop(own_workshop: Workshop) -> Workshop:
    """In place of the one that all tests share."""
    return own_workshop


async def names(workshop: Workshop) -> list[str]:
    """Every table, index, function and policy of the gadgets' read model."""
    async with workshop.database.session() as session:
        return list(await session.scalars(text(NAMES)))


async def rebuild(workshop: Workshop) -> rebuilding.Rebuilt:
    """The whole entity, with a projector at work."""
    stop = asyncio.Event()
    following = asyncio.create_task(workshop.follow(stop))
    try:
        (outcome,) = await rebuilding.rebuild(
            workshop.database, workshop.owner_url, workshop.sources, list(workshop.tenants.values()), patience=10
        )
    finally:
        stop.set()
        await following
    return outcome


async def test_a_rebuild_gives_the_same_rows_and_leaves_the_same_names(workshop: Workshop, tenant: TenantInfo) -> None:
    await workshop.stock(tenant, 9)
    columns = "gadget_id, locale, document, refs, tags, search_text, deleted"
    before, named = await workshop.rows(tenant, columns), await names(workshop)

    outcome = await rebuild(workshop)

    assert outcome.swapped
    assert outcome.as_json()["equal"] is True
    assert await workshop.rows(tenant, columns) == before
    assert await names(workshop) == named


async def test_a_rebuild_drops_tombstones_and_repairs_damage(workshop: Workshop, tenant: TenantInfo) -> None:
    kept, gone = await workshop.gadget(tenant, "Kept"), await workshop.gadget(tenant, "Gone")
    await workshop.remove(tenant, gone)
    await workshop.catch_up()
    await workshop.as_owner(f"UPDATE index_gadgets SET document = '{{}}' WHERE tenant_id = '{tenant.id}'")

    await rebuild(workshop)

    assert {row["gadget_id"] for row in await workshop.rows(tenant)} == {kept}
    assert (await workshop.verify(tenant)).is_equal


async def test_readers_and_writers_do_not_notice(workshop: Workshop, tenant: TenantInfo) -> None:
    steady = {str(identity) for identity in await workshop.stock(tenant, 40)}
    stop = asyncio.Event()
    seen: list[int] = []

    async def read() -> None:
        while not stop.is_set():
            async with workshop.database.read(tenant) as context:
                page = await reads.page(context, GADGETS, first=100, where={"maker": {"in": ["Acme", "Globex"]}})
                found = {node["id"] for node in page.nodes}
                everything = await reads.page(context, GADGETS, first=100, query="gadget")
            assert len(found & steady) == 26
            assert steady <= {node["id"] for node in everything.nodes}
            seen.append(len(found))

    async def write() -> None:
        made: list[UUID] = []
        number = 0
        while not stop.is_set():
            number += 1
            made.append(await workshop.gadget(tenant, f"Passing {number}"))
            if number % 2:
                await workshop.change(tenant, made[number // 2], weight=number)
            if number % 3 == 0:
                await workshop.remove(tenant, made[number // 3])
            await asyncio.sleep(0.01)

    busy = [asyncio.create_task(read()), asyncio.create_task(write())]
    try:
        outcomes = [await rebuild(workshop) for _ in range(3)]
    finally:
        stop.set()
        await asyncio.gather(*busy)

    assert all(outcome.swapped for outcome in outcomes)
    assert len(seen) > 3
    verdict = await workshop.verify(tenant)
    assert verdict.is_equal, verdict.differences


async def test_what_is_deleted_during_a_rebuild_stays_deleted(workshop: Workshop, tenant: TenantInfo) -> None:
    made = await workshop.stock(tenant, 30)
    told: list[rebuilding.Progress] = []

    def tell(progress: rebuilding.Progress) -> None:
        told.append(progress)
        if progress.tenant == tenant.slug:
            deleting.append(asyncio.ensure_future(workshop.remove(tenant, made[len(deleting)])))

    deleting: list[asyncio.Future[None]] = []
    stop = asyncio.Event()
    following = asyncio.create_task(workshop.follow(stop))
    await rebuilding.rebuild(
        workshop.database, workshop.owner_url, workshop.sources, list(workshop.tenants.values()), tell=tell, patience=10
    )
    await asyncio.gather(*deleting)
    stop.set()
    await following

    assert deleting
    assert (await workshop.verify(tenant)).is_equal


async def test_an_interrupted_rebuild_changes_nothing_and_can_be_repeated(
    workshop: Workshop, tenant: TenantInfo
) -> None:
    await workshop.stock(tenant, 9)
    before, named = await workshop.rows(tenant), await names(workshop)

    def interrupt(progress: rebuilding.Progress) -> None:
        raise KeyError("interrupted")

    with pytest.raises(KeyError):
        await rebuilding.rebuild(
            workshop.database, workshop.owner_url, workshop.sources, [tenant], tell=interrupt, patience=10
        )

    assert await workshop.rows(tenant) == before
    assert await names(workshop) == named
    assert (await rebuild(workshop)).swapped


async def test_what_a_killed_rebuild_leaves_behind_is_thrown_away(workshop: Workshop, tenant: TenantInfo) -> None:
    await workshop.stock(tenant, 3)
    engine = migrating.owner_engine(workshop.owner_url)
    await rebuilding._begin(engine, workshop.sources["gadgets"], "index_gadgets__next", tables.CURRENCIES)
    await engine.dispose()
    await workshop.gadget(tenant, "Written to both")
    await workshop.catch_up()

    assert (await rebuild(workshop)).swapped

    assert (await workshop.verify(tenant)).is_equal


async def test_two_rebuilds_of_one_entity_do_not_run_at_once(workshop: Workshop, tenant: TenantInfo) -> None:
    await workshop.stock(tenant, 3)
    stop = asyncio.Event()
    following = asyncio.create_task(workshop.follow(stop))
    arguments = (workshop.database, workshop.owner_url, workshop.sources, list(workshop.tenants.values()))

    outcomes = await asyncio.gather(
        *(rebuilding.rebuild(*arguments, patience=10) for _ in range(2)), return_exceptions=True
    )
    stop.set()
    await following

    assert sorted(type(outcome).__name__ for outcome in outcomes) == [RebuildRefused.__name__, "list"]
    assert (await workshop.verify(tenant)).is_equal


async def test_one_tenant_is_refreshed_in_place(workshop: Workshop, tenant: TenantInfo) -> None:
    other = workshop.tenant()
    await workshop.stock(tenant, 5)
    await workshop.stock(other, 5)
    both = f"tenant_id IN ('{tenant.id}', '{other.id}')"
    await workshop.as_owner(
        f"UPDATE index_gadgets SET document = '{{}}' WHERE {both}",
        f"DELETE FROM gadgetry_gadgets WHERE tenant_id = '{tenant.id}' AND handle = 'gadget-0'",
        f"DELETE FROM index_gadgets WHERE tenant_id = '{tenant.id}' AND handle = 'gadget-1'",
    )

    (outcome,) = await rebuilding.refresh(workshop.database, workshop.sources, tenant)

    assert outcome.documents == 10
    assert (await workshop.verify(tenant)).is_equal
    assert (await workshop.verify(other)).different == 10
    await rebuilding.refresh(workshop.database, workshop.sources, other)


async def test_a_changed_declaration_is_reported_and_then_rebuilt(workshop: Workshop, tenant: TenantInfo) -> None:
    await workshop.stock(tenant, 4)

    class Changed(GadgetSource):
        entity = dataclasses.replace(GADGETS, columns=(*GADGETS.columns, Column("in_stock_again", "boolean")))

        def documents(self, context, ids=None):  # type: ignore[no-untyped-def]  # as the original's
            found = super().documents(context, ids).subquery("f")
            return found.select().add_columns(found.c.in_stock.label("in_stock_again"))

    changed = {"gadgets": Changed()}
    engine = migrating.owner_engine(workshop.owner_url)

    async def ensure(sources: dict[str, GadgetSource]) -> tables.Report:
        async with engine.begin() as connection:
            return await tables.ensure(connection, list(sources.values()))

    tenants = list(workshop.tenants.values())
    assert await ensure(changed) == tables.Report((), ("gadgets",))
    await workshop.catch_up()
    await rebuilding.rebuild(workshop.database, workshop.owner_url, changed, tenants, patience=10)
    try:
        assert await ensure(changed) == tables.Report((), ())
        assert all(
            row["in_stock_again"] == row["in_stock"] for row in await workshop.rows(tenant, "in_stock, in_stock_again")
        )
    finally:
        await workshop.catch_up()
        await rebuilding.rebuild(workshop.database, workshop.owner_url, workshop.sources, tenants, patience=10)
        assert await ensure({"gadgets": GadgetSource()}) == tables.Report((), ())
        await engine.dispose()
