"""Makes orders with payments for the tests of payments."""

from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import text, update
from tests.commerce.orders import ordering

from rustok.commerce.orders.models import Order
from rustok.commerce.payments import arranging, methods, service
from rustok.commerce.payments.models import Payment, PaymentAttempt, TestNotice
from rustok.commerce.payments.shapes import Units
from rustok.kernel.context import Context, TenantInfo
from rustok.kernel.db import Database
from rustok.kernel.ids import generate_id


def units_of(database: Database, tenant: TenantInfo) -> Units:
    """Opens units of work of the system for a tenant."""
    return partial(database.open, tenant)


async def placed(context: Context, *, minor: int = 10_000, currency: str = "EUR") -> Order:
    """An order over exactly so much, of something that needs no stock."""
    costs = ordering.totals([(generate_id(), 1, minor)], currency=currency, tax_included=True, shipping_minor=0)
    return await ordering.placing.place(context, ordering.placement(costs))


async def opened(
    units: Units, *, minor: int = 10_000, currency: str = "EUR", method: str = "test", **facts: Any
) -> Payment:
    """A payment for a new order by a method that is made when it is missing."""
    async with units() as context:
        known = {one.code for one in await methods.all_of(context)}
        if method not in known:
            facts = {"names": {"en": method}, **facts}
            provider = facts.pop("provider", "test")
            await arranging.create(context, code=method, provider=provider, **facts)
        order = await placed(context, minor=minor, currency=currency)
        return await service.open(context, order, method_code=method, amount_minor=order.due_minor)


async def ledger(units: Units, payment_id: UUID) -> list[tuple[str, str, int]]:
    """Kind, status and amount of every entry, in order."""
    async with units() as context:
        found = (await service.transactions(context, [payment_id])).get(payment_id, [])
    return [(one.kind, one.status, one.amount_minor) for one in found]


async def provider_did(units: Units, payment_id: UUID) -> list[tuple[str, int]]:
    """What the provider's own books say."""
    async with units() as context:
        rows: Sequence[list[dict[str, object]]] = (
            await context.session.scalars(
                text("SELECT movements FROM commerce_test_payments WHERE payment_id = :id"), {"id": payment_id}
            )
        ).all()
    return [(str(one["kind"]), int(str(one["amount"]))) for movements in rows for one in movements]


async def let_time_pass(units: Units) -> None:
    """Let everything be due that waits."""
    async with units() as context:
        past = context.now - timedelta(seconds=1)
        await context.session.execute(update(PaymentAttempt).values(next_try_at=past, leased_until=None))
        await context.session.execute(update(TestNotice).values(due_at=past))
        await context.session.execute(
            text("""UPDATE commerce_test_payments SET movements =
                    (SELECT coalesce(jsonb_agg(m - 'from'), '[]') FROM jsonb_array_elements(movements) m)""")
        )
