"""Placing an order: one statement writes all of it, and takes the tenant's next number."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from itertools import chain
from typing import Any, cast
from uuid import UUID

import msgspec
from sqlalchemy import Table, TextClause, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import make_transient_to_detached

from rustok.commerce.addresses.service import Address
from rustok.commerce.baskets.shapes import Buyer, Discount, LineTotal, ShippingChoice, TaxPart, Totals
from rustok.commerce.orders import balance, terms, timeline
from rustok.commerce.orders.models import (
    Order,
    OrderAdjustment,
    OrderClaim,
    OrderLine,
    OrderTax,
    OrderTerm,
    TimelineEntry,
)
from rustok.commerce.orders.states import FulfilmentStatus, OrderStatus, PaymentStatus
from rustok.events.commerce import OrderPlaced, OrderStatusChanged
from rustok.kernel import bus, errors
from rustok.kernel.context import Context
from rustok.kernel.ids import generate_id, generate_ids

FIRST_NUMBER = 1001


class AlreadyPlaced(errors.Conflict):
    """The cart or draft has become an order before."""

    code = "already_placed"


@dataclass(frozen=True, slots=True, kw_only=True)
class LineFacts:
    """What a line shows for good, whatever becomes of its product."""

    title: str
    variant_title: str | None = None
    sku: str | None = None
    options: Mapping[str, str] = field(default_factory=dict)
    image_url: str | None = None
    product_handle: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """Everything that an order is made from. `facts` are by the id of the basket's line."""

    order_id: UUID
    email: str
    buyer: Buyer
    locale: str
    totals: Totals
    facts: Mapping[UUID, LineFacts]
    cart_id: UUID | None = None
    shipping_address: Address | None = None
    billing_address: Address | None = None
    note: str | None = None
    channel: str | None = None
    payment_due: datetime | None = None  # unpaid by then, it is cancelled
    awaiting: bool = False  # the payment is under way from the beginning: a transfer, cash at the door
    accepted: bool = False  # the goods go out before the money comes
    source: str = "cart"


async def place(context: Context, placement: Placement) -> Order:
    """Write the order and everything that belongs to it, in the present quarter; the number is taken last.

    The caller has reserved the stock and claimed the promotions: until the transaction ends, nobody else of this tenant
    gets a number. Raises `AlreadyPlaced` for a cart that was placed before; the transaction cannot go on after that.
    """
    totals = placement.totals
    balance.check(totals)
    if not totals.lines:
        raise errors.Invalid("an order needs a line", field="lines")
    order = _order(context, placement)
    line_ids = [UUID(one) for one in generate_ids(len(totals.lines))]
    of_line = {one.line.id: id_ for one, id_ in zip(totals.lines, line_ids, strict=True)}
    discounts = [*chain.from_iterable(one.discounts for one in totals.lines), *totals.shipping_discounts]
    taxes = [*chain.from_iterable(one.taxes for one in totals.lines), *totals.shipping_taxes]
    wanted: list[tuple[type, Sequence[Mapping[str, Any]]]] = [
        (
            OrderLine,
            [
                line_row(order.id, id_, position, one, placement.facts[one.line.id], included=totals.tax_included)
                for position, (id_, one) in enumerate(zip(line_ids, totals.lines, strict=True))
            ],
        ),
        (OrderAdjustment, adjustment_rows(order.id, discounts, of_line)),
        (OrderTax, tax_rows(order.id, taxes, of_line)),
        (
            OrderTerm,
            [
                {"order_id": order.id, "term": term}
                for term in terms.of(order.email, placement.shipping_address, placement.billing_address)
            ],
        ),
        (TimelineEntry, [timeline.entry(context, order.id, "placed", source=placement.source)]),
    ]
    filled = [(model, rows) for model, rows in wanted if rows]
    columns = _columns_of(Order)
    head = {name: getattr(order, attribute) for name, attribute in columns.items() if name != "number"}
    parameters = {
        "tenant_id": context.tenant_id,
        "first_number": FIRST_NUMBER,
        "cart_id": placement.cart_id,
        "head": _json([head]),
        **{f"rows_{place}": _json(rows) for place, (_, rows) in enumerate(filled)},
    }
    statement = _statement(tuple((model, tuple(rows[0])) for model, rows in filled))
    try:
        number = await context.session.scalar(statement, parameters)
    except IntegrityError as error:
        if "uq_commerce_order_claims_cart" in str(error.orig):
            raise AlreadyPlaced("this cart has become an order already", field="cartId") from error
        raise
    order.number = number
    make_transient_to_detached(order)
    context.session.add(order)
    bus.record(
        context,
        OrderPlaced(order_id=order.id, customer_id=order.customer_id, total=order.total_minor, currency=order.currency),
    )
    if order.status != OrderStatus.PENDING:
        changed = OrderStatusChanged(order_id=order.id, old_status=OrderStatus.PENDING, new_status=order.status)
        bus.record(context, changed)
    return order


