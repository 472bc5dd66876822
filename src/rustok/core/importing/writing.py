"""Write a WordPress site: what entries refer to first, then the entries, batch by batch."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from typing import TypeAlias
from urllib.parse import urlsplit

from sqlalchemy.exc import DBAPIError

from rustok.core.content import saving
from rustok.core.content.drafts import CommentDraft, Meta, NodeDraft, Outcome, Refused, Status
from rustok.core.importing import writing_menus, writing_terms
from rustok.core.importing.site import Comment, Entry, Site
from rustok.core.importing.wordpress import Export
from rustok.core.importing.writing_terms import Known
from rustok.kernel import errors
from rustok.kernel.context import Context
from rustok.kernel.db import refusal
from rustok.kernel.importing import Progress, Skipped, Summary

BATCH = 200
"""Nodes in one transaction, comments among them."""
STATUSES = {"publish": Status.PUBLISHED, "future": Status.PUBLISHED, "inherit": Status.PUBLISHED,
            "private": Status.PRIVATE}  # fmt: skip
"""Everything else is a draft. The content service turns a moment to come into a schedule."""
COMMENT_STATUSES = {"approved": Status.PUBLISHED, "pending": Status.PENDING, "spam": Status.SPAM}

OpenContext: TypeAlias = Callable[[], AbstractAsyncContextManager[Context]]


async def write(open_context: OpenContext, export: Export, summary: Summary, progress: Progress | None) -> None:
    """Write everything, each batch in a context of its own."""
    site = export.site
    known = await writing_terms.write(open_context, site, summary)
    source = _source(site)
    waiting: dict[str, NodeDraft] = {}
    batches = _batches(export.entries, summary)
    done = 0
    while batch := await asyncio.to_thread(next, batches, None):
        drafts = [_node(entry, source, known, summary) for entry in batch]
        async with open_context() as context:
            outcomes = await _save(context, drafts)
        _count(outcomes, drafts, summary, waiting)
        for _, outcome in outcomes:
            known.nodes.update(outcome.ids_by_key)
        done += len(batch)
        if progress is not None:
            progress(done, site.entries)
    await _root(open_context, waiting, known, summary)
    await writing_menus.write(open_context, site, source, known, summary)


def _source(site: Site) -> str:
    """What keys of this site begin with: the numbers of two sites are not the same things."""
    host = urlsplit(site.link).hostname or "site"
    return f"wordpress:{host[:100]}"


def _batches(entries: Iterator[Entry | Skipped], summary: Summary) -> Iterator[list[Entry]]:
    batch: list[Entry] = []
    weight = 0
    for one in entries:
        if isinstance(one, Skipped):
            summary.skipped.append(one)
            continue
        if one.dropped:
            summary.warn(one.line, f"left out what only WordPress can show: {', '.join(one.dropped)}", one.title[:100])
        batch.append(one)
        weight += 1 + len(one.comments)
        if weight >= BATCH:
            yield batch
            batch, weight = [], 0
    if batch:
        yield batch


def _node(entry: Entry, source: str, known: Known, summary: Summary) -> NodeDraft:
    author_id = known.authors.get(entry.author)
    metadata = {"source": entry.link, "format": entry.format, "wordpress_status": entry.original_status}
    return NodeDraft(
        kind=entry.kind,
        slug=entry.slug,
        title=entry.title,
        body=entry.body_html,
        excerpt=entry.excerpt[:5_000] or None,
        status=STATUSES.get(entry.original_status, Status.DRAFT),
        external_key=f"{source}:{entry.id}" if entry.id else None,
        parent_key=f"{source}:{entry.parent}" if entry.parent else "",
        position=entry.position,
        author_id=author_id,
        author_name=None if author_id else known.author_names.get(entry.author, entry.author) or None,
        categories=entry.categories,
        tags=tuple(dict.fromkeys(known.tag_names[slug] for slug in entry.tags if slug in known.tag_names)),
        seo=Meta(title=entry.seo_title or None, description=entry.seo_description or None)
        if entry.seo_title or entry.seo_description
        else None,
        cover_media_id=known.media.get(entry.cover.url) if entry.cover else None,
        sticky=entry.sticky,
        comments_open=entry.comments_open,
        password=entry.password,
        metadata={name: value for name, value in metadata.items() if value},
        created_at=entry.created_at,
        updated_at=entry.updated_at,
        published_at=entry.published_at,
        comments=tuple(_comments(entry, source, summary)),
        line=entry.line,
    )


def _comments(entry: Entry, source: str, summary: Summary) -> Iterator[CommentDraft]:
    """All but those in the trash; who answers one of those answers what it had answered."""
    by_id = {comment.id: comment for comment in entry.comments}
    for comment in entry.comments:
        status = COMMENT_STATUSES.get(comment.status)
        if status is None:
            summary.skip(comment.line, "the comment is in the trash", f"{comment.author} on {entry.title}"[:100])
            continue
        parent = _kept_parent(comment, by_id)
        yield CommentDraft(
            external_key=f"{source}:comment:{comment.id}" if comment.id > 0 else f"{source}:{entry.id}:{comment.id}",
            parent_key=f"{source}:comment:{parent}" if parent else None,
            body=comment.body_html,
            status=status,
            author_name=comment.author or None,
            author_url=comment.url or None,
            author_email=comment.email or None,
            created_at=comment.created_at or entry.published_at or entry.created_at,
            line=comment.line,
        )


def _kept_parent(comment: Comment, by_id: dict[int, Comment]) -> int:
    parent = by_id.get(comment.parent)
    while parent is not None and parent.status not in COMMENT_STATUSES:
        parent = by_id.get(parent.parent)
    return parent.id if parent is not None else 0


async def _save(context: Context, drafts: Sequence[NodeDraft]) -> list[tuple[str, Outcome]]:
    """Save a batch; when PostgreSQL refuses something of it, one draft after the other, so that it stays alone."""
    saved: list[tuple[str, Outcome]] = []
    for kind in dict.fromkeys(draft.kind for draft in drafts):
        alike = [draft for draft in drafts if draft.kind == kind]
        outcome, _ = await _try(context, alike)
        if outcome is not None:
            saved.append((kind, outcome))
            continue
        for draft in alike:
            outcome, reason = await _try(context, [draft])
            saved.append((kind, outcome or Outcome(refused=[Refused(draft.key, reason, draft.line)])))
    return saved


async def _try(context: Context, drafts: Sequence[NodeDraft]) -> tuple[Outcome | None, str]:
    told = len(context.recorded)
    try:
        async with context.session.begin_nested():
            return await saving.save_many(context, drafts), ""
    except (errors.RustokError, DBAPIError) as error:
        if isinstance(error, DBAPIError) and error.connection_invalidated:
            raise
        del context.recorded[told:]
        context.session.expunge_all()
        meaning = refusal(error) if isinstance(error, DBAPIError) else error
        return None, str(meaning) if meaning is not None else "the database refuses it"


def _count(
    saved: Sequence[tuple[str, Outcome]], drafts: Sequence[NodeDraft], summary: Summary, waiting: dict[str, NodeDraft]
) -> None:
    titles = {draft.key: draft.title or draft.slug or "" for draft in drafts}
    titles |= {comment.external_key: f"comment on {draft.title}" for draft in drafts for comment in draft.comments}
    by_key = {draft.key: draft for draft in drafts}
    for kind, outcome in saved:
        summary.count(kind, created=outcome.created, updated=outcome.updated, unchanged=outcome.unchanged)
        if outcome.comments_created or outcome.comments_updated or outcome.comments_unchanged:
            summary.count(
                "comment",
                created=outcome.comments_created,
                updated=outcome.comments_updated,
                unchanged=outcome.comments_unchanged,
            )
        for one in outcome.refused:
            summary.skip(one.line, one.reason, titles.get(one.key, one.key)[:100])
        for one in outcome.warnings:
            if one.key not in outcome.orphans:
                summary.warn(one.line, one.reason, titles.get(one.key, one.key)[:100])
        waiting.update({key: by_key[key] for key in outcome.orphans if key in by_key})


async def _root(open_context: OpenContext, waiting: dict[str, NodeDraft], known: Known, summary: Summary) -> None:
    """Pages that came before their parents go below them now."""
    drafts = [replace(draft, comments=()) for draft in waiting.values() if draft.parent_key in known.nodes]
    for start in range(0, len(drafts), BATCH):
        async with open_context() as context:
            await _save(context, drafts[start : start + BATCH])
    for draft in waiting.values():
        if draft.parent_key not in known.nodes:
            summary.warn(draft.line, "its parent is not in the file: it stands at the top", (draft.title or "")[:100])
