"""Categories by the hundred: what importers and the demo hand over, found again by slug."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from rustok.core.categories import service
from rustok.core.categories.models import Category
from rustok.core.keeping import KEEP
from rustok.core.translations import service as translations
from rustok.kernel import errors, slugs
from rustok.kernel.context import Context


@dataclass(frozen=True, slots=True, kw_only=True)
class CategoryDraft:
    """One category, found again by its slug. `parent` is the slug of another one; empty means the root."""

    slug: str
    name: str
    parent: str | None = None
    description: str | None = None
    translations: dict[str, dict[str, str | None]] | None = None
    line: int | None = None


@dataclass(slots=True)
class CategoryOutcome:
    """What became of the drafts."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    ids_by_slug: dict[str, UUID] = field(default_factory=dict)
    refused: list[tuple[CategoryDraft, str]] = field(default_factory=list)


async def save_many(context: Context, drafts: Sequence[CategoryDraft]) -> CategoryOutcome:
    """Create or update, parents and children in any order; what cannot be saved is refused with its reason."""
    outcome = CategoryOutcome()
    by_slug: dict[str, CategoryDraft] = {}
    for draft in drafts:
        try:
            by_slug[slugs.check_slug(draft.slug)] = draft
        except errors.RustokError as error:
            outcome.refused.append((draft, str(error)))
    known = await service.ids_by_slug(context, by_slug.keys())
    for slug, draft in by_slug.items():
        waiting = len(context.recorded)
        try:
            async with context.session.begin_nested():
                outcome.ids_by_slug[slug] = await _save(context, slug, draft, known, outcome)
        except errors.RustokError as error:
            del context.recorded[waiting:]
            outcome.refused.append((draft, str(error)))
    known |= outcome.ids_by_slug
    for slug, draft in by_slug.items():
        await _place(context, slug, draft, known, outcome)
    return outcome


async def _save(
    context: Context, slug: str, draft: CategoryDraft, known: dict[str, UUID], outcome: CategoryOutcome
) -> UUID:
    if slug in known:
        before = await service.get(context, known[slug])
        version = before.version
        after = await service.update(
            context,
            before.id,
            name=draft.name,
            description=draft.description if draft.description is not None else KEEP,
        )
        outcome.updated += after.version != version
        outcome.unchanged += after.version == version
    else:
        after = await service.create(context, name=draft.name, slug=slug, description=draft.description)
        outcome.created += 1
    if draft.translations:
        await translations.set_many(
            context, service.TARGET, [(after.id, locale, fields) for locale, fields in draft.translations.items()]
        )
    return after.id


async def _place(
    context: Context, slug: str, draft: CategoryDraft, known: dict[str, UUID], outcome: CategoryOutcome
) -> None:
    """Put a saved category under its parent, once all of them exist."""
    if draft.parent is None or slug not in outcome.ids_by_slug:
        return
    category: Category = await service.get(context, outcome.ids_by_slug[slug])
    parent_id = None
    if draft.parent:
        parent_id = known.get(draft.parent) or (await service.ids_by_slug(context, [draft.parent])).get(draft.parent)
        if parent_id is None:
            outcome.refused.append((draft, f"its parent {draft.parent!r} does not exist: it stands at the root"))
            return
    if category.parent_id == parent_id:
        return
    try:
        await service.move(context, category.id, parent_id=parent_id)
    except errors.RustokError as error:
        outcome.refused.append((draft, f"{error}: it stays where it was"))