def _order(context: Context, placement: Placement) -> Order:
    totals, shipping = placement.totals, placement.totals.shipping
    taken_off = sum(one.amount_minor for one in totals.shipping_discounts)
    named = placement.shipping_address or placement.billing_address
    owed = totals.due_minor > 0
    return Order(
        tenant_id=context.tenant_id,
        id=placement.order_id,
        created_at=context.now,
        token=secrets.token_urlsafe(24),
        source=placement.source,
        status=OrderStatus.PENDING if owed and not placement.accepted else OrderStatus.CONFIRMED,
        payment_status=_paid(placement) if owed else PaymentStatus.PAID,
        fulfilment_status=FulfilmentStatus.UNFULFILLED,
        customer_id=placement.buyer.customer_id,
        email=placement.email,
        name=(named.name or named.company) if named else "",
        locale=placement.locale,
        channel=placement.channel,
        currency=totals.currency,
        tax_included=totals.tax_included,
        subtotal_minor=totals.subtotal_minor,
        discount_minor=totals.discount_minor,
        shipping_price_minor=totals.shipping_minor + taken_off,
        shipping_discount_minor=taken_off,
        shipping_minor=totals.shipping_minor,
        shipping_tax_minor=sum(one.amount_minor for one in totals.shipping_taxes),
        tax_minor=totals.tax_minor,
        total_minor=totals.total_minor,
        gift_card_minor=sum(amount for _, amount in totals.gift_cards),
        due_minor=totals.due_minor,
        authorized_minor=0,
        captured_minor=0,
        refunded_minor=0,
        shipping=None if shipping is None else shipping_row(shipping),
        shipping_stored=placement.shipping_address.stored() if placement.shipping_address else None,
        billing_stored=placement.billing_address.stored() if placement.billing_address else None,
        note=placement.note,
        tags=[],
        payment_due=placement.payment_due if owed else None,
        archived_at=None,
        cancelled_at=None,
        cancel_reason=None,
        version=1,
        updated_at=context.now,
    )


def shipping_row(shipping: ShippingChoice) -> dict[str, Any]:
    """The chosen way of shipping as it is stored; without a method where staff said it themselves."""
    return {
        "method_id": str(shipping.method_id) if shipping.method_id.int else None,
        "code": shipping.code,
        "name": shipping.name,
        "tax_class": shipping.tax_class,
        "pickup": shipping.pickup,
        "facts": dict(shipping.facts),
    }


def _paid(placement: Placement) -> PaymentStatus:
    return PaymentStatus.PENDING if placement.awaiting else PaymentStatus.UNPAID


def line_row(
    order_id: UUID, id_: UUID, position: int, one: LineTotal, facts: LineFacts, *, included: bool
) -> dict[str, Any]:
    """A line as it is stored."""
    line = one.line
    return {
        "id": id_,
        "order_id": order_id,
        "position": position,
        "variant_id": line.variant_id,
        "product_id": line.product_id,
        "title": facts.title,
        "variant_title": facts.variant_title,
        "sku": facts.sku,
        "options": dict(facts.options),
        "image_url": facts.image_url,
        "product_handle": facts.product_handle,
        "quantity": line.quantity,
        "fulfilled_quantity": 0,
        "returned_quantity": 0,
        "unit_minor": line.unit_minor,
        "compare_at_minor": one.compare_at_minor,
        "tax_included": included,
        "subtotal_minor": one.subtotal_minor,
        "discount_minor": one.discount_minor,
        "tax_minor": one.tax_minor,
        "total_minor": one.total_minor,
        "price_reason": dict(one.price_reason),
        "weight": line.weight,
        "requires_shipping": line.requires_shipping,
        "taxable": line.taxable,
        "tax_class": line.tax_class,
        "discountable": line.discountable,
    }


