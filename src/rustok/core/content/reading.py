"""Finding nodes and their bodies for those who write; readers are served from the index."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import Select, select

from rustok.core import rows
from rustok.core.content.models import Body, Node, NodeCategory
from rustok.kernel import errors
from rustok.kernel.context import Context

COMMENT = "comment"
TARGET = "node"


async def get(
    context: Context, node_id: UUID, *, lock: bool = False, kind: str | None = None, field: str | None = None
) -> Node:
    """The node as it stands; raises `NotFound`, also when it is of another kind than asked for."""
    statement = select(Node).where(Node.id == node_id).execution_options(populate_existing=True)
    node = await context.session.scalar(statement.with_for_update(key_share=True) if lock else statement)
    if node is None or (kind is not None and node.kind != kind):
        raise errors.NotFound(f"there is no such {kind or 'node'}", field=field)
    return node


async def get_many(context: Context, node_ids: Collection[UUID], *, lock: bool = False) -> list[Node]:
    """The nodes in the order of their ids; raises `NotFound` unless all of them exist."""
    statement = (
        select(Node)
        .where(rows.is_one_of(Node.id, node_ids))
        .order_by(Node.id)
        .execution_options(populate_existing=True)
    )
    found = list(await context.session.scalars(statement.with_for_update(key_share=True) if lock else statement))
    if len(found) != len(set(node_ids)):
        raise errors.NotFound("there is no such node", field="ids")
    return found


async def find(context: Context, kind: str, slug: str) -> Node | None:
    """The node of that kind and slug, whatever its status."""
    return await context.session.scalar(select(Node).where(Node.kind == kind, Node.slug == slug))


async def body_of(context: Context, node_id: UUID) -> Body | None:
    """What was written and rendered for the node, if anything was."""
    return await context.session.scalar(
        select(Body).where(Body.node_id == node_id).execution_options(populate_existing=True)
    )


async def bodies_of(context: Context, node_ids: Collection[UUID]) -> dict[UUID, Body]:
    """The bodies of several nodes."""
    found = await context.session.scalars(select(Body).where(rows.is_one_of(Body.node_id, node_ids)))
    return {body.node_id: body for body in found}


async def categories_of(context: Context, node_ids: Collection[UUID]) -> dict[UUID, list[UUID]]:
    """The categories that each node is filed in, the primary one first."""
    found: dict[UUID, list[UUID]] = {node_id: [] for node_id in node_ids}
    for node_id, category_id in await context.session.execute(
        select(NodeCategory.node_id, NodeCategory.category_id)
        .where(rows.is_one_of(NodeCategory.node_id, node_ids))
        .order_by(NodeCategory.node_id, NodeCategory.position, NodeCategory.category_id)
    ):
        found[node_id].append(category_id)
    return found


def every(
    *,
    kind: str | None = None,
    statuses: Collection[str] = (),
    parent_id: UUID | None = None,
    root_id: UUID | None = None,
    category_id: UUID | None = None,
    author_id: UUID | None = None,
    text: str | None = None,
) -> Select[Node]:
    """A select of nodes for lists of staff; the caller sorts and pages it."""
    statement = select(Node)
    if kind is not None:
        statement = statement.where(Node.kind == kind)
    if statuses:
        statement = statement.where(Node.status.in_(statuses))
    if parent_id is not None:
        statement = statement.where(Node.parent_id == parent_id)
    if root_id is not None:
        statement = statement.where(Node.root_id == root_id)
    if author_id is not None:
        statement = statement.where(Node.author_id == author_id)
    if category_id is not None:
        filed = select(NodeCategory.node_id).where(NodeCategory.category_id == category_id)
        statement = statement.where(Node.id.in_(filed))
    if text:
        statement = statement.where(Node.title.icontains(text, autoescape=True))
    return statement
