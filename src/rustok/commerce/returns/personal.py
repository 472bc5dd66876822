"""Returns as personal data: the books keep goods and amounts, and lose what the buyer wrote."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, or_, select, update

from rustok.commerce.orders.models import Order
from rustok.commerce.returns import service, states
from rustok.commerce.returns.models import OrderReturn, ReturnLine
from rustok.core.rows import is_one_of, is_one_of_texts
from rustok.kernel import money
from rustok.kernel.context import Context
from rustok.kernel.personal import PersonalData, Subject

_QUIET = {"synchronize_session": False}


async def keeps(context: Context, subject: Subject) -> Sequence[str]:
    """Returns that are still under way."""
    of = {order.id: order for order in (await context.session.scalars(_orders(context, subject))).all()}
    found = await service.of_orders(context, list(of))
    return [
        f"return {one.number} of order {of[id_].number}"
        for id_, many in found.items()
        for one in many
        if one.status in (*states.OPEN, states.ReturnStatus.RECEIVED)
    ]


async def export(context: Context, subject: Subject) -> Any:
    """Every return with its goods and texts, and every refund."""
    of = {order.id: order for order in (await context.session.scalars(_orders(context, subject))).all()}
    returns = await service.of_orders(context, list(of))
    held = await service.lines_of(context, [one.id for many in returns.values() for one in many])
    refunds = await service.refunds_of(context, list(of))
    return [
        {
            "order": order.number,
            "returns": [
                {
                    "number": one.number,
                    "status": one.status,
                    "note": one.note,
                    "answer": one.answer,
                    "created_at": one.created_at,
                    "lines": [
                        {"quantity": line.quantity, "reason": line.reason, "note": line.note}
                        for line in held.get(one.id, ())
                    ],
                }
                for one in returns.get(order.id, ())
            ],
            "refunds": [
                {
                    "amount": money.Money(one.amount_minor, one.currency).amount,
                    "currency": one.currency,
                    "reason": one.reason,
                    "created_at": one.created_at,
                }
                for one in refunds.get(order.id, ())
            ],
        }
        for order in of.values()
        if order.id in returns or order.id in refunds
    ]


async def erase(context: Context, subject: Subject) -> None:
    """Take the free texts out; what came back and what it was worth stays."""
    ids = [order.id for order in (await context.session.scalars(_orders(context, subject))).all()]
    theirs = is_one_of(OrderReturn.order_id, ids)
    returns = select(OrderReturn.id).where(OrderReturn.tenant_id == context.tenant_id, theirs)
    await context.session.execute(
        update(ReturnLine)
        .where(ReturnLine.tenant_id == context.tenant_id, ReturnLine.return_id.in_(returns))
        .values(note=None)
        .execution_options(**_QUIET)
    )
    await context.session.execute(
        update(OrderReturn)
        .where(OrderReturn.tenant_id == context.tenant_id, theirs)
        .values(note=None, answer=None)
        .execution_options(**_QUIET)
    )


def _orders(context: Context, subject: Subject) -> Select[Order]:
    """Orders that were erased before carry the pseudonym."""
    named: ColumnElement[bool] = is_one_of_texts(Order.email, [*subject.addresses, subject.pseudonym])
    if subject.user_id is not None:
        named = or_(Order.customer_id == subject.user_id, named)
    return select(Order).where(Order.tenant_id == context.tenant_id, named).order_by(Order.created_at, Order.id)


PART = PersonalData("returns", export, erase, keeps)
