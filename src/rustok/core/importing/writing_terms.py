"""Write what a WordPress site's entries refer to: authors, categories, tags and pictures."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import TypeAlias
from urllib.parse import urlsplit
from uuid import UUID

from sqlalchemy import func, select

from rustok.core import rows
from rustok.core.categories import saving as categories
from rustok.core.categories.saving import CategoryDraft
from rustok.core.importing.site import Site
from rustok.core.media import service as media
from rustok.core.media.models import Media
from rustok.core.media.models import Status as MediaStatus
from rustok.core.tags import naming
from rustok.core.tags import service as tags
from rustok.core.tags.models import Tag
from rustok.core.users import service as users
from rustok.kernel import errors
from rustok.kernel.context import Context
from rustok.kernel.importing import Summary

BATCH = 500
FETCHABLE = {"jpg", "jpeg", "jpe", "png", "gif", "webp", "avif", "pdf", "mp4", "m4v", "webm", "mp3"}

OpenContext: TypeAlias = Callable[[], AbstractAsyncContextManager[Context]]


@dataclass(slots=True)
class Known:
    """Ids of what was written, by the names that entries use for it."""

    authors: dict[str, UUID] = field(default_factory=dict)
    author_names: dict[str, str] = field(default_factory=dict)
    categories: dict[str, UUID] = field(default_factory=dict)
    tag_names: dict[str, str] = field(default_factory=dict)
    tags: dict[str, UUID] = field(default_factory=dict)
    media: dict[str, UUID] = field(default_factory=dict)
    nodes: dict[str, UUID] = field(default_factory=dict)
    """By external key, comments among them."""


async def write(open_context: OpenContext, site: Site, summary: Summary) -> Known:
    """Write authors, categories, tags and pictures."""
    known = Known()
    async with open_context() as context:
        _compare_language(context, site, summary)
        await _write_authors(context, site, known, summary)
    await _write_categories(open_context, site, known, summary)
    async with open_context() as context:
        await _write_tags(context, site, known, summary)
    await _write_pictures(open_context, site, known, summary)
    return known


def _compare_language(context: Context, site: Site, summary: Summary) -> None:
    language = site.language.replace("_", "-").split("-")[0].casefold()
    if language and language != context.tenant.default_locale.split("-")[0].casefold():
        reason = f"the site is in {site.language[:20]}, this tenant's texts are in {context.tenant.default_locale}"
        summary.warn(None, reason, site.title[:100])


async def _write_authors(context: Context, site: Site, known: Known, summary: Summary) -> None:
    """Authors become accounts that nobody can log in to until they ask for a password."""
    known.author_names = {author.login: author.name for author in site.authors.values()}
    existing = await users.ids_by_email(context, [author.email for author in site.authors.values() if author.email])
    for author in site.authors.values():
        if not author.email:
            continue
        if author.email in existing:
            known.authors[author.login] = existing[author.email]
            summary.count("author", unchanged=1)
            continue
        try:
            user = await users.register_quietly(context, email=author.email, password=None, name=author.name)
        except errors.RustokError as error:
            summary.warn(author.line, f"{error}: texts carry the author's name only", author.name[:100])
            continue
        if user is None:
            existing |= await users.ids_by_email(context, [author.email])
            known.authors[author.login] = existing[author.email]
            summary.count("author", unchanged=1)
        else:
            known.authors[author.login] = user.id
            summary.count("author", created=1)


async def _write_categories(open_context: OpenContext, site: Site, known: Known, summary: Summary) -> None:
    drafts = [
        CategoryDraft(
            slug=term.slug, name=term.name, parent=term.parent, description=term.description or None, line=term.line
        )
        for term in site.categories.values()
    ]
    for start in range(0, len(drafts), BATCH):
        async with open_context() as context:
            outcome = await categories.save_many(context, drafts[start : start + BATCH])
        summary.count("category", created=outcome.created, updated=outcome.updated, unchanged=outcome.unchanged)
        known.categories |= outcome.ids_by_slug
        for draft, reason in outcome.refused:
            if draft.slug in outcome.ids_by_slug:
                summary.warn(draft.line, reason, draft.name[:100])
            else:
                summary.skip(draft.line, reason, draft.name[:100])


async def _write_tags(context: Context, site: Site, known: Known, summary: Summary) -> None:
    slugs_by_name: dict[str, str] = {}
    keys: dict[str, str] = {}
    for term in site.tags.values():
        try:
            name = naming.clean(term.name)
            key = naming.key_of(term.name)
        except errors.RustokError as error:
            summary.skip(term.line, str(error), term.name[:100])
            continue
        if key in keys:
            summary.warn(term.line, f"the tag is called like the tag “{keys[key]}”: they became one", term.slug)
        keys.setdefault(key, term.slug)
        known.tag_names[term.slug] = name
        slugs_by_name.setdefault(name, term.slug)
    if not slugs_by_name:
        return
    before = set(await context.session.scalars(select(Tag.id)))
    found = await tags.ensure(context, slugs_by_name, slugs_by_name=slugs_by_name)
    known.tags = {slug: found[name] for slug, name in known.tag_names.items() if name in found}
    ids = set(found.values())
    summary.count("tag", created=len(ids - before), unchanged=len(ids & before))


async def _write_pictures(open_context: OpenContext, site: Site, known: Known, summary: Summary) -> None:
    """Attachments are known by their address until `rustok media fetch` brings them."""
    wanted: list[tuple[str, str]] = []
    for one in site.attachments.values():
        ending = urlsplit(one.url).path.rpartition(".")[2].casefold()
        if ending in FETCHABLE:
            wanted.append((one.url, one.alt))
        else:
            summary.warn(one.line, "a file of this kind stays where it is", one.title or one.url[-100:])
    for start in range(0, len(wanted), BATCH):
        async with open_context() as context:
            before = await context.session.scalar(select(func.count(Media.id))) or 0
            found = await media.register_remote_many(context, wanted[start : start + BATCH])
            created = (await context.session.scalar(select(func.count(Media.id))) or 0) - before
            ids = set(found.values())
            remote = await context.session.scalar(
                select(func.count(Media.id)).where(rows.is_one_of(Media.id, ids), Media.status != MediaStatus.STORED)
            )
        known.media |= found
        summary.remote_pictures += remote or 0
        summary.count("attachment", created=created, unchanged=len(ids) - created)
