"""Promises of stock: reserve, release, commit and expire. Whatever runs at once, no piece is promised twice."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, text

from rustok.commerce.catalogue import batches, checks
from rustok.commerce.inventory import locations, planning, service
from rustok.commerce.inventory.models import Reservation, ReservationState, StockLevel
from rustok.commerce.inventory.planning import Shortage
from rustok.events.commerce import StockReserved
from rustok.kernel import bus, errors
from rustok.kernel.context import Context
from rustok.kernel.ids import generate_ids
from rustok.kernel.module import Timer

MOST_LINES = 500


@dataclass(frozen=True, slots=True)
class Line:
    """Some pieces of a variant; without a location any active one will do, the default one first."""

    variant_id: UUID
    quantity: int
    location_id: UUID | None = None


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
    Two statements, whatever the number of lines.
    """
    reference = checks.text(reference, "reference")
    wanted: dict[tuple[UUID, UUID | None], int] = {}
    for line in lines:
        checks.whole(line.quantity, "quantity", least=1)
        key = (line.variant_id, line.location_id)
        wanted[key] = checks.whole(wanted.get(key, 0) + line.quantity, "quantity", least=1)
    if len(wanted) > MOST_LINES:
        raise errors.Invalid(f"at most {MOST_LINES} lines at once", field="lines")
    shelves = await planning.look(context, {variant for variant, _ in wanted})
    plan = planning.Plan(shelves)
    # Those that name a location first: the others find what is left.
    for (variant_id, location_id), quantity in sorted(
        wanted.items(), key=lambda item: (item[0][0], item[0][1] is None, item[0][1] or item[0][0])
    ):
        plan.take(variant_id, location_id, quantity)
    if plan.shortages:
        raise OutOfStock(plan.shortages)
    if plan.uncounted:
        # Nobody ever counted these here: their levels appear now, empty.
        first = await locations.default(context)
        await service.lock_levels(context, [(variant, first) for variant in plan.uncounted])
        return await reserve(context, reference, lines, expires_at=expires_at)
    return await _promise(context, reference, plan.taken, expires_at)


async def release(context: Context, reference: str) -> int:
    """Take every open promise to `reference` back; returns how many there were. Saying it twice changes nothing."""
    return await close(context, await open_ones(context, reference), ReservationState.RELEASED)


async def commit_reservation(context: Context, reference: str) -> int:
    """The goods of every open promise to `reference` leave the shelf; returns how many promises that were."""
    return await close(context, await open_ones(context, reference), ReservationState.COMMITTED)


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
    return await close(context, due.all(), ReservationState.EXPIRED)


async def expire_reservations(context: Context) -> None:
    """What the timer does."""
    await expire(context)


EXPIRY = Timer(name="commerce.expire_reservations", every_seconds=30, run=expire_reservations)


class _Undercut(Exception):
    """A locked row was changed by somebody else: PostgreSQL does not let that happen."""


# The condition is the row's own, and a CHECK stands behind it: what was planned above is no reason to trust it.
_PROMISE = text("""
WITH wanted AS (
  SELECT * FROM unnest(CAST(:levels AS uuid[]), CAST(:quantities AS int[]), CAST(:ids AS uuid[]))
    AS w(level_id, quantity, id)
), taken AS (
  UPDATE commerce_stock_levels l SET reserved = l.reserved + w.quantity, updated_at = now() FROM wanted w
  WHERE l.tenant_id = CAST(:tenant_id AS uuid) AND l.id = w.level_id
    AND (l.allow_backorder OR l.on_hand - l.reserved >= w.quantity)
  RETURNING l.variant_id, l.location_id, l.reserved, w.quantity, w.id
), promised AS (
  INSERT INTO commerce_reservations
    (tenant_id, id, variant_id, location_id, quantity, reference, state, expires_at, created_at)
  SELECT CAST(:tenant_id AS uuid), id, variant_id, location_id, quantity, :reference, 'open',
    CAST(:expires_at AS timestamptz), :now
  FROM taken
)
SELECT variant_id, location_id, reserved, quantity, id FROM taken ORDER BY variant_id, location_id
""")


async def _promise(
    context: Context, reference: str, taken: Mapping[service.Place, tuple[UUID, int]], expires_at: datetime | None
) -> list[Reservation]:
    if not taken:
        return []
    await context.session.flush()
    written = await context.session.execute(
        _PROMISE,
        {
            "tenant_id": context.tenant_id,
            "levels": [level for level, _ in taken.values()],
            "quantities": [quantity for _, quantity in taken.values()],
            "ids": generate_ids(len(taken)),
            "reference": reference,
            "expires_at": expires_at,
            "now": context.now,
        },
    )
    rows = written.all()
    if len(rows) != len(taken):
        raise _Undercut(f"{len(taken)} levels were locked for {reference}, {len(rows)} could be written")
    bus.record_many(
        context,
        [
            StockReserved(variant_id=variant, location_id=location, reserved=reserved)
            for variant, location, reserved, _, _ in rows
        ],
    )
    return [
        Reservation(
            tenant_id=context.tenant_id,
            id=id_,
            variant_id=variant,
            location_id=location,
            quantity=quantity,
            reference=reference,
            state=ReservationState.OPEN,
            expires_at=expires_at,
            created_at=context.now,
        )
        for variant, location, _, quantity, id_ in rows
    ]


async def open_ones(context: Context, reference: str) -> Sequence[Reservation]:
    """The open promises to `reference`, locked."""
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


async def close(context: Context, reservations: Sequence[Reservation], state: ReservationState) -> int:
    """Close open promises, which the caller has locked; returns how many that were."""
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
    await say(context, freed)
    return len(reservations)


async def say(context: Context, places: Collection[service.Place]) -> None:
    """Tell how much is promised at these places now."""
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
