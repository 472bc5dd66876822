"""Checkout in three steps: who and where, how it is sent, how it is paid. Each is saved as soon as it is sent."""

import asyncio
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any
from urllib.parse import quote
from uuid import uuid4

from starlette.responses import Response

from rustok.storefront import asking, cart, cookies, paying, regions
from rustok.storefront.asking import Data
from rustok.storefront.forms import Form
from rustok.storefront.head import Head
from rustok.storefront.visit import Visit

STEPS = ("contact", "shipping", "payment")
_PATHS = {"contact": "/checkout", "shipping": "/checkout/shipping", "payment": "/checkout/payment"}
_WAITS, _WAIT = 40, 0.25  # for the first of two clicks
NEEDED = ("name", "country", "line1", "city")  # as they stand in the form

_WHO = f"{{ customer {{ email name addresses {{ id isDefaultShipping address {cart.ADDRESS} }} }} }}"
_METHODS = """query ($id: ID!) { cart(id: $id) { paymentMethods { code name instructions redirects } } }"""
_COMPLETE = """mutation ($id: ID!, $method: String, $total: MoneyInput!, $due: MoneyInput!) {
  completeCheckout(cartId: $id, paymentMethod: $method, expectedTotal: $total, expectedDue: $due) {
    order { token number } payment { id status } shortages { lineId title wanted left }
    userErrors { field code message } } }"""


async def contact(visit: Visit, form: Form | None) -> Response:
    """Who buys, and where it goes."""
    basket = await cart.look(visit)
    if basket is None or not basket["lines"]:
        return visit.redirect(visit.links.at("/cart"))
    person = (await visit.ask(_WHO))["customer"] or {}
    if form is None:
        return await _contact(visit, basket, _begun(visit, basket, person), person)
    form.require_email(visit.wording)
    given: dict[str, Any] = {"email": form.get("email", 320)}
    if basket["requiresShipping"]:
        given["shippingAddress"] = _from_book(person, form) or _address(visit, form, "s_")
        separate = form.get("other") == "yes"
        given["billingAddress"] = _address(visit, form, "b_") if separate else None
    else:
        given["billingAddress"] = _address(visit, form, "b_")
    if not form.is_good:
        return await _contact(visit, basket, form, person)
    changed, answer = await cart.update(visit, **given)
    form.take(visit.wording, asking.problems(answer), _fields())
    if changed is None or not form.is_good:
        return await _contact(visit, basket, form, person)
    return cart.remember(visit, visit.go(_PATHS["shipping" if changed["requiresShipping"] else "payment"]), changed)


async def _contact(visit: Visit, basket: Data, form: Form, person: Data) -> Response:
    return await _show(visit, "contact", basket, form, person=person, book=person.get("addresses") or ())


def _from_book(person: Data, form: Form) -> dict[str, str] | None:
    """The address of the customer's that was chosen; None where another one was written."""
    wanted = form.get("saved", 36)
    found = next((one["address"] for one in person.get("addresses") or () if one["id"] == wanted), None)
    return found and {part: str(found[part] or "") for part in regions.PARTS}


def _begun(visit: Visit, basket: Data, person: Data) -> Form:
    """The form with what is known already."""
    values = {"email": basket["email"] or person.get("email") or ""}
    for prefix, known in (("s_", basket["shippingAddress"]), ("b_", basket["billingAddress"])):
        values |= {prefix + part: str((known or {}).get(part) or "") for part in regions.PARTS}
        values[f"{prefix}country"] = values[f"{prefix}country"] or regions.usual(visit.tenant)
        values[f"{prefix}name"] = values[f"{prefix}name"] or person.get("name") or ""
    known = basket["shippingAddress"] or {}
    for one in person.get("addresses") or ():
        is_same = all((known.get(part) or "") == (one["address"][part] or "") for part in regions.PARTS)
        if is_same or (not known.get("line1") and not values.get("saved")):
            values["saved"] = str(one["id"])
    values["other"] = "yes" if basket["billingAddress"] else ""
    return Form(values)


def _address(visit: Visit, form: Form, prefix: str) -> dict[str, str]:
    for part in NEEDED:
        if not form.get(prefix + part):
            known = visit.wording.messages.get(f"refusals.missing_{part}")
            form.refuse(prefix + part, known or visit.say("refusals.missing"))
    country = form.get(f"{prefix}country")
    if country and country not in regions.names("en"):
        form.refuse(f"{prefix}country", visit.say("refusals.missing_country"))
    return {part: form.get(prefix + part, 255) for part in regions.PARTS}


def _fields() -> dict[str, str]:
    found = {"email": "email"}
    for name, prefix in (("shippingAddress", "s_"), ("billingAddress", "b_")):
        found |= {f"{name}.{part}": prefix + part for part in regions.PARTS}
        found |= {f"input.{name}.{part}": prefix + part for part in regions.PARTS}
    return found


async def shipping(visit: Visit, form: Form | None) -> Response:
    """How it is sent."""
    basket = await cart.look(visit)
    if basket is None or not basket["lines"]:
        return visit.redirect(visit.links.at("/cart"))
    if not basket["requiresShipping"]:
        return visit.redirect(visit.links.at(_PATHS["payment"]))
    if not _is_addressed(basket):
        return visit.redirect(visit.links.at(_PATHS["contact"]))
    if form is None:
        return await _show(visit, "shipping", basket, Form())
    form.require(visit.wording, "method")
    if form.is_good:
        changed, answer = await cart.update(visit, shippingMethodId=form.get("method", 36))
        form.take(visit.wording, asking.problems(answer), {"shippingMethodId": "method"})
        if changed is not None and form.is_good:
            return cart.remember(visit, visit.go(_PATHS["payment"]), changed)
    return await _show(visit, "shipping", basket, form)


