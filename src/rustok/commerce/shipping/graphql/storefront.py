"""How buyers ask where things are shipped to, and for how much."""

from uuid import UUID

import strawberry

from rustok.commerce.baskets.shapes import Basket, BasketLine, Buyer, Destination, ShippingChoice
from rustok.commerce.catalogue import checks
from rustok.commerce.catalogue import service as catalogue
from rustok.commerce.pricing import service as pricing
from rustok.commerce.shipping import quoting, zones
from rustok.kernel import errors, graphql
from rustok.kernel.context import Context

MOST_LINES = 50


@strawberry.type(description="A country that something is shipped to.")
class ShippingCountry:
    code: str = strawberry.field(description="ISO 3166-1 alpha-2.")
    name: str = strawberry.field(description="In the language of the request.")


@strawberry.type(description="A way of shipping and what it costs, before promotions.")
class ShippingOption:
    id: strawberry.ID
    code: str
    name: str
    description: str = strawberry.field(description="How long it takes, and what else a buyer should know.")
    price: graphql.Money
    pickup: bool

    @classmethod
    def of(cls, choice: ShippingChoice, currency: str) -> "ShippingOption":
        """From a quote."""
        return cls(
            id=strawberry.ID(str(choice.method_id)),
            code=choice.code,
            name=choice.name,
            description=choice.description,
            price=graphql.Money.of(choice.price_minor, currency),
            pickup=choice.pickup,
        )


@strawberry.input(description="Some pieces of a variant.")
class ShippingEstimateLine:
    variant_id: strawberry.ID
    quantity: int = 1


@strawberry.type
class ShippingShopQueries:
    @graphql.query(public="the checkout form lists them", description="Where things are shipped to, by name.")
    async def shipping_countries(self, context: Context) -> list[ShippingCountry]:
        return [ShippingCountry(code=code, name=name) for code, name in await zones.countries(context)]

    @graphql.query(
        public="shoppers ask before they have a cart",
        description="What sending these goods there costs at their list prices, in the request's currency.",
    )
    async def shipping_estimate(
        self,
        context: Context,
        lines: list[ShippingEstimateLine],
        country: str,
        region: str = "",
        postcode: str = "",
    ) -> list[ShippingOption]:
        if len(lines) > MOST_LINES:
            raise errors.Invalid(f"at most {MOST_LINES} lines", field="lines")
        wanted: dict[UUID, int] = {}
        for line in lines:
            id_ = graphql.to_id(line.variant_id)
            wanted[id_] = wanted.get(id_, 0) + checks.whole(line.quantity, "quantity", least=1, most=100_000)
        basket = Basket(
            currency=context.currency,
            lines=tuple(await _lines(context, wanted)),
            buyer=Buyer(),
            at=context.now,
            destination=Destination(country=country[:2], region=region[:100], postcode=postcode[:20]),
        )
        return [ShippingOption.of(one, context.currency) for one in await quoting.quotes(context, basket)]


async def _lines(context: Context, wanted: dict[UUID, int]) -> list[BasketLine]:
    found = []
    for variant in await catalogue.on_sale(context, wanted):
        price = await pricing.resolve(context, variant.id, quantity=wanted[variant.id])
        if price is None:
            raise errors.NotFound(f"{variant.title} has no price in {context.currency}", field="lines")
        found.append(
            BasketLine(
                id=variant.id,
                variant_id=variant.id,
                product_id=variant.product_id,
                quantity=wanted[variant.id],
                unit_minor=price.price.minor,
                weight=variant.weight or 0,
                requires_shipping=variant.requires_shipping,
            )
        )
    return found
