"""A screen full of orders, or of customers with theirs, takes as many statements as one of them."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import pytest
from tests.commerce.asking import Ask, admin, everything
from tests.commerce.orders import ordering

from rustok.commerce.customers import book, groups
from rustok.commerce.customers import service as customers
from rustok.commerce.orders import fulfilling, noting
from rustok.commerce.payments import arranging, capturing
from rustok.commerce.payments import service as payments
from rustok.kernel.context import Context, TenantInfo
from rustok.kernel.db import Database

OpenContext = Callable[..., AbstractAsyncContextManager[Context]]
MANY = 8


@pytest.fixture
def ask(database: Database, tenant: TenantInfo) -> Ask:
    """The admin schema."""
    return admin(database, tenant)


@pytest.fixture
async def shop(open_context: OpenContext) -> None:
    """Customers with an address, in a group, with two orders each that lack nothing: sent, paid, written about."""
    async with open_context() as context:
        (good,) = await ordering.goods(context, 100)
        await arranging.create(context, code="transfer", provider="manual", names={"en": "Transfer"})
        fans = await groups.create(context, name="Fans")
    for number in range(MANY):
        async with open_context() as context:
            ann = await customers.create(context, email=f"c{number}@example.com", name=f"Customer {number}")
            await groups.add_members(context, fans.id, [ann.id])
            await book.add(context, ann.id, ordering.HOME)
            who = await customers.buyer_of(context, ann.id)
            for _ in range(2):
                order = await ordering.order(context, [(good, 2, 1000)], buyer=who, discount_minor=100)
                payment = await payments.open(context, order, method_code="transfer", amount_minor=order.due_minor)
                await capturing.mark_paid(context, payment.id)
                await fulfilling.fulfil(context, order.id)
                await noting.add_note(context, order.id, "It rains.", to_customer=True)


async def _asked(ask: Ask, statements: list[str], operation: str, first: int) -> int:
    statements.clear()
    ((_, found),) = (await ask(operation, n=first)).items()
    assert len(found["nodes"]) == first
    return len(statements)


@pytest.mark.usefixtures("shop")
async def test_orders_with_everything_that_can_be_asked_of_them(ask: Ask, statements: list[str]) -> None:
    whole = "query($n: Int) { orders(first: $n) { totalCount nodes " + everything("Order") + " } }"

    one, many = [await _asked(ask, statements, whole, first) for first in (1, 2 * MANY)]

    assert one == many <= 60, statements


@pytest.mark.usefixtures("shop")
async def test_customers_with_their_orders_and_everything_of_these(ask: Ask, statements: list[str]) -> None:
    whole = "query($n: Int) { customers(first: $n) { totalCount nodes " + everything("Customer") + " } }"

    one, many = [await _asked(ask, statements, whole, first) for first in (1, MANY)]

    assert one == many <= 60, statements
