"""Nodes by the hundred: what importers and the demo hand over is found again, compared, and written at once."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import Text, func, insert, select, tuple_, update

from rustok.core import rows, texts
from rustok.core.categories import service as categories
from rustok.core.content import (
    counting,
    filing,
    moving,
    placing,
    reading,
    rooting,
    saving_comments,
    telling,
    writing,
)
from rustok.core.content.drafts import NodeDraft, Outcome, Refused
from rustok.core.content.models import Body, Node, Status
from rustok.core.content.reading import COMMENT, TARGET
from rustok.core.redirects import service as redirects
from rustok.core.seo import service as seo
from rustok.core.tags import naming
from rustok.core.tags import service as tags
from rustok.core.translations import service as translations
from rustok.core.users import passwords
from rustok.events.content import NodeCreated, NodePublished, NodeUpdated
from rustok.events.core import MetaUpdated, TagAttached, TagDetached, TranslationUpdated
from rustok.kernel import bus, errors, slugs
from rustok.kernel.context import Context
from rustok.kernel.ids import generate_id

__all__ = ["save_many"]


@dataclass(slots=True)
class _Saved:
    """One draft on its way: the node that it is about, and what of it is to be written."""

    draft: NodeDraft
    node_id: UUID
    stored: Node | None
    values: dict[str, Any]
    written: writing.Written | None = None
    category_ids: list[UUID] | None = None
    changed: bool = field(default=False)


async def save_many(context: Context, drafts: Sequence[NodeDraft]) -> Outcome:
    """Create or update nodes with their comments; drafts that say nothing new write nothing.

    A draft that breaks a rule is refused with the reason and stops no other. Some hundred drafts at once are best:
    everything happens in the caller's transaction, and all of them are in memory.
    """
    outcome = Outcome()
    chosen = _chosen(drafts, outcome)
    stored = await _stored(context, chosen)
    known_categories = await categories.ids_by_slug(context, {s for d in chosen for s in d.categories or ()})
    bodies = await _bodies(context, [node.id for node in stored.values()])
    saved: list[_Saved] = []
    for draft in chosen:
        try:
            one = await _prepare(context, draft, stored.get(draft.key), bodies)
        except errors.RustokError as error:
            outcome.refused.append(Refused(draft.key, str(error), draft.line))
            continue
        if draft.categories is not None:
            one.category_ids = [known_categories[slug] for slug in draft.categories if slug in known_categories]
            for slug in draft.categories:
                if slug not in known_categories:
                    outcome.warnings.append(Refused(draft.key, f"there is no category {slug!r}", draft.line))
        saved.append(one)
        outcome.ids_by_key[draft.key] = one.node_id
    await _name(context, saved)
    moved = await rooting.root(context, [(one.draft, one.node_id, one.values) for one in saved], outcome)
    await _write(context, saved)
    await _move(context, saved, moved, outcome)
    await _attach(context, saved)
    comments = [(one.node_id, comment) for one in saved for comment in one.draft.comments]
    threads = await saving_comments.save(context, comments, outcome)
    await _tell(context, saved, threads)
    for one in saved:
        outcome.created += one.stored is None
        outcome.updated += one.stored is not None and one.changed
        outcome.unchanged += one.stored is not None and not one.changed
    return outcome


def _chosen(drafts: Sequence[NodeDraft], outcome: Outcome) -> list[NodeDraft]:
    """The drafts without those that say the same key again."""
    chosen: dict[str, NodeDraft] = {}
    for number, draft in enumerate(drafts):
        key = draft.key if draft.external_key or draft.slug else f"{draft.kind}/#{number}"
        if key in chosen:
            outcome.refused.append(Refused(draft.key, "the same node comes twice", draft.line))
        else:
            chosen[key] = draft
    return list(chosen.values())


async def _stored(context: Context, drafts: Sequence[NodeDraft]) -> dict[str, Node]:
    """Nodes that the drafts are about, by the drafts' keys: by external key, otherwise by kind and slug."""
    keys = {draft.external_key for draft in drafts if draft.external_key}
    by_key = {
        node.external_key: node
        for node in await context.session.scalars(
            select(Node)
            .where(rows.is_one_of_texts(Node.external_key, keys))
            .order_by(Node.id)
            .with_for_update(key_share=True)
            .execution_options(populate_existing=True)
        )
    }
    found = {draft.key: by_key[draft.external_key] for draft in drafts if draft.external_key in by_key}
    named = {(draft.kind, draft.slug): draft for draft in drafts if draft.slug and draft.key not in found}
    if named:
        wanted = rows.table(list(named), kind=Text, slug=Text)
        for node in await context.session.scalars(
            select(Node)
            .where(tuple_(Node.kind, Node.slug).in_(select(wanted.c.kind, wanted.c.slug)))
            .order_by(Node.id)
            .with_for_update(key_share=True)
            .execution_options(populate_existing=True)
        ):
            draft = named[node.kind, node.slug or ""]
            # A node that another source claimed, or that this source calls otherwise, is not the one that is meant.
            if node.external_key is None or draft.external_key is None:
                found[draft.key] = node
    return found


