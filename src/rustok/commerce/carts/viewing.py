"""How a cart looks now: every line with its present price and what there is to say about it, and the totals."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from rustok.commerce.baskets.shapes import CodeVerdict, Destination, LineTotal, ShippingChoice, Totals
from rustok.commerce.carts import rows
from rustok.commerce.carts.models import CartKind
from rustok.commerce.carts.rows import CartRow, LineRow
from rustok.commerce.customers import service as customers
from rustok.commerce.giftcards import codes as gift_codes
from rustok.commerce.giftcards import service as giftcards
from rustok.commerce.shipping import quoting
from rustok.commerce.totals import calculating
from rustok.commerce.totals import goods as goods_of
from rustok.commerce.totals.calculating import Known, Request, Wanted
from rustok.commerce.totals.goods import Goods
from rustok.kernel.context import Context


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Something that the buyer should know before ordering. `left` and `old_minor` are set where the code says so."""

    code: str  # price_changed (old_minor) | only_left (left) | out_of_stock | not_sold | shipping_unavailable
    message: str
    line_id: UUID | None = None
    left: int | None = None
    old_minor: int | None = None


@dataclass(slots=True, kw_only=True)
class LineView:
    """A line with what it is and what it costs; without `total` it cannot be bought now."""

    row: LineRow
    goods: Goods | None
    total: LineTotal | None
    notices: list[Notice] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class View:
    """A cart as its buyer sees it. The totals are of the lines that can be bought."""

    cart: CartRow
    lines: list[LineView]
    totals: Totals
    request: Request
    gift_cards: list[CodeVerdict] = field(default_factory=list)  # with masked codes
    notices: list[Notice] = field(default_factory=list)

    @property
    def requires_shipping(self) -> bool:
        """Whether something has to be sent."""
        return any(one.total is not None and one.total.line.requires_shipping for one in self.lines)


async def look(context: Context, cart_id: UUID, *, anybodys: bool = False) -> View | None:
    """The cart as it is now, whatever became of it; None when there is none that the actor may see.

    `anybodys` is for callers who have asked for a permission.
    """
    cart = await rows.find(context, cart_id, anybodys=anybodys)
    if anybodys and cart is not None:
        return await view(context, cart, await rows.lines(context, cart.id))
    if cart is not None and cart.merged_into is not None:
        cart = await rows.find(context, cart.merged_into)
    return None if cart is None else await view(context, cart, await rows.lines(context, cart.id))


async def view_all(context: Context, carts: Sequence[CartRow]) -> list[View]:
    """Several carts as they are now; what can be asked for all of them is asked once."""
    lines = await rows.lines_of(context, [one.id for one in carts])
    return await _views(context, [(one, lines[one.id]) for one in carts])


async def view(
    context: Context, cart: CartRow, lines: Sequence[LineRow], *, goods: Mapping[UUID, Goods] | None = None
) -> View:
    """The cart with these lines at present prices."""
    return (await _views(context, [(cart, lines)], goods=goods))[0]


async def _views(
    context: Context,
    held: Sequence[tuple[CartRow, Sequence[LineRow]]],
    *,
    goods: Mapping[UUID, Goods] | None = None,
) -> list[View]:
    if goods is None:
        goods = await goods_of.load(context, {one.variant_id for _, lines in held for one in lines})
    named = {(cart.customer_id, cart.email) for cart, _ in held if cart.customer_id is not None}
    buyers = await customers.buyers_of(context, named)
    requests = [
        Request(
            currency=cart.currency,
            lines=[
                Wanted(id=one.id, variant_id=one.variant_id, quantity=one.quantity)
                for one in lines
                if (sold := goods.get(one.variant_id)) is not None and sold.published
            ],
            buyer=buyers[cart.customer_id, cart.email]
            if cart.customer_id is not None
            else await customers.buyer(context, email=cart.email),
            at=context.now,
            destination=_destination(cart),
            codes=cart.codes,
            gift_codes=cart.gift_codes,
            shipping_method_id=cart.shipping_method_id,
            channel=cart.channel,
        )
        for cart, lines in held
    ]
    known = await calculating.know(context, requests, goods=goods)
    return [
        await _view(context, cart, lines, request, known) for (cart, lines), request in zip(held, requests, strict=True)
    ]


async def _view(context: Context, cart: CartRow, lines: Sequence[LineRow], request: Request, known: Known) -> View:
    totals = await calculating.calculate(context, request, known=known)
    found = {one.line.id: one for one in totals.lines}
    made = View(
        cart=cart,
        lines=[LineView(row=one, goods=known.goods.get(one.variant_id), total=found.get(one.id)) for one in lines],
        totals=totals,
        request=request,
    )
    if cart.gift_codes:
        made.gift_cards = await _gift_cards(context, cart)
    if cart.kind == CartKind.CART:
        _notice(made)
    return made


async def shipping_methods(context: Context, view: View) -> list[ShippingChoice]:
    """The ways of shipping that are offered for the cart as it was seen."""
    found = {one.row.variant_id: one.goods for one in view.lines if one.goods is not None}
    return await quoting.quotes(context, await calculating.basket_of(context, view.request, found))


async def require_shipping_method(context: Context, view: View) -> None:
    """Raise what shipping raises where the chosen way is not offered for the cart as it was seen."""
    found = {one.row.variant_id: one.goods for one in view.lines if one.goods is not None}
    basket = await calculating.basket_of(context, view.request, found)
    if view.request.shipping_method_id is not None:
        await quoting.quote(context, basket, view.request.shipping_method_id)


def masked(code: str) -> str:
    """A gift card's code as it is shown: it is as good as money."""
    return f"•••• {gift_codes.bare(code)[-4:]}"


async def _gift_cards(context: Context, cart: CartRow) -> list[CodeVerdict]:
    cards = await giftcards.find_many(context, cart.gift_codes)
    found = []
    for code in cart.gift_codes:
        card = cards.get(gift_codes.bare(code))
        good = card is not None and giftcards.is_spendable(card, context.now, currency=cart.currency)
        found.append(CodeVerdict(code=masked(code), accepted=good, reason="" if good else "not_spendable"))
    return found


def _notice(made: View) -> None:
    for line in made.lines:
        line.notices = _of_line(line)
        made.notices += line.notices
    if made.cart.shipping_method_id is not None and made.totals.shipping is None and made.requires_shipping:
        made.notices.append(
            Notice(code="shipping_unavailable", message="the chosen way of shipping is not offered for this cart now")
        )


def _of_line(line: LineView) -> list[Notice]:
    id_ = line.row.id
    if line.goods is None or line.total is None:
        return [Notice(code="not_sold", message=f"{line.row.title or 'this'} is not sold any more", line_id=id_)]
    found = []
    price, seen = line.total.line.unit_minor, line.row.seen_minor
    if seen is not None and seen != price:
        found.append(
            Notice(
                code="price_changed", message="the price has changed since it was added", line_id=id_, old_minor=seen
            )
        )
    if line.goods.short_of(line.row.quantity):
        left = line.goods.free or 0
        found.append(
            Notice(code="only_left", message=f"only {left} left", line_id=id_, left=left)
            if left
            else Notice(code="out_of_stock", message="sold out", line_id=id_, left=0)
        )
    return found


def _destination(cart: CartRow) -> Destination:
    address = cart.shipping_address or cart.billing_address
    return Destination() if address is None else address.destination
