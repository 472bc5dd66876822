"""What can be done with categories: make, change, move and remove them, and put products into them."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, TypedDict, Unpack
from uuid import UUID

from sqlalchemy import delete, func, literal, or_, select, update

from rustok.commerce.catalogue import checks, clashes
from rustok.commerce.categories.models import Category
from rustok.core.content import rendering
from rustok.core.redirects import service as redirects
from rustok.core.rows import is_one_of, is_one_of_texts
from rustok.core.seo import service as seo
from rustok.core.translations import service as translations
from rustok.events.commerce import (
    CommerceCategoryCreated,
    CommerceCategoryDeleted,
    CommerceCategoryUpdated,
)
from rustok.kernel import bus, errors, slugs
from rustok.kernel.context import Context
from rustok.kernel.ids import generate_id

TARGET = "commerce_category"
DEEPEST = 20


class HandleTaken(errors.Conflict):
    """Another category has this handle."""

    code = "handle_taken"


class CyclicCategory(errors.Conflict):
    """A category cannot stand below itself."""

    code = "cyclic_category"


class TooDeep(errors.Invalid):
    """Categories go twenty levels deep, no deeper."""

    code = "too_deep"


class CategoryFacts(TypedDict, total=False):
    """What can be said of a category besides its name."""

    handle: str
    description: str | None
    is_active: bool
    is_internal: bool
    rank: int
    image_id: UUID | None
    metadata: Mapping[str, Any]


class CategoryChanges(CategoryFacts, total=False):
    """What of a category can be changed; what is absent stays."""

    name: str


async def find(context: Context, category_id: UUID) -> Category | None:
    """The category, or nothing."""
    return await context.session.get(Category, (context.tenant_id, category_id))


async def ids_by_handle(context: Context, handles: Collection[str]) -> dict[str, UUID]:
    """The categories with these handles; those that there are not are left out."""
    found = await context.session.execute(
        select(Category.handle, Category.id).where(
            Category.tenant_id == context.tenant_id, is_one_of_texts(Category.handle, handles)
        )
    )
    return dict(found.all())


async def get(context: Context, category_id: UUID, *, lock: bool = False) -> Category:
    """The category; raises `NotFound`."""
    found = await context.session.get(
        Category,
        (context.tenant_id, category_id),
        with_for_update={"key_share": True} if lock else None,
        populate_existing=True,
    )
    if found is None:
        raise errors.NotFound("no such category", field="id")
    return found


async def many(context: Context, ids: Collection[UUID]) -> dict[UUID, Category]:
    """Those of the categories that there are."""
    found = await context.session.scalars(
        select(Category).where(Category.tenant_id == context.tenant_id, is_one_of(Category.id, ids))
    )
    return {category.id: category for category in found.all()}


async def create(
    context: Context, *, name: str, parent_id: UUID | None = None, **given: Unpack[CategoryFacts]
) -> Category:
    """Add a category below `parent_id` or at the top. Raises `HandleTaken`, `NotFound` for the parent, `TooDeep`."""
    await lock_tree(context)
    name = checks.text(name, "name")
    handle = checks.handle(given.get("handle"), name)
    if await _taken(context, [handle]):
        if given.get("handle"):
            raise HandleTaken(f"the handle {handle!r} belongs to another category", field="handle")
        handle = slugs.unique(handle, await _taken_like(context, handle))
    category_id = generate_id()
    path = [*await _path_of(context, parent_id), category_id]
    category = Category(
        tenant_id=context.tenant_id,
        id=category_id,
        parent_id=parent_id,
        name=name,
        handle=handle,
        path=path,
        depth=len(path) - 1,
        rank=checks.whole(given.get("rank", 0), "rank", least=-checks.LARGEST_INT),
        is_active=given.get("is_active", True),
        is_internal=given.get("is_internal", False),
        image_id=given.get("image_id"),
        details=checks.metadata(given.get("metadata")),
    )
    _describe(category, given.get("description"))
    context.session.add(category)
    await _flush(context, category)
    await redirects.claimed(context, TARGET, [handle])
    await context.session.refresh(category)
    bus.record(context, CommerceCategoryCreated(category_id=category_id))
    return category


async def change(
    context: Context, category_id: UUID, *, version: int | None = None, **changes: Unpack[CategoryChanges]
) -> Category:
    """Change what is given. A new handle leaves a redirect. Raises `NotFound`, `Stale`, `HandleTaken`."""
    category = await get(context, category_id, lock=True)
    checks.version(category.version, version)
    if "name" in changes:
        category.name = checks.text(changes["name"], "name")
    if "description" in changes:
        _describe(category, changes["description"])
    if "rank" in changes:
        category.rank = checks.whole(changes["rank"], "rank", least=-checks.LARGEST_INT)
    if "image_id" in changes:
        category.image_id = changes["image_id"]
    if "metadata" in changes:
        category.details = checks.metadata(changes["metadata"])
    category.is_active = changes.get("is_active", category.is_active)
    category.is_internal = changes.get("is_internal", category.is_internal)
    if "handle" in changes:
        await _rename_handle(context, category, changes["handle"])
    return await _changed(context, category)


async def move(
    context: Context, category_id: UUID, *, parent_id: UUID | None, rank: int | None = None, version: int | None = None
) -> Category:
    """Put a category with all below it under another one, or at the top. Raises `CyclicCategory`, `TooDeep`."""
    await lock_tree(context)
    category = await get(context, category_id, lock=True)
    checks.version(category.version, version)
    above = await _path_of(context, parent_id)
    if category_id in above:
        raise CyclicCategory("a category cannot stand below itself", field="parentId")
    if rank is not None:
        category.rank = checks.whole(rank, "rank", least=-checks.LARGEST_INT)
    if parent_id == category.parent_id:
        return await _changed(context, category)
    before = list(category.path)
    await _replant(context, category, above=above, parent_id=parent_id)
    await _touch(context, {*before[:-1], *above})
    return await _changed(context, category)


async def remove(context: Context, category_id: UUID) -> None:
    """Remove a category: what stood below it stands where it stood, its products only leave it."""
    await lock_tree(context)
    category = await get(context, category_id, lock=True)
    above = list(category.path[:-1])
    children = await context.session.scalars(
        select(Category).where(Category.tenant_id == context.tenant_id, Category.parent_id == category_id)
    )
    for child in children.all():
        await _replant(context, child, above=above, parent_id=category.parent_id)
        child.version += 1
    await context.session.flush()
    await redirects.forget(context, TARGET, [category_id])
    await translations.delete_all(context, TARGET, [category_id])
    await seo.delete_all(context, TARGET, [category_id])
    await context.session.execute(
        delete(Category).where(Category.tenant_id == context.tenant_id, Category.id == category_id)
    )
    context.session.expunge(category)
    bus.record(context, CommerceCategoryDeleted(category_id=category_id))
    await _touch(context, above)


async def remove_many(context: Context, ids: Sequence[UUID]) -> int:
    """Remove the categories that there are among `ids`; returns how many."""
    count = 0
    for category_id in checks.ids(ids):
        if await find(context, category_id) is not None:
            await remove(context, category_id)
            count += 1
    return count


async def _touch(context: Context, ids: Iterable[UUID]) -> None:
    bus.record_many(context, [CommerceCategoryUpdated(category_id=id_) for id_ in sorted(set(ids))])


async def _changed(context: Context, category: Category) -> Category:
    category.version += 1
    category.updated_at = context.now
    await _flush(context, category)
    # Where `updated_at` is what it was, the flush let the database choose it and forgot what we hold.
    await context.session.refresh(category)
    bus.record(context, CommerceCategoryUpdated(category_id=category.id))
    return category


async def _flush(context: Context, category: Category) -> None:
    with clashes.told_as(
        uq_commerce_categories_handle=HandleTaken(
            f"the handle {category.handle!r} belongs to another category", field="handle"
        ),
        fk_commerce_categories_image=errors.NotFound("no such picture", field="imageId"),
    ):
        await context.session.flush()


async def _rename_handle(context: Context, category: Category, wanted: str) -> None:
    handle = slugs.check_slug(wanted, field="handle")
    if handle == category.handle:
        return
    if await _taken(context, [handle]):
        raise HandleTaken(f"the handle {handle!r} belongs to another category", field="handle")
    old, category.handle = category.handle, handle
    await redirects.moved(context, TARGET, category.id, old=old, new=handle)


async def _replant(context: Context, category: Category, *, above: list[UUID], parent_id: UUID | None) -> None:
    """Give the category and all below it their new paths; the caller holds the lock on the tree."""
    cut = len(category.path) - 1
    below = (
        Category.tenant_id == context.tenant_id,
        Category.path.contains([category.id]),
    )
    deepest = await context.session.scalar(select(func.max(Category.depth)).where(*below))
    if len(above) + (deepest or 0) - cut >= DEEPEST:
        raise TooDeep(f"categories go {DEEPEST} levels deep", field="parentId")
    moved = (
        await context.session.execute(
            update(Category)
            .where(*below)
            .values(
                path=func.array_cat(literal(above, Category.path.type), Category.path[cut + 1 : DEEPEST]),
                depth=Category.depth - cut + len(above),
                updated_at=context.now,
            )
            .returning(Category.id)
            .execution_options(synchronize_session=False)
        )
    ).scalars()
    ids = [id_ for id_ in moved.all() if id_ != category.id]
    await context.session.refresh(category)
    category.parent_id = parent_id
    await _touch(context, [*ids, category.id])


async def _path_of(context: Context, category_id: UUID | None) -> list[UUID]:
    if category_id is None:
        return []
    path = await context.session.scalar(
        select(Category.path).where(Category.tenant_id == context.tenant_id, Category.id == category_id)
    )
    if path is None:
        raise errors.NotFound("no such parent category", field="parentId")
    if len(path) >= DEEPEST:
        raise TooDeep(f"categories go {DEEPEST} levels deep", field="parentId")
    return list(path)


def _describe(category: Category, description: str | None) -> None:
    given = checks.optional_text(description, "description", most=checks.LONGEST_DESCRIPTION)
    category.description = rendering.render(given, "html") if given else None
    category.description_text = rendering.plain_text(category.description) if category.description else None


async def _taken(context: Context, handles: Sequence[str]) -> set[str]:
    found = await context.session.scalars(
        select(Category.handle).where(Category.tenant_id == context.tenant_id, Category.handle.in_(handles))
    )
    return set(found.all())


async def _taken_like(context: Context, handle: str) -> set[str]:
    found = await context.session.scalars(
        select(Category.handle).where(
            Category.tenant_id == context.tenant_id,
            or_(Category.handle == handle, Category.handle.startswith(handle[:240] + "-", autoescape=True)),
        )
    )
    return set(found.all())


async def lock_tree(context: Context) -> None:
    """One writer of the tree at a time, so that two moves cannot close a circle together."""
    key = func.hashtextextended(literal(f"commerce_categories:{context.tenant_id}"), 0)
    await context.session.execute(select(func.pg_advisory_xact_lock(key)))


async def set_seo(context: Context, category_id: UUID, meta: seo.Meta) -> Category:
    """Say what search engines are told of the category. Raises `NotFound`, `InvalidMeta`."""
    category = await get(context, category_id)
    await seo.set_meta(context, TARGET, category_id, meta=meta)
    return category


async def translate(context: Context, category_id: UUID, *, locale: str, fields: translations.Fields) -> Category:
    """Say name and description in another language. Raises `NotFound`, `UnknownLocale`, `Invalid`."""
    category = await get(context, category_id)
    known = {"name", "description", "meta_title", "meta_description"}
    if strange := sorted(set(fields) - known):
        raise errors.Invalid(f"a category has no text {strange[0][:64]!r}", field="fields")
    await translations.set_fields(context, TARGET, category_id, locale=locale, fields=fields)
    return category