async def _bodies(context: Context, node_ids: Sequence[UUID]) -> dict[UUID, tuple[str | None, str]]:
    found = await context.session.execute(
        select(Body.node_id, Body.body, Body.format).where(rows.is_one_of(Body.node_id, node_ids))
    )
    return {row.node_id: (row.body, row.format) for row in found}


async def _prepare(
    context: Context, draft: NodeDraft, stored: Node | None, bodies: Mapping[UUID, tuple[str | None, str]]
) -> _Saved:
    """Check everything that the draft says, and render its body if it is a new one."""
    if writing.check_kind(draft.kind) == COMMENT:
        raise errors.Invalid("comments belong to the draft of their node")
    for name in draft.tags or ():
        naming.clean(name)
    if draft.seo is not None:
        seo.check(draft.seo)
    for locale, fields in (draft.translations or {}).items():
        translations.check_locale(context, locale)
        translations.check_fields(fields)
    values = await _values(context, draft, stored)
    written = None
    if draft.body is not None or stored is None:
        body = (draft.body or "").replace("\x00", "")
        if stored is None or bodies.get(stored.id) != (body, draft.format):
            written = await writing.render(body, format=draft.format, kind=draft.kind)
    return _Saved(draft, stored.id if stored else generate_id(), stored, values, written)


async def _values(context: Context, draft: NodeDraft, stored: Node | None) -> dict[str, Any]:
    """The columns that the draft speaks of, for an existing node only those that differ."""
    said: dict[str, Any] = {
        "title": writing.check_title(draft.title) if draft.title is not None else None,
        "excerpt": writing.check_excerpt(draft.excerpt) if draft.excerpt is not None else None,
        "author_name": writing.check_author(draft.author_name) if draft.author_name is not None else None,
        "metadata_": texts.check_settings(draft.metadata, field="metadata") if draft.metadata is not None else None,
    }
    values = {name: value for name, value in said.items() if getattr(draft, name.rstrip("_")) is not None}
    for name in ("position", "author_id", "cover_media_id", "sticky", "comments_open", "external_key", "created_at"):
        if getattr(draft, name) is not None:
            values[name] = getattr(draft, name)
    if draft.password is not None and not (
        stored is not None and draft.password and await passwords.verify(stored.password_hash, draft.password)
    ):
        values["password_hash"] = await writing.password_hash(draft.password)
    values |= _status(context, draft, stored)
    if stored is not None:
        return {name: value for name, value in values.items() if getattr(stored, name) != value}
    return {
        "title": None,
        "excerpt": None,
        "author_id": None,
        "author_name": None,
        "cover_media_id": None,
        "position": 0,
        "sticky": False,
        "comments_open": True,
        "password_hash": None,
        "metadata_": {},
        "external_key": None,
        "created_at": draft.published_at or context.now,
        "published_at": None,
        **values,
    }


def _status(context: Context, draft: NodeDraft, stored: Node | None) -> dict[str, Any]:
    status = writing.check_status(draft.status) if draft.status is not None else None
    values: dict[str, Any] = {"published_at": draft.published_at} if draft.published_at is not None else {}
    if status is None and stored is not None and values and stored.status in (Status.PUBLISHED, Status.SCHEDULED):
        status = Status(stored.status)  # another time may turn the one into the other
    if status is None:
        return values if stored is not None else {"status": Status.DRAFT, **values}
    at = draft.published_at or (stored.published_at if stored else None) or draft.created_at or context.now
    if status in (Status.PUBLISHED, Status.SCHEDULED):
        status = Status.SCHEDULED if at > context.now else Status.PUBLISHED
        values["published_at"] = at
    return {"status": status, **values}


async def _name(context: Context, saved: Sequence[_Saved]) -> None:
    """Give each new node a free slug, and each renamed one the new slug if nothing else has it."""
    wishes: dict[int, str] = {}
    for position, one in enumerate(saved):
        slug = one.draft.slug
        if one.stored is None:
            wishes[position] = slug or slugs.slugify(one.draft.title or "", fallback=one.draft.kind)
        elif slug and slug != one.stored.slug:
            wishes[position] = slug
    stem = func.regexp_replace(Node.slug, "-[0-9]+$", "")
    taken: dict[str, set[str]] = defaultdict(set)
    if wishes:
        for kind, slug in await context.session.execute(
            select(Node.kind, Node.slug).where(
                rows.is_one_of_texts(Node.kind, {one.draft.kind for one in saved}),
                rows.is_one_of_texts(Node.slug, wishes.values()) | rows.is_one_of_texts(stem, wishes.values()),
            )
        ):
            taken[kind].add(slug or "")
    for position, wish in wishes.items():
        one = saved[position]
        kind = one.draft.kind
        if one.stored is not None and wish in taken[kind]:
            continue
        slug = slugs.unique(wish, taken[kind])
        taken[kind].add(slug)
        one.values["slug"] = slug