def adjustment_rows(
    order_id: UUID, discounts: Sequence[Discount], of_line: Mapping[UUID, UUID]
) -> list[dict[str, Any]]:
    """Discounts as they are stored; `of_line` says what a line of the basket is called in the order."""
    return [
        {
            "id": generate_id(),
            "order_id": order_id,
            "line_id": None if one.line_id is None else of_line[one.line_id],
            "promotion_id": one.promotion_id if one.promotion_id.int else None,  # none: staff gave it
            "code": one.code,
            "title": one.title,
            "reason": one.reason,
            "amount_minor": one.amount_minor,
        }
        for one in discounts
    ]


def tax_rows(order_id: UUID, taxes: Sequence[TaxPart], of_line: Mapping[UUID, UUID]) -> list[dict[str, Any]]:
    """Taxes as they are stored."""
    return [
        {
            "id": generate_id(),
            "order_id": order_id,
            "line_id": None if one.id is None else of_line[one.id],
            "name": one.name,
            "rate": str(one.rate),
            "amount_minor": one.amount_minor,
        }
        for one in taxes
    ]


def _json(rows: Sequence[Mapping[str, Any]]) -> str:
    return msgspec.json.encode(rows).decode()


@cache
def _columns_of(model: type[Any]) -> dict[str, str]:
    """Names of columns, and of the attributes that hold them."""
    found = {column.name: prop.key for prop in model.__mapper__.column_attrs for column in prop.columns}
    return {name: key for name, key in found.items() if name != "tenant_id"}


@cache
def _statement(parts: tuple[tuple[type[Any], tuple[str, ...]], ...]) -> TextClause:
    """One statement for whatever an order has. Foreign keys are checked at its end, when all of it is there."""
    columns = [name for name in _columns_of(Order) if name != "number"]
    names = ", ".join(f'"{name}"' for name in columns)
    made = [
        """number AS (
          INSERT INTO commerce_order_counters AS c (tenant_id, last_number)
          VALUES (CAST(:tenant_id AS uuid), :first_number)
          ON CONFLICT (tenant_id) DO UPDATE SET last_number = c.last_number + 1 RETURNING last_number)""",
        f"head AS (SELECT * FROM {_recordset(Order, columns, 'head')})",
        f"""claim AS (
          INSERT INTO {OrderClaim.__tablename__} (tenant_id, id, created_at, cart_id, number, token)
          SELECT CAST(:tenant_id AS uuid), id, created_at, CAST(:cart_id AS uuid), last_number, token FROM head, number
          RETURNING number)""",
        f"""placed AS (
          INSERT INTO {Order.__tablename__} (tenant_id, {names}, number)
          SELECT CAST(:tenant_id AS uuid), {names}, last_number FROM head, number)""",
    ]
    for place, (model, keys) in enumerate(parts):
        named = ", ".join(f'"{name}"' for name in keys)
        made.append(
            f"part_{place} AS (INSERT INTO {model.__tablename__} (tenant_id, {named})"
            f" SELECT CAST(:tenant_id AS uuid), {named} FROM {_recordset(model, keys, f'rows_{place}')})"
        )
    return text(f"WITH {', '.join(made)} SELECT number FROM claim")


def _recordset(model: type[Any], columns: Sequence[str], parameter: str) -> str:
    dialect, table = postgresql.dialect(), cast(Table, model.__table__)  # type: ignore[no-untyped-call]  # untyped there
    typed = ", ".join(f'"{name}" {table.c[name].type.compile(dialect)}' for name in columns)
    return f"json_to_recordset(CAST(:{parameter} AS json)) AS r({typed})"
