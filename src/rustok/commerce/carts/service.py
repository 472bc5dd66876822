"""What can be done with a cart: make it, fill it, say who and where, forget it. Every edit holds the cart's row."""

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TypedDict, Unpack
from uuid import UUID

from rustok.commerce.addresses import service as addresses
from rustok.commerce.addresses.service import Address
from rustok.commerce.carts import rows, viewing
from rustok.commerce.carts.models import CartKind
from rustok.commerce.carts.rows import CartRow, LineRow
from rustok.commerce.carts.viewing import View
from rustok.commerce.catalogue import checks
from rustok.commerce.pricing import lists
from rustok.commerce.totals import goods as goods_of
from rustok.core.users import emails
from rustok.kernel import errors
from rustok.kernel.context import Context
from rustok.kernel.ids import generate_id

MOST_LINES = 500
MOST_PIECES = 10_000
MOST_CARTS = 50  # of one customer, wish lists among them
LONGEST_NOTE = 2_000


class NotSold(errors.Conflict):
    """The variant is unknown, its product is not published, or it has no price in the cart's currency."""

    code = "not_sold"


class CartFull(errors.Conflict):
    """A cart has as many lines, or a line as many pieces, as it can have; or a customer as many carts."""

    code = "cart_full"


@dataclass(frozen=True, slots=True)
class Addition:
    """Some pieces of a variant that go into a cart."""

    variant_id: UUID
    quantity: int = 1


class CartChanges(TypedDict, total=False):
    """What of a cart can be said besides its lines and codes; what is absent stays."""

    name: str | None
    currency: str
    email: str | None
    note: str | None
    shipping_address: Address | None
    billing_address: Address | None
    shipping_method_id: UUID | None


async def create(
    context: Context,
    additions: Sequence[Addition] = (),
    *,
    kind: CartKind = CartKind.CART,
    channel: str = "web",
    **changes: Unpack[CartChanges],
) -> View:
    """A new cart: the acting customer's, or a guest's whose random id is all that it takes to use it.

    `channel` says through which of the merchant's sales channels it comes; prices may depend on it. Raises
    `Unauthenticated` for a guest's wish list, `Invalid` for a channel, and as `add` and `update`.
    """
    customer_id = context.actor.user_id if context.actor.kind == "user" else None
    if kind is CartKind.WISH_LIST and customer_id is None:
        raise errors.Unauthenticated("log in to keep a wish list")
    if customer_id is not None and len(await rows.mine(context)) >= MOST_CARTS:
        raise CartFull(f"you have {MOST_CARTS} carts and wish lists: delete one first")
    cart = CartRow(
        # Not a ULID, whose first half is the time: nobody may guess a part of it.
        id=uuid.uuid4(),
        kind=kind,
        customer_id=customer_id,
        currency=context.currency,
        channel=lists.channels([channel], field="channel")[0],
        created_at=context.now,
        updated_at=context.now,
    )
    if kind is CartKind.CART:
        cart.expires_at = context.now + (rows.CUSTOMERS_LIFE if customer_id else rows.GUESTS_LIFE)
    await rows.insert(context, cart)
    if changes:
        _apply(context, cart, changes)
        await rows.write(context, cart)
    return await _add(context, cart, [], additions)


async def add(context: Context, cart_id: UUID, additions: Sequence[Addition]) -> View:
    """More pieces into the cart; of a variant that lies in it already the quantities are summed.

    Raises `NotFound` for the cart, `NotSold`, `CartFull`, `CartCompleted`, `Invalid` for a quantity.
    """
    cart = await rows.hold(context, cart_id)
    return await _add(context, cart, await rows.lines(context, cart.id), additions)


async def set_quantities(context: Context, cart_id: UUID, quantities: Mapping[UUID, int]) -> View:
    """The lines' quantities, by line id; 0 takes a line out. Raises as `add`, and `NotFound` for a line."""
    cart = await rows.hold(context, cart_id)
    lines = await rows.lines(context, cart.id)
    known = {one.id: one for one in lines}
    for line_id, quantity in quantities.items():
        if line_id not in known:
            raise errors.NotFound("no such line in this cart", field="lines")
        known[line_id].quantity = _pieces(quantity, least=0)
    gone = [line_id for line_id, quantity in quantities.items() if quantity == 0]
    await rows.remove_lines(context, cart.id, gone)
    made = await viewing.view(context, cart, [one for one in lines if one.quantity])
    await rows.write_lines(context, cart.id, _acknowledged(made, set(quantities) - set(gone)))
    return made


async def remove(context: Context, cart_id: UUID, line_ids: Sequence[UUID]) -> View:
    """Take lines out; those that are not in it (any more) are no error: somebody else was faster."""
    cart = await rows.hold(context, cart_id)
    await rows.remove_lines(context, cart.id, line_ids)
    return await viewing.view(context, cart, await rows.lines(context, cart.id))


