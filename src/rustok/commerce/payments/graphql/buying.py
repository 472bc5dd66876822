"""How buyers pay: whoever knows an order's token, or is its customer."""

import strawberry
from strawberry.types import Info

from rustok.commerce.orders import service as orders
from rustok.commerce.payments import processing, retrying, service
from rustok.commerce.payments.graphql.types import PaymentOptionType, PaymentPayload, PaymentType
from rustok.kernel import errors, graphql
from rustok.kernel.context import Context

_TOKEN = "whoever has the order's token may pay it; a customer who is logged in needs none for an order of theirs"  # noqa: S105


@strawberry.type
class PaymentQueries:
    @graphql.query(public=_TOKEN, description="A payment; null where the token is not its order's.")
    async def payment(self, context: Context, id: strawberry.ID, order_token: str | None = None) -> PaymentType | None:
        try:
            found = await service.for_buyer(context, graphql.to_id(id), order_token=order_token)
        except errors.NotFound:
            return None
        return PaymentType.of(found)

    @graphql.query(public=_TOKEN, description="The payments of an order, the oldest first.")
    async def order_payments(self, context: Context, order_token: str) -> list[PaymentType]:
        order = await orders.by_token(context, order_token)
        return [PaymentType.of(one) for one in await service.of_order(context, order.id)] if order else []

    @graphql.query(public=_TOKEN, description="The ways to pay what is still due of an order, as its buyer may choose.")
    async def order_payment_options(self, context: Context, order_token: str) -> list[PaymentOptionType]:
        order = await orders.by_token(context, order_token)
        return [PaymentOptionType.of(one) for one in await retrying.options(context, order)] if order else []


@strawberry.type
class PaymentMutations:
    @graphql.mutation(
        public=_TOKEN,
        own_units=True,
        description="Let the provider authorise a payment, or ask how that goes on. Twice is as good as once.",
    )
    async def payment_process(
        self,
        info: Info,
        payment_id: strawberry.ID,
        order_token: str | None = None,
        return_url: str | None = None,
        data: graphql.JSON | None = None,
    ) -> PaymentPayload:
        units, id_ = info.context.work, graphql.to_id(payment_id)
        async with units() as context:
            await service.for_buyer(context, id_, order_token=order_token)
        if data is not None and not isinstance(data, dict):
            raise errors.Invalid("data is a JSON object", field="data")
        done = await processing.process(units, id_, return_url=return_url, details=data)
        return PaymentPayload(payment=PaymentType.of(done.payment, done.next_action))

    @graphql.mutation(
        public=_TOKEN, description="Pay what is still due in another way, where the first one came to nothing."
    )
    async def payment_start(self, context: Context, order_token: str, payment_method: str) -> PaymentPayload:
        order = await orders.by_token(context, order_token)
        if order is None:
            raise errors.NotFound("no such order", field="orderToken")
        made = await retrying.start(context, order.id, method_code=payment_method)
        return PaymentPayload(payment=PaymentType.of(made))
