"""Every version of a tenant's read model says what changed in it, to whoever keeps a copy of it elsewhere."""

import asyncio
from uuid import UUID

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from tests.index.conftest import Workshop, built

from rustok.events.core import ReindexRequested, TenantUpdated
from rustok.index import changes, rebuilding, tables
from rustok.index.changes import Change, News
from rustok.kernel import bus, migrating
from rustok.kernel.context import TenantInfo
from rustok.kernel.db import plain_url
from rustok.kernel.ids import generate_id


async def since(workshop: Workshop, tenant: TenantInfo, version: int, *, most: int = 500) -> News:
    """What the tenant itself is told, as a request would read it."""
    async with workshop.database.read(tenant) as context:
        return await changes.since(context.session, tenant.id, version, most=most)


async def version(workshop: Workshop, tenant: TenantInfo) -> int:
    """The tenant's present version."""
    async with workshop.database.read(tenant) as context:
        return int(await context.session.scalar(text("SELECT max(version) FROM index_versions")) or 0)


def named(news: News) -> list[set[UUID]]:
    """The ids of each change, none of which may be everything."""
    return [set(change.ids or ()) for change in news.changes if change.ids is not None]


async def test_a_version_names_what_was_written_what_it_was_glued_into_and_what_is_gone(
    workshop: Workshop, tenant: TenantInfo
) -> None:
    box = await workshop.box(tenant, "Box")
    lamp = await workshop.gadget(tenant, "Lamp", box_id=box)
    await workshop.catch_up()
    chair = await workshop.gadget(tenant, "Chair")
    await workshop.catch_up()
    await workshop.rename_box(tenant, box, "Crate")
    await workshop.catch_up()
    await workshop.remove(tenant, chair)
    await workshop.catch_up()

    news = await since(workshop, tenant, 0)

    assert (news.version, news.complete) == (4, True) == (await version(workshop, tenant), True)
    assert {change.entity for change in news.changes} == {"gadgets"}
    assert named(news) == [{lamp}, {chair}, {lamp}, {chair}]
    assert (await since(workshop, tenant, 3)).changes == [Change(4, "gadgets", (chair,))]
    assert await since(workshop, tenant, 4) == News(4, (), True)
    assert [change.version for change in (await since(workshop, tenant, 1, most=2)).changes] == [2, 3]


async def test_what_writes_nothing_is_no_version(workshop: Workshop, tenant: TenantInfo) -> None:
    await workshop.gadget(tenant, "Lamp")
    await workshop.catch_up()
    box = await workshop.box(tenant, "Empty box")
    await workshop.rename_box(tenant, box, "Still empty")
    await workshop.catch_up()

    assert await version(workshop, tenant) == 1
    assert (await since(workshop, tenant, 0)).version == 1


