"""One batch of prepared drafts, from finding the products that there are to the events that tell what changed."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from sqlalchemy import Table, delete, or_, select

from rustok.commerce.catalogue import batches
from rustok.commerce.catalogue.models import Product
from rustok.commerce.categories import growing, placing
from rustok.commerce.products import pictures, service, writing_variants
from rustok.commerce.products.drafts import ProductStatus
from rustok.commerce.products.models import ProductOption
from rustok.commerce.products.preparing import Prepared
from rustok.commerce.products.writing_variants import Match
from rustok.core.media import service as media
from rustok.core.redirects import service as redirects
from rustok.core.rows import is_one_of, is_one_of_texts
from rustok.core.seo import service as seo
from rustok.core.tags import service as tags
from rustok.core.translations import service as translations
from rustok.events.commerce import ProductCreated, ProductPublished, ProductUpdated
from rustok.kernel import bus, errors, slugs
from rustok.kernel.context import Context
from rustok.kernel.ids import generate_id

_DEFAULTS: Mapping[str, Any] = {
    "subtitle": None,
    "description": None,
    "description_text": None,
    "status": ProductStatus.DRAFT.value,
    "vendor": None,
    "product_type": None,
    "discountable": True,
    "metadata": {},
    "external_key": None,
    "published_at": None,
}


@dataclass(slots=True)
class Written:
    """What became of a batch: ids by the position in it, and which of them are new or others than before."""

    ids: dict[int, UUID] = field(default_factory=dict)
    created: set[UUID] = field(default_factory=set)
    updated: set[UUID] = field(default_factory=set)
    remote_pictures: int = 0


async def write(context: Context, batch: Sequence[Prepared]) -> Written:
    """Save them all, or raise and have saved none; the caller holds a savepoint."""
    matches = await _match(context, batch)
    for match in matches:
        match.columns = _columns(context, match)
    new = [match for match in matches if match.row is None]
    await batches.insert(context, Product, [{"id": match.id, **match.columns} for match in new])
    await redirects.claimed(context, service.TARGET, [match.columns["handle"] for match in new])
    media_ids = await media.register_remote_many(context, _addresses(matches))
    changed = await _write_options(context, matches)
    changed |= await writing_variants.write(context, matches, media_ids)
    wanted = {
        match.id: [media_ids[url] for url, _ in match.prepared.pictures if url in media_ids]
        for match in matches
        if match.prepared.pictures is not None
    }
    changed |= await pictures.place(context, _said(wanted, new))
    changed |= await _categorise(context, matches, new)
    changed |= await _tag(context, matches, new)
    changed |= await _describe_to_search_engines(context, matches, new)
    changed |= {match.id for match in matches if match.row is not None and _differs(match)}
    await _write_existing(context, [match for match in matches if match.row is not None and match.id in changed])
    await _tell(context, matches, changed)
    written = Written(
        ids={position: match.id for position, match in enumerate(matches)},
        created={match.id for match in new},
    )
    written.updated = changed - written.created
    written.remote_pictures = len(
        {
            media_ids[url]
            for match in matches
            if match.id in changed or match.row is None
            for url in match.prepared.picture_urls
            if url in media_ids
        }
    )
    return written


async def _match(context: Context, batch: Sequence[Prepared]) -> list[Match]:
    table: Table = Product.__table__  # type: ignore[assignment]  # SQLAlchemy says FromClause
    found = await context.session.execute(
        select(table)
        .where(
            table.c.tenant_id == context.tenant_id,
            or_(
                is_one_of_texts(table.c.handle, [one.handle for one in batch]),
                is_one_of_texts(table.c.external_key, [one.external_key for one in batch if one.external_key]),
            ),
        )
        .order_by(table.c.id)
        .with_for_update(key_share=True)
    )
    rows = [dict(row) for row in found.mappings()]
    by_handle = {row["handle"]: row for row in rows}
    by_key = {row["external_key"]: row for row in rows if row["external_key"]}
    matches: list[Match] = []
    for one in batch:
        row = by_key.get(one.external_key) if one.external_key else None
        if row is None:
            # A product of another origin that only has the same handle is another product.
            same = by_handle.get(one.handle)
            if same is not None and (not one.external_key or same["external_key"] in (None, one.external_key)):
                row = same
        matches.append(Match(prepared=one, id=generate_id() if row is None else row["id"], row=row))
    if len({match.id for match in matches}) < len(matches):
        raise errors.Conflict("two drafts describe the same product")
    await _choose_handles(context, matches, by_handle)
    return matches


async def _choose_handles(
    context: Context, matches: Sequence[Match], by_handle: Mapping[str, Mapping[str, Any]]
) -> None:
    clashing = []
    for match in matches:
        owner = by_handle.get(match.prepared.handle)
        if owner is None or owner["id"] == match.id:
            match.handle = match.prepared.handle
        else:
            clashing.append(match)
    if not clashing:
        return
    taken = await service.handles_like(context, {match.prepared.handle for match in clashing})
    taken |= {match.prepared.handle for match in matches}
    for match in clashing:
        wanted = match.prepared.handle
        current = match.row["handle"] if match.row is not None else ""
        if current.startswith(f"{wanted}-") and current.removeprefix(f"{wanted}-").isdigit():
            match.handle = current
        else:
            match.handle = slugs.unique(wanted, taken)
            taken.add(match.handle)


def _columns(context: Context, match: Match) -> dict[str, Any]:
    """The product's row as it shall stand."""
    before = _DEFAULTS if match.row is None else {name: match.row[name] for name in ("title", *_DEFAULTS)}
    columns = {**before, **match.prepared.columns, "handle": match.handle}
    if columns["status"] == ProductStatus.PUBLISHED and columns["published_at"] is None:
        columns["published_at"] = context.now
    return columns


