"""completeCheckout through the storefront's schema: the order, its payment, and refusals that name the lines."""

from tests.commerce.asking import Ask
from tests.commerce.carts.conftest import ask  # noqa: F401 - the fixture
from tests.commerce.carts.stocking import HOME, furnish, sold
from tests.conftest import OpenContext

from rustok.commerce.carts import service, viewing
from rustok.commerce.carts.service import Addition
from rustok.commerce.inventory import service as inventory
from rustok.commerce.orders import service as orders

COMPLETE = """mutation($c: ID!, $m: String, $e: MoneyInput) {
  completeCheckout(cartId: $c, paymentMethod: $m, expectedTotal: $e) {
    order { id number status email total { amount currencyCode } due { amount } lines { title quantity } }
    payment { id status } shortages { lineId variantId title wanted left } userErrors { code field message } } }"""


async def test_a_guest_completes_a_checkout(ask: Ask, open_context: OpenContext) -> None:  # noqa: F811
    async with open_context() as context:
        post = await furnish(context)
        (shirt,) = await sold(context, 2000)
        made = await service.create(
            context, [Addition(shirt, 2)], email="ann@example.com", shipping_address=HOME, shipping_method_id=post
        )
    cart_id = str(made.cart.id)
    offered = await ask("query($c: ID!) { cart(id: $c) { paymentMethods { code name } total { amount } } }", c=cart_id)
    assert [one["code"] for one in offered["cart"]["paymentMethods"]] == ["bank_transfer", "cash_on_delivery"]

    wrong = {"amount": "44.89", "currencyCode": "EUR"}
    answer = (await ask(COMPLETE, c=cart_id, m="bank_transfer", e=wrong))["completeCheckout"]
    assert [(one["code"].lower(), one["field"]) for one in answer["userErrors"]] == [
        ("total_changed", ["expectedTotal"])
    ]
    assert answer["order"] is None
    right = {"amount": offered["cart"]["total"]["amount"], "currencyCode": "EUR"}
    answer = (await ask(COMPLETE, c=cart_id, m="bank_transfer", e=right))["completeCheckout"]

    assert (answer["userErrors"], answer["shortages"]) == ([], [])
    order = answer["order"]
    assert (order["total"], order["due"]) == ({"amount": "44.90", "currencyCode": "EUR"}, {"amount": "44.90"})
    assert order["lines"] == [{"title": "Shirt", "quantity": 2}]
    assert answer["payment"]["status"] == "AWAITING"
    again = (await ask(COMPLETE, c=cart_id, m="bank_transfer"))["completeCheckout"]
    assert again["order"]["id"] == order["id"]
    seen = await ask("query($c: ID!) { cart(id: $c) { status orderId } }", c=cart_id)
    assert seen["cart"] == {"status": "COMPLETED", "orderId": order["id"]}


async def test_shortages_come_beside_the_error(ask: Ask, open_context: OpenContext) -> None:  # noqa: F811
    async with open_context() as context:
        post = await furnish(context)
        (shirt,) = await sold(context, 2000)
        made = await service.create(
            context, [Addition(shirt, 5)], email="ann@example.com", shipping_address=HOME, shipping_method_id=post
        )
        await inventory.set_on_hand(context, shirt, 3)

    answer = (await ask(COMPLETE, c=str(made.cart.id), m="bank_transfer"))["completeCheckout"]

    assert [one["code"].lower() for one in answer["userErrors"]] == ["out_of_stock"]
    assert answer["shortages"] == [
        {
            "lineId": str(made.lines[0].row.id),
            "variantId": str(shirt),
            "title": "Shirt – 0",
            "wanted": 5,
            "left": 3,
        }
    ]
    async with open_context() as context:
        assert (await inventory.available(context, [shirt]))[shirt].reserved == 0
        seen = await viewing.look(context, made.cart.id)
        assert seen is not None
        assert seen.cart.status == "open"
        assert await orders.by_cart(context, made.cart.id) is None
