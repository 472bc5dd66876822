"""Promotions as buyers meet them: conditions, codes with a verdict each, languages, and uses that are counted."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select
from tests.commerce.promotions.buying import ANNA, basket

from rustok.commerce.baskets.shapes import (
    Buyer,
    CodeVerdict,
    Destination,
    Discounts,
    ShippingChoice,
)
from rustok.commerce.categories import service as categories
from rustok.commerce.customers import groups
from rustok.commerce.products import service as products
from rustok.commerce.promotions import applying, claiming, codes, listeners, service
from rustok.commerce.promotions.models import Promotion, PromotionCode, PromotionUse
from rustok.commerce.promotions.shapes import Conditions, Reward, Selection
from rustok.events.commerce import OrderCancelled
from rustok.kernel import errors
from rustok.kernel.context import Context
from rustok.kernel.ids import generate_id

OpenContext = Callable[..., AbstractAsyncContextManager[Context]]
TEN = Reward(percent=Decimal(10))


async def promotion(context: Context, code: str | None = None, **given: Any) -> Promotion:
    """Ten percent off everything, for a code where one is given."""
    limit = given.pop("code_limit", None)
    given = {"name": code or "Ten", "kind": "percentage", "reward": TEN, "needs_code": code is not None, **given}
    made = await service.create(context, **given)
    if code is not None:
        await codes.add(context, made.id, code, usage_limit=limit)
    return made


async def off(context: Context, *codes_: str, **given: Any) -> int:
    """What is taken off the basket in all."""
    found = await applying.apply(context, basket(context, *codes_, **given))
    return sum(one.amount_minor for one in found.discounts)


async def verdict(context: Context, code: str, **given: Any) -> CodeVerdict:
    (found,) = (await applying.apply(context, basket(context, code, **given))).codes
    return found


async def test_an_automatic_promotion_needs_no_code_and_another_does(context: Context) -> None:
    made = await promotion(context, title="Ten for all")
    await promotion(context, "SECRET", reward=Reward(percent=Decimal(50)))

    found = await applying.apply(context, given := basket(context))

    (one,) = found.discounts
    assert (one.promotion_id, one.code, one.title, one.amount_minor) == (made.id, None, "Ten for all", 200)
    assert (one.line_id, one.reason) == (given.lines[0].id, "10% off")
    assert found.codes == ()
    assert await off(context, " secret ") == 1000


async def test_conditions_hold_or_the_buyer_is_told(context: Context) -> None:
    group, product_id = (
        (await groups.create(context, name="Club")).id,
        (await products.create(context, title="Shirt")).id,
    )
    root = await categories.create(context, name="Clothes")
    member, germany = Buyer(groups=frozenset({group})), Destination(country="DE")
    shirt = Selection(products=frozenset({product_id}))
    cases: list[tuple[str, Conditions, dict[str, Any], dict[str, Any], str, str]] = [
        ("SUM", Conditions(min_subtotal={"EUR": 2000}), {}, {"unit_minor": 999}, "conditions", "€0.02 more"),
        ("MOST", Conditions(max_subtotal={"EUR": 2000}), {}, {"unit_minor": 1001}, "conditions", "at most €20.00"),
        ("PIECES", Conditions(min_quantity=2), {}, {"quantity": 1}, "conditions", "Add 1 more"),
        ("MONEY", Conditions(currencies=("EUR",)), {}, {"currency": "USD"}, "conditions", "not for USD"),
        (
            "GROUP",
            Conditions(groups=(group,)),
            {"buyer": member},
            {},
            "not_for_you",
            "certain",
        ),
        ("FIRST", Conditions(first_order=True), {}, {"buyer": Buyer(first_order=False)}, "not_for_you", "first orders"),
        (
            "LAND",
            Conditions(countries=("DE",)),
            {"destination": germany},
            {},
            "not_for_you",
            "country",
        ),
        (
            "GOODS",
            Conditions(of=shirt),
            {"product_id": product_id},
            {},
            "conditions",
            "other",
        ),
        (
            "SHELF",
            Conditions(of=Selection(categories=frozenset({root.id})), min_subtotal={"EUR": 1}),
            {"categories": [generate_id(), root.id]},
            {"categories": [generate_id()]},
            "conditions",
            "other goods",
        ),
    ]
    for code, conditions, good, bad, reason, message in cases:
        await promotion(context, code, conditions=conditions)
        assert (await verdict(context, code, **good)).accepted, code
        assert await off(context, code, **good) == 200, code
        refused = await verdict(context, code, **bad)
        assert (refused.accepted, refused.reason) == (False, reason), code
        assert message in refused.message, refused.message
        assert await off(context, code, **bad) == 0


async def test_dates_switches_and_limits_are_told_apart(context: Context) -> None:
    day = timedelta(days=1)
    await promotion(context, "SOON", starts_at=context.now + day)
    await promotion(context, "OVER", ends_at=context.now)
    await promotion(context, "OFF", is_active=False)
    used = await promotion(context, "USED", usage_limit=1)
    mine = await promotion(context, "MINE", per_customer_limit=1)
    for code in ("USED", "MINE"):
        found = await applying.apply(context, basket(context, code, buyer=ANNA))
        await claiming.claim(context, found, order_id=generate_id(), buyer=ANNA)

    told = {code: await verdict(context, code, buyer=ANNA) for code in ("SOON", "OVER", "OFF", "USED", "MINE", "NONE")}

    assert {code: one.reason for code, one in told.items()} == {
        "SOON": "not_started",
        "OVER": "expired",
        "OFF": "unknown",
        "USED": "exhausted",
        "MINE": "not_for_you",
        "NONE": "unknown",
    }
    assert told["OFF"].message == told["NONE"].message
    assert (await verdict(context, "SOON", at=context.now + day)).accepted
    assert (await verdict(context, "MINE", buyer=Buyer(email="bob@example.com"))).accepted
    # The account alone, and the address alone, are the same buyer.
    assert not (
        await verdict(context, "MINE", buyer=Buyer(customer_id=ANNA.customer_id, email="new@example.com"))
    ).accepted
    assert not (await verdict(context, "MINE", buyer=Buyer(email=" ANNA@Example.com"))).accepted
    assert (await service.get(context, used.id)).uses == 1
    assert (await service.get(context, mine.id)).uses == 0  # nobody needs that counter


async def test_codes_that_do_not_combine_are_told_which_one_won(context: Context) -> None:
    await promotion(context, "TEN")
    await promotion(context, "TWENTY", title="Twenty", reward=Reward(percent=Decimal(20)))
    ship = ShippingChoice(method_id=generate_id(), code="parcel", name="Parcel", price_minor=500)
    await promotion(context, "SHIP", kind="shipping", reward=Reward(percent=Decimal(100)))

    found = await applying.apply(context, basket(context, "ten", "TWENTY", "ship", "ship", shipping=ship))

    assert [(one.code, one.amount_minor, one.line_id is None) for one in found.discounts] == [
        ("TWENTY", 400, False),
        ("SHIP", 500, True),
    ]
    assert [(one.code, one.accepted, one.reason) for one in found.codes] == [
        ("ten", False, "not_combined"),
        ("TWENTY", True, ""),
        ("ship", True, ""),
        ("ship", True, ""),
    ]
    assert "“Twenty”" in found.codes[0].message
    waiting = await verdict(context, "SHIP")
    assert waiting.accepted
    assert "as soon as shipping" in waiting.message


async def test_two_codes_of_one_promotion_count_once(context: Context) -> None:
    made = await promotion(context, "ONE")
    await codes.add(context, made.id, "TWO")

    found = await applying.apply(context, basket(context, "TWO", "ONE"))

    assert [one.accepted for one in found.codes] == [False, True]
    assert sum(one.amount_minor for one in found.discounts) == 200


async def test_amounts_count_in_their_currencies(context: Context) -> None:
    await promotion(context, "FIVE", kind="fixed_amount", reward=Reward(amounts={"EUR": 500, "JPY": 700}))

    assert await off(context, "FIVE") == 500
    assert await off(context, "FIVE", currency="JPY") == 700
    assert (await verdict(context, "FIVE", currency="USD")).reason == "conditions"


async def test_buyers_are_told_in_their_language(context: Context) -> None:
    made = await promotion(
        context, "FIVE", kind="fixed_amount", reward=Reward(amounts={"EUR": 500, "JPY": 700}), title="T"
    )
    await service.translate(context, made.id, locale="ru", title="Пять")
    await promotion(context, "DEAR", conditions=Conditions(min_subtotal={"EUR": 100_000}))
    context.locale = "ru"

    found = await applying.apply(context, basket(context, "FIVE", "DEAR"))

    assert [(one.title, one.reason) for one in found.discounts] == [("Пять", "скидка 5,00\xa0€")]
    assert found.codes[0].message == "Код принят."
    assert found.codes[1].message == "Чтобы код подействовал, добавьте товаров ещё на 980,00\xa0€."
    context.locale = "en"
    assert (await applying.apply(context, basket(context, "FIVE", currency="JPY"))).discounts[0].reason == "¥700 off"


async def test_a_promotion_that_contradicts_itself_is_refused(context: Context) -> None:
    bad: list[dict[str, Any]] = [
        {"kind": "gift"},
        {"reward": Reward()},
        {"reward": Reward(percent=Decimal(101))},
        {"reward": Reward(percent=Decimal("NaN"))},
        {"reward": Reward(percent=Decimal(5), amounts={"EUR": 5})},
        {"reward": Reward(percent=Decimal(5), each="piece")},
        {"kind": "fixed_amount", "reward": Reward(amounts={"EUR": 0})},
        {"kind": "fixed_amount", "reward": Reward(amounts={"euro": 5})},
        {"kind": "fixed_price", "reward": Reward()},
        {"kind": "shipping", "reward": Reward()},
        {"kind": "buy_x_get_y", "reward": Reward(buy=1)},
        {"conditions": Conditions(min_subtotal={"EUR": 5}, max_subtotal={"EUR": 4})},
        {"conditions": Conditions(countries=("XX",))},
        {"conditions": Conditions(groups=(generate_id(),))},
        {"target": Selection(products=frozenset({generate_id()}))},
        {"combines_with": ["all"]},
        {"usage_limit": 0},
        {"starts_at": context.now, "ends_at": context.now},
        {"name": " "},
    ]
    for given in bad:
        with pytest.raises(errors.RustokError):
            await promotion(context, **given)
    assert (await context.session.scalars(select(Promotion))).all() == []


async def test_codes_are_taken_once_and_typed_in_any_case(context: Context) -> None:
    made, automatic = await promotion(context, "Summer"), await promotion(context)

    with pytest.raises(codes.CodeTaken):
        async with context.session.begin_nested():
            await codes.add(context, made.id, "SUMMER")
    for word in ("", " ", "a b", "x" * 65, "\x00\x01"):
        with pytest.raises(errors.Invalid):
            await codes.add(context, made.id, word)
    with pytest.raises(errors.Conflict):
        await codes.add(context, automatic.id, "OTHER")
    assert len((await context.session.scalars(select(PromotionCode))).all()) == 1


async def test_generated_codes_work_once_each(context: Context) -> None:
    made = await promotion(context, "FIRST")
    words = await codes.generate(context, made.id, 1000, prefix="VIP-")

    assert len(set(words)) == 1000
    found = await applying.apply(context, basket(context, words[7]))
    await claiming.claim(context, found, order_id=(order := generate_id()), buyer=ANNA)
    assert (await verdict(context, words[7])).reason == "exhausted"
    assert (await verdict(context, words[8])).accepted
    with pytest.raises(claiming.PromotionExhausted) as refused:
        await claiming.claim(context, found, order_id=generate_id(), buyer=ANNA)
    assert refused.value.entered == words[7]
    assert str(refused.value) == f"{words[7]}: This code has been used as often as it can be."

    assert await claiming.release(context, order) == 1
    assert (await verdict(context, words[7])).accepted


async def test_a_cancelled_order_gives_its_uses_back_once(context: Context) -> None:
    made = await promotion(context, "ONCE", usage_limit=2, per_customer_limit=1, code_limit=2)
    found = await applying.apply(context, basket(context, "ONCE"))
    first, second = generate_id(), generate_id()
    await claiming.claim(context, found, order_id=first, buyer=ANNA)
    await claiming.claim(context, found, order_id=second, buyer=Buyer(email="bob@example.com"))
    with pytest.raises(claiming.PromotionExhausted):
        await claiming.claim(context, found, order_id=generate_id(), buyer=Buyer(email="eve@example.com"))

    for _ in range(2):
        await listeners.when_an_order_is_cancelled_release_its_promotions(OrderCancelled(order_id=first), context)

    assert (await service.get(context, made.id)).uses == 1
    await claiming.claim(context, found, order_id=generate_id(), buyer=ANNA)
    (used,) = await service.usage(context)
    assert (used.uses, used.amount_minor, used.currency) == (2, 400, "EUR")


async def test_a_claim_that_fails_counts_nothing(context: Context) -> None:
    plenty = await promotion(context, "PLENTY", usage_limit=9, combines_with=["order"], per_customer_limit=5)
    scarce = await promotion(context, "SCARCE", usage_limit=1, combines_with=["order"])
    found = await applying.apply(context, basket(context, "PLENTY", "SCARCE"))
    only = Discounts(discounts=tuple(one for one in found.discounts if one.code == "SCARCE"))
    assert len(found.discounts) == 2
    await claiming.claim(context, only, order_id=generate_id(), buyer=ANNA)

    with pytest.raises(claiming.PromotionExhausted):
        await claiming.claim(context, found, order_id=generate_id(), buyer=ANNA)
    with pytest.raises(errors.Invalid):  # a limit for each buyer needs a buyer
        await claiming.claim(
            context, replace(found, discounts=found.discounts[:1]), order_id=generate_id(), buyer=Buyer()
        )

    assert [(await service.get(context, one.id)).uses for one in (plenty, scarce)] == [0, 1]
    assert len((await context.session.scalars(select(PromotionUse))).all()) == 1


async def test_a_limit_that_comes_later_counts_what_was_before(context: Context) -> None:
    made = await promotion(context, "LATE")
    found = await applying.apply(context, basket(context, "LATE"))
    orders = [generate_id() for _ in range(3)]
    for order in orders:
        await claiming.claim(context, found, order_id=order, buyer=ANNA)

    with pytest.raises(errors.Conflict):
        await service.change(context, made.id, usage_limit=2)
    await context.session.refresh(made)
    changed = await service.change(context, made.id, usage_limit=4, per_customer_limit=3, version=1)
    assert (changed.uses, changed.version) == (3, 2)
    assert (await verdict(context, "LATE", buyer=ANNA)).reason == "not_for_you"
    await claiming.release(context, orders[0])
    assert (await verdict(context, "LATE", buyer=ANNA)).accepted
    with pytest.raises(errors.Stale):
        await service.change(context, made.id, version=1, name="Old")


async def test_what_orders_used_cannot_be_deleted(context: Context) -> None:
    used, fresh = await promotion(context, "USED"), await promotion(context, "FRESH")
    found = await applying.apply(context, basket(context, "USED"))
    await claiming.claim(context, found, order_id=generate_id(), buyer=ANNA)
    code = (await context.session.scalars(select(PromotionCode).where(PromotionCode.key == "USED"))).one()

    with pytest.raises(service.PromotionUsed):
        await service.remove(context, [used.id, fresh.id])
    with pytest.raises(service.PromotionUsed):
        await codes.remove(context, [code.id])

    assert await service.remove(context, [fresh.id]) == 1
    assert await service.switch(context, [used.id], active=False) == 1
    assert (await verdict(context, "USED")).reason == (await verdict(context, "FRESH")).reason == "unknown"


async def test_the_last_use_goes_to_one_of_twenty(open_context: OpenContext) -> None:
    async with open_context() as context:
        made = await promotion(context, "LAST", usage_limit=3)
        single = await promotion(context, "SINGLE", combines_with=["order"], code_limit=1)
        mine = await promotion(context, "MINE", per_customer_limit=2)
        found = {code: await applying.apply(context, basket(context, code)) for code in ("LAST", "SINGLE", "MINE")}

    async def buyer(code: str, number: int) -> UUID | None:
        order = generate_id()
        who = ANNA if code == "MINE" else Buyer(email=f"buyer-{number}@example.com")
        try:
            async with open_context() as context:
                await claiming.claim(context, found[code], order_id=order, buyer=who)
                await asyncio.sleep(0.005)
            return order
        except claiming.PromotionExhausted:
            return None

    for code, most in (("LAST", 3), ("SINGLE", 1), ("MINE", 2)):
        orders = [one for one in await asyncio.gather(*(buyer(code, n) for n in range(20))) if one]
        assert len(orders) == most, code

        async def cancel(order: UUID) -> None:
            async with open_context() as context:
                await claiming.release(context, order)

        await asyncio.gather(*(cancel(orders[0]) for _ in range(4)))
        again = [one for one in await asyncio.gather(*(buyer(code, n) for n in range(20))) if one]
        assert len(again) == 1, code

    async with open_context() as context:
        assert (await service.get(context, made.id)).uses == 3
        reported = {one.promotion_id: one.uses for one in await service.usage(context)}
        assert reported == {made.id: 3, single.id: 1, mine.id: 2}
