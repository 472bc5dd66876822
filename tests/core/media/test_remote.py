"""Remote pictures keep one row for each address, and become stored ones when they can be fetched."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import Uuid, cast, func, select, text
from tests.conftest import MakeTenant, OpenContext
from tests.core.media.conftest import files_in, picture

from rustok.core.media import service as media
from rustok.kernel import fetching
from rustok.kernel.context import Context


@dataclass
class Shop:
    """A real web server with pictures, on a free local port."""

    port: int
    pictures: dict[str, tuple[int, str, bytes]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def url(self, name: str) -> str:
        return f"http://127.0.0.1:{self.port}/{name}"


@pytest.fixture
async def shop(library: media.Library) -> AsyncIterator[Shop]:
    async with _serving() as made:
        policy = fetching.Policy(ports=frozenset({made.port}), allow_private=frozenset({"127.0.0.1"}), total_seconds=3)
        library.fetcher = fetching.Fetcher(policy)
        yield made


@asynccontextmanager
async def _serving() -> AsyncIterator[Shop]:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        name = (await reader.readuntil(b"\r\n\r\n")).decode().split(" ")[1].lstrip("/")
        made.asked.append(name)
        status, kind, data = made.pictures.get(name, (404, "text/html", b""))
        head = f"HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\nContent-Length: {len(data)}\r\n\r\n"
        writer.write(head.encode() + data)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    made = Shop(server.sockets[0].getsockname()[1])
    yield made
    server.close()
    await server.wait_closed()


async def image(context: Context, media_id: UUID | None) -> dict[str, object] | None:
    """The picture as a document shows it, glued into a select two levels up."""
    given = select(cast(media_id, Uuid).label("media_id")).subquery()
    inner = select(media.image_of(given.c.media_id)).scalar_subquery()
    found: dict[str, object] | None = await context.session.scalar(select(inner).select_from(given))
    return found


async def test_addresses_are_registered_once_and_come_back_as_they_were_given(context: Context) -> None:
    given = {
        "https://cdn.example/a.jpg": "A",
        " HTTPS://CDN.example/a.jpg#x": None,
        "https://cdn.example/кот b.jpg?v=1": "",
        "ftp://cdn.example/a.jpg": "no",
        "javascript:alert(1)": "no",
        "https://user:secret@cdn.example/a.jpg": "no",
        "https://cdn.example/" + "x" * 2000: "too long",
        "not an address": None,
    }

    first = await media.register_remote_many(context, given)
    recorded = list(context.recorded)
    again = await media.register_remote_many(context, list(given.items()))

    assert list(first) == list(given)[:3]
    assert first == again
    assert len(set(first.values())) == 2
    assert recorded == context.recorded == []
    stored = await media.get(context, first["https://cdn.example/кот b.jpg?v=1"])
    assert stored is not None
    assert stored.remote_url == "https://cdn.example/%D0%BA%D0%BE%D1%82%20b.jpg?v=1"
    assert (stored.original_name, stored.alt_text, stored.status) == ("кот b.jpg", None, media.Status.REMOTE)


async def test_a_new_text_replaces_the_old_one_and_is_told_and_an_empty_one_does_not(context: Context) -> None:
    url = "https://cdn.example/a.jpg"
    media_id = (await media.register_remote_many(context, {url: "old"}))[url]

    await media.register_remote_many(context, {url: "new"})
    await media.register_remote_many(context, {url: ""})
    await media.register_remote_many(context, [(url, None)])

    document = await image(context, media_id)
    assert document is not None
    assert document["alt_text"] == "new"
    assert [(type(event).__name__, event.aggregate_id) for event in context.recorded] == [("MediaUpdated", media_id)]


async def test_ten_thousand_addresses_are_one_statement(context: Context) -> None:
    given = {f"https://cdn.example/{number}.jpg": f"Picture {number}" for number in range(10_000)}

    registered = await media.register_remote_many(context, given)

    assert len(set(registered.values())) == 10_000
    assert await media.register_remote_many(context, {}) == {}


async def test_two_imports_at_once_agree_on_the_rows(open_context: OpenContext) -> None:
    urls = [f"https://cdn.example/{number}.jpg" for number in range(200)]

    async def register(order: list[str]) -> dict[str, UUID]:
        async with open_context() as context:
            return await media.register_remote_many(context, dict.fromkeys(order, "x"))

    one, other = await asyncio.gather(register(urls), register(urls[::-1]))

    assert one == other


async def test_tenants_have_rows_of_their_own_for_the_same_address(
    open_context: OpenContext, make_tenant: MakeTenant
) -> None:
    url, other = "https://cdn.example/a.jpg", await make_tenant()
    async with open_context() as context:
        mine = (await media.register_remote_many(context, {url: "mine"}))[url]
    async with open_context(other) as context:
        theirs = (await media.register_remote_many(context, {url: "theirs"}))[url]

        assert mine != theirs
        assert await image(context, mine) is None
        with pytest.raises(media.MediaNotFound):
            await media.fetch_remote(context, mine)
        assert await media.delete_many(context, [mine]) == 0
    async with open_context() as context:
        assert (await image(context, mine) or {})["alt_text"] == "mine"


async def test_glue_shows_remote_pictures_by_their_address_and_nothing_for_nothing(context: Context) -> None:
    url = "https://cdn.example/a.jpg"
    media_id = (await media.register_remote_many(context, {url: None}))[url]

    assert await image(context, media_id) == {
        "id": str(media_id), "url": url, "alt_text": "", "width": None, "height": None,
        "focal_x": None, "focal_y": None, "sources": [],
    }  # fmt: skip
    assert await image(context, None) is None
    assert await image(context, UUID(int=1)) is None


async def test_a_fetched_picture_is_served_by_us_with_renditions(context: Context, shop: Shop) -> None:
    shop.pictures["a.php"] = (200, "image/jpeg", picture(700, 350))
    media_id = (await media.register_remote_many(context, {shop.url("a.php"): "Shoe"}))[shop.url("a.php")]

    stored = await media.fetch_remote(context, media_id)
    again = await media.fetch_remote(context, media_id)

    assert (stored.id, stored.status, stored.filename, stored.last_error) == (media_id, "stored", "a.jpg", None)
    assert again.version == stored.version
    assert shop.asked == ["a.php"]
    document = await image(context, media_id)
    assert document is not None
    assert document["url"] == f"/media/{stored.storage_path}"
    assert (document["width"], document["height"], document["alt_text"]) == (700, 350, "Shoe")
    assert document["sources"] == [
        {"url": f"/media/{r['path']}", "width": r["width"], "height": r["height"], "format": r["format"]}
        for r in stored.renditions
    ]
    assert [type(event).__name__ for event in context.recorded] == ["MediaUploaded"]
    assert (await media.register_remote_many(context, {shop.url("a.php"): None}))[shop.url("a.php")] == media_id
    assert (await media.upload(context, filename="x", data=shop.pictures["a.php"][2])).id == media_id


async def test_the_same_picture_at_two_addresses_stays_two_rows(context: Context, shop: Shop) -> None:
    shop.pictures["a.png"] = shop.pictures["b.png"] = (200, "image/png", picture(60, 60, "PNG"))
    known = await media.register_remote_many(context, dict.fromkeys([shop.url("a.png"), shop.url("b.png")]))

    fetched = [await media.fetch_remote(context, media_id) for media_id in known.values()]

    assert [f.status for f in fetched] == ["stored", "stored"]
    assert len({f.storage_path for f in fetched}) == 2
    assert [f.content_hash is None for f in fetched] == [False, True]


@pytest.mark.parametrize(
    ("answer", "error", "again"),
    [
        ((404, "text/html", b""), "answer_refused", False),
        ((200, "text/html", b"<html>"), "answer_refused", False),
        ((200, "image/png", b"<svg onload=alert(1)>"), "unsupported_media_type", False),
        ((200, "image/jpeg", b"%PDF-1.7 %%EOF"), "unsupported_media_type", False),
        ((200, "image/jpeg", picture()[:2000]), "unreadable_file", False),
        ((503, "text/html", b""), "unreachable", True),
    ],
)
async def test_what_cannot_be_fetched_keeps_its_address_and_says_why(
    context: Context, shop: Shop, tmp_path: Path, answer: tuple[int, str, bytes], error: str, again: bool
) -> None:
    shop.pictures["a"] = answer
    media_id = (await media.register_remote_many(context, {shop.url("a"): None}))[shop.url("a")]

    failed = await media.fetch_remote(context, media_id)

    assert (failed.status, failed.fetch_attempts) == (media.Status.FAILED, 1)
    assert (failed.last_error or "").startswith(f"{error}: ")
    assert (failed.next_fetch_at is not None) is again
    assert (await image(context, media_id) or {})["url"] == shop.url("a")
    assert files_in(tmp_path / "media") == []


async def test_addresses_inside_are_never_fetched(context: Context, library: media.Library) -> None:
    urls = ["http://127.0.0.1/a.jpg", "http://169.254.169.254/latest/meta-data/", "http://localhost/x", "http://[::1]/"]
    known = await media.register_remote_many(context, dict.fromkeys(urls))

    for media_id in known.values():
        failed = await media.fetch_remote(context, media_id)
        assert (failed.last_error or "").startswith("address_refused: ")
        assert failed.next_fetch_at is None


async def test_a_run_fetches_what_is_due_once_and_a_later_one_tries_again(
    open_context: OpenContext, shop: Shop
) -> None:
    for number in range(9):
        shop.pictures[f"{number}.png"] = (200, "image/png", picture(20 + number, 20, "PNG"))
    shop.pictures["busy.png"] = (503, "text/html", b"")
    names = [*shop.pictures, "missing.png"]
    async with open_context() as context:
        await media.register_remote_many(context, {shop.url(name): name for name in names})
    steps: list[tuple[int, int]] = []

    some = await media.fetch_all(open_context, limit=3)
    first = await media.fetch_all(open_context, progress=lambda done, due: steps.append((done, due)))
    second = await media.fetch_all(open_context)

    assert some.fetched + some.failed == 3
    assert (some.fetched + first.fetched, some.failed + first.failed) == (9, 2)
    assert (first.waiting, first.given_up) == (1, 1)
    assert steps == [(done, 8) for done in range(1, 9)]
    assert (second.fetched, second.failed) == (0, 0)
    assert sorted(shop.asked) == sorted(names)

    shop.pictures["busy.png"] = shop.pictures["missing.png"] = shop.pictures["0.png"]
    async with open_context() as context:
        await context.session.execute(text("UPDATE media SET next_fetch_at = now() WHERE next_fetch_at IS NOT NULL"))
    third = await media.fetch_all(open_context)
    fourth = await media.fetch_all(open_context, again=True)

    assert (third.fetched, third.given_up, fourth.fetched, fourth.given_up) == (1, 1, 1, 0)


async def test_two_runs_at_once_share_the_work(open_context: OpenContext, shop: Shop) -> None:
    for number in range(8):
        shop.pictures[f"{number}.png"] = (200, "image/png", picture(30 + number, 20, "PNG"))
    async with open_context() as context:
        await media.register_remote_many(context, {shop.url(name): name for name in shop.pictures})

    runs = await asyncio.gather(media.fetch_all(open_context), media.fetch_all(open_context))

    assert sum(run.fetched for run in runs) == 8
    assert sorted(shop.asked) == sorted(shop.pictures)


async def test_a_picture_deleted_while_it_is_fetched_stays_deleted(
    open_context: OpenContext, shop: Shop, library: media.Library, tmp_path: Path
) -> None:
    shop.pictures["a.png"] = (200, "image/png", picture(20, 20, "PNG"))
    async with open_context() as context:
        media_id = (await media.register_remote_many(context, {shop.url("a.png"): None}))[shop.url("a.png")]
    fetch = library.fetcher.get

    async def slow(url: str, *, accept: tuple[str, ...]) -> fetching.Fetched:
        fetched = await fetch(url, accept=accept)
        async with open_context() as context:
            await media.delete(context, media_id)
        return fetched

    library.fetcher.get = slow  # type: ignore[method-assign, assignment]  # the deletion happens between the two steps
    await media.fetch_all(open_context)

    async with open_context() as context:
        assert await context.session.scalar(select(func.count()).select_from(media.Media)) == 0
    assert files_in(tmp_path / "media") == []