async def test_when_all_may_have_changed_it_says_which_if_they_can_be_named(
    workshop: Workshop, tenant: TenantInfo, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = set(await workshop.stock(tenant, 7))
    before = await version(workshop, tenant)
    async with workshop.database.open(tenant) as context:
        bus.record(context, TenantUpdated(changed_tenant_id=tenant.id, locales_changed=True))
    await workshop.catch_up()
    assert named(await since(workshop, tenant, before)) == [made]

    monkeypatch.setattr(changes, "MOST_NAMED", 6)
    async with workshop.database.open(tenant) as context:
        bus.record(context, ReindexRequested(request_id=generate_id(), target_type="gadgets"))
    await workshop.catch_up()

    assert (await since(workshop, tenant, before + 1)).changes == [Change(before + 2, "gadgets", None)]


async def test_a_repair_is_told_page_by_page_and_a_swap_to_every_tenant(workshop: Workshop, tenant: TenantInfo) -> None:
    other = workshop.tenant()
    made = set(await workshop.stock(tenant, 5))
    await workshop.stock(other, 2)
    first, second = await version(workshop, tenant), await version(workshop, other)

    await rebuilding.refresh(workshop.database, workshop.sources, tenant)

    assert named(await since(workshop, tenant, first)) == [made]
    assert await version(workshop, other) == second
    stop = asyncio.Event()
    following = asyncio.create_task(workshop.follow(stop))
    everyone = list(workshop.tenants.values())
    await rebuilding.rebuild(workshop.database, workshop.owner_url, workshop.sources, everyone, patience=10)
    stop.set()
    await following
    assert (await since(workshop, tenant, first + 1)).changes == [Change(first + 2, "gadgets", None)]
    assert (await since(workshop, other, second)).changes == [Change(second + 1, "gadgets", None)]


async def test_an_interrupted_rebuild_is_told_to_nobody(workshop: Workshop, tenant: TenantInfo) -> None:
    await workshop.stock(tenant, 3)
    before = await version(workshop, tenant)

    def interrupt(progress: rebuilding.Progress) -> None:
        raise KeyError("interrupted")

    with pytest.raises(KeyError):
        await rebuilding.rebuild(
            workshop.database, workshop.owner_url, workshop.sources, [tenant], tell=interrupt, patience=10
        )

    assert await version(workshop, tenant) == before
    assert (await since(workshop, tenant, before)).changes == ()


async def test_what_is_forgotten_is_said_to_be(workshop: Workshop, tenant: TenantInfo) -> None:
    lamp = await workshop.gadget(tenant, "Lamp")
    await workshop.catch_up()
    recent = f"""INSERT INTO index_changes (tenant_id, version, entity, ids)
                 SELECT '{tenant.id}', v, 'gadgets', NULL FROM generate_series(1300, 1535) v"""
    old = f"""INSERT INTO index_changes (tenant_id, version, entity, ids, changed_at)
              SELECT '{tenant.id}', v, 'gadgets', NULL, now() - interval '2 hours' FROM generate_series(2, 1299) v"""
    await workshop.as_owner(
        recent, old, f"UPDATE index_versions SET version = 1535 WHERE tenant_id = '{tenant.id}'"
    )  # the next version is one at which the table is trimmed

    await workshop.change(tenant, lamp, weight=2)
    await workshop.catch_up()

    assert await version(workshop, tenant) == 1536
    everything = await since(workshop, tenant, 0, most=10_000)
    # The very first is of this hour and is kept; what is old and far behind is not; what is old but near is.
    assert [change.version for change in everything.changes] == [1, *range(537, 1537)]
    assert not (await since(workshop, tenant, 1)).complete
    assert (await since(workshop, tenant, 536)).complete


async def test_no_tenant_is_told_of_anothers_changes(workshop: Workshop, tenant: TenantInfo) -> None:
    other = workshop.tenant()
    await workshop.gadget(other, "Secret lamp")
    await workshop.catch_up()
    count = text("SELECT count(*) FROM index_changes")

    async with workshop.database.read(tenant) as context:
        assert (await changes.since(context.session, other.id, 0)).changes == ()
        assert await context.session.scalar(count) == 0
    for worker in (False, True):
        async with workshop.database.session(worker=worker) as session:
            assert await session.scalar(count) == 0
    async with workshop.database.open(tenant, worker=True) as context:
        await context.session.execute(text("DELETE FROM index_changes"))
        await context.session.execute(text("UPDATE index_versions SET version = version + 100"))

    assert len((await since(workshop, other, 0)).changes) == 1
    assert await version(workshop, other) == 1


@pytest.mark.parametrize(
    "verb",
    [
        "DELETE FROM index_changes",
        "UPDATE index_changes SET ids = NULL",
        "INSERT INTO index_changes (tenant_id, version, entity) VALUES (:tenant, 99, 'gadgets')",
    ],
)
async def test_requests_cannot_write_changes(workshop: Workshop, tenant: TenantInfo, verb: str) -> None:
    await workshop.gadget(tenant, "Lamp")
    await workshop.catch_up()
    before = await since(workshop, tenant, 0)

    with pytest.raises(DBAPIError, match="permission denied"):
        async with workshop.database.open(tenant) as context:
            await context.session.execute(text(verb), {"tenant": tenant.id} if ":tenant" in verb else {})

    assert await since(workshop, tenant, 0) == before


async def test_a_commit_of_a_version_is_notified_with_the_tenant(workshop: Workshop, tenant: TenantInfo) -> None:
    heard: asyncio.Queue[str] = asyncio.Queue()
    connection = await asyncpg.connect(plain_url(workshop.database.worker_url))
    await connection.add_listener(changes.CHANNEL, lambda *told: heard.put_nowait(told[3]))
    try:
        await workshop.gadget(tenant, "Lamp")
        await workshop.catch_up()

        async with asyncio.timeout(30):
            assert await heard.get() == str(tenant.id)
    finally:
        await connection.close()


async def test_a_database_made_before_there_were_changes_gets_them(server: str) -> None:
    async with built(server) as workshop:
        tenant = workshop.tenant()
        lamp = await workshop.gadget(tenant, "Lamp")
        await workshop.catch_up()
        await workshop.as_owner(
            "DROP TABLE index_changes",
            "DROP POLICY owner_builds ON index_versions",
            "DROP POLICY worker_sees_all ON index_versions",
        )

        engine = migrating.owner_engine(workshop.owner_url)
        async with engine.begin() as owner:
            assert await tables.ensure(owner, list(workshop.sources.values())) == tables.Report((), ())
        await engine.dispose()

        await workshop.change(tenant, lamp, weight=2)
        await workshop.catch_up()
        assert (await since(workshop, tenant, 1)).changes == [Change(2, "gadgets", (lamp,))]
        async with workshop.database.session(worker=True) as session:
            assert await session.scalar(text("SELECT count(*) FROM index_versions")) == 1
