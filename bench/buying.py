"""Buying against its yardstick: carts that are filled and checked out over HTTP, and the same statements said bare."""

import asyncio
import json
import secrets
import statistics
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bench import processes, shop
from bench.asking import Client
from bench.figures import Broken, Figures, say
from bench.reads import Stage
from bench.replaying import Recorder, Recording, Score, replay
from rustok.kernel.settings import Settings
from rustok.server import app as web
from rustok.server.host import Host

CONNECTIONS = 8  # as many as the server has to its database
BUYERS = 32
LOG_IN = "mutation ($e: String!, $p: String!) { sessionCreate(email: $e, password: $p) { accessToken } }"
TAX = """mutation { taxZoneCreate(input: {name: "Here", pricesIncludeTax: true, places: [{country: "DE"}],
  rates: [{name: "VAT", percent: "19"}]}) { taxZone { id } userErrors { message } } }"""
ZONE = """mutation { shippingZoneCreate(input: {name: "Here", places: [{country: "DE"}]})
  { zone: shippingZone { id } userErrors { message } } }"""
METHOD = """mutation ($zone: ID!) { shippingMethodCreate(input: {zoneId: $zone, name: "Post",
  prices: [{price: {amount: "4.90", currencyCode: "EUR"}}]})
  { method: shippingMethod { id } userErrors { message } } }"""
CART = """mutation ($input: CartCreateInput!) { cartCreate(input: $input)
  { cart { id lines { id variantId } } userErrors { message } } }"""
ADD = """mutation ($cartId: ID!, $lines: [CartLineInput!]!) { cartLinesAdd(cartId: $cartId, lines: $lines)
  { cart { id lines { id quantity total { amount } } total { amount currencyCode } } userErrors { message } } }"""
COMPLETE = """mutation ($cartId: ID!) { completeCheckout(cartId: $cartId, paymentMethod: "bank_transfer")
  { order { id number status total { amount currencyCode } } payment { id status } userErrors { message } } }"""
ADDRESS = {"name": "Ada Lovelace", "line1": "Street 1", "city": "Berlin", "postcode": "10115", "country": "DE"}


@dataclass(frozen=True)
class Cart:
    """A cart that waits to be used: its id, its line's and what lies in it."""

    id: str
    line: str
    variant: str

    @property
    def ids(self) -> list[str]:
        """What of it stands in statements."""
        return [self.id, self.line, self.variant]


@dataclass
class Till:
    """Where carts come from."""

    client: Client
    method: str

    def carts(self, variants: Sequence[str]) -> list[Cart]:
        """One cart for each variant, ready to be checked out."""
        found = []
        for variant in variants:
            told = {
                "email": f"{secrets.token_hex(6)}@example.com",
                "shippingAddress": ADDRESS,
                "shippingMethodId": self.method,
                "lines": [{"variantId": variant, "quantity": 1}],
            }
            made = self.client.call("/graphql", CART, input=told)["cartCreate"]
            if made["userErrors"]:
                raise Broken(f"no cart: {made['userErrors']}")
            found.append(Cart(made["cart"]["id"], made["cart"]["lines"][0]["id"], variant))
        return found


async def measure(stage: Stage, url: str, *, carts: int, rounds: int) -> None:
    """`cart_add.vs_sql`, `checkout.vs_sql` and `checkout.p99_contended`."""
    say("opening the till")
    variants = [str(row[0]) for row in await stage.owner.fetch(
        "SELECT v.id FROM commerce_variants v JOIN commerce_products p USING (tenant_id)"
        " WHERE p.id = v.product_id AND p.status = 'published' AND EXISTS (SELECT FROM commerce_prices r"
        " WHERE r.variant_id = v.id AND r.currency = 'EUR') ORDER BY md5(v.id::text) LIMIT 400")]  # fmt: skip
    await stage.owner.execute("UPDATE commerce_stock_levels SET on_hand = 1000000")
    await stage.owner.execute("UPDATE commerce_stock_movements m SET delta = 1000000, on_hand = 1000000")
    till = await asyncio.to_thread(_open, stage.port)
    host = Host.open(Settings(), url)
    try:
        recorder = Recorder(web.build(host), host.database, "127.0.0.1")
        await _against_sql(stage, host, recorder, till, variants, "cart_add", carts, rounds)
        await _against_sql(stage, host, recorder, till, variants, "checkout", carts, rounds)
    finally:
        await host.close()
        await asyncio.to_thread(till.client.close)
    await _contended(stage, till, variants, carts)


