"""Promises of stock: reserve, release, commit and expire. Whatever runs at once, no piece is promised twice."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, text

from rustok.commerce.catalogue import batches, checks
from rustok.commerce.catalogue import service as catalogue
from rustok.commerce.inventory import locations, service
from rustok.commerce.inventory.models import Reservation, ReservationState, StockLevel
from rustok.events.commerce import StockReserved
from rustok.kernel import bus, errors
from rustok.kernel.context import Context
from rustok.kernel.ids import generate_id
from rustok.kernel.module import Timer

MOST_LINES = 500


@dataclass(frozen=True, slots=True)
class Line:
    """Some pieces of a variant; without a location any active one will do, the default one first."""

    variant_id: UUID
    quantity: int
    location_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Shortage:
    """A line that cannot be promised, and what is left for it."""

    variant_id: UUID
    wanted: int
    left: int


class OutOfStock(errors.Conflict):
    """Some lines want more than there is; `shortages` names them all."""

    code = "out_of_stock"

    def __init__(self, shortages: Sequence[Shortage]) -> None:
        told = "; ".join(f"{one.variant_id}: {one.wanted} wanted, {one.left} left" for one in shortages)
        super().__init__(f"not enough in stock: {told}", field="lines")
        self.shortages = tuple(shortages)


async def reserve(
    context: Context, reference: str, lines: Sequence[Line], *, expires_at: datetime | None = None
) -> list[Reservation]:
    """Promise all lines to `reference`, or nothing: raises `OutOfStock` that names every line that falls short.

    Variants whose stock is not managed are always there and need no reservation. Raises `NotFound` for a variant.
    """
    reference = checks.text(reference, "reference")
    wanted: dict[tuple[UUID, UUID | None], int] = {}
    for line in lines:
        checks.whole(line.quantity, "quantity", least=1)
        key = (line.variant_id, line.location_id)
        wanted[key] = checks.whole(wanted.get(key, 0) + line.quantity, "quantity", least=1)
    if len(wanted) > MOST_LINES:
        raise errors.Invalid(f"at most {MOST_LINES} lines at once", field="lines")
    managed = {}
    for variant in await catalogue.variants(context, {variant for variant, _ in wanted}):
        managed[variant.id] = variant.manage_inventory
    async with context.session.begin_nested():
        taken: dict[service.Place, int] = {}
        shortages: list[Shortage] = []
        named = [variant for variant, _ in wanted]
        for variant_id in sorted({variant for variant in named if named.count(variant) > 1 and managed[variant]}):
            await context.session.execute(_LOCK_ALL, {"tenant_id": context.tenant_id, "variant_id": variant_id})
        # One order for everybody: by variant, lines that name a location first.
        for (variant_id, location_id), quantity in sorted(
            wanted.items(), key=lambda item: (item[0][0], item[0][1] is None, item[0][1] or item[0][0])
        ):
            if not managed[variant_id]:
                continue
            short = await _take(context, variant_id, location_id, quantity, taken)
            if short is not None:
                shortages.append(short)
        if shortages:
            raise OutOfStock(shortages)
    return await _promise(context, reference, taken, expires_at)


async def release(context: Context, reference: str) -> int:
    """Take every open promise to `reference` back; returns how many there were. Saying it twice changes nothing."""
    return await _close(context, await _open(context, reference), ReservationState.RELEASED)


async def commit_reservation(context: Context, reference: str) -> int:
    """The goods of every open promise to `reference` leave the shelf; returns how many promises that were."""
    return await _close(context, await _open(context, reference), ReservationState.COMMITTED)


async def expire(context: Context, *, most: int = 1000) -> int:
    """Take back promises whose time is over, at most so many; returns how many."""
    due = await context.session.scalars(
        select(Reservation)
        .where(
            Reservation.tenant_id == context.tenant_id,
            Reservation.state == ReservationState.OPEN,
            Reservation.expires_at <= context.now,
        )
        .order_by(Reservation.variant_id, Reservation.location_id, Reservation.id)
        .limit(most)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    )
    return await _close(context, due.all(), ReservationState.EXPIRED)


async def expire_reservations(context: Context) -> None:
    """What the timer does."""
    await expire(context)


EXPIRY = Timer(name="commerce.expire_reservations", every_seconds=30, run=expire_reservations)

_TAKE = text("""
UPDATE commerce_stock_levels AS l SET reserved = l.reserved + :quantity, updated_at = now()
FROM commerce_stock_locations AS o
WHERE l.tenant_id = CAST(:tenant_id AS uuid) AND l.variant_id = :variant_id AND l.location_id = :location_id
  AND o.tenant_id = l.tenant_id AND o.id = l.location_id AND o.is_active
  AND (l.allow_backorder OR l.on_hand - l.reserved >= :quantity)
