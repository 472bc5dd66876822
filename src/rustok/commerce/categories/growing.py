"""Categories by their paths of names, made where they are missing: how importers see the tree."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select

from rustok.commerce.catalogue import batches, checks
from rustok.commerce.categories import service
from rustok.commerce.categories.models import Category
from rustok.core.redirects import service as redirects
from rustok.events.commerce import CommerceCategoryCreated
from rustok.kernel import bus, slugs
from rustok.kernel.context import Context
from rustok.kernel.ids import generate_id


async def get_or_create(context: Context, paths: Iterable[Sequence[str]]) -> dict[tuple[str, ...], UUID]:
    """The id of each path of names from the root down, made where it is missing. Names match in any letter case."""
    wanted = sorted(
        dict.fromkeys(tuple(checks.text(name, "categories") for name in path) for path in paths if path), key=len
    )
    found: dict[tuple[str, ...], UUID] = {}
    if not wanted:
        return found
    if deep := next((path for path in wanted if len(path) > service.DEEPEST), None):
        raise service.TooDeep(f"{' > '.join(deep)[:200]} is deeper than {service.DEEPEST} levels", field="categories")
    prefixes = list(dict.fromkeys(path[:length] for path in wanted for length in range(1, len(path) + 1)))
    by_place = await _places(context)
    if any(_locate(prefix, by_place) is None for prefix in prefixes):
        await service.lock_tree(context)
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
    await redirects.claimed(context, service.TARGET, [row["handle"] for row in made])
    bus.record_many(context, [CommerceCategoryCreated(category_id=row["id"]) for row in made])
