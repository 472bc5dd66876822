"""Where drafts of nodes stand in the tree: parents by key, in the same call or stored before."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Text, select, tuple_

from rustok.core import rows, trees
from rustok.core.content.drafts import NodeDraft, Outcome, Refused
from rustok.core.content.models import Node
from rustok.core.content.reading import COMMENT
from rustok.kernel.context import Context


async def root(
    context: Context, drafts: Sequence[tuple[NodeDraft, UUID, dict[str, Any]]], outcome: Outcome
) -> dict[UUID, UUID | None]:
    """Put `parent_id` and `depth` into the values of new nodes; return the existing ones that have to move, and where.

    Parents that are not found make orphans; a circle of new nodes is cut where it closes.
    """
    keys = {draft.parent_key for draft, _, _ in drafts if draft.parent_key}
    stored = await _parents(context, keys, {node_id for _, node_id, _ in drafts})
    by_key = {draft.key: node_id for draft, node_id, _ in drafts} | {
        f"{draft.kind}/{draft.slug}": node_id for draft, node_id, _ in drafts if draft.slug
    }
    ids = {key: by_key.get(key) or stored[key][0] for key in keys if key in by_key or key in stored}
    depths = {node_id: depth for node_id, depth, _ in stored.values()}
    parents = {node_id: parent_id for node_id, _, parent_id in stored.values()}
    existing = set(parents)
    wanted: dict[UUID, UUID | None] = {}
    for draft, node_id, _ in drafts:
        if draft.parent_key is None:
            continue
        wanted[node_id] = ids.get(draft.parent_key) if draft.parent_key else None
        if draft.parent_key and wanted[node_id] is None:
            outcome.orphans[draft.key] = draft.parent_key
    for draft, node_id, values in drafts:
        if node_id in existing:
            continue
        parent_id = wanted.get(node_id)
        depth = _depth(node_id, wanted, depths, existing)
        if depth is None or depth >= trees.DEEPEST:
            outcome.warnings.append(Refused(draft.key, "its parents go round in a circle or too deep", draft.line))
            wanted[node_id] = parent_id = None
            depth = 0
        depths[node_id] = depth
        values["parent_id"], values["depth"] = parent_id, depth
    # Cutting a circle may have put the last of its nodes nearer to the root than it was when the others were measured.
    for _, node_id, values in drafts:
        if node_id not in existing:
            values["depth"] = _depth(node_id, wanted, depths, existing) or 0
    return {
        node_id: parent_id
        for draft, node_id, _ in drafts
        for parent_id in [wanted.get(node_id)]
        if node_id in existing
        and node_id in wanted
        and draft.key not in outcome.orphans
        and parents[node_id] != parent_id
    }


def _depth(node_id: UUID, wanted: dict[UUID, UUID | None], depths: dict[UUID, int], existing: set[UUID]) -> int | None:
    """Levels above a new node; None for a circle."""
    steps = 0
    seen = {node_id}
    here = wanted.get(node_id)
    while here is not None:
        steps += 1
        if here in existing:
            return steps + depths[here]
        if here in seen:
            return None
        seen.add(here)
        here = wanted.get(here)
    return steps


async def _parents(context: Context, keys: set[str], node_ids: set[UUID]) -> dict[str, tuple[UUID, int, UUID | None]]:
    """(id, depth, parent) by key of stored nodes: those that the keys name, and those that the drafts are about."""
    columns = (Node.id, Node.depth, Node.parent_id, Node.external_key, Node.kind, Node.slug)
    named = rows.table([tuple(key.split("/", 1)) for key in keys if "/" in key], kind=Text, slug=Text)
    found = await context.session.execute(
        select(*columns).where(
            Node.kind != COMMENT,
            rows.is_one_of(Node.id, node_ids)
            | rows.is_one_of_texts(Node.external_key, keys)
            | tuple_(Node.kind, Node.slug).in_(select(named.c.kind, named.c.slug)),
        )
    )
    by_key: dict[str, tuple[UUID, int, UUID | None]] = {}
    for row in found:
        place = (row.id, row.depth, row.parent_id)
        by_key[f"{row.kind}/{row.slug}"] = place
        by_key[row.external_key or str(row.id)] = place
    return by_key
