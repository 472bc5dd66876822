"""From an order to its payment: asking for it, sending the buyer where something is to be done, and coming back."""

from collections.abc import Sequence
from urllib.parse import urlsplit

from starlette.responses import Response

from rustok.storefront.asking import Data
from rustok.storefront.visit import Visit

_PROCESS = """mutation ($id: ID!, $token: String, $back: String) {
  paymentProcess(paymentId: $id, orderToken: $token, returnUrl: $back) {
    payment { id status nextAction { kind url } } userErrors { field code message } } }"""
_OPEN = {"PENDING", "PROCESSING", "REQUIRES_ACTION", "DECLINED"}
_UNDECIDED = {"PROCESSING", "REQUIRES_ACTION"}
BACK = "back"  # says in the address of an order's page that its buyer comes from paying


async def go_on(visit: Visit, token: str, payment: Data | None) -> Response:
    """To wherever the buyer has to do something for the payment, else to the order's page, which says how it went."""
    page = visit.links.at(f"/orders/{token}")
    if payment is None or payment["status"] not in _OPEN:
        return visit.go(f"/orders/{token}")
    answer = (await visit.ask(_PROCESS, id=payment["id"], token=token, back=f"{page}?{BACK}=payment"))["paymentProcess"]
    made = answer["payment"] or {}
    action = made.get("nextAction") or {}
    if is_safe(str(action.get("url") or "")):
        return visit.redirect(str(action["url"]))
    return visit.go(f"/orders/{token}")


async def come_back(visit: Visit, token: str, payments: Sequence[Data]) -> Response:
    """From the provider's page, perhaps before its notice: how it went is asked for, and nothing else is done."""
    if payments and payments[-1]["status"] in _UNDECIDED:
        await visit.ask(_PROCESS, id=payments[-1]["id"], token=token, back=visit.links.at(f"/orders/{token}"))
    return visit.go(f"/orders/{token}")


def is_safe(url: str) -> bool:
    """Whether a browser may be sent there: a page of ours, or one that is reached over HTTP."""
    if not url or any(ord(c) < 33 or c == "\\" for c in url):
        return False
    parts = urlsplit(url)
    return parts.scheme in ("http", "https") if parts.scheme or parts.netloc else url.startswith("/")
