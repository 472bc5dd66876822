"""A cart in GraphQL: every line explained, and the totals."""

from datetime import datetime
from enum import Enum
from typing import Any

import strawberry
from strawberry.types import Info

from rustok.commerce.addresses.graphql import AddressType
from rustok.commerce.baskets.shapes import CodeVerdict, Discount, ShippingChoice, TaxPart
from rustok.commerce.carts import viewing
from rustok.commerce.carts.models import CartKind, CartStatus
from rustok.commerce.carts.viewing import LineView, Notice, View
from rustok.commerce.payments import service as payments
from rustok.commerce.payments.graphql.types import PaymentOptionType
from rustok.kernel import graphql

Edge = Info[graphql.Operation, None]


@strawberry.enum(name="CartKind", description="What a customer keeps it for.")
class CartKindEnum(Enum):
    CART = CartKind.CART.value
    WISH_LIST = CartKind.WISH_LIST.value


@strawberry.enum(name="CartStatus", description="Whether it can still be changed.")
class CartStatusEnum(Enum):
    OPEN = CartStatus.OPEN.value
    COMPLETED = CartStatus.COMPLETED.value
    MERGED = CartStatus.MERGED.value


@strawberry.type(description="A picture of what lies in a cart.")
class CartImage:
    url: str
    alt_text: str
    width: int | None
    height: int | None


@strawberry.type(description="One of the options that tell a variant from its siblings.")
class CartOption:
    name: str
    value: str


@strawberry.type(description="What a promotion takes off.")
class CartDiscount:
    promotion_id: strawberry.ID
    code: str | None
    title: str
    reason: str
    amount: graphql.Money

    @classmethod
    def of(cls, one: Discount, currency: str) -> "CartDiscount":
        """From the value."""
        return cls(
            promotion_id=strawberry.ID(str(one.promotion_id)),
            code=one.code,
            title=one.title,
            reason=one.reason,
            amount=graphql.Money.of(one.amount_minor, currency),
        )


@strawberry.type(description="A tax. `rate` is a fraction: 0.19 is 19 %.")
class CartTax:
    name: str
    rate: str
    amount: graphql.Money

    @classmethod
    def of(cls, one: TaxPart, currency: str) -> "CartTax":
        """From the value."""
        return cls(name=one.name, rate=f"{one.rate:f}", amount=graphql.Money.of(one.amount_minor, currency))


@strawberry.type(description="A code that was entered, and what became of it. A gift card's shows its end alone.")
class CartCode:
    code: str
    gift_card: bool
    accepted: bool
    reason: str = strawberry.field(description="Why not; empty where it was accepted.")
    message: str

    @classmethod
    def of(cls, one: CodeVerdict, *, gift_card: bool = False) -> "CartCode":
        """From the verdict on it."""
        return cls(code=one.code, gift_card=gift_card, accepted=one.accepted, reason=one.reason, message=one.message)


@strawberry.type(
    description="Something to know before ordering: price_changed, only_left, out_of_stock, not_sold,"
    " shipping_unavailable."
)
class CartNotice:
    code: str
    message: str
    line_id: strawberry.ID | None
    left: int | None
    old_price: graphql.Money | None

    @classmethod
    def of(cls, one: Notice, currency: str) -> "CartNotice":
        """From the value."""
        return cls(
            code=one.code,
            message=one.message,
            line_id=strawberry.ID(str(one.line_id)) if one.line_id else None,
            left=one.left,
            old_price=None if one.old_minor is None else graphql.Money.of(one.old_minor, currency),
        )


@strawberry.type(description="A way of shipping with its price for this cart, before promotions.")
class CartShippingMethod:
    id: strawberry.ID
    code: str
    name: str
    description: str
    price: graphql.Money
    pickup: bool

    @classmethod
    def of(cls, one: ShippingChoice, currency: str) -> "CartShippingMethod":
        """From the value."""
        return cls(
            id=strawberry.ID(str(one.method_id)),
            code=one.code,
            name=one.name,
            description=one.description,
            price=graphql.Money.of(one.price_minor, currency),
            pickup=one.pickup,
        )


