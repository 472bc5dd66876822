"""Stock: every change leaves a movement, and nothing promised is given away."""

from uuid import UUID

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from rustok.commerce.inventory import locations, reserving, service
from rustok.commerce.inventory.models import StockMovement
from rustok.commerce.products import service as products
from rustok.commerce.products import variants
from rustok.events.commerce import InventoryUpdated
from rustok.kernel import errors
from rustok.kernel.context import Context
from rustok.kernel.ids import generate_id


async def variant(context: Context) -> UUID:
    """Something to keep in stock."""
    product = await products.create(context, title="Shirt")
    made = await variants.add(context, product.id)
    context.recorded.clear()
    return made.id


async def movements(context: Context, variant_id: UUID) -> list[tuple[int, int, str]]:
    """What happened to the variant's stock."""
    found = await context.session.scalars(
        select(StockMovement).where(StockMovement.variant_id == variant_id).order_by(StockMovement.id)
    )
    return [(one.delta, one.on_hand, one.reason) for one in found]


async def test_counting_and_adjusting_leave_movements_and_tell(context: Context) -> None:
    id_ = await variant(context)

    level = await service.set_on_hand(context, id_, 10)
    await service.set_on_hand(context, id_, 10)
    await service.adjust(context, id_, -3, reason="broken", reference="glass")

    assert level.on_hand == 7
    assert await movements(context, id_) == [(10, 10, "count"), (-3, 7, "broken")]
    assert context.recorded == [
        InventoryUpdated(variant_id=id_, location_id=level.location_id, old_quantity=0, new_quantity=10),
        InventoryUpdated(variant_id=id_, location_id=level.location_id, old_quantity=10, new_quantity=7),
    ]


async def test_there_is_never_less_than_is_promised(context: Context) -> None:
    id_ = await variant(context)
    await service.set_on_hand(context, id_, 5)
    await reserving.reserve(context, "cart", [reserving.Line(id_, 4)])

    with pytest.raises(service.BelowReserved):
        await service.set_on_hand(context, id_, 3)
    with pytest.raises(service.BelowReserved):
        await service.adjust(context, id_, -2, reason="broken")
    with pytest.raises(service.BelowReserved):
        await service.adjust(context, await variant(context), -1, reason="broken")

    (level,) = (await service.levels_of(context, [id_]))[id_]
    assert (level.on_hand, level.reserved) == (5, 4)
    assert len(await movements(context, id_)) == 1


async def test_pieces_are_carried_between_locations(context: Context) -> None:
    id_ = await variant(context)
    here = await locations.default(context)
    there = await locations.create(context, name="Shop")
    await service.set_on_hand(context, id_, 5)

    await service.move(context, id_, 2, from_location_id=here, to_location_id=there.id)
    with pytest.raises(service.BelowReserved):
        await service.move(context, id_, 4, from_location_id=here, to_location_id=there.id)
    with pytest.raises(errors.Invalid):
        await service.move(context, id_, 1, from_location_id=here, to_location_id=here)

    levels = {level.location_id: level.on_hand for level in (await service.levels_of(context, [id_]))[id_]}
    assert levels == {here: 3, there.id: 2}
    assert (await service.available(context, [id_]))[id_].quantity == 5


async def test_strange_variants_and_locations_are_not_found(context: Context) -> None:
    id_ = await variant(context)

    with pytest.raises(errors.NotFound):
        await service.set_on_hand(context, generate_id(), 1)
    with pytest.raises(errors.NotFound):
        await service.set_on_hand(context, id_, 1, location_id=generate_id())
    with pytest.raises(errors.Invalid):
        await service.set_on_hand(context, id_, 2**31)

    assert context.recorded == []


async def test_history_cannot_be_rewritten(context: Context) -> None:
    id_ = await variant(context)
    await service.set_on_hand(context, id_, 1)

    for attempt in ("UPDATE commerce_stock_movements SET delta = 0", "DELETE FROM commerce_stock_movements"):
        with pytest.raises(DBAPIError, match="permission denied"):
            async with context.session.begin_nested():
                await context.session.execute(text(attempt))

    assert len(await movements(context, id_)) == 1


async def test_locations_keep_their_rules(context: Context) -> None:
    id_ = await variant(context)
    first = await locations.create(context, name="Main")
    second = await locations.create(context, name="Shop")
    assert (first.is_default, second.is_default) == (True, False)

    await locations.change(context, second.id, is_default=True)
    await context.session.refresh(first)
    assert (first.is_default, second.is_default) == (False, True)
    with pytest.raises(errors.Conflict):
        await locations.change(context, second.id, is_default=False)
    with pytest.raises(locations.CodeTaken):
        async with context.session.begin_nested():
            await locations.create(context, name="Another", code="shop")
    await service.set_on_hand(context, id_, 1, location_id=first.id)
    with pytest.raises(locations.LocationInUse):
        await locations.remove(context, first.id)

    context.recorded.clear()
    await locations.change(context, first.id, is_active=False)
    assert (await service.available(context, [id_]))[id_].quantity == 0
    assert [type(event) for event in context.recorded] == [InventoryUpdated]
