"""Goods are back: how many, in which condition, where they lie now, and what was paid for them."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from rustok.commerce.catalogue import checks
from rustok.commerce.catalogue import service as catalogue
from rustok.commerce.inventory import locations
from rustok.commerce.inventory import service as inventory
from rustok.commerce.orders import fulfilling
from rustok.commerce.orders import service as orders
from rustok.commerce.orders.models import OrderLine
from rustok.commerce.returns import service, states, worth
from rustok.commerce.returns.models import OrderReturn, ReturnLine
from rustok.commerce.returns.states import Condition, ReturnStatus
from rustok.kernel import errors
from rustok.kernel.context import Context

REASON = "returned"  # of movements


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """What came back of a line. What is restocked can be sold again; without a location it lies at the default one."""

    quantity: int
    condition: Condition = Condition.NEW
    restock: int = 0
    location_id: UUID | None = None


async def receive(
    context: Context,
    return_id: UUID,
    received: Mapping[UUID, Received],
    *,
    version: int | None = None,
) -> OrderReturn:
    """Write down what came back, by the return's lines; a line that is not named did not come.

    The pieces count as returned, what is restocked lies on its shelf again (movements say so), and each line knows what
    was paid for its pieces. Raises `IllegalReturnTransition`, `Stale`, `NotFound`, `Invalid`.
    """
    shelves, places = await _shelves(context, return_id, received)
    await inventory.lock_levels(context, shelves)  # before the order, as everybody does
    found, order = await service.lock(context, return_id, version=version)
    states.check(ReturnStatus(found.status), ReturnStatus.RECEIVED)
    returned = {one.id: one for one in (await service.lines_of(context, [return_id])).get(return_id, [])}
    lines = {one.id: one for one in await orders.lines(context, order.id)}
    for id_, one in received.items():
        _take_in(returned[id_], lines[returned[id_].line_id], one)
        returned[id_].location_id = places.get(id_)
    found.received_at = context.now
    pieces = sum(one.received_quantity for one in returned.values())
    await service.move(context, found, ReturnStatus.RECEIVED, pieces=pieces)
    for (variant, location), quantity in sorted(shelves.items()):
        await inventory.adjust(
            context, variant, quantity, location_id=location, reason=REASON, reference=f"return:{return_id}"
        )
    await fulfilling.settle_goods(context, order, list(lines.values()))
    return found


def _take_in(returned: ReturnLine, line: OrderLine, received: Received) -> None:
    pieces = checks.whole(received.quantity, "quantity", most=returned.quantity)
    returned.amount_minor = worth.of_pieces(
        line.total_minor, line.quantity, before=line.returned_quantity, pieces=pieces
    )
    returned.received_quantity = pieces
    returned.restocked_quantity = checks.whole(received.restock, "restock", most=pieces)
    returned.condition = Condition(received.condition).value if pieces else None
    line.returned_quantity += pieces


async def _shelves(
    context: Context, return_id: UUID, received: Mapping[UUID, Received]
) -> tuple[dict[tuple[UUID, UUID], int], dict[UUID, UUID]]:
    """How many pieces of a variant go to which location, and the location of each line that is restocked."""
    returned = {one.id: one for one in (await service.lines_of(context, [return_id])).get(return_id, [])}
    if unknown := received.keys() - returned.keys():
        raise errors.NotFound(f"no such line in this return: {min(unknown)}", field="lines")
    for location_id in {one.location_id for one in received.values() if one.location_id is not None}:
        await locations.get(context, location_id)
    found = await service.get(context, return_id)
    lines = {one.id: one for one in await orders.lines(context, found.order_id)}
    wanted = {id_: one for id_, one in received.items() if one.restock}
    variants = {lines[returned[id_].line_id].variant_id for id_ in wanted}
    counted = {one.id for one in await catalogue.present(context, variants) if one.manage_inventory}
    shelves: dict[tuple[UUID, UUID], int] = {}
    places: dict[UUID, UUID] = {}
    for id_, one in wanted.items():
        checks.whole(one.restock, "restock", most=min(one.quantity, returned[id_].quantity))
        variant = lines[returned[id_].line_id].variant_id
        if variant not in counted:
            raise errors.Conflict(f"nobody counts the stock of {lines[returned[id_].line_id].title}", field="restock")
        places[id_] = location = one.location_id or await locations.default(context)
        shelves[variant, location] = shelves.get((variant, location), 0) + one.restock
    return shelves, places
