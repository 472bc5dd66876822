"""Carts through the two schemas: what buyers see, what strangers and staff get."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from typing import Any
from uuid import UUID

from tests.commerce.asking import ADMIN, Ask
from tests.commerce.carts.stocking import HOME, customer, furnish, sold

from rustok.commerce.carts import service
from rustok.commerce.carts.models import CartKind
from rustok.commerce.carts.service import Addition
from rustok.commerce.products import service as products
from rustok.commerce.products import variants
from rustok.kernel.context import SYSTEM, Actor, Context
from rustok.kernel.ids import generate_id

OpenContext = Callable[..., AbstractAsyncContextManager[Context]]
CART = """
  id kind status currency totalQuantity requiresShipping
  lines { id quantity title variantTitle sku handle options { name value } left unitPrice { amount currencyCode }
          subtotal { amount } total { amount } priceReason notices { code } }
  subtotal { amount } total { amount } due { amount currencyCode } notices { code lineId left }
"""
ADD = (
    "mutation($c: ID!, $v: ID!, $q: Int!) { cartLinesAdd(cartId: $c, lines: [{variantId: $v, quantity: $q}])"
    " { cart { " + CART + " } userErrors { code field message } } }"
)


async def created(ask: Ask, variant: UUID, actor: Actor | None = None) -> str:
    """A cart's id."""
    answer = await ask(
        "mutation($v: ID!) { cartCreate(input: {lines: [{variantId: $v, quantity: 2}]})"
        " { cart { id } userErrors { code message } } }",
        v=str(variant),
        actor=actor,
    )
    id_: str = answer["cartCreate"]["cart"]["id"]
    return id_


async def test_a_guest_fills_a_cart_and_sees_it_explained(ask: Ask, open_context: OpenContext) -> None:
    async with open_context() as context:
        shirt, hat = await sold(context, 1999, 500, stock=3)
    cart_id = await created(ask, shirt)

    answer = await ask(ADD, c=cart_id, v=str(hat), q=4)

    cart = answer["cartLinesAdd"]["cart"]
    assert answer["cartLinesAdd"]["userErrors"] == []
    assert (await ask("query($c: ID!) { cart(id: $c) { " + CART + " } }", c=cart_id))["cart"] == cart
    assert cart["totalQuantity"] == 6
    assert cart["due"] == {"amount": "59.98", "currencyCode": "EUR"}
    assert cart["lines"][0]["unitPrice"] == {"amount": "19.99", "currencyCode": "EUR"}
    assert cart["lines"][0]["options"] == [{"name": "Size", "value": "0"}]
    assert cart["notices"] == [{"code": "only_left", "lineId": cart["lines"][1]["id"], "left": 3}]


async def test_titles_and_options_are_in_the_askers_language(ask: Ask, open_context: OpenContext) -> None:
    async with open_context() as context:
        (shirt,) = await sold(context, 1999)
        product_id = (await context.session.get_one(variants.Variant, (context.tenant_id, shirt))).product_id
        await products.translate(context, product_id, locale="ru", fields={"title": "Рубашка"})
    cart_id = await created(ask, shirt)

    asked = "query($c: ID!) { cart(id: $c) { lines { title } } }"
    assert (await ask(asked, c=cart_id))["cart"]["lines"] == [{"title": "Shirt"}]
    assert (await ask(asked, c=cart_id, locale="ru"))["cart"]["lines"] == [{"title": "Рубашка"}]


async def test_refusals_name_what_is_wrong_and_change_nothing(ask: Ask, open_context: OpenContext) -> None:
    async with open_context() as context:
        (shirt,) = await sold(context, 1999)
        (draft,) = await sold(context, 1999, title="Draft", publish=False)
    cart_id = await created(ask, shirt)
    for variant, quantity, code in (
        (draft, 1, "not_sold"),
        (generate_id(), 1, "not_sold"),
        (shirt, 0, "invalid"),
        (shirt, 10_000, "invalid"),
    ):
        answer = await ask(ADD, c=cart_id, v=str(variant), q=quantity)
        assert [one["code"].lower() for one in answer["cartLinesAdd"]["userErrors"]] == [code]
    answer = await ask(ADD, c=str(generate_id()), v=str(shirt), q=1)
    assert [one["code"].lower() for one in answer["cartLinesAdd"]["userErrors"]] == ["not_found"]
    seen = await ask("query($c: ID!) { cart(id: $c) { totalQuantity } }", c=cart_id)
    assert seen["cart"] == {"totalQuantity": 2}


