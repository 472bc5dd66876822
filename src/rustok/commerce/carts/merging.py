"""A guest's cart becomes the customer's at log-in; no line is lost, whatever runs at once."""

from uuid import UUID

from sqlalchemy import func, literal, select

from rustok.commerce.carts import rows, viewing
from rustok.commerce.carts.models import CartKind, CartStatus
from rustok.commerce.carts.rows import CartRow, LineRow
from rustok.commerce.carts.service import MOST_LINES, MOST_PIECES
from rustok.commerce.carts.viewing import View
from rustok.kernel import errors
from rustok.kernel.context import Context


async def merge(context: Context, cart_id: UUID) -> View:
    """Put a guest's cart into the acting customer's newest one; without one it becomes the customer's own.

    Quantities of the same variant are summed. What the customer's cart does not say yet (address, note, …) is taken
    over; codes are kept of both. Said twice it gives the same cart. Raises `Unauthenticated`, and as `rows.hold`.
    """
    customer_id = context.actor.user_id if context.actor.kind == "user" else None
    if customer_id is None:
        raise errors.Unauthenticated("log in first")
    await _one_at_a_time(context, customer_id)
    open_carts = [one for one in await rows.mine(context) if one.kind is CartKind.CART and one.id != cart_id]
    target_id = open_carts[0].id if open_carts else None
    # One order for everybody who holds two carts.
    held = {}
    for id_ in sorted({cart_id, target_id or cart_id}):
        try:
            held[id_] = await rows.hold(context, id_)
        except (rows.CartCompleted, errors.NotFound):
            if id_ == cart_id:
                raise
            target_id = None  # ordered or deleted in this moment
    guest = held[cart_id]
    if guest.customer_id is not None:  # merged before, or never a guest's
        return await viewing.view(context, guest, await rows.lines(context, guest.id))
    brought = await rows.lines(context, guest.id)
    if target_id is not None:
        target = held[target_id]
        lying = await rows.lines(context, target.id)
        if len({one.variant_id for one in (*lying, *brought)}) <= MOST_LINES:
            return await _into(context, guest, brought, target, lying)
    # No cart yet, or two that do not fit into one: the customer has it besides.
    guest.customer_id = customer_id
    guest.expires_at = context.now + rows.CUSTOMERS_LIFE
    await rows.write(context, guest)
    return await viewing.view(context, guest, brought)


async def _one_at_a_time(context: Context, customer_id: UUID) -> None:
    """Of two devices that log in at once, the second finds the cart that the first one brought."""
    key = func.hashtextextended(literal(f"commerce_carts:{context.tenant_id}:{customer_id}"), 0)
    await context.session.execute(select(func.pg_advisory_xact_lock(key)))


async def _into(
    context: Context, guest: CartRow, brought: list[LineRow], target: CartRow, lying: list[LineRow]
) -> View:
    known = {one.variant_id: one for one in lying}
    changed = []
    for line in brought:
        same = known.get(line.variant_id)
        if same is None:
            lying.append(line)
            changed.append(line)
        else:
            same.quantity = min(same.quantity + line.quantity, MOST_PIECES)
            changed.append(same)
    await rows.remove_lines(context, guest.id, [one.id for one in brought])
    await rows.write_lines(context, target.id, changed)
    target.email = target.email or guest.email
    target.note = target.note or guest.note
    target.codes = tuple(dict.fromkeys((*target.codes, *guest.codes)))
    target.gift_codes = tuple(dict.fromkeys((*target.gift_codes, *guest.gift_codes)))
    target.shipping_address = target.shipping_address or guest.shipping_address
    target.billing_address = target.billing_address or guest.billing_address
    target.shipping_method_id = target.shipping_method_id or guest.shipping_method_id
    await rows.write(context, target)
    guest.status, guest.merged_into = CartStatus.MERGED, target.id
    await rows.write(context, guest)
    return await viewing.view(context, target, sorted(lying, key=lambda one: one.id))
