"""Returns and refunds as buyers and staff see them."""

from collections.abc import Sequence
from datetime import datetime
from enum import Enum
from uuid import UUID

import strawberry

from rustok.commerce.orders import service as orders
from rustok.commerce.orders.models import Order, OrderLine
from rustok.commerce.returns import refunding, service
from rustok.commerce.returns.models import OrderReturn, Refund, ReturnLine
from rustok.commerce.returns.states import Condition, Reason, ReturnStatus
from rustok.kernel import graphql
from rustok.kernel.context import Context


@strawberry.enum(name="ReturnStatus", description="How far a return has come.")
class ReturnStatusEnum(Enum):
    REQUESTED = ReturnStatus.REQUESTED.value
    APPROVED = ReturnStatus.APPROVED.value
    DECLINED = ReturnStatus.DECLINED.value
    RECEIVED = ReturnStatus.RECEIVED.value
    COMPLETED = ReturnStatus.COMPLETED.value
    CANCELLED = ReturnStatus.CANCELLED.value


@strawberry.enum(name="ReturnReason", description="Why something is sent back.")
class ReturnReasonEnum(Enum):
    CHANGED_MIND = Reason.CHANGED_MIND.value
    DOES_NOT_FIT = Reason.DOES_NOT_FIT.value
    DAMAGED = Reason.DAMAGED.value
    DEFECTIVE = Reason.DEFECTIVE.value
    NOT_AS_DESCRIBED = Reason.NOT_AS_DESCRIBED.value
    WRONG_ITEM = Reason.WRONG_ITEM.value
    TOO_LATE = Reason.TOO_LATE.value
    OTHER = Reason.OTHER.value


@strawberry.enum(name="ReturnCondition", description="How something came back.")
class ReturnConditionEnum(Enum):
    NEW = Condition.NEW.value
    OPENED = Condition.OPENED.value
    USED = Condition.USED.value
    DAMAGED = Condition.DAMAGED.value


@strawberry.enum(name="RefundState", description="How a refund went: pending while a provider has not finished.")
class RefundStateEnum(Enum):
    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


@strawberry.type(description="Pieces of an order line that come back.")
class ReturnLineBase:
    id: strawberry.ID
    line_id: strawberry.ID
    title: str
    variant_title: str | None
    sku: str | None
    image_url: str | None
    quantity: int
    reason: ReturnReasonEnum
    note: str | None
    received_quantity: int
    amount: graphql.Money = strawberry.field(description="What was paid for the received pieces, with tax.")


@strawberry.type(name="ReturnLine", description="Pieces of an order line that come back, as the buyer sees them.")
class BuyerReturnLine(ReturnLineBase):
    pass


@strawberry.type(name="ReturnLine", description="Pieces of an order line that come back, as staff see them.")
class AdminReturnLine(ReturnLineBase):
    condition: ReturnConditionEnum | None
    restocked_quantity: int
    location_id: strawberry.ID | None = strawberry.field(description="Where the restocked pieces lie.")


@strawberry.type(description="Goods of an order that are sent back.")
class ReturnBase:
    id: strawberry.ID
    order_id: strawberry.ID
    order_number: str
    number: int = strawberry.field(description="Counts within the order.")
    status: ReturnStatusEnum
    note: str | None = strawberry.field(description="The buyer's.")
    answer: str | None = strawberry.field(description="The shop's.")
    decided_at: datetime | None
    received_at: datetime | None
    created_at: datetime
    updated_at: datetime


@strawberry.type(name="OrderReturn", description="Goods of an order that are sent back, as the buyer sees it.")
class BuyerReturn(ReturnBase):
    lines: list[BuyerReturnLine]


@strawberry.type(name="OrderReturn", description="Goods of an order that are sent back, as staff see it.")
class AdminReturn(ReturnBase):
    requested_by: str = strawberry.field(description="buyer or staff.")
    exchange_order_id: strawberry.ID | None = strawberry.field(description="What is sent instead.")
    version: int
    lines: list[AdminReturnLine]


@strawberry.type(name="Refund", description="Money, or its worth, that goes back to a buyer.")
class RefundType:
    id: strawberry.ID
    order_id: strawberry.ID
    order_number: str
    return_id: strawberry.ID | None
    state: RefundStateEnum
    amount: graphql.Money = strawberry.field(description="Goods, shipping and the rest; payments, cards and exchange.")
    goods: graphql.Money
    shipping: graphql.Money
    other: graphql.Money
    payments: graphql.Money
    gift_cards: graphql.Money
    exchange: graphql.Money = strawberry.field(description="Stands in the order that is sent instead.")
    reason: str
    created_at: datetime


