"""Wish lists: what a customer puts on one, finds there again, and carries to the cart when the time has come."""

from collections.abc import Sequence
from typing import Any

from starlette.responses import Response

from rustok.index import reads
from rustok.storefront import addresses, asking, cart, finding, variants
from rustok.storefront.asking import Data
from rustok.storefront.cart import MONEY
from rustok.storefront.forms import Form
from rustok.storefront.head import Head
from rustok.storefront.visit import Visit

LONGEST_NAME = 100
_PATH = "/account/wishlists"

_LIST = f"""fragment List on Cart {{
  id kind status name currency totalQuantity
  lines {{ id quantity variantId title variantTitle handle left options {{ name value }} image {{ url }}
    unitPrice {MONEY} compareAtPrice {MONEY} total {MONEY} }} }}"""
_ANSWER = "{ cart { id } userErrors { field code message } }"
_ALL = f"{{ carts(kind: WISH_LIST) {{ ...List }} }} {_LIST}"
_ONE = f"query ($id: ID!) {{ cart(id: $id) {{ ...List }} }} {_LIST}"
_CREATE = f"mutation ($input: CartCreateInput!) {{ cartCreate(input: $input) {_ANSWER} }}"
_ADD = f"mutation ($id: ID!, $lines: [CartLineInput!]!) {{ cartLinesAdd(cartId: $id, lines: $lines) {_ANSWER} }}"
_REMOVE = f"mutation ($id: ID!, $lines: [ID!]!) {{ cartLinesRemove(cartId: $id, lineIds: $lines) {_ANSWER} }}"
_UPDATE = f"mutation ($id: ID!, $input: CartUpdateInput!) {{ cartUpdate(cartId: $id, input: $input) {_ANSWER} }}"
_DELETE = "mutation ($id: ID!) { cartDelete(cartId: $id) { deletedId userErrors { field code message } } }"
_MOVE = """mutation ($id: ID!, $to: ID!, $lines: [ID!]!) {
  cartLinesMove(cartId: $id, toCartId: $to, lineIds: $lines) {
    cart { id totalQuantity } userErrors { field code message } } }"""


async def overview(visit: Visit, form: Form | None) -> Response:
    """All lists, and a form for a new one."""
    lists = await _all(visit)
    if form is None:
        return await _show(visit, "wishlists", Form(), visit.say("account.wishlists"), lists=lists)
    made = await _make(visit, form)
    if made is None:
        return await _show(visit, "wishlists", form, visit.say("account.wishlists"), lists=lists)
    return visit.go(f"{_PATH}/{made}", "wishlist_made")


async def page(visit: Visit, form: Form | None, *, list_id: str) -> Response:
    """One list: lines go to the cart or are taken off, the list is renamed or deleted."""
    found = (await visit.ask(_ONE, id=list_id))["cart"] if cart.is_id(list_id) else None
    if found is None or found["kind"] != "WISH_LIST":
        await _all(visit)  # who is not logged in is asked to; everybody else has no such list
        return await finding.missing(visit)
    if form is None:
        return await _list(visit, found, Form())
    here = f"{_PATH}/{found['id']}"
    known = {line["id"]: line for line in found["lines"]}
    if wanted := form.get("cart", 36) or form.get("remove", 36):
        if wanted not in known:
            return visit.go(here)  # somebody, perhaps the same person in another window, was faster
        if form.get("cart", 36):
            return await _carry(visit, found, form, [wanted])
        answer, said = await visit.ask(_REMOVE, id=found["id"], lines=[wanted]), "unwished"
    elif form.get("do") == "all":
        return await _carry(visit, found, form, [line["id"] for line in found["lines"] if can_be_bought(line)])
    elif form.get("do") == "delete":
        answer, said, here = await visit.ask(_DELETE, id=found["id"]), "wishlist_deleted", _PATH
    elif form.get("do") == "currency":
        answer, said = await visit.ask(_UPDATE, id=found["id"], input={"currency": visit.currency}), "recalculated"
    else:
        if not form.get("name"):
            form.refuse("name", visit.say("wishes.missing_name"))
            return await _list(visit, found, form)
        given = {"name": form.get("name", LONGEST_NAME)}
        answer, said = await visit.ask(_UPDATE, id=found["id"], input=given), "wishlist_renamed"
    (payload,) = answer.values()
    form.take(visit.wording, asking.problems(payload), {"name": "name"})
    return visit.go(here, said) if form.is_good else await _list(visit, found, form)


