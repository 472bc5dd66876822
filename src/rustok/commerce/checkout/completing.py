"""A cart becomes an order: everything in one transaction, or nothing. One cart gives one order, whatever happens."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from rustok.commerce.addresses import service as addresses
from rustok.commerce.addresses.service import Address
from rustok.commerce.baskets.shapes import Buyer, Discounts, Totals
from rustok.commerce.carts import rows, viewing
from rustok.commerce.carts.models import CartKind
from rustok.commerce.carts.rows import CartRow
from rustok.commerce.carts.viewing import LineView, View
from rustok.commerce.giftcards import service as giftcards
from rustok.commerce.inventory import reserving
from rustok.commerce.orders import placing, stocking
from rustok.commerce.orders import service as orders
from rustok.commerce.orders.models import Order
from rustok.commerce.orders.placing import LineFacts, Placement
from rustok.commerce.payments import service as payments
from rustok.commerce.payments.models import Payment
from rustok.commerce.payments.service import Terms
from rustok.commerce.promotions import claiming
from rustok.kernel import errors, steps
from rustok.kernel.context import Context
from rustok.kernel.ids import generate_id
from rustok.kernel.money import Money


class CartEmpty(errors.Invalid):
    """There is nothing in the cart to be ordered."""

    code = "cart_empty"


class EmailMissing(errors.Invalid):
    """An order needs an address to send its confirmation to."""

    code = "email_missing"


class AddressMissing(errors.Invalid):
    """Something has to be sent, and nobody has said where to."""

    code = "address_missing"


class ShippingMethodMissing(errors.Invalid):
    """Something has to be sent, and no way of shipping is chosen, or the chosen one is not offered any more."""

    code = "shipping_method_missing"


class PaymentMethodMissing(errors.Invalid):
    """Something is due, and no way to pay is chosen."""

    code = "payment_method_missing"


class TotalChanged(errors.Conflict):
    """The cart costs something else than the buyer has seen."""

    code = "total_changed"


@dataclass(frozen=True, slots=True)
class Shortage:
    """A line that cannot be had as it is, and how many pieces are left for it."""

    line_id: UUID
    variant_id: UUID
    title: str
    wanted: int
    left: int


class LinesShort(errors.Conflict):
    """Some lines want more than there is, or are not sold any more; `shortages` names them all."""

    code = "out_of_stock"

    def __init__(self, shortages: Sequence[Shortage]) -> None:
        told = "; ".join(f"{one.title}: {one.left} left" if one.left else f"{one.title}: gone" for one in shortages)
        super().__init__(f"not everything can be had: {told}", field="lines")
        self.shortages = tuple(shortages)


@dataclass(frozen=True, slots=True)
class Completed:
    """The order and its payment; without one where nothing was due."""

    order: Order
    payment: Payment | None


async def complete(
    context: Context,
    cart_id: UUID,
    *,
    payment_method: str | None = None,
    expected_total: Money | None = None,
    expected_due: Money | None = None,
) -> Completed:
    """Order what lies in the cart. A cart that was ordered gives the same order again.

    Whoever comes second waits for the first. Raises `NotFound` and what carts raise, `CartEmpty`, `EmailMissing`,
    `AddressMissing`, `BadAddress`, `ShippingMethodMissing`, `PaymentMethodMissing`, what payments raise for a method
    that does not fit, `TotalChanged`, `PromotionExhausted`, `GiftCardShort` and `LinesShort`.
    """
    order_id = generate_id()
    try:
        cart = await rows.hold(context, cart_id, order_id=order_id)
    except (rows.CartCompleted, errors.NotFound):
        before = await _again(context, cart_id)
        if before is None:
            raise
        return before
    steps.passed("checkout.cart_completed")
    view = await viewing.view(context, cart, await rows.lines(context, cart.id))
    steps.passed("checkout.totals_known")
    placement = _checked(context, view, order_id)
    totals = placement.totals
    _as_expected(totals.total_minor, totals.currency, expected_total, "total")
    _as_expected(totals.due_minor, totals.currency, expected_due, "due")
    agreed = await _agree(context, placement, payment_method) if totals.due_minor else None
    if agreed is not None:
        placement = replace(
            placement,
            awaiting=agreed.awaiting,
            accepted=agreed.accepted,
            payment_due=None if agreed.holds is None else context.now + agreed.holds,
        )
    await claiming.claim(
        context, _discounts(totals), order_id=order_id, buyer=placement.buyer, currency=totals.currency
    )
    steps.passed("checkout.promotions_claimed")
    await giftcards.spend(context, totals.gift_cards, order_id=order_id)
    steps.passed("checkout.gift_cards_spent")
    await _reserve(context, view, order_id)
    steps.passed("checkout.stock_reserved")
    order = await placing.place(context, placement)
    steps.passed("checkout.order_placed")
    payment = None
    if agreed is not None:
        payment = await payments.intend(context, order, agreed, amount_minor=totals.due_minor)
    steps.passed("checkout.payment_opened")
    return Completed(order, payment)


async def _again(context: Context, cart_id: UUID) -> Completed | None:
    """What the cart became, for those who may see the cart; it may be deleted since."""
    order = await orders.by_cart(context, cart_id)
    if order is None or (
        order.customer_id is not None and context.actor.kind != "system" and order.customer_id != context.actor.user_id
    ):
        return None
    made = await payments.of_order(context, order.id)
    return Completed(order, made[-1] if made else None)


def _as_expected(minor: int, currency: str, expected: Money | None, what: str) -> None:
    """Raise unless it is what the buyer has seen: the total, or what gift cards leave of it (one may be empty now)."""
    if expected is not None and expected != Money(minor, currency):
        told = "the total is" if what == "total" else "what is left to pay is"
        raise TotalChanged(f"{told} {Money(minor, currency)} now", field=f"expected{what.title()}")


def _checked(context: Context, view: View, order_id: UUID) -> Placement:
    """What is to be placed; raises what is missing, in the order in which a checkout asks for it."""
    cart, totals, buyer = view.cart, view.totals, view.request.buyer
    if cart.kind is not CartKind.CART:
        raise errors.Invalid("a wish list cannot be ordered: move its lines to a cart", field="cartId")
    if not view.lines:
        raise CartEmpty("the cart is empty", field="lines")
    # Seen without waiting for anybody: who comes too late does not stand in line for it.
    short = [
        line for line in view.lines if line.total is None or (line.goods and line.goods.short_of(line.row.quantity))
    ]
    if short:
        raise LinesShort([_shortage(line, line.goods.free or 0 if line.goods and line.total else 0) for line in short])
    email = cart.email or buyer.email
    if not email:
        raise EmailMissing("say where the confirmation is to be sent", field="email")
    shipping_address, billing_address = _addresses(cart, view.requires_shipping)
    if view.requires_shipping and totals.shipping is None:
        told = "the chosen way of shipping is not offered any more" if cart.shipping_method_id else "none is chosen"
        raise ShippingMethodMissing(f"choose a way of shipping: {told}", field="shippingMethodId")
    return Placement(
        order_id=order_id,
        cart_id=cart.id,
        email=email,
        buyer=_named(buyer, email),
        locale=context.locale,
        totals=totals,
        facts={line.row.id: _facts(line) for line in view.lines},
        shipping_address=shipping_address,
        billing_address=billing_address,
        note=cart.note,
        channel=cart.channel,
    )


def _addresses(cart: CartRow, requires_shipping: bool) -> tuple[Address | None, Address | None]:
    shipping, billing = cart.shipping_address, cart.billing_address
    if requires_shipping:
        if shipping is None:
            raise AddressMissing("say where the goods are to be sent", field="shippingAddress")
        shipping = addresses.check(shipping, field="shippingAddress")
    else:
        shipping = None
    if billing is not None:
        billing = addresses.check(billing, field="billingAddress")
    return shipping, billing or shipping


def _named(buyer: Buyer, email: str) -> Buyer:
    """Limits per customer count the address that the order carries, whatever the account's is."""
    return replace(buyer, email=email)


