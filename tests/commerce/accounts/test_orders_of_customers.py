"""Orders of customers: their history, guests' orders that come to an account, and who has ordered before."""

from collections.abc import Awaitable, Callable

import pytest
from tests.commerce.accounts.conftest import STOREFRONT, acting
from tests.commerce.orders import ordering

from rustok.commerce.baskets.shapes import Buyer
from rustok.commerce.customers import service
from rustok.commerce.orders import cancelling
from rustok.commerce.orders.models import Order
from rustok.core.users import service as users
from rustok.kernel.context import ANONYMOUS, Actor
from rustok.kernel.ids import generate_id

EMAIL = "ann@example.com"
MINE = """query($n: Int, $a: String) { customer { orders(first: $n, after: $a)
  { nodes { number total { amount } lines { title } } totalCount pageInfo { endCursor hasNextPage } } } }"""
Buy = Callable[..., Awaitable[Order]]


@pytest.fixture
def buy(open_context) -> Buy:
    """`await buy(Buyer(...))`: an order of one good for 10.00."""

    async def bought(buyer: Buyer | None = None, **wanted: object) -> Order:
        async with open_context() as context:
            (good,) = await ordering.goods(context, 5)
            who = buyer or Buyer(email=EMAIL)
            return await ordering.order(
                context, [(good, 1, 1000)], buyer=who, email=who.email or EMAIL, shipping_minor=0, **wanted
            )

    return bought


async def test_a_customer_reads_their_orders_page_by_page_and_nobody_elses(ask, buy, make_customer) -> None:
    ann, bob = await make_customer(email=EMAIL), await make_customer(email="bob@example.com")
    placed = [await buy(Buyer(customer_id=ann.id, email=EMAIL)) for _ in range(3)]
    await buy(Buyer(customer_id=bob.id, email="bob@example.com"))
    await buy()

    first = await ask(MINE, of=STOREFRONT, actor=acting(ann), n=2)
    page = first["customer"]["orders"]
    second = await ask(MINE, of=STOREFRONT, actor=acting(ann), n=2, a=page["pageInfo"]["endCursor"])

    shown = page["nodes"] + second["customer"]["orders"]["nodes"]
    assert [one["number"] for one in shown] == [str(order.number) for order in reversed(placed)]
    assert shown[0]["lines"] == [{"title": "Good"}]
    assert page["totalCount"] == 3
    assert second["customer"]["orders"]["pageInfo"]["hasNextPage"] is False


async def test_staff_read_a_customers_orders_with_the_permission_for_orders(ask, buy, make_customer) -> None:
    ann = await make_customer(email=EMAIL)
    await buy(Buyer(customer_id=ann.id, email=EMAIL))
    shown = "query($id: ID!) { customer(id: $id) { email orders { nodes { source } } } }"
    clerk = Actor(kind="user", user_id=generate_id(), permissions=frozenset({"customers:read"}))

    assert await ask(shown, id=str(ann.id)) == {"customer": {"email": EMAIL, "orders": {"nodes": [{"source": "cart"}]}}}
    assert await ask(shown, id=str(ann.id), actor=clerk) == {"errors": ["forbidden"]}


PAGE = """orders(first: $f, after: $a, last: $l, before: $b) { totalCount totalCountPrecision edges { cursor }
  nodes { number lines { title } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } }"""
ARGUMENTS = "$f: Int, $a: String, $l: Int, $b: String"


async def test_the_pages_of_many_customers_are_those_of_each_alone(ask, buy, make_customer) -> None:
    placed = []
    for number in range(4):
        ann = await make_customer(email=f"c{number}@example.com")
        placed += [await buy(Buyer(customer_id=ann.id, email=ann.email)) for _ in range(number)]
    whole = f"query({ARGUMENTS}) {{ customers {{ nodes {{ id {PAGE} }} }} }}"
    alone = f"query($id: ID!, {ARGUMENTS}) {{ customer(id: $id) {{ id {PAGE} }} }}"
    first = (await ask(whole, f=2))["customers"]["nodes"]
    cursor = first[0]["orders"]["edges"][1]["cursor"]

    for asked in (
        {},
        {"f": 2},
        {"l": 2},
        {"f": 0},
        {"f": 1, "a": cursor},
        {"f": 9, "b": cursor},
        {"l": 1, "b": cursor},
    ):
        many = (await ask(whole, **asked))["customers"]["nodes"]
        assert many == [(await ask(alone, id=one["id"], **asked))["customer"] for one in many], asked

    assert [one["orders"]["totalCount"] for one in first] == [3, 2, 1, 0]
    assert [one["number"] for one in first[0]["orders"]["nodes"]] == [str(placed[-1].number), str(placed[-2].number)]
    twice = "{ customers { nodes { one: orders(first: 1) { nodes { number } } all: orders { nodes { number } } } } }"
    both = (await ask(twice))["customers"]["nodes"]
    assert [(len(one["one"]["nodes"]), len(one["all"]["nodes"])) for one in both] == [(1, 3), (1, 2), (1, 1), (0, 0)]
    for wrong in ({"f": 101}, {"f": 1, "l": 1}, {"f": 1, "a": "not a cursor"}):
        assert set((await ask(whole, **wrong))["errors"]) == {"invalid_page"}, wrong