def _open(port: int) -> Till:
    client = Client(port)
    token = client.call("/admin/graphql", LOG_IN, e=shop.EMAIL, p=shop.PASSWORD)["sessionCreate"]["accessToken"]
    client.call("/admin/graphql", TAX, token=token)
    zone = client.call("/admin/graphql", ZONE, token=token)["shippingZoneCreate"]["zone"]["id"]
    method = client.call("/admin/graphql", METHOD, token=token, zone=zone)["shippingMethodCreate"]["method"]["id"]
    return Till(client, method)


def _body(kind: str, cart: Cart) -> dict[str, Any]:
    if kind == "checkout":
        return {"query": COMPLETE, "variables": {"cartId": cart.id}}
    return {"query": ADD, "variables": {"cartId": cart.id, "lines": [{"variantId": cart.variant, "quantity": 1}]}}


def _headers(kind: str) -> dict[str, str]:
    return {"Idempotency-Key": secrets.token_hex(16)} if kind == "checkout" else {}


def _drain(port: int, kind: str, carts: Sequence[Cart], connections: int) -> dict[str, float]:
    requests = [{"path": "/graphql", "body": _body(kind, one), "headers": _headers(kind)} for one in carts]
    asked = {"port": port, "requests": requests, "connections": connections, "once": True}
    found: dict[str, float] = json.loads(
        processes.run(sys.executable, "-m", "bench.load", text=json.dumps(asked), within=300)
    )
    return found


async def _against_sql(
    stage: Stage,
    host: Host,
    recorder: Recorder,
    till: Till,
    variants: Sequence[str],
    kind: str,
    carts: int,
    rounds: int,
) -> None:
    """Requests a second over HTTP, to the same statements said bare, each kind on carts of its own."""
    say(f"loading {kind}")
    chosen = [variants[number % len(variants)] for number in range(carts)]
    score = await _score(recorder, till, kind, variants[0])
    ratios, ours, theirs = [], [], []
    for _ in range(rounds):
        found = await asyncio.to_thread(till.carts, chosen)
        ours.append(await asyncio.to_thread(_drain, stage.port, kind, found, CONNECTIONS))
        bare = await asyncio.to_thread(till.carts, chosen)
        rate, _times = await replay(
            host.database.app_url, [score.for_cart(one.ids) for one in bare], connections=CONNECTIONS
        )
        theirs.append(rate)
        ratios.append(ours[-1]["rps"] / rate)
    figures = stage.figures
    figures.put(f"{kind}.vs_sql", statistics.median(ratios))
    figures.put(f"{kind}.rps", statistics.median(one["rps"] for one in ours))
    figures.put(f"{kind}.p50_ms", statistics.median(one["p50_ms"] for one in ours))
    figures.put(f"{kind}.sql_rps", statistics.median(theirs))
    figures.put(f"{kind}.statements", len(score.recording.said))


async def _score(recorder: Recorder, till: Till, kind: str, variant: str) -> Score:
    """What two requests in a row say alike: now and then one of them looks its tenant up besides."""
    before: Recording | None = None
    for cart in await asyncio.to_thread(till.carts, [variant] * 6):
        made = await recorder.record(_body(kind, cart), _headers(kind), cart.ids)
        if before is not None and before.statements == made.statements:
            return Score.of(before, made)
        before = made
    raise Broken(f"{kind} never says the same twice")


async def _contended(stage: Stage, till: Till, variants: Sequence[str], carts: int) -> None:
    """The slowest hundredth with 32 buyers of one item, to that with 32 buyers of as many items."""
    say("loading checkout with everybody at one item")
    amount = max(carts, 8 * BUYERS)
    apart = await asyncio.to_thread(till.carts, [variants[number % len(variants)] for number in range(amount)])
    spread = await asyncio.to_thread(_drain, stage.port, "checkout", apart, BUYERS)
    together = await asyncio.to_thread(till.carts, [variants[0]] * amount)
    crowded = await asyncio.to_thread(_drain, stage.port, "checkout", together, BUYERS)
    put(stage.figures, spread, crowded)


def put(figures: Figures, spread: dict[str, float], crowded: dict[str, float]) -> None:
    """`checkout.p99_contended`, and what it is made of."""
    figures.put("checkout.p99_contended", crowded["p99_ms"] / spread["p99_ms"])
    figures.put("checkout.p99_spread_ms", spread["p99_ms"])
    figures.put("checkout.p99_crowded_ms", crowded["p99_ms"])
    figures.put("checkout.crowded_rps", crowded["rps"])
