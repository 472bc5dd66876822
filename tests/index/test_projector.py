"""The projector: whatever happened, in whatever order it is told, the rows are what a rebuild would give."""

import random
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from tests.index.conftest import Workshop, titles
from tests.index.gadgets import GADGETS

from rustok.events.core import ReindexRequested, TenantUpdated
from rustok.index import projector, reads
from rustok.kernel import log
from rustok.kernel.consuming import Batch
from rustok.kernel.context import TenantInfo
from rustok.kernel.events import Envelope
from rustok.kernel.ids import generate_id


async def replay(workshop: Workshop, envelopes: list[Envelope]) -> int:
    """Hand envelopes to the projector as a batch of their own."""
    async with workshop.database.session(worker=True) as session:
        written = await projector.project(Batch(envelopes, session, workshop.find_tenant), workshop.sources)
        await session.commit()
        return written


async def history(workshop: Workshop, tenant: TenantInfo) -> list[Envelope]:
    """Everything that happened to a tenant."""
    async with workshop.database.session(worker=True) as session:
        head = await log.head(session)
        found = await log.read(session, after=0, upto=head, most=100_000)
        return [envelope for envelope in found if envelope.tenant_id == tenant.id]


async def test_a_gadget_is_shown_in_every_language_of_its_tenant(workshop: Workshop, tenant: TenantInfo) -> None:
    await workshop.gadget(tenant, "Blue shirt", title_ru="Синяя рубашка")

    await workshop.catch_up()

    async with workshop.database.read(tenant, locale="en") as context:
        assert titles((await reads.page(context, GADGETS)).nodes) == ["Blue shirt"]
    async with workshop.database.read(tenant, locale="ru") as context:
        assert titles((await reads.page(context, GADGETS)).nodes) == ["Синяя рубашка"]


async def test_duplicates_replays_and_reordering_change_nothing(workshop: Workshop, tenant: TenantInfo) -> None:
    gadget = await workshop.gadget(tenant, "Lamp", weight=1)
    await workshop.change(tenant, gadget, weight=2)
    await workshop.catch_up()
    before = await workshop.rows(tenant)

    past = await history(workshop, tenant)
    assert await replay(workshop, past) == 0
    assert await replay(workshop, list(reversed(past))) == 0
    for envelope in past:
        assert await replay(workshop, [envelope, envelope]) == 0

    assert await workshop.rows(tenant) == before


async def test_a_tombstone_wins_over_a_late_replay(workshop: Workshop, tenant: TenantInfo) -> None:
    gadget = await workshop.gadget(tenant, "Lamp")
    await workshop.catch_up()
    await workshop.remove(tenant, gadget)
    await workshop.catch_up()
    buried = await workshop.rows(tenant)

    await replay(workshop, (await history(workshop, tenant))[:1])

    assert await workshop.rows(tenant) == buried
    assert [row["deleted"] for row in buried] == [True, True]
    assert all(row["document"] is None and row["refs"] == [] for row in buried)


async def test_an_unpublished_gadget_is_gone_and_comes_back(workshop: Workshop, tenant: TenantInfo) -> None:
    gadget = await workshop.gadget(tenant, "Lamp")
    await workshop.change(tenant, gadget, published=False)
    await workshop.catch_up()
    async with workshop.database.read(tenant) as context:
        assert await reads.one(context, GADGETS, id=gadget) is None

    await workshop.change(tenant, gadget, published=True)
    await workshop.catch_up()

    async with workshop.database.read(tenant) as context:
        assert await reads.one(context, GADGETS, id=gadget) is not None


async def test_renaming_a_box_reaches_every_gadget_in_it_and_no_other(workshop: Workshop, tenant: TenantInfo) -> None:
    box, other = await workshop.box(tenant, "Old"), await workshop.box(tenant, "Other")
    inside = {await workshop.gadget(tenant, f"Inside {n}", box_id=box) for n in range(3)}
    await workshop.gadget(tenant, "Outside", box_id=other)
    await workshop.catch_up()

    await workshop.rename_box(tenant, box, "New")
    head = await workshop.catch_up()

    rows = await workshop.rows(tenant)
    assert {row["document"]["box"]["name"] for row in rows if row["gadget_id"] in inside} == {"New"}
    assert {row["gadget_id"] for row in rows if row["as_of_seq"] == head} == inside


async def test_the_version_moves_with_the_rows_and_only_then(workshop: Workshop, tenant: TenantInfo) -> None:
    async def version() -> int:
        async with workshop.database.read(tenant) as context:
            return await reads.version(context)

    assert await version() == 0
    gadget = await workshop.gadget(tenant, "Lamp")
    await workshop.catch_up()
    first = await version()
    await replay(workshop, await history(workshop, tenant))
    assert await version() == first > 0

    await workshop.remove(tenant, gadget)
    await workshop.catch_up()

    assert await version() > first


