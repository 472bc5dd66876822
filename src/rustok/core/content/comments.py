"""Comments as verbs: readers add them, staff approve or mark them; counts of their threads stay right."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select

from rustok.core import permissions, trees
from rustok.core.content import publishing, reading, rendering, telling, writing
from rustok.core.content.models import Node, Status
from rustok.core.content.reading import COMMENT
from rustok.events.content import NodeCreated, NodePublished
from rustok.kernel import bus, errors
from rustok.kernel.context import Context
from rustok.kernel.ids import generate_id

LONGEST = 10_000
MOST_WAITING = 500


class CommentsClosed(errors.Conflict):
    """Nobody may comment here."""

    code = "comments_closed"


async def add_comment(
    context: Context,
    node_id: UUID,
    *,
    body: str,
    parent_id: UUID | None = None,
    author_name: str | None = None,
    author_url: str | None = None,
    author_email: str | None = None,
    format: str = rendering.Format.MARKDOWN,
) -> Node:
    """A reader's comment on a published node; it waits for approval unless the actor may publish.

    Raises `CommentsClosed`, `NotFound` for what readers cannot see, and `TooMany` while hundreds wait already.
    """
    if len(body) > LONGEST:
        raise errors.Invalid(f"a comment has at most {LONGEST} characters", field="body")
    written = await writing.render(body, format=format, kind=COMMENT)
    if not written.plain:
        raise errors.Invalid("a comment needs words", field="body")
    name = writing.check_author(author_name)
    if context.actor.user_id is None and not name:
        raise errors.Invalid("say who you are", field="authorName")
    root = await reading.get(context, node_id)
    trusted = context.actor.may(permissions.CONTENT_PUBLISH)
    if root.kind == COMMENT or (root.status != Status.PUBLISHED and not trusted):
        raise errors.NotFound("there is no such node", field="nodeId")
    if not root.comments_open or (root.password_hash is not None and not trusted):
        raise CommentsClosed("comments are closed here", field="nodeId")
    if not trusted:
        waiting = await context.session.scalar(
            select(func.count()).where(Node.root_id == node_id, Node.status == Status.PENDING)
        )
        if (waiting or 0) >= MOST_WAITING:
            raise errors.TooMany("too many comments wait for approval here", field="nodeId")
    parent = await _answered(context, root, parent_id, trusted=trusted)
    made = Node(
        tenant_id=context.tenant_id,
        id=generate_id(),
        kind=COMMENT,
        parent_id=parent.id,
        root_id=root.id,
        depth=parent.depth + 1,
        author_id=context.actor.user_id,
        author_name=name,
        author_url=writing.check_author_url(author_url),
        author_email_hash=writing.email_hash(author_email),
        status=Status.PUBLISHED if trusted else Status.PENDING,
        published_at=context.now if trusted else None,
        created_at=context.now,
        updated_at=context.now,
    )
    made.thread_path = path(parent.thread_path, made.created_at, made.id)
    context.session.add(made)
    await context.session.flush()
    await writing.save_bodies(context, [(made.id, written)])
    bus.record(context, NodeCreated(node_id=made.id, kind=COMMENT, author_id=made.author_id))
    if trusted:
        bus.record(context, NodePublished(node_id=made.id, kind=COMMENT))
        await telling.when_seen_or_hidden(context, [made])
    return await reading.get(context, made.id)


async def approve(context: Context, comment_ids: Collection[UUID]) -> int:
    """Show comments to readers; returns how many were hidden before."""
    return await _turn_all(context, comment_ids, Status.PUBLISHED)


async def mark_spam(context: Context, comment_ids: Collection[UUID]) -> int:
    """Hide comments as spam; returns how many were not marked before."""
    return await _turn_all(context, comment_ids, Status.SPAM)


async def hold(context: Context, comment_ids: Collection[UUID]) -> int:
    """Let comments wait for approval again; returns how many did not."""
    return await _turn_all(context, comment_ids, Status.PENDING)


def path(parent_path: str | None, created_at: datetime, comment_id: UUID) -> str:
    """A text that sorts a thread as it is read: answers behind what they answer, older ones first."""
    microseconds = max(0, int(created_at.timestamp() * 1_000_000))
    return f"{parent_path or ''}{microseconds:014x}{comment_id.hex[-10:]}"


async def _answered(context: Context, root: Node, parent_id: UUID | None, *, trusted: bool) -> Node:
    """What the new comment stands below; answers to the deepest level stand beside what they answer."""
    if parent_id is None or parent_id == root.id:
        return root
    parent = await reading.get(context, parent_id, kind=COMMENT, field="parentId")
    if parent.root_id != root.id or (parent.status != Status.PUBLISHED and not trusted):
        raise errors.NotFound("there is no such comment", field="parentId")
    while parent.depth + 1 >= trees.DEEPEST and parent.parent_id is not None:
        parent = await reading.get(context, parent.parent_id)
    return parent


async def _turn_all(context: Context, comment_ids: Collection[UUID], status: Status) -> int:
    found = await reading.get_many(context, comment_ids)
    if any(node.kind != COMMENT for node in found):
        raise errors.NotFound("there is no such comment", field="ids")
    turned = 0
    for node in found:
        if node.status == status:
            continue
        turned += 1
        if status is Status.PUBLISHED:
            await publishing.publish(context, node.id)
        else:
            await publishing.set_status(context, node.id, status)
    return turned
