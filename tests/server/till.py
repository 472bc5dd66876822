"""A shop's till as buyers, staff and the bank reach it: GraphQL, the bank's webhooks, and a bank that hesitates."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import select, text
from tests.commerce.carts.stocking import sold
from tests.commerce.payments import paying
from tests.server.conftest import Site

from rustok.commerce.payments import arranging, gateways, methods, notices, reconciling
from rustok.commerce.payments.gateways import Gateways
from rustok.commerce.payments.models import TestPayment
from rustok.commerce.payments.providers import testing
from rustok.commerce.payments.shapes import Account, Asked, Seen
from rustok.kernel.ids import generate_id

CART = "mutation($i: CartCreateInput!) { cartCreate(input: $i) { cart { id } userErrors { code message } } }"
COMPLETE = """mutation($c: ID!, $m: String) { completeCheckout(cartId: $c, paymentMethod: $m)
  { order { id token } payment { id status } userErrors { code message } } }"""
PROCESS = """mutation($p: ID!, $t: String, $d: JSON) { paymentProcess(paymentId: $p, orderToken: $t, data: $d)
  { payment { status nextAction { url } } userErrors { code } } }"""
START = """mutation($t: String!, $m: String!) { paymentStart(orderToken: $t, paymentMethod: $m)
  { payment { id status amount { amount } } userErrors { code field } } }"""
CAPTURE = """mutation($p: ID!, $k: String, $a: MoneyInput) { paymentCapture(paymentId: $p, key: $k, amount: $a)
  { payment { status } userErrors { code } } }"""
REFUND = """mutation($p: ID!, $k: String!, $a: MoneyInput!) { paymentRefund(paymentId: $p, key: $k, amount: $a)
  { refund { state } userErrors { code } } }"""
REFUND_ORDER = """mutation($o: ID!, $k: String!, $a: MoneyInput!) { refundCreate(
  input: {orderId: $o, key: $k, other: $a}) { refund { state } userErrors { code } } }"""
VOID = "mutation($p: ID!) { paymentVoid(paymentId: $p) { payment { status } userErrors { code } } }"
CANCEL = "mutation($o: ID!, $v: Int!) { orderCancel(id: $o, version: $v) { userErrors { code } } }"
ORDER = """query($o: ID!) { order(id: $o) { version status paymentStatus due { amount } authorized { amount }
  captured { amount } refunded { amount } } }"""
PAYMENTS = """query($o: ID!) { orderPayments(orderId: $o) { payment { id status voided { amount } refunded { amount } }
  transactions { kind status amount { amount } } attempts { kind state } } }"""
WHOLE = "100.00"


async def nothing() -> None:
    """Nobody does anything meanwhile."""


@dataclass(frozen=True)
class Hesitant(testing.Testing):
    """The test bank, where somebody else is quicker: `before` it does something, and before it answers."""

    before: Callable[[], Awaitable[None]] = nothing
    after: Callable[[], Awaitable[None]] = nothing

    async def authorize(self, account: Account, asked: Asked) -> Seen:
        """As its model does."""
        await self.before()
        seen = await super().authorize(account, asked)
        await self.after()
        return seen

    async def capture(self, account: Account, reference: str, amount_minor: int, *, currency: str, key: str) -> Seen:
        """As its model does."""
        await self.before()
        seen = await super().capture(account, reference, amount_minor, currency=currency, key=key)
        await self.after()
        return seen

    async def refund(self, account: Account, reference: str, amount_minor: int, *, currency: str, key: str) -> Seen:
        """As its model does."""
        await self.before()
        seen = await super().refund(account, reference, amount_minor, currency=currency, key=key)
        await self.after()
        return seen


@dataclass
class Sale:
    """An order that somebody is about to pay."""

    cart: str
    order: str = ""
    token: str = ""
    payment: str = ""


@dataclass
class Till:
    """One shop with something for 100.00 EUR that needs no post."""

    site: Site
    goods: UUID
    events: int = field(default=0)

    @classmethod
    async def opened(cls, site: Site, *codes: str, **facts: Any) -> "Till":
        """With ways to pay over the test bank under these codes."""
        async with site.host.database.open(site.tenant) as context:
            (goods,) = await sold(context, 10_000, stock=None, requires_shipping=False)
            for code in codes or ("card",):
                await arranging.create(context, code=code, provider="test", names={"en": code.title()}, **facts)
        return cls(site, goods)

    @property
    def units(self) -> Any:
        """Opens units of work of the system."""
        return partial(self.site.host.database.open, self.site.tenant)

    async def cart(self) -> Sale:
        """A guest's cart with one piece."""
        lines = [{"variantId": str(self.goods), "quantity": 1}]
        made = await self.site.ask(CART, i={"email": "ann@example.com", "lines": lines})
        return Sale(made["cartCreate"]["cart"]["id"])

    async def complete(self, sale: Sale, method: str = "card") -> dict[str, Any]:
        """The cart's order, for however many ask at once."""
        answer: dict[str, Any] = (await self.site.ask(COMPLETE, c=sale.cart, m=method))["completeCheckout"]
        assert answer["userErrors"] == [], answer
        sale.order, sale.token = answer["order"]["id"], answer["order"]["token"]
        sale.payment = sale.payment or answer["payment"]["id"]
        return answer

    async def ordered(self, method: str = "card") -> Sale:
        """An order whose payment waits to be processed."""
        sale = await self.cart()
        await self.complete(sale, method)
        return sale

    async def process(self, sale: Sale, **data: Any) -> dict[str, Any]:
        """The buyer pays."""
        asked = await self.site.ask(PROCESS, p=sale.payment, t=sale.token, d=data or None)
        found: dict[str, Any] = asked["paymentProcess"]
        return found

    async def staff(self, operation: str, **variables: Any) -> list[str]:
        """Why staff were refused; nothing where they were not."""
        answer = (await self.site.post("/admin/graphql", operation, **variables)).json()
        assert "errors" not in answer, answer["errors"]
        (found,) = answer["data"].values()
        return [one["code"] for one in found["userErrors"]]

    async def cancel(self, sale: Sale) -> bool:
        """Staff cancel the order as they have seen it just now."""
        version = (await self.order(sale))["version"]
        return await self.staff(CANCEL, o=sale.order, v=version) == []

    async def order(self, sale: Sale) -> dict[str, Any]:
        """The order as staff see it."""
        found: dict[str, Any] = (await self.site.admin(ORDER, o=sale.order))["order"]
        return found

    async def payments(self, sale: Sale) -> list[dict[str, Any]]:
        """The order's payments with their ledgers."""
        found: list[dict[str, Any]] = (await self.site.admin(PAYMENTS, o=sale.order))["orderPayments"]
        return found

    async def ledger(self, sale: Sale) -> list[tuple[str, str]]:
        """What counts of the sale's payment, in order: kind and amount."""
        (found,) = [one for one in await self.payments(sale) if one["payment"]["id"] == sale.payment]
        return [(one["kind"], one["amount"]["amount"]) for one in found["transactions"] if one["status"] == "SUCCEEDED"]

    async def did(self, sale: Sale) -> list[tuple[str, int]]:
        """What the bank's own books say of the payment."""
        return await paying.provider_did(self.units, UUID(sale.payment))

    async def webhook(self, sale: Sale, *, event: str = "") -> httpx.Response:
        """The bank tells how the payment is now; without an event's name under a new one."""
        async with self.units() as context:
            stored = await context.session.scalar(
                select(TestPayment).where(
                    TestPayment.tenant_id == context.tenant_id, TestPayment.payment_id == UUID(sale.payment)
                )
            )
            assert stored is not None
            access = await notices.account(context, await methods.by_code(context, stored.method_code), self.units)
            bank = gateways.of(context).get("test")
            reference = f"test_{stored.id.hex}"
        assert isinstance(bank, testing.Testing)
        seen = await bank.look(access, reference, currency="EUR")
        headers, body = bank.signed(access, seen, event_id=event or f"evt_{generate_id().hex}")
        path = f"/webhooks/payments/{access.method_code}"
        return await self.site.client.post(path, content=body, headers=headers)

    async def webhooks(self, sale: Sale, number: int = 3) -> None:
        """The bank tells it so often, all at once, two of each under one name."""
        names = [f"evt_{generate_id().hex}" for _ in range(number)]
        answers = await asyncio.gather(*(self.webhook(sale, event=one) for one in (*names, *names)))
        assert {one.status_code for one in answers} == {200}, [one.text for one in answers]

    async def reconcile(self) -> None:
        """What workers do when time has passed."""
        for _ in range(3):
            await paying.let_time_pass(self.units)
            await reconciling.reconcile(self.units)

    async def times(self, sale: Sale, status: str) -> int:
        """How often it was told that the sale's payment has come to this status."""
        counted = text("""SELECT count(*) FROM (SELECT tenant_id, type, payload FROM event_log UNION ALL
              SELECT tenant_id, type, payload FROM event_staging) e WHERE type = 'PaymentStatusChanged'
              AND tenant_id = :tenant AND payload->>'payment_id' = :payment AND payload->>'new_status' = :status""")
        named = {"tenant": self.site.tenant.id, "payment": sale.payment, "status": status}
        async with self.site.host.database.session(worker=True) as session:
            return int(await session.scalar(counted, named) or 0)

    @contextmanager
    def hesitating(
        self, *, before: Callable[[], Awaitable[None]] = nothing, after: Callable[[], Awaitable[None]] = nothing
    ) -> Iterator[None]:
        """Let something happen before the bank does what it is asked, or between that and its answer."""
        resources = self.site.host.database.resources
        real = resources[Gateways]
        bank = real.providers["test"]
        assert isinstance(bank, testing.Testing)
        slow = Hesitant(key=bank.key, before=before, after=after)
        resources[Gateways] = replace(real, providers={**real.providers, "test": slow})
        try:
            yield
        finally:
            resources[Gateways] = real
