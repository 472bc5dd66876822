"""Counts that are kept beside what they count: replies of nodes and nodes of categories.

Counts are taken anew, never added to: the counted row is locked first, so that whoever comes second counts what the
first one wrote. What nobody changed is not written. The lock is one that foreign keys do not wait for: a stronger one
would let two comments on one post, each of which holds the post by its foreign key, wait for each other.
"""

from collections.abc import Collection, Iterable
from uuid import UUID

from sqlalchemy import select, text

from rustok.core import rows
from rustok.core.categories.models import Category
from rustok.core.content.models import Node
from rustok.events.content import CategoryCounted, NodeUpdated
from rustok.kernel import bus
from rustok.kernel.context import Context

_REPLIES = """
UPDATE nodes SET reply_count = counted.n
FROM (
    SELECT n.id, count(c.id) AS n
    FROM nodes n
    LEFT JOIN nodes c ON c.tenant_id = n.tenant_id AND c.kind = 'comment' AND c.status = 'published'
        AND CASE WHEN n.kind = 'comment' THEN c.parent_id = n.id ELSE c.root_id = n.id END
        AND c.root_id = coalesce(n.root_id, n.id)
    WHERE n.id = ANY (:ids)
    GROUP BY n.id
) AS counted
WHERE nodes.id = counted.id AND nodes.reply_count <> counted.n
RETURNING nodes.id, nodes.kind, nodes.root_id
"""
_NODES = """
UPDATE categories SET node_count = counted.n
FROM (
    SELECT c.id, count(n.id) AS n
    FROM categories c
    LEFT JOIN node_categories f ON f.tenant_id = c.tenant_id AND f.category_id = c.id
    LEFT JOIN nodes n ON n.tenant_id = f.tenant_id AND n.id = f.node_id AND n.status = 'published'
    WHERE c.id = ANY (:ids)
    GROUP BY c.id
) AS counted
WHERE categories.id = counted.id AND categories.node_count <> counted.n
RETURNING categories.id
"""


async def replies(context: Context, node_ids: Iterable[UUID | None]) -> set[UUID]:
    """Count the published comments of these nodes: all of a post's or page's, the direct answers to a comment.

    Records `NodeUpdated` for each whose count changed, and returns their ids.
    """
    wanted = {node_id for node_id in node_ids if node_id is not None}
    if not wanted:
        return set()
    await context.session.execute(
        select(Node.id).where(rows.is_one_of(Node.id, wanted)).order_by(Node.id).with_for_update(key_share=True)
    )
    changed = sorted(await context.session.scalars(text(_REPLIES).bindparams(rows.ids_parameter("ids", wanted))))
    bus.record_many(context, (NodeUpdated(node_id=node_id) for node_id in changed))
    return set(changed)


async def nodes(context: Context, category_ids: Collection[UUID]) -> None:
    """Count the published nodes filed in these categories; records `CategoryCounted` where the number changed."""
    wanted = set(category_ids)
    if not wanted:
        return
    await context.session.execute(
        select(Category.id)
        .where(rows.is_one_of(Category.id, wanted))
        .order_by(Category.id)
        .with_for_update(key_share=True)
    )
    changed = await context.session.scalars(text(_NODES).bindparams(rows.ids_parameter("ids", wanted)))
    bus.record_many(context, (CategoryCounted(category_id=category_id) for category_id in sorted(changed)))
