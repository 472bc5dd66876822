"""Redirects as verbs: remember the slug that a thing gave up, and forget it when something else takes it.

A redirect names its target by id, so a thing that moves ten times has ten redirects and no chain. Nodes are told apart
by kind, as their slugs are: their target type is `node:post`, `node:page` and so on; all others use their plain one.
"""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, Text, Uuid, delete, literal, select
from sqlalchemy.dialects.postgresql import insert

from rustok.core import rows
from rustok.core.redirects.glue import previous_of
from rustok.core.redirects.models import Redirect
from rustok.events.content import RedirectCreated, RedirectDeleted
from rustok.kernel import bus, errors, slugs
from rustok.kernel.context import Context

__all__ = [
    "Entry",
    "claimed",
    "create",
    "every",
    "find",
    "forget",
    "moved",
    "moved_many",
    "previous",
    "previous_of",
    "remove",
]

_TARGET_TYPE = re.compile(r"[a-z][a-z0-9_]{0,31}(?::[a-z][a-z0-9_]{0,31})?")


@dataclass(frozen=True, slots=True)
class Entry:
    """One redirect as it stands."""

    target_type: str
    slug: str
    target_id: UUID
    created_at: datetime


async def moved(
    context: Context, target_type: str, target_id: UUID, *, old: str | None, new: str | None = None
) -> None:
    """The target gave up the slug `old` and, where `new` is said, is called `new` from now on."""
    await moved_many(context, target_type, [(target_id, old, new)])


async def moved_many(
    context: Context,
    target_type: str,
    changes: Iterable[tuple[UUID, str | None] | tuple[UUID, str | None, str | None]],
) -> None:
    """The same for many targets: (id, old) or (id, old, new). Redirects under the new slugs are taken away."""
    given_up: dict[str, UUID] = {}
    taken: set[str] = set()
    for target_id, old, *rest in changes:
        new = rest[0] if rest else None
        if new:
            taken.add(new)
        if old and old != new:
            given_up[old] = target_id
    await claimed(context, target_type, taken)
    await _point(context, target_type, {slug: target for slug, target in given_up.items() if slug not in taken})


async def claimed(context: Context, target_type: str, taken: Collection[str]) -> None:
    """Living things have these slugs now: redirects that they would shadow go, and their targets are told."""
    if not taken:
        return
    _check_target_type(target_type)
    gone = await context.session.execute(
        delete(Redirect)
        .where(Redirect.target_type == target_type, rows.is_one_of_texts(Redirect.slug, taken))
        .returning(Redirect.target_id, Redirect.slug)
    )
    for target_id, slug in sorted(gone):
        bus.record(context, RedirectDeleted(target_type=target_type, target_id=target_id, slug=slug))


async def create(context: Context, target_type: str, target_id: UUID, *, slug: str) -> Entry:
    """Let a slug that nothing has lead to the target; raises `Conflict` when it leads elsewhere already."""
    _check_target_type(target_type)
    slug = slugs.check_slug(slug)
    existing = await find(context, target_type, slug)
    if existing is not None and existing != target_id:
        raise errors.Conflict(f"{slug} redirects to something else already", field="slug")
    await _point(context, target_type, {slug: target_id})
    return Entry(target_type, slug, target_id, context.now)


async def remove(context: Context, target_type: str, *, slug: str) -> None:
    """Take one redirect away; raises `NotFound`."""
    if await find(context, target_type, slug) is None:
        raise errors.NotFound("there is no such redirect")
    await claimed(context, target_type, [slug])


async def forget(context: Context, target_type: str, target_ids: Collection[UUID]) -> None:
    """The targets are gone, and with them every redirect to them; their own events tell it."""
    if target_ids:
        await context.session.execute(
            delete(Redirect).where(
                Redirect.target_type == target_type,
                rows.is_one_of(Redirect.target_id, target_ids),
            )
        )


async def find(context: Context, target_type: str, slug: str) -> UUID | None:
    """The target that once had the slug."""
    found: UUID | None = await context.session.scalar(
        select(Redirect.target_id).where(Redirect.target_type == target_type, Redirect.slug == slug)
    )
    return found


async def previous(context: Context, target_type: str, target_id: UUID) -> list[str]:
    """The slugs that the target had before."""
    found = await context.session.scalars(
        select(Redirect.slug)
        .where(Redirect.target_type == target_type, Redirect.target_id == target_id)
        .order_by(Redirect.slug)
    )
    return list(found)


def every(*, target_type: str | None = None, target_id: UUID | None = None) -> Select[Redirect]:
    """A select of redirects for lists of staff; the caller sorts and pages it."""
    statement = select(Redirect)
    if target_type is not None:
        statement = statement.where(Redirect.target_type == target_type)
    if target_id is not None:
        statement = statement.where(Redirect.target_id == target_id)
    return statement


async def _point(context: Context, target_type: str, targets: dict[str, UUID]) -> None:
    """Let each slug lead to its target; whoever it led to before is told that it does not any more."""
    if not targets:
        return
    _check_target_type(target_type)
    found = await context.session.execute(
        select(Redirect.slug, Redirect.target_id)
        .where(Redirect.target_type == target_type, rows.is_one_of_texts(Redirect.slug, targets))
        .order_by(Redirect.slug)
        .with_for_update(key_share=True)
    )
    before = dict(found.all())
    changed = {slug: target for slug, target in sorted(targets.items()) if before.get(slug) != target}
    if changed:
        new = rows.table(list(changed.items()), slug=Text, target_id=Uuid)
        statement = insert(Redirect).from_select(
            ["tenant_id", "target_type", "slug", "target_id"],
            select(literal(context.tenant_id, Uuid), literal(target_type), new.c.slug, new.c.target_id),
        )
        await context.session.execute(
            statement.on_conflict_do_update(
                constraint="pk_redirects",
                set_={"target_id": statement.excluded.target_id, "created_at": context.now},
            )
        )
    for slug, target in changed.items():
        if slug in before:
            bus.record(context, RedirectDeleted(target_type=target_type, target_id=before[slug], slug=slug))
        bus.record(context, RedirectCreated(target_type=target_type, target_id=target, slug=slug))


def _check_target_type(target_type: str) -> None:
    if not _TARGET_TYPE.fullmatch(target_type):
        raise errors.Invalid(f"{target_type[:40]!r} is not a kind of target", field="targetType")