async def test_staff_see_whose_an_order_is_with_the_permission_for_customers(
    ask, buy, make_customer, make_tenant
) -> None:
    ann, bob = await make_customer(email=EMAIL, name="Ann"), await make_customer(email="bob@example.com", name="Bob")
    placed = [await buy(Buyer(customer_id=one.id, email=one.email)) for one in (ann, bob, ann)]
    guests = await buy(Buyer(email="guest@example.com"))
    shown = "{ orders(sort: CREATED_ASC) { nodes { number customer { id name email orders { totalCount } } } } }"
    clerk = Actor(kind="user", user_id=generate_id(), permissions=frozenset({"orders:read"}))

    def said(user, count: int) -> dict[str, object]:
        return {"id": str(user.id), "name": user.name, "email": user.email, "orders": {"totalCount": count}}

    assert (await ask(shown))["orders"]["nodes"] == [
        {"number": str(order.number), "customer": whose}
        for order, whose in zip([*placed, guests], [said(ann, 2), said(bob, 1), said(ann, 2), None], strict=True)
    ]
    assert await ask(shown, actor=clerk) == {"errors": ["forbidden"] * 4}
    assert len((await ask("{ orders { nodes { number } } }", actor=clerk))["orders"]["nodes"]) == 4
    one = "query($id: ID!) { order(id: $id) { customer { id } } }"
    assert await ask(one, id=str(placed[0].id), at=await make_tenant()) == {"order": None}


async def test_guests_orders_come_to_the_account_once_its_address_is_proven(
    ask, buy, open_context, workers, make_customer
) -> None:
    await buy()
    await buy(Buyer(email="somebody@example.com"))
    ann = await make_customer(email=EMAIL)

    await workers.catch_up()
    assert (await ask(MINE, of=STOREFRONT, actor=acting(ann)))["customer"]["orders"]["totalCount"] == 0
    async with open_context() as context:
        await users.prove_email(context, ann.id, email=EMAIL)
    await workers.catch_up()
    await workers.catch_up()  # what a listener records is heard in the next round

    assert (await ask(MINE, of=STOREFRONT, actor=acting(ann)))["customer"]["orders"]["totalCount"] == 1
    async with open_context() as context:
        assert (await service.get(context, ann.id)).orders_count == 1


async def test_whoever_forgot_to_log_in_finds_the_order_in_the_account(ask, buy, workers, make_customer) -> None:
    ann = await make_customer(email=EMAIL, email_verified=True)
    bob = await make_customer(email="bob@example.com")
    await workers.catch_up()

    await buy()
    await buy(Buyer(email="bob@example.com"))
    await workers.catch_up()

    assert (await ask(MINE, of=STOREFRONT, actor=acting(ann)))["customer"]["orders"]["totalCount"] == 1
    assert (await ask(MINE, of=STOREFRONT, actor=acting(bob)))["customer"]["orders"]["totalCount"] == 0


async def test_an_address_that_changed_hands_before_the_listener_claims_nothing(
    ask, buy, open_context, workers, make_customer
) -> None:
    await buy()
    ann = await make_customer(email=EMAIL, email_verified=True)
    async with open_context() as context:
        await users.update(context, ann.id, version=ann.version, email="other@example.com")

    await workers.catch_up()

    assert (await ask(MINE, of=STOREFRONT, actor=acting(ann)))["customer"]["orders"]["totalCount"] == 0


async def test_figures_follow_the_orders(ask, buy, open_context, workers, make_customer) -> None:
    ann = await make_customer(email=EMAIL)
    who = Buyer(customer_id=ann.id, email=EMAIL)
    euro, dollar = await buy(who), await buy(who, currency="USD")
    await workers.catch_up()

    listed = """{ customers(sort: SPENT_DESC) { nodes { ordersCount spent { amount currencyCode } lastOrderAt } } }"""
    (shown,) = (await ask(listed))["customers"]["nodes"]
    assert shown["ordersCount"] == 2
    assert shown["spent"] == [
        {"amount": "11.90", "currencyCode": "EUR"},
        {"amount": "11.90", "currencyCode": "USD"},
    ]
    assert shown["lastOrderAt"] == dollar.created_at.isoformat()

    async with open_context() as context:
        await cancelling.cancel(context, dollar.id)
    await workers.catch_up()
    (shown,) = (await ask(listed))["customers"]["nodes"]
    assert (shown["ordersCount"], shown["lastOrderAt"]) == (1, euro.created_at.isoformat())


async def test_the_first_order_is_told_by_account_and_by_address(buy, open_context, make_customer) -> None:
    ann = await make_customer(email=EMAIL)

    async def first(*, actor: Actor, email: str | None = None) -> bool:
        async with open_context(actor=actor) as context:
            return (await service.buyer(context, email=email)).first_order

    assert await first(actor=acting(ann)) is True
    guest = await buy(Buyer(email="guest@example.com"))
    assert await first(actor=acting(ann)) is True
    assert await first(actor=ANONYMOUS, email="Guest@Example.com") is False
    assert await first(actor=acting(ann), email="guest@example.com") is False
    assert await first(actor=ANONYMOUS, email="new@example.com") is True

    async with open_context() as context:
        await cancelling.cancel(context, guest.id)
    assert await first(actor=ANONYMOUS, email="guest@example.com") is True
    await buy(Buyer(customer_id=ann.id, email="elsewhere@example.com"))
    assert await first(actor=acting(ann)) is False
    assert await first(actor=ANONYMOUS, email=EMAIL) is True
