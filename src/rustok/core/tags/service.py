"""Tags as verbs: what carries them, renaming, merging and deleting; use counts are exact in every transaction."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, Integer, Select, Text, Uuid, delete, func, literal, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert

from rustok.core import rows
from rustok.core.redirects import service as redirects
from rustok.core.tags import naming
from rustok.core.tags.glue import ids_of, links_of, names_of, slugs_of
from rustok.core.tags.models import Tag, Taggable
from rustok.core.translations import service as translations
from rustok.events.core import TagAttached, TagDeleted, TagDetached, TagUpdated
from rustok.kernel import bus, errors, slugs
from rustok.kernel.context import Context
from rustok.kernel.ids import generate_id

__all__ = [
    "delete_many",
    "detach_all",
    "ensure",
    "every",
    "get",
    "ids_of",
    "links_of",
    "merge",
    "names",
    "names_of",
    "rename",
    "set_many",
    "set_tags",
    "slugs_of",
]

TARGET = "tag"
MOST_PER_TARGET = 250


async def set_tags(context: Context, target_type: str, target_id: UUID, *, names: Sequence[str]) -> None:
    """Let the target carry exactly these tags; unknown ones are made."""
    await set_many(context, target_type, {target_id: names})


async def set_many(context: Context, target_type: str, names_by_id: Mapping[UUID, Sequence[str]]) -> None:
    """The same for many targets in a few statements; raises `InvalidTag` before anything is written."""
    translations.check_target_type(target_type)
    for names in names_by_id.values():
        if len({naming.key_of(name) for name in names}) > MOST_PER_TARGET:
            raise naming.InvalidTag(f"a thing carries at most {MOST_PER_TARGET} tags", field="tags")
    known = await ensure(context, {name for names in names_by_id.values() for name in names})
    wanted = {(target_id, known[name]) for target_id, names in names_by_id.items() for name in names}
    carried = set(
        await context.session.execute(
            select(Taggable.target_id, Taggable.tag_id).where(_among(target_type, names_by_id))
        )
    )
    await _detach(context, target_type, carried - wanted)
    await _attach(context, target_type, wanted - carried)


async def detach_all(context: Context, target_type: str, target_ids: Collection[UUID]) -> None:
    """The targets carry no tags any more, for instance because they are gone."""
    if not target_ids:
        return
    carried = await context.session.execute(
        select(Taggable.target_id, Taggable.tag_id).where(_among(target_type, target_ids))
    )
    await _detach(context, target_type, set(carried))


async def ensure(
    context: Context, names: Iterable[str], *, slugs_by_name: Mapping[str, str] | None = None
) -> dict[str, UUID]:
    """The ids of tags by the names asked for; what does not exist is made, with the given slug where it is free."""
    keys = {name: naming.key_of(name) for name in names}
    preferred = {keys[name]: slug for name, slug in (slugs_by_name or {}).items() if name in keys}
    shown: dict[str, str] = {}
    for name in sorted(keys):
        shown.setdefault(keys[name], naming.clean(name))
    found = await _ids_by_key(context, shown)
    # Somebody else may take a slug between our look and our insert; then their row is visible in the next round.
    for _ in range(5):
        missing = sorted(set(shown) - set(found))
        if not missing:
            break
        wishes = {key: (preferred.get(key) or naming.slug_of(shown[key]))[: naming.LONGEST - 6] for key in missing}
        stem = func.regexp_replace(Tag.slug, "-[0-9]+$", "")
        taken = set(
            await context.session.scalars(
                select(Tag.slug).where(
                    rows.is_one_of_texts(Tag.slug, wishes.values()) | rows.is_one_of_texts(stem, wishes.values())
                )
            )
        )
        made = []
        for key in missing:
            slug = slugs.unique(wishes[key], taken)
            taken.add(slug)
            made.append((generate_id(), shown[key], key, slug))
        new = rows.table(made, id=Uuid, name=Text, name_key=Text, slug=Text)
        await context.session.execute(
            insert(Tag)
            .from_select(
                ["tenant_id", "id", "name", "name_key", "slug"],
                select(literal(context.tenant_id, Uuid), *new.c),
            )
            .on_conflict_do_nothing()
        )
        found |= await _ids_by_key(context, missing)
        ours = {id_ for id_, *_ in made}
        bus.record_many(context, (TagUpdated(tag_id=id_) for id_ in found.values() if id_ in ours))
    else:
        raise errors.Conflict("tags of the same names are being made elsewhere; try again", field="tags")
    return {name: found[key] for name, key in keys.items()}


async def names(context: Context, target_type: str, target_ids: Collection[UUID]) -> dict[UUID, list[str]]:
    """The names of the tags that each target carries, alphabetically."""
    found: dict[UUID, list[str]] = {target_id: [] for target_id in target_ids}
    for target_id, name in await context.session.execute(
        select(Taggable.target_id, Tag.name)
        .join(Tag, (Tag.tenant_id == Taggable.tenant_id) & (Tag.id == Taggable.tag_id))
        .where(_among(target_type, target_ids))
        .order_by(Tag.name_key)
    ):
        found[target_id].append(name)
    return found


async def get(context: Context, tag_id: UUID, *, lock: bool = False) -> Tag:
    """The tag; raises `NotFound`."""
    statement = select(Tag).where(Tag.id == tag_id).execution_options(populate_existing=True)
    tag = await context.session.scalar(statement.with_for_update(key_share=True) if lock else statement)
    if tag is None:
        raise errors.NotFound("there is no such tag")
    return tag


async def rename(
    context: Context, tag_id: UUID, *, name: str | None = None, slug: str | None = None, version: int | None = None
) -> Tag:
    """Give the tag another name or address; the old address redirects. Raises `Conflict` where another tag has it."""
    tag = await get(context, tag_id, lock=True)
    if version is not None and version != tag.version:
        raise errors.Stale("the tag was changed by somebody else", field="version")
    key = naming.key_of(name) if name is not None else tag.name_key
    other = await context.session.scalar(select(Tag.id).where(Tag.name_key == key, Tag.id != tag_id))
    if other is not None:
        raise errors.Conflict("another tag has this name: merge the two instead", field="name")
    if slug is None:
        slug = await _free_slug(context, tag, name) if name is not None and key != tag.name_key else tag.slug
    else:
        slug = slugs.check_slug(slug)
        if len(slug) > naming.LONGEST:
            raise slugs.InvalidSlug(f"a tag's slug has at most {naming.LONGEST} characters", field="slug")
        if await context.session.scalar(select(Tag.id).where(Tag.slug == slug, Tag.id != tag_id)) is not None:
            raise errors.Conflict("another tag has this slug", field="slug")
    shown = naming.clean(name) if name is not None else tag.name
    if (shown, slug) == (tag.name, tag.slug):
        return tag
    old, tag.name, tag.name_key, tag.slug = tag.slug, shown, key, slug
    tag.version += 1
    tag.updated_at = context.now
    await context.session.flush()
    if old != slug:
        await redirects.moved(context, TARGET, tag_id, old=old, new=slug)
    bus.record(context, TagUpdated(tag_id=tag_id))
    return tag


async def merge(context: Context, tag_id: UUID, *, into: UUID) -> Tag:
    """Whatever carries the tag carries the other one instead; the tag is gone and its address redirects."""
    if tag_id == into:
        raise errors.Invalid("a tag cannot be merged into itself", field="into")
    for one in sorted((tag_id, into)):
        await get(context, one, lock=True)
    gone = await get(context, tag_id)
    carried = await context.session.execute(
        select(Taggable.target_type, Taggable.target_id).where(Taggable.tag_id == tag_id)
    )
    by_type: dict[str, set[tuple[UUID, UUID]]] = {}
    for target_type, target_id in carried:
        by_type.setdefault(target_type, set()).add((target_id, into))
    for target_type, pairs in sorted(by_type.items()):
        await _attach(context, target_type, pairs)
    old_slugs = [gone.slug, *await redirects.previous(context, TARGET, tag_id)]
    await delete_many(context, [tag_id])
    await redirects.moved_many(context, TARGET, [(into, slug) for slug in old_slugs])
    bus.record(context, TagUpdated(tag_id=into))
    return await get(context, into)


async def delete_many(context: Context, tag_ids: Collection[UUID]) -> int:
    """Take tags away from everything and delete them; raises `NotFound` when one of them does not exist."""
    wanted = sorted(set(tag_ids))
    for tag_id in wanted:
        await get(context, tag_id, lock=True)
    pairs = await context.session.execute(
        select(Taggable.target_type, Taggable.target_id, Taggable.tag_id).where(rows.is_one_of(Taggable.tag_id, wanted))
    )
    for target_type, target_id, tag_id in sorted(pairs):
        bus.record(context, TagDetached(tag_id=tag_id, target_type=target_type, target_id=target_id))
    await translations.delete_all(context, TARGET, wanted)
    await redirects.forget(context, TARGET, wanted)
    await context.session.execute(delete(Tag).where(rows.is_one_of(Tag.id, wanted)))
    bus.record_many(context, (TagDeleted(tag_id=tag_id) for tag_id in wanted))
    return len(wanted)


def _among(target_type: str, target_ids: Iterable[UUID]) -> ColumnElement[bool]:
    return (Taggable.target_type == target_type) & rows.is_one_of(Taggable.target_id, target_ids)


async def _ids_by_key(context: Context, keys: Collection[str]) -> dict[str, UUID]:
    found = await context.session.execute(select(Tag.name_key, Tag.id).where(rows.is_one_of_texts(Tag.name_key, keys)))
    return dict(found.all())


async def _free_slug(context: Context, tag: Tag, name: str) -> str:
    wish = naming.slug_of(name)
    taken = await context.session.scalars(
        select(Tag.slug).where(Tag.slug.startswith(wish, autoescape=True), Tag.id != tag.id)
    )
    return slugs.unique(wish, set(taken))


async def _attach(context: Context, target_type: str, pairs: Collection[tuple[UUID, UUID]]) -> None:
    """Insert (target, tag) pairs that are not there, count what was really inserted, and tell it."""
    if not pairs:
        return
    ordered = sorted(pairs)
    given = rows.table(ordered, target_id=Uuid, tag_id=Uuid)
    await _lock(context, {tag for _, tag in ordered})
    inserted = await context.session.execute(
        insert(Taggable)
        .from_select(
            ["tenant_id", "target_type", "target_id", "tag_id"],
            select(literal(context.tenant_id, Uuid), literal(target_type), given.c.target_id, given.c.tag_id),
        )
        .on_conflict_do_nothing()
        .returning(Taggable.target_id, Taggable.tag_id)
    )
    done = sorted(inserted)
    await _count(context, Counter(tag_id for _, tag_id in done))
    for target_id, tag_id in done:
        bus.record(context, TagAttached(tag_id=tag_id, target_type=target_type, target_id=target_id))


async def _detach(context: Context, target_type: str, pairs: Collection[tuple[UUID, UUID]]) -> None:
    """Delete (target, tag) pairs, count what was really deleted, and tell it."""
    if not pairs:
        return
    given = rows.table(pairs, target_id=Uuid, tag_id=Uuid)
    await _lock(context, {tag for _, tag in pairs})
    deleted = await context.session.execute(
        delete(Taggable)
        .where(
            Taggable.target_type == target_type,
            tuple_(Taggable.target_id, Taggable.tag_id).in_(select(given.c.target_id, given.c.tag_id)),
        )
        .returning(Taggable.target_id, Taggable.tag_id)
    )
    done = sorted(deleted)
    await _count(context, Counter({tag_id: -n for tag_id, n in Counter(tag_id for _, tag_id in done).items()}))
    for target_id, tag_id in done:
        bus.record(context, TagDetached(tag_id=tag_id, target_type=target_type, target_id=target_id))


async def _lock(context: Context, tag_ids: Collection[UUID]) -> None:
    """Take the tags' rows in one order, so that two writers never wait for each other in a circle."""
    await context.session.execute(
        select(Tag.id).where(rows.is_one_of(Tag.id, tag_ids)).order_by(Tag.id).with_for_update(key_share=True)
    )


async def _count(context: Context, changes: Mapping[UUID, int]) -> None:
    if not changes:
        return
    delta = rows.table(list(changes.items()), id=Uuid, change=Integer)
    await context.session.execute(
        update(Tag)
        .where(Tag.id == delta.c.id)
        .values(use_count=Tag.use_count + delta.c.change, updated_at=Tag.updated_at)
        .execution_options(synchronize_session=False)
    )


def every(*, text: str | None = None) -> Select[Tag]:
    """A select of tags for lists of staff; the caller sorts and pages it."""
    return select(Tag).where(Tag.name.icontains(text, autoescape=True)) if text else select(Tag)
