"""The variants of a batch with their prices and stock: which are new, which are others, which are gone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import Table, select

from rustok.commerce.catalogue import batches
from rustok.commerce.catalogue import service as catalogue
from rustok.commerce.catalogue.models import Variant
from rustok.commerce.inventory import locations
from rustok.commerce.inventory import service as inventory
from rustok.commerce.pricing import lists
from rustok.commerce.pricing import service as pricing
from rustok.commerce.products import variants
from rustok.commerce.products.drafts import PriceDraft
from rustok.commerce.products.preparing import Prepared, PreparedVariant
from rustok.core.rows import is_one_of
from rustok.events.commerce import PriceChanged, VariantCreated, VariantUpdated
from rustok.kernel import bus, errors
from rustok.kernel.context import Context
from rustok.kernel.ids import generate_id

_DEFAULTS: Mapping[str, Any] = {
    "sku": None,
    "barcode": None,
    "manage_inventory": True,
    "allow_backorder": False,
    "requires_shipping": True,
    "taxable": True,
    "tax_class": None,
    "weight": None,
    "length": None,
    "height": None,
    "width": None,
    "cost_minor": None,
    "cost_currency": None,
    "image_id": None,
    "metadata": {},
}
_KEPT = ("title", "options", "options_key", "position", *_DEFAULTS)


@dataclass(slots=True)
class Match:
    """A draft and the product that it describes; `row` is the product as it stands, or nothing for a new one."""

    prepared: Prepared
    id: UUID
    row: Mapping[str, Any] | None
    handle: str = ""
    columns: dict[str, Any] = field(default_factory=dict)
    options: list[tuple[str, list[str]]] = field(default_factory=list)


@dataclass(slots=True)
class Pair:
    """A stated variant and the one that it describes; `row` as above."""

    match: Match
    stated: PreparedVariant
    id: UUID
    row: Mapping[str, Any] | None
    columns: dict[str, Any]


def options_of(match: Match, stored: list[tuple[str, list[str]]]) -> list[tuple[str, list[str]]]:
    """The product's options as they shall be. Raises `Invalid` for variants that name others."""
    if match.prepared.options is not None:
        return match.prepared.options
    named = [one for one in match.prepared.variants or () if one.options]
    if not named:
        return stored
    if match.row is None or not stored:
        options = [(name, list[str]()) for name in named[0].options]
    else:
        options = [(name, list(values)) for name, values in stored]
    for one in named:
        if one.options.keys() != {name for name, _ in options}:
            told = ", ".join(name for name, _ in options)
            raise errors.Invalid(f"a variant names each option of its product: {told}", field="variants")
        for name, values in options:
            if one.options[name] not in values:
                values.append(one.options[name])
    return options


async def write(context: Context, matches: Sequence[Match], media_ids: Mapping[str, UUID]) -> set[UUID]:
    """Save the stated variants; returns the products that have others now."""
    stating = [match for match in matches if match.prepared.variants is not None]
    stored = await _stored(context, [match.id for match in stating if match.row is not None])
    pairs: list[Pair] = []
    gone: list[UUID] = []
    for match in stating:
        of_product, left = _pair(match, stored.get(match.id, []))
        pairs += of_product
        gone += left
    changed = await _remove(context, gone)
    for pair in pairs:
        pair.columns = _columns(pair, media_ids)
    others = [pair for pair in pairs if pair.row is not None and _differs(pair)]
    await batches.update(
        context, Variant, [{"id": pair.id, **pair.columns, "updated_at": context.now} for pair in others]
    )
    new = [pair for pair in pairs if pair.row is None]
    await batches.insert(
        context, Variant, [{"id": pair.id, "product_id": pair.match.id, **pair.columns} for pair in new]
    )
    bus.record_many(context, [VariantCreated(variant_id=pair.id, product_id=pair.match.id) for pair in new])
    bus.record_many(context, [VariantUpdated(variant_id=pair.id, product_id=pair.match.id) for pair in others])
    backorder = [p.id for p in others if p.row and p.row["allow_backorder"] != p.columns["allow_backorder"]]
    await inventory.copy_backorder(context, backorder)
    changed |= {pair.match.id for pair in (*others, *new)}
    changed |= await _price(context, pairs)
    changed |= await _stock(context, pairs)
    return changed


async def _stored(context: Context, product_ids: Sequence[UUID]) -> dict[UUID, list[dict[str, Any]]]:
    found: dict[UUID, list[dict[str, Any]]] = {}
    if product_ids:
        table: Table = Variant.__table__  # type: ignore[assignment]  # SQLAlchemy says FromClause
        rows = await context.session.execute(
            select(table)
            .where(table.c.tenant_id == context.tenant_id, is_one_of(table.c.product_id, product_ids))
            .order_by(table.c.product_id, table.c.position, table.c.id)
        )
        for row in rows.mappings():
            found.setdefault(row["product_id"], []).append(dict(row))
    return found


