"""Statuses as verbs: publish, schedule, take back, archive, restore."""

from datetime import datetime
from uuid import UUID

from rustok.core.content import placing, reading, telling
from rustok.core.content.models import Node, Status
from rustok.core.content.reading import COMMENT
from rustok.events.content import NodePublished, NodeUpdated
from rustok.kernel import bus, errors
from rustok.kernel.context import Context


async def publish(context: Context, node_id: UUID, *, at: datetime | None = None, version: int | None = None) -> Node:
    """Show the node to readers, now or (`at` in the future) later; publishing what is published changes nothing."""
    node = await reading.get(context, node_id, lock=True)
    placing.check_version(node, version)
    if at is not None and at > context.now:
        return await schedule(context, node_id, at=at)
    if node.status == Status.PUBLISHED:
        return node
    if node.kind != COMMENT and not node.slug:
        node.slug = await placing.new_slug(context, node.kind, None, node.title)
    if at is not None or node.published_at is None or node.published_at > context.now:
        node.published_at = at or context.now
    return await _turn(context, node, Status.PUBLISHED)


async def schedule(context: Context, node_id: UUID, *, at: datetime, version: int | None = None) -> Node:
    """Publish the node by itself when the time has come; until then readers do not see it."""
    if at <= context.now:
        raise errors.Invalid("the time to publish at must be in the future", field="publishedAt")
    node = await reading.get(context, node_id, lock=True)
    placing.check_version(node, version)
    node.published_at = at
    return await _turn(context, node, Status.SCHEDULED)


async def unpublish(context: Context, node_id: UUID, *, version: int | None = None) -> Node:
    """Take the node back from readers; it is a draft again (a comment waits again)."""
    node = await reading.get(context, node_id, lock=True)
    return await set_status(context, node_id, Status.PENDING if node.kind == COMMENT else Status.DRAFT, version=version)


async def archive(context: Context, node_id: UUID, *, version: int | None = None) -> Node:
    """Put the node away without deleting it."""
    return await set_status(context, node_id, Status.ARCHIVED, version=version)


async def restore(context: Context, node_id: UUID, *, version: int | None = None) -> Node:
    """Take a node out of the archive (or a comment out of the spam): it is a draft (pending) then."""
    node = await reading.get(context, node_id, lock=True)
    if node.status not in (Status.ARCHIVED, Status.SPAM):
        raise errors.Conflict("only what is archived or spam can be restored", field="id")
    return await unpublish(context, node_id, version=version)


async def make_private(context: Context, node_id: UUID, *, version: int | None = None) -> Node:
    """Keep the node for staff."""
    return await set_status(context, node_id, Status.PRIVATE, version=version)


async def set_status(context: Context, node_id: UUID, status: Status, *, version: int | None = None) -> Node:
    """Turn the node to a status in which readers do not see it; the same status again changes nothing."""
    node = await reading.get(context, node_id, lock=True)
    placing.check_version(node, version)
    return node if node.status == status else await _turn(context, node, status)


async def _turn(context: Context, node: Node, status: Status) -> Node:
    """Give the node another status, count, and tell everybody whom it concerns."""
    node.status = status
    node.version += 1
    node.updated_at = context.now
    await context.session.flush()
    if status is Status.PUBLISHED:
        bus.record(context, NodePublished(node_id=node.id, kind=node.kind))
    else:
        bus.record(context, NodeUpdated(node_id=node.id))
    await telling.when_seen_or_hidden(context, [node])
    return await reading.get(context, node.id)
