"""What can be done with stock: set it, change it, move it; every change leaves a movement."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, select, text, update

from rustok.commerce.catalogue import batches, checks
from rustok.commerce.catalogue import service as catalogue
from rustok.commerce.catalogue.models import Variant
from rustok.commerce.inventory import locations
from rustok.commerce.inventory.models import Reservation, StockLevel, StockMovement
from rustok.core.rows import is_one_of
from rustok.events.commerce import InventoryUpdated
from rustok.kernel import bus, errors
from rustok.kernel.context import Context
from rustok.kernel.ids import generate_id

Place = tuple[UUID, UUID]
"""A variant at a location."""

MOST_PLACES = 5_000


class BelowReserved(errors.Conflict):
    """There would be less on hand than is promised to buyers."""

    code = "below_reserved"


@dataclass(frozen=True, slots=True)
class Available:
    """What of a variant can still be promised, over all active locations; `sellable` also counts backorders."""

    on_hand: int
    reserved: int
    sellable: bool

    @property
    def quantity(self) -> int:
        """How many pieces are free, never less than none."""
        return max(self.on_hand - self.reserved, 0)


async def set_on_hand(
    context: Context,
    variant_id: UUID,
    quantity: int,
    *,
    location_id: UUID | None = None,
    reason: str = "count",
    reference: str | None = None,
) -> StockLevel:
    """Say how many pieces there are at a location (the default one if none is named).

    Raises `NotFound`, and `BelowReserved` for less than is promised unless the variant may be backordered.
    """
    place = (variant_id, location_id or await locations.default(context))
    await set_many(context, {place: quantity}, reason=reason, reference=reference)
    return await level(context, *place)


async def set_many(
    context: Context, quantities: Mapping[Place, int], *, reason: str = "count", reference: str | None = None
) -> int:
    """The same for many places at once; returns how many quantities were others before."""
    levels = await lock_levels(context, quantities)
    changes = {place: quantities[place] - levels[place].on_hand for place in quantities}
    return await _change(context, levels, changes, reason=reason, reference=reference)


async def adjust(
    context: Context,
    variant_id: UUID,
    delta: int,
    *,
    location_id: UUID | None = None,
    reason: str,
    reference: str | None = None,
) -> StockLevel:
    """Add `delta` pieces, or take them away. Raises as `set_on_hand`."""
    place = (variant_id, location_id or await locations.default(context))
    levels = await lock_levels(context, [place])
    await _change(context, levels, {place: delta}, reason=reason, reference=reference)
    return await level(context, *place)


async def move(
    context: Context,
    variant_id: UUID,
    quantity: int,
    *,
    from_location_id: UUID,
    to_location_id: UUID,
    reference: str | None = None,
) -> None:
    """Carry pieces from one location to another. Raises `Invalid` for the same place, and as `set_on_hand`."""
    checks.whole(quantity, "quantity", least=1)
    if from_location_id == to_location_id:
        raise errors.Invalid("the two locations are the same", field="toLocationId")
    source, target = (variant_id, from_location_id), (variant_id, to_location_id)
    levels = await lock_levels(context, [source, target])
    if levels[source].on_hand < quantity:
        raise BelowReserved(f"only {levels[source].on_hand} pieces lie there", field="quantity")
    changes = {source: -quantity, target: quantity}
    await _change(context, levels, changes, reason="transfer", reference=reference)


async def level(context: Context, variant_id: UUID, location_id: UUID) -> StockLevel:
    """The level as it stands; raises `NotFound`."""
    found = await context.session.scalar(
        select(StockLevel)
        .where(
            StockLevel.tenant_id == context.tenant_id,
            StockLevel.variant_id == variant_id,
            StockLevel.location_id == location_id,
        )
        .execution_options(populate_existing=True)
    )
    if found is None:
        raise errors.NotFound("no stock of this variant was ever at this location", field="locationId")
    return found


async def on_hand_at(context: Context, location_id: UUID, variant_ids: Collection[UUID]) -> dict[UUID, int]:
    """How many pieces lie at one location; variants that never lay there are absent."""
    if not variant_ids:
        return {}
    found = await context.session.execute(
        select(StockLevel.variant_id, StockLevel.on_hand).where(
            StockLevel.tenant_id == context.tenant_id,
            StockLevel.location_id == location_id,
            is_one_of(StockLevel.variant_id, variant_ids),
        )
    )
    return dict(found.all())


async def levels_of(context: Context, variant_ids: Collection[UUID]) -> dict[UUID, list[StockLevel]]:
    """Every level of the variants."""
    found: dict[UUID, list[StockLevel]] = {}
    statement = (
        select(StockLevel)
        .where(StockLevel.tenant_id == context.tenant_id, is_one_of(StockLevel.variant_id, variant_ids))
        .order_by(StockLevel.variant_id, StockLevel.location_id)
        .execution_options(populate_existing=True)
    )
    for one in (await context.session.scalars(statement)).all():
        found.setdefault(one.variant_id, []).append(one)
    return found


_AVAILABLE = text("""
SELECT v.id, coalesce(s.on_hand, 0), coalesce(s.reserved, 0),
       NOT v.manage_inventory OR v.allow_backorder OR coalesce(s.on_hand - s.reserved > 0, false)
