"""An order's stock: everything is promised to one reference, and levels are locked before the order is."""

from collections.abc import Collection, Mapping
from uuid import UUID

from rustok.commerce.catalogue import service as catalogue
from rustok.commerce.inventory import parting, reserving
from rustok.kernel.context import Context


def reference(order_id: UUID) -> str:
    """What stock is promised to."""
    return f"order:{order_id}"


async def hold(context: Context, order_ids: Collection[UUID]) -> None:
    """Lock the levels of the orders' stock: before the orders themselves, as a checkout does."""
    await parting.hold(context, [reference(one) for one in order_ids])


async def send(context: Context, order_id: UUID, pieces: Mapping[UUID, int]) -> None:
    """Pieces leave the shelf. What was never promised, because nobody counted it then, is taken now if it is counted.

    Raises `OutOfStock` where there is none of it.
    """
    missing = await parting.commit(context, reference(order_id), pieces)
    if not missing:
        return
    counted = [one.id for one in await catalogue.present(context, missing) if one.manage_inventory]
    wanted = {variant: missing[variant] for variant in counted}
    if wanted:
        asked = [reserving.Line(variant, quantity) for variant, quantity in wanted.items()]
        await reserving.reserve(context, reference(order_id), asked)
        await parting.commit(context, reference(order_id), wanted)