async def add(visit: Visit, form: Form | None) -> Response:
    """Put something on a list from its page; with several lists the customer says which one."""
    handle = form.get("product", 300) if form else visit.param("product")
    variant_id = form.get("variant", 36) if form else visit.param("variant")
    # This page asks once more, after the log-in for instance: nothing is written by following a link.
    back = visit.links.at(f"{_PATH}/add") + addresses.query([("product", handle), ("variant", variant_id)])
    try:
        lists = await _all(visit)
    except asking.Refused as error:
        if error.code != "unauthenticated":
            raise
        return visit.redirect(visit.links.at("/login") + addresses.query([("next", back)]))
    entity = visit.shelves.products
    found = (await visit.read(lambda c: reads.one(c, entity, handle=handle)))[0] if entity and handle else None
    variant = variants.shown(found.document, variant_id) if found else None
    if found is None or variant is None or str(variant["id"]) != variant_id:
        return await finding.missing(visit)
    chosen = form.get("list", 36) if form else ""
    if form is None:
        return await _choose(visit, Form(), lists, found.document, variant)
    if not chosen and len(lists) > 1:
        return visit.redirect(back)
    wish_id = next((one["id"] for one in lists if one["id"] == chosen or not chosen), None)
    if wish_id is None and chosen:
        wish_id = await _make(visit, form)
    elif wish_id is None:
        wish_id = await _created(visit, form)
    if wish_id is None:
        return await _choose(visit, form, lists, found.document, variant)
    target = next((one for one in lists if one["id"] == wish_id), None)
    if target and any(line["variantId"] == variant_id for line in target["lines"]):
        return visit.go(f"{_PATH}/{wish_id}", "wished_before")
    answer = await visit.ask(_ADD, id=wish_id, lines=[{"variantId": variant_id}])
    form.take(visit.wording, asking.problems(answer["cartLinesAdd"]), {})
    if not form.is_good:
        return await _choose(visit, form, lists, found.document, variant)
    return visit.go(f"{_PATH}/{wish_id}", "wished")


async def later(visit: Visit, form: Form | None) -> Response:
    """Carry a line of the cart to the list that was changed last."""
    lists = await _all(visit)
    lying = await cart.look(visit)
    wanted = form.get("line", 36) if form else ""
    if form is None or lying is None or not any(line["id"] == wanted for line in lying["lines"]):
        return visit.redirect(visit.links.at("/cart"))
    wish_id = str(lists[0]["id"]) if lists else await _created(visit, form)
    if wish_id is not None:
        answer = (await visit.ask(_MOVE, id=lying["id"], to=wish_id, lines=[wanted]))["cartLinesMove"]
        form.take(visit.wording, asking.problems(answer), {})
    response = visit.go("/cart", "put_aside" if form.is_good else "not_put_aside")
    return cart.remember(visit, response, await cart.look(visit))


def can_be_bought(line: Data) -> bool:
    """Whether a line has a price and at least one piece is left."""
    return line["total"] is not None and (line["left"] is None or line["left"] > 0)


async def _all(visit: Visit) -> Sequence[Data]:
    """The customer's lists; raises `Refused` with `unauthenticated` for everybody else."""
    found: Sequence[Data] = (await visit.ask(_ALL))["carts"]
    return found


async def _make(visit: Visit, form: Form) -> str | None:
    """The id of a new list with the name that was entered; None where the form says why there is none."""
    if not form.get("name"):
        form.refuse("name", visit.say("wishes.missing_name"))
        return None
    return await _created(visit, form, name=form.get("name", LONGEST_NAME))


async def _created(visit: Visit, form: Form, **given: Any) -> str | None:
    made = (await visit.ask(_CREATE, input={"kind": "WISH_LIST", "currency": visit.currency, **given}))["cartCreate"]
    form.take(visit.wording, asking.problems(made), {"name": "name"})
    return str(made["cart"]["id"]) if made["cart"] else None


async def _carry(visit: Visit, found: Data, form: Form, lines: Sequence[str]) -> Response:
    here = f"{_PATH}/{found['id']}"
    if not lines:
        return visit.go(here)
    answer = (await visit.ask(_MOVE, id=found["id"], to=await cart.of_customer(visit), lines=lines))["cartLinesMove"]
    form.take(visit.wording, asking.problems(answer), {})
    if answer["cart"] is None or not form.is_good:
        return await _list(visit, found, form)
    return cart.remember(visit, visit.go(here, "carried"), answer["cart"])


async def _list(visit: Visit, found: Data, form: Form) -> Response:
    name = found["name"] or visit.say("wishes.usual")
    buyable = [line["id"] for line in found["lines"] if can_be_bought(line)]
    return await _show(visit, "wishlist", form, name, list=found, buyable=buyable)


async def _choose(visit: Visit, form: Form, lists: Sequence[Data], item: Data, variant: Data) -> Response:
    return await _show(
        visit, "wish", form, visit.say("wishes.add"), lists=lists, item=item, variant=variant,
        picture=next(iter(variants.pictures(item, variant)), None),
    )  # fmt: skip


async def _show(visit: Visit, template: str, form: Form, title: str, **values: Any) -> Response:
    head = Head(title=title, path=visit.path, index=False)
    status = 200 if form.is_good else 422
    return await visit.show(f"account_{template}.html", head, status=status, form=form, section="wishlists", **values)