@strawberry.type(description="Some pieces of a variant. Amounts are null where it cannot be bought now.")
class CartLine:
    id: strawberry.ID
    quantity: int
    variant_id: strawberry.ID
    product_id: strawberry.ID | None
    title: str
    variant_title: str
    sku: str | None
    handle: str | None
    options: list[CartOption]
    image: CartImage | None
    requires_shipping: bool
    left: int | None = strawberry.field(description="How many can still be promised; null where nobody counts.")
    unit_price: graphql.Money | None
    compare_at_price: graphql.Money | None
    price_reason: graphql.JSON | None = strawberry.field(description="Why this price.")
    subtotal: graphql.Money | None
    discounts: list[CartDiscount]
    discount: graphql.Money | None
    taxes: list[CartTax]
    tax: graphql.Money | None
    total: graphql.Money | None
    notices: list[CartNotice]

    @classmethod
    def of(cls, one: LineView, currency: str) -> "CartLine":
        """From the view."""

        def amount(minor: int | None) -> graphql.Money | None:
            return None if minor is None else graphql.Money.of(minor, currency)

        total, goods = one.total, one.goods
        return cls(
            id=strawberry.ID(str(one.row.id)),
            quantity=one.row.quantity,
            variant_id=strawberry.ID(str(one.row.variant_id)),
            product_id=strawberry.ID(str(goods.product_id)) if goods else None,
            title=goods.title if goods else one.row.title,
            variant_title=goods.variant_title if goods else "",
            sku=goods.sku if goods else None,
            handle=goods.handle if goods and goods.published else None,
            options=[CartOption(name=name, value=value) for name, value in goods.options] if goods else [],
            image=_image(goods.image) if goods and goods.image else None,
            requires_shipping=goods.requires_shipping if goods else False,
            left=goods.free if goods else 0,
            unit_price=amount(total.line.unit_minor if total else None),
            compare_at_price=amount(total.compare_at_minor if total else None),
            price_reason=graphql.JSON(dict(total.price_reason)) if total else None,
            subtotal=amount(total.subtotal_minor if total else None),
            discounts=[CartDiscount.of(each, currency) for each in total.discounts] if total else [],
            discount=amount(total.discount_minor if total else None),
            taxes=[CartTax.of(each, currency) for each in total.taxes] if total else [],
            tax=amount(total.tax_minor if total else None),
            total=amount(total.total_minor if total else None),
            notices=[CartNotice.of(each, currency) for each in one.notices],
        )


