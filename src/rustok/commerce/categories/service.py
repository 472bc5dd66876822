"""What can be done with categories: make, change, move and remove them, and put products into them."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, TypedDict, Unpack
from uuid import UUID

from sqlalchemy import delete, func, literal, or_, select, update

from rustok.commerce.catalogue import batches, checks, clashes
from rustok.commerce.catalogue.models import Product
from rustok.commerce.categories.models import Category, ProductCategory
from rustok.core.content import rendering
from rustok.core.redirects import service as redirects
from rustok.core.rows import is_one_of
from rustok.core.seo import service as seo
from rustok.core.translations import service as translations
from rustok.events.commerce import (
    CommerceCategoryCreated,
    CommerceCategoryDeleted,
    CommerceCategoryRecounted,
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
    await _lock_tree(context)
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
    await _lock_tree(context)
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
    await _lock_tree(context)
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


async def get_or_create(context: Context, paths: Iterable[Sequence[str]]) -> dict[tuple[str, ...], UUID]:
    """The id of each path of names from the root down, made where it is missing. Names match in any letter case."""
    wanted = sorted(
        dict.fromkeys(tuple(checks.text(name, "categories") for name in path) for path in paths if path), key=len
    )
    found: dict[tuple[str, ...], UUID] = {}
    if not wanted:
        return found
    if deep := next((path for path in wanted if len(path) > DEEPEST), None):
        raise TooDeep(f"{' > '.join(deep)[:200]} is deeper than {DEEPEST} levels", field="categories")
    prefixes = list(dict.fromkeys(path[:length] for path in wanted for length in range(1, len(path) + 1)))
    by_place = await _places(context)
    if any(_locate(prefix, by_place) is None for prefix in prefixes):
        await _lock_tree(context)
        by_place = await _places(context)
        await _make_missing(context, prefixes, by_place)
    for path in wanted:
        located = _locate(path, by_place)
        if located is not None:
            found[path] = located
    return found


def _locate(path: Sequence[str], by_place: Mapping[tuple[UUID | None, str], UUID]) -> UUID | None:
    at: UUID | None = None
    for name in path:
        at = by_place.get((at, name.casefold()))
        if at is None:
            return None
    return at


async def _places(context: Context) -> dict[tuple[UUID | None, str], UUID]:
    """Every category by where it stands; of two with one name in one place the older one counts."""
    statement = (
        select(Category.parent_id, Category.name, Category.id)
        .where(Category.tenant_id == context.tenant_id)
        .order_by(Category.id.desc())
    )
    return {(parent, name.casefold()): id_ for parent, name, id_ in (await context.session.execute(statement)).all()}


async def _make_missing(
    context: Context, prefixes: Sequence[tuple[str, ...]], by_place: dict[tuple[UUID | None, str], UUID]
) -> None:
    known = await context.session.execute(
        select(Category.id, Category.path, Category.handle).where(Category.tenant_id == context.tenant_id)
    )
    paths: dict[UUID, list[UUID]] = {}
    handles: set[str] = set()
    for id_, path, handle in known.all():
        paths[id_] = list(path)
        handles.add(handle)
    made: list[dict[str, Any]] = []
    for prefix in sorted(prefixes, key=len):
        if _locate(prefix, by_place) is not None:
            continue
        parent = _locate(prefix[:-1], by_place)
        category_id = generate_id()
        path = [*(paths[parent] if parent else []), category_id]
        handle = slugs.slugify(prefix[-1], fallback="category")
        if handle in handles and len(prefix) > 1:
            handle = slugs.slugify(" ".join(prefix[-2:]), fallback="category")
        handle = slugs.unique(handle, handles)
        handles.add(handle)
        paths[category_id] = path
        by_place[parent, prefix[-1].casefold()] = category_id
        made.append(
            {
                "id": category_id,
                "parent_id": parent,
                "name": prefix[-1],
                "handle": handle,
                "depth": len(path) - 1,
                "path": path,
                "rank": len(made),
            }
        )
    await batches.insert(context, Category, made)
    await redirects.claimed(context, TARGET, [row["handle"] for row in made])
    bus.record_many(context, [CommerceCategoryCreated(category_id=row["id"]) for row in made])


async def place(context: Context, category_ids_by_product: Mapping[UUID, Sequence[UUID]]) -> set[UUID]:
    """Make the products stand in exactly these categories, in this order; returns the products that moved.

    Raises `NotFound` for a category that is not the tenant's. The caller says that the products changed.
    """
    if not category_ids_by_product:
        return set()
    wanted = {product: list(dict.fromkeys(ids)) for product, ids in category_ids_by_product.items()}
    named = {category for ids in wanted.values() for category in ids}
    existing = await context.session.scalars(
        select(Category.id).where(Category.tenant_id == context.tenant_id, is_one_of(Category.id, named))
        if named
        else select(Category.id).where(literal(False))
    )
    if missing := named - set(existing.all()):
        raise errors.NotFound(f"no such category: {min(missing)}", field="categoryIds")
    current = await places_of(context, list(wanted))
    moved = {product: ids for product, ids in wanted.items() if current.get(product, []) != ids}
    if not moved:
        return set()
    await context.session.execute(
        delete(ProductCategory).where(
            ProductCategory.tenant_id == context.tenant_id, is_one_of(ProductCategory.product_id, moved)
        )
    )
    await batches.insert(
        context,
        ProductCategory,
        [
            {"product_id": product, "category_id": category, "position": position}
            for product, ids in moved.items()
            for position, category in enumerate(ids)
        ],
    )
    await recount(context, {c for product in moved for c in {*current.get(product, []), *wanted[product]}})
    return set(moved)


async def places_of(context: Context, product_ids: Sequence[UUID]) -> dict[UUID, list[UUID]]:
    """In which categories the products stand, in order."""
    found: dict[UUID, list[UUID]] = {}
    statement = (
        select(ProductCategory.product_id, ProductCategory.category_id)
        .where(ProductCategory.tenant_id == context.tenant_id, is_one_of(ProductCategory.product_id, product_ids))
        .order_by(ProductCategory.product_id, ProductCategory.position, ProductCategory.id)
    )
    for product, category in (await context.session.execute(statement)).all():
        found.setdefault(product, []).append(category)
    return found


async def recount(context: Context, category_ids: Collection[UUID]) -> None:
    """Say that these categories, and so all above them, hold other products than before."""
    if not category_ids:
        return
    paths = await context.session.scalars(
        select(Category.path).where(Category.tenant_id == context.tenant_id, is_one_of(Category.id, category_ids))
    )
    ids = sorted({category for path in paths.all() for category in path})
    bus.record_many(context, [CommerceCategoryRecounted(category_id=id_) for id_ in ids])


async def recount_for(context: Context, product_ids: Sequence[UUID]) -> None:
    """Say that these products appeared in their categories or vanished from them."""
    if product_ids:
        standing = await places_of(context, product_ids)
        await recount(context, {category for ids in standing.values() for category in ids})


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


async def _lock_tree(context: Context) -> None:
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


async def products_in(context: Context, category_id: UUID) -> list[UUID]:
    """The products that stand in the category itself."""
    found = await context.session.scalars(
        select(ProductCategory.product_id)
        .join(Product, (Product.tenant_id == ProductCategory.tenant_id) & (Product.id == ProductCategory.product_id))
        .where(ProductCategory.tenant_id == context.tenant_id, ProductCategory.category_id == category_id)
        .order_by(ProductCategory.product_id)
    )
    return list(found.all())
