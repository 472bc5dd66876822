"""What a customer sees of themselves: orders, addresses, details, and the way out."""

from typing import Any

import msgspec
from starlette.responses import Response

from rustok.storefront import asking, cookies, finding, regions
from rustok.storefront.addresses import query
from rustok.storefront.asking import Data
from rustok.storefront.entrance import DAYS, check_password
from rustok.storefront.forms import Form
from rustok.storefront.head import Head
from rustok.storefront.visit import Visit

_ADDRESS = "{ name company line1 line2 city region postcode country phone formatted }"
_ME = f"""{{ customer {{ id email emailVerified name phone locale acceptsMarketing version
  addresses {{ id version isDefaultShipping isDefaultBilling address {_ADDRESS} }} }} }}"""
_ORDERS = """query ($first: Int!, $after: String) { customer { orders(first: $first, after: $after) {
  nodes { number token status createdAt total { amount currencyCode } lines { title quantity imageUrl } }
  pageInfo { hasNextPage endCursor } } } }"""
_UPDATE = """mutation ($input: CustomerSelfInput!) {
  customerUpdate(input: $input) { customer { id } userErrors { field code message } } }"""
_RENEW = """mutation ($present: String!, $password: String!) {
  passwordChange(presentPassword: $present, password: $password) {
    refreshToken userErrors { field code message } } }"""
_EMAIL = """mutation ($email: String!, $password: String!) {
  customerEmailChange(email: $email, password: $password) { accepted userErrors { field code message } } }"""
_AGAIN = "mutation { customerVerificationResend { accepted userErrors { field code message } } }"
_EVERYWHERE = "mutation { sessionsEndAll { ended userErrors { field code message } } }"
_EXPORT = "{ customerDataExport }"
_ERASE = """mutation ($password: String!) {
  customerErase(password: $password) { erased userErrors { field code message } } }"""
_CREATE = """mutation ($input: CustomerAddressCreateInput!) {
  addressCreate(input: $input) { address { id } userErrors { field code message } } }"""
_CHANGE = """mutation ($id: ID!, $input: CustomerAddressUpdateInput!) {
  addressUpdate(id: $id, input: $input) { address { id } userErrors { field code message } } }"""
_DELETE = "mutation ($id: ID!) { addressDelete(id: $id) { deletedId userErrors { field code message } } }"
_FIELDS = {part: part for part in regions.PARTS} | {"phone": "phone", "email": "email"}

A_PAGE = 20


async def customer(visit: Visit) -> Data:
    """Who is logged in; raises `Refused` with `unauthenticated` for everybody else."""
    found: Data | None = (await visit.ask(_ME))["customer"]
    if found is None:
        raise asking.Refused("unauthenticated", "log in first")
    return found


async def overview(visit: Visit, form: Form | None) -> Response:
    """The front door: what is on its way, and what should be done."""
    me = await customer(visit)
    page = (await visit.ask(_ORDERS, first=3, after=None))["customer"]["orders"]
    return await _show(visit, "overview", me, Form(), orders=page["nodes"], more=page["pageInfo"]["hasNextPage"])


async def orders(visit: Visit, form: Form | None) -> Response:
    """Everything that was ever ordered, the latest first."""
    me = await customer(visit)
    page = (await visit.ask(_ORDERS, first=A_PAGE, after=visit.param("after") or None))["customer"]["orders"]
    info = page["pageInfo"]
    here = visit.links.at("/account/orders")
    return await _show(
        visit, "orders", me, Form(), orders=page["nodes"],
        next=here + query([("after", info["endCursor"])]) if info["hasNextPage"] else "",
        first=here if visit.param("after") else "",
    )  # fmt: skip


async def addresses(visit: Visit, form: Form | None) -> Response:
    """The address book."""
    me = await customer(visit)
    if form is not None and (wanted := form.get("delete", 36)):
        answer = (await visit.ask(_DELETE, id=wanted))["addressDelete"]
        form.take(visit.wording, asking.problems(answer), {})
        if form.is_good:
            return visit.go("/account/addresses", "address_deleted")
    return await _show(visit, "addresses", me, form or Form())


async def address(visit: Visit, form: Form | None, *, address_id: str) -> Response:
    """One address: a new one, or one that is known."""
    me = await customer(visit)
    known = next((one for one in me["addresses"] if one["id"] == address_id), None)
    if known is None and address_id != "new":
        return await finding.missing(visit)
    if form is None:
        values = {part: str(known["address"][part] or "") for part in regions.PARTS} if known else {}
        values.setdefault("name", me["name"])
        values.setdefault("country", regions.usual(visit.tenant))
        if known:
            values |= {"version": str(known["version"])}
            values |= {kind: "yes" for kind in ("shipping", "billing") if known[f"isDefault{kind.title()}"]}
        return await _show(visit, "address", me, Form(values), known=known)
    form.require(visit.wording, "name", "country", "line1", "city")
    if form.is_good:
        given: dict[str, Any] = {
            "address": {part: form.get(part, 255) for part in regions.PARTS},
            "isDefaultShipping": form.get("shipping") == "yes",
            "isDefaultBilling": form.get("billing") == "yes",
        }
        if known:
            given["version"] = form.whole("version")
            answer = (await visit.ask(_CHANGE, id=known["id"], input=given))["addressUpdate"]
        else:
            answer = (await visit.ask(_CREATE, input=given))["addressCreate"]
        form.take(visit.wording, asking.problems(answer), _FIELDS)
    if not form.is_good:
        return await _show(visit, "address", me, form, known=known)
    return visit.go("/account/addresses", "address_saved")


