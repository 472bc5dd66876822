"""Makes orders with payments for the tests of payments."""

from contextlib import AbstractAsyncContextManager
from functools import partial
from typing import Any

from tests.commerce.orders import ordering

from rustok.commerce.orders.models import Order
from rustok.commerce.payments import methods, service
from rustok.commerce.payments.models import Payment
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
            await methods.create(context, code=method, provider=provider, **facts)
        order = await placed(context, minor=minor, currency=currency)
        return await service.open(context, order, method_code=method, amount_minor=order.due_minor)


def unit(units: Units) -> AbstractAsyncContextManager[Context]:
    """One of them."""
    return units()
