"""An order as its buyer looks at it: how far it is, what is still to be paid, and every way to go on from there."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from starlette.responses import Response

from rustok.storefront import asking, finding, paying
from rustok.storefront.asking import Data
from rustok.storefront.forms import Form
from rustok.storefront.head import Head
from rustok.storefront.visit import Visit

_TOKEN = re.compile(r"[\w-]{16,128}", re.ASCII)
_MONEY = "{ amount currencyCode }"
_ADDRESS = "{ formatted }"
_ORDER = f"""query ($token: String!) {{
  order(token: $token) {{
    id number token status paymentStatus fulfilmentStatus email createdAt cancelledAt taxIncluded note
    messages {{ body createdAt }}
    lines {{ id title variantTitle options {{ name value }} imageUrl productHandle quantity fulfilledQuantity
      returnedQuantity unitPrice {_MONEY} subtotal {_MONEY} total {_MONEY} requiresShipping }}
    discounts {{ lineId title code reason amount {_MONEY} }} taxes {{ name rate amount {_MONEY} }}
    shippingMethod {{ name pickup }} shippingAddress {_ADDRESS} billingAddress {_ADDRESS}
    subtotal {_MONEY} shippingPrice {_MONEY} shipping {_MONEY} tax {_MONEY} total {_MONEY} giftCards {_MONEY}
    due {_MONEY} captured {_MONEY} refunded {_MONEY} outstanding {_MONEY}
    fulfilments {{ id status carrier trackingNumber trackingUrl createdAt deliveredAt lines {{ lineId quantity }} }}
  }}
  orderPayments(orderToken: $token) {{ id status method amount {_MONEY} errorCode errorMessage
    nextAction {{ kind url }} }}
  orderReturnable(orderToken: $token) {{ lineId }}
  orderReturns(orderToken: $token) {{ number status answer lines {{ title quantity }} }}
  orderPaymentOptions(orderToken: $token) {{ code name instructions redirects }}
}}"""
_START = """mutation ($token: String!, $method: String!) {
  paymentStart(orderToken: $token, paymentMethod: $method) {
    payment { id status } userErrors { field code message } } }"""
_CASH = "cash_on_delivery"  # the code of the method that every shop begins with
_CLOSED = {"CANCELLED"}
_REACHED = ("PENDING", "CONFIRMED", "PROCESSING", "SHIPPED", "DELIVERED", "COMPLETED")


@dataclass(frozen=True)
class Stage:
    """One thing that happens to an order: whether it has happened, and when if that is known."""

    name: str
    reached: bool
    at: str = ""


async def order(visit: Visit, form: Form | None, *, token: str) -> Response:
    """The page that a confirmation's link leads to; its one form pays what is still due."""
    found = await _find(visit, token)
    if found is None:
        return await finding.missing(visit)
    if form is None and visit.param(paying.BACK):
        return await paying.come_back(visit, token, found["orderPayments"])
    if form is None:
        return await _show(visit, found, Form())
    form.require(visit.wording, "method")
    if form.is_good:
        wanted = {"token": token, "method": form.get("method", 64)}
        answer = (await visit.ask(_START, **wanted))["paymentStart"]
        form.take(visit.wording, asking.problems(answer), {"paymentMethod": "method"})
        if answer["payment"] and form.is_good:
            return await paying.go_on(visit, token, answer["payment"])
        found = await _find(visit, token) or found
    return await _show(visit, found, form)


async def _find(visit: Visit, token: str) -> Data | None:
    if not _TOKEN.fullmatch(token):
        return None
    found = await visit.ask(_ORDER, token=token)
    return found if found["order"] else None


async def _show(visit: Visit, found: Data, form: Form) -> Response:
    it, payments, ways = found["order"], found["orderPayments"], found["orderPaymentOptions"]
    last = payments[-1] if payments else None
    is_closed = it["status"] in _CLOSED
    is_due = not is_closed and Decimal(it["outstanding"]["amount"]) > 0
    head = Head(title=visit.say("order.title", number=it["number"]), path=visit.path, index=False)
    return await visit.show(
        "order.html", head, status=200 if form.is_good else 422, form=form, order=it, payment=last,
        stages=stages(visit, it), receipt=receipt(it), savings=_savings(it), is_closed=is_closed,
        refused=_refused(visit, last) if is_due and last and last["status"] == "DECLINED" else "",
        goes_on=_onward(last) if is_due else "", unpaid=is_due and _is_unpaid(last),
        instructions=_instructions(last, ways), bank=_bank(visit, last),
        ways=ways if is_due and not _is_under_way(last) else (),
        returnable=bool(found["orderReturnable"]), returns=found["orderReturns"],
        papers=[] if is_closed else [(visit.say("order.invoice"), f"/orders/{it['token']}/invoice.pdf")],
        titles={line["id"]: line["title"] for line in it["lines"]},
    )  # fmt: skip


