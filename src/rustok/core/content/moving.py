"""Moving nodes in their tree and deleting them, with all that hangs on them."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import delete as sql_delete

from rustok.core import rows, trees
from rustok.core.content import counting, placing, reading, telling
from rustok.core.content.models import Node
from rustok.core.content.reading import COMMENT, TARGET
from rustok.core.redirects import service as redirects
from rustok.core.seo import service as seo
from rustok.core.tags import service as tags
from rustok.core.translations import service as translations
from rustok.events.content import NodeDeleted, NodeUpdated
from rustok.kernel import bus, errors
from rustok.kernel.context import Context


class HasChildren(errors.Conflict):
    """Pages below would go as well, and nobody said that they should."""

    code = "has_children"


async def move(
    context: Context, node_id: UUID, *, parent_id: UUID | None, position: int | None = None, version: int | None = None
) -> Node:
    """Put a page with all below it under another one (None: to the top); raises `CyclicParent` and `TooDeep`."""
    await trees.lock(context, Node.__tablename__)
    node = await reading.get(context, node_id, lock=True)
    placing.check_version(node, version)
    if node.kind == COMMENT:
        raise errors.Invalid("a comment stays in its thread", field="id")
    former = node.parent_id
    if parent_id is not None:
        await placing.parent_of_pages(context, parent_id)
    if position is None:
        position = await placing.last_position(context, node.kind, parent_id)
    if (parent_id, position) == (former, node.position):
        return node
    if parent_id != former:
        await trees.place(context, Node, node_id, parent_id=parent_id)
        node = await reading.get(context, node_id, lock=True)
    node.position = position
    node.version += 1
    node.updated_at = context.now
    await context.session.flush()
    bus.record(context, NodeUpdated(node_id=node_id))
    await telling.when_seen_or_hidden(context, [node], also=[former])
    return await reading.get(context, node_id)


async def delete(context: Context, node_id: UUID, *, cascade: bool = False, version: int | None = None) -> None:
    """Delete for good, with all comments on it; raises `HasChildren` for pages below unless `cascade` is said."""
    node = await reading.get(context, node_id, lock=True)
    placing.check_version(node, version)
    await delete_many(context, [node_id], cascade=cascade)


async def delete_many(context: Context, node_ids: Collection[UUID], *, cascade: bool = False) -> int:
    """The same for several; raises `NotFound` unless all of them exist. Returns how many of those named are gone."""
    await trees.lock(context, Node.__tablename__)
    named = await reading.get_many(context, node_ids, lock=True)
    below = await trees.subtree(context, Node.__tablename__, [node.id for node in named])
    gone = await reading.get_many(context, below.keys(), lock=True)
    chosen = set(node_ids)
    if not cascade and any(node.kind != COMMENT and node.id not in chosen for node in gone):
        raise HasChildren("there are pages below: delete them first, or all of them together", field="cascade")
    ids = [node.id for node in gone]
    filed = await reading.categories_of(context, [node.id for node in gone if node.kind != COMMENT])
    around = {node.parent_id for node in gone} | {node.root_id for node in gone}
    await tags.detach_all(context, TARGET, ids)
    await seo.delete_all(context, TARGET, ids)
    await translations.delete_all(context, TARGET, ids)
    for kind in sorted({node.kind for node in gone} - {COMMENT}):
        await redirects.forget(context, placing.redirect_target(kind), [node.id for node in gone if node.kind == kind])
    await context.session.execute(
        sql_delete(Node).where(rows.is_one_of(Node.id, ids)).execution_options(synchronize_session="fetch")
    )
    bus.record_many(context, (NodeDeleted(node_id=node.id, kind=node.kind) for node in gone))
    await counting.nodes(context, {one for category_ids in filed.values() for one in category_ids})
    left = around - set(ids)
    await counting.replies(context, left)
    telling.about(context, left)
    return len(named)