async def test_a_customers_carts_are_listed_to_the_customer_alone(ask: Ask, open_context: OpenContext) -> None:
    async with open_context() as context:
        (shirt,) = await sold(context, 1999)
        ann, bob = await customer(context), await customer(context, "bob@example.com")
    cart_id = await created(ask, shirt, actor=ann)

    assert (await ask("{ carts { id } }", actor=ann))["carts"] == [{"id": cart_id}]
    assert (await ask("{ carts(kind: WISH_LIST) { id } }", actor=ann))["carts"] == []
    assert (await ask("{ carts { id } }", actor=bob))["carts"] == []
    assert await ask("{ carts { id } }") == {"errors": ["unauthenticated"]}
    for stranger in (None, bob):
        assert (await ask("query($c: ID!) { cart(id: $c) { id } }", c=cart_id, actor=stranger))["cart"] is None


async def test_many_carts_are_shown_as_each_alone_and_for_as_many_statements_as_few(
    ask: Ask, open_context: OpenContext, statements: list[str]
) -> None:
    async with open_context() as context:
        await furnish(context)
        shirt, hat = await sold(context, 1999, 500)
        (mug,) = await sold(context, 700, currency="USD", title="Mug")
        ann = await customer(context)
    shown, sent = CART + "tax { amount } taxes { name rate amount { amount } }", []

    async def listed() -> Any:
        statements.clear()
        found = (await ask("{ carts {" + shown + "} }", actor=ann))["carts"]
        sent.append(len(statements))
        return found

    async with open_context(actor=ann) as context:
        await service.create(context, [Addition(shirt, 2)], shipping_address=HOME)
        await service.create(context, [Addition(hat, 1)], kind=CartKind.WISH_LIST)
    await listed()
    async with open_context(actor=ann) as context:
        await service.create(context, [Addition(mug, 20)], currency="USD", email="other@example.com")
        for quantity in range(1, 6):
            away = replace(HOME, postcode=f"1000{quantity}", country="FR" if quantity % 2 else "DE")
            await service.create(context, [Addition(hat, quantity)], kind=CartKind.WISH_LIST, shipping_address=away)

    found = await listed()

    one = "query($c: ID!) { cart(id: $c) {" + shown + "} }"
    assert len(found) == 8
    assert found == [(await ask(one, c=cart["id"], actor=ann))["cart"] for cart in found]
    assert sent[0] == sent[1] <= 12


async def test_staff_list_look_at_and_delete_carts(ask: Ask, open_context: OpenContext) -> None:
    async with open_context() as context:
        (shirt,) = await sold(context, 1999)
        ann = await customer(context)
    hers, guests = await created(ask, shirt, actor=ann), await created(ask, shirt)
    listed = "query($w: CartWhere) { carts(where: $w) { nodes { id lineCount totalQuantity } totalCount } }"

    answer = (await ask(listed, of=ADMIN, actor=SYSTEM))["carts"]
    assert {one["id"] for one in answer["nodes"]} == {hers, guests}
    assert {(one["lineCount"], one["totalQuantity"]) for one in answer["nodes"]} == {(1, 2)}
    answer = (await ask(listed, of=ADMIN, actor=SYSTEM, w={"customerId": str(ann.user_id)}))["carts"]
    assert ([one["id"] for one in answer["nodes"]], answer["totalCount"]) == ([hers], 1)
    assert (await ask("query($c: ID!) { cart(id: $c) { totalQuantity } }", of=ADMIN, actor=SYSTEM, c=hers))["cart"]

    deleted = "mutation($i: [ID!]!) { cartsBulkDelete(ids: $i) { count userErrors { code } } }"
    assert await ask(deleted, of=ADMIN, actor=ann, i=[guests]) == {"errors": ["forbidden"]}
    assert (await ask(deleted, of=ADMIN, actor=SYSTEM, i=[hers, str(generate_id())]))["cartsBulkDelete"]["count"] == 1
    assert [one["id"] for one in (await ask(listed, of=ADMIN, actor=SYSTEM))["carts"]["nodes"]] == [guests]