def stages(visit: Visit, it: Data) -> Sequence[Stage]:
    """How far the order is, as a buyer follows it."""
    placed = Stage(visit.say("order.stage.placed"), True, it["createdAt"])
    if it["status"] == "CANCELLED":
        return [placed, Stage(visit.say("order.stage.cancelled"), True, it["cancelledAt"] or "")]
    place = _REACHED.index(it["status"]) if it["status"] in _REACHED else 0
    parcels = [one for one in it["fulfilments"] if one["status"] != "CANCELLED"]
    sent = parcels[0]["createdAt"] if parcels else ""
    arrived = next((one["deliveredAt"] for one in reversed(parcels) if one["deliveredAt"]), "")
    has_goods = any(line["requiresShipping"] for line in it["lines"])
    picked = bool((it["shippingMethod"] or {}).get("pickup"))
    found = [placed, Stage(visit.say("order.stage.confirmed"), place >= 1)]
    if has_goods:
        found.append(Stage(visit.say("order.stage.ready" if picked else "order.stage.shipped"), place >= 3, sent))
        found.append(
            Stage(visit.say("order.stage.picked_up" if picked else "order.stage.delivered"), place >= 4, arrived)
        )
    else:
        found.append(Stage(visit.say("order.stage.completed"), place >= 5))
    return found


def receipt(it: Data) -> Mapping[str, Any]:
    """The order's amounts as the template of totals takes those of a cart."""
    taxes: dict[tuple[str, str], dict[str, Any]] = {}
    for one in it["taxes"]:
        sum_ = taxes.setdefault((one["name"], one["rate"]), {**one, "sum": Decimal(0)})
        sum_["sum"] += Decimal(one["amount"]["amount"])
    return {
        **it,
        "taxes": [{**one, "amount": {**one["amount"], "amount": str(one["sum"])}} for one in taxes.values()],
        "requiresShipping": it["shippingMethod"] is not None,
        "shippingMethod": it["shippingMethod"] and {**it["shippingMethod"], "price": it["shippingPrice"]},
        "shippingDiscounts": [one for one in it["discounts"] if one["lineId"] is None],
    }


def _savings(it: Data) -> list[Mapping[str, Any]]:
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for one in it["discounts"]:
        sum_ = found.setdefault((one["title"], one["code"] or ""), {**one, "sum": Decimal(0)})
        sum_["sum"] += Decimal(one["amount"]["amount"])
    return [{**one, "amount": {**one["amount"], "amount": str(-one["sum"])}} for one in found.values()]


def _refused(visit: Visit, payment: Data) -> str:
    key = f"declined.{payment['errorCode']}"
    return visit.say(key if key in visit.wording.messages else "declined.other")


def _instructions(payment: Data | None, ways: Sequence[Data]) -> str:
    """What the buyer does for money that comes by itself."""
    if payment is None or payment["status"] != "AWAITING":
        return ""
    return next((str(one["instructions"]) for one in ways if one["code"] == payment["method"]), "")


def _bank(visit: Visit, payment: Data | None) -> Sequence[str]:
    """Where a transfer goes: the lines of the setting `seller.bank`."""
    if payment is None or payment["status"] != "AWAITING" or payment["method"] == _CASH:
        return ()
    known = visit.setting("seller", "bank")
    lines = known.splitlines() if isinstance(known, str) else known if isinstance(known, Sequence) else ()
    return [str(one) for one in lines]


def _is_unpaid(payment: Data | None) -> bool:
    """Whether nothing is on its way, and nothing is left for the buyer but to pay in some way."""
    if payment is None or payment["status"] in ("PENDING", "DECLINED", "VOIDED"):
        return True
    return payment["status"] == "REQUIRES_ACTION" and not _onward(payment)


def _is_under_way(payment: Data | None) -> bool:
    return payment is not None and payment["status"] == "PROCESSING"


def _onward(payment: Data | None) -> str:
    """Where the buyer still has to do something."""
    url = str(((payment or {}).get("nextAction") or {}).get("url") or "")
    return url if paying.is_safe(url) else ""