async def payment(visit: Visit, form: Form | None) -> Response:
    """How it is paid, a last look, and the order."""
    basket = await cart.look(visit)
    if form is not None and form.get("key", 64) and form.get("do") == "order":
        return await _order(visit, basket, form)
    if basket is None or not basket["lines"]:
        return visit.redirect(visit.links.at("/cart"))
    if not basket["email"] or (basket["requiresShipping"] and not _is_addressed(basket)):
        return visit.redirect(visit.links.at(_PATHS["contact"]))
    if basket["requiresShipping"] and not basket["shippingMethod"]:
        return visit.redirect(visit.links.at(_PATHS["shipping"]))
    if form is not None and form.get("do") == "less":
        return await _take_what_is_left(visit, basket)
    return await _payment(visit, basket, form or Form())


async def _payment(visit: Visit, basket: Data, form: Form, **values: Any) -> Response:
    ways = (await visit.ask(_METHODS, id=basket["id"]))["cart"]["paymentMethods"]
    return await _show(
        visit, "payment", basket, form, ways=ways, is_free=Decimal(basket["due"]["amount"]) == 0,
        key=form.get("key", 64) or uuid4().hex, **values,
    )  # fmt: skip


async def _order(visit: Visit, basket: Data | None, form: Form) -> Response:
    known = visit.cookie(cookies.CART)
    if not cart.is_id(known):
        return visit.redirect(visit.links.at("/cart"))
    if basket is not None:
        if Decimal(basket["due"]["amount"]) > 0:
            form.require(visit.wording, "method")
        if not form.is_good:
            return await _payment(visit, basket, form)
        note = form.get("note", 1_000)
        if note != (basket["note"] or ""):
            await cart.update(visit, note=note)
    answer = await _complete(visit, known, form)
    if answer["order"]:
        token = str(answer["order"]["token"])
        return cart.remember(visit, await paying.go_on(visit, token, answer["payment"]), None)
    basket = await cart.look(visit)
    if basket is None:
        return visit.redirect(visit.links.at("/cart"))
    shortages = answer["shortages"] or ()
    if shortages:
        form.said.append(visit.say("checkout.shortage"))
    else:
        form.take(visit.wording, asking.problems(answer), {"paymentMethod": "method"})
    return await _payment(visit, basket, form, shortages=shortages)


async def _complete(visit: Visit, cart_id: str, form: Form) -> Data:
    """The order of the cart. A second click with the same key waits for the first one's answer, and gets it too."""
    total, due = ({"amount": form.get(name, 40), "currencyCode": form.get("currency", 3)} for name in ("total", "due"))
    key: str | None = form.get("key", 64)
    for _ in range(_WAITS):
        try:
            answer: Data = await visit.ask(
                _COMPLETE, key=key, id=cart_id, method=form.get("method", 64) or None, total=total, due=due
            )
            return answer["completeCheckout"]  # type: ignore[no-any-return]  # JSON
        except asking.Refused as error:
            if error.code == "idempotency_key_reused":
                key = None  # a page of before: the cart itself gives one order, whatever happens
            elif error.code != "in_progress":
                raise
            else:
                await asyncio.sleep(_WAIT)
    raise asking.Refused("in_progress", "the order is being placed")


async def _take_what_is_left(visit: Visit, basket: Data) -> Response:
    lines = [
        {"id": line["id"], "quantity": max(0, line["left"])}
        for line in basket["lines"]
        if line["left"] is not None and line["left"] < line["quantity"]
    ]
    changed: Data | None = basket
    if lines:
        changed = await cart.set_quantities(visit, lines)
    onward = _PATHS["payment"] if changed and changed["lines"] else "/cart"
    return cart.remember(visit, visit.go(onward, "quantities"), changed or basket)


def _is_addressed(basket: Data) -> bool:
    known: Mapping[str, Any] = basket["shippingAddress"] or {}
    return bool(basket["email"]) and all(known.get(part) for part in NEEDED)


async def _show(visit: Visit, step: str, basket: Data, form: Form, **values: Any) -> Response:
    head = Head(title=visit.say(f"checkout.{step}"), path=visit.path, index=False)
    return await visit.show(
        f"checkout_{step}.html", head, status=200 if form.is_good else 422, cart=basket, form=form, step=step,
        steps=_steps(visit, step, basket), savings=cart.savings(basket),
        countries=list(regions.names(visit.wording.language).items()), **values,
    )  # fmt: skip


def _steps(visit: Visit, now: str, basket: Data) -> Sequence[tuple[str, str, bool]]:
    """Name, address where one can go back to, whether it is the present one."""
    steps = [one for one in STEPS if one != "shipping" or basket["requiresShipping"]]
    here = steps.index(now) if now in steps else 0
    return [
        (visit.say(f"checkout.{one}"), visit.links.at(quote(_PATHS[one])) if place < here else "", place == here)
        for place, one in enumerate(steps)
    ]
