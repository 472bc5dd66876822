"""How a buyer asks to send something back: logged in, or by the token of the order."""

import strawberry

from rustok.commerce.returns import deciding, requesting, service
from rustok.commerce.returns.graphql.types import BuyerReturn, ReturnReasonEnum, for_buyer
from rustok.commerce.returns.requesting import Piece
from rustok.commerce.returns.states import Reason
from rustok.kernel import errors, graphql
from rustok.kernel.context import Context

_WHY = "the order's token, or being its customer, is the permission"


@strawberry.type(description="A line of an order and how many of its pieces can be sent back.")
class ReturnableLine:
    line_id: strawberry.ID
    title: str
    variant_title: str | None
    sku: str | None
    image_url: str | None
    quantity: int


@strawberry.input(description="Some pieces of an order's line, and why they come back.")
class OrderReturnLineInput:
    line_id: strawberry.ID
    quantity: int
    reason: ReturnReasonEnum = ReturnReasonEnum.OTHER
    note: str | None = None

    def value(self) -> Piece:
        """As the service takes it, unchecked."""
        return Piece(
            line_id=graphql.to_id(self.line_id),
            quantity=self.quantity,
            reason=Reason(self.reason.value),
            note=self.note,
        )


@strawberry.input(description="What is sent back of an order, named by its token, or by its id if it is one's own.")
class OrderReturnRequestInput:
    lines: list[OrderReturnLineInput]
    order_token: str | None = None
    order_id: strawberry.ID | None = None
    note: str | None = None


@strawberry.type
class OrderReturnPayload:
    order_return: BuyerReturn | None = None
    user_errors: list[graphql.UserError] = strawberry.field(default_factory=list)


@strawberry.type
class BuyerReturnQueries:
    @graphql.query(public=_WHY, description="What of an order can be sent back; lines without any are left out.")
    async def order_returnable(
        self, context: Context, order_token: str | None = None, order_id: strawberry.ID | None = None
    ) -> list[ReturnableLine]:
        id_ = None if order_id is None else graphql.to_id(order_id)
        order = await service.order_for_buyer(context, token=order_token, order_id=id_)
        return [
            ReturnableLine(
                line_id=strawberry.ID(str(one.line.id)),
                title=one.line.title,
                variant_title=one.line.variant_title,
                sku=one.line.sku,
                image_url=one.line.image_url,
                quantity=one.quantity,
            )
            for one in await service.returnable(context, order)
            if one.quantity
        ]

    @graphql.query(public=_WHY, description="The returns of an order, the oldest first.")
    async def order_returns(
        self, context: Context, order_token: str | None = None, order_id: strawberry.ID | None = None
    ) -> list[BuyerReturn]:
        id_ = None if order_id is None else graphql.to_id(order_id)
        order = await service.order_for_buyer(context, token=order_token, order_id=id_)
        return await for_buyer(context, (await service.of_orders(context, [order.id])).get(order.id, []))


@strawberry.type
class BuyerReturnMutations:
    @graphql.mutation(public=_WHY, description="Ask to send goods back that have arrived.")
    async def order_return_request(self, context: Context, input: OrderReturnRequestInput) -> OrderReturnPayload:
        id_ = None if input.order_id is None else graphql.to_id(input.order_id)
        order = await service.order_for_buyer(context, token=input.order_token, order_id=id_)
        pieces = [one.value() for one in input.lines]
        made = await requesting.request(context, order.id, pieces, note=input.note)
        return OrderReturnPayload(order_return=(await for_buyer(context, [made]))[0])

    @graphql.mutation(public=_WHY, description="Keep the goods after all.")
    async def order_return_cancel(
        self, context: Context, id: strawberry.ID, order_token: str | None = None
    ) -> OrderReturnPayload:
        found = await service.get(context, graphql.to_id(id))
        order = await service.order_for_buyer(context, token=order_token, order_id=found.order_id)
        if order.id != found.order_id:
            raise errors.NotFound("no such return", field="id")
        cancelled = await deciding.cancel(context, found.id)
        return OrderReturnPayload(order_return=(await for_buyer(context, [cancelled]))[0])
