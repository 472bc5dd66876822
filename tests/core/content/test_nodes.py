"""Nodes: what can be done with them, what is refused, and what is told."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from rustok.core.categories import service as categories
from rustok.core.content import comments, filing, reading, scheduling, service
from rustok.core.content.models import Body, Node, NodeCategory, Status
from rustok.core.redirects import service as redirects
from rustok.core.tags import service as tags
from rustok.core.translations import service as translations
from rustok.events.content import CategoryCounted, NodeCreated, NodeDeleted, NodePublished, NodeUpdated
from rustok.kernel import errors
from rustok.kernel.context import ANONYMOUS, Context, TenantInfo
from rustok.kernel.db import Database
from rustok.kernel.ids import generate_id


def told(context: Context, kind: type) -> list[object]:
    """Ids that events of that type name."""
    return [event.aggregate_id for event in context.recorded if isinstance(event, kind)]


async def test_a_node_is_written_rendered_published_and_told(context: Context) -> None:
    news = await categories.create(context, name="News")

    node = await service.create(
        context,
        kind="post",
        title="Hello, wörld",
        body="# Hi\n\n<script>x</script>there",
        category_ids=[news.id],
        tag_names=["A"],
    )
    node = await service.publish(context, node.id)

    body = await reading.body_of(context, node.id)
    assert (node.slug, node.status, node.category_id) == ("hello-world", "published", news.id)
    assert node.published_at == context.now
    assert body is not None
    assert body.plain == "Hi\nthere"
    assert told(context, NodeCreated) == told(context, NodePublished) == [node.id]
    assert (await categories.get(context, news.id)).node_count == 1
    assert told(context, CategoryCounted) == [news.id]


async def test_publishing_twice_tells_it_once(context: Context) -> None:
    node = await service.create(context, kind="page", title="A")

    first = await service.publish(context, node.id)
    version = first.version
    second = await service.publish(context, node.id)

    assert second.version == version
    assert told(context, NodePublished) == [node.id]


async def test_slugs_are_unique_per_kind(context: Context) -> None:
    first = await service.create(context, kind="page", title="About")
    second = await service.create(context, kind="page", title="About")
    post = await service.create(context, kind="post", title="About")

    assert [first.slug, second.slug, post.slug] == ["about", "about-2", "about"]
    with pytest.raises(errors.Conflict):
        await service.create(context, kind="page", title="x", slug="about")
    with pytest.raises(errors.Conflict):
        await service.update(context, second.id, slug="about")
    assert (await reading.get(context, second.id)).slug == "about-2"


async def test_a_stale_version_changes_nothing(context: Context) -> None:
    node = await service.create(context, kind="page", title="A", body="one")
    await service.update(context, node.id, version=1, title="B")

    for attempt in (
        service.update(context, node.id, version=1, title="C", body="two"),
        service.publish(context, node.id, version=1),
        service.move(context, node.id, parent_id=None, position=9, version=1),
        service.delete(context, node.id, version=1),
    ):
        with pytest.raises(errors.Stale):
            await attempt

    stored = await reading.get(context, node.id)
    body = await reading.body_of(context, node.id)
    assert (stored.title, stored.version, stored.status) == ("B", 2, "draft")
    assert body is not None
    assert body.body == "one"


async def test_an_update_without_change_tells_nothing(context: Context) -> None:
    node = await service.create(context, kind="page", title="A", body="one", tag_names=["x"])

    same = await service.update(context, node.id, title="A", body="one", tag_names=["x"], category_ids=[])

    assert same.version == 1
    assert told(context, NodeUpdated) == []


async def test_an_old_slug_redirects_until_somebody_takes_it(context: Context) -> None:
    node = await service.create(context, kind="page", slug="one", title="A")
    await service.update(context, node.id, slug="two")
    await service.update(context, node.id, slug="three")

    assert await redirects.previous(context, "node:page", node.id) == ["one", "two"]
    other = await service.create(context, kind="page", slug="one", title="B")
    assert await redirects.previous(context, "node:page", node.id) == ["two"]
    await service.update(context, node.id, slug="two")
    assert await redirects.previous(context, "node:page", node.id) == ["three"]
    assert await redirects.find(context, "node:page", "one") is None
    assert other.slug == "one"


async def test_a_page_cannot_be_below_itself(context: Context) -> None:
    a = await service.create(context, kind="page", title="a")
    b = await service.create(context, kind="page", title="b", parent_id=a.id)
    c = await service.create(context, kind="page", title="c", parent_id=b.id)

    for parent in (a.id, b.id, c.id):
        with pytest.raises(errors.Invalid) as refused:
            await service.move(context, a.id, parent_id=parent)
        assert refused.value.code == "cyclic_parent"

    assert [(await reading.get(context, one.id)).depth for one in (a, b, c)] == [0, 1, 2]


async def test_moving_keeps_the_depth_of_all_below_and_tells_both_parents(context: Context) -> None:
    a = await service.create(context, kind="page", title="a")
    b = await service.create(context, kind="page", title="b", parent_id=a.id)
    c = await service.create(context, kind="page", title="c", parent_id=b.id)
    d = await service.create(context, kind="page", title="d")
    context.recorded.clear()

    await service.move(context, b.id, parent_id=d.id)
    await service.move(context, d.id, parent_id=a.id)

    assert [(await reading.get(context, one.id)).depth for one in (a, b, c, d)] == [0, 2, 3, 1]
    assert set(told(context, NodeUpdated)) == {a.id, b.id, c.id, d.id}
    with pytest.raises(errors.NotFound):
        await service.move(context, b.id, parent_id=generate_id())
    assert (await reading.get(context, b.id)).parent_id == d.id


async def test_pages_with_pages_below_are_deleted_only_together(context: Context) -> None:
    a = await service.create(context, kind="page", title="a", tag_names=["t"])
    b = await service.create(context, kind="page", title="b", parent_id=a.id, tag_names=["t"])
    await translations.set_fields(context, "node", b.id, locale="ru", fields={"title": "б"})

    with pytest.raises(service.HasChildren):
        await service.delete(context, a.id)
    assert await context.session.scalar(select(func.count()).select_from(Node)) == 2
    await service.delete(context, a.id, cascade=True)

    assert set(told(context, NodeDeleted)) == {a.id, b.id}
    for table in (Node, Body, NodeCategory):
        assert await context.session.scalar(select(func.count()).select_from(table)) == 0
    assert await translations.get(context, "node", b.id) == {}
    tag = (await context.session.scalars(tags.every())).one()
    assert tag.use_count == 0


async def test_a_time_to_come_schedules_and_the_timer_publishes(context: Context) -> None:
    node = await service.create(context, kind="post", title="later")
    node = await service.publish(context, node.id, at=context.now + timedelta(hours=1))
    assert node.status == Status.SCHEDULED
    assert told(context, NodePublished) == []

    await scheduling.publish_scheduled_nodes(context)
    assert (await reading.get(context, node.id)).status == Status.SCHEDULED
    context.now += timedelta(hours=2)
    await scheduling.publish_scheduled_nodes(context)

    node = await reading.get(context, node.id)
    assert node.status == Status.PUBLISHED
    assert node.published_at == context.now - timedelta(hours=1)
    assert told(context, NodePublished) == [node.id]
    with pytest.raises(errors.Invalid):
        await service.schedule(context, node.id, at=context.now)


async def test_hiding_and_restoring_go_through_the_statuses(context: Context) -> None:
    node = await service.create(context, kind="post", title="x")
    await service.publish(context, node.id)

    assert (await service.unpublish(context, node.id)).status == "draft"
    with pytest.raises(errors.Conflict):
        await service.restore(context, node.id)
    assert (await service.archive(context, node.id)).status == "archived"
    assert (await service.restore(context, node.id)).status == "draft"
    assert (await service.make_private(context, node.id)).status == "private"


async def test_category_counts_follow_publishing_filing_and_deleting(context: Context) -> None:
    one, two = [await categories.create(context, name=name) for name in ("one", "two")]

    async def counts() -> list[int]:
        return [(await categories.get(context, c.id)).node_count for c in (one, two)]

    node = await service.create(context, kind="post", title="x", category_ids=[one.id, two.id])
    assert await counts() == [0, 0]
    await service.publish(context, node.id)
    assert await counts() == [1, 1]
    await service.update(context, node.id, category_ids=[two.id])
    assert await counts() == [0, 1]
    assert (await reading.get(context, node.id)).category_id == two.id
    await service.archive(context, node.id)
    assert await counts() == [0, 0]
    await service.publish(context, node.id)
    await filing.delete_category(context, two.id, merge_into=one.id)
    assert (await categories.get(context, one.id)).node_count == 1
    assert (await reading.get(context, node.id)).category_id == one.id
    assert await redirects.find(context, "category", "two") == one.id
    await service.delete(context, node.id)
    assert (await categories.get(context, one.id)).node_count == 0


async def test_only_the_password_opens_a_protected_page(context: Context) -> None:
    node = await service.create(context, kind="page", title="x", body="secret", password="open sesame")
    with pytest.raises(service.WrongPassword):
        await service.unlock(context, node.id, password="open sesame")
    await service.publish(context, node.id)

    assert await service.unlock(context, node.id, password="open sesame") == "<p>secret</p>\n"
    for wrong in ("", "Open sesame", "x" * 100_000):
        with pytest.raises(service.WrongPassword):
            await service.unlock(context, node.id, password=wrong)
    with pytest.raises(service.WrongPassword):
        await service.unlock(context, generate_id(), password="open sesame")
    assert "secret" not in (node.password_hash or "")
    unprotected = await service.update(context, node.id, password=None)
    assert unprotected.password_hash is None


@pytest.mark.parametrize(
    "fields",
    [
        {"kind": "comment"},
        {"kind": "Bad Kind"},
        {"kind": "page", "title": "x" * 501},
        {"kind": "page", "title": "a\x00b"},
        {"kind": "page", "slug": "x" * 10_000},
        {"kind": "page", "slug": "../etc"},
        {"kind": "page", "body": "\ud800"},
        {"kind": "page", "body": "x" * 1_000_001},
        {"kind": "page", "format": "docx"},
        {"kind": "page", "metadata": ["no"]},
        {"kind": "page", "excerpt": "x" * 30_000},
        {"kind": "page", "tag_names": ["x" * 101]},
        {"kind": "page", "category_ids": [generate_id()]},
        {"kind": "page", "parent_id": generate_id()},
    ],
)
async def test_what_breaks_a_rule_is_refused_and_nothing_is_told(context: Context, fields: dict[str, object]) -> None:
    with pytest.raises(errors.RustokError):
        async with context.session.begin_nested():
            await service.create(context, **fields)  # type: ignore[arg-type]  # wrong on purpose

    assert await context.session.scalar(select(func.count()).select_from(Node)) == 0


async def test_titles_and_excerpts_are_text_whatever_is_typed(context: Context) -> None:
    node = await service.create(context, kind="page", title="<b>x</b>", excerpt="<p>a <script>x</script>b</p>")

    assert node.title == "<b>x</b>"
    assert node.excerpt == "a b"


async def test_comments_wait_for_approval_and_counts_follow(context: Context) -> None:
    post = await service.create(context, kind="post", title="x")
    await service.publish(context, post.id)
    context.actor = ANONYMOUS

    comment = await comments.add_comment(context, post.id, body="**hi** <img src=x onerror=x>", author_name="Ann")
    assert comment.status == Status.PENDING
    assert (await reading.get(context, post.id)).reply_count == 0
    context.recorded.clear()
    assert await comments.approve(context, [comment.id]) == 1
    assert (await reading.get(context, post.id)).reply_count == 1
    assert told(context, NodePublished) == [comment.id]
    assert post.id in told(context, NodeUpdated)
    answer = await comments.add_comment(context, post.id, body="yes", author_name="Bob", parent_id=comment.id)
    await comments.approve(context, [answer.id])
    assert (await reading.get(context, post.id)).reply_count == 2
    assert (await reading.get(context, comment.id)).reply_count == 1
    assert await comments.mark_spam(context, [answer.id]) == 1
    assert await comments.mark_spam(context, [answer.id]) == 0
    assert (await reading.get(context, post.id)).reply_count == 1
    assert (await reading.get(context, comment.id)).reply_count == 0
    await comments.approve(context, [answer.id])
    await service.delete(context, comment.id)

    assert (await reading.get(context, post.id)).reply_count == 0
    assert await context.session.scalar(select(func.count()).where(Node.kind == "comment")) == 0


async def test_a_thread_sorts_as_it_is_read(context: Context) -> None:
    post = await service.create(context, kind="post", title="x")
    await service.publish(context, post.id)
    first = await comments.add_comment(context, post.id, body="1", author_name="A")
    context.now += timedelta(seconds=1)
    second = await comments.add_comment(context, post.id, body="2", author_name="A")
    context.now += timedelta(seconds=1)
    answer = await comments.add_comment(context, post.id, body="1.1", author_name="A", parent_id=first.id)

    found = await context.session.scalars(
        select(Node.id).where(Node.root_id == post.id).order_by(Node.thread_path, Node.id)
    )

    assert list(found) == [first.id, answer.id, second.id]


async def test_answers_without_end_stay_within_the_deepest_level(context: Context) -> None:
    post = await service.create(context, kind="post", title="x")
    await service.publish(context, post.id)
    last = None
    for number in range(25):
        last = await comments.add_comment(
            context, post.id, body=str(number), author_name="A", parent_id=last.id if last else None
        )

    assert last is not None
    assert last.depth == 19
    assert (await reading.get(context, post.id)).reply_count == 25


@pytest.mark.parametrize(
    "fields",
    [
        {"body": ""},
        {"body": "<script>x</script>", "format": "html"},
        {"body": "x" * 10_001},
        {"body": "x", "author_name": None},
        {"body": "x", "author_name": "n" * 256},
        {"body": "x", "author_url": "javascript:alert(1)"},
        {"body": "x", "author_url": 'https://a.test/"onclick='},
        {"body": "x", "parent_id": generate_id()},
    ],
)
async def test_comments_that_break_a_rule_are_refused(context: Context, fields: dict[str, object]) -> None:
    post = await service.create(context, kind="post", title="x")
    await service.publish(context, post.id)
    context.actor = ANONYMOUS

    with pytest.raises(errors.RustokError):
        await comments.add_comment(context, post.id, **{"author_name": "A", **fields})  # type: ignore[arg-type]

    assert await context.session.scalar(select(func.count()).where(Node.kind == "comment")) == 0


async def test_nobody_comments_on_what_readers_cannot_see(context: Context) -> None:
    draft = await service.create(context, kind="post", title="draft")
    closed = await service.create(context, kind="post", title="closed", comments_open=False)
    locked = await service.create(context, kind="post", title="locked", password="open sesame")
    post = await service.create(context, kind="post", title="post")
    for node in (closed, locked, post):
        await service.publish(context, node.id)
    context.actor = ANONYMOUS
    hidden = await comments.add_comment(context, post.id, body="x", author_name="A")

    for node_id, error in ((draft.id, "not_found"), (closed.id, "comments_closed"), (locked.id, "comments_closed")):
        with pytest.raises(errors.RustokError) as refused:
            await comments.add_comment(context, node_id, body="x", author_name="A")
        assert refused.value.code == error
    for parent, node_id in ((hidden.id, post.id), (None, hidden.id)):
        with pytest.raises(errors.NotFound):
            await comments.add_comment(context, node_id, body="x", author_name="A", parent_id=parent)
    assert await context.session.scalar(select(func.count()).where(Node.kind == "comment")) == 1


async def test_comments_written_at_the_same_time_are_all_counted(database: Database, tenant: TenantInfo) -> None:
    async with database.open(tenant) as context:
        news = await categories.create(context, name="News")
        post = await service.create(context, kind="post", title="x", category_ids=[news.id])
        await service.publish(context, post.id)

    async def comment(number: int) -> None:
        async with database.open(tenant) as context:
            made = await comments.add_comment(context, post.id, body=str(number), author_name="A")
            if number % 3 == 0:
                await comments.mark_spam(context, [made.id])

    async def file(number: int) -> None:
        async with database.open(tenant) as context:
            made = await service.create(context, kind="post", title=f"p{number}", category_ids=[news.id])
            await service.publish(context, made.id)

    await asyncio.gather(*(one(number) for number in range(12) for one in (comment, file)))

    async with database.open(tenant) as context:
        assert (await reading.get(context, post.id)).reply_count == 8
        assert (await categories.get(context, news.id)).node_count == 13