@pytest.mark.parametrize("target_type", ["gadgets", "gadget", "all"])
async def test_reindexing_on_request_builds_every_row_again(
    workshop: Workshop, tenant: TenantInfo, target_type: str
) -> None:
    await workshop.stock(tenant, 7)
    await workshop.as_owner(f"UPDATE index_gadgets SET document = '{{}}' WHERE tenant_id = '{tenant.id}'")

    request = ReindexRequested(request_id=generate_id(), target_type=target_type)
    await workshop.write(tenant, "SELECT CAST(:tenant AS uuid)", {}, request)

    assert (await workshop.verify(tenant)).is_equal


async def test_a_language_more_or_less_is_shown_or_buried(workshop: Workshop, tenant: TenantInfo) -> None:
    await workshop.gadget(tenant, "Lamp")
    await workshop.catch_up()
    workshop.tenants[tenant.id] = TenantInfo(id=tenant.id, slug=tenant.slug, name="T", locales=("en", "de"))

    changed = TenantUpdated(changed_tenant_id=tenant.id, locales_changed=True)
    await workshop.write(tenant, "SELECT CAST(:tenant AS uuid)", {}, changed)
    await workshop.catch_up()

    assert {row["locale"]: row["deleted"] for row in await workshop.rows(tenant)} == {
        "en": False,
        "ru": True,
        "de": False,
    }


async def test_one_batch_may_hold_several_tenants(workshop: Workshop) -> None:
    one, other = workshop.tenant(), workshop.tenant()
    for tenant in (one, other, one):
        await workshop.gadget(tenant, "Lamp")

    await workshop.catch_up()

    assert len(await workshop.rows(one)) == 4
    assert len(await workshop.rows(other)) == 2


async def test_two_gadgets_may_swap_their_handles(workshop: Workshop, tenant: TenantInfo) -> None:
    first, second = await workshop.gadget(tenant, "First"), await workshop.gadget(tenant, "Second")
    await workshop.catch_up()

    await workshop.change(tenant, first, handle="second")
    await workshop.change(tenant, second, handle="first")

    assert (await workshop.verify(tenant)).is_equal


ACTIONS = st.lists(
    st.tuples(
        st.sampled_from(["add", "change", "hide", "show", "remove", "rename", "move", "project", "replay"]),
        st.integers(0, 5),
        st.integers(0, 3),
    ),
    max_size=25,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(actions=ACTIONS, seed=st.integers(0, 1000))
async def test_after_any_history_the_index_equals_a_rebuild(
    workshop: Workshop, actions: list[tuple[str, int, int]], seed: int
) -> None:
    tenant = workshop.tenant()
    chance = random.Random(seed)
    boxes = [await workshop.box(tenant, f"Box {n}") for n in range(2)]
    gadgets: list[UUID] = []
    for verb, which, value in actions:
        if verb == "add" or not gadgets:
            gadgets.append(await workshop.gadget(tenant, f"Gadget {value}", box_id=boxes[value % 2]))
            continue
        gadget = gadgets[which % len(gadgets)]
        changes: dict[str, dict[str, Any]] = {
            "change": {"weight": value, "handle": f"handle-{value}"},
            "hide": {"published": False},
            "show": {"published": True},
            "move": {"box_id": boxes[value % 2]},
        }
        if verb in changes:
            await workshop.change(tenant, gadget, **changes[verb])
        elif verb == "remove":
            await workshop.remove(tenant, gadget)
        elif verb == "rename":
            await workshop.rename_box(tenant, boxes[value % 2], f"Box {which}")
        elif verb == "project":
            await workshop.catch_up()
        else:
            past = await history(workshop, tenant)
            await replay(workshop, chance.sample(past, min(len(past), value + 1)))

    verdict = await workshop.verify(tenant)

    assert verdict.is_equal, verdict.differences


async def test_rows_do_not_come_back_when_the_projector_starts_again_from_nothing(
    workshop: Workshop, tenant: TenantInfo
) -> None:
    kept = await workshop.gadget(tenant, "Kept")
    gone = await workshop.gadget(tenant, "Gone")
    await workshop.remove(tenant, gone)
    await workshop.catch_up()
    await workshop.as_owner(f"DELETE FROM index_gadgets WHERE tenant_id = '{tenant.id}'")

    await replay(workshop, await history(workshop, tenant))

    async with workshop.database.read(tenant) as context:
        sql = "SELECT DISTINCT gadget_id FROM index_gadgets WHERE NOT deleted"
        assert list(await context.session.scalars(text(sql))) == [kept]
