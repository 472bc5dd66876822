"""Carts, stock, payments and orders in whatever order: nothing is sold twice, and every sum is its parts."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession
from tests.commerce.asking import ADMIN, STOREFRONT
from tests.commerce.carts.stocking import sold
from tests.conftest import Addresses

from rustok.commerce.orders.states import TRANSITIONS, OrderStatus
from rustok.core.tenants import service as tenants
from rustok.index import verifying
from rustok.kernel import errors, graphql, migrating
from rustok.kernel.context import SYSTEM, Actor, TenantInfo
from rustok.kernel.settings import Settings
from rustok.server import app as web
from rustok.server import modules
from rustok.server.host import Host

WHICH = st.integers(0, 2)
PIECES = st.integers(1, 4)
STOCK = 6
ADDRESS = {"name": "Ann", "line1": "Street 1", "city": "Bonn", "postcode": "53111", "country": "DE"}
SHOP = (
    """mutation { taxZoneCreate(input: {name: "Here", pricesIncludeTax: true, places: [{country: "DE"}],
         rates: [{name: "VAT", percent: "19"}]}) { userErrors { message } } }""",
    'mutation { shippingZoneCreate(input: {name: "Here", places: [{country: "DE"}]}) { shippingZone { id } } }',
    """mutation { paymentMethodCreate(input: {code: "card", provider: "test", names: [{locale: "en", text: "Card"}],
         capture: AUTOMATIC}) { userErrors { message field } } }""",
    """mutation { promotionCreate(input: {name: "Few", kind: PERCENTAGE, reward: {percent: "10"}, needsCode: true,
         usageLimit: 3}) { promotion { id } userErrors { message field } } }""",
    """mutation { giftCardsIssue(input: {code: "GIFT-CARD-0001", amount: {amount: "60.00", currencyCode: "EUR"}})
         { userErrors { message field } } }""",
)
METHOD = """mutation ($zone: ID!) { shippingMethodCreate(input: {zoneId: $zone, name: "Post",
  prices: [{price: {amount: "4.95", currencyCode: "EUR"}}]}) { shippingMethod { id } userErrors { message } } }"""
CODE = 'mutation ($id: ID!) { promotionCodeAdd(promotionId: $id, code: "FEW") { userErrors { message } } }'
NEW = "mutation ($input: CartCreateInput!) { cartCreate(input: $input) { cart { id } userErrors { code } } }"
ADD = """mutation ($id: ID!, $variant: ID!, $n: Int!) { cartLinesAdd(cartId: $id, lines: [{variantId: $variant,
  quantity: $n}]) { cart { id } userErrors { code } } }"""
ENTER = "mutation ($id: ID!, $code: String!) { cartCodeAdd(cartId: $id, code: $code) { userErrors { code } } }"
COMPLETE = """mutation ($id: ID!, $method: String!) { completeCheckout(cartId: $id, paymentMethod: $method)
  { order { id token } payment { id } shortages { wanted left } userErrors { code } } }"""
PROCESS = """mutation ($id: ID!, $token: String!, $data: JSON) { paymentProcess(paymentId: $id, orderToken: $token,
  data: $data) { payment { status } userErrors { code } } }"""
PAID = "mutation ($id: ID!) { paymentMarkPaid(paymentId: $id) { userErrors { code } } }"
REFUND = """mutation ($id: ID!, $amount: String!, $key: String!) { paymentRefund(paymentId: $id, key: $key,
  amount: {amount: $amount, currencyCode: "EUR"}) { userErrors { code } } }"""
ORDER = """query ($id: ID!) { order(id: $id) { version lines { id quantity fulfilledQuantity }
  fulfilments { id version } } }"""
SEND = """mutation ($id: ID!, $version: Int!, $lines: [OrderLinePiecesInput!]) { orderFulfil(id: $id, version: $version,
  lines: $lines) { userErrors { code } } }"""
DELIVER = (
    "mutation ($id: ID!, $version: Int!) { fulfilmentDeliver(id: $id, version: $version) { userErrors { code } } }"
)
BACK = "mutation ($id: ID!, $version: Int!) { fulfilmentCallBack(id: $id, version: $version) { userErrors { code } } }"
CANCEL = """mutation ($id: ID!, $version: Int!, $restock: Boolean!) { orderCancel(id: $id, version: $version,
  restock: $restock) { userErrors { code } } }"""
RETURN = """mutation ($id: ID!, $line: ID!, $pieces: Int!) { returnCreate(orderId: $id, lines: [{lineId: $line,
  quantity: $pieces, reason: DAMAGED}]) { orderReturn { id } userErrors { code } } }"""
RETURNED = "query ($id: ID!) { orderReturn(id: $id) { version orderId lines { id quantity } } }"
RECEIVE = """mutation ($id: ID!, $version: Int!, $lines: [ReturnReceivedInput!]!) { returnReceive(id: $id,
  version: $version, lines: $lines) { userErrors { code } } }"""
REFUND_RETURN = """mutation ($input: RefundCreateInput!) { refundCreate(input: $input) { userErrors { code } } }"""
EXCHANGE = """mutation ($id: ID!, $version: Int!, $variant: ID!) { returnExchange(id: $id, version: $version,
  lines: [{variantId: $variant, quantity: 1}]) { userErrors { code } } }"""
COUNT = """mutation ($id: ID!, $delta: Int!) { stockAdjust(variantId: $id, delta: $delta, reason: "counted")
  { userErrors { code } } }"""

# Each gives the rows that break a promise.
PROMISES = {
    "movements sum to what is on hand": """
        SELECT l.* FROM commerce_stock_levels l WHERE l.on_hand IS DISTINCT FROM (
          SELECT coalesce(sum(m.delta), 0) FROM commerce_stock_movements m
          WHERE (m.variant_id, m.location_id) = (l.variant_id, l.location_id))""",
    "what is reserved is what open reservations hold": """
        SELECT l.* FROM commerce_stock_levels l WHERE l.reserved IS DISTINCT FROM (
          SELECT coalesce(sum(r.quantity), 0) FROM commerce_reservations r WHERE r.state = 'open'
            AND (r.variant_id, r.location_id) = (l.variant_id, l.location_id))""",
    "no more is sold than there is": """
        SELECT * FROM commerce_stock_levels WHERE NOT allow_backorder AND (on_hand < reserved OR on_hand < 0)""",
    "open orders hold exactly what they have not sent": """
        SELECT o.id, l.variant_id, sum(l.quantity - l.fulfilled_quantity) FROM commerce_orders o
        JOIN commerce_order_lines l ON l.order_id = o.id
        WHERE o.status NOT IN ('cancelled')
        GROUP BY o.id, l.variant_id HAVING sum(l.quantity - l.fulfilled_quantity) IS DISTINCT FROM (
          SELECT coalesce(sum(r.quantity), 0) FROM commerce_reservations r
          WHERE r.reference = 'order:' || o.id AND r.variant_id = l.variant_id AND r.state = 'open')""",
    "one cart gives one order": """
        SELECT cart_id FROM commerce_order_claims WHERE cart_id IS NOT NULL GROUP BY cart_id HAVING count(*) > 1
        UNION ALL SELECT o.id FROM commerce_orders o LEFT JOIN commerce_order_claims c ON c.id = o.id
          AND c.number = o.number WHERE c.id IS NULL
        UNION ALL SELECT c.id FROM commerce_order_claims c LEFT JOIN commerce_orders o ON o.id = c.id
          WHERE o.id IS NULL""",
    "numbers have no gaps": """
        SELECT count(*), min(number), max(number) FROM commerce_order_claims
        HAVING max(number) - min(number) + 1 <> count(*) OR min(number) <> 1001""",
    "an order's totals are the sums of their parts": """
        SELECT o.id FROM commerce_orders o, LATERAL (
          SELECT sum(subtotal_minor) AS subtotal, sum(discount_minor) AS discount, sum(total_minor) AS total,
                 sum(tax_minor) AS tax FROM commerce_order_lines WHERE order_id = o.id) l, LATERAL (
          SELECT coalesce(sum(amount_minor) FILTER (WHERE line_id IS NOT NULL), 0) AS discount
          FROM commerce_order_adjustments WHERE order_id = o.id) a, LATERAL (
          SELECT coalesce(sum(amount_minor), 0) AS tax FROM commerce_order_taxes WHERE order_id = o.id) t
        WHERE (o.subtotal_minor, o.discount_minor, o.total_minor, o.tax_minor, o.due_minor)
          IS DISTINCT FROM (
            l.subtotal, l.discount, l.total + o.shipping_minor, t.tax, o.total_minor - o.gift_card_minor)
          OR a.discount <> o.discount_minor OR o.tax_minor <> l.tax + o.shipping_tax_minor""",
    "what an order was paid is what its ledger says": """
        SELECT o.id FROM commerce_orders o, LATERAL (
          SELECT coalesce(sum(amount_minor) FILTER (WHERE kind = 'capture'), 0) AS captured,
                 coalesce(sum(amount_minor) FILTER (WHERE kind = 'refund'), 0) AS refunded
          FROM commerce_payment_transactions WHERE order_id = o.id AND status = 'succeeded') t
        WHERE (o.captured_minor, o.refunded_minor) IS DISTINCT FROM (t.captured, t.refunded)
          OR o.refunded_minor > o.captured_minor OR o.captured_minor > o.due_minor""",
    "every payment is what its ledger says": """
        SELECT p.id FROM commerce_payments p, LATERAL (
          SELECT coalesce(sum(amount_minor) FILTER (WHERE kind = 'authorize'), 0) AS authorized,
                 coalesce(sum(amount_minor) FILTER (WHERE kind = 'capture'), 0) AS captured,
                 coalesce(sum(amount_minor) FILTER (WHERE kind = 'refund'), 0) AS refunded
          FROM commerce_payment_transactions WHERE payment_id = p.id AND status = 'succeeded') t
        WHERE (p.authorized_minor, p.captured_minor, p.refunded_minor)
          IS DISTINCT FROM (t.authorized, t.captured, t.refunded)""",
    "gift cards hold what their ledger says": """
        SELECT g.id FROM commerce_gift_cards g WHERE g.balance_minor < 0 OR g.balance_minor IS DISTINCT FROM (
          SELECT sum(amount_minor) FROM commerce_gift_card_entries WHERE gift_card_id = g.id)""",
    "a gift card's part of an order is spent but for what went back": """
        SELECT o.id FROM commerce_orders o WHERE o.gift_card_minor > 0 AND -(
          SELECT coalesce(sum(amount_minor), 0) FROM commerce_gift_card_entries WHERE order_id = o.id)
          IS DISTINCT FROM CASE WHEN o.status = 'cancelled' THEN 0 ELSE o.gift_card_minor - (
            SELECT coalesce(sum(gift_cards_minor), 0) FROM commerce_refunds WHERE order_id = o.id) END""",
    "what came back is what its returns say, and was sent before": """
        SELECT l.id FROM commerce_order_lines l WHERE l.returned_quantity > l.fulfilled_quantity
          OR l.returned_quantity IS DISTINCT FROM (
            SELECT coalesce(sum(received_quantity), 0) FROM commerce_return_lines WHERE line_id = l.id)""",
    "a promotion was used as often as it says, and never too often": """
        SELECT p.id FROM commerce_promotions p WHERE p.uses > p.usage_limit OR p.uses IS DISTINCT FROM (
          SELECT count(*) FROM commerce_promotion_uses u WHERE u.promotion_id = p.id AND u.released_at IS NULL)""",
    "a line is sent at most once, and as often as its parcels say": """
        SELECT l.id FROM commerce_order_lines l WHERE l.fulfilled_quantity > l.quantity
          OR l.fulfilled_quantity IS DISTINCT FROM (
            SELECT coalesce(sum(x.quantity), 0) FROM commerce_fulfilment_lines x
            JOIN commerce_fulfilments f ON f.id = x.fulfilment_id
            WHERE x.line_id = l.id AND f.status IN ('shipped', 'delivered'))""",
}
# True once everybody has heard of the cancellation.
LATER = {
    "a gift card's part of an order is spent but for what went back",
    "a promotion was used as often as it says, and never too often",
}
# Without any of these the promises above would be cheap; each happens in many a life.
HAPPENED = {
    "an order is placed": "SELECT id FROM commerce_order_claims WHERE cart_id IS NOT NULL",
    "a parcel is sent": "SELECT id FROM commerce_fulfilments",
    "money is taken": "SELECT id FROM commerce_payment_transactions WHERE kind = 'capture' AND status = 'succeeded'",
    "money goes back": "SELECT id FROM commerce_payment_transactions WHERE kind = 'refund' AND status = 'succeeded'",
    "a gift card is spent": "SELECT id FROM commerce_gift_card_entries WHERE amount_minor < 0",
}
STEPS = """SELECT payload->>'old_status', payload->>'new_status' FROM event_log
  WHERE tenant_id = :tenant AND type = 'OrderStatusChanged'"""


class Shop:
    """One tenant as buyers and staff use it, and what it must never be."""

    def __init__(self, addresses: Addresses, tenant: TenantInfo, home: Path) -> None:
        settings = Settings(home=home, secret_key="only for tests", default_tenant=None)
        self.host = Host.open(settings, addresses.owner)
        transport = httpx.ASGITransport(web.build(self.host))
        self.client = httpx.AsyncClient(transport=transport, base_url=f"http://{tenant.hosts[0]}", timeout=60)
        self.database = self.host.database
        self.tenant = tenant
        self.kept: dict[str, bytes] = {}  # what a checkout was answered, by its key
        self.registry = modules.load()
        self.workers = modules.workers(self.registry, self.database)
        self.refusals = 0

    async def ask(self, operation: str, *, staff: bool = False, **variables: Any) -> Any:
        """The operation's only field. What nobody expected is raised; what is refused is counted."""
        actor = SYSTEM if staff else Actor()
        edge = graphql.Operation(
            tenant=self.tenant,
            actor=actor,
            locale="en",
            currency="EUR",
            work=lambda: self.database.open(self.tenant, actor=actor, locale="en", currency="EUR"),
            look=lambda: self.database.read(self.tenant, actor=actor, locale="en", currency="EUR"),
            address="192.0.2.7",
        )
        result = await (ADMIN if staff else STOREFRONT).execute(operation, variables, edge)
        for error in result.errors or ():
            if not isinstance(error.original_error, errors.RustokError):
                raise error.original_error or error
        if result.data is None:
            self.refusals += 1
            return None
        (answer,) = result.data.values()
        self.refusals += bool(answer and isinstance(answer, dict) and answer.get("userErrors"))
        return answer

    async def complete(self, cart: str, method: str) -> Any:
        """The checkout of a cart over HTTP, under a key: once it was done, its answer has the same bytes each time."""
        body = {"query": COMPLETE, "variables": {"id": cart, "method": method}}
        key = f"{cart} {method}"
        response = await self.client.post("/graphql", json=body, headers={"idempotency-key": key})
        told = response.json()
        assert "errors" not in told, told
        answer = told["data"]["completeCheckout"]
        self.refusals += bool(answer["userErrors"])
        if key in self.kept or not answer["userErrors"]:
            assert self.kept.setdefault(key, response.content) == response.content
        return answer

    async def close(self) -> None:
        """Leave no connection open."""
        await self.client.aclose()
        await self.host.close()

    async def open(self) -> None:
        """Something to buy, ways to send it and to pay for it."""
        async with self.database.open(self.tenant) as context:
            self.variants = [str(id_) for id_ in await sold(context, 1999, 350, 12_345, stock=STOCK)]
        made = [await self.ask(one, staff=True) for one in SHOP]
        assert not self.refusals, made
        zone = made[1]["shippingZone"]["id"]
        self.method = (await self.ask(METHOD, staff=True, zone=zone))["shippingMethod"]["id"]
        await self.ask(CODE, staff=True, id=made[3]["promotion"]["id"])
        assert not self.refusals

    async def cart(self) -> str:
        """An empty cart of a guest who has said everything else."""
        told = {"email": "ann@example.com", "shippingAddress": ADDRESS, "shippingMethodId": self.method}
        return str((await self.ask(NEW, input=told))["cart"]["id"])

    async def order(self, order_id: str) -> Any:
        """The order as staff see it."""
        return await self.ask(ORDER, staff=True, id=order_id)

    async def returned(self, return_id: str) -> tuple[Any, int]:
        """The return as staff see it, and its version."""
        seen = await self.ask(RETURNED, staff=True, id=return_id)
        return {"id": return_id, **seen}, seen["version"]

    async def broken(self, names: Sequence[str]) -> list[str]:
        """The promises that are not kept now, with a row that shows it."""
        kept = " UNION ALL ".join(
            f"SELECT $name${name}: $name$ || (SELECT to_json(x) FROM ({PROMISES[name]}) x LIMIT 1)::text AS told"
            for name in names
        )
        async with self.database.read(self.tenant) as context:
            found = await context.session.scalars(text(f"SELECT told FROM ({kept}) t WHERE told IS NOT NULL"))
            return list(found.all())

    async def happened(self) -> list[str]:
        """What never happened."""
        async with self.database.read(self.tenant) as context:
            found = {name: len((await context.session.execute(text(sql))).all()) for name, sql in HAPPENED.items()}
        return [name for name, times in found.items() if not times]

    async def heard(self) -> None:
        """Everybody has heard of everything: then all promises hold, only legal steps were made, the index is right."""
        await self.workers.catch_up()
        assert await self.broken(list(PROMISES)) == []
        async with self.database.session(worker=True) as session:
            made = (await session.execute(text(STEPS), {"tenant": self.tenant.id})).all()
        assert [step for step in made if OrderStatus(step[1]) not in TRANSITIONS[OrderStatus(step[0])]] == []
        differing = await verifying.verify(self.database, self.registry.sources, [self.tenant])
        assert [one for one in differing if one.differences] == []


