"""Orders as personal data: the books keep numbers, goods, amounts, and the country and region that taxes depend on."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, delete, func, or_, select, text, update

from rustok.commerce.catalogue import batches
from rustok.commerce.orders import service, timeline
from rustok.commerce.orders.models import (
    DraftOrder,
    Fulfilment,
    Order,
    OrderNote,
    OrderTerm,
    TimelineEntry,
)
from rustok.commerce.orders.states import OrderStatus
from rustok.core.mailing import service as mailing
from rustok.core.rows import is_one_of, is_one_of_texts
from rustok.kernel import money
from rustok.kernel.context import Context
from rustok.kernel.personal import PersonalData, Subject

_QUIET = {"synchronize_session": False}
_OVER = (OrderStatus.COMPLETED, OrderStatus.CANCELLED)
_LOCK = text("""
SELECT id FROM commerce_order_claims WHERE tenant_id = :tenant AND id = ANY (:ids) ORDER BY id FOR NO KEY UPDATE
""")


async def keeps(context: Context, subject: Subject) -> Sequence[str]:
    """Orders that are still under way."""
    numbers = await context.session.scalars(
        select(Order.number)
        .where(Order.tenant_id == context.tenant_id, _of(subject), Order.status.not_in(_OVER))
        .order_by(Order.number)
    )
    return [f"order {number}" for number in numbers]


async def export(context: Context, subject: Subject) -> Any:
    """Every order, with goods, amounts, addresses, parcels and what the shop wrote."""
    orders = list(
        await context.session.scalars(
            select(Order).where(Order.tenant_id == context.tenant_id, _of(subject)).order_by(Order.created_at, Order.id)
        )
    )
    ids = [order.id for order in orders]
    lines = await service.lines_of(context, ids)
    parcels = await service.fulfilments_of(context, ids)
    notes = await service.notes_of(context, ids, to_customer=True)
    return [
        {
            "number": order.number,
            "created_at": order.created_at,
            "status": order.status,
            "payment_status": order.payment_status,
            "fulfilment_status": order.fulfilment_status,
            "email": order.email,
            "name": order.name,
            "locale": order.locale,
            "note": order.note,
            "shipping_address": order.shipping_stored,
            "billing_address": order.billing_stored,
            "currency": order.currency,
            **{
                name: money.Money(minor, order.currency).amount
                for name, minor in (
                    ("subtotal", order.subtotal_minor),
                    ("discount", order.discount_minor),
                    ("shipping", order.shipping_minor),
                    ("tax", order.tax_minor),
                    ("total", order.total_minor),
                    ("paid_with_gift_cards", order.gift_card_minor),
                    ("paid", order.captured_minor),
                    ("refunded", order.refunded_minor),
                )
            },
            "lines": [
                {
                    "title": line.title,
                    "variant": line.variant_title,
                    "sku": line.sku,
                    "quantity": line.quantity,
                    "total": money.Money(line.total_minor, order.currency).amount,
                }
                for line in lines.get(order.id, ())
            ],
            "parcels": [
                {"status": one.status, "carrier": one.carrier, "tracking_number": one.tracking_number}
                for one in parcels.get(order.id, ())
            ],
            "messages": [{"text": one.body, "at": one.created_at} for one in notes.get(order.id, ())],
        }
        for order in orders
    ]


async def erase(context: Context, subject: Subject) -> None:
    """Take names, addresses, telephone numbers and free texts out of every order, and note that it was done."""
    found = await context.session.scalars(
        select(Order.id).where(Order.tenant_id == context.tenant_id, _of(subject), Order.email != subject.pseudonym)
    )
    ids = sorted(found)
    if ids:
        await context.session.execute(_LOCK, {"tenant": context.tenant_id, "ids": ids})
        await _forget_orders(context, subject, ids)
    # A draft that became nothing goes; one that became an order is a copy of it.
    drafts = (DraftOrder.tenant_id == context.tenant_id, _draft_of(subject))
    await context.session.execute(
        delete(DraftOrder).where(*drafts, DraftOrder.order_id.is_(None)).execution_options(**_QUIET)
    )
    await context.session.execute(
        update(DraftOrder)
        .where(*drafts)
        .values(email=subject.pseudonym, note=None, shipping_stored=None, billing_stored=None)
        .execution_options(**_QUIET)
    )


async def _forget_orders(context: Context, subject: Subject, ids: Sequence[Any]) -> None:
    for address in (Order.shipping_stored, Order.billing_stored):
        kept = func.jsonb_strip_nulls(
            func.jsonb_build_object("country", address["country"], "region", address["region"])
        )
        await context.session.execute(
            update(Order)
            .where(Order.tenant_id == context.tenant_id, is_one_of(Order.id, ids), address.is_not(None))
            .values({address: kept})
            .execution_options(**_QUIET)
        )
    await context.session.execute(
        update(Order)
        .where(Order.tenant_id == context.tenant_id, is_one_of(Order.id, ids))
        .values(email=subject.pseudonym, name="", note=None, version=Order.version + 1, updated_at=context.now)
        .execution_options(**_QUIET)
    )
    await context.session.execute(
        delete(OrderTerm)
        .where(OrderTerm.tenant_id == context.tenant_id, is_one_of(OrderTerm.order_id, ids))
        .execution_options(**_QUIET)
    )
    await context.session.execute(
        delete(OrderNote)
        .where(OrderNote.tenant_id == context.tenant_id, is_one_of(OrderNote.order_id, ids))
        .execution_options(**_QUIET)
    )
    await context.session.execute(
        update(Fulfilment)
        .where(Fulfilment.tenant_id == context.tenant_id, is_one_of(Fulfilment.order_id, ids))
        .values(tracking_number=None, tracking_url=None)
        .execution_options(**_QUIET)
    )
    for order_id in ids:  # confirmations that staff sent to another address than the buyer's
        await mailing.forget_occasions(context, beginning=f"{order_id}:")
    entries = [timeline.entry(context, order_id, "personal_data_erased") for order_id in ids]
    await batches.insert(context, TimelineEntry, entries)


def _of(subject: Subject) -> ColumnElement[bool]:
    named = is_one_of_texts(Order.email, subject.addresses)
    return named if subject.user_id is None else or_(Order.customer_id == subject.user_id, named)


def _draft_of(subject: Subject) -> ColumnElement[bool]:
    named = is_one_of_texts(DraftOrder.email, subject.addresses)
    return named if subject.user_id is None else or_(DraftOrder.customer_id == subject.user_id, named)


PART = PersonalData("orders", export, erase, keeps)
