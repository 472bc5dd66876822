"""Sending something back: which pieces, and why. The shop answers by mail and on the order's page."""

from typing import Any

from starlette.responses import Response

from rustok.storefront import asking, finding
from rustok.storefront.asking import Data
from rustok.storefront.forms import Form
from rustok.storefront.head import Head
from rustok.storefront.visit import Visit

REASONS = (
    "CHANGED_MIND", "DOES_NOT_FIT", "DAMAGED", "DEFECTIVE", "NOT_AS_DESCRIBED", "WRONG_ITEM", "TOO_LATE", "OTHER",
)  # fmt: skip

_LOOK = """query ($token: String!) {
  order(token: $token) { number token }
  orderReturnable(orderToken: $token) { lineId title variantTitle imageUrl quantity } }"""
_ASK = """mutation ($input: OrderReturnRequestInput!) {
  orderReturnRequest(input: $input) { orderReturn { id } userErrors { field code message } } }"""


async def request(visit: Visit, form: Form | None, *, token: str) -> Response:
    """The form for it; lines of which nothing is to be sent back stay at none."""
    found = await visit.ask(_LOOK, token=token)
    if not found["order"]:
        return await finding.missing(visit)
    if form is None:
        return await _show(visit, found, Form())
    lines = []
    for line in found["orderReturnable"]:
        name = f"quantity-{line['lineId']}"
        wanted = form.whole(name, 0 if not form.get(name) else -1)
        if not 0 <= wanted <= line["quantity"]:
            form.refuse(name, visit.say("returns.bad_quantity", line["quantity"]))
        elif wanted:
            lines.append(_piece(form, line, wanted))
    if not lines and form.is_good:
        form.said.append(visit.say("returns.nothing"))
    if form.is_good:
        given = {"orderToken": token, "lines": lines, "note": form.get("note", 2_000) or None}
        answer = (await visit.ask(_ASK, input=given))["orderReturnRequest"]
        form.take(visit.wording, asking.problems(answer), {"note": "note"})
    if not form.is_good:
        return await _show(visit, found, form)
    return visit.go(f"/orders/{token}", "return_requested")


def _piece(form: Form, line: Data, quantity: int) -> dict[str, Any]:
    reason = form.get(f"reason-{line['lineId']}", 40)
    return {"lineId": line["lineId"], "quantity": quantity, "reason": reason if reason in REASONS else "OTHER"}


async def _show(visit: Visit, found: Data, form: Form) -> Response:
    head = Head(title=visit.say("returns.title"), path=visit.path, index=False)
    reasons = [(code, visit.say(f"returns.reason.{code.lower()}")) for code in REASONS]
    return await visit.show(
        "return.html", head, status=200 if form.is_good else 422, form=form, order=found["order"],
        lines=found["orderReturnable"], reasons=reasons,
    )  # fmt: skip
