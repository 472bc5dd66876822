"""Codes in a cart: each with a verdict, gift cards never shown whole, and guessing is limited."""

from decimal import Decimal

from tests.commerce.asking import Ask
from tests.commerce.carts.stocking import HOME, furnish, sold
from tests.conftest import OpenContext

from rustok.commerce.carts import codes, service, viewing
from rustok.commerce.carts.service import Addition
from rustok.commerce.giftcards import service as giftcards
from rustok.commerce.promotions import codes as promotion_codes
from rustok.commerce.promotions import service as promotions
from rustok.commerce.promotions.shapes import Conditions, Reward
from rustok.kernel.context import Context

CODES = "{ cart { id total { amount } due { amount } codes { code giftCard accepted reason } } userErrors { code } }"


async def test_codes_take_effect_and_can_be_taken_out_again(context: Context) -> None:
    await furnish(context)
    (shirt,) = await sold(context, 2000)
    card = await giftcards.issue(context, amount_minor=500, currency="EUR")
    made = await service.create(context, [Addition(shirt, 1)])

    view, verdict = await codes.enter(context, made.cart.id, " ten ")
    assert (verdict.accepted, view.totals.total_minor) == (True, 1800)
    view, verdict = await codes.enter(context, made.cart.id, "TEN")
    assert (view.cart.codes, view.totals.total_minor) == (("ten",), 1800)
    view, verdict = await codes.enter(context, made.cart.id, card.code.lower())
    assert (verdict.accepted, verdict.code) == (True, viewing.masked(card.code))
    assert (view.totals.total_minor, view.totals.due_minor) == (1800, 1300)

    view = await codes.withdraw(context, made.cart.id, viewing.masked(card.code))
    assert (view.cart.gift_codes, view.totals.due_minor) == ((), 1800)
    view = await codes.withdraw(context, made.cart.id, "Ten")
    assert (view.cart.codes, view.totals.due_minor) == ((), 2000)


async def test_a_code_whose_conditions_do_not_hold_yet_stays_and_says_so(context: Context) -> None:
    (shirt,) = await sold(context, 2000)
    rich = await promotions.create(
        context,
        name="Big",
        kind="percentage",
        reward=Reward(percent=Decimal(50)),
        conditions=Conditions(min_subtotal={"EUR": 5000}),
        needs_code=True,
    )
    await promotion_codes.add(context, rich.id, "BIG")
    made = await service.create(context, [Addition(shirt, 1)])

    view, verdict = await codes.enter(context, made.cart.id, "BIG")
    assert (verdict.accepted, verdict.reason, view.totals.total_minor) == (False, "conditions", 2000)
    view = await service.add(context, made.cart.id, [Addition(shirt, 2)])
    assert (view.totals.codes[0].accepted, view.totals.total_minor) == (True, 3000)


async def test_unknown_codes_are_refused_not_kept_and_counted(ask: Ask, open_context: OpenContext) -> None:
    async with open_context() as context:
        (shirt,) = await sold(context, 2000)
        made = await service.create(context, [Addition(shirt, 1)])
    asked = "mutation($c: ID!, $k: String!) { cartCodeAdd(cartId: $c, code: $k) " + CODES + " }"

    seen = []
    for number in range(12):
        answer = (await ask(asked, c=str(made.cart.id), k=f"GUESS-{number}"))["cartCodeAdd"]
        seen.append(answer["userErrors"][0]["code"].lower())
    assert seen[:10] == ["unknown_code"] * 10
    assert seen[10:] == ["too_many_attempts"] * 2
    async with open_context() as context:
        view = await viewing.look(context, made.cart.id)
        assert view is not None
        assert (view.cart.codes, view.totals.total_minor) == ((), 2000)


async def test_a_gift_cards_code_is_never_shown_whole(ask: Ask, open_context: OpenContext) -> None:
    async with open_context() as context:
        (shirt,) = await sold(context, 2000)
        card = await giftcards.issue(context, amount_minor=500, currency="EUR")
        made = await service.create(context, [Addition(shirt, 1)])
    asked = "mutation($c: ID!, $k: String!) { cartCodeAdd(cartId: $c, code: $k) " + CODES + " }"

    answer = (await ask(asked, c=str(made.cart.id), k=card.code))["cartCodeAdd"]

    shown = f"•••• {card.code[-4:]}"
    assert answer["cart"]["codes"] == [{"code": shown, "giftCard": True, "accepted": True, "reason": ""}]
    assert answer["cart"]["due"] == {"amount": "15.00"}
    for admin in (False, True):
        seen = await ask("query($c: ID!) { cart(id: $c) { codes { code } } }", admin=admin, c=str(made.cart.id))
        assert seen["cart"]["codes"] == [{"code": shown}]


async def test_ways_of_shipping_are_offered_for_where_it_goes(ask: Ask, open_context: OpenContext) -> None:
    async with open_context() as context:
        post = await furnish(context)
        (shirt,) = await sold(context, 2000)
        made = await service.create(context, [Addition(shirt, 1)])
    asked = "query($c: ID!) { cart(id: $c) { shippingMethods { id name price { amount } } } }"
    assert (await ask(asked, c=str(made.cart.id)))["cart"]["shippingMethods"] == []
    changed = (
        "mutation($c: ID!, $i: CartUpdateInput!) { cartUpdate(cartId: $c, input: $i) { cart { total { amount }"
        " shipping { amount } shippingMethod { code } shippingMethods { name } notices { code } }"
        " userErrors { code field } } }"
    )
    answer = (await ask(changed, c=str(made.cart.id), i={"shippingAddress": HOME.stored()}))["cartUpdate"]
    assert answer["cart"]["shippingMethods"] == [{"name": "Post"}]

    wrong = {"shippingMethodId": str(made.cart.id)}
    answer = (await ask(changed, c=str(made.cart.id), i=wrong))["cartUpdate"]
    assert [one["code"].lower() for one in answer["userErrors"]] == ["shipping_not_possible"]
    answer = (await ask(changed, c=str(made.cart.id), i={"shippingMethodId": str(post)}))["cartUpdate"]
    assert answer["cart"]["shippingMethod"] == {"code": "post"}
    assert (answer["cart"]["shipping"], answer["cart"]["total"]) == ({"amount": "4.90"}, {"amount": "24.90"})

    answer = (await ask(changed, c=str(made.cart.id), i={"shippingAddress": {"country": "FR"}}))["cartUpdate"]
    assert answer["cart"]["shippingMethod"] is None
    assert answer["cart"]["notices"] == [{"code": "shipping_unavailable"}]