def machine_for(shop: Shop, run: Callable[[Coroutine[Any, Any, Any]], Any]) -> type:
    """The steps are what buyers and staff do; each commits, as it does in life."""

    class Buying(RuleBasedStateMachine):
        def __init__(self) -> None:
            super().__init__()
            self.carts: list[str] = []
            self.orders: dict[str, dict[str, str]] = {}  # by cart
            self.returns: list[str] = []

        def pick(self, data: st.DataObject) -> dict[str, str] | None:
            return data.draw(st.sampled_from(sorted(self.orders.values(), key=str))) if self.orders else None

        @initialize(which=WHICH, code=st.sampled_from(["FEW", "GIFT-CARD-0001", None]), sent=st.booleans())
        def begin(self, which: int, code: str | None, sent: bool) -> None:
            """There is something in stock, and an order is paid, perhaps sent: most steps need one."""
            for variant in shop.variants:
                run(shop.ask(COUNT, staff=True, id=variant, delta=4))
            self.fill_a_new_cart(which, 3)
            cart = self.carts[0]
            if code:
                run(shop.ask(ENTER, id=cart, code=code))
            self.buy(cart, "bank_transfer")
            if order := self.orders.get(cart):
                if "payment" in order:
                    run(shop.ask(PAID, staff=True, id=order["payment"]))
                if sent:
                    run(shop.ask(SEND, staff=True, id=order["id"], version=run(shop.order(order["id"]))["version"]))

        @rule(which=WHICH, pieces=PIECES)
        def fill_a_new_cart(self, which: int, pieces: int) -> None:
            self.carts.append(run(shop.cart()))
            run(shop.ask(ADD, id=self.carts[-1], variant=shop.variants[which], n=pieces))

        @rule(data=st.data(), which=WHICH, pieces=PIECES)
        def fill(self, data: st.DataObject, which: int, pieces: int) -> None:
            if self.carts:
                cart = data.draw(st.sampled_from(self.carts))
                run(shop.ask(ADD, id=cart, variant=shop.variants[which], n=pieces))

        @rule(data=st.data(), code=st.sampled_from(["FEW", "GIFT-CARD-0001", "NOBODYS"]))
        def enter(self, data: st.DataObject, code: str) -> None:
            if self.carts:
                run(shop.ask(ENTER, id=data.draw(st.sampled_from(self.carts)), code=code))

        @rule(data=st.data(), method=st.sampled_from(["card", "bank_transfer", "nothing"]))
        def complete(self, data: st.DataObject, method: str) -> None:
            if self.carts:
                self.buy(data.draw(st.sampled_from(self.carts)), method)

        def buy(self, cart: str, method: str) -> None:
            answer = run(shop.complete(cart, method))
            if answer["order"]:
                made = {"id": answer["order"]["id"], "token": answer["order"]["token"]}
                made |= {"payment": answer["payment"]["id"]} if answer["payment"] else {}
                assert self.orders.setdefault(cart, made)["id"] == made["id"]

        @rule(data=st.data(), scenario=st.sampled_from(["success", "success", "decline", "timeout", "three_d_secure"]))
        def pay(self, data: st.DataObject, scenario: str) -> None:
            order = self.pick(data)
            if order and "payment" in order:
                run(shop.ask(PROCESS, id=order["payment"], token=order["token"], data={"scenario": scenario}))

        @rule(data=st.data())
        def see_the_money(self, data: st.DataObject) -> None:
            order = self.pick(data)
            if order and "payment" in order:
                run(shop.ask(PAID, staff=True, id=order["payment"]))

        @rule(data=st.data(), cents=st.integers(1, 4000))
        def refund(self, data: st.DataObject, cents: int) -> None:
            order = self.pick(data)
            if order and "payment" in order:
                amount = f"{cents // 100}.{cents % 100:02}"
                run(shop.ask(REFUND, staff=True, id=order["payment"], amount=amount, key=str(uuid4())))

        @rule(data=st.data(), part=st.booleans())
        def send(self, data: st.DataObject, part: bool) -> None:
            if order := self.pick(data):
                seen = run(shop.order(order["id"]))
                lines = [{"lineId": seen["lines"][0]["id"], "quantity": 1}] if part else None
                run(shop.ask(SEND, staff=True, id=order["id"], version=seen["version"], lines=lines))

        @rule(data=st.data(), verb=st.sampled_from([DELIVER, BACK]))
        def move_a_parcel(self, data: st.DataObject, verb: str) -> None:
            if order := self.pick(data):
                for parcel in run(shop.order(order["id"]))["fulfilments"][:1]:
                    run(shop.ask(verb, staff=True, id=parcel["id"], version=parcel["version"]))

        @rule(data=st.data(), restock=st.booleans())
        def cancel(self, data: st.DataObject, restock: bool) -> None:
            if order := self.pick(data):
                version = run(shop.order(order["id"]))["version"]
                run(shop.ask(CANCEL, staff=True, id=order["id"], version=version, restock=restock))

        @rule(data=st.data(), pieces=PIECES, arrives=st.booleans(), restock=st.integers(0, 1))
        def send_back(self, data: st.DataObject, pieces: int, arrives: bool, restock: int) -> None:
            if order := self.pick(data):
                line = run(shop.order(order["id"]))["lines"][-1]["id"]
                answer = run(shop.ask(RETURN, staff=True, id=order["id"], line=line, pieces=pieces))
                if answer["orderReturn"]:
                    self.returns.append(answer["orderReturn"]["id"])
                    if arrives:
                        self.receive(self.returns[-1], restock)

        @rule(data=st.data(), restock=st.integers(0, 1))
        def take_back(self, data: st.DataObject, restock: int) -> None:
            if self.returns:
                self.receive(data.draw(st.sampled_from(self.returns)), restock)

        def receive(self, return_id: str, restock: int) -> None:
            seen, version = run(shop.returned(return_id))
            pieces = [{"id": one["id"], "quantity": one["quantity"], "restock": restock} for one in seen["lines"]]
            run(shop.ask(RECEIVE, staff=True, id=return_id, version=version, lines=pieces))

        @rule(data=st.data(), cents=st.integers(1, 2500))
        def give_the_money_back(self, data: st.DataObject, cents: int) -> None:
            if self.returns:
                seen, _ = run(shop.returned(data.draw(st.sampled_from(self.returns))))
                amount = {"amount": f"{cents // 100}.{cents % 100:02}", "currencyCode": "EUR"}
                wanted = {"orderId": seen["orderId"], "returnId": seen["id"], "key": str(uuid4()), "goods": amount}
                run(shop.ask(REFUND_RETURN, staff=True, input=wanted))

        @rule(data=st.data(), which=WHICH)
        def exchange(self, data: st.DataObject, which: int) -> None:
            if self.returns:
                seen, version = run(shop.returned(data.draw(st.sampled_from(self.returns))))
                variant = shop.variants[which]
                run(shop.ask(EXCHANGE, staff=True, id=seen["id"], version=version, variant=variant))

        @rule(which=WHICH, delta=st.integers(-3, 4))
        def count_stock(self, which: int, delta: int) -> None:
            run(shop.ask(COUNT, staff=True, id=shop.variants[which], delta=delta))

        @invariant()
        def every_promise_is_kept(self) -> None:
            assert run(shop.broken([name for name in PROMISES if name not in LATER])) == []

        def teardown(self) -> None:
            run(shop.heard())

    return Buying


async def test_whatever_buyers_and_staff_do_every_sum_is_its_parts(own_database: Addresses, tmp_path: Path) -> None:
    engine = migrating.owner_engine(own_database.owner)
    async with AsyncSession(engine, expire_on_commit=False) as session:
        told: dict[str, Any] = {"name": "Shop", "hosts": ["shop.test"], "default_locale": "en"}
        tenant = await tenants.create(
            session, slug="shop", locales=("en",), currencies=("EUR",), default_currency="EUR", **told
        )
        await session.commit()
    await engine.dispose()

    def machine() -> None:
        with asyncio.Runner() as runner:
            shop = Shop(own_database, tenant, tmp_path)
            try:
                runner.run(shop.open())
                run_state_machine_as_test(
                    machine_for(shop, runner.run),
                    settings=settings(
                        max_examples=14,
                        stateful_step_count=40,
                        phases=(Phase.generate,),  # the shop goes on: a shorter life of it would be another one
                        deadline=None,
                        suppress_health_check=list(HealthCheck),
                    ),
                )
                assert runner.run(shop.happened()) == []
            finally:
                runner.run(shop.close())

    # The machine is not asynchronous: it has a loop of its own in a thread beside this one.
    await asyncio.to_thread(machine)
