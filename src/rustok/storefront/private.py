"""Pages that are made for one visitor: which addresses they have, who may send them forms, what their errors become."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from urllib.parse import quote

from starlette.responses import Response

from rustok.kernel import errors
from rustok.storefront import (
    account,
    addresses,
    asking,
    cart,
    checkout,
    entrance,
    finding,
    forms,
    ordered,
    returning,
    wishes,
)
from rustok.storefront.forms import Form
from rustok.storefront.head import Head
from rustok.storefront.visit import Visit

Page = Callable[[Visit, Form | None], Awaitable[Response]]  # the form is None for whoever only looks

_PAGES: Mapping[tuple[str, ...], Page] = {
    ("account",): account.overview,
    ("account", "orders"): account.orders,
    ("account", "addresses"): account.addresses,
    ("account", "details"): account.details,
    ("account", "data"): account.data,
    ("account", "wishlists"): wishes.overview,
    ("account", "wishlists", "add"): wishes.add,
    ("account", "wishlists", "later"): wishes.later,
    ("cart",): cart.page,
    ("cart", "add"): cart.add,
    ("checkout",): checkout.contact,
    ("checkout", "shipping"): checkout.shipping,
    ("checkout", "payment"): checkout.payment,
    ("login",): entrance.log_in,
    ("logout",): entrance.log_out,
    ("register",): entrance.register,
    ("verify",): entrance.verify,
    ("forgot",): entrance.forgot,
    ("reset",): entrance.reset,
}
_OF_SHOPS = frozenset({"cart", "checkout", "orders"})
NAMES = _OF_SHOPS | {"account"} | {path[0] for path in _PAGES}


def find(visit: Visit, parts: Sequence[str]) -> Page | None:
    """The page at this address, whose first part is one of `NAMES`; None where there is none."""
    if visit.shelves.products is None and parts[0] in _OF_SHOPS:
        return None
    match parts:
        case ["account", "addresses", address_id]:
            return partial(account.address, address_id=address_id)
        case ["account", "wishlists", list_id] if list_id not in ("add", "later"):
            return partial(wishes.page, list_id=list_id)
        case ["orders", token, "return"]:
            return partial(returning.request, token=token)
        case ["orders", token]:
            return partial(ordered.order, token=token)
        case _:
            return _PAGES.get(tuple(parts))


def disallowed(prefix: str) -> list[str]:
    """What search engines should not ask for."""
    return [f"Disallow: {prefix}/{name}{end}" for name in sorted(NAMES) for end in ("$", "/")]


async def answer(visit: Visit, page: Page) -> Response:
    """The page, or what is said instead of it. No form of another site gets through."""
    visit.personal = True
    form: Form | None = None
    if visit.request.method == "POST":
        if forms.is_foreign(visit.request, visit.links.origin):
            return await refused(visit, 403, visit.say("refused.foreign"))
        form = await forms.read(visit.request)
        if form is None:
            return await refused(visit, 400, visit.say("refused.form"))
    try:
        return await page(visit, form)
    except asking.Refused as error:
        return await _instead(visit, error)


async def refused(visit: Visit, status: int, reason: str) -> Response:
    """A page that says what cannot be done."""
    head = Head(title=visit.say("refused.title"), index=False, translated=False)
    return await visit.show("refused.html", head, status=status, reason=reason)


async def _instead(visit: Visit, error: asking.Refused) -> Response:
    if error.code in ("internal", "unavailable"):
        raise errors.Unavailable(str(error)) if error.code == "unavailable" else RuntimeError(str(error))
    if error.code == "unauthenticated":
        here = visit.links.at(quote(visit.path)) + addresses.query(visit.params)
        back = here if visit.request.method in ("GET", "HEAD") else ""
        return visit.redirect(visit.links.at("/login") + addresses.query([("next", back)]))
    if error.code in ("not_found", "module_disabled", "invalid_id"):
        return await finding.missing(visit)
    return await refused(visit, 409, forms.explained(visit.wording, asking.Problem(error.code, str(error))))
