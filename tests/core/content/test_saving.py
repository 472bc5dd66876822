"""Nodes by the hundred: found again, compared, never half-written."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select

from rustok.core.categories import saving as category_saving
from rustok.core.categories import service as categories
from rustok.core.content import reading, saving
from rustok.core.content.drafts import CommentDraft, Meta, NodeDraft
from rustok.core.content.models import Node
from rustok.core.redirects import service as redirects
from rustok.core.seo import service as seo
from rustok.core.tags import service as tags
from rustok.core.translations import service as translations
from rustok.kernel.context import Context

WHOLE = NodeDraft(
    kind="post",
    slug="whole",
    title="Whole",
    body="<p>one</p>",
    excerpt="short",
    status="published",
    external_key="wp:1",
    author_name="Ann",
    categories=("news",),
    tags=("a", "b"),
    seo=Meta(title="S"),
    translations={"ru": {"title": "Целое", "body": "<p>раз</p>"}},
    sticky=True,
    password="open sesame",
    metadata={"x": 1},
    published_at=datetime(2020, 1, 2, tzinfo=UTC),
    comments=(
        CommentDraft(external_key="wp:c:2", body="two", parent_key="wp:c:1", author_name="B", author_email="b@b.test"),
        CommentDraft(external_key="wp:c:1", body="one", author_name="A", created_at=datetime(2020, 1, 3, tzinfo=UTC)),
        CommentDraft(external_key="wp:c:3", body="spam", status="spam"),
    ),
)


async def test_everything_a_draft_says_is_saved_and_saying_it_again_changes_nothing(context: Context) -> None:
    news = await categories.create(context, name="News")

    first = await saving.save_many(context, [WHOLE])
    told = len(context.recorded)
    again = await saving.save_many(context, [WHOLE])

    node = await reading.get(context, first.ids_by_key["wp:1"])
    assert (first.created, first.comments_created, first.refused, first.warnings) == (1, 3, [], [])
    assert (again.created, again.updated, again.unchanged, again.comments_unchanged) == (0, 0, 1, 3)
    assert len(context.recorded) == told
    assert (node.slug, node.status, node.reply_count, node.version) == ("whole", "published", 2, 1)
    assert node.published_at == datetime(2020, 1, 2, tzinfo=UTC)
    assert (await categories.get(context, news.id)).node_count == 1
    assert (await tags.names(context, "node", [node.id]))[node.id] == ["a", "b"]
    assert (await seo.get(context, "node", node.id)).title == "S"
    assert (await translations.get(context, "node", node.id))["ru"]["title"] == "Целое"
    answer = await reading.get(context, first.ids_by_key["wp:c:2"])
    assert (answer.parent_id, answer.root_id, answer.depth) == (first.ids_by_key["wp:c:1"], node.id, 2)
    assert answer.author_email_hash is not None
    assert "b@b" not in answer.author_email_hash


async def test_what_a_draft_does_not_say_stays(context: Context) -> None:
    await categories.create(context, name="News")
    first = await saving.save_many(context, [WHOLE])

    outcome = await saving.save_many(context, [NodeDraft(kind="post", external_key="wp:1", title="New")])

    node = await reading.get(context, first.ids_by_key["wp:1"])
    body = await reading.body_of(context, node.id)
    assert (outcome.updated, node.title, node.slug, node.status, node.sticky) == (1, "New", "whole", "published", True)
    assert body is not None
    assert body.html == "<p>one</p>"
    assert (await tags.names(context, "node", [node.id]))[node.id] == ["a", "b"]
    assert node.reply_count == 2


async def test_changes_are_saved_counted_and_redirected(context: Context) -> None:
    await categories.create(context, name="News")
    first = await saving.save_many(context, [WHOLE])

    changed = replace(
        WHOLE,
        slug="other",
        body="<p>two</p>",
        categories=(),
        tags=("b",),
        comments=(replace(WHOLE.comments[0], status="pending"), *WHOLE.comments[1:]),
    )
    outcome = await saving.save_many(context, [changed])

    node = await reading.get(context, first.ids_by_key["wp:1"])
    assert (outcome.updated, outcome.comments_updated, outcome.comments_unchanged) == (1, 1, 2)
    assert (node.slug, node.category_id, node.reply_count) == ("other", None, 1)
    assert await redirects.find(context, "node:post", "whole") == node.id
    found = await context.session.scalar(select(categories.Category).where(categories.Category.slug == "news"))
    assert found is not None
    await context.session.refresh(found)
    assert found.node_count == 0


async def test_a_broken_draft_stops_no_other(context: Context) -> None:
    drafts = [
        NodeDraft(kind="post", slug="fine", title="Fine", body="x"),
        NodeDraft(kind="post", slug="tag", title="x", tags=("",), line=7),
        NodeDraft(kind="post", slug="deep", title="x", body="<div>" * 300),
        NodeDraft(kind="post", slug="long", title="x" * 600),
        NodeDraft(kind="post", slug="locale", title="x", translations={"xx": {"title": "x"}}),
        NodeDraft(kind="post", slug="seo", title="x", seo=Meta(canonical_url="javascript:alert(1)")),
        NodeDraft(kind="post", slug="fine", title="Fine again"),
        NodeDraft(kind="comment", slug="x"),
        NodeDraft(kind="post", slug="c", title="c", comments=(CommentDraft(external_key="k", body="<b>" * 300),)),
    ]

    outcome = await saving.save_many(context, drafts)

    assert (outcome.created, len(outcome.refused)) == (2, 8)
    assert next(one for one in outcome.refused if one.key == "post/tag").line == 7
    assert set(await context.session.scalars(select(Node.slug))) == {"fine", "c"}


async def test_parents_are_found_in_any_order_and_circles_are_cut(context: Context) -> None:
    outcome = await saving.save_many(
        context,
        [
            NodeDraft(kind="page", slug="c", title="c", external_key="3", parent_key="2"),
            NodeDraft(kind="page", slug="b", title="b", external_key="2", parent_key="page/a"),
            NodeDraft(kind="page", slug="a", title="a", external_key="1"),
            NodeDraft(kind="page", slug="x", title="x", external_key="x", parent_key="y"),
            NodeDraft(kind="page", slug="y", title="y", external_key="y", parent_key="x"),
            NodeDraft(kind="page", slug="o", title="o", external_key="o", parent_key="later"),
        ],
    )
    later = await saving.save_many(
        context,
        [
            NodeDraft(kind="page", slug="later", title="l", external_key="later", parent_key="3"),
            NodeDraft(kind="page", slug="o", title="o", external_key="o", parent_key="later"),
            NodeDraft(kind="page", slug="a", title="a", external_key="1", parent_key="o"),
        ],
    )

    ids = outcome.ids_by_key | later.ids_by_key
    places = {key: await reading.get(context, node_id) for key, node_id in ids.items()}
    assert [places[key].depth for key in ("1", "2", "3", "later", "o")] == [0, 1, 2, 3, 4]
    assert places["3"].parent_id == ids["2"]
    assert {places["x"].depth, places["y"].depth} == {0, 1}
    assert outcome.orphans == {"o": "later"}
    assert [one.key for one in later.warnings] == ["1"]


async def test_a_taken_slug_gets_a_number_and_keeps_it(context: Context) -> None:
    await saving.save_many(context, [NodeDraft(kind="post", slug="a", title="x", external_key="one:1")])

    for _ in range(2):
        outcome = await saving.save_many(context, [NodeDraft(kind="post", slug="a", title="y", external_key="two:1")])

    assert outcome.unchanged == 1
    assert set(await context.session.scalars(select(Node.slug))) == {"a", "a-2"}


async def test_a_time_to_come_is_scheduled(context: Context) -> None:
    at = context.now + timedelta(days=1)

    outcome = await saving.save_many(
        context, [NodeDraft(kind="post", slug="a", title="x", status="published", published_at=at)]
    )

    assert (await reading.get(context, outcome.ids_by_key["post/a"])).status == "scheduled"


async def test_categories_are_saved_with_their_parents_in_any_order(context: Context) -> None:
    drafts = [
        category_saving.CategoryDraft(slug="child", name="Child", parent="parent"),
        category_saving.CategoryDraft(slug="parent", name="Parent", description="<b>x</b><script>y</script>"),
        category_saving.CategoryDraft(slug="bad slug!", name="x"),
        category_saving.CategoryDraft(slug="lost", name="Lost", parent="nowhere"),
    ]

    first = await category_saving.save_many(context, drafts)
    again = await category_saving.save_many(context, drafts)

    child = await categories.get(context, first.ids_by_slug["child"])
    assert (first.created, len(first.refused)) == (3, 2)
    assert (again.created, again.updated, again.unchanged) == (0, 0, 3)
    assert (child.parent_id, child.depth) == (first.ids_by_slug["parent"], 1)
    assert (await categories.get(context, first.ids_by_slug["parent"])).description == "<b>x</b>"


async def test_hundreds_are_saved_with_a_few_statements_each(context: Context) -> None:
    drafts = [
        NodeDraft(
            kind="post",
            slug=f"p{i}",
            title=f"P {i}",
            body="<p>x</p>",
            status="published",
            tags=(f"t{i % 7}",),
            comments=(CommentDraft(external_key=f"c{i}", body="x"),),
        )
        for i in range(300)
    ]

    outcome = await saving.save_many(context, drafts)

    assert (outcome.created, outcome.comments_created) == (300, 300)
    assert await context.session.scalar(select(func.sum(Node.reply_count))) == 300
