"""Pages and posts as verbs: write, change, translate and unlock; the other verbs are split off and offered here too.

Comments have verbs of their own in `comments`; importers write by the hundred through `saving`.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select

from rustok.core import texts, trees
from rustok.core.categories import service as categories
from rustok.core.content import counting, filing, placing, reading, rendering, telling, writing
from rustok.core.content.models import Body, Node, Status
from rustok.core.content.moving import HasChildren, delete, delete_many, move
from rustok.core.content.publishing import archive, make_private, publish, restore, schedule, set_status, unpublish
from rustok.core.content.reading import COMMENT, TARGET
from rustok.core.keeping import KEEP, Keep
from rustok.core.redirects import service as redirects
from rustok.core.tags import service as tags
from rustok.core.translations import service as translations
from rustok.core.users import passwords
from rustok.events.content import NodeCreated, NodeUpdated
from rustok.kernel import bus, errors, slugs
from rustok.kernel.context import Context
from rustok.kernel.ids import generate_id

__all__ = [
    "HasChildren",
    "WrongPassword",
    "archive",
    "create",
    "delete",
    "delete_many",
    "make_private",
    "move",
    "publish",
    "restore",
    "schedule",
    "set_status",
    "translate",
    "unlock",
    "unpublish",
    "update",
]


class WrongPassword(errors.Invalid):
    """The password does not open the page."""

    code = "wrong_password"


async def create(
    context: Context,
    *,
    kind: str,
    title: str | None = None,
    slug: str | None = None,
    body: str = "",
    format: str = rendering.Format.MARKDOWN,
    excerpt: str | None = None,
    parent_id: UUID | None = None,
    author_id: UUID | Keep | None = KEEP,
    author_name: str | None = None,
    category_ids: Sequence[UUID] = (),
    tag_names: Sequence[str] = (),
    cover_media_id: UUID | None = None,
    position: int | None = None,
    sticky: bool = False,
    comments_open: bool = True,
    password: str | None = None,
    metadata: Mapping[str, Any] | None = None,
) -> Node:
    """Write a draft. Without a slug one is made from the title; without an author it is the one who acts."""
    if writing.check_kind(kind) == COMMENT:
        raise errors.Invalid("comments are added to a node: see comments.add_comment", field="kind")
    checked_title = writing.check_title(title)
    written = await writing.render(body, format=format, kind=kind)
    await categories.check_exist(context, category_ids)
    await writing.check_cover(context, cover_media_id)
    depth = 0
    if parent_id is not None:
        await trees.lock(context, Node.__tablename__)
        depth = (await placing.parent_of_pages(context, parent_id)).depth + 1
    node = Node(
        tenant_id=context.tenant_id,
        id=generate_id(),
        kind=kind,
        title=checked_title,
        slug=await placing.new_slug(context, kind, slug, checked_title),
        excerpt=writing.check_excerpt(excerpt),
        parent_id=parent_id,
        depth=depth,
        author_id=context.actor.user_id if author_id is KEEP else author_id,
        author_name=writing.check_author(author_name),
        cover_media_id=cover_media_id,
        position=position if position is not None else await placing.last_position(context, kind, parent_id),
        sticky=sticky,
        comments_open=comments_open,
        password_hash=await writing.password_hash(password),
        metadata_=texts.check_settings(metadata or {}, field="metadata"),
        created_at=context.now,
        updated_at=context.now,
    )
    context.session.add(node)
    await context.session.flush()
    await writing.save_bodies(context, [(node.id, written)])
    await filing.file_many(context, {node.id: category_ids})
    bus.record(context, NodeCreated(node_id=node.id, kind=kind, author_id=node.author_id))
    await redirects.claimed(context, placing.redirect_target(kind), [node.slug or ""])
    if tag_names:
        await tags.set_tags(context, TARGET, node.id, names=tag_names)
    return await reading.get(context, node.id)


async def update(
    context: Context,
    node_id: UUID,
    *,
    version: int | None = None,
    title: str | Keep | None = KEEP,
    slug: str | None = None,
    body: str | None = None,
    format: str | None = None,
    excerpt: str | Keep | None = KEEP,
    author_id: UUID | Keep | None = KEEP,
    author_name: str | Keep | None = KEEP,
    category_ids: Sequence[UUID] | None = None,
    tag_names: Sequence[str] | None = None,
    cover_media_id: UUID | Keep | None = KEEP,
    position: int | None = None,
    sticky: bool | None = None,
    comments_open: bool | None = None,
    password: str | Keep | None = KEEP,
    metadata: Mapping[str, Any] | None = None,
    published_at: datetime | None = None,
) -> Node:
    """Change what is named; raises `Stale` when `version` is not the stored one. An old slug redirects."""
    node = await reading.get(context, node_id, lock=True)
    placing.check_version(node, version)
    changes: dict[str, Any] = {
        "position": position if position is not None else node.position,
        "sticky": sticky if sticky is not None else node.sticky,
        "comments_open": comments_open if comments_open is not None else node.comments_open,
    }
    if title is not KEEP:
        changes["title"] = writing.check_title(title)
    if slug is not None and slugs.check_slug(slug) != node.slug:
        changes["slug"] = await placing.new_slug(context, node.kind, slug, None)
    if excerpt is not KEEP:
        changes["excerpt"] = writing.check_excerpt(excerpt)
    if author_id is not KEEP:
        changes["author_id"] = author_id
    if author_name is not KEEP:
        changes["author_name"] = writing.check_author(author_name)
    if cover_media_id is not KEEP:
        await writing.check_cover(context, cover_media_id)
        changes["cover_media_id"] = cover_media_id
    if metadata is not None:
        changes["metadata_"] = texts.check_settings(metadata, field="metadata")
    if published_at is not None and node.published_at is not None:
        if published_at > context.now:
            raise errors.Invalid("use schedule for a time to come", field="publishedAt")
        changes["published_at"] = published_at
    if password is not KEEP and not (password and await passwords.verify(node.password_hash, password)):
        changes["password_hash"] = await writing.password_hash(password)
    changes = {name: value for name, value in changes.items() if value != getattr(node, name)}
    written = await _rewritten(context, node, body, format)
    filed = set()
    before: list[UUID] = []
    if category_ids is not None:
        await categories.check_exist(context, category_ids)
        before = (await reading.categories_of(context, [node_id]))[node_id]
        filed = await filing.file_many(context, {node_id: category_ids})
    if tag_names is not None:
        await tags.set_tags(context, TARGET, node_id, names=tag_names)
    if not (changes or written or filed):
        return node
    old = node.slug
    for name, value in changes.items():
        setattr(node, name, value)
    node.version += 1
    node.updated_at = context.now
    await context.session.flush()
    if written:
        await writing.save_bodies(context, [(node_id, written)])
    if node.slug != old:
        await redirects.moved(context, placing.redirect_target(node.kind), node_id, old=old, new=node.slug)
    bus.record(context, NodeUpdated(node_id=node_id))
    if node.kind == COMMENT:
        telling.about(context, [node.root_id])
    if filed:
        await counting.nodes(context, {*before, *(category_ids or ())})
    return await reading.get(context, node_id)


async def unlock(context: Context, node_id: UUID, *, password: str) -> str:
    """The HTML of a published page that a password protects; raises `WrongPassword`.

    A page that is not there, not published or not protected answers the same, after the same time.
    """
    found = (
        await context.session.execute(
            select(Node.password_hash, Body.html)
            .outerjoin(Body, (Body.tenant_id == Node.tenant_id) & (Body.node_id == Node.id))
            .where(Node.id == node_id, Node.status == Status.PUBLISHED)
        )
    ).one_or_none()
    fits = await passwords.verify(found.password_hash if found else None, password[: 4 * writing.LONGEST_PASSWORD])
    if not fits or found is None:
        raise WrongPassword("this password does not open the page", field="password")
    return str(found.html or "")


async def translate(
    context: Context,
    node_id: UUID,
    *,
    locale: str,
    title: str | Keep | None = KEEP,
    excerpt: str | Keep | None = KEEP,
    body: str | Keep | None = KEEP,
    format: str = rendering.Format.MARKDOWN,
) -> dict[str, str]:
    """Write the node's texts in another language; the body is rendered like the original one. Returns all fields."""
    await reading.get(context, node_id)
    fields: dict[str, str | None] = {}
    if title is not KEEP:
        fields["title"] = writing.check_title(title)
    if excerpt is not KEEP:
        fields["excerpt"] = writing.check_excerpt(excerpt)
    if body is not KEEP:
        written = await writing.render(body or "", format=format, kind="page")
        fields["body"] = written.html
        fields["source"] = written.body if written.format != rendering.Format.HTML else None
        fields["format"] = written.format if fields["source"] else None
    await translations.set_fields(context, TARGET, node_id, locale=locale, fields=fields)
    return (await translations.get(context, TARGET, node_id)).get(locale, {})


async def _rewritten(context: Context, node: Node, body: str | None, format: str | None) -> writing.Written | None:
    """What the body becomes, or nothing where it stays as it is."""
    if body is None and format is None:
        return None
    stored = await reading.body_of(context, node.id)
    source = body if body is not None else (stored.body or "" if stored else "")
    wanted = format or (stored.format if stored else rendering.Format.MARKDOWN)
    if stored is not None and (stored.body, stored.format) == (source, wanted):
        return None
    return await writing.render(source, format=wanted, kind=node.kind)