def _differs(match: Match) -> bool:
    assert match.row is not None  # noqa: S101 - callers ask of existing ones only
    row = match.row
    return any(row[name] != value for name, value in match.columns.items())


async def _write_existing(context: Context, matches: Sequence[Match]) -> None:
    rows = []
    moved = []
    for match in matches:
        assert match.row is not None  # noqa: S101 - callers give existing ones only
        version = match.row["version"] + 1
        rows.append({"id": match.id, **match.columns, "version": version, "updated_at": context.now})
        if match.row["handle"] != match.handle:
            moved.append((match.id, match.row["handle"], match.handle))
    await batches.update(context, Product, rows)
    if moved:
        await redirects.moved_many(context, service.TARGET, moved)


async def _tell(context: Context, matches: Sequence[Match], changed: Collection[UUID]) -> None:
    published = ProductStatus.PUBLISHED
    appeared, vanished = [], []
    for match in matches:
        before = None if match.row is None else match.row["status"]
        if before is None:
            bus.record(context, ProductCreated(product_id=match.id))
        elif match.id in changed:
            bus.record(context, ProductUpdated(product_id=match.id))
        if match.columns["status"] == published and before != published:
            bus.record(context, ProductPublished(product_id=match.id))
            appeared.append(match.id)
        elif before == published and match.columns["status"] != published:
            vanished.append(match.id)
    # New products have told their categories when they were put into them.
    known = {match.id for match in matches if match.row is not None}
    await placing.recount_for(context, [id_ for id_ in (*appeared, *vanished) if id_ in known])


