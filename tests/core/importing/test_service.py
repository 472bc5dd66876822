"""A WordPress site in the database: everything of it, once, however often it is imported."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from rustok.core.importing import service
from rustok.index import verifying
from rustok.kernel.context import Context, TenantInfo
from rustok.kernel.db import Database
from rustok.kernel.importing import NotImportable, Summary
from rustok.kernel.working import Workers
from rustok.server import modules

OpenContext = Callable[..., AbstractAsyncContextManager[Context]]
REAL = Path(__file__).resolve().parents[4] / "shared" / "data" / "wordpress-theme-test.xml"
HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns:excerpt="http://wordpress.org/export/1.2/excerpt/"
 xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/"
 xmlns:wp="http://wordpress.org/export/1.2/"><channel>
<title>Old site</title><link>https://old.test</link><language>en-US</language><wp:wxr_version>1.2</wp:wxr_version>
<wp:author><wp:author_login>ann</wp:author_login><wp:author_email>ann@old.test</wp:author_email>
<wp:author_display_name>Ann Lee</wp:author_display_name></wp:author>
<wp:author><wp:author_login>bo</wp:author_login><wp:author_display_name>Bo</wp:author_display_name></wp:author>
<wp:category><wp:term_id>3</wp:term_id><wp:category_nicename>tea</wp:category_nicename>
<wp:category_parent>drinks</wp:category_parent><wp:cat_name>Tea</wp:cat_name></wp:category>
<wp:category><wp:category_nicename>drinks</wp:category_nicename><wp:cat_name>Drinks</wp:cat_name></wp:category>
<wp:tag><wp:tag_slug>unused</wp:tag_slug><wp:tag_name>Unused</wp:tag_name></wp:tag>
"""
FOOT = "</channel></rss>\n"


def item(number: int, title: str, body: str = "Words", kind: str = "post", extra: str = "", **said: object) -> str:
    values = {"status": "publish", "post_name": title.lower().replace(" ", "-"), "post_parent": 0,
              "post_date_gmt": "2020-01-02 03:04:05", **said}  # fmt: skip
    fields = "".join(f"<wp:{name}>{value}</wp:{name}>" for name, value in values.items())
    return (
        f"<item><title>{title}</title><link>https://old.test/2020/{number}/</link><dc:creator>ann</dc:creator>"
        f"<content:encoded><![CDATA[{body}]]></content:encoded><wp:post_id>{number}</wp:post_id>"
        f"<wp:post_type>{kind}</wp:post_type>{fields}{extra}</item>\n"
    )


def meta(key: str, value: object) -> str:
    return f"<wp:postmeta><wp:meta_key>{key}</wp:meta_key><wp:meta_value>{value}</wp:meta_value></wp:postmeta>"


def comment(number: int, parent: int = 0, approved: object = 1) -> str:
    return (
        f"<wp:comment><wp:comment_id>{number}</wp:comment_id><wp:comment_author>Cy</wp:comment_author>"
        f"<wp:comment_date_gmt>2020-02-0{number % 9 + 1} 00:00:00</wp:comment_date_gmt>"
        f"<wp:comment_content>Number {number}</wp:comment_content><wp:comment_approved>{approved}</wp:comment_approved>"
        f"<wp:comment_parent>{parent}</wp:comment_parent></wp:comment>"
    )


def site(*items: str) -> str:
    return HEAD + "".join(items) + FOOT


SITE = site(
    item(1, "Picture", kind="attachment", status="inherit", attachment_url="https://old.test/a.jpg"),
    item(3, "Child", kind="page", post_parent=2),
    item(2, "Mother", kind="page"),
    item(4, "Hello", 'See <a href="https://old.test/2020/2/">her</a>[gallery ids="1"]',
         extra=meta("_thumbnail_id", 1) + comment(1) + comment(2, 1) + comment(3, 2, 0) + comment(4, 1, "trash")
         + comment(5, 4) + comment(6, 0, "spam")
         + '<category domain="category" nicename="tea">Tea</category>'
         '<category domain="post_tag" nicename="green">Green</category>'),
    item(5, "Secret", post_password="sesame"),
    item(6, "Mine", status="private"),
    item(7, "Unready", status="draft"),
    item(8, "Tomorrow", status="future", post_date_gmt="2099-01-01 00:00:00"),
    item(9, "Line", kind="nav_menu_item",
         extra=meta("_menu_item_type", "post_type") + meta("_menu_item_object", "page")
         + meta("_menu_item_object_id", 2) + '<category domain="nav_menu" nicename="top">Top</category>'),
    item(10, "Thing", kind="product"),
)  # fmt: skip