def _pair(match: Match, stored: Sequence[Mapping[str, Any]]) -> tuple[list[Pair], list[UUID]]:
    """Find each stated variant by its options, else by its SKU; what nobody found is left over.

    A draft that says nothing of options speaks of some variants only: the others stay.
    """
    stated = match.prepared.variants or []
    partial = match.prepared.options is None and bool(stated)
    free = {row["id"]: row for row in stored}
    found: dict[int, Mapping[str, Any]] = {}

    def take(position: int, candidates: list[Mapping[str, Any]]) -> None:
        if position not in found and len(candidates) == 1:
            found[position] = free.pop(candidates[0]["id"])

    def by_sku(position: int, one: PreparedVariant) -> None:
        sku = one.columns.get("sku")
        if sku and sum(other.columns.get("sku") == sku for other in stated) == 1:
            take(position, [row for row in free.values() if row["sku"] == sku])

    for position, one in enumerate(stated):
        if partial and not one.options:
            by_sku(position, one)
    by_key = {row["options_key"]: row for row in free.values()}
    for position, one in enumerate(stated):
        row = by_key.get(one.key)
        take(position, [row] if row is not None and row["id"] in free else [])
    for position, one in enumerate(stated):
        by_sku(position, one)
    if partial and len(stated) == len(stored) == 1 and not stated[0].options:
        take(0, list(free.values()))
    pairs = []
    for position, one in enumerate(stated):
        existing = found.get(position)
        if existing is None and not one.options and match.options:
            raise errors.Invalid("a variant without options and without a known SKU cannot be found", field="variants")
        pairs.append(Pair(match, one, generate_id() if existing is None else existing["id"], existing, {}))
    return pairs, [] if partial else list(free)


async def _remove(context: Context, gone: Sequence[UUID]) -> set[UUID]:
    if not gone:
        return set()
    leaving = list((await catalogue.lock_variants(context, gone)).values())
    await variants.remove_many(context, leaving)
    return {variant.product_id for variant in leaving}


def _columns(pair: Pair, media_ids: Mapping[str, UUID]) -> dict[str, Any]:
    stated = pair.stated
    if pair.row is None:
        columns = {
            "title": variants.default_title(stated.options),
            "options": stated.options,
            "options_key": stated.key,
            "position": 0,
            **_DEFAULTS,
        }
    else:
        columns = {name: pair.row[name] for name in _KEPT}
        if stated.options or not pair.match.options:
            columns["options"], columns["options_key"] = stated.options, stated.key
    columns.update({name: value for name, value in stated.columns.items() if name != "title" or value})
    if stated.image_url is not None:
        columns["image_id"] = media_ids.get(stated.image_url) if stated.image_url else None
    return columns


def _differs(pair: Pair) -> bool:
    row = pair.row
    return row is not None and any(row[name] != value for name, value in pair.columns.items())


async def _price(context: Context, pairs: Sequence[Pair]) -> set[UUID]:
    stating = [pair for pair in pairs if pair.stated.prices is not None]
    named = any(price.price_list for pair in stating for price in pair.stated.prices or ())
    by_code = await lists.ids_by_code(context) if named else {}
    known = [pair.id for pair in stating if pair.row is not None]
    before = await pricing.prices_of(context, known) if known else {}
    fresh: dict[UUID, list[pricing.PriceRow]] = {}
    others: dict[UUID, list[pricing.PriceRow]] = {}
    for pair in stating:
        stated = _price_rows(pair.stated.prices or [], by_code)
        if pair.row is None:
            fresh[pair.id] = stated
            continue
        old = [pricing.row_of(price) for price in before.get(pair.id, [])]
        places = {(row.currency, row.price_list_id) for row in stated}
        kept = [row for row in old if stated and (row.currency, row.price_list_id) not in places]
        if {*kept, *stated} != set(old):
            others[pair.id] = [*kept, *stated]
    await pricing.insert(context, fresh)
    await pricing.replace(context, others)
    products = {pair.id: pair.match.id for pair in stating}
    bus.record_many(context, [PriceChanged(variant_id=id_, product_id=products[id_]) for id_ in others])
    return {products[id_] for id_ in others}


def _price_rows(drafts: Sequence[PriceDraft], by_code: Mapping[str, UUID]) -> list[pricing.PriceRow]:
    if unknown := next((d.price_list for d in drafts if d.price_list and d.price_list not in by_code), None):
        raise errors.NotFound(f"no such price list: {unknown[:64]}", field="prices")
    return [
        pricing.PriceRow(
            currency=draft.currency,
            amount_minor=draft.amount_minor,
            compare_at_minor=draft.compare_at_minor,
            min_quantity=draft.min_quantity,
            price_list_id=by_code[draft.price_list] if draft.price_list else None,
        )
        for draft in drafts
    ]


async def _stock(context: Context, pairs: Sequence[Pair]) -> set[UUID]:
    stating = [pair for pair in pairs if pair.stated.quantity is not None]
    if not stating:
        return set()
    location_id = await locations.default(context)
    quantities = {pair.id: _quantity(pair) for pair in stating}
    fresh = [(p.id, quantities[p.id], p.columns["allow_backorder"]) for p in stating if p.row is None]
    await inventory.open_levels(context, fresh, location_id=location_id, reason="import")
    known = [pair for pair in stating if pair.row is not None]
    before = await inventory.on_hand_at(context, location_id, [pair.id for pair in known])
    others = {(p.id, location_id): quantities[p.id] for p in known if before.get(p.id) != quantities[p.id]}
    if others:
        await inventory.set_many(context, others, reason="import")
    return {pair.match.id for pair in known if (pair.id, location_id) in others}


def _quantity(pair: Pair) -> int:
    """Exports tell oversold stock as a negative number; here that is none, unless backorders explain it."""
    quantity = pair.stated.quantity or 0
    return quantity if pair.columns["allow_backorder"] else max(quantity, 0)
