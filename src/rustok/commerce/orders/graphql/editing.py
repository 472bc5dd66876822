"""How staff change an order that was placed, before anything has left."""

import strawberry

from rustok.commerce import permissions
from rustok.commerce.addresses.graphql import AddressInput
from rustok.commerce.orders import editing
from rustok.commerce.orders.editing import Added, Edit
from rustok.commerce.orders.graphql.mutations import OrderLinePiecesInput, OrderPayload
from rustok.commerce.orders.graphql.types import AdminOrder
from rustok.kernel import errors, graphql
from rustok.kernel.context import Context


@strawberry.input(description="Some pieces of a variant at its present price, or at the one that is said here.")
class OrderLineAddInput:
    variant_id: strawberry.ID
    quantity: int
    unit_price: graphql.MoneyInput | None = None

    def value(self, currency: str) -> Added:
        """As the service takes it."""
        return Added(
            variant_id=graphql.to_id(self.variant_id),
            quantity=self.quantity,
            unit_minor=minor(self.unit_price, currency, "unitPrice"),
        )


def minor(given: graphql.MoneyInput | None, currency: str, field: str) -> int | None:
    """The amount in minor units; raises `Invalid` for another currency than the order's."""
    if given is None:
        return None
    if given.currency_code != currency:
        raise errors.Invalid(f"this order is in {currency}, not in {given.currency_code}", field=field)
    return given.to_minor()


@strawberry.input(description="What changes; what is absent stays.")
class OrderEditInput:
    version: int = strawberry.field(description="The version that was read: a lost update is refused.")
    currency_code: str = strawberry.field(description="The order's; amounts in another one are refused.")
    quantities: list[OrderLinePiecesInput] | None = strawberry.field(
        default=None, description="0 takes a line out of the order."
    )
    added: list[OrderLineAddInput] | None = None
    shipping_price: graphql.MoneyInput | None = None
    shipping_name: str | None = None
    shipping_address: AddressInput | None = None
    billing_address: AddressInput | None = None
    email: str | None = None


@strawberry.type
class OrderEditingMutations:
    @graphql.mutation(
        permission=permissions.ORDERS_WRITE,
        description="Change lines, addresses or shipping before anything has left; the difference is outstanding.",
    )
    async def order_edit(self, context: Context, id: strawberry.ID, input: OrderEditInput) -> OrderPayload:
        quantities = {graphql.to_id(one.line_id): one.quantity for one in input.quantities or ()}
        if len(quantities) != len(input.quantities or ()):
            raise errors.Invalid("a line is named twice", field="quantities")
        wanted = Edit(
            quantities=quantities,
            added=[one.value(input.currency_code) for one in input.added or ()],
            shipping_price_minor=minor(input.shipping_price, input.currency_code, "shippingPrice"),
            shipping_name=input.shipping_name,
            shipping_address=input.shipping_address.value() if input.shipping_address else None,
            billing_address=input.billing_address.value() if input.billing_address else None,
            email=input.email,
        )
        order = await editing.edit(
            context, graphql.to_id(id), wanted, currency=input.currency_code, version=input.version
        )
        return OrderPayload(order=AdminOrder.of(order))