async def all_of(open_context: OpenContext, statement: str) -> list[Any]:
    async with open_context() as context:
        return [tuple(row) for row in await context.session.execute(text(statement))]


async def number_of_rows(open_context: OpenContext) -> dict[str, int]:
    tables = ("nodes", "bodies", "categories", "tags", "taggables", "media", "users", "menus", "menu_items")
    return {table: (await all_of(open_context, f"SELECT count(*) FROM {table}"))[0][0] for table in tables}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    found = tmp_path / "site.xml"
    found.write_text(SITE)
    return found


async def test_a_site_arrives_with_states_threads_and_places(open_context: OpenContext, path: Path) -> None:
    seen: list[tuple[int, int | None]] = []

    summary = await service.import_wordpress(open_context, path, progress=lambda done, of: seen.append((done, of)))

    assert [(one.reason, one.what) for one in summary.skipped if "trash" not in one.reason] == [
        ("the post type “product” is not imported", "Thing")
    ]
    assert {kind: counts["created"] for kind, counts in summary.kinds.items()} == {
        "author": 1, "category": 2, "tag": 2, "attachment": 1, "page": 2, "post": 5, "comment": 5, "menu": 1,
    }  # fmt: skip
    assert summary.remote_pictures == 1
    assert seen[-1] == (7, 7)
    states = dict(await all_of(open_context, "SELECT slug, status FROM nodes WHERE kind = 'post'"))
    assert states == {
        "hello": "published", "secret": "published", "mine": "private", "unready": "draft", "tomorrow": "scheduled",
    }  # fmt: skip
    assert await all_of(open_context, "SELECT slug FROM nodes WHERE password_hash IS NOT NULL") == [("secret",)]
    assert await all_of(
        open_context,
        "SELECT c.slug, p.slug FROM nodes c JOIN nodes p ON p.id = c.parent_id WHERE c.kind = 'page'",
    ) == [("child", "mother")]
    threads = await all_of(
        open_context,
        "SELECT b.plain, pb.plain, n.status FROM nodes n JOIN bodies b ON b.node_id = n.id"
        " LEFT JOIN nodes p ON p.id = n.parent_id AND p.kind = 'comment' LEFT JOIN bodies pb ON pb.node_id = p.id"
        " WHERE n.kind = 'comment' ORDER BY 1",
    )
    assert threads == [
        ("Number 1", None, "published"),
        ("Number 2", "Number 1", "published"),
        ("Number 3", "Number 2", "pending"),
        ("Number 5", "Number 1", "published"),
        ("Number 6", None, "spam"),
    ]
    [(html,)] = await all_of(
        open_context, "SELECT b.html FROM bodies b JOIN nodes n ON n.id = b.node_id WHERE n.slug = 'hello'"
    )
    assert 'href="/mother"' in html
    assert 'src="https://old.test/a.jpg"' in html
    assert await all_of(
        open_context, "SELECT c.slug, p.slug FROM categories c JOIN categories p ON p.id = c.parent_id"
    ) == [("tea", "drinks")]
    assert await all_of(open_context, "SELECT n.slug FROM menu_items i JOIN nodes n ON n.id = i.target_id") == [
        ("mother",)
    ]


async def test_a_second_import_changes_nothing_and_a_third_only_what_changed(
    open_context: OpenContext, path: Path
) -> None:
    await service.import_wordpress(open_context, path)
    stored = await number_of_rows(open_context)

    second = await service.import_wordpress(open_context, path)
    path.write_text(SITE.replace("<title>Hello</title>", "<title>Hello again</title>").replace("Number 2<", "No. 2<"))
    third = await service.import_wordpress(open_context, path)

    assert (second.created, second.updated) == (0, 0)
    assert await number_of_rows(open_context) == stored
    assert third.created == 0
    assert third.kinds["post"]["updated"] == 1
    assert third.kinds["comment"]["updated"] == 1
    assert third.kinds["page"]["updated"] == 0


