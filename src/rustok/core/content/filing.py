"""Filing nodes in categories, and what becomes of them when a category goes."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy import Integer, Uuid, delete, literal, select, text
from sqlalchemy.dialects.postgresql import insert

from rustok.core import rows
from rustok.core.categories import service as categories
from rustok.core.content import counting, reading
from rustok.core.content.models import NodeCategory
from rustok.core.redirects import service as redirects
from rustok.kernel import errors
from rustok.kernel.context import Context

MOST = 250
_PRIMARY = """
UPDATE nodes SET category_id = filed.category_id
FROM (
    SELECT n.id, (
        SELECT f.category_id FROM node_categories f
        WHERE f.tenant_id = n.tenant_id AND f.node_id = n.id ORDER BY f.position, f.category_id LIMIT 1
    ) AS category_id
    FROM nodes n WHERE n.id = ANY (:ids)
) AS filed
WHERE nodes.id = filed.id AND nodes.category_id IS DISTINCT FROM filed.category_id
"""


async def file_many(context: Context, wanted: Mapping[UUID, Sequence[UUID]]) -> set[UUID]:
    """File each node in exactly these categories, which must exist, the first being the primary one.

    Returns the nodes for which something changed. The counts of categories are the caller's to take anew: see
    `counting.nodes`, once everything else of the nodes is written.
    """
    exact = {node_id: list(dict.fromkeys(category_ids)) for node_id, category_ids in wanted.items()}
    if any(len(category_ids) > MOST for category_ids in exact.values()):
        raise errors.Invalid(f"a node is filed in at most {MOST} categories", field="categoryIds")
    before = await reading.categories_of(context, exact.keys())
    changed = {node_id for node_id, category_ids in exact.items() if category_ids != before[node_id]}
    if not changed:
        return changed
    await context.session.execute(delete(NodeCategory).where(rows.is_one_of(NodeCategory.node_id, changed)))
    memberships = [
        (node_id, category_id, position)
        for node_id in sorted(changed)
        for position, category_id in enumerate(exact[node_id])
    ]
    if memberships:
        new = rows.table(memberships, node_id=Uuid, category_id=Uuid, position=Integer)
        await context.session.execute(
            insert(NodeCategory).from_select(
                ["tenant_id", "node_id", "category_id", "position"],
                select(literal(context.tenant_id, Uuid), *new.c),
            )
        )
    await context.session.execute(text(_PRIMARY).bindparams(rows.ids_parameter("ids", changed)))
    return changed


async def delete_category(context: Context, category_id: UUID, *, merge_into: UUID | None = None) -> None:
    """Delete a category; its nodes move to the other one, if one is named, and its address redirects there.

    The categories below it move up. Nodes that were only filed there have no category afterwards.
    """
    if merge_into == category_id:
        raise errors.Invalid("a category cannot be merged into itself", field="mergeInto")
    for one in sorted({category_id, merge_into or category_id}):
        await categories.get(context, one, lock=True, field="mergeInto" if one == merge_into else None)
    gone = await categories.get(context, category_id)
    filed = list(
        await context.session.scalars(select(NodeCategory.node_id).where(NodeCategory.category_id == category_id))
    )
    old = [gone.slug, *await redirects.previous(context, categories.TARGET, category_id)]
    if merge_into is not None:
        await context.session.execute(
            insert(NodeCategory)
            .from_select(
                ["tenant_id", "node_id", "category_id", "position"],
                select(
                    NodeCategory.tenant_id, NodeCategory.node_id, literal(merge_into, Uuid), NodeCategory.position
                ).where(NodeCategory.category_id == category_id),
            )
            .on_conflict_do_nothing()
        )
    await categories.take_out(context, category_id)
    if merge_into is not None:
        await redirects.moved_many(context, categories.TARGET, [(merge_into, slug) for slug in old])
        await counting.nodes(context, [merge_into])
    await context.session.execute(text(_PRIMARY).bindparams(rows.ids_parameter("ids", filed)))