async def _agree(context: Context, placement: Placement, payment_method: str | None) -> Terms:
    if not payment_method:
        raise PaymentMethodMissing("choose a way to pay", field="paymentMethod")
    totals, address = placement.totals, placement.billing_address or placement.shipping_address
    return await payments.terms(
        context,
        payment_method,
        currency=totals.currency,
        country=address.country if address else "",
        amount_minor=totals.due_minor,
    )


async def _reserve(context: Context, view: View, order_id: UUID) -> None:
    wanted = [reserving.Line(line.row.variant_id, line.row.quantity) for line in view.lines]
    try:
        await reserving.reserve(context, stocking.reference(order_id), wanted)
    except reserving.OutOfStock as refused:
        left = {one.variant_id: one.left for one in refused.shortages}
        lines = [line for line in view.lines if line.row.variant_id in left]
        raise LinesShort([_shortage(line, left[line.row.variant_id]) for line in lines]) from refused


def _discounts(totals: Totals) -> Discounts:
    of_lines = (one for line in totals.lines for one in line.discounts)
    return Discounts(discounts=(*of_lines, *totals.shipping_discounts))


def _shortage(line: LineView, left: int) -> Shortage:
    title = f"{line.goods.title} – {line.goods.variant_title}".rstrip(" –") if line.goods else line.row.title
    return Shortage(line.row.id, line.row.variant_id, title, line.row.quantity, left)


def _facts(line: LineView) -> LineFacts:
    goods: Any = line.goods  # lines without goods were refused
    return LineFacts(
        title=goods.title,
        variant_title=goods.variant_title or None,
        sku=goods.sku,
        options=dict(goods.options),
        image_url=goods.image["url"] if goods.image else None,
        product_handle=goods.handle,
    )