@strawberry.type(name="Cart", description="What somebody means to buy, at present prices.")
class CartType:
    id: strawberry.ID
    kind: CartKindEnum
    status: CartStatusEnum
    name: str | None
    currency: str
    channel: str = strawberry.field(description="The sales channel it comes through.")
    email: str | None
    note: str | None
    lines: list[CartLine]
    total_quantity: int
    requires_shipping: bool
    shipping_address: AddressType | None
    billing_address: AddressType | None
    shipping_method: CartShippingMethod | None
    codes: list[CartCode]
    notices: list[CartNotice]
    tax_included: bool = strawberry.field(description="Whether the prices hold the taxes already.")
    subtotal: graphql.Money = strawberry.field(description="All lines before discounts.")
    discount: graphql.Money = strawberry.field(description="Of the lines.")
    shipping: graphql.Money = strawberry.field(description="After its own discounts.")
    shipping_discounts: list[CartDiscount]
    taxes: list[CartTax] = strawberry.field(description="Of lines and shipping, summed by name and rate.")
    tax: graphql.Money
    total: graphql.Money = strawberry.field(description="subtotal - discount + shipping, with tax where not included.")
    gift_cards: graphql.Money = strawberry.field(description="What gift cards pay of it.")
    due: graphql.Money = strawberry.field(description="What is left to pay.")
    order_id: strawberry.ID | None = strawberry.field(description="The order that it became.")
    version: int
    created_at: datetime
    updated_at: datetime
    expires_at: datetime | None
    view: strawberry.Private[View]

    @strawberry.field(description="The ways of shipping that are offered; none before a country is known.")  # type: ignore[untyped-decorator]  # strawberry says Any
    async def shipping_methods(self, info: Edge) -> list[CartShippingMethod]:
        async with info.context.look() as context:
            found = await viewing.shipping_methods(context, self.view)
        return [CartShippingMethod.of(one, self.view.cart.currency) for one in found]

    @strawberry.field(description="The ways to pay what is due; none where nothing is.")  # type: ignore[untyped-decorator]  # strawberry says Any
    async def payment_methods(self, info: Edge) -> list[PaymentOptionType]:
        due = self.view.totals.due_minor
        if not due:
            return []
        address = self.view.cart.billing_address or self.view.cart.shipping_address
        async with info.context.look() as context:
            found = await payments.methods(
                context, currency=self.view.cart.currency, country=address.country if address else "", total=due
            )
        return [PaymentOptionType.of(one) for one in found]

    @classmethod
    def of(cls, view: View, locale: str) -> "CartType":
        """From the view."""
        cart, totals, currency = view.cart, view.totals, view.cart.currency

        def amount(minor: int) -> graphql.Money:
            return graphql.Money.of(minor, currency)

        return cls(
            id=strawberry.ID(str(cart.id)),
            kind=CartKindEnum(cart.kind.value),
            status=CartStatusEnum(cart.status.value),
            name=cart.name,
            currency=currency,
            channel=cart.channel,
            email=cart.email,
            note=cart.note,
            lines=[CartLine.of(one, currency) for one in view.lines],
            total_quantity=sum(one.row.quantity for one in view.lines),
            requires_shipping=view.requires_shipping,
            shipping_address=AddressType.of(cart.shipping_address, locale),
            billing_address=AddressType.of(cart.billing_address, locale),
            shipping_method=CartShippingMethod.of(totals.shipping, currency) if totals.shipping else None,
            codes=[
                *(CartCode.of(one) for one in totals.codes),
                *(CartCode.of(one, gift_card=True) for one in view.gift_cards),
            ],
            notices=[CartNotice.of(one, currency) for one in view.notices],
            tax_included=totals.tax_included,
            subtotal=amount(totals.subtotal_minor),
            discount=amount(totals.discount_minor),
            shipping=amount(totals.shipping_minor),
            shipping_discounts=[CartDiscount.of(one, currency) for one in totals.shipping_discounts],
            taxes=_summed(view),
            tax=amount(totals.tax_minor),
            total=amount(totals.total_minor),
            gift_cards=amount(totals.total_minor - totals.due_minor),
            due=amount(totals.due_minor),
            order_id=strawberry.ID(str(cart.order_id)) if cart.order_id else None,
            version=cart.version,
            created_at=cart.created_at,
            updated_at=cart.updated_at,
            expires_at=cart.expires_at,
            view=view,
        )


def _image(found: Any) -> CartImage | None:
    if not found.get("url"):
        return None
    return CartImage(url=found["url"], alt_text=found["alt_text"], width=found["width"], height=found["height"])


def _summed(view: View) -> list[CartTax]:
    sums: dict[tuple[str, str], int] = {}
    parts = [*(part for one in view.totals.lines for part in one.taxes), *view.totals.shipping_taxes]
    for part in parts:
        key = (part.name, f"{part.rate:f}")
        sums[key] = sums.get(key, 0) + part.amount_minor
    return [
        CartTax(name=name, rate=rate, amount=graphql.Money.of(minor, view.cart.currency))
        for (name, rate), minor in sums.items()
    ]
