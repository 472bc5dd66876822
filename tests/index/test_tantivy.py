"""Tantivy's files: they follow the read model, survive everything, and never show one tenant to another."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import UUID

import pytest
from tests.index.conftest import Workshop, titles
from tests.index.gadgets import GADGETS

from rustok.index import reads
from rustok.index.searching import Backend
from rustok.index.tantivy.backend import Tantivy
from rustok.index.verifying import Verdict
from rustok.kernel.context import TenantInfo
from rustok.kernel.ids import generate_id

PATIENCE = 20.0


def opened(workshop: Workshop, path: Path) -> Tantivy:
    """Tantivy as one more process would have it."""
    entities = {name: source.entity for name, source in workshop.sources.items()}
    return Tantivy(workshop.database, entities, path, workshop.find_tenant)


@pytest.fixture
async def files(workshop: Workshop, tmp_path: Path) -> AsyncIterator[Tantivy]:
    """Tantivy with a folder of its own; nobody follows unless the test lets it."""
    made = opened(workshop, tmp_path)
    yield made
    await made.stop()


@asynccontextmanager
async def following(engine: Tantivy) -> AsyncIterator[None]:
    """While the follower runs."""
    engine.start()
    try:
        yield
    finally:
        await engine.stop()


async def until(is_so: Callable[[], Awaitable[object]]) -> None:
    """Wait until something has come about."""
    async with asyncio.timeout(PATIENCE):
        while True:
            if await is_so():
                return
            await asyncio.sleep(0.01)


async def found(engine: Tantivy, tenant: TenantInfo, query: str, locale: str = "en") -> set[str] | None:
    """Ids that the files alone give; None where they give none."""
    hits = await engine.hits(tenant, GADGETS, locale=locale, query=query, most=100)
    return None if hits is None else {str(UUID(part)) for part in hits.ids.strip("{}").split(",") if part}


async def verdict(engine: Tantivy, tenant: TenantInfo) -> Verdict:
    """What verify says."""
    (one,) = await engine.verify([tenant], ["gadgets"], patience=PATIENCE)
    return one


async def test_what_has_no_files_yet_is_searched_by_postgresql_and_gets_them(
    workshop: Workshop, tenant: TenantInfo, files: Tantivy
) -> None:
    lamp = await workshop.gadget(tenant, "Lamp", title_ru="Лампа")
    await workshop.catch_up()

    async with following(files):
        async with workshop.database.read(tenant) as context:
            context.session.info[Backend] = files
            page = await reads.page(context, GADGETS, query="lamp")
        await until(lambda: found(files, tenant, "lamp"))

        assert titles(page.nodes) == ["Lamp"]
        assert await found(files, tenant, "lamps") == {str(lamp)}
        assert await found(files, tenant, "лампы", "ru") == {str(lamp)}


async def test_files_follow_what_is_made_changed_and_removed(
    workshop: Workshop, tenant: TenantInfo, files: Tantivy
) -> None:
    lamp, vase = await workshop.gadget(tenant, "Lamp"), await workshop.gadget(tenant, "Vase")
    await workshop.catch_up()
    await files.rebuild([tenant])

    async with following(files):
        await workshop.change(tenant, lamp, title="Lantern")
        await workshop.remove(tenant, vase)
        bowl = await workshop.gadget(tenant, "Bowl")
        await workshop.catch_up()
        async with workshop.database.read(tenant) as context:
            version = await reads.version(context)

        assert await files.reach(tenant.id, version, seconds=PATIENCE)
        assert await found(files, tenant, "lantern") == {str(lamp)}
        assert await found(files, tenant, "bowl") == {str(bowl)}
        assert await found(files, tenant, "vase") == set()
    hits = await files.hits(tenant, GADGETS, locale="en", query="bowl", most=10)
    assert hits is not None
    assert hits.version == version
    assert (await verdict(files, tenant)).is_equal


async def test_hits_say_what_they_have_reached_and_a_later_version_is_waited_for_in_vain(
    workshop: Workshop, tenant: TenantInfo, files: Tantivy
) -> None:
    await workshop.gadget(tenant, "Lamp")
    await workshop.catch_up()
    await files.rebuild([tenant])
    before = await files.hits(tenant, GADGETS, locale="en", query="lamp", most=10)
    await workshop.gadget(tenant, "Lamp too")
    await workshop.catch_up()

    after = await files.hits(tenant, GADGETS, locale="en", query="lamp", most=10)

    assert before is not None
    assert after == before
    assert not await files.reach(tenant.id, before.version + 1, seconds=0.05)


async def test_a_tenant_never_finds_what_another_has(workshop: Workshop, files: Tantivy) -> None:
    one, other = workshop.tenant(), workshop.tenant()
    mine = await workshop.gadget(one, "Secret lamp", tags=["gadgets|en", str(other.id)])
    await workshop.gadget(other, "Secret vase", maker=str(one.id))
    await workshop.catch_up()
    await files.rebuild([one, other])

    for query in (
        "secret", "secret OR lamp", "*", "scope:gadgets", f"thing:gadgets|{mine.hex}", "gadgets|en", str(mine),
        "version", mine.hex, f"scope:{one.id}", "lamp", ".*", "[a-z]*", "secret AND NOT vase", "../",
        "(((", '"', "\\", "a" * 500,
        "se" + "\u0301" * 50, " ".join(["secret"] * 60),
    ):  # fmt: skip
        assert str(mine) not in (await found(files, other, query) or ()), query
    for locale in ("gadgets", "en|", "en|x", "../en", "fr", "", f"en/../../{one.id}"):
        assert await found(files, other, "secret", locale) is None, locale
    assert await found(files, one, "lamp") == {str(mine)}


async def test_an_entity_or_language_is_never_taken_for_another(workshop: Workshop, files: Tantivy) -> None:
    tenant = workshop.tenant(locales=("en", "ru", "xx"))
    lamp = await workshop.gadget(tenant, "Lamp", title_ru="Фонарь")
    await workshop.catch_up()
    await files.rebuild([tenant])

    assert await found(files, tenant, "lamp", "xx") == {str(lamp)}
    assert await found(files, tenant, "lamp", "ru") == set()
    assert await found(files, tenant, "фонарь", "en") == set()


async def test_forgotten_changes_and_replaced_tables_are_built_anew(
    workshop: Workshop, tenant: TenantInfo, files: Tantivy
) -> None:
    await workshop.gadget(tenant, "Lamp")
    await workshop.catch_up()
    await files.rebuild([tenant])
    vase = await workshop.gadget(tenant, "Vase")
    await workshop.catch_up()
    await workshop.gadget(tenant, "Bowl")
    await workshop.catch_up()
    await workshop.as_owner(f"DELETE FROM index_changes WHERE tenant_id = '{tenant.id}' AND version = 2")

    assert await files.follower.catch_up(tenant)

    assert await found(files, tenant, "vase") == {str(vase)}
    assert (await verdict(files, tenant)).is_equal


async def test_a_new_language_is_searched_too(workshop: Workshop, tenant: TenantInfo, files: Tantivy) -> None:
    lamp = await workshop.gadget(tenant, "Lamp")
    await workshop.catch_up()
    await files.rebuild([tenant])
    grown = TenantInfo(id=tenant.id, slug=tenant.slug, name=tenant.name, locales=("en", "ru", "de"))
    workshop.tenants[tenant.id] = grown
    await workshop.change(grown, lamp, title="Lampe")
    await workshop.catch_up()

    assert await found(files, grown, "lampe", "de") is None
    assert await files.follower.catch_up(grown)
    assert await found(files, grown, "lampen", "de") == {str(lamp)}


@pytest.mark.parametrize("harm", ["truncated", "emptied", "gone", "nonsense", "pointer"])
async def test_damaged_files_are_found_out_and_built_anew(
    workshop: Workshop, tenant: TenantInfo, tmp_path: Path, harm: str
) -> None:
    lamp = await workshop.gadget(tenant, "Lamp")
    await workshop.catch_up()
    before = opened(workshop, tmp_path)
    await before.rebuild([tenant])
    await before.stop()
    folder = tmp_path / str(tenant.id)
    name = (folder / "current").read_text()
    parts = [path for path in (folder / name).iterdir() if path.suffix in (".idx", ".term", ".fast", ".store")]
    if harm == "pointer":
        (folder / "current").write_text("../../elsewhere")
    elif harm == "nonsense":
        (folder / name / "meta.json").write_text("{}")
    else:
        for path in parts:
            if harm == "gone":
                path.unlink()
            else:
                path.write_bytes(path.read_bytes()[: 20 if harm == "truncated" else 0])

    files = opened(workshop, tmp_path)
    async with following(files):
        await until(lambda: found(files, tenant, "lamp"))
        assert await found(files, tenant, "lamp") == {str(lamp)}
        assert (await verdict(files, tenant)).is_equal


async def test_verify_names_what_differs(workshop: Workshop, tenant: TenantInfo, files: Tantivy) -> None:
    kept, gone = await workshop.gadget(tenant, "Kept"), await workshop.gadget(tenant, "Gone")
    await workshop.catch_up()
    await files.rebuild([tenant])
    assert (await verdict(files, tenant)).is_equal
    stranger = generate_id()
    await workshop.as_owner(
        f"UPDATE index_gadgets SET title = 'Otherwise' WHERE gadget_id = '{kept}' AND locale = 'ru'",
        f"UPDATE index_gadgets SET gadget_id = '{stranger}' WHERE gadget_id = '{gone}' AND locale = 'en'",
    )

    said = await verdict(files, tenant)

    assert (said.missing, said.extra, said.different) == (1, 1, 1)
    assert {(one.id, one.locale, one.problem) for one in said.differences} == {
        (kept, "ru", "different"),
        (gone, "en", "extra"),
        (stranger, "en", "missing"),
    }
    await files.rebuild([tenant])
    assert (await verdict(files, tenant)).is_equal


async def test_one_process_writes_and_the_others_see_it(workshop: Workshop, tenant: TenantInfo, tmp_path: Path) -> None:
    one, other = opened(workshop, tmp_path), opened(workshop, tmp_path)
    lamp = await workshop.gadget(tenant, "Lamp")
    await workshop.catch_up()
    assert await one.follower.catch_up(tenant)

    assert await found(other, tenant, "lamp") == {str(lamp)}
    vase = await workshop.gadget(tenant, "Vase")
    await workshop.catch_up()
    assert not await other.follower.catch_up(tenant)
    assert await one.follower.catch_up(tenant)
    assert await found(other, tenant, "vase") == {str(vase)}
    async with following(one):
        await other.rebuild([tenant])
    assert await found(one, tenant, "vase") == {str(vase)}
    await other.stop()


async def test_places_in_a_list_stay_where_they_are_while_others_are_written(
    workshop: Workshop, tenant: TenantInfo, files: Tantivy
) -> None:
    for number in range(30):
        await workshop.gadget(tenant, f"Lamp {number}")
    await workshop.catch_up()
    await files.rebuild([tenant])

    seen: list[str] = []
    cursor = None
    while True:
        async with workshop.database.read(tenant) as context:
            context.session.info[Backend] = files
            page = await reads.page(context, GADGETS, query="lamp", first=4, after=cursor)
        seen += titles(page.nodes)
        if not page.has_next:
            break
        cursor = page.cursors[-1]
        await workshop.gadget(tenant, f"Some quite long name of a lampshade, lamps and more {len(seen)}", tags=["lamp"])
        await workshop.catch_up()
        await files.follower.catch_up(tenant)

    old = [title for title in seen if title.startswith("Lamp ")]
    assert len(old) == len(set(old)) == 30


async def test_of_a_word_that_is_in_very_many_rows_enough_are_looked_at_and_the_best_names(
    workshop: Workshop, tenant: TenantInfo, files: Tantivy
) -> None:
    await workshop.stock(tenant, 400)
    best = await workshop.gadget(tenant, "Gadget")
    await workshop.catch_up()
    await files.rebuild([tenant])

    hits = await files.hits(tenant, GADGETS, locale="en", query="gadget", most=5)
    every = await files.hits(tenant, GADGETS, locale="en", query="gadget", most=10_001)

    assert hits is not None
    assert every is not None
    ids, ranks = hits.ids.strip("{}").split(","), [int(rank) for rank in hits.ranks.strip("{}").split(",")]
    assert len(ids) == len(set(ids)) == len(ranks)
    assert 5 <= len(ids) < 401
    assert UUID(ids[ranks.index(max(ranks))]) == best
    assert len(every.ids.split(",")) == 401
    assert set(zip(ids, ranks, strict=True)) <= set(
        zip(every.ids.strip("{}").split(","), map(int, every.ranks.strip("{}").split(",")), strict=True)
    )


_VICTIM = """
import asyncio, sys
from pathlib import Path
from uuid import UUID
from rustok.index.tantivy.backend import Tantivy
from rustok.kernel.context import TenantInfo
from rustok.kernel.db import Database
from tests.index.gadgets import GADGETS