async def _write(context: Context, saved: Sequence[_Saved]) -> None:
    """Insert and update the rows of nodes and bodies."""
    new = [
        {
            "tenant_id": context.tenant_id,
            "id": one.node_id,
            "kind": one.draft.kind,
            "version": 1,
            "reply_count": 0,
            "updated_at": one.draft.updated_at or context.now,
            **one.values,
        }
        for one in saved
        if one.stored is None
    ]
    if new:
        # Parents before children: the foreign key is checked row by row.
        await context.session.execute(insert(Node), sorted(new, key=lambda row: row["depth"]))
    for one in saved:
        if one.stored is None or not (one.values or one.written):
            continue
        one.changed = True
        await context.session.execute(
            update(Node)
            .where(Node.id == one.node_id)
            .values(**one.values, version=Node.version + 1, updated_at=one.draft.updated_at or context.now)
            .execution_options(synchronize_session=False)
        )
    await writing.save_bodies(context, [(one.node_id, one.written) for one in saved if one.written])


async def _move(context: Context, saved: Sequence[_Saved], moved: Mapping[UUID, UUID | None], outcome: Outcome) -> None:
    """Put existing nodes below their new parents, one by one: that is rare."""
    for one in saved:
        if one.node_id not in moved:
            continue
        try:
            await moving.move(context, one.node_id, parent_id=moved[one.node_id], position=one.draft.position)
            one.changed = True
        except errors.RustokError as error:
            outcome.warnings.append(Refused(one.draft.key, f"it stays where it was: {error}", one.draft.line))


async def _attach(context: Context, saved: Sequence[_Saved]) -> None:
    """Categories, tags, meta and translations, each for all nodes at once."""
    by_id = {one.node_id: one for one in saved}
    filed = {one.node_id: one.category_ids for one in saved if one.category_ids is not None}
    before = await reading.categories_of(context, by_id.keys())
    for node_id in await filing.file_many(context, filed):
        by_id[node_id].changed = True
    start = len(context.recorded)
    await tags.set_many(context, TARGET, {one.node_id: one.draft.tags for one in saved if one.draft.tags is not None})
    await seo.set_many(context, TARGET, {one.node_id: one.draft.seo for one in saved if one.draft.seo is not None})
    await translations.set_many(
        context,
        TARGET,
        [(one.node_id, locale, fields) for one in saved for locale, fields in (one.draft.translations or {}).items()],
    )
    for event in context.recorded[start:]:
        if isinstance(event, TagAttached | TagDetached | MetaUpdated | TranslationUpdated) and event.target_id in by_id:
            by_id[event.target_id].changed = True
    touched = {one.node_id for one in saved if one.changed or one.stored is None}
    await counting.nodes(
        context,
        {
            category_id
            for one in saved
            if one.node_id in touched
            for category_id in [*before[one.node_id], *(one.category_ids or ())]
        },
    )


async def _tell(context: Context, saved: Sequence[_Saved], threads: Iterable[UUID]) -> None:
    """Record what happened, addresses included, and take counts anew."""
    renamed: dict[str, list[tuple[UUID, str | None, str | None]]] = defaultdict(list)
    shown = []
    for one in saved:
        if one.stored is None:
            author_id = one.values["author_id"]
            bus.record(context, NodeCreated(node_id=one.node_id, kind=one.draft.kind, author_id=author_id))
        elif one.changed:
            bus.record(context, NodeUpdated(node_id=one.node_id))
        if "slug" in one.values:
            old = one.stored.slug if one.stored is not None else None
            renamed[one.draft.kind].append((one.node_id, old, one.values["slug"]))
        if one.values.get("status") == Status.PUBLISHED:
            bus.record(context, NodePublished(node_id=one.node_id, kind=one.draft.kind))
        if one.values.keys() & {"status", "parent_id", "title", "slug"} and (
            one.stored is not None or one.values["parent_id"] is not None
        ):
            shown.append(one.node_id)
    for kind, changes in sorted(renamed.items()):
        await redirects.moved_many(context, placing.redirect_target(kind), changes)
    if shown:
        await telling.when_seen_or_hidden(context, await reading.get_many(context, shown))
    new = {one.node_id for one in saved if one.stored is None}
    telling.about(context, set(threads) - new)