FROM commerce_variants v
LEFT JOIN LATERAL (
  SELECT sum(l.on_hand)::int AS on_hand, sum(l.reserved)::int AS reserved
  FROM commerce_stock_levels l
  JOIN commerce_stock_locations o ON o.tenant_id = l.tenant_id AND o.id = l.location_id AND o.is_active
  WHERE l.tenant_id = v.tenant_id AND l.variant_id = v.id
) s ON true
WHERE v.tenant_id = CAST(:tenant_id AS uuid) AND v.id = ANY(CAST(:ids AS uuid[]))
""")


async def available(context: Context, variant_ids: Collection[UUID]) -> dict[UUID, Available]:
    """What of each variant can still be promised; variants that there are not are absent."""
    found = await context.session.execute(_AVAILABLE, {"tenant_id": context.tenant_id, "ids": list(variant_ids)})
    return {id_: Available(on_hand, reserved, sellable) for id_, on_hand, reserved, sellable in found.all()}


# Rows appear in one order for everybody, and are locked in the same: two writers never wait in a circle.
_APPEAR = text("""
INSERT INTO commerce_stock_levels (tenant_id, id, variant_id, location_id, allow_backorder)
SELECT v.tenant_id, p.id, v.id, o.id, v.allow_backorder
FROM unnest(CAST(:ids AS uuid[]), CAST(:variants AS uuid[]), CAST(:locations AS uuid[]))
  AS p(id, variant_id, location_id)
JOIN commerce_variants v ON v.tenant_id = CAST(:tenant_id AS uuid) AND v.id = p.variant_id
JOIN commerce_stock_locations o ON o.tenant_id = v.tenant_id AND o.id = p.location_id
ORDER BY p.variant_id, p.location_id
ON CONFLICT (tenant_id, variant_id, location_id) DO NOTHING
""")
_LOCK = text("""
SELECT l.id FROM commerce_stock_levels l
WHERE l.tenant_id = CAST(:tenant_id AS uuid) AND (l.variant_id, l.location_id) IN (
  SELECT * FROM unnest(CAST(:variants AS uuid[]), CAST(:locations AS uuid[])))
