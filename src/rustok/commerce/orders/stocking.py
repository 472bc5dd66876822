"""An order's stock: everything is promised to one reference, and levels are locked before the order is."""

from collections.abc import Collection, Mapping
from uuid import UUID

from rustok.commerce.catalogue import service as catalogue
from rustok.commerce.inventory import parting, reserving
from rustok.kernel.context import Context


def reference(order_id: UUID) -> str:
    """What stock is promised to."""
    return f"order:{order_id}"


async def hold(context: Context, order_ids: Collection[UUID], *, variant_ids: Collection[UUID] = ()) -> None:
    """Lock the levels of the orders' stock, and of these variants: before the orders themselves, as a checkout does."""
    await parting.hold(context, [reference(one) for one in order_ids], variant_ids=variant_ids)


async def change(context: Context, order_id: UUID, pieces: Mapping[UUID, int]) -> None:
    """Promise more of some variants and less of others; raises `OutOfStock`, `NotFound`."""
    more = [reserving.Line(variant, quantity) for variant, quantity in pieces.items() if quantity > 0]
    if more:
        await reserving.reserve(context, reference(order_id), more)
    await parting.release(
        context, reference(order_id), {one: -quantity for one, quantity in pieces.items() if quantity < 0}
    )


async def send(context: Context, order_id: UUID, pieces: Mapping[UUID, int]) -> None:
    """Pieces leave the shelf. What was never promised, because nobody counted it then, is taken now if it is counted.

    Raises `OutOfStock` where there is none of it.
    """
    missing = await parting.ship(context, reference(order_id), pieces)
    if not missing:
        return
    counted = [one.id for one in await catalogue.present(context, missing) if one.manage_inventory]
    wanted = {variant: missing[variant] for variant in counted}
    if wanted:
        asked = [reserving.Line(variant, quantity) for variant, quantity in wanted.items()]
        await reserving.reserve(context, reference(order_id), asked)
        await parting.ship(context, reference(order_id), wanted)