async def update(
    context: Context, cart_id: UUID, *, notices_seen: bool = False, **changes: Unpack[CartChanges]
) -> View:
    """Say who buys, where it goes and how; with `notices_seen` the present prices are those that the buyer has seen.

    Raises `NotFound`, `BadAddress`, `InvalidEmail`, `Invalid`.
    """
    cart = await rows.hold(context, cart_id)
    if changes:
        _apply(context, cart, changes)
        await rows.write(context, cart)
    made = await viewing.view(context, cart, await rows.lines(context, cart.id))
    if changes.get("shipping_method_id") is not None and made.totals.shipping is None:
        # Refused with the reason why; for a method that is only out of reach just now, too.
        await viewing.require_shipping_method(context, made)
    if notices_seen or "currency" in changes:
        await rows.write_lines(context, cart.id, _acknowledged(made, [one.row.id for one in made.lines]))
        made = await viewing.view(context, cart, [one.row for one in made.lines])
    return made


async def move(context: Context, from_id: UUID, to_id: UUID, line_ids: Sequence[UUID]) -> View:
    """Carry lines from one cart to another, from a wish list into the cart for instance; returns the other."""
    if from_id == to_id:
        raise errors.Invalid("the two carts are the same", field="toCartId")
    held = {id_: await rows.hold(context, id_) for id_ in sorted((from_id, to_id))}
    lying = {one.id: one for one in await rows.lines(context, held[from_id].id)}
    if missing := set(line_ids) - lying.keys():
        raise errors.NotFound(f"no such line in this cart: {min(missing)}", field="lineIds")
    carried = [Addition(lying[id_].variant_id, lying[id_].quantity) for id_ in dict.fromkeys(line_ids)]
    await rows.remove_lines(context, held[from_id].id, line_ids)
    target = held[to_id]
    return await _add(context, target, await rows.lines(context, target.id), carried)


async def forget(context: Context, cart_id: UUID) -> None:
    """Delete a cart of one's own. Raises as `add`."""
    cart = await rows.hold(context, cart_id)
    await rows.delete(context, [cart.id])


async def _add(context: Context, cart: CartRow, lines: list[LineRow], additions: Sequence[Addition]) -> View:
    if len(additions) > MOST_LINES:
        raise errors.Invalid(f"at most {MOST_LINES} lines at once", field="lines")
    by_variant = {one.variant_id: one for one in lines}
    fresh = iter(sorted(generate_id() for _ in additions))  # made in one millisecond they have no order of their own
    for addition in additions:
        _pieces(addition.quantity)
        line = by_variant.get(addition.variant_id)
        if line is None:
            line = LineRow(id=next(fresh), variant_id=addition.variant_id, quantity=0)
            by_variant[addition.variant_id] = line
            lines.append(line)
        line.quantity = _pieces(line.quantity + addition.quantity)
    if len(lines) > MOST_LINES:
        raise CartFull(f"a cart has at most {MOST_LINES} lines", field="lines")
    lines.sort(key=lambda one: one.id)
    goods = await goods_of.load(context, by_variant)
    made = await viewing.view(context, cart, lines, goods=goods)
    touched = {by_variant[one.variant_id].id for one in additions}
    for shown in made.lines:
        if shown.row.id in touched and shown.total is None:
            raise NotSold(f"{shown.row.title or shown.row.variant_id} is not sold here", field="variantId")
    await rows.write_lines(context, cart.id, _acknowledged(made, touched))
    return made


def _acknowledged(made: View, line_ids: Collection[UUID]) -> list[LineRow]:
    """The lines as rows that say what the buyer has seen of them now."""
    changed = []
    for shown in made.lines:
        if shown.row.id not in line_ids:
            continue
        if shown.total is not None and shown.goods is not None:
            shown.row.seen_minor = shown.total.line.unit_minor
            told = (shown.goods.title, shown.goods.variant_title)
            shown.row.title = " – ".join(part for part in told if part)
        changed.append(shown.row)
    return changed


def _apply(context: Context, cart: CartRow, changes: CartChanges) -> None:
    if "name" in changes:
        cart.name = checks.optional_text(changes["name"], "name")
    if "currency" in changes:
        if changes["currency"] not in context.tenant.currencies:
            raise errors.Invalid("this shop does not sell in that currency", field="currency")
        cart.currency = changes["currency"]
    if "email" in changes:
        cart.email = emails.check_email(given) if (given := changes["email"] or "").strip() else None
    if "note" in changes:
        cart.note = checks.optional_text(changes["note"], "note", most=LONGEST_NOTE)
    if "shipping_address" in changes:
        cart.shipping_address = _address(changes["shipping_address"], "shippingAddress")
    if "billing_address" in changes:
        cart.billing_address = _address(changes["billing_address"], "billingAddress")
    if "shipping_method_id" in changes:
        cart.shipping_method_id = changes["shipping_method_id"]


def _address(given: Address | None, field: str) -> Address | None:
    return None if given is None else addresses.check(given, field=field, whole=False)


def _pieces(quantity: int, *, least: int = 1) -> int:
    return checks.whole(quantity, "quantity", least=least, most=MOST_PIECES)
