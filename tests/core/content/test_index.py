"""What readers are shown: every change reaches every document that shows it."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import text

from rustok.core.categories import service as categories
from rustok.core.content import comments, filing, saving, service
from rustok.core.content.drafts import CommentDraft, NodeDraft
from rustok.core.menus import service as menus
from rustok.core.seo import service as seo
from rustok.core.tags import service as tags
from rustok.index import verifying
from rustok.kernel.context import Context, TenantInfo
from rustok.kernel.db import Database
from rustok.kernel.working import Workers
from rustok.server import modules


class Shop:
    """A tenant with its read model brought up to date before each look."""

    def __init__(self, database: Database, tenant: TenantInfo, workers: Workers) -> None:
        self.database, self.tenant, self.workers = database, tenant, workers

    def open(self) -> Any:
        return self.database.open(self.tenant)

    async def rows(self, table: str = "content", locale: str = "en") -> dict[str, Any]:
        """Documents by slug, with old slugs beside them."""
        await self.workers.catch_up()
        async with self.open() as context:
            found = await context.session.execute(
                text(f"SELECT * FROM index_{table} WHERE locale = :locale AND NOT deleted"), {"locale": locale}
            )
            return {row["slug"]: dict(row) for row in found.mappings()}

    async def document(self, slug: str, table: str = "content", locale: str = "en") -> Any:
        return (await self.rows(table, locale))[slug]["document"]


@pytest.fixture
async def shop(database: Database, tenant: TenantInfo, workers: Workers) -> AsyncIterator[Shop]:
    """After every test the read model must be what a rebuild would give."""
    made = Shop(database, tenant, workers)
    yield made
    await workers.catch_up()
    sources = {name: source for name, source in modules.load().sources.items() if source.entity.module == "core"}
    for verdict in await verifying.verify(database, sources, [tenant], patience=5):
        assert verdict.is_equal, verdict


async def published(context: Context, **fields: Any) -> Any:
    node = await service.create(context, **{"kind": "post", "body": "text", **fields})
    return await service.publish(context, node.id)


async def test_only_what_readers_may_see_is_there(shop: Shop) -> None:
    async with shop.open() as context:
        await service.create(context, kind="post", title="draft")
        await service.make_private(context, (await service.create(context, kind="post", title="private")).id)
        await published(context, title="post")
        parent = await service.create(context, kind="page", title="parent")
        await published(context, kind="page", title="child", parent_id=parent.id)
    assert set(await shop.rows()) == {"post"}

    async with shop.open() as context:
        await service.publish(context, parent.id)
    assert set(await shop.rows()) == {"post", "parent", "child"}
    assert (await shop.document("parent"))["children"] == [{"title": "child", "slug": "child"}]

    async with shop.open() as context:
        await service.archive(context, parent.id)
    assert set(await shop.rows()) == {"post"}


async def test_a_protected_page_gives_nothing_away(shop: Shop) -> None:
    async with shop.open() as context:
        node = await published(context, title="locked", body="hidden words", excerpt="hidden too", password="sesame!")
        await service.translate(context, node.id, locale="ru", body="hidden words", title="Замок")

    for locale in ("en", "ru"):
        row = (await shop.rows(locale=locale))["locked"]
        assert "hidden" not in str(row)
        assert row["document"]["protected"] is True
        assert row["document"]["body"] is None


async def test_comments_appear_when_approved_and_go_when_hidden(shop: Shop) -> None:
    async with shop.open() as context:
        post = await published(context, title="post")
        one = await comments.add_comment(context, post.id, body="**one**", author_name="Ann")
        two = await comments.add_comment(context, post.id, body="two", author_name="Bob", parent_id=one.id)
    document = await shop.document("post")
    assert [(c["author_name"], c["depth"], c["parent_id"]) for c in document["comments"]] == [
        ("Ann", 0, None),
        ("Bob", 1, str(one.id)),
    ]
    assert document["comments"][0]["body"] == "<p><strong>one</strong></p>\n"
    assert document["reply_count"] == 2

    async with shop.open() as context:
        await comments.mark_spam(context, [one.id])
    document = await shop.document("post")
    assert [(c["id"], c["parent_id"]) for c in document["comments"]] == [(str(two.id), None)]
    assert document["reply_count"] == 1

    async with shop.open() as context:
        await service.delete(context, one.id)
    assert (await shop.document("post"))["comments"] == []


async def test_renaming_categories_tags_and_slugs_reaches_every_document(shop: Shop) -> None:
    async with shop.open() as context:
        news = await categories.create(context, name="News")
        post = await published(context, title="post", category_ids=[news.id], tag_names=["Red"])
        ids = await tags.ensure(context, ["Red"])
    await shop.rows()
    async with shop.open() as context:
        await categories.update(context, news.id, name="Views", slug="views")
        await tags.rename(context, ids["Red"], name="Crimson")
        await service.update(context, post.id, slug="moved", title="Moved")
        await seo.set_meta(context, "node", post.id, meta=seo.Meta(title="For robots", no_index=True))

    row = (await shop.rows())["moved"]
    assert row["previous_handles"] == ["post"]
    assert (row["category_name"], row["category_slugs"]) == ("Views", ["views"])
    assert (row["tags"], row["tag_slugs"], row["tag_labels"]) == (["Crimson"], ["crimson"], {"crimson": "Crimson"})
    assert (row["document"]["seo"]["title"], row["document"]["seo"]["no_index"]) == ("For robots", True)
    assert (await shop.rows("content_categories"))["views"]["previous_handles"] == ["news"]
    assert (await shop.rows("content_categories"))["views"]["node_count"] == 1
    assert (await shop.rows("tags"))["crimson"]["previous_handles"] == ["red"]

    async with shop.open() as context:
        await filing.delete_category(context, news.id)
        await tags.delete_many(context, [ids["Red"]])
    document = await shop.document("moved")
    assert (document["category"], document["categories"], document["tags"]) == (None, [], [])


async def test_each_language_has_its_own_texts_and_falls_back(shop: Shop) -> None:
    async with shop.open() as context:
        post = await published(context, title="English", body="english body")
        await published(context, title="only english")
        await service.translate(context, post.id, locale="ru", title="Русский", body="русский **текст**")

    document = await shop.document("english", locale="ru")
    assert (document["title"], document["body_text"], document["excerpt"]) == (
        "Русский",
        "русский текст",
    ) * 1 + ("русский текст",)
    assert document["seo"]["title"] == "Русский"
    assert (await shop.document("only-english", locale="ru"))["title"] == "only english"
    assert (await shop.document("english"))["title"] == "English"


async def test_menus_show_addresses_as_they_are_now_and_hide_what_is_hidden(shop: Shop) -> None:
    async with shop.open() as context:
        page = await published(context, kind="page", title="About")
        post = await published(context, title="Post")
        news = await categories.create(context, name="News")
        await menus.save(
            context,
            "main",
            name="Main",
            items=[
                menus.Item(target_type="node", target_id=page.id, translations={"ru": "О нас"}),
                menus.Item(title="Mine", target_type="node", target_id=post.id),
                menus.Item(
                    target_type="category", target_id=news.id, children=(menus.Item(title="Shop", url="/search"),)
                ),
            ],
        )
    items = (await shop.document("main", "menus"))["items"]
    assert [(item["title"], item["url"]) for item in items] == [
        ("About", "/about"),
        ("Mine", "/blog/post"),
        ("News", "/blog/category/news"),
    ]
    assert items[2]["children"] == [{"title": "Shop", "url": "/search", "children": []}]
    assert (await shop.document("main", "menus", "ru"))["items"][0]["title"] == "О нас"

    async with shop.open() as context:
        await service.update(context, page.id, slug="about-us")
        await service.archive(context, post.id)
        await categories.update(context, news.id, name="Views")
    items = (await shop.document("main", "menus"))["items"]
    assert [(item["title"], item["url"]) for item in items] == [
        ("About", "/about-us"),
        ("Views", "/blog/category/news"),
    ]


async def test_the_path_of_a_page_follows_its_ancestors(shop: Shop) -> None:
    async with shop.open() as context:
        saved = await saving.save_many(
            context,
            [
                NodeDraft(kind="page", slug="a", title="A", status="published"),
                NodeDraft(kind="page", slug="b", title="B", status="published", parent_key="page/a"),
                NodeDraft(kind="page", slug="c", title="C", status="published", parent_key="page/b"),
            ],
        )
    document = await shop.document("c")
    assert document["path"] == [{"title": "A", "slug": "a"}, {"title": "B", "slug": "b"}]
    assert document["parent"] == {"title": "B", "slug": "b"}

    async with shop.open() as context:
        await service.update(context, saved.ids_by_key["page/a"], title="Alpha")
        await service.move(context, saved.ids_by_key["page/c"], parent_id=saved.ids_by_key["page/a"])
    rows = await shop.rows()
    assert rows["c"]["document"]["path"] == [{"title": "Alpha", "slug": "a"}]
    assert rows["b"]["document"]["children"] == []
    assert {child["slug"] for child in rows["a"]["document"]["children"]} == {"b", "c"}


async def test_merging_importing_again_and_deleting_leave_nothing_behind(shop: Shop) -> None:
    def drafts(**changes: Any) -> list[NodeDraft]:
        return [
            NodeDraft(kind="page", slug="a", title="A", status="published", external_key="1"),
            NodeDraft(kind="page", slug="b", title="B", status="published", external_key="2", parent_key="1"),
            NodeDraft(
                kind="post",
                slug="p",
                title="P",
                status="published",
                external_key="3",
                categories=("one", "two"),
                tags=("x", "y"),
                comments=(CommentDraft(external_key="c", body="hi", author_name="Ann"),),
                **changes,
            ),
        ]

    async with shop.open() as context:
        one, two = [await categories.create(context, name=name) for name in ("one", "two")]
        saved = await saving.save_many(context, drafts(body="first"))
    assert len(await shop.rows()) == 3
    async with shop.open() as context:
        await saving.save_many(context, drafts(body="second", translations={"ru": {"title": "П"}}))
        await filing.delete_category(context, one.id, merge_into=two.id)
        ids = await tags.ensure(context, ["x", "y"])
        await tags.merge(context, ids["x"], into=ids["y"])
        await service.delete(context, saved.ids_by_key["1"], cascade=True)

    rows = await shop.rows(locale="ru")
    assert set(rows) == {"p"}
    assert (rows["p"]["title"], rows["p"]["category_slugs"], rows["p"]["tags"]) == ("П", ["two"], ["y"])
    assert rows["p"]["document"]["body_text"] == "second"
    assert len(rows["p"]["document"]["comments"]) == 1
    assert (await shop.rows("content_categories"))["two"]["previous_handles"] == ["one"]
    assert set(await shop.rows("tags")) == {"y"}
    assert (await shop.rows("tags"))["y"]["previous_handles"] == ["x"]
