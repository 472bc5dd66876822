"""How shoppers ask why something costs what it costs."""

import strawberry

from rustok.commerce.baskets.shapes import Destination
from rustok.commerce.catalogue import checks
from rustok.commerce.catalogue import service as catalogue
from rustok.commerce.customers import service as customers
from rustok.commerce.pricing import resolving
from rustok.commerce.pricing.graphql.types import PriceExplanation
from rustok.kernel import errors, graphql
from rustok.kernel.context import Context


@strawberry.type
class PriceQueries:
    @graphql.query(
        public="prices of what is published are shown to everybody, and a customer's own to the customer",
        description="What one piece of a published variant costs whoever asks, and why; null without a price."
        " Lists that are for others are not named.",
    )
    async def price_explained(
        self,
        context: Context,
        variant_id: strawberry.ID,
        quantity: int = 1,
        currency: str | None = None,
        country: str | None = None,
        channel: str | None = None,
    ) -> PriceExplanation | None:
        id_ = graphql.to_id(variant_id)
        checks.whole(quantity, "quantity", least=1)
        try:
            variant = await catalogue.get_variant(context, id_)
        except errors.NotFound:
            return None
        if (await catalogue.get_product(context, variant.product_id)).status != "published":
            return None
        wanted = currency or context.currency
        found = await resolving.explain_many(
            context,
            {id_: quantity},
            currency=wanted,
            buyer=await customers.buyer(context),
            destination=Destination(country=(country or "").upper()),
            channel=channel,
            at=context.now,
        )
        return PriceExplanation.of(found[id_], id_, quantity, wanted, public=True) if id_ in found else None