async def main():
    app, worker, path, tenant = sys.argv[1:]
    info = TenantInfo(id=UUID(tenant), slug="t", name="Tenant", locales=("en", "ru"))
    async def find(session, tenant_id):
        return info
    files = Tantivy(Database(app, worker, pool_size=2), {"gadgets": GADGETS}, Path(path), find)
    print("ready", flush=True)
    anew = True
    while True:
        await files.follower.catch_up(info, seconds=5, anew=anew)
        anew = not anew

asyncio.run(main())
"""


async def test_killed_at_any_moment_the_next_one_has_it_right(
    workshop: Workshop, tenant: TenantInfo, tmp_path: Path
) -> None:
    async def write(stop: asyncio.Event) -> None:
        number = 0
        while not stop.is_set():
            number += 1
            made = await workshop.gadget(tenant, f"Lamp {number}")
            if number % 3 == 0:
                await workshop.remove(tenant, made)
            await workshop.catch_up()

    stop = asyncio.Event()
    writing = asyncio.create_task(write(stop))
    root = Path(__file__).parents[2]
    try:
        for pause in (0.02, 0.07, 0.13, 0.21, 0.34, 0.55):
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-c", _VICTIM, workshop.database.app_url, workshop.database.worker_url, str(tmp_path),
                str(tenant.id), stdout=asyncio.subprocess.PIPE, env={**os.environ, "PYTHONPATH": f"{root}/src:{root}"},
            )  # fmt: skip
            assert process.stdout is not None
            async with asyncio.timeout(PATIENCE):
                assert await process.stdout.readline() == b"ready\n"
            await asyncio.sleep(pause)
            process.send_signal(signal.SIGKILL)
            await process.wait()
    finally:
        stop.set()
        await writing

    files = opened(workshop, tmp_path)
    async with following(files):
        files.follower.want(tenant.id)
        said = await verdict(files, tenant)
        await workshop.gadget(tenant, "The last lamp")
        await workshop.catch_up()
        after = await verdict(files, tenant)
    assert said.is_equal
    assert after.is_equal
    assert after.rows == said.rows + 2
    assert len([path for path in (tmp_path / str(tenant.id)).iterdir() if path.is_dir()]) == 1
