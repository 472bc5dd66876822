"""What staff do to an order."""

import strawberry

from rustok.commerce import permissions
from rustok.commerce.orders import cancelling, fulfilling, noting, service, settling
from rustok.commerce.orders.fulfilling import Tracking
from rustok.commerce.orders.graphql.types import AdminOrder, FulfilmentType, OrderNoteType
from rustok.commerce.orders.models import Fulfilment
from rustok.kernel import errors, graphql
from rustok.kernel.context import Context


@strawberry.input(description="Some pieces of a line of an order.")
class OrderLinePiecesInput:
    line_id: strawberry.ID
    quantity: int


@strawberry.input(description="Who carries a parcel, and where it can be followed.")
class TrackingInput:
    carrier: str | None = None
    number: str | None = None
    url: str | None = strawberry.field(default=None, description="https:// or http://")

    def value(self) -> Tracking:
        """As the service takes it."""
        return Tracking(carrier=self.carrier, number=self.number, url=self.url)


@strawberry.type
class OrderPayload:
    order: AdminOrder | None = None
    user_errors: list[graphql.UserError] = strawberry.field(default_factory=list)


@strawberry.type
class OrderFulfilmentPayload:
    fulfilment: FulfilmentType | None = None
    order: AdminOrder | None = None
    user_errors: list[graphql.UserError] = strawberry.field(default_factory=list)


@strawberry.type
class OrderNotePayload:
    note: OrderNoteType | None = None
    user_errors: list[graphql.UserError] = strawberry.field(default_factory=list)


async def _parcel(context: Context, row: Fulfilment) -> OrderFulfilmentPayload:
    contents = await service.contents_of(context, [row.id])
    order = await service.get(context, row.order_id)
    return OrderFulfilmentPayload(
        fulfilment=FulfilmentType.of(row, contents.get(row.id, ())), order=AdminOrder.of(order)
    )


@strawberry.type
class OrderMutations:
    @graphql.mutation(
        permission=permissions.ORDERS_WRITE, description="Accept a pending order whose money will come later."
    )
    async def order_confirm(self, context: Context, id: strawberry.ID, version: int) -> OrderPayload:
        return OrderPayload(order=AdminOrder.of(await settling.confirm(context, graphql.to_id(id), version=version)))

    @graphql.mutation(
        permission=permissions.ORDERS_WRITE,
        description="Send these pieces, or everything that has not been sent: they leave the shelf.",
    )
    async def order_fulfil(
        self,
        context: Context,
        id: strawberry.ID,
        version: int,
        lines: list[OrderLinePiecesInput] | None = None,
        tracking: TrackingInput | None = None,
    ) -> OrderFulfilmentPayload:
        pieces = None
        if lines is not None:
            pieces = {graphql.to_id(one.line_id): one.quantity for one in lines}
            if len(pieces) != len(lines):
                raise errors.Invalid("a line is named twice", field="lines")
        made = await fulfilling.fulfil(
            context, graphql.to_id(id), pieces, tracking=tracking.value() if tracking else None, version=version
        )
        return await _parcel(context, made)

    @graphql.mutation(permission=permissions.ORDERS_WRITE, description="Say who carries a parcel.")
    async def fulfilment_track(
        self, context: Context, id: strawberry.ID, version: int, tracking: TrackingInput
    ) -> OrderFulfilmentPayload:
        changed = await fulfilling.track(context, graphql.to_id(id), tracking.value(), version=version)
        return await _parcel(context, changed)

    @graphql.mutation(permission=permissions.ORDERS_WRITE, description="A parcel has arrived.")
    async def fulfilment_deliver(self, context: Context, id: strawberry.ID, version: int) -> OrderFulfilmentPayload:
        return await _parcel(context, await fulfilling.deliver(context, graphql.to_id(id), version=version))

    @graphql.mutation(
        permission=permissions.ORDERS_WRITE,
        description="A parcel did not leave after all: its goods are on the shelf again, promised to the order.",
    )
    async def fulfilment_call_back(self, context: Context, id: strawberry.ID, version: int) -> OrderFulfilmentPayload:
        return await _parcel(context, await fulfilling.call_back(context, graphql.to_id(id), version=version))

    @graphql.mutation(
        permission=permissions.ORDERS_WRITE,
        description="Cancel the whole order; without `restock` its goods are written off.",
    )
    async def order_cancel(
        self, context: Context, id: strawberry.ID, version: int, reason: str | None = None, restock: bool = True
    ) -> OrderPayload:
        order = await cancelling.cancel(context, graphql.to_id(id), reason=reason, restock=restock, version=version)
        return OrderPayload(order=AdminOrder.of(order))

    @graphql.mutation(
        permission=permissions.ORDERS_WRITE, description="Write a note, for staff alone or for the buyer to read."
    )
    async def order_note_add(
        self, context: Context, id: strawberry.ID, body: str, to_customer: bool = False
    ) -> OrderNotePayload:
        note = await noting.add_note(context, graphql.to_id(id), body, to_customer=to_customer)
        return OrderNotePayload(note=OrderNoteType.of(note))
