"""What else has to be told when a node appears, disappears or changes: its parent, what is below it, its counts."""

from collections.abc import Collection, Iterable
from uuid import UUID

from sqlalchemy import select, text

from rustok.core import rows
from rustok.core.content import counting, reading
from rustok.core.content.models import Node
from rustok.core.content.reading import COMMENT
from rustok.events.content import NodeUpdated
from rustok.kernel import bus
from rustok.kernel.context import Context

_PAGES_BELOW = """
WITH RECURSIVE down AS (
    SELECT id, 0 AS step FROM nodes WHERE id = ANY (:ids) AND kind <> 'comment'
    UNION ALL
    SELECT n.id, down.step + 1 FROM down JOIN nodes n ON n.parent_id = down.id AND n.kind <> 'comment'
    WHERE down.step < 1000
)
SELECT DISTINCT id FROM down
"""


def about(context: Context, node_ids: Iterable[UUID | None]) -> None:
    """Record `NodeUpdated` once for each."""
    known = {event.node_id for event in context.recorded if isinstance(event, NodeUpdated)}
    wanted = {node_id for node_id in node_ids if node_id is not None}
    bus.record_many(context, (NodeUpdated(node_id=node_id) for node_id in sorted(wanted - known)))


async def when_seen_or_hidden(context: Context, nodes: Collection[Node], *, also: Iterable[UUID | None] = ()) -> None:
    """After nodes were published, hidden, moved or filed elsewhere: take counts anew and tell who shows them.

    A comment is shown in the document of its root, a page in those of its parent and of the pages below it. `also`
    are former parents and roots.
    """
    comments = [node for node in nodes if node.kind == COMMENT]
    others = [node for node in nodes if node.kind != COMMENT]
    affected: set[UUID | None] = {node.root_id for node in comments} | {node.parent_id for node in others} | set(also)
    await counting.replies(context, affected | {node.parent_id for node in comments})
    if others:
        ids = [node.id for node in others]
        below = await context.session.scalars(text(_PAGES_BELOW).bindparams(rows.ids_parameter("ids", ids)))
        affected |= set(below) - set(ids)
        filed = await reading.categories_of(context, ids)
        await counting.nodes(context, [one for category_ids in filed.values() for one in category_ids])
    existing = await context.session.scalars(
        select(Node.id).where(rows.is_one_of(Node.id, [one for one in affected if one is not None]))
    )
    about(context, existing)
