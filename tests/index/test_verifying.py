"""Verify: names every row that is not what its source says, and never one whose event is merely under way."""

import asyncio

import pytest
from tests.index.conftest import Workshop

from rustok.index import service, verifying
from rustok.index.verifying import ProjectorBehind
from rustok.kernel.context import TenantInfo


async def test_a_clean_index_has_no_difference(workshop: Workshop, tenant: TenantInfo) -> None:
    await workshop.stock(tenant, 12)

    verdict = await workshop.verify(tenant)

    assert verdict.is_equal
    assert verdict.rows == 24
    assert verdict.as_json()["equal"] is True


@pytest.mark.parametrize(
    ("damage", "problem", "keys"),
    [
        ('UPDATE {t} SET document = document || \'{"title": "Forged"}\' WHERE {w}', "different", ("document.title",)),
        ("UPDATE {t} SET document = document - 'box' WHERE {w}", "different", ("document.box",)),
        ("UPDATE {t} SET weight = 77 WHERE {w}", "different", ("weight",)),
        ("UPDATE {t} SET refs = '{{}}', search_text = NULL WHERE {w}", "different", ("refs", "search_text")),
        ("UPDATE {t} SET search_vector = NULL WHERE {w}", "different", ("search_vector",)),
        ("DELETE FROM {t} WHERE {w}", "missing", ()),
        ("UPDATE {t} SET deleted = true WHERE {w}", "missing", ()),
    ],
)
async def test_a_damaged_row_is_named_with_what_differs(
    workshop: Workshop, tenant: TenantInfo, damage: str, problem: str, keys: tuple[str, ...]
) -> None:
    box = await workshop.box(tenant, "Box")
    gadget = await workshop.gadget(tenant, "Lamp", box_id=box)
    await workshop.gadget(tenant, "Candle")
    await workshop.catch_up()
    where = f"tenant_id = '{tenant.id}' AND gadget_id = '{gadget}' AND locale = 'ru'"

    await workshop.as_owner(damage.replace("{t}", "index_gadgets").replace("{w}", where).replace("{{}}", "{}"))

    verdict = await workshop.verify(tenant)
    (found,) = verdict.differences
    assert (found.id, found.locale, found.problem, found.keys) == (gadget, "ru", problem, keys)
    assert verdict.missing + verdict.extra + verdict.different == 1


async def test_a_row_without_a_source_is_named(workshop: Workshop, tenant: TenantInfo) -> None:
    gadget = await workshop.gadget(tenant, "Lamp")
    await workshop.catch_up()
    await workshop.as_owner(f"DELETE FROM gadgetry_gadgets WHERE id = '{gadget}'")

    verdict = await workshop.verify(tenant)

    assert [(d.id, d.problem) for d in verdict.differences] == [(gadget, "extra"), (gadget, "extra")]


async def test_events_under_way_are_waited_for(workshop: Workshop, tenant: TenantInfo) -> None:
    await workshop.gadget(tenant, "Lamp")
    stop = asyncio.Event()
    writing = asyncio.create_task(keep_writing(workshop, tenant, stop))
    following = asyncio.create_task(workshop.follow(stop))

    for _ in range(10):
        (verdict,) = await verifying.verify(workshop.database, workshop.sources, [tenant], patience=10)
        assert verdict.is_equal, verdict.differences

    stop.set()
    await asyncio.gather(writing, following)


async def keep_writing(workshop: Workshop, tenant: TenantInfo, stop: asyncio.Event) -> None:
    """Changes without a pause."""
    number = 0
    while not stop.is_set():
        number += 1
        gadget = await workshop.gadget(tenant, f"Gadget {number}")
        await workshop.change(tenant, gadget, weight=number)
        if number % 3 == 0:
            await workshop.remove(tenant, gadget)


async def test_without_a_projector_verify_says_so_instead_of_guessing(workshop: Workshop, tenant: TenantInfo) -> None:
    await workshop.gadget(tenant, "Lamp")

    with pytest.raises(ProjectorBehind):
        await verifying.verify(workshop.database, workshop.sources, [tenant], patience=0.2)


async def test_the_status_counts_rows_tombstones_and_lag(workshop: Workshop, tenant: TenantInfo) -> None:
    gadget = await workshop.gadget(tenant, "Lamp")
    await workshop.gadget(tenant, "Candle")
    await workshop.remove(tenant, gadget)
    before = await service.status(workshop.database, workshop.sources, [tenant])
    await workshop.catch_up()
    await workshop.change(tenant, gadget, weight=1)
    await workshop.catch_up()

    after = await service.status(workshop.database, workshop.sources, [tenant])

    assert before.lag_events >= 3
    assert before.lag_seconds > 0
    assert (after.lag_events, after.lag_seconds) == (0, 0)
    (entity,) = after.entities
    assert (entity.status, entity.rows) == ("ready", 2)
    assert after.as_json()["entities"][0]["entity"] == "gadgets"