async def _write_options(context: Context, matches: Sequence[Match]) -> set[UUID]:
    """Bring the options into the tables, and into the matches for the variants to follow."""
    known = [match.id for match in matches if match.row is not None and _asks_for_options(match.prepared)]
    stored: dict[UUID, list[tuple[UUID, str, list[str]]]] = {}
    if known:
        found = await context.session.execute(
            select(ProductOption.product_id, ProductOption.id, ProductOption.name, ProductOption.values)
            .where(ProductOption.tenant_id == context.tenant_id, is_one_of(ProductOption.product_id, known))
            .order_by(ProductOption.product_id, ProductOption.position, ProductOption.id)
        )
        for product, option, name, values in found.all():
            stored.setdefault(product, []).append((option, name, list(values)))
    changed: set[UUID] = set()
    rows: list[dict[str, Any]] = []
    gone: list[UUID] = []
    for match in matches:
        if not _asks_for_options(match.prepared):
            continue
        before = stored.get(match.id, [])
        plain = [(name, list(values)) for _, name, values in before]
        match.options = writing_variants.options_of(match, plain)
        if match.options == plain:
            continue
        changed.add(match.id)
        ids = {name: option for option, name, _ in before}
        gone += [option for name, option in ids.items() if name not in {name for name, _ in match.options}]
        rows += [
            {
                "id": ids.get(name) or generate_id(),
                "product_id": match.id,
                "name": name,
                "values": values,
                "position": position,
            }
            for position, (name, values) in enumerate(match.options)
        ]
    if again := [id_ for id_ in changed if id_ in stored]:
        await context.session.execute(
            delete(ProductOption)
            .where(ProductOption.tenant_id == context.tenant_id, is_one_of(ProductOption.product_id, again))
            .execution_options(synchronize_session=False)
        )
        await translations.delete_all(context, service.OPTION_TARGET, gone)
    await batches.insert(context, ProductOption, rows)
    return changed


def _asks_for_options(prepared: Prepared) -> bool:
    return prepared.options is not None or bool(prepared.variants)


async def _categorise(context: Context, matches: Sequence[Match], new: Sequence[Match]) -> set[UUID]:
    stated = {match.id: match.prepared.categories for match in matches if match.prepared.categories is not None}
    ids = await growing.get_or_create(context, [path for paths in stated.values() for path in paths])
    wanted = {product: [ids[path] for path in paths] for product, paths in stated.items()}
    return await placing.place(context, _said(wanted, new))


async def _tag(context: Context, matches: Sequence[Match], new: Sequence[Match]) -> set[UUID]:
    stated = {match.id: match.prepared.tags for match in matches if match.prepared.tags is not None}
    return await _changed_by(context, tags.set_many(context, service.TARGET, _said(stated, new)))


async def _describe_to_search_engines(context: Context, matches: Sequence[Match], new: Sequence[Match]) -> set[UUID]:
    stated = {match.id: match.prepared.meta for match in matches if match.prepared.meta is not None}
    fresh = {match.id for match in new}
    before = await seo.get_many(context, service.TARGET, [id_ for id_ in stated if id_ not in fresh])
    metas = {}
    for id_, said in stated.items():
        old = before.get(id_, seo.Meta())
        meta = replace(
            old,
            title=old.title if said.title is None else said.title or None,
            description=old.description if said.description is None else said.description or None,
        )
        if meta != old:
            metas[id_] = meta
    return await _changed_by(context, seo.set_many(context, service.TARGET, metas)) if metas else set()


async def _changed_by(context: Context, writing: Any) -> set[UUID]:
    """Whom a service of the core really changed, as its events tell."""
    told = len(context.recorded)
    await writing
    return {event.target_id for event in context.recorded[told:] if hasattr(event, "target_id")}


def _said(wanted: Mapping[UUID, Any], new: Sequence[Match]) -> dict[UUID, Any]:
    """Without what is empty for products that are new, and so have nothing that could be taken away."""
    fresh = {match.id for match in new}
    return {id_: value for id_, value in wanted.items() if value or id_ not in fresh}


def _addresses(matches: Sequence[Match]) -> dict[str, str]:
    addresses: dict[str, str] = {}
    for match in matches:
        for url, alt in match.prepared.picture_urls.items():
            if alt or url not in addresses:
                addresses[url] = alt
    return addresses
