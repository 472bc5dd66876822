"""Content categories as verbs: make, rename, move and take out; filing nodes in them is the content's business."""

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import Select, delete, select
from sqlalchemy import update as sql_update

from rustok.core import rows, texts, trees
from rustok.core.categories.models import Category
from rustok.core.keeping import KEEP, Keep
from rustok.core.redirects import service as redirects
from rustok.core.rendering import sanitising
from rustok.core.seo import service as seo
from rustok.core.translations import service as translations
from rustok.events.content import CategoryCreated, CategoryDeleted, CategoryUpdated
from rustok.kernel import bus, errors, slugs
from rustok.kernel.context import Context
from rustok.kernel.ids import generate_id

TARGET = "category"
LONGEST_DESCRIPTION = 100_000


async def create(
    context: Context,
    *,
    name: str,
    slug: str | None = None,
    parent_id: UUID | None = None,
    description: str | None = None,
    position: int | None = None,
    settings: Mapping[str, Any] | None = None,
) -> Category:
    """Add a category; without a slug one is made from the name. Raises `Conflict` when the slug is taken."""
    await trees.lock(context, Category.__tablename__)
    shown = texts.check_line(name, field="name")
    made = Category(
        tenant_id=context.tenant_id,
        id=generate_id(),
        name=shown,
        slug=await _slug(context, slug, shown),
        description=_description(description),
        settings=texts.check_settings(settings or {}),
        parent_id=parent_id,
        depth=0,
        node_count=0,
        version=1,
        position=position if position is not None else await trees.next_position(context, Category, parent_id),
    )
    if parent_id is not None:
        parent = await get(context, parent_id, field="parentId")
        made.depth = parent.depth + 1
        if made.depth >= trees.DEEPEST:
            raise trees.TooDeep(f"the tree would be deeper than {trees.DEEPEST} levels", field="parentId")
    context.session.add(made)
    await context.session.flush()
    await redirects.claimed(context, TARGET, [made.slug])
    bus.record(context, CategoryCreated(category_id=made.id))
    return await get(context, made.id)


async def update(
    context: Context,
    category_id: UUID,
    *,
    version: int | None = None,
    name: str | None = None,
    slug: str | None = None,
    description: str | Keep | None = KEEP,
    position: int | None = None,
    settings: Mapping[str, Any] | None = None,
) -> Category:
    """Change what is named; an old slug redirects. Raises `Stale` when `version` is not the stored one."""
    category = await get(context, category_id, lock=True)
    if version is not None and version != category.version:
        raise errors.Stale("the category was changed by somebody else", field="version")
    changes: dict[str, Any] = {}
    if name is not None:
        changes["name"] = texts.check_line(name, field="name")
    if slug is not None and slugs.check_slug(slug) != category.slug:
        changes["slug"] = await _slug(context, slug, category.name)
    if description is not KEEP:
        changes["description"] = _description(description)
    if position is not None:
        changes["position"] = position
    if settings is not None:
        changes["settings"] = texts.check_settings(settings)
    changes = {key: value for key, value in changes.items() if value != getattr(category, key)}
    if not changes:
        return category
    old = category.slug
    for key, value in changes.items():
        setattr(category, key, value)
    category.version += 1
    category.updated_at = context.now
    await context.session.flush()
    await redirects.moved(context, TARGET, category_id, old=old, new=category.slug)
    bus.record(context, CategoryUpdated(category_id=category_id))
    return category


async def move(context: Context, category_id: UUID, *, parent_id: UUID | None, position: int | None = None) -> Category:
    """Put the category with all below it under another parent; raises `CyclicParent`."""
    await trees.lock(context, Category.__tablename__)
    category = await get(context, category_id, lock=True)
    if parent_id is not None:
        await get(context, parent_id, field="parentId")
    if position is None:
        position = await trees.next_position(context, Category, parent_id)
    if parent_id != category.parent_id:
        await trees.place(context, Category, category_id, parent_id=parent_id)
    await context.session.execute(
        sql_update(Category)
        .where(Category.id == category_id)
        .values(position=position, version=Category.version + 1)
        .execution_options(synchronize_session=False)
    )
    bus.record(context, CategoryUpdated(category_id=category_id))
    return await get(context, category_id)


async def take_out(context: Context, category_id: UUID) -> None:
    """Delete the row; the categories below it move up to its parent. `content.filing` keeps the nodes right."""
    await trees.lock(context, Category.__tablename__)
    category = await get(context, category_id, lock=True)
    children = list(await context.session.scalars(select(Category.id).where(Category.parent_id == category_id)))
    for child in children:
        await trees.place(context, Category, child, parent_id=category.parent_id)
        bus.record(context, CategoryUpdated(category_id=child))
    await translations.delete_all(context, TARGET, [category_id])
    await seo.delete_all(context, TARGET, [category_id])
    await redirects.forget(context, TARGET, [category_id])
    await context.session.execute(
        delete(Category).where(Category.id == category_id).execution_options(synchronize_session="fetch")
    )
    bus.record(context, CategoryDeleted(category_id=category_id))


async def get(context: Context, category_id: UUID, *, lock: bool = False, field: str | None = None) -> Category:
    """The category as it stands; raises `NotFound`."""
    statement = select(Category).where(Category.id == category_id).execution_options(populate_existing=True)
    category = await context.session.scalar(statement.with_for_update(key_share=True) if lock else statement)
    if category is None:
        raise errors.NotFound("there is no such category", field=field)
    return category


async def ids_by_slug(context: Context, wanted: Collection[str]) -> dict[str, UUID]:
    """The ids of those categories that exist."""
    if not wanted:
        return {}
    found = await context.session.execute(
        select(Category.slug, Category.id).where(rows.is_one_of_texts(Category.slug, wanted))
    )
    return dict(found.all())


async def check_exist(context: Context, category_ids: Collection[UUID]) -> None:
    """Raise `NotFound` unless every one of them exists."""
    if not category_ids:
        return
    found = set(await context.session.scalars(select(Category.id).where(rows.is_one_of(Category.id, category_ids))))
    if set(category_ids) - found:
        raise errors.NotFound("there is no such category", field="categoryIds")


def _description(text: str | None) -> str | None:
    if not text:
        return None
    if len(text) > LONGEST_DESCRIPTION:
        raise errors.Invalid(f"description has more than {LONGEST_DESCRIPTION} characters", field="description")
    return sanitising.sanitise(text, field="description") or None


async def _slug(context: Context, slug: str | None, name: str) -> str:
    if slug is not None:
        wanted = slugs.check_slug(slug)
        if await context.session.scalar(select(Category.id).where(Category.slug == wanted)) is not None:
            raise errors.Conflict(f"there is a category {wanted!r} already", field="slug")
        return wanted
    wish = slugs.slugify(name, fallback="category")
    taken = await context.session.scalars(select(Category.slug).where(Category.slug.startswith(wish, autoescape=True)))
    return slugs.unique(wish, set(taken))


def every(*, text: str | None = None, parent_id: UUID | None = None) -> Select[Category]:
    """A select of categories for lists of staff; the caller sorts and pages it."""
    statement = select(Category)
    if text:
        statement = statement.where(Category.name.icontains(text, autoescape=True))
    if parent_id is not None:
        statement = statement.where(Category.parent_id == parent_id)
    return statement
