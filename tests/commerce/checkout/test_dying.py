"""kill -9 between every two steps of a checkout: said again, it gives one order, nothing twice, nothing left over."""

import json
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from sqlalchemy import select
from tests.commerce.carts.stocking import HOME, furnish, sold
from tests.conftest import ROOT, Addresses

from rustok.commerce.carts import codes, rows, service
from rustok.commerce.carts.service import Addition
from rustok.commerce.giftcards import service as giftcards
from rustok.commerce.giftcards.models import GiftCardEntry
from rustok.commerce.inventory import service as inventory
from rustok.commerce.inventory.models import Reservation
from rustok.commerce.orders import balance
from rustok.commerce.orders import service as orders
from rustok.commerce.orders.models import Order
from rustok.commerce.payments.models import Payment
from rustok.commerce.promotions.models import PromotionUse
from rustok.kernel.context import ANONYMOUS, TenantInfo
from rustok.kernel.db import Database
from rustok.kernel.ids import parse_id

POINT = re.compile(r'steps\.passed\("([a-z_.]+)"\)')
# What a checkout passes; other work names its own points.
OF_A_CHECKOUT = ("checkout.", "answer.", "unit.")


def named_points() -> set[str]:
    """Every point of a checkout that the program names."""
    found = {name for path in (ROOT / "src").rglob("*.py") for name in POINT.findall(path.read_text(encoding="utf-8"))}
    return {name for name in found if name.startswith(OF_A_CHECKOUT)}


async def carts_of(database: Database, tenant: TenantInfo, number: int) -> tuple[list[str], Any, dict[str, Any]]:
    """Carts with goods, a code and a gift card each."""
    async with database.open(tenant) as context:
        post = await furnish(context)
        shirt, hat = await sold(context, 2000, 500, stock=1000)
    carts, cards = [], {}
    for _ in range(number):
        async with database.open(tenant, actor=ANONYMOUS) as context:
            made = await service.create(
                context,
                [Addition(shirt, 2), Addition(hat, 1)],
                email="ann@example.com",
                shipping_address=HOME,
                shipping_method_id=post,
            )
            card = await giftcards.issue(context, amount_minor=700, currency="EUR")
            await codes.enter(context, made.cart.id, "TEN")
            await codes.enter(context, made.cart.id, card.code)
        carts.append(str(made.cart.id))
        cards[str(made.cart.id)] = card.card.id
    return carts, (shirt, hat), cards


async def test_a_process_may_die_at_every_point_of_a_checkout(
    addresses: Addresses, database: Database, tenant: TenantInfo, tmp_path: Path
) -> None:
    points = named_points()
    carts, (shirt, hat), cards = await carts_of(database, tenant, len(points) + 1)
    job = {"owner": addresses.owner, "home": str(tmp_path), "site": f"http://{tenant.hosts[0]}", "carts": carts}

    done = subprocess.run(
        [sys.executable, "-W", "ignore", str(Path(__file__).with_name("dying.py"))],
        input=json.dumps(job), capture_output=True, text=True, timeout=900, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr[-2000:]
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["first"]["answers"][0]["body"]["data"]["completeCheckout"]["userErrors"] == []
    assert set(told["first"]["passed"]) == points  # every point that is named is passed, and so died at below
    assert len(told["first"]["passed"]) == len(points) == len(told["runs"])
    placed = {}
    for run in told["runs"]:
        assert run["died"] == {"signal": signal.SIGKILL}, run["point"]
        again, stored, other = run["after"]["answers"]
        made = again["body"]["data"]["completeCheckout"]
        assert (again["status"], made["userErrors"], made["order"]["total"]) == (200, [], {"amount": "45.40"}), run
        assert stored["body"] == again["body"]
        assert stored["stored"]
        assert other["body"]["data"]["completeCheckout"]["order"] == made["order"]
        assert other["body"]["data"]["completeCheckout"]["payment"]["id"] == made["payment"]["id"]
        placed[run["cart"]] = parse_id(made["order"]["id"])

    number = len(points) + 1
    async with database.open(tenant) as context:
        assert await balance.broken(context) == []
        stored_orders = (await context.session.scalars(select(Order))).all()
        assert len(stored_orders) == number
        assert len({one.number for one in stored_orders}) == number
        assert max(one.number for one in stored_orders) - min(one.number for one in stored_orders) == number - 1
        free = await inventory.available(context, [shirt, hat])
        assert [(free[id_].on_hand, free[id_].reserved) for id_ in (shirt, hat)] == [(1000, 2 * number), (1000, number)]
        assert len((await context.session.scalars(select(Reservation))).all()) == 2 * number
        assert len((await context.session.scalars(select(Payment))).all()) == number
        assert len((await context.session.scalars(select(PromotionUse))).all()) == number
        assert len((await context.session.scalars(select(GiftCardEntry))).all()) == 2 * number  # issued and spent
        for cart_id, order_id in placed.items():
            assert (await orders.get(context, order_id)).gift_card_minor == 700
            assert (await giftcards.get(context, cards[cart_id])).balance_minor == 0
            cart = await rows.find(context, parse_id(cart_id))
            assert cart is not None
            assert cart.order_id == order_id
