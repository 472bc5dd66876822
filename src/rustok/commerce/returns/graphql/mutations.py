"""What staff do with returns."""

import strawberry

from rustok.commerce import permissions
from rustok.commerce.returns import deciding, receiving, refunding, requesting
from rustok.commerce.returns.graphql.storefront import OrderReturnLineInput
from rustok.commerce.returns.graphql.types import AdminReturn, ReturnConditionEnum, for_staff
from rustok.commerce.returns.models import OrderReturn
from rustok.commerce.returns.receiving import Received
from rustok.commerce.returns.states import Condition, ReturnStatus
from rustok.kernel import errors, graphql
from rustok.kernel.context import Context


@strawberry.input(description="What came back of a return's line.")
class ReturnReceivedInput:
    id: strawberry.ID = strawberry.field(description="The return's line.")
    quantity: int
    condition: ReturnConditionEnum = ReturnConditionEnum.NEW
    restock: int = strawberry.field(default=0, description="How many of them can be sold again.")
    location_id: strawberry.ID | None = strawberry.field(default=None, description="Null: the default location.")

    def value(self) -> Received:
        """As the service takes it, unchecked."""
        return Received(
            quantity=self.quantity,
            condition=Condition(self.condition.value),
            restock=self.restock,
            location_id=None if self.location_id is None else graphql.to_id(self.location_id),
        )


@strawberry.type
class AdminReturnPayload:
    order_return: AdminReturn | None = None
    user_errors: list[graphql.UserError] = strawberry.field(default_factory=list)


async def _shown(context: Context, row: OrderReturn) -> AdminReturnPayload:
    return AdminReturnPayload(order_return=(await for_staff(context, [row]))[0])


@strawberry.type
class ReturnMutations:
    @graphql.mutation(
        permission=permissions.RETURNS_WRITE,
        description="Write down that goods come back: approved at once, and also of what did not arrive.",
    )
    async def return_create(
        self, context: Context, order_id: strawberry.ID, lines: list[OrderReturnLineInput], note: str | None = None
    ) -> AdminReturnPayload:
        pieces = [one.value() for one in lines]
        made = await requesting.request(context, graphql.to_id(order_id), pieces, note=note, by_staff=True)
        return await _shown(context, made)

    @graphql.mutation(permission=permissions.RETURNS_WRITE, description="The goods may be sent back.")
    async def return_approve(
        self, context: Context, id: strawberry.ID, version: int, answer: str | None = None
    ) -> AdminReturnPayload:
        return await _shown(context, await deciding.approve(context, graphql.to_id(id), answer=answer, version=version))

    @graphql.mutation(permission=permissions.RETURNS_WRITE, description="They may not; the buyer is told why.")
    async def return_decline(
        self, context: Context, id: strawberry.ID, version: int, answer: str
    ) -> AdminReturnPayload:
        return await _shown(context, await deciding.decline(context, graphql.to_id(id), answer=answer, version=version))

    @graphql.mutation(permission=permissions.RETURNS_WRITE, description="The goods do not come back after all.")
    async def return_cancel(self, context: Context, id: strawberry.ID, version: int) -> AdminReturnPayload:
        return await _shown(context, await deciding.cancel(context, graphql.to_id(id), version=version))

    @graphql.mutation(
        permission=permissions.RETURNS_WRITE, description="The goods are back; a line that is not named did not come."
    )
    async def return_receive(
        self, context: Context, id: strawberry.ID, version: int, lines: list[ReturnReceivedInput]
    ) -> AdminReturnPayload:
        received = {graphql.to_id(one.id): one.value() for one in lines}
        if len(received) < len(lines):
            raise errors.Invalid("a line is named twice", field="lines")
        return await _shown(context, await receiving.receive(context, graphql.to_id(id), received, version=version))

    @graphql.mutation(permission=permissions.RETURNS_WRITE, description="End a return without (more) money.")
    async def return_close(self, context: Context, id: strawberry.ID, version: int) -> AdminReturnPayload:
        return await _shown(context, await refunding.close(context, graphql.to_id(id), version=version))

    @graphql.mutation(permission=permissions.RETURNS_WRITE, description="Approve many, all of them or none.")
    async def returns_bulk_approve(self, context: Context, ids: list[strawberry.ID]) -> graphql.BulkPayload:
        count = await deciding.decide_many(context, graphql.to_ids(ids, most=200), ReturnStatus.APPROVED)
        return graphql.BulkPayload(count=count)

    @graphql.mutation(permission=permissions.RETURNS_WRITE, description="Decline many with the same answer.")
    async def returns_bulk_decline(
        self, context: Context, ids: list[strawberry.ID], answer: str
    ) -> graphql.BulkPayload:
        count = await deciding.decide_many(context, graphql.to_ids(ids, most=200), ReturnStatus.DECLINED, answer=answer)
        return graphql.BulkPayload(count=count)
