"""Trees kept as parent, depth and position: no cycles, bounded depth, whole subtrees at once."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import Integer, Uuid, func, literal, select, text, update

from rustok.core import rows
from rustok.kernel import errors
from rustok.kernel.context import Context
from rustok.kernel.db import TenantModel

DEEPEST = 20
LAST_POSITION = 2**31 - 1  # what the column holds


class CyclicParent(errors.Invalid):
    """A thing cannot be below itself."""

    code = "cyclic_parent"


class TooDeep(errors.Invalid):
    """The tree would have more levels than anybody can read."""

    code = "too_deep"


async def lock(context: Context, table: str) -> None:
    """One change of shape at a time per tenant and tree: two moves could make a cycle that neither sees."""
    await context.session.execute(
        select(func.pg_advisory_xact_lock(func.hashtextextended(f"tree:{table}:{context.tenant_id}", 0)))
    )


async def ancestors(context: Context, table: str, node_id: UUID) -> list[UUID]:
    """Parents of the row from the nearest up to the root, without itself."""
    found = await context.session.scalars(
        text(f"""
            WITH RECURSIVE up AS (
                SELECT id, parent_id, 0 AS step FROM {table} WHERE id = :id
                UNION ALL
                SELECT t.id, t.parent_id, up.step + 1 FROM up JOIN {table} t ON t.id = up.parent_id
                WHERE up.step < 1000
            )
            SELECT id FROM up WHERE step > 0 ORDER BY step
        """).bindparams(id=node_id)
    )
    return list(found)


async def subtree(context: Context, table: str, node_ids: Collection[UUID]) -> dict[UUID, int]:
    """The rows and everything below them, with their depths, parents before children."""
    found = await context.session.execute(
        text(f"""
            WITH RECURSIVE down AS (
                SELECT id, depth, 0 AS step FROM {table} WHERE id = ANY (:ids)
                UNION ALL
                SELECT t.id, t.depth, down.step + 1 FROM down JOIN {table} t ON t.parent_id = down.id
                WHERE down.step < 1000
            )
            SELECT id, max(depth) FROM down GROUP BY id ORDER BY max(step), id
        """).bindparams(rows.ids_parameter("ids", node_ids))
    )
    return {row[0]: row[1] for row in found}


async def place(context: Context, kind: type[TenantModel], node_id: UUID, *, parent_id: UUID | None) -> list[UUID]:
    """Put the row and all below it under another parent (None: the root), keeping every depth right.

    The tree must be locked and the parent exist. Raises `CyclicParent` and `TooDeep`; returns the ids of the subtree.
    """
    table = kind.__tablename__
    below = await subtree(context, table, [node_id])
    depth = 0
    if parent_id is not None:
        if parent_id in below:
            raise CyclicParent("a thing cannot be below itself", field="parentId")
        depth = len(await ancestors(context, table, parent_id)) + 1
    shift = depth - below[node_id]
    if max(below.values()) + shift >= DEEPEST:
        raise TooDeep(f"the tree would be deeper than {DEEPEST} levels", field="parentId")
    await context.session.execute(
        update(kind)
        .where(rows.is_one_of(kind.id, below))
        .values(depth=kind.__table__.c.depth + literal(shift, Integer))
        .execution_options(synchronize_session=False)
    )
    await context.session.execute(
        update(kind)
        .where(kind.id == node_id)
        .values(parent_id=literal(parent_id, Uuid))
        .execution_options(synchronize_session=False)
    )
    return list(below)


async def next_position(context: Context, kind: type[TenantModel], parent_id: UUID | None) -> int:
    """Behind the last of the siblings, or beside it where it stands at the end of what a column can hold."""
    columns = kind.__table__.c
    last = await context.session.scalar(
        select(func.max(columns.position)).where(columns.parent_id.is_not_distinct_from(parent_id))
    )
    return 0 if last is None else min(int(last) + 1, LAST_POSITION)
