"""A part of what is promised: it leaves the shelf, is given back, or comes back. Reserved stays what is promised."""

from collections.abc import Collection, Mapping
from uuid import UUID

from sqlalchemy import select

from rustok.commerce.catalogue import batches
from rustok.commerce.inventory import reserving, service
from rustok.commerce.inventory.models import Reservation, ReservationState, StockLevel
from rustok.core.rows import is_one_of_texts
from rustok.kernel.context import Context
from rustok.kernel.ids import generate_id

Pieces = Mapping[UUID, int]
"""How many of each variant."""


async def hold(context: Context, references: Collection[str], *, variant_ids: Collection[UUID] = ()) -> None:
    """Lock the levels of everything that is or was promised to these references, in everybody's order.

    Whoever locks something else first (an order, say) and levels afterwards would wait in a circle with a checkout.
    `variant_ids` are those of which something will be promised besides.
    """
    places = await context.session.execute(
        select(Reservation.variant_id, Reservation.location_id)
        .where(Reservation.tenant_id == context.tenant_id, is_one_of_texts(Reservation.reference, references))
        .distinct()
    )
    wanted = {(variant, location) for variant, location in places.all()}
    for levels in (await service.levels_of(context, variant_ids)).values() if variant_ids else ():
        wanted |= {(one.variant_id, one.location_id) for one in levels}
    await service.lock_levels(context, wanted)


async def ship(context: Context, reference: str, pieces: Pieces) -> dict[UUID, int]:
    """Promised pieces leave the shelf; returns those that nothing was promised of."""
    return await _close(context, reference, pieces, ReservationState.COMMITTED)


async def release(context: Context, reference: str, pieces: Pieces) -> dict[UUID, int]:
    """Promised pieces are free again; returns those that nothing was promised of."""
    return await _close(context, reference, pieces, ReservationState.RELEASED)


async def take_back(context: Context, reference: str, pieces: Pieces, *, reason: str) -> dict[UUID, int]:
    """Pieces that had left lie where they were, promised to `reference` again; returns those that never left."""
    left = await context.session.scalars(
        select(Reservation)
        .where(
            Reservation.tenant_id == context.tenant_id,
            Reservation.reference == reference,
            Reservation.state == ReservationState.COMMITTED,
        )
        .order_by(Reservation.variant_id, Reservation.location_id, Reservation.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    missing = {variant: quantity for variant, quantity in pieces.items() if quantity}
    chosen = [one for held in left.all() if (one := _part(context, held, missing)) is not None]
    places: dict[service.Place, int] = {}
    for one in chosen:
        place = (one.variant_id, one.location_id)
        places[place] = places.get(place, 0) + one.quantity
        one.state, one.closed_at, one.expires_at = ReservationState.OPEN, None, None
    if places:
        levels = await service.lock_levels(context, places)
        # Both numbers in one statement: a piece that is back is promised at once.
        await batches.update(
            context,
            StockLevel,
            [
                {
                    "id": levels[place].id,
                    "reserved": levels[place].reserved + quantity,
                    "on_hand": levels[place].on_hand + quantity,
                    "updated_at": context.now,
                }
                for place, quantity in places.items()
            ],
        )
        changed = [(place, quantity, levels[place].on_hand + quantity) for place, quantity in places.items()]
        await service.note_changes(context, changed, reason=reason, reference=reference)
        await context.session.flush()
        await reserving.say(context, places)
    return {variant: quantity for variant, quantity in missing.items() if quantity}


async def _close(context: Context, reference: str, pieces: Pieces, state: ReservationState) -> dict[UUID, int]:
    missing = {variant: quantity for variant, quantity in pieces.items() if quantity}
    if not missing:
        return {}
    held = await reserving.open_ones(context, reference)
    chosen = [part for one in held if (part := _part(context, one, missing)) is not None]
    await context.session.flush()
    await reserving.close(context, chosen, state)
    return {variant: quantity for variant, quantity in missing.items() if quantity}


def _part(context: Context, held: Reservation, missing: dict[UUID, int]) -> Reservation | None:
    """What of a promise is wanted: the whole, a part of it as a promise of its own, or nothing."""
    taken = min(held.quantity, missing.get(held.variant_id, 0))
    if not taken:
        return None
    missing[held.variant_id] -= taken
    if taken == held.quantity:
        return held
    held.quantity -= taken
    part = Reservation(
        tenant_id=context.tenant_id,
        id=generate_id(),
        variant_id=held.variant_id,
        location_id=held.location_id,
        quantity=taken,
        reference=held.reference,
        state=held.state,
        expires_at=held.expires_at,
        created_at=held.created_at,
        closed_at=held.closed_at,
    )
    context.session.add(part)
    return part