RETURNING l.reserved
""")


async def _take(
    context: Context, variant_id: UUID, location_id: UUID | None, quantity: int, taken: dict[service.Place, int]
) -> Shortage | None:
    first = location_id or await locations.default(context)
    if await _take_at(context, variant_id, first, quantity, taken):
        return None
    if location_id is not None:
        return Shortage(variant_id, quantity, await _left(context, variant_id, location_id))
    variant = await catalogue.get_variant(context, variant_id)
    if variant.allow_backorder:
        # Nobody ever counted this variant here: its level appears now, empty.
        await service.lock_levels(context, [(variant_id, first)])
        if await _take_at(context, variant_id, first, quantity, taken):
            return None
    return await _take_anywhere(context, variant_id, quantity, first, taken)


async def _take_at(
    context: Context, variant_id: UUID, location_id: UUID, quantity: int, taken: dict[service.Place, int]
) -> bool:
    """One conditional update: PostgreSQL checks the condition again after it has waited for the row."""
    reserved = await context.session.scalar(
        _TAKE,
        {
            "tenant_id": context.tenant_id,
            "variant_id": variant_id,
            "location_id": location_id,
            "quantity": quantity,
        },
    )
    if reserved is None:
        return False
    place = (variant_id, location_id)
    taken[place] = taken.get(place, 0) + quantity
    return True


_LOCK_ALL = text("""
SELECT l.location_id, l.on_hand - l.reserved
FROM commerce_stock_levels l
JOIN commerce_stock_locations o ON o.tenant_id = l.tenant_id AND o.id = l.location_id AND o.is_active
WHERE l.tenant_id = CAST(:tenant_id AS uuid) AND l.variant_id = :variant_id
ORDER BY l.location_id
FOR NO KEY UPDATE OF l
""")


async def _take_anywhere(
    context: Context, variant_id: UUID, quantity: int, first: UUID, taken: dict[service.Place, int]
) -> Shortage | None:
    """From one location that has enough, else from several: the default one first, then the fullest."""
    named = {"tenant_id": context.tenant_id, "variant_id": variant_id}
    free = {location: left for location, left in (await context.session.execute(_LOCK_ALL, named)).all() if left > 0}
    if sum(free.values()) < quantity:
        return Shortage(variant_id, quantity, sum(free.values()))
    order = sorted(free, key=lambda location: (free[location] < quantity, location != first, -free[location], location))
    missing = quantity
    for location in order:
        part = min(missing, free[location])
        if part and await _take_at(context, variant_id, location, part, taken):
            missing -= part
    return None if not missing else Shortage(variant_id, quantity, quantity - missing)


async def _left(context: Context, variant_id: UUID, location_id: UUID) -> int:
    stored = await context.session.execute(
        select(StockLevel.on_hand - StockLevel.reserved).where(
            StockLevel.tenant_id == context.tenant_id,
            StockLevel.variant_id == variant_id,
            StockLevel.location_id == location_id,
        )
    )
    return max(stored.scalar() or 0, 0)


async def _promise(
    context: Context, reference: str, taken: dict[service.Place, int], expires_at: datetime | None
) -> list[Reservation]:
    made = [
        Reservation(
            tenant_id=context.tenant_id,
            id=generate_id(),
            variant_id=variant_id,
            location_id=location_id,
            quantity=quantity,
            reference=reference,
            state=ReservationState.OPEN,
            expires_at=expires_at,
            created_at=context.now,
        )
        for (variant_id, location_id), quantity in taken.items()
    ]
    context.session.add_all(made)
    await context.session.flush()
    await _say(context, taken)
    return made


async def _open(context: Context, reference: str) -> Sequence[Reservation]:
    found = await context.session.scalars(
        select(Reservation)
        .where(
            Reservation.tenant_id == context.tenant_id,
            Reservation.reference == reference,
            Reservation.state == ReservationState.OPEN,
        )
        .order_by(Reservation.variant_id, Reservation.location_id, Reservation.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return found.all()


async def _close(context: Context, reservations: Sequence[Reservation], state: ReservationState) -> int:
    if not reservations:
        return 0
    freed: dict[service.Place, int] = {}
    for one in reservations:
        place = (one.variant_id, one.location_id)
        freed[place] = freed.get(place, 0) + one.quantity
        one.state = state
        one.closed_at = context.now
    levels = await service.lock_levels(context, freed)
    if state is ReservationState.COMMITTED:
        # Both numbers in one statement: between two of them the goods would be promised and gone.
        await batches.update(
            context,
            StockLevel,
            [
                {
                    "id": levels[place].id,
                    "reserved": levels[place].reserved - quantity,
                    "on_hand": levels[place].on_hand - quantity,
                    "updated_at": context.now,
                }
                for place, quantity in freed.items()
            ],
        )
        changed = [(place, -quantity, levels[place].on_hand - quantity) for place, quantity in freed.items()]
        references = {one.reference for one in reservations}
        await service.note_changes(
            context, changed, reason="sold", reference=references.pop() if len(references) == 1 else None
        )
    else:
        await batches.update(
            context,
            StockLevel,
            [{"id": levels[p].id, "reserved": levels[p].reserved - quantity} for p, quantity in freed.items()],
        )
    await context.session.flush()
    await _say(context, freed)
    return len(reservations)


async def _say(context: Context, places: dict[service.Place, int]) -> None:
    stored = await service.levels_of(context, {variant for variant, _ in places})
    bus.record_many(
        context,
        [
            StockReserved(variant_id=one.variant_id, location_id=one.location_id, reserved=one.reserved)
            for levels in stored.values()
            for one in levels
            if (one.variant_id, one.location_id) in places
        ],
    )
