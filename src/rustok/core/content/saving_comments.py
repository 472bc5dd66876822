"""Comments of saved nodes by the hundred: found again by their external keys, threads kept."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select, update

from rustok.core import rows, trees
from rustok.core.content import comments, counting, writing
from rustok.core.content.drafts import CommentDraft, Outcome, Refused
from rustok.core.content.models import Body, Node, Status
from rustok.core.content.reading import COMMENT
from rustok.events.content import NodeCreated, NodePublished, NodeUpdated
from rustok.kernel import bus, errors
from rustok.kernel.context import Context
from rustok.kernel.ids import generate_id

_STATUSES = (Status.PUBLISHED, Status.PENDING, Status.SPAM)


async def save(context: Context, drafts: Sequence[tuple[UUID, CommentDraft]], outcome: Outcome) -> set[UUID]:
    """Save (node, comment) pairs, parents in any order; returns the nodes whose threads changed."""
    if not drafts:
        return set()
    stored = await _stored(context, drafts)
    sources = await _sources(context, [node.id for node in stored.values()])
    roots = await _depths(context, {root_id for root_id, _ in drafts})
    ready: list[tuple[UUID, CommentDraft, dict[str, Any], writing.Written | None]] = []
    seen: set[str] = set()
    for root_id, draft in drafts:
        if draft.external_key in seen:
            outcome.refused.append(Refused(draft.external_key, "the same comment comes twice", draft.line))
            continue
        seen.add(draft.external_key)
        try:
            values = _values(draft)
            node = stored.get(draft.external_key)
            written = None
            if node is None or sources.get(node.id) != (draft.body.replace("\x00", ""), draft.format):
                written = await writing.render(draft.body, format=draft.format, kind=COMMENT)
        except errors.RustokError as error:
            outcome.refused.append(Refused(draft.external_key, str(error), draft.line))
            continue
        ready.append((root_id, draft, values, written))
    threads: set[UUID] = set()
    counted: set[UUID | None] = set()
    bodies: list[tuple[UUID, writing.Written]] = []
    for root_id, draft, values, written in ready:
        node = stored.get(draft.external_key)
        if node is None:
            continue
        outcome.ids_by_key[draft.external_key] = node.id
        changes = {name: value for name, value in values.items() if getattr(node, name) != value}
        if not changes and written is None:
            outcome.comments_unchanged += 1
            continue
        outcome.comments_updated += 1
        await _change(context, node, changes)
        if written is not None:
            bodies.append((node.id, written))
        threads.add(root_id)
        counted |= {root_id, node.parent_id}
    new = [one for one in ready if one[1].external_key not in stored]
    inserted = _thread(context, new, stored, roots, outcome)
    if inserted:
        await context.session.execute(insert(Node), sorted(inserted, key=lambda row: row["depth"]))
    for root_id, draft, values, written in new:
        node_id = outcome.ids_by_key[draft.external_key]
        if written is not None:
            bodies.append((node_id, written))
        threads.add(root_id)
        bus.record(context, NodeCreated(node_id=node_id, kind=COMMENT, author_id=draft.author_id))
        if values["status"] == Status.PUBLISHED:
            bus.record(context, NodePublished(node_id=node_id, kind=COMMENT))
    outcome.comments_created += len(new)
    await writing.save_bodies(context, bodies)
    await counting.replies(
        context, counted | {row["parent_id"] for row in inserted} | {row["root_id"] for row in inserted}
    )
    return threads


def _values(draft: CommentDraft) -> dict[str, Any]:
    status = writing.check_status(draft.status)
    if status not in _STATUSES:
        raise errors.Invalid(f"a comment is not {status}", field="status")
    try:
        url = writing.check_author_url(draft.author_url)
    except errors.Invalid:
        url = None  # an address that cannot be linked is no reason to lose the comment
    values: dict[str, Any] = {
        "status": status,
        "author_name": writing.check_author(draft.author_name),
        "author_url": url,
        "author_email_hash": writing.email_hash(draft.author_email),
        "author_id": draft.author_id,
    }
    if draft.created_at is not None:
        values["created_at"] = draft.created_at
    return values


def _thread(
    context: Context,
    new: Sequence[tuple[UUID, CommentDraft, dict[str, Any], writing.Written | None]],
    stored: dict[str, Node],
    roots: dict[UUID, int],
    outcome: Outcome,
) -> list[dict[str, Any]]:
    """Rows of new comments, each with its place: what answers to an unknown comment answers to the node."""
    places: dict[str, tuple[UUID, int, str, UUID]] = {
        key: (node.id, node.depth, node.thread_path or "", node.root_id or node.id) for key, node in stored.items()
    }
    above = {node.id: node.parent_id or node.id for node in stored.values()}
    waiting = {draft.external_key: (root_id, draft, values) for root_id, draft, values, _ in new}
    made: list[dict[str, Any]] = []
    while waiting:
        # A parent stands before its answers; where nobody can go first, a circle or a stranger is cut off.
        free = [key for key, (_, draft, _) in waiting.items() if draft.parent_key not in waiting] or [
            next(iter(waiting))
        ]
        for key in free:
            root_id, draft, values = waiting.pop(key)
            parent = places.get(draft.parent_key) if draft.parent_key else None
            if parent is not None and parent[3] != root_id:
                parent = None
            if draft.parent_key and parent is None:
                outcome.warnings.append(Refused(key, "what it answers is not there", draft.line))
            parent_id, depth, path, _ = parent or (root_id, roots[root_id], "", root_id)
            if depth + 1 >= trees.DEEPEST:
                # Deeper answers stand beside what they answer, as new comments do.
                parent_id, depth, path = above[parent_id], depth - 1, path[:-24]
            node_id = generate_id()
            created_at = draft.created_at or context.now
            own_path = comments.path(path, created_at, node_id)
            places[key] = (node_id, depth + 1, own_path, root_id)
            outcome.ids_by_key[key] = node_id
            above[node_id] = parent_id
            made.append(
                {
                    "tenant_id": context.tenant_id,
                    "id": node_id,
                    "kind": COMMENT,
                    "external_key": key,
                    "root_id": root_id,
                    "parent_id": parent_id,
                    "depth": depth + 1,
                    "thread_path": own_path,
                    "metadata_": {},
                    "version": 1,
                    "updated_at": context.now,
                    "published_at": created_at if values["status"] == Status.PUBLISHED else None,
                    **values,
                    "created_at": created_at,
                }
            )
    return made


async def _change(context: Context, node: Node, changes: dict[str, Any]) -> None:
    if changes.get("status") == Status.PUBLISHED:
        changes["published_at"] = node.published_at or node.created_at
        bus.record(context, NodePublished(node_id=node.id, kind=COMMENT))
    else:
        bus.record(context, NodeUpdated(node_id=node.id))
    await context.session.execute(
        update(Node)
        .where(Node.id == node.id)
        .values(**changes, version=Node.version + 1, updated_at=context.now)
        .execution_options(synchronize_session=False)
    )


async def _stored(context: Context, drafts: Sequence[tuple[UUID, CommentDraft]]) -> dict[str, Node]:
    """Stored comments by external key: those that are saved, and those that they answer."""
    keys = {draft.external_key for _, draft in drafts} | {draft.parent_key for _, draft in drafts if draft.parent_key}
    found = await context.session.scalars(
        select(Node)
        .where(Node.kind == COMMENT, rows.is_one_of_texts(Node.external_key, keys))
        .order_by(Node.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    return {node.external_key: node for node in found if node.external_key}


async def _sources(context: Context, node_ids: Sequence[UUID]) -> dict[UUID, tuple[str | None, str]]:
    found = await context.session.execute(
        select(Body.node_id, Body.body, Body.format).where(rows.is_one_of(Body.node_id, node_ids))
    )
    return {row.node_id: (row.body, row.format) for row in found}


async def _depths(context: Context, node_ids: set[UUID]) -> dict[UUID, int]:
    found = await context.session.execute(select(Node.id, Node.depth).where(rows.is_one_of(Node.id, node_ids)))
    return dict(found.all())