async def details(visit: Visit, form: Form | None) -> Response:
    """Name, language, password, address of mails: each has a form of its own."""
    me = await customer(visit)
    match form.get("do") if form else "":
        case "details":
            return await _details(visit, me, form or Form())
        case "password":
            return await _password(visit, me, form or Form())
        case "email":
            return await _email(visit, me, form or Form())
        case "again":
            await visit.ask(_AGAIN)
            return visit.go("/account", "link_sent")
        case "everywhere":
            await visit.ask(_EVERYWHERE)
            return forget(visit, visit.go("/login", "logged_out_everywhere"))
        case _:
            return await _show_details(visit, me, Form())


async def data(visit: Visit, form: Form | None) -> Response:
    """What is kept of them, as a file, and the end of all of it."""
    me = await customer(visit)
    if form is None:
        return await _show(visit, "data", me, Form())
    if form.get("do") == "export":
        held = (await visit.ask(_EXPORT))["customerDataExport"]
        told = {"Content-Disposition": 'attachment; filename="my-data.json"', "Cache-Control": "private, no-store"}
        body = msgspec.json.format(msgspec.json.encode(held), indent=2)
        return Response(body, headers=told, media_type="application/json")
    if not form.values.get("password"):
        form.refuse("password", visit.say("refusals.missing_password"))
    else:
        answer = (await visit.ask(_ERASE, password=form.values["password"][:2_000]))["customerErase"]
        for one in asking.problems(answer):
            if one.code == "wrong_credentials":
                form.refuse("password", visit.say("refusals.wrong_password"))
            else:
                form.take(visit.wording, [one], {})
    if not form.is_good:
        return await _show(visit, "data", me, form)
    return forget(visit, visit.go("/login", "erased"))


def forget(visit: Visit, response: Response) -> Response:
    """Nothing of the customer stays in the browser."""
    for name in (cookies.SESSION, cookies.CART, cookies.COUNT):
        cookies.drop(response, visit.links.origin, name)
    return response


async def _details(visit: Visit, me: Data, form: Form) -> Response:
    form.require(visit.wording, "name")
    locale = form.get("locale", 20)
    if form.is_good:
        given = {
            "version": form.whole("version"), "name": form.get("name", 200), "phone": form.get("phone", 40),
            "locale": locale if locale in visit.tenant.locales else visit.locale,
            "acceptsMarketing": form.get("marketing") == "yes",
        }  # fmt: skip
        answer = (await visit.ask(_UPDATE, input=given))["customerUpdate"]
        form.take(visit.wording, asking.problems(answer), _FIELDS)
    if not form.is_good:
        return await _show_details(visit, me, form)
    return visit.go("/account/details", "details_saved")


async def _password(visit: Visit, me: Data, form: Form) -> Response:
    if not form.values.get("present"):
        form.refuse("present", visit.say("refusals.missing_password"))
    check_password(visit, form)
    token = None
    if form.is_good:
        answer = (await visit.ask(_RENEW, present=form.values["present"][:2_000], password=form.values["password"]))[
            "passwordChange"
        ]
        token = answer["refreshToken"]
        wrong = [one for one in asking.problems(answer) if one.code == "wrong_credentials"]
        if wrong:
            form.refuse("present", visit.say("refusals.wrong_password"))
        else:
            form.take(visit.wording, asking.problems(answer), {"password": "password"})
    if token is None:
        return await _show_details(visit, me, form)
    response = visit.go("/account/details", "password_changed")
    cookies.keep(response, visit.links.origin, cookies.SESSION, str(token), days=DAYS)
    return response


async def _email(visit: Visit, me: Data, form: Form) -> Response:
    form.require_email(visit.wording)
    if not form.values.get("email_password"):
        form.refuse("email_password", visit.say("refusals.missing_password"))
    if form.is_good:
        answer = await visit.ask(_EMAIL, email=form.get("email", 320), password=form.values["email_password"][:2_000])
        for one in asking.problems(answer["customerEmailChange"]):
            if one.code == "wrong_credentials":
                form.refuse("email_password", visit.say("refusals.wrong_password"))
            else:
                form.take(visit.wording, [one], {"email": "email"})
    if not form.is_good:
        return await _show_details(visit, me, form)
    return visit.go("/account/details", "link_sent")


async def _show_details(visit: Visit, me: Data, form: Form) -> Response:
    sent = form.get("do")
    usual = {
        "name": me["name"], "phone": me["phone"], "locale": me["locale"], "version": str(me["version"]),
        "marketing": "yes" if me["acceptsMarketing"] else "",
    }  # fmt: skip
    # What was typed into one form stays in it; the others show what is stored.
    shown = form if sent == "details" else Form(usual)
    return await _show(visit, "details", me, form, profile=shown, sent=sent)


async def _show(visit: Visit, name: str, me: Data, form: Form, **values: Any) -> Response:
    head = Head(title=visit.say(f"account.{name}"), path=visit.path, index=False)
    return await visit.show(
        f"account_{name}.html", head, status=200 if form.is_good else 422, me=me, form=form, section=name,
        countries=list(regions.names(visit.wording.language).items()), **values,
    )  # fmt: skip
