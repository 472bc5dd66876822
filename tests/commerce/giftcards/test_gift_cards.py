"""Gift cards: what is on them is what the ledger says, whoever spends at the same time."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from rustok.commerce.giftcards import codes, guessing, listeners, service
from rustok.commerce.giftcards.models import GiftCard, GiftCardEntry
from rustok.core.access import lockouts
from rustok.events.commerce import GiftCardIssued, OrderCancelled
from rustok.kernel import errors
from rustok.kernel.context import Context
from rustok.kernel.ids import generate_id

OpenContext = Callable[..., AbstractAsyncContextManager[Context]]


async def issued(context: Context, minor: int = 5000, **given: object) -> service.Issued:
    """A card of 50 €."""
    return await service.issue(context, amount_minor=minor, currency="EUR", **given)  # type: ignore[arg-type]


async def balance(context: Context, card_id: UUID) -> int:
    """What is on the card, which is what its entries sum to."""
    card = await service.get(context, card_id)
    entries = await context.session.scalar(
        select(func.sum(GiftCardEntry.amount_minor)).where(GiftCardEntry.gift_card_id == card_id)
    )
    last = await context.session.scalar(
        select(GiftCardEntry.balance_minor)
        .where(GiftCardEntry.gift_card_id == card_id)
        .order_by(GiftCardEntry.id.desc())
        .limit(1)
    )
    assert card.balance_minor == entries == last
    return card.balance_minor


async def test_a_card_is_found_by_its_code_alone_which_is_nowhere_kept(context: Context) -> None:
    made = await issued(context)

    assert context.recorded == [GiftCardIssued(gift_card_id=made.card.id)]
    found = await service.find(context, f" {made.code.lower().replace('-', ' ')} ")
    assert found is not None
    assert found.id == made.card.id
    assert await service.find(context, made.code[:-1]) is None
    stored = (await context.session.execute(text("SELECT t::text FROM commerce_gift_cards t"))).scalar_one()
    assert codes.bare(made.code) not in codes.bare(stored)
    assert made.card.last_four == codes.bare(made.code)[-4:]
    assert await balance(context, made.card.id) == 5000


async def test_staff_may_bring_a_code_once(context: Context) -> None:
    made = await issued(context, code="old-shop-000-777")

    assert (await service.find(context, "OLDSHOP000777")) is made.card
    with pytest.raises(service.GiftCardTaken):
        async with context.session.begin_nested():
            await issued(context, code="OLD SHOP 000 777")
    with pytest.raises(codes.BadCode):
        await issued(context, code="short")
    assert len((await context.session.scalars(select(GiftCard))).all()) == 1


@pytest.mark.parametrize(("minor", "currency"), [(0, "EUR"), (-1, "EUR"), (10**15 + 1, "EUR"), (1, "euro")])
async def test_a_card_that_cannot_be_is_refused(context: Context, minor: int, currency: str) -> None:
    with pytest.raises(errors.Invalid):
        await service.issue(context, amount_minor=minor, currency=currency)
    with pytest.raises(errors.Invalid):
        await issued(context, expires_at=context.now)
    assert (await context.session.scalars(select(GiftCard))).all() == []
    assert context.recorded == []


async def test_cards_pay_what_is_due_in_the_order_of_their_codes(context: Context) -> None:
    first, second = await issued(context, 1000), await issued(context, 5000)
    other = await service.issue(context, amount_minor=9000, currency="USD")
    spent_up, over, off = [await issued(context) for _ in range(3)]
    await service.spend(context, [(spent_up.card.id, 5000)], order_id=generate_id())
    over.card.expires_at = context.now
    await service.switch(context, [off.card.id], active=False)
    entered = [one.code for one in (spent_up, over, off, other, first, first, second)] + ["nothing"]

    parts = await service.spendable(context, entered, currency="EUR", due_minor=3000)

    assert parts == ((first.card.id, 1000), (second.card.id, 2000))
    assert await service.spendable(context, entered, currency="EUR", due_minor=0) == ()


async def test_what_was_spent_is_given_back_once(context: Context) -> None:
    one, two, order = await issued(context), await issued(context), generate_id()
    await service.spend(context, [(two.card.id, 3000), (one.card.id, 1000)], order_id=order)
    assert [await balance(context, x.card.id) for x in (one, two)] == [4000, 2000]

    assert await service.give_back(context, order, 401) == 401
    assert [await balance(context, x.card.id) for x in (one, two)] == [4100, 2301]
    with pytest.raises(errors.Invalid):
        await service.give_back(context, order, 3600)

    cancelled = OrderCancelled(order_id=order)
    await listeners.when_an_order_is_cancelled_give_its_gift_cards_back(cancelled, context)
    await listeners.when_an_order_is_cancelled_give_its_gift_cards_back(cancelled, context)
    assert [await balance(context, x.card.id) for x in (one, two)] == [5000, 5000]
    assert await service.give_back(context, generate_id()) == 0
    with pytest.raises(errors.Invalid):
        await service.give_back(context, generate_id(), 1)


async def test_an_order_takes_all_of_its_parts_or_none(context: Context) -> None:
    one, two = await issued(context), await issued(context)

    for parts in ([(one.card.id, 1), (two.card.id, 5001)], [(one.card.id, 3000), (one.card.id, 3000)]):
        with pytest.raises(service.GiftCardShort):
            await service.spend(context, parts, order_id=generate_id())
    await service.switch(context, [two.card.id], active=False)
    with pytest.raises(service.GiftCardShort) as refused:
        await service.spend(context, [(one.card.id, 1), (two.card.id, 1)], order_id=generate_id())
    with pytest.raises(errors.Invalid):
        await service.spend(context, [(one.card.id, -5)], order_id=generate_id())

    assert refused.value.gift_card_id == two.card.id
    assert [await balance(context, x.card.id) for x in (one, two)] == [5000, 5000]


async def test_an_expired_card_pays_nothing_and_gets_its_money_back(context: Context) -> None:
    made, order = await issued(context, expires_at=context.now + timedelta(days=1)), generate_id()
    await service.spend(context, [(made.card.id, 5000)], order_id=order)
    context.now += timedelta(days=2)

    assert await service.give_back(context, order) == 5000
    assert await service.spendable(context, [made.code], currency="EUR", due_minor=1) == ()
    with pytest.raises(service.GiftCardShort):
        await service.spend(context, [(made.card.id, 1)], order_id=order)
    assert await balance(context, made.card.id) == 5000


async def test_staff_correct_a_balance_and_say_why(context: Context) -> None:
    made = await issued(context)

    await service.adjust(context, made.card.id, -4999, reason="mistake", version=1)
    with pytest.raises(errors.Conflict):
        await service.adjust(context, made.card.id, -2, reason="more")
    with pytest.raises(errors.Stale):
        await service.adjust(context, made.card.id, 1, reason="late", version=1)
    with pytest.raises(errors.Invalid):
        await service.adjust(context, made.card.id, 1, reason=" ")

    assert await balance(context, made.card.id) == 1


async def test_the_ledger_cannot_be_rewritten(context: Context) -> None:
    await issued(context)

    for statement in (
        "UPDATE commerce_gift_card_entries SET amount_minor = 1",
        "DELETE FROM commerce_gift_card_entries",
    ):
        with pytest.raises(DBAPIError):
            async with context.session.begin_nested():
                await context.session.execute(text(statement))


async def test_guessing_is_slowed_down_by_cart_and_by_address(context: Context) -> None:
    made, cart = await issued(context), generate_id()
    for _ in range(guessing.CART.free):
        assert await guessing.look_up(context, "nothing", client_address="192.0.2.1", cart_id=cart) is None

    with pytest.raises(lockouts.TooManyAttempts):
        await guessing.look_up(context, made.code, client_address="192.0.2.1", cart_id=cart)
    found = await guessing.look_up(context, made.code, client_address="192.0.2.1", cart_id=generate_id())
    assert found is made.card
    for _ in range(guessing.ADDRESS.free - guessing.CART.free):
        await guessing.look_up(context, "nothing", client_address="192.0.2.1", cart_id=generate_id())
    with pytest.raises(lockouts.TooManyAttempts):
        await guessing.look_up(context, made.code, client_address="192.0.2.1", cart_id=generate_id())
    assert await guessing.look_up(context, made.code, client_address="192.0.2.2") is made.card


async def test_twenty_at_once_spend_what_is_there_and_no_more(open_context: OpenContext) -> None:
    async with open_context() as context:
        card = (await issued(context, 1000)).card
        other = (await issued(context, 100_000)).card
    outcomes: list[str] = []
    orders: list[UUID] = []

    async def buyer(number: int) -> None:
        order = generate_id()
        try:
            async with open_context() as context:
                parts = [(card.id, 150), (other.id, 10)]
                await service.spend(context, parts if number % 2 else parts[::-1], order_id=order)
                await asyncio.sleep(0.005)
            outcomes.append("paid")
            orders.append(order)
        except service.GiftCardShort:
            outcomes.append("short")

    await asyncio.gather(*(buyer(number) for number in range(20)))

    assert sorted(outcomes) == ["paid"] * 6 + ["short"] * 14
    async with open_context() as context:
        assert await balance(context, card.id) == 100
        assert await balance(context, other.id) == 100_000 - 60

    async def cancel(order: UUID) -> int:
        async with open_context() as context:
            return await service.give_back(context, order)

    given = await asyncio.gather(*(cancel(order) for order in orders * 3))

    assert sum(given) == 6 * 160
    async with open_context() as context:
        assert await balance(context, card.id) == 1000
