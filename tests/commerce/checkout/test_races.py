"""Checkouts under real concurrency: nothing is sold twice, ordered twice or lost, and nobody waits in a circle."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from decimal import Decimal
from uuid import UUID

import pytest
from sqlalchemy import select, text
from tests.commerce.carts.stocking import HOME, furnish, sold
from tests.conftest import OpenContext

from rustok.commerce.carts import codes, rows, service
from rustok.commerce.carts.service import Addition
from rustok.commerce.checkout import completing
from rustok.commerce.giftcards import service as giftcards
from rustok.commerce.inventory import service as inventory
from rustok.commerce.inventory.models import Reservation
from rustok.commerce.orders import balance
from rustok.commerce.orders.models import Order, OrderLine
from rustok.commerce.payments.models import Payment
from rustok.commerce.promotions import codes as promotion_codes
from rustok.commerce.promotions import service as promotions
from rustok.commerce.promotions.claiming import PromotionExhausted
from rustok.commerce.promotions.shapes import Reward
from rustok.kernel.context import ANONYMOUS, Context
from rustok.kernel.ids import generate_id
from rustok.kernel.money import Money

Outcome = completing.Completed | Exception


async def at_once(number: int, run: Callable[[int], Awaitable[completing.Completed]]) -> list[Outcome]:
    """So many at the same time; what was expected to be refused is among the outcomes, anything else is raised."""

    async def one(which: int) -> Outcome:
        try:
            return await run(which)
        except (completing.LinesShort, completing.TotalChanged, PromotionExhausted, giftcards.GiftCardShort) as refused:
            return refused

    return await asyncio.gather(*(one(which) for which in range(number)))


async def fill(context: Context, number: int, *variants: UUID, post: UUID | None = None) -> list[UUID]:
    """Carts of guests with a piece of each variant, all written at once."""
    ids = [UUID(int=random.getrandbits(128), version=4) for _ in range(number)]
    await context.session.execute(
        text("""INSERT INTO commerce_carts (tenant_id, id, currency, email, shipping_address, shipping_method_id)
                SELECT :tenant, c.id, 'EUR', 'buyer-' || c.place || '@example.com', CAST(:home AS jsonb), :post
                FROM unnest(CAST(:ids AS uuid[])) WITH ORDINALITY AS c(id, place)"""),
        {"tenant": context.tenant_id, "ids": ids, "home": _json(HOME.stored()), "post": post},
    )
    lines = [(generate_id(), cart, variant) for cart in ids for variant in variants]
    await context.session.execute(
        text("""INSERT INTO commerce_cart_lines (tenant_id, id, cart_id, variant_id, quantity, title)
                SELECT :tenant, l.id, l.cart, l.variant, 1, 'Shirt'
                FROM unnest(CAST(:ids AS uuid[]), CAST(:carts AS uuid[]), CAST(:variants AS uuid[]))
                  AS l(id, cart, variant)"""),
        {
            "tenant": context.tenant_id,
            "ids": [one[0] for one in lines],
            "carts": [one[1] for one in lines],
            "variants": [one[2] for one in lines],
        },
    )
    return ids


def _json(stored: dict[str, str]) -> str:
    return "{" + ", ".join(f'"{key}": "{value}"' for key, value in stored.items()) + "}"


@pytest.mark.parametrize(("pieces", "buyers"), [(100, 1000), (10, 60), (5, 40), (2, 40), (1, 40)])
async def test_a_thousand_buyers_of_a_hundred_pieces_buy_exactly_a_hundred(
    open_context: OpenContext, pieces: int, buyers: int
) -> None:
    async with open_context() as context:
        (song,) = await sold(context, 500, stock=pieces, requires_shipping=False, title="Song")
        carts = await fill(context, buyers, song)
    doors = asyncio.Semaphore(14)  # as many as the pool has connections: the rest would only wait there

    async def buy(which: int) -> completing.Completed:
        async with doors, open_context(actor=ANONYMOUS) as context:
            return await completing.complete(context, carts[which], payment_method="bank_transfer")

    outcomes = await at_once(buyers, buy)

    assert sum(isinstance(one, completing.Completed) for one in outcomes) == pieces
    refused = [one for one in outcomes if isinstance(one, completing.LinesShort)]
    assert len(refused) == buyers - pieces
    assert {shortage.left for one in refused for shortage in one.shortages} == {0}
    async with open_context() as context:
        free = (await inventory.available(context, [song]))[song]
        assert (free.on_hand, free.reserved) == (pieces, pieces)
        numbers = sorted((await context.session.scalars(select(Order.number))).all())
        assert numbers == list(range(numbers[0], numbers[0] + pieces))
        sums = await context.session.scalar(text("SELECT sum(quantity) FROM commerce_order_lines"))
        assert sums == pieces
        assert len((await context.session.scalars(select(Payment.id))).all()) == pieces
        assert await balance.broken(context) == []


async def test_one_cart_completed_fifty_times_at_once_gives_one_order(open_context: OpenContext) -> None:
    async with open_context() as context:
        post = await furnish(context)
        (shirt,) = await sold(context, 2000)
        (cart_id,) = await fill(context, 1, shirt, post=post)

    async def buy(which: int) -> completing.Completed:
        async with open_context(actor=ANONYMOUS) as context:
            method = ("bank_transfer", "cash_on_delivery")[which % 2]
            return await completing.complete(context, cart_id, payment_method=method)

    outcomes = await at_once(50, buy)

    assert all(isinstance(one, completing.Completed) for one in outcomes)
    assert len({one.order.id for one in outcomes if isinstance(one, completing.Completed)}) == 1
    async with open_context() as context:
        assert len((await context.session.scalars(select(Order))).all()) == 1
        assert len((await context.session.scalars(select(Reservation))).all()) == 1
        assert len((await context.session.scalars(select(Payment))).all()) == 1
        assert (await inventory.available(context, [shirt]))[shirt].reserved == 1


async def test_an_edit_beside_a_checkout_is_in_the_order_or_refused(open_context: OpenContext) -> None:
    async with open_context() as context:
        post = await furnish(context)
        shirt, hat = await sold(context, 2000, 500, stock=1000)
        carts = await fill(context, 10, shirt, post=post)
    added: dict[UUID, int] = dict.fromkeys(carts, 0)

    async def edit(cart_id: UUID) -> None:
        try:
            async with open_context(actor=ANONYMOUS) as context:
                await service.add(context, cart_id, [Addition(hat, 1)])
            added[cart_id] += 1
        except rows.CartCompleted:
            pass

    async def buy(cart_id: UUID) -> None:
        async with open_context(actor=ANONYMOUS) as context:
            await completing.complete(context, cart_id, payment_method="bank_transfer")

    await asyncio.gather(*(run(cart_id) for cart_id in carts for run in (edit, buy, edit)))

    async with open_context() as context:
        found = await context.session.execute(
            text("""SELECT c.cart_id, coalesce(sum(l.quantity) FILTER (WHERE l.variant_id = :hat), 0)
                    FROM commerce_order_claims c
                    JOIN commerce_order_lines l ON l.tenant_id = c.tenant_id AND l.order_id = c.id GROUP BY 1"""),
            {"hat": hat},
        )
        assert dict(found.all()) == added


async def test_checkouts_of_the_same_goods_in_opposite_order_never_wait_in_a_circle(open_context: OpenContext) -> None:
    async with open_context() as context:
        post = await furnish(context)
        ids = await sold(context, *([1000] * 4), stock=1000)
        carts = []
        for place in range(40):
            order = [ids[place % 4], ids[(place + 1) % 4], ids[(place + 2) % 4]]
            carts += await fill(context, 1, *(order if place % 2 else reversed(order)), post=post)

    async def buy(which: int) -> completing.Completed:
        async with open_context(actor=ANONYMOUS) as context:
            return await completing.complete(context, carts[which], payment_method="cash_on_delivery")

    outcomes = await at_once(40, buy)  # a deadlock would be raised

    assert all(isinstance(one, completing.Completed) for one in outcomes)
    async with open_context() as context:
        free = await inventory.available(context, ids)
        assert sum(one.reserved for one in free.values()) == 120


async def test_the_last_use_of_a_code_and_the_last_money_of_a_card_are_spent_once(open_context: OpenContext) -> None:
    async with open_context() as context:
        post = await furnish(context)
        (shirt,) = await sold(context, 2000, stock=1000)
        once = await promotions.create(
            context, name="Once", kind="percentage", reward=Reward(percent=Decimal(50)), needs_code=True, usage_limit=3
        )
        await promotion_codes.add(context, once.id, "THRICE")
        card = await giftcards.issue(context, amount_minor=1000, currency="EUR")
        carts = await fill(context, 20, shirt, post=post)
        for cart_id in carts:
            await codes.enter(context, cart_id, "THRICE" if cart_id in carts[:10] else card.code)

    async def buy(which: int) -> completing.Completed:
        async with open_context(actor=ANONYMOUS) as context:
            return await completing.complete(
                context,
                carts[which],
                payment_method="bank_transfer",
                expected_total=Money((1490, 2490)[which >= 10], "EUR"),
            )

    outcomes = await at_once(20, buy)

    assert sum(isinstance(one, completing.Completed) for one in outcomes[:10]) == 3
    async with open_context() as context:
        stored = await giftcards.get(context, card.card.id)
        assert stored.balance_minor == 0
        orders = (await context.session.scalars(select(Order))).all()
        assert sum(one.gift_card_minor for one in orders) == 1000
        assert sum(one.discount_minor > 0 for one in orders) == 3
        lines = (await context.session.scalars(select(OrderLine))).all()
        assert (await inventory.available(context, [shirt]))[shirt].reserved == len(lines) == len(orders)
