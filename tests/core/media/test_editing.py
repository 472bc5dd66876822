"""Texts, focal points and names can be changed, nobody overwrites a change unseen, and files go with their row."""

import math
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import func, select
from tests.conftest import MakeTenant, OpenContext
from tests.core.media.conftest import files_in, picture

from rustok.core.media import listeners
from rustok.core.media import service as media
from rustok.events.core import MediaDeleted
from rustok.kernel import errors, paging
from rustok.kernel.context import Context
from rustok.kernel.working import Workers


@pytest.fixture
async def stored(context: Context) -> media.Media:
    made = await media.upload(context, filename="shoe.jpg", data=picture(), alt_text="Shoe")
    context.recorded.clear()
    return made


async def test_text_focal_point_and_name_are_changed_and_told(context: Context, stored: media.Media) -> None:
    changed = await media.update(
        context, stored.id, version=1, alt_text="Boot", focal_point=(0.25, 1), filename="../boot.html"
    )

    assert (changed.alt_text, changed.focal_x, changed.focal_y) == ("Boot", 0.25, 1)
    assert (changed.filename, changed.original_name, changed.version) == ("boot.jpg", "shoe.jpg", 2)
    assert context.recorded[0].aggregate_id == stored.id
    assert len(context.recorded) == 1


async def test_what_is_not_given_stays_and_null_removes(context: Context, stored: media.Media) -> None:
    await media.update(context, stored.id, focal_point=(0.5, 0.5))
    changed = await media.update(context, stored.id, alt_text=None)

    assert (changed.alt_text, changed.focal_x) == (None, 0.5)
    assert (await media.update(context, stored.id, focal_point=None)).focal_x is None


async def test_a_change_that_changes_nothing_is_not_told(context: Context, stored: media.Media) -> None:
    same = await media.update(context, stored.id, alt_text=" Shoe ")

    assert same.version == 1
    assert context.recorded == []


@pytest.mark.parametrize("point", [(-0.01, 0), (0, 1.01), (math.nan, 0), (0, math.inf), (2, 2)])
async def test_a_focal_point_outside_is_refused(
    context: Context, stored: media.Media, point: tuple[float, float]
) -> None:
    with pytest.raises(errors.Invalid) as caught:
        await media.update(context, stored.id, focal_point=point)

    assert caught.value.field == ("focal_point",)
    assert (stored.focal_x, stored.version, context.recorded) == (None, 1, [])


async def test_another_version_is_refused(context: Context, stored: media.Media) -> None:
    with pytest.raises(errors.Stale):
        await media.update(context, stored.id, version=7, alt_text="Boot")

    assert (stored.alt_text, context.recorded) == ("Shoe", [])


async def test_a_foreign_file_is_as_good_as_none(open_context: OpenContext, make_tenant: MakeTenant) -> None:
    async with open_context() as context:
        mine = await media.upload(context, filename="a.jpg", data=picture(20, 20))
    async with open_context(await make_tenant()) as context:
        for media_id in (mine.id, uuid4()):
            with pytest.raises(media.MediaNotFound):
                await media.update(context, media_id, alt_text="x")
            with pytest.raises(media.MediaNotFound):
                await media.delete(context, media_id)
        assert context.recorded == []
    async with open_context() as context:
        assert (await media.get(context, mine.id)) is not None


async def test_a_deleted_files_bytes_go_after_the_commit_and_it_can_be_sent_again(
    open_context: OpenContext, tmp_path: Path
) -> None:
    folder, data = tmp_path / "media", picture(400, 300)
    async with open_context() as context:
        kept = await media.upload(context, filename="b.jpg", data=picture(30, 30))
        gone = await media.upload(context, filename="a.jpg", data=data)
    async with open_context() as context:
        await media.delete(context, gone.id)
        assert context.recorded == [MediaDeleted(media_id=gone.id)]
    async with open_context() as context:
        again = await media.upload(context, filename="a.jpg", data=data)
    assert again.id != gone.id

    for _ in range(2):  # a listener's sentence may be said twice
        async with open_context(worker=True) as context:
            await listeners.when_media_is_deleted_remove_its_files(MediaDeleted(media_id=gone.id), context)

        expected = {r["path"] for m in (kept, again) for r in m.renditions} | {kept.storage_path, again.storage_path}
        assert files_in(folder) == sorted(str(path) for path in expected)


async def test_the_workers_remove_what_was_deleted_and_nothing_when_the_deletion_was_rolled_back(
    open_context: OpenContext, workers: Workers, tmp_path: Path
) -> None:
    async with open_context() as context:
        kept = await media.upload(context, filename="b.jpg", data=picture(30, 30))
        gone = await media.upload(context, filename="a.jpg", data=picture(40, 30))
    async with open_context() as context:
        await media.delete(context, gone.id)
    with pytest.raises(RuntimeError):
        async with open_context() as context:
            await media.delete(context, kept.id)
            raise RuntimeError

    await workers.catch_up()

    assert files_in(tmp_path / "media") == sorted({str(r["path"]) for r in kept.renditions} | {str(kept.storage_path)})


async def test_the_listener_leaves_files_whose_row_is_there(context: Context, tmp_path: Path) -> None:
    stored = await media.upload(context, filename="a.jpg", data=picture(20, 20))

    await listeners.when_media_is_deleted_remove_its_files(MediaDeleted(media_id=stored.id), context)

    assert files_in(tmp_path / "media") != []


async def test_many_are_deleted_at_once(context: Context, stored: media.Media) -> None:
    other = await media.upload(context, filename="b.jpg", data=picture(30, 30))
    context.recorded.clear()

    assert await media.delete_many(context, [stored.id, other.id, uuid4()]) == 2

    assert {event.aggregate_id for event in context.recorded} == {stored.id, other.id}
    assert await context.session.scalar(select(func.count()).select_from(media.Media)) == 0


async def test_files_are_found_by_name_text_type_and_state(context: Context, stored: media.Media) -> None:
    pdf = await media.upload(context, filename="Price_list 100%.pdf", data=b"%PDF-1.7\n%%EOF")
    remote = await media.register_remote_many(context, {"https://cdn.example/boot.jpg": "Shoe shine"})

    async def found(**wanted: object) -> set[object]:
        statement = media.listed(context, **wanted)  # type: ignore[arg-type]  # keywords of a test
        keys = [(media.Media.created_at, paging.DESC), (media.Media.id, paging.DESC)]
        page: paging.Page[media.Media] = await paging.page(context, statement, keys=keys)
        return {one.id for one in page.rows}

    boot = remote["https://cdn.example/boot.jpg"]
    assert await found() == {stored.id, pdf.id, boot}
    assert await found(query="SHOE") == {stored.id, boot}
    assert await found(query="shoe boot") == {boot}
    assert await found(query="100%") == {pdf.id}
    assert await found(query="e_l") == {pdf.id}
    assert await found(query="'; DROP\x00") == set()
    assert await found(mime_type="image/") == {stored.id}
    assert await found(status=media.Status.REMOTE) == {boot}