def id_of(value: UUID | None) -> strawberry.ID | None:
    """As GraphQL shows it."""
    return None if value is None else strawberry.ID(str(value))


def _line(one: ReturnLine, sold: OrderLine, currency: str) -> dict[str, object]:
    return {
        "id": id_of(one.id),
        "line_id": id_of(one.line_id),
        "title": sold.title,
        "variant_title": sold.variant_title,
        "sku": sold.sku,
        "image_url": sold.image_url,
        "quantity": one.quantity,
        "reason": ReturnReasonEnum(one.reason),
        "note": one.note,
        "received_quantity": one.received_quantity,
        "amount": graphql.Money.of(one.amount_minor, currency),
    }


def _head(row: OrderReturn, order: Order) -> dict[str, object]:
    return {
        "id": id_of(row.id),
        "order_id": id_of(row.order_id),
        "order_number": str(order.number),
        "number": row.number,
        "status": ReturnStatusEnum(row.status),
        "note": row.note,
        "answer": row.answer,
        "decided_at": row.decided_at,
        "received_at": row.received_at,
        "created_at": row.created_at,
        "updated_at": row.updated_at,
    }


async def for_buyer(context: Context, rows: Sequence[OrderReturn]) -> list[BuyerReturn]:
    """Returns with all that belongs to them, in the order given."""
    held, sold, of = await _around(context, rows)
    return [
        BuyerReturn(
            **_head(row, of[row.order_id]),  # type: ignore[arg-type]  # strawberry's fields by name
            lines=[
                BuyerReturnLine(**_line(one, sold[one.line_id], of[row.order_id].currency))  # type: ignore[arg-type]
                for one in held.get(row.id, ())
            ],
        )
        for row in rows
    ]


async def for_staff(context: Context, rows: Sequence[OrderReturn]) -> list[AdminReturn]:
    """The same with what is nobody else's business."""
    held, sold, of = await _around(context, rows)
    return [
        AdminReturn(
            **_head(row, of[row.order_id]),  # type: ignore[arg-type]  # strawberry's fields by name
            requested_by=row.requested_by,
            exchange_order_id=id_of(row.exchange_order_id),
            version=row.version,
            lines=[
                AdminReturnLine(
                    **_line(one, sold[one.line_id], of[row.order_id].currency),  # type: ignore[arg-type]
                    condition=ReturnConditionEnum(one.condition) if one.condition else None,
                    restocked_quantity=one.restocked_quantity,
                    location_id=id_of(one.location_id),
                )
                for one in held.get(row.id, ())
            ],
        )
        for row in rows
    ]


async def _around(
    context: Context, rows: Sequence[OrderReturn]
) -> tuple[dict[UUID, list[ReturnLine]], dict[UUID, OrderLine], dict[UUID, Order]]:
    ids = sorted({row.order_id for row in rows})
    held = await service.lines_of(context, [row.id for row in rows])
    lines = await orders.lines_of(context, ids)
    return held, {one.id: one for of in lines.values() for one in of}, await orders.many(context, ids)


async def refunds(context: Context, rows: Sequence[Refund]) -> list[RefundType]:
    """Refunds and how they went, in the order given."""
    states = await refunding.states_of(context, list(rows))
    of = await orders.many(context, sorted({row.order_id for row in rows}))
    return [
        RefundType(
            id=strawberry.ID(str(row.id)),
            order_id=strawberry.ID(str(row.order_id)),
            order_number=str(of[row.order_id].number),
            return_id=id_of(row.return_id),
            state=RefundStateEnum(states[row.id]),
            amount=graphql.Money.of(row.amount_minor, row.currency),
            goods=graphql.Money.of(row.goods_minor, row.currency),
            shipping=graphql.Money.of(row.shipping_minor, row.currency),
            other=graphql.Money.of(row.other_minor, row.currency),
            payments=graphql.Money.of(row.payments_minor, row.currency),
            gift_cards=graphql.Money.of(row.gift_cards_minor, row.currency),
            exchange=graphql.Money.of(row.exchange_minor, row.currency),
            reason=row.reason,
            created_at=row.created_at,
        )
        for row in rows
    ]
