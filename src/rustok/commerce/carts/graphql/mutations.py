"""How buyers change their carts."""

from typing import cast

import strawberry

from rustok.commerce.addresses.graphql import AddressInput
from rustok.commerce.carts import beginning, codes, merging, service
from rustok.commerce.carts.graphql.types import CartKindEnum, CartType, Edge
from rustok.commerce.carts.models import CartKind
from rustok.commerce.carts.service import Addition, CartChanges
from rustok.commerce.carts.viewing import View
from rustok.core.access import rates
from rustok.kernel import errors, graphql
from rustok.kernel.context import Context

_PUBLIC = "guests buy as well; who does not know a guest's cart or is not the customer is told that there is none"


@strawberry.input(description="Some pieces of a variant.")
class CartLineInput:
    variant_id: strawberry.ID
    quantity: int = 1

    def value(self) -> Addition:
        """As the service takes it."""
        return Addition(graphql.to_id(self.variant_id), self.quantity)


@strawberry.input(description="A line's new quantity; 0 takes it out.")
class CartLineUpdateInput:
    id: strawberry.ID
    quantity: int


@strawberry.input(description="What is said of a cart; what is absent stays, null empties.")
class CartInput:
    name: str | None = strawberry.UNSET
    currency: str | None = strawberry.UNSET
    email: str | None = strawberry.UNSET
    note: str | None = strawberry.UNSET
    shipping_address: AddressInput | None = strawberry.UNSET
    billing_address: AddressInput | None = strawberry.UNSET
    shipping_method_id: strawberry.ID | None = strawberry.UNSET

    def changes(self) -> CartChanges:
        """As the service takes them."""
        found = {}
        for name in CartChanges.__annotations__:
            value = getattr(self, name)
            if not graphql.given(value):
                continue
            if isinstance(value, AddressInput):
                value = value.value()
            elif name == "shipping_method_id" and value is not None:
                value = graphql.to_id(value)
            elif name == "currency" and value is None:
                raise errors.Invalid("currency must not be null", field="currency")
            found[name] = value
        return cast(CartChanges, found)


@strawberry.input(description="A new cart. A wish list needs a customer.")
class CartCreateInput(CartInput):
    kind: CartKindEnum = CartKindEnum.CART
    channel: str = strawberry.field(default="web", description="The sales channel it comes through, for good.")
    lines: list[CartLineInput] = strawberry.field(default_factory=list)


@strawberry.input(description="What changes; what is absent stays, null empties.")
class CartUpdateInput(CartInput):
    notices_seen: bool = strawberry.field(
        default=False, description="The buyer has seen the present prices: `price_changed` is not said again."
    )


@strawberry.type
class CartPayload:
    cart: CartType | None = None
    user_errors: list[graphql.UserError] = strawberry.field(default_factory=list)


@strawberry.type
class CartDeletePayload:
    deleted_id: strawberry.ID | None = None
    user_errors: list[graphql.UserError] = strawberry.field(default_factory=list)


def _payload(context: Context, view: View) -> CartPayload:
    return CartPayload(cart=CartType.of(view, context.locale))


@strawberry.type
class CartMutations:
    @graphql.mutation(
        public=_PUBLIC,
        description="A new cart; keep its id. Logged in, it is the customer's. Guests of one address begin so many in a"
        " while and are then refused with `too_many_requests`.",
    )
    async def cart_create(self, context: Context, info: Edge, input: CartCreateInput | None = None) -> CartPayload:
        try:
            await beginning.count(context, client_address=info.context.address)
        except rates.TooOften as error:
            info.context.headers["Retry-After"] = str(error.seconds)
            raise
        given = input or CartCreateInput()
        lines = [one.value() for one in given.lines]
        made = await service.create(
            context, lines, kind=CartKind(given.kind.value), channel=given.channel, **given.changes()
        )
        return _payload(context, made)

    @graphql.mutation(public=_PUBLIC, description="More pieces; quantities of the same variant are summed.")
    async def cart_lines_add(self, context: Context, cart_id: strawberry.ID, lines: list[CartLineInput]) -> CartPayload:
        return _payload(context, await service.add(context, graphql.to_id(cart_id), [one.value() for one in lines]))

    @graphql.mutation(public=_PUBLIC, description="Other quantities of lines; 0 takes a line out.")
    async def cart_lines_update(
        self, context: Context, cart_id: strawberry.ID, lines: list[CartLineUpdateInput]
    ) -> CartPayload:
        quantities = {graphql.to_id(one.id): one.quantity for one in lines}
        return _payload(context, await service.set_quantities(context, graphql.to_id(cart_id), quantities))

    @graphql.mutation(public=_PUBLIC, description="Take lines out.")
    async def cart_lines_remove(
        self, context: Context, cart_id: strawberry.ID, line_ids: list[strawberry.ID]
    ) -> CartPayload:
        return _payload(context, await service.remove(context, graphql.to_id(cart_id), graphql.to_ids(line_ids)))

    @graphql.mutation(
        public=_PUBLIC, description="Carry lines to another cart, from a wish list for instance; answers the other."
    )
    async def cart_lines_move(
        self, context: Context, cart_id: strawberry.ID, to_cart_id: strawberry.ID, line_ids: list[strawberry.ID]
    ) -> CartPayload:
        source, target = graphql.to_id(cart_id), graphql.to_id(to_cart_id)
        return _payload(context, await service.move(context, source, target, graphql.to_ids(line_ids)))

    @graphql.mutation(public=_PUBLIC, description="Say who buys, where it goes and how.")
    async def cart_update(self, context: Context, cart_id: strawberry.ID, input: CartUpdateInput) -> CartPayload:
        made = await service.update(context, graphql.to_id(cart_id), notices_seen=input.notices_seen, **input.changes())
        return _payload(context, made)

    @graphql.mutation(public=_PUBLIC, description="Enter the code of a promotion or of a gift card.")
    async def cart_code_add(self, context: Context, info: Edge, cart_id: strawberry.ID, code: str) -> CartPayload:
        view, verdict = await codes.enter(context, graphql.to_id(cart_id), code, client_address=info.context.address)
        made = _payload(context, view)
        if verdict.reason == codes.UNKNOWN:  # said, not raised: the attempt is counted
            made.user_errors.append(graphql.user_error(codes.UnknownCode(verdict.message or "unknown", field="code")))
        return made

    @graphql.mutation(public=_PUBLIC, description="Take a code out, as it is shown in the cart.")
    async def cart_code_remove(self, context: Context, cart_id: strawberry.ID, code: str) -> CartPayload:
        return _payload(context, await codes.withdraw(context, graphql.to_id(cart_id), code))

    @graphql.mutation(
        public="whoever is logged in may take over a guest's cart whose id they know",
        description="After log-in: put a guest's cart into the customer's. No line is lost.",
    )
    async def cart_merge(self, context: Context, cart_id: strawberry.ID) -> CartPayload:
        return _payload(context, await merging.merge(context, graphql.to_id(cart_id)))

    @graphql.mutation(public=_PUBLIC, description="Forget a cart or a wish list.")
    async def cart_delete(self, context: Context, cart_id: strawberry.ID) -> CartDeletePayload:
        await service.forget(context, id_ := graphql.to_id(cart_id))
        return CartDeletePayload(deleted_id=strawberry.ID(str(id_)))