async def test_a_dry_run_tells_the_same_and_writes_nothing(open_context: OpenContext, path: Path) -> None:
    before = await number_of_rows(open_context)

    trial = await service.import_wordpress(open_context, path, dry_run=True)
    after = await number_of_rows(open_context)
    real = await service.import_wordpress(open_context, path)

    assert after == before
    assert trial.dry_run
    assert trial.kinds == real.kinds
    assert trial.skipped == real.skipped


async def test_what_cannot_be_stored_is_skipped_alone(open_context: OpenContext, path: Path) -> None:
    deep = "<div>" * 3_000
    path.write_text(site(item(1, "Fine"), item(2, "Deep", deep), item(3, "Also fine")))

    summary = await service.import_wordpress(open_context, path)

    stored = await all_of(open_context, "SELECT slug FROM nodes WHERE kind = 'post' ORDER BY slug")
    assert {("fine",), ("also-fine",)} <= set(stored)
    assert len(stored) + len(summary.skipped) == 3


async def test_an_interrupted_import_ends_when_run_again(open_context: OpenContext, path: Path) -> None:
    path.write_text(site(*(item(number, f"Post {number}") for number in range(1, 501))))
    opened = 0

    def failing_later() -> AbstractAsyncContextManager[Context]:
        nonlocal opened
        opened += 1
        if opened == 5:
            raise KeyboardInterrupt
        return open_context()

    summary = Summary()
    with pytest.raises(KeyboardInterrupt):
        await service.import_wordpress(failing_later, path, summary=summary)
    kept = await all_of(open_context, "SELECT count(*) FROM nodes")
    again = await service.import_wordpress(open_context, path)

    assert summary.interrupted
    assert kept == [(summary.kinds["post"]["created"],)]
    assert 0 < kept[0][0] < 500
    assert again.kinds["post"] == {"created": 500 - kept[0][0], "updated": 0, "unchanged": kept[0][0]}


async def test_two_sites_with_the_same_numbers_stand_side_by_side(open_context: OpenContext, path: Path) -> None:
    path.write_text(site(item(1, "One")))
    await service.import_wordpress(open_context, path)
    path.write_text(site(item(1, "Two")).replace("old.test", "other.test"))

    summary = await service.import_wordpress(open_context, path)

    assert summary.kinds["post"]["created"] == 1
    assert await all_of(open_context, "SELECT slug FROM nodes ORDER BY slug") == [("one",), ("two",)]


async def test_a_file_that_is_no_export_changes_nothing(open_context: OpenContext, path: Path) -> None:
    path.write_text("Handle,Title\n")
    before = await number_of_rows(open_context)

    with pytest.raises(NotImportable):
        await service.import_wordpress(open_context, path)

    assert await number_of_rows(open_context) == before


async def test_the_real_site_arrives_whole_and_in_the_read_model(
    open_context: OpenContext, database: Database, workers: Workers, tenant: TenantInfo
) -> None:
    if not REAL.exists():
        pytest.skip(f"{REAL.name} is not beside the repository")

    summary = await service.import_wordpress(open_context, REAL)

    assert summary.skipped == []
    kinds = dict(await all_of(open_context, "SELECT kind, count(*) FROM nodes GROUP BY kind"))
    assert kinds == {"post": 58, "page": 21, "comment": 33}
    assert await all_of(open_context, "SELECT count(*) FROM categories") == [(68,)]
    assert await all_of(open_context, "SELECT count(*) FROM tags") == [(113,)]
    assert await all_of(open_context, "SELECT count(*) FROM menus") == [(6,)]
    await workers.catch_up()
    assert all(one.is_equal for one in await verifying.verify(database, modules.load().sources, [tenant]))
    shown = dict(await all_of(open_context, "SELECT kind, count(*) FROM index_content WHERE NOT deleted GROUP BY kind"))
    locales = len(tenant.locales)
    assert {kind: count // locales for kind, count in shown.items() if kind != "comment"} == {"post": 56, "page": 21}
