"""Something to buy, and somebody who buys."""

from decimal import Decimal
from uuid import UUID

from rustok.commerce.addresses.service import Address
from rustok.commerce.inventory import service as inventory
from rustok.commerce.places.service import Place
from rustok.commerce.pricing import service as pricing
from rustok.commerce.pricing.service import PriceRow
from rustok.commerce.products import service as products
from rustok.commerce.products import variants
from rustok.commerce.promotions import codes
from rustok.commerce.promotions import service as promotions
from rustok.commerce.promotions.shapes import Reward
from rustok.commerce.shipping import methods
from rustok.commerce.shipping import zones as shipping_zones
from rustok.commerce.shipping.methods import PriceGiven, TermsGiven
from rustok.commerce.tax import classes
from rustok.commerce.tax import zones as tax_zones
from rustok.commerce.tax.zones import RateGiven
from rustok.core.users import service as users
from rustok.kernel.context import Actor, Context


async def sold(
    context: Context,
    *prices: int,
    stock: int | None = 10,
    currency: str = "EUR",
    title: str = "Shirt",
    publish: bool = True,
    requires_shipping: bool = True,
) -> list[UUID]:
    """Variants of one product with these prices in minor units; without `stock` nobody counts them."""
    product = await products.create(context, title=title)
    values = [str(number) for number in range(len(prices))]
    await variants.set_options(context, product.id, [variants.Option("Size", values)])
    ids = []
    for number in range(len(prices)):
        made = await variants.add(
            context,
            product.id,
            options={"Size": str(number)},
            sku=f"S-{number}",
            weight=100,
            manage_inventory=stock is not None,
            requires_shipping=requires_shipping,
        )
        if stock is not None:
            await inventory.set_on_hand(context, made.id, stock)
        ids.append(made.id)
    await pricing.set_many(
        context,
        {id_: [PriceRow(currency=currency, amount_minor=minor)] for id_, minor in zip(ids, prices, strict=True)},
    )
    if publish:
        await products.publish(context, product.id)
    return ids


async def customer(context: Context, email: str = "ann@example.com") -> Actor:
    """Somebody who is logged in."""
    made = await users.register(context, email=email, password="correct horse battery", name="Ann")
    return Actor(kind="user", user_id=made.id, role="customer")


async def furnish(context: Context) -> UUID:
    """Germany with 19 % in the prices and post for 4.90, a code for ten percent; returns the way of shipping."""
    await classes.create(context, name="Standard")
    await tax_zones.create(
        context,
        name="Germany",
        places=[Place(country="DE")],
        rates=[RateGiven(name="MwSt.", rate=Decimal("0.19"))],
    )
    zone = await shipping_zones.create(context, name="Germany", places=[Place(country="DE")])
    post = await methods.create(
        context,
        zone.id,
        name="Post",
        code="post",
        prices=[PriceGiven(currency=one, price_minor=490) for one in ("EUR", "USD", "JPY", "KWD")],
        terms=[TermsGiven(currency="EUR", free_from_minor=50_000)],
    )
    made = await promotions.create(
        context, name="Ten", kind="percentage", reward=Reward(percent=Decimal(10)), needs_code=True
    )
    await codes.add(context, made.id, "TEN")
    return post.id


HOME = Address(name="Ann Example", line1="Lindenstr. 1", postcode="10969", city="Berlin", country="DE")
