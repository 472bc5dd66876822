"""Makes goods, baskets and orders for the tests of orders."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import text

from rustok.commerce.addresses.service import Address
from rustok.commerce.baskets.shapes import BasketLine, Buyer, Discount, LineTotal, ShippingChoice, TaxPart, Totals
from rustok.commerce.inventory import reserving
from rustok.commerce.inventory import service as inventory
from rustok.commerce.orders import placing, settling
from rustok.commerce.orders.models import Order
from rustok.commerce.orders.placing import LineFacts, Placement
from rustok.commerce.places.service import Place
from rustok.commerce.pricing import service as pricing
from rustok.commerce.pricing.service import PriceRow
from rustok.commerce.products import service as products
from rustok.commerce.products import variants
from rustok.commerce.tax import classes, zones
from rustok.commerce.tax.zones import RateGiven
from rustok.kernel import money
from rustok.kernel.context import Context
from rustok.kernel.ids import generate_id

HOME = Address(name="Ann Smith", line1="Harbour Street 1", city="Bremen", postcode="28195", country="DE")


async def goods(context: Context, *quantities: int) -> list[UUID]:
    """Variants with so many pieces each at the default location."""
    found = []
    for number, quantity in enumerate(quantities):
        product = await products.create(context, title=f"Good {number}")
        made = await variants.add(context, product.id, sku=f"SKU-{number}")
        await inventory.set_on_hand(context, made.id, quantity)
        found.append(made.id)
    context.recorded.clear()
    return found


def totals(
    items: Sequence[tuple[UUID, int, int]],
    *,
    currency: str = "EUR",
    tax_included: bool = False,
    shipping_minor: int = 500,
    discount_minor: int = 0,
    shipping_discount_minor: int = 0,
    rate: str = "0.19",
    gift_cards: tuple[tuple[UUID, int], ...] = (),
) -> Totals:
    """What a basket of (variant, quantity, price of one) costs, with a discount over all lines and one tax."""
    promotion = generate_id()
    wholes = [quantity * unit for _, quantity, unit in items]
    off = money.split(discount_minor, wholes)
    lines = []
    for (variant, quantity, unit), whole, less in zip(items, wholes, off, strict=True):
        line = BasketLine(id=generate_id(), variant_id=variant, product_id=variant, quantity=quantity, unit_minor=unit)
        taxes = (TaxPart(id=line.id, name="VAT", rate=Decimal(rate), amount_minor=_tax(whole - less, rate)),)
        discounts = (
            Discount(promotion_id=promotion, code="LESS", title="Less", amount_minor=less, line_id=line.id),
        ) * bool(less)
        lines.append(
            LineTotal(
                line=line,
                compare_at_minor=None,
                price_reason={"price_list": None},
                discounts=discounts,
                taxes=taxes,
                subtotal_minor=whole,
                discount_minor=less,
                tax_minor=taxes[0].amount_minor,
                total_minor=whole - less + (0 if tax_included else taxes[0].amount_minor),
            )
        )
    shipping = shipping_minor - shipping_discount_minor
    shipping_taxes = (TaxPart(id=None, name="VAT", rate=Decimal(rate), amount_minor=_tax(shipping, rate)),)
    tax = sum(one.tax_minor for one in lines) + shipping_taxes[0].amount_minor
    total = sum(wholes) - discount_minor + shipping + (0 if tax_included else tax)
    return Totals(
        currency=currency,
        tax_included=tax_included,
        lines=tuple(lines),
        shipping=ShippingChoice(method_id=generate_id(), code="post", name="Post", price_minor=shipping_minor),
        shipping_discounts=(
            Discount(
                promotion_id=promotion, code=None, title="Less", amount_minor=shipping_discount_minor, line_id=None
            ),
        )
        * bool(shipping_discount_minor),
        shipping_taxes=shipping_taxes,
        codes=(),
        subtotal_minor=sum(wholes),
        discount_minor=discount_minor,
        shipping_minor=shipping,
        tax_minor=tax,
        total_minor=total,
        gift_cards=gift_cards,
        due_minor=total - sum(amount for _, amount in gift_cards),
    )


def _tax(minor: int, rate: str) -> int:
    return int((minor * Decimal(rate)).quantize(Decimal(1)))


def placement(costs: Totals, **wanted: Any) -> Placement:
    """What an order is made from."""
    made = Placement(
        order_id=generate_id(),
        email="ann@example.com",
        buyer=Buyer(email="ann@example.com"),
        locale="en",
        totals=costs,
        facts={one.line.id: LineFacts(title="Good", sku="SKU-0", options={"Size": "M"}) for one in costs.lines},
        shipping_address=HOME,
        billing_address=HOME,
    )
    return replace(made, **wanted)


async def order(context: Context, items: Sequence[tuple[UUID, int, int]], **wanted: Any) -> Order:
    """An order whose stock is reserved, as a checkout makes it."""
    ways = {"currency", "tax_included", "shipping_minor", "discount_minor", "shipping_discount_minor", "gift_cards"}
    costs = totals(items, **{name: value for name, value in wanted.items() if name in ways})
    made = placement(costs, **{name: value for name, value in wanted.items() if name not in ways})
    asked = [reserving.Line(variant, quantity) for variant, quantity, _ in items]
    await reserving.reserve(context, f"order:{made.order_id}", asked)
    return await placing.place(context, made)


async def paid(context: Context, items: Sequence[tuple[UUID, int, int]], **wanted: Any) -> Order:
    """An order whose whole due amount has come in."""
    made = await order(context, items, **wanted)
    return await settling.settle(
        context, made.id, authorized_minor=made.due_minor, captured_minor=made.due_minor, refunded_minor=0
    )


async def stock(context: Context, variant_id: UUID) -> tuple[int, int]:
    """On hand and reserved, over all locations; what is kept of both must sum up."""
    found = (await inventory.available(context, [variant_id]))[variant_id]
    of_variant = {"tenant_id": context.tenant_id, "variant_id": variant_id}
    sums = await context.session.execute(_SUMS, of_variant)
    assert sums.one() == (found.on_hand, found.reserved)
    return found.on_hand, found.reserved


_SUMS = text("""
SELECT (SELECT coalesce(sum(delta), 0)::int FROM commerce_stock_movements
        WHERE tenant_id = CAST(:tenant_id AS uuid) AND variant_id = :variant_id),
       (SELECT coalesce(sum(quantity), 0)::int FROM commerce_reservations
        WHERE tenant_id = CAST(:tenant_id AS uuid) AND variant_id = :variant_id AND state = 'open')
""")


async def german_tax(context: Context) -> None:
    """19 % on top in Germany, nothing anywhere else: what `totals` reckons with."""
    await classes.create(context, name="Standard", is_default=True)
    await zones.create(
        context,
        name="Germany",
        places=[Place(country="DE")],
        rates=[RateGiven(name="VAT", rate=Decimal("0.19"))],
        prices_include_tax=False,
    )


async def priced(context: Context, *minors: int) -> list[UUID]:
    """Variants of which 100 pieces each are there, at these prices in euro."""
    found = await goods(context, *(100 for _ in minors))
    for variant, minor in zip(found, minors, strict=True):
        await pricing.set_prices(context, variant, [PriceRow(currency="EUR", amount_minor=minor)])
    context.recorded.clear()
    return found
