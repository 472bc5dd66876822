"""Finding payments, opening one for an order, and locking one to change it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import Select, select

from rustok.commerce.orders import service as orders
from rustok.commerce.orders import settling
from rustok.commerce.orders.models import Order
from rustok.commerce.orders.states import OrderStatus
from rustok.commerce.payments import gateways, standing
from rustok.commerce.payments import methods as ways
from rustok.commerce.payments.methods import Offer
from rustok.commerce.payments.models import Payment, PaymentAttempt, PaymentMethod, PaymentTransaction
from rustok.commerce.payments.shapes import PaymentStatus
from rustok.core.rows import is_one_of
from rustok.kernel import errors
from rustok.kernel.context import Context
from rustok.kernel.ids import generate_id


async def methods(context: Context, *, currency: str, country: str, total: int) -> list[Offer]:
    """The ways to pay `total` minor units from that country ("" where it is not known yet), in the shop's order."""
    return await ways.fitting(context, currency=currency, country=country, total=total)


@dataclass(frozen=True, slots=True)
class Terms:
    """What a way to pay means for an order that is about to be placed."""

    method: PaymentMethod
    holds: timedelta | None  # how long stock is kept for it unpaid
    awaiting: bool  # the money comes by itself: nobody is asked
    accepted: bool  # the goods go out before the money comes


async def terms(context: Context, method_code: str, *, currency: str, country: str, amount_minor: int) -> Terms:
    """What choosing this way to pay means. Raises `NotFound` and `MethodUnavailable`."""
    method = await ways.choose(context, method_code, currency=currency, country=country, total=amount_minor)
    awaiting = not gateways.of(context).get(method.provider).capabilities.asks
    return Terms(
        method=method,
        holds=ways.offer(context, method).holds,
        awaiting=awaiting,
        accepted=awaiting and method.settings.get("accept") == "at_once",
    )


async def open(context: Context, order: Order, *, method_code: str, amount_minor: int) -> Payment:
    """The intent to pay so much for an order that is placed already; nobody is asked yet.

    What comes by itself (a transfer, cash) is awaited from now on. Raises `NotFound` and `MethodUnavailable`.
    """
    address = order.billing_address or order.shipping_address
    country = address.country if address else ""
    agreed = await terms(context, method_code, currency=order.currency, country=country, amount_minor=amount_minor)
    made = await intend(context, order, agreed, amount_minor=amount_minor)
    if agreed.awaiting:
        await standing.tell_order(context, order.id)
        if agreed.accepted and order.status == OrderStatus.PENDING:
            await settling.confirm(context, order.id)
    return made


async def intend(context: Context, order: Order, agreed: Terms, *, amount_minor: int) -> Payment:
    """The same in the transaction that places the order, under terms that the order knows already."""
    method = agreed.method
    if method not in context.session:
        await ways.settle_in(context)
    made = Payment(
        tenant_id=context.tenant_id,
        id=generate_id(),
        order_id=order.id,
        method_code=method.code,
        provider=method.provider,
        currency=order.currency,
        amount_minor=amount_minor,
        capture=method.capture,
        status=PaymentStatus.PENDING,
        reference="",
        error_code="",
        error="",
        authorized_minor=0,
        captured_minor=0,
        voided_minor=0,
        refunded_minor=0,
        capturing_minor=0,
        refunding_minor=0,
        created_at=context.now,
        updated_at=context.now,
    )
    if agreed.awaiting:
        standing.move(context, made, PaymentStatus.AWAITING)
    context.session.add(made)
    await context.session.flush()
    return made


async def get(context: Context, payment_id: UUID) -> Payment:
    """The payment; raises `NotFound`."""
    found = await context.session.scalar(_payments(context).where(Payment.id == payment_id))
    if found is None:
        raise errors.NotFound("no such payment", field="paymentId")
    return found


async def of_orders(context: Context, order_ids: Sequence[UUID]) -> dict[UUID, list[Payment]]:
    """The payments of the orders, the oldest first."""
    found: dict[UUID, list[Payment]] = {}
    wanted = _payments(context).where(is_one_of(Payment.order_id, order_ids)).order_by(Payment.created_at, Payment.id)
    for one in await context.session.scalars(wanted):
        found.setdefault(one.order_id, []).append(one)
    return found


async def of_order(context: Context, order_id: UUID) -> list[Payment]:
    """The payments of one order, the oldest first."""
    return (await of_orders(context, [order_id])).get(order_id, [])


async def for_buyer(context: Context, payment_id: UUID, *, order_token: str | None) -> Payment:
    """The payment, for whoever knows the order's token or is the order's customer; else `NotFound`."""
    payment = await get(context, payment_id)
    order = await orders.by_token(context, order_token) if order_token else None
    if order is None and context.actor.user_id is not None:
        theirs = await orders.find(context, payment.order_id)
        order = theirs if theirs is not None and theirs.customer_id == context.actor.user_id else None
    if order is None or order.id != payment.order_id:
        raise errors.NotFound("no such payment", field="paymentId")
    return payment


async def transactions(context: Context, payment_ids: Sequence[UUID]) -> dict[UUID, list[PaymentTransaction]]:
    """The ledgers of the payments, in the order in which they were written."""
    found: dict[UUID, list[PaymentTransaction]] = {}
    wanted = (
        select(PaymentTransaction)
        .where(PaymentTransaction.tenant_id == context.tenant_id, is_one_of(PaymentTransaction.payment_id, payment_ids))
        .order_by(PaymentTransaction.created_at, PaymentTransaction.id)
    )
    for one in await context.session.scalars(wanted):
        found.setdefault(one.payment_id, []).append(one)
    return found


async def attempts_of(context: Context, payment_ids: Sequence[UUID]) -> dict[UUID, list[PaymentAttempt]]:
    """What the providers of the payments were asked to do, and what is still to be asked."""
    found: dict[UUID, list[PaymentAttempt]] = {}
    wanted = (
        select(PaymentAttempt)
        .where(PaymentAttempt.tenant_id == context.tenant_id, is_one_of(PaymentAttempt.payment_id, payment_ids))
        .order_by(PaymentAttempt.created_at, PaymentAttempt.id)
    )
    for one in await context.session.scalars(wanted):
        found.setdefault(one.payment_id, []).append(one)
    return found


async def attempts(context: Context, payment_id: UUID) -> list[PaymentAttempt]:
    """Those of one payment."""
    return (await attempts_of(context, [payment_id])).get(payment_id, [])


def _payments(context: Context) -> "Select[Payment]":
    return select(Payment).where(Payment.tenant_id == context.tenant_id).execution_options(populate_existing=True)
