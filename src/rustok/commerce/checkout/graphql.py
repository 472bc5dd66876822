"""Completing a checkout in GraphQL."""

import strawberry

from rustok.commerce.checkout import completing
from rustok.commerce.orders.graphql.types import OrderType
from rustok.commerce.payments.graphql.types import PaymentType
from rustok.kernel import graphql, money
from rustok.kernel.context import Context


@strawberry.type(description="A line that cannot be had as it is.")
class CheckoutShortage:
    line_id: strawberry.ID
    variant_id: strawberry.ID
    title: str
    wanted: int
    left: int

    @classmethod
    def of(cls, one: completing.Shortage) -> "CheckoutShortage":
        """From the value."""
        return cls(
            line_id=strawberry.ID(str(one.line_id)),
            variant_id=strawberry.ID(str(one.variant_id)),
            title=one.title,
            wanted=one.wanted,
            left=one.left,
        )


@strawberry.type(description="The order, and the payment that waits to be processed; none where nothing was due.")
class CheckoutPayload:
    order: OrderType | None = None
    payment: PaymentType | None = None
    shortages: list[CheckoutShortage] = strawberry.field(
        default_factory=list, description="Every line that is short, beside the error out_of_stock."
    )
    user_errors: list[graphql.UserError] = strawberry.field(default_factory=list)


@strawberry.type
class CheckoutMutations:
    @graphql.mutation(
        public="guests buy as well; who does not know a guest's cart or is not the customer is told that there is none",
        description="Order what lies in the cart. Said again for the same cart it gives the same order. With"
        " expectedTotal or expectedDue it is refused where the total, or what gift cards leave of it, is another.",
    )
    async def complete_checkout(
        self,
        context: Context,
        cart_id: strawberry.ID,
        payment_method: str | None = None,
        expected_total: graphql.MoneyInput | None = None,
        expected_due: graphql.MoneyInput | None = None,
    ) -> CheckoutPayload:
        try:
            made = await completing.complete(
                context,
                graphql.to_id(cart_id),
                payment_method=payment_method,
                expected_total=_amount(expected_total),
                expected_due=_amount(expected_due),
            )
        except completing.LinesShort as short:
            short.beside = {"shortages": [CheckoutShortage.of(one) for one in short.shortages]}
            raise
        return CheckoutPayload(
            order=OrderType.of(made.order),
            payment=PaymentType.of(made.payment) if made.payment is not None else None,
        )


def _amount(given: graphql.MoneyInput | None) -> money.Money | None:
    return None if given is None else money.Money(given.to_minor(), given.currency_code)


MUTATIONS = [CheckoutMutations]
ADMIN_QUERIES: list[type] = []
ADMIN_MUTATIONS: list[type] = []
