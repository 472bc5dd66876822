"""Carts and wish lists as personal data."""

from typing import Any

from sqlalchemy import ColumnElement, delete, or_, select, update

from rustok.commerce.carts.models import Cart, CartLine
from rustok.core.rows import is_one_of, is_one_of_texts
from rustok.kernel.context import Context
from rustok.kernel.personal import PersonalData, Subject


async def export(context: Context, subject: Subject) -> Any:
    """Carts and wish lists with what is in them."""
    carts = list(
        await context.session.scalars(
            select(Cart).where(Cart.tenant_id == context.tenant_id, _of(subject)).order_by(Cart.created_at, Cart.id)
        )
    )
    lines = list(
        await context.session.scalars(
            select(CartLine)
            .where(CartLine.tenant_id == context.tenant_id, is_one_of(CartLine.cart_id, [cart.id for cart in carts]))
            .order_by(CartLine.id)
        )
    )
    return [
        {
            "kind": cart.kind,
            "name": cart.name,
            "status": cart.status,
            "currency": cart.currency,
            "email": cart.email,
            "note": cart.note,
            "codes": cart.codes,
            "shipping_address": cart.shipping_address,
            "billing_address": cart.billing_address,
            "created_at": cart.created_at,
            "lines": [
                {"title": line.title, "variant_id": line.variant_id, "quantity": line.quantity}
                for line in lines
                if line.cart_id == cart.id
            ],
        }
        for cart in carts
    ]


async def erase(context: Context, subject: Subject) -> None:
    """Remove them; of those that became orders only what says so stays."""
    quiet = {"synchronize_session": False}
    mine = (Cart.tenant_id == context.tenant_id, _of(subject))
    # Carts are locked before orders, in the order of their ids, as everywhere.
    await context.session.execute(select(Cart.id).where(*mine).order_by(Cart.id).with_for_update())
    await context.session.execute(
        update(Cart)
        .where(*mine, Cart.order_id.is_not(None))
        .values(name=None, email=None, note=None, shipping_address=None, billing_address=None)
        .execution_options(**quiet)
    )
    await context.session.execute(delete(Cart).where(*mine, Cart.order_id.is_(None)).execution_options(**quiet))


def _of(subject: Subject) -> ColumnElement[bool]:
    named = is_one_of_texts(Cart.email, subject.addresses)
    return named if subject.user_id is None else or_(Cart.customer_id == subject.user_id, named)


PART = PersonalData("carts", export, erase)
