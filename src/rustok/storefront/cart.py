"""The cart: what lies in it, what it costs and why, and every way to change that."""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import partial
from typing import Any
from urllib.parse import quote

from starlette.responses import Response

from rustok.storefront import addresses, asking, cookies, regions
from rustok.storefront.asking import Data
from rustok.storefront.forms import Form
from rustok.storefront.head import Head
from rustok.storefront.visit import Visit

DAYS = 90
MOST = 999  # of one thing
_STOPS = {"only_left", "out_of_stock", "not_sold"}  # notices with which nothing can be ordered
_ID = re.compile(r"[0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)

MONEY = "{ amount currencyCode }"
ADDRESS = "{ name company line1 line2 city region postcode country phone formatted }"
CART = f"""fragment Whole on Cart {{
  id status currency email note totalQuantity requiresShipping taxIncluded orderId
  lines {{ id quantity variantId title variantTitle handle left options {{ name value }}
    image {{ url altText width height }} unitPrice {MONEY} compareAtPrice {MONEY} subtotal {MONEY} discount {MONEY}
    total {MONEY} discounts {{ title reason code amount {MONEY} }} notices {{ code left oldPrice {MONEY} }} }}
  codes {{ code giftCard accepted reason message }}
  notices {{ code lineId left }}
  shippingAddress {ADDRESS} billingAddress {ADDRESS}
  shippingMethod {{ id name pickup price {MONEY} }}
  shippingMethods {{ id name description pickup price {MONEY} }}
  subtotal {MONEY} discount {MONEY} shipping {MONEY} shippingDiscounts {{ title reason amount {MONEY} }}
  taxes {{ name rate amount {MONEY} }} tax {MONEY} total {MONEY} giftCards {MONEY} due {MONEY}
}}"""
_ANSWER = "{ cart { ...Whole } userErrors { field code message } }"
_LOOK = f"query ($id: ID!) {{ cart(id: $id) {{ ...Whole }} }} {CART}"
_CREATE = f"mutation ($input: CartCreateInput!) {{ cartCreate(input: $input) {_ANSWER} }} {CART}"
_ADD = f"""mutation ($id: ID!, $lines: [CartLineInput!]!) {{
  cartLinesAdd(cartId: $id, lines: $lines) {_ANSWER} }} {CART}"""
_QUANTITIES = f"""mutation ($id: ID!, $lines: [CartLineUpdateInput!]!) {{
  cartLinesUpdate(cartId: $id, lines: $lines) {_ANSWER} }} {CART}"""
_REMOVE = (
    f"""mutation ($id: ID!, $lines: [ID!]!) {{ cartLinesRemove(cartId: $id, lineIds: $lines) {_ANSWER} }} {CART}"""
)
_UPDATE = f"""mutation ($id: ID!, $input: CartUpdateInput!) {{
  cartUpdate(cartId: $id, input: $input) {_ANSWER} }} {CART}"""
_CODE = f"mutation ($id: ID!, $code: String!) {{ cartCodeAdd(cartId: $id, code: $code) {_ANSWER} }} {CART}"
_NO_CODE = f"mutation ($id: ID!, $code: String!) {{ cartCodeRemove(cartId: $id, code: $code) {_ANSWER} }} {CART}"
_MERGE = f"mutation ($id: ID!) {{ cartMerge(cartId: $id) {_ANSWER} }} {CART}"
_MINE = "{ carts(kind: CART) { id } }"


async def look(visit: Visit) -> Data | None:
    """The visitor's open cart; None where there is none."""
    known = visit.cookie(cookies.CART)
    if not _ID.fullmatch(known):
        return None
    found: Data | None = (await visit.ask(_LOOK, id=known))["cart"]
    return found if found is not None and found["status"] == "OPEN" else None


def is_id(text: str) -> bool:
    """Whether the text can be an id at all."""
    return _ID.fullmatch(text) is not None


async def set_quantities(visit: Visit, lines: Sequence[Mapping[str, Any]]) -> Data | None:
    """Other quantities of lines; the cart as it is then."""
    return (await change(visit, _QUANTITIES, lines=lines))[0]


async def change(visit: Visit, document: str, **variables: Any) -> tuple[Data | None, Data]:
    """Change the visitor's cart; the cart as it is then, and the whole answer of the mutation."""
    (answer,) = (await visit.ask(document, id=visit.cookie(cookies.CART), **variables)).values()
    return answer["cart"], answer


async def update(visit: Visit, **given: Any) -> tuple[Data | None, Data]:
    """Say who buys, where it goes and how."""
    return await change(visit, _UPDATE, input=given)


def remember(visit: Visit, response: Response, cart: Data | None) -> Response:
    """Let the browser know its cart and how much is in it; None forgets it."""
    origin = visit.links.origin
    if cart is None:
        cookies.drop(response, origin, cookies.CART)
        cookies.drop(response, origin, cookies.COUNT)
        return response
    cookies.keep(response, origin, cookies.CART, str(cart["id"]), days=DAYS)
    cookies.keep(response, origin, cookies.COUNT, str(min(int(cart["totalQuantity"]), 9_999)), days=DAYS)
    return response


async def merge(visit: Visit, response: Response) -> None:
    """After log-in: what a guest has collected comes to what the customer had. No line is lost."""
    known = visit.cookie(cookies.CART)
    try:
        merged = (await visit.ask(_MERGE, id=known))["cartMerge"]["cart"] if is_id(known) else None
        if merged is None:
            own = (await visit.ask(_MINE))["carts"]
            merged = (await visit.ask(_LOOK, id=own[0]["id"]))["cart"] if own else None
        remember(visit, response, merged)
    except asking.Refused:
        return  # the log-in itself has worked; the cart stays where it was


async def of_customer(visit: Visit) -> str:
    """The id of the cart that a customer's things go to: the present one, the one changed last, or a new one."""
    known = await look(visit)
    if known is not None:
        return str(known["id"])
    own = (await visit.ask(_MINE))["carts"]
    if own:
        return str(own[0]["id"])
    return str((await visit.ask(_CREATE, input={"currency": visit.currency}))["cartCreate"]["cart"]["id"])


async def page(visit: Visit, form: Form | None) -> Response:
    """The cart, and what its one form can say: other quantities, one line less, a code more or less, a country."""
    cart = await look(visit)
    if form is None:
        return await _show(visit, cart, Form())
    if cart is None:
        return remember(visit, visit.redirect(visit.links.at("/cart")), None)
    if line := form.get("remove"):
        changed, answer = await change(visit, _REMOVE, lines=[line])
        said = "removed"
    elif code := form.get("uncode"):
        changed, answer = await change(visit, _NO_CODE, code=code)
        said = "uncoded"
    elif form.get("do") == "code":
        return await _enter(visit, cart, form)
    elif form.get("do") == "estimate":
        return await _estimate(visit, cart, form)
    elif form.get("do") == "currency":
        changed, answer = await update(visit, currency=visit.currency)
        said = "recalculated"
    else:
        return await _quantities(visit, cart, form)
    form.take(visit.wording, asking.problems(answer), {})
    if changed is None:
        return await _show(visit, cart, form)
    return remember(visit, visit.go("/cart", said), changed)


async def _quantities(visit: Visit, cart: Data, form: Form) -> Response:
    lines = []
    for line in cart["lines"]:
        name = f"quantity-{line['id']}"
        if name not in form.values:
            continue
        wanted = form.whole(name, -1)
        if wanted < 0 or wanted > MOST:
            form.refuse(name, visit.say("refusals.bad_quantity"))
        elif wanted != line["quantity"]:
            lines.append({"id": line["id"], "quantity": wanted})
    onward = "/checkout" if form.get("do") == "checkout" else "/cart"
    changed: Data | None = cart
    if form.is_good and lines:
        changed, answer = await change(visit, _QUANTITIES, lines=lines)
        form.take(visit.wording, asking.problems(answer), {})
    if not form.is_good or changed is None:
        return await _show(visit, cart, form)
    if onward == "/checkout" and _stopped(visit, changed, form):
        return remember(visit, await _show(visit, changed, form), changed)
    said = "" if onward == "/checkout" or not lines else "quantities"
    return remember(visit, visit.go(onward, said), changed)


def _stopped(visit: Visit, cart: Data, form: Form) -> bool:
    """Whether the cart cannot be ordered as it is; the reason is then beside each line's quantity."""
    for line in cart["lines"]:
        for one in line["notices"]:
            if one["code"] in _STOPS:
                left = one["left"] if one["code"] == "only_left" else None
                form.refuse(f"quantity-{line['id']}", visit.say(f"cart.{one['code']}", left))
    return not form.is_good


async def _enter(visit: Visit, cart: Data, form: Form) -> Response:
    code = form.get("code", 64)
    if not code:
        form.refuse("code", visit.say("refusals.missing_code"))
        return await _show(visit, cart, form)
    changed, answer = await change(visit, _CODE, code=code)
    form.take(visit.wording, asking.problems(answer), {"code": "code"})
    shown = changed or cart
    before = {one["code"] for one in cart["codes"]}
    idle = [
        one for one in shown["codes"] if not one["accepted"] and (one["code"] not in before or _same(one["code"], code))
    ]
    if idle:
        form.refuse("code", code_reason(visit, idle[0]))
    if not form.is_good:
        return remember(visit, await _show(visit, shown, form), shown)
    return remember(visit, visit.go("/cart", "coded"), shown)


def _same(shown: str, entered: str) -> bool:
    """Whether the code is shown so, a gift card's by its end alone."""
    if shown.startswith("•"):
        return entered.casefold().endswith(shown.casefold().lstrip("• "))
    return _bare(shown) == _bare(entered)


def _bare(code: str) -> str:
    return code.replace("-", "").replace(" ", "").casefold()


def code_reason(visit: Visit, verdict: Mapping[str, Any]) -> str:
    """Why a code takes nothing off now, in the page's language."""
    said = str(verdict["message"])
    if not said and (key := f"codes.{verdict['reason']}") in visit.wording.messages:
        said = visit.say(key)
    return said or visit.say("codes.conditions")


async def _estimate(visit: Visit, cart: Data, form: Form) -> Response:
    country = form.get("country", 2).upper()
    if country not in regions.names(visit.wording.language):
        form.refuse("country", visit.say("refusals.missing_country"))
        return await _show(visit, cart, form)
    before = cart["shippingAddress"] or {}
    kept = {name: before.get(name) or "" for name in regions.PARTS} if before.get("country") == country else {}
    changed, answer = await update(
        visit, shippingAddress={**kept, "country": country, "postcode": form.get("postcode", 20)}
    )
    form.take(visit.wording, asking.problems(answer), {"country": "country", "postcode": "postcode"})
    if changed is None:
        return await _show(visit, cart, form)
    return remember(visit, visit.go("/cart#estimate", "estimated"), changed)


async def add(visit: Visit, form: Form | None) -> Response:
    """Put something into the cart from its page; a cart begins with the first thing."""
    if form is None:
        return visit.redirect(visit.links.at("/cart"))
    quantity = form.whole("quantity", 1)
    handle = form.get("product", 300)
    lines = [{"variantId": form.get("variant", 36), "quantity": quantity}]
    if not 1 <= quantity <= MOST or not _ID.fullmatch(form.get("variant", 36)):
        return _back(visit, handle, "bad_quantity")
    cart = await look(visit)
    if cart is None:
        made = await visit.ask(_CREATE, input={"currency": visit.currency, "lines": lines})
        changed, problems = made["cartCreate"]["cart"], asking.problems(made["cartCreate"])
    else:
        if cart["currency"] != visit.currency:
            await update(visit, currency=visit.currency)
        changed, answer = await change(visit, _ADD, lines=lines)
        problems = asking.problems(answer)
    if changed is None:
        return _back(visit, handle, problems[0].code if problems else "")
    of_it = (line for line in changed["lines"] if line["variantId"] == lines[0]["variantId"])
    is_short = any(one["code"] in _STOPS for line in of_it for one in line["notices"])
    return remember(visit, visit.go("/cart", "added_short" if is_short else "added"), changed)


def _back(visit: Visit, handle: str, code: str) -> Response:
    """To the thing's page, which says why; it is everybody's page, so that the reason stands in the address."""
    said = code if f"refusals.{code}" in visit.wording.messages else "not_added"
    return visit.redirect(visit.links.at(f"/products/{quote(handle)}") + addresses.query([("refused", said)]))


def savings(cart: Data) -> list[Mapping[str, Any]]:
    """What each promotion takes off all lines and the shipping together."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for one in [*(one for line in cart["lines"] for one in line["discounts"]), *cart["shippingDiscounts"]]:
        sum_ = found.setdefault((one["title"], one.get("code") or ""), {**one, "total": Decimal(0)})
        sum_["total"] += Decimal(one["amount"]["amount"])
    return [{**one, "amount": {**one["amount"], "amount": str(-one["total"])}} for one in found.values()]


async def _show(visit: Visit, cart: Data | None, form: Form) -> Response:
    head = Head(title=visit.say("cart.title"), path="/cart", index=False)
    country = ((cart or {}).get("shippingAddress") or {}).get("country") or regions.usual(visit.tenant)
    response = await visit.show(
        "cart.html", head, status=200 if form.is_good else 422, cart=cart, form=form, most=MOST,
        countries=regions.names(visit.wording.language).items(), country=form.get("country") or country,
        code_reason=partial(code_reason, visit), savings=savings(cart) if cart else [],
        is_known=bool(visit.cookie(cookies.SESSION)),
    )  # fmt: skip
    if cart is None and visit.cookie(cookies.CART):
        remember(visit, response, None)
    elif cart is not None and visit.cookie(cookies.COUNT) != str(cart["totalQuantity"]):
        remember(visit, response, cart)
    return response
