"""Orders as buyers and staff see them. What belongs to those of a page is loaded once for all of them."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from enum import Enum
from typing import Any, Self, TypeVar
from uuid import UUID

import strawberry
from strawberry.types import Info

from rustok.commerce.addresses.graphql import AddressType
from rustok.commerce.orders import service, timeline
from rustok.commerce.orders.models import (
    Fulfilment,
    FulfilmentLine,
    Order,
    OrderAdjustment,
    OrderLine,
    OrderNote,
    OrderTax,
    TimelineEntry,
)
from rustok.commerce.orders.states import FulfilmentStatus, OrderStatus, PaymentStatus
from rustok.kernel import graphql
from rustok.kernel.context import Context

Edge = Info[graphql.Operation, None]
T = TypeVar("T")


@strawberry.enum(name="OrderStatus", description="How far an order has come.")
class OrderStatusEnum(Enum):
    PENDING = OrderStatus.PENDING.value
    CONFIRMED = OrderStatus.CONFIRMED.value
    PROCESSING = OrderStatus.PROCESSING.value
    SHIPPED = OrderStatus.SHIPPED.value
    DELIVERED = OrderStatus.DELIVERED.value
    COMPLETED = OrderStatus.COMPLETED.value
    CANCELLED = OrderStatus.CANCELLED.value


@strawberry.enum(name="OrderPaymentStatus", description="What of an order's due amount has come in.")
class OrderPaymentStatusEnum(Enum):
    UNPAID = PaymentStatus.UNPAID.value
    PENDING = PaymentStatus.PENDING.value
    AUTHORIZED = PaymentStatus.AUTHORIZED.value
    PARTIALLY_PAID = PaymentStatus.PARTIALLY_PAID.value
    PAID = PaymentStatus.PAID.value
    PARTIALLY_REFUNDED = PaymentStatus.PARTIALLY_REFUNDED.value
    REFUNDED = PaymentStatus.REFUNDED.value
    VOIDED = PaymentStatus.VOIDED.value


@strawberry.enum(name="OrderFulfilmentStatus", description="What of an order's goods has left, and come back.")
class OrderFulfilmentStatusEnum(Enum):
    UNFULFILLED = FulfilmentStatus.UNFULFILLED.value
    PARTIAL = FulfilmentStatus.PARTIAL.value
    FULFILLED = FulfilmentStatus.FULFILLED.value
    PARTIALLY_RETURNED = FulfilmentStatus.PARTIALLY_RETURNED.value
    RETURNED = FulfilmentStatus.RETURNED.value


@strawberry.enum(name="FulfilmentStatus", description="Where a parcel is.")
class ParcelStatusEnum(Enum):
    SHIPPED = "shipped"
    DELIVERED = "delivered"
    CANCELLED = "cancelled"


@strawberry.type(description="An option and the value that a line's variant has of it.")
class OrderLineOption:
    name: str
    value: str


@strawberry.type(name="OrderTax", description="One tax. `rate` is a fraction: 0.19 is 19 %.")
class OrderTaxType:
    line_id: strawberry.ID | None = strawberry.field(description="Null: on the shipping.")
    name: str
    rate: str
    amount: graphql.Money

    @classmethod
    def of(cls, row: OrderTax, currency: str) -> "OrderTaxType":
        """From the stored row."""
        return cls(
            line_id=None if row.line_id is None else strawberry.ID(str(row.line_id)),
            name=row.name,
            rate=f"{row.rate.normalize():f}",
            amount=graphql.Money.of(row.amount_minor, currency),
        )


@strawberry.type(name="OrderDiscount", description="What was taken off a line, or off the shipping.")
class OrderDiscountType:
    line_id: strawberry.ID | None = strawberry.field(description="Null: off the shipping.")
    code: str | None
    title: str
    reason: str
    amount: graphql.Money

    @classmethod
    def of(cls, row: OrderAdjustment, currency: str) -> "OrderDiscountType":
        """From the stored row."""
        return cls(
            line_id=None if row.line_id is None else strawberry.ID(str(row.line_id)),
            code=row.code,
            title=row.title,
            reason=row.reason,
            amount=graphql.Money.of(row.amount_minor, currency),
        )


@strawberry.type(name="OrderLine", description="Some pieces of a variant as they were sold.")
class OrderLineType:
    id: strawberry.ID
    variant_id: strawberry.ID
    product_id: strawberry.ID
    title: str
    variant_title: str | None
    sku: str | None
    options: list[OrderLineOption]
    image_url: str | None
    product_handle: str | None
    quantity: int
    fulfilled_quantity: int
    returned_quantity: int
    unit_price: graphql.Money
    compare_at_price: graphql.Money | None
    subtotal: graphql.Money
    discount: graphql.Money
    tax: graphql.Money
    total: graphql.Money
    requires_shipping: bool

    @classmethod
    def of(cls, row: OrderLine, currency: str) -> Self:
        """From the stored row."""
        before = row.compare_at_minor
        return cls(
            **cls._more(row),
            id=strawberry.ID(str(row.id)),
            variant_id=strawberry.ID(str(row.variant_id)),
            product_id=strawberry.ID(str(row.product_id)),
            title=row.title,
            variant_title=row.variant_title,
            sku=row.sku,
            options=[OrderLineOption(name=name, value=value) for name, value in row.options.items()],
            image_url=row.image_url,
            product_handle=row.product_handle,
            quantity=row.quantity,
            fulfilled_quantity=row.fulfilled_quantity,
            returned_quantity=row.returned_quantity,
            unit_price=graphql.Money.of(row.unit_minor, currency),
            compare_at_price=None if before is None else graphql.Money.of(before, currency),
            subtotal=graphql.Money.of(row.subtotal_minor, currency),
            discount=graphql.Money.of(row.discount_minor, currency),
            tax=graphql.Money.of(row.tax_minor, currency),
            total=graphql.Money.of(row.total_minor, currency),
            requires_shipping=row.requires_shipping,
        )

    @classmethod
    def _more(cls, row: OrderLine) -> dict[str, Any]:
        return {}


@strawberry.type(name="OrderLine", description="Some pieces of a variant as they were sold.")
class AdminOrderLine(OrderLineType):
    price_reason: graphql.JSON = strawberry.field(description="Why this price: list, tier, and what was looked at.")

    @classmethod
    def _more(cls, row: OrderLine) -> dict[str, Any]:
        return {"price_reason": graphql.JSON(row.price_reason)}


@strawberry.type(description="How many pieces of a line are in a parcel.")
class FulfilmentLineType:
    line_id: strawberry.ID
    quantity: int

    @classmethod
    def of(cls, row: FulfilmentLine) -> "FulfilmentLineType":
        """From the stored row."""
        return cls(line_id=strawberry.ID(str(row.line_id)), quantity=row.quantity)


@strawberry.type(name="Fulfilment", description="A parcel, or goods handed over.")
class FulfilmentType:
    row: strawberry.Private[Fulfilment]
    id: strawberry.ID
    status: ParcelStatusEnum
    carrier: str | None
    tracking_number: str | None
    tracking_url: str | None
    delivered_at: datetime | None
    version: int
    created_at: datetime
    lines: list[FulfilmentLineType]

    @classmethod
    def of(cls, row: Fulfilment, contents: Sequence[FulfilmentLine]) -> "FulfilmentType":
        """From the stored rows."""
        return cls(
            row=row,
            id=strawberry.ID(str(row.id)),
            status=ParcelStatusEnum(row.status),
            carrier=row.carrier,
            tracking_number=row.tracking_number,
            tracking_url=row.tracking_url,
            delivered_at=row.delivered_at,
            version=row.version,
            created_at=row.created_at,
            lines=[FulfilmentLineType.of(one) for one in contents],
        )


@strawberry.type(name="OrderNote", description="What staff wrote about an order.")
class OrderNoteType:
    id: strawberry.ID
    body: str
    to_customer: bool
    author_id: strawberry.ID | None
    created_at: datetime

    @classmethod
    def of(cls, row: OrderNote) -> "OrderNoteType":
        """From the stored row."""
        return cls(
            id=strawberry.ID(str(row.id)),
            body=row.body,
            to_customer=row.to_customer,
            author_id=None if row.author_id is None else strawberry.ID(str(row.author_id)),
            created_at=row.created_at,
        )


@strawberry.type(name="OrderTimelineEntry", description="Who did what to an order.")
class TimelineEntryType:
    id: strawberry.ID
    kind: str
    actor_kind: str
    actor_id: strawberry.ID | None
    details: graphql.JSON
    created_at: datetime

    @classmethod
    def of(cls, row: TimelineEntry) -> "TimelineEntryType":
        """From the stored row."""
        return cls(
            id=strawberry.ID(str(row.id)),
            kind=row.kind,
            actor_kind=row.actor_kind,
            actor_id=None if row.actor_id is None else strawberry.ID(str(row.actor_id)),
            details=graphql.JSON(row.details),
            created_at=row.created_at,
        )


@strawberry.type(description="The way of shipping that was chosen.")
class OrderShippingMethod:
    method_id: strawberry.ID | None
    code: str
    name: str
    pickup: bool


async def _parcels(context: Context, ids: Sequence[UUID]) -> dict[UUID, list[FulfilmentType]]:
    found = await service.fulfilments_of(context, ids)
    contents = await service.contents_of(context, [one.id for held in found.values() for one in held])
    return {id_: [FulfilmentType.of(one, contents.get(one.id, ())) for one in held] for id_, held in found.items()}


async def _notes(context: Context, ids: Sequence[UUID]) -> dict[UUID, list[OrderNote]]:
    return await service.notes_of(context, ids)


async def _told(context: Context, ids: Sequence[UUID]) -> dict[UUID, list[OrderNote]]:
    return await service.notes_of(context, ids, to_customer=True)


@strawberry.type
class OrderBase:
    """What both schemas show."""

    row: strawberry.Private[Order]
    id: strawberry.ID
    number: str
    token: str = strawberry.field(description="Opens the order without a log-in: part of links in mails.")
    status: OrderStatusEnum
    payment_status: OrderPaymentStatusEnum
    fulfilment_status: OrderFulfilmentStatusEnum
    email: str
    locale: str
    currency_code: str
    tax_included: bool
    note: str | None
    payment_due: datetime | None
    cancelled_at: datetime | None
    created_at: datetime
    updated_at: datetime
    subtotal: graphql.Money = strawberry.field(description="The lines before discounts.")
    discount: graphql.Money = strawberry.field(description="Taken off the lines.")
    shipping: graphql.Money = strawberry.field(description="Shipping after its discounts.")
    shipping_price: graphql.Money = strawberry.field(description="Shipping before its discounts.")
    tax: graphql.Money = strawberry.field(description="Of lines and shipping; part of the prices where `taxIncluded`.")
    total: graphql.Money = strawberry.field(
        description="Subtotal - discount + shipping, and the tax unless it is included."
    )
    gift_cards: graphql.Money = strawberry.field(description="Paid with gift cards.")
    due: graphql.Money = strawberry.field(description="Total - gift cards.")
    captured: graphql.Money = strawberry.field(description="Money that came in.")
    refunded: graphql.Money = strawberry.field(description="Money that went back.")
    outstanding: graphql.Money = strawberry.field(
        description="Still to be paid; negative for what was paid too much. What was given back is not owed again."
    )

    @strawberry.field
    def shipping_address(self) -> AddressType | None:
        return AddressType.of(self.row.shipping_address, self.row.locale)

    @strawberry.field
    def billing_address(self) -> AddressType | None:
        return AddressType.of(self.row.billing_address, self.row.locale)

    @strawberry.field
    def shipping_method(self) -> OrderShippingMethod | None:
        chosen = self.row.shipping
        if not chosen:
            return None
        id_ = chosen.get("method_id")
        return OrderShippingMethod(
            method_id=strawberry.ID(id_) if id_ else None,
            code=chosen.get("code") or "",
            name=chosen.get("name") or "",
            pickup=bool(chosen.get("pickup")),
        )

    @strawberry.field(description="Of lines and of the shipping.")  # type: ignore[untyped-decorator]  # strawberry says Any
    async def discounts(self, info: Edge) -> list[OrderDiscountType]:
        found = await self._of(info, service.adjustments_of)
        return [OrderDiscountType.of(one, self.row.currency) for one in found]

    @strawberry.field(description="On lines and on the shipping.")  # type: ignore[untyped-decorator]  # strawberry says Any
    async def taxes(self, info: Edge) -> list[OrderTaxType]:
        return [OrderTaxType.of(one, self.row.currency) for one in await self._of(info, service.taxes_of)]

    @strawberry.field(description="The parcels, the oldest first.")  # type: ignore[untyped-decorator]  # strawberry says Any
    async def fulfilments(self, info: Edge) -> list[FulfilmentType]:
        return await self._of(info, _parcels)

    async def _of(
        self, info: Edge, load: Callable[[Context, Sequence[UUID]], Awaitable[Mapping[UUID, list[T]]]]
    ) -> list[T]:
        """What belongs to this order, asked once for all that are shown."""
        return await graphql.together(info, load, self.row.id) or []


def shown(row: Order) -> dict[str, Any]:
    """The fields that both kinds take from the stored row."""
    amounts = {
        "subtotal": row.subtotal_minor,
        "discount": row.discount_minor,
        "shipping": row.shipping_minor,
        "shipping_price": row.shipping_price_minor,
        "tax": row.tax_minor,
        "total": row.total_minor,
        "gift_cards": row.gift_card_minor,
        "due": row.due_minor,
        "captured": row.captured_minor,
        "refunded": row.refunded_minor,
        "outstanding": row.outstanding_minor,
    }
    return {
        "row": row,
        "id": strawberry.ID(str(row.id)),
        "number": str(row.number),
        "token": row.token,
        "status": OrderStatusEnum(row.status),
        "payment_status": OrderPaymentStatusEnum(row.payment_status),
        "fulfilment_status": OrderFulfilmentStatusEnum(row.fulfilment_status),
        "email": row.email,
        "locale": row.locale,
        "currency_code": row.currency,
        "tax_included": row.tax_included,
        "note": row.note,
        "payment_due": row.payment_due,
        "cancelled_at": row.cancelled_at,
        "created_at": row.created_at,
        "updated_at": row.updated_at,
        **{name: graphql.Money.of(minor, row.currency) for name, minor in amounts.items()},
    }


@strawberry.type(name="Order", description="What a buyer committed to, as the buyer sees it.")
class OrderType(OrderBase):
    @strawberry.field
    async def lines(self, info: Edge) -> list[OrderLineType]:
        return [OrderLineType.of(one, self.row.currency) for one in await self._of(info, service.lines_of)]

    @strawberry.field(description="What the shop wrote to the buyer.")  # type: ignore[untyped-decorator]  # strawberry says Any
    async def messages(self, info: Edge) -> list[OrderNoteType]:
        return [OrderNoteType.of(one) for one in await self._of(info, _told)]

    @classmethod
    def of(cls, row: Order) -> "OrderType":
        """From the stored row."""
        return cls(**shown(row))


@strawberry.type(name="Order", description="What a buyer committed to, as staff see it.")
class AdminOrder(OrderBase):
    customer_id: strawberry.ID | None
    name: str
    source: str = strawberry.field(description="What it was made from: cart, draft, exchange.")
    channel: str | None
    tags: list[str]
    archived_at: datetime | None
    cancel_reason: str | None
    version: int
    authorized: graphql.Money = strawberry.field(description="Money that is promised, with what was captured of it.")

    @strawberry.field
    async def lines(self, info: Edge) -> list[AdminOrderLine]:
        return [AdminOrderLine.of(one, self.row.currency) for one in await self._of(info, service.lines_of)]

    @strawberry.field(description="What staff wrote, for themselves and for the buyer.")  # type: ignore[untyped-decorator]  # strawberry says Any
    async def notes(self, info: Edge) -> list[OrderNoteType]:
        return [OrderNoteType.of(one) for one in await self._of(info, _notes)]

    @strawberry.field(description="Who did what, the oldest first.")  # type: ignore[untyped-decorator]  # strawberry says Any
    async def timeline(self, info: Edge) -> list[TimelineEntryType]:
        return [TimelineEntryType.of(one) for one in await self._of(info, timeline.of)]

    @classmethod
    def of(cls, row: Order) -> "AdminOrder":
        """From the stored row."""
        return cls(
            **shown(row),
            customer_id=None if row.customer_id is None else strawberry.ID(str(row.customer_id)),
            name=row.name,
            source=row.source,
            channel=row.channel,
            tags=list(row.tags),
            archived_at=row.archived_at,
            cancel_reason=row.cancel_reason,
            version=row.version,
            authorized=graphql.Money.of(row.authorized_minor, row.currency),
        )