ORDER BY l.variant_id, l.location_id
FOR NO KEY UPDATE
""")


async def lock_levels(context: Context, places: Collection[Place]) -> dict[Place, StockLevel]:
    """The levels at these places, made where missing and locked until the end; raises `NotFound`."""
    if len(places) > MOST_PLACES:
        raise errors.Invalid(f"at most {MOST_PLACES} quantities at once", field="quantities")
    wanted = sorted(set(places))
    if not wanted:
        return {}
    named = {
        "tenant_id": context.tenant_id,
        "variants": [variant for variant, _ in wanted],
        "locations": [location for _, location in wanted],
    }
    await context.session.execute(_APPEAR, {**named, "ids": [generate_id() for _ in wanted]})
    locked = (await context.session.scalars(_LOCK, named)).all()
    found = await context.session.scalars(
        select(StockLevel)
        .where(StockLevel.tenant_id == context.tenant_id, is_one_of(StockLevel.id, locked))
        .execution_options(populate_existing=True)
    )
    levels = {(one.variant_id, one.location_id): one for one in found.all()}
    for variant, location in wanted:
        if (variant, location) not in levels:
            await catalogue.get_variant(context, variant)
            await locations.get(context, location)
            raise errors.NotFound("no such variant or location", field="variantId")
    return levels


async def _change(
    context: Context,
    levels: Mapping[Place, StockLevel],
    changes: Mapping[Place, int],
    *,
    reason: str,
    reference: str | None,
) -> int:
    reason = checks.text(reason, "reason", most=64)
    reference = checks.optional_text(reference, "reference")
    changed = []
    for place, delta in sorted(changes.items()):
        if not delta:
            continue
        stored = levels[place]
        after = checks.whole(stored.on_hand + delta, "quantity", least=-checks.LARGEST_INT)
        if after < stored.reserved and not stored.allow_backorder:
            raise BelowReserved(
                f"{after} pieces would be on hand, {stored.reserved} are promised to buyers", field="quantity"
            )
        changed.append((stored, delta, after))
    await write_levels(context, changed, reason=reason, reference=reference)
    return len(changed)


async def write_levels(
    context: Context, changed: Collection[tuple[StockLevel, int, int]], *, reason: str, reference: str | None = None
) -> None:
    """Write (locked level, delta, quantity afterwards), the movements, and say so."""
    if not changed:
        return
    await batches.update(
        context,
        StockLevel,
        [{"id": one.id, "on_hand": after, "updated_at": context.now} for one, _, after in changed],
    )
    told = [((one.variant_id, one.location_id), delta, after) for one, delta, after in changed]
    await note_changes(context, told, reason=reason, reference=reference)


async def note_changes(
    context: Context, changed: Collection[tuple[Place, int, int]], *, reason: str, reference: str | None = None
) -> None:
    """The movements and events of quantities that the caller has written, as (place, delta, quantity afterwards)."""
    await batches.insert(
        context,
        StockMovement,
        [
            {
                "variant_id": variant,
                "location_id": location,
                "delta": delta,
                "on_hand": after,
                "reason": reason,
                "reference": reference,
                "actor_id": context.actor.user_id,
            }
            for (variant, location), delta, after in changed
        ],
    )
    bus.record_many(
        context,
        [
            InventoryUpdated(
                variant_id=variant,
                location_id=location,
                old_quantity=after - delta,
                new_quantity=after,
            )
            for (variant, location), delta, after in changed
        ],
    )


async def open_levels(
    context: Context, quantities: Collection[tuple[UUID, int, bool]], *, location_id: UUID, reason: str
) -> None:
    """The first levels of new variants, as (variant, quantity, may be backordered): nobody else can know them yet."""
    await batches.insert(
        context,
        StockLevel,
        [
            {
                "variant_id": variant,
                "location_id": location_id,
                "on_hand": quantity,
                "allow_backorder": backorder,
            }
            for variant, quantity, backorder in quantities
        ],
    )
    changed = [((variant, location_id), quantity, quantity) for variant, quantity, _ in quantities if quantity]
    await note_changes(context, changed, reason=reason)


async def copy_backorder(context: Context, variant_ids: Collection[UUID]) -> None:
    """Tell the levels whether their variants may be backordered now; raises `BelowReserved` where that oversells."""
    if not variant_ids:
        return
    same = (Variant.tenant_id == StockLevel.tenant_id) & (Variant.id == StockLevel.variant_id)
    oversold = await context.session.scalar(
        select(func.count())
        .select_from(StockLevel)
        .join(Variant, same)
        .where(
            StockLevel.tenant_id == context.tenant_id,
            is_one_of(StockLevel.variant_id, variant_ids),
            ~Variant.allow_backorder,
            StockLevel.on_hand < StockLevel.reserved,
        )
    )
    if oversold:
        raise BelowReserved("more is promised than on hand: settle the backorders first", field="allowBackorder")
    await context.session.execute(
        update(StockLevel)
        .where(
            same,
            StockLevel.tenant_id == context.tenant_id,
            is_one_of(StockLevel.variant_id, variant_ids),
            StockLevel.allow_backorder != Variant.allow_backorder,
        )
        .values(allow_backorder=Variant.allow_backorder)
        .execution_options(synchronize_session=False)
    )


async def promised(context: Context, variant_ids: Collection[UUID]) -> set[UUID]:
    """Which of the variants have open reservations: they must not be removed."""
    found = await context.session.scalars(
        select(Reservation.variant_id)
        .where(
            Reservation.tenant_id == context.tenant_id,
            is_one_of(Reservation.variant_id, variant_ids),
            Reservation.state == "open",
        )
        .distinct()
    )
    return set(found.all())
