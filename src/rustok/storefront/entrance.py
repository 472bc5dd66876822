"""The doors: logging in and out, signing up, proving an address, and a forgotten password."""

from starlette.responses import Response

from rustok.storefront import addresses, asking, cart, cookies
from rustok.storefront.forms import Form
from rustok.storefront.head import Head
from rustok.storefront.visit import Visit

DAYS = 180  # the API ends the session earlier where it is not used
SHORTEST_PASSWORD = 10

_LOG_IN = """mutation ($email: String!, $password: String!) {
  sessionCreate(email: $email, password: $password) { refreshToken userErrors { field code message } } }"""
_LOG_OUT = "mutation { sessionEnd { ended userErrors { code message } } }"
_WHO = "{ me { id email } }"
_REGISTER = """mutation ($email: String!, $password: String!, $name: String!) {
  customerRegister(email: $email, password: $password, name: $name) { accepted userErrors { field code message } } }"""
_VERIFY = "mutation ($token: String!) { customerVerify(token: $token) { verified userErrors { field code message } } }"
_AGAIN = """mutation ($email: String!) {
  customerVerificationResend(email: $email) { accepted userErrors { field code message } } }"""
_FORGOT = """mutation ($email: String!) {
  passwordResetRequest(email: $email) { accepted userErrors { field code message } } }"""
_RESET = """mutation ($token: String!, $password: String!) {
  passwordReset(token: $token, password: $password) { accepted userErrors { field code message } } }"""

_FIELDS = {"email": "email", "password": "password", "name": "name"}


async def log_in(visit: Visit, form: Form | None) -> Response:
    """Who knows the password gets the session's cookie and goes on to where they were."""
    onward = _onward(visit, form)
    if form is None:
        if visit.cookie(cookies.SESSION) and (await visit.ask(_WHO))["me"]:
            return visit.redirect(onward)
        return await _show(visit, "login", Form({"email": visit.param("email")}), onward=onward)
    form.require_email(visit.wording)
    form.require(visit.wording, "password")
    if form.is_good:
        given = await visit.ask(_LOG_IN, email=form.get("email"), password=form.values["password"][:2_000])
        made = given["sessionCreate"]
        token = made["refreshToken"]
        if token:
            return await _welcome(visit, str(token), onward)
        # Which of the two is wrong is not said: the sentence belongs to both.
        form.take(visit.wording, asking.problems(made), {})
    return await _show(visit, "login", form, onward=onward)


async def _welcome(visit: Visit, token: str, onward: str) -> Response:
    """On, as the customer, with what the guest had put into the cart."""
    response = visit.redirect(onward)
    cookies.keep(response, visit.links.origin, cookies.SESSION, token, days=DAYS)
    if visit.shelves.products is not None:
        visit.token = token
        await cart.merge(visit, response)
    return response


async def log_out(visit: Visit, form: Form | None) -> Response:
    """End the session and forget everything that belonged to it."""
    if form is None:
        return visit.redirect(visit.links.at("/account"))
    try:
        await visit.ask(_LOG_OUT)
    except asking.Refused as error:
        if error.code != "unauthenticated":
            raise
    response = visit.go("/login", "logged_out")
    for name in (cookies.SESSION, cookies.CART, cookies.COUNT):
        cookies.drop(response, visit.links.origin, name)
    return response


async def register(visit: Visit, form: Form | None) -> Response:
    """A new account. Whether the address has one already is said to its owner alone, by mail."""
    onward = _onward(visit, form)
    if form is None:
        return await _show(visit, "register", Form({"email": visit.param("email")}), onward=onward)
    form.require(visit.wording, "name")
    form.require_email(visit.wording)
    check_password(visit, form)
    if form.is_good:
        given = await visit.ask(
            _REGISTER, email=form.get("email"), password=form.values["password"], name=form.get("name", 200)
        )
        form.take(visit.wording, asking.problems(given["customerRegister"]), _FIELDS)
    if form.is_good:
        return await _show(visit, "sent", form, about="register", onward=onward)
    return await _show(visit, "register", form, onward=onward)


async def verify(visit: Visit, form: Form | None) -> Response:
    """The link in a mail leads here; whoever only looks has not confirmed yet, as programs look at links too."""
    if form is None:
        return await _show(visit, "verify", Form({"token": visit.param("token")}))
    if token := form.get("token"):
        made = (await visit.ask(_VERIFY, token=token))["customerVerify"]
        form.take(visit.wording, asking.problems(made), {})
        if form.is_good:
            return visit.go("/account", "verified")
        return await _show(visit, "verify", form)
    form.require_email(visit.wording)
    if form.is_good:
        await visit.ask(_AGAIN, email=form.get("email", 320))
    return await _show(visit, "sent" if form.is_good else "verify", form, about="verify")


async def forgot(visit: Visit, form: Form | None) -> Response:
    """Ask for a link by mail; the answer is the same whether or not there is such an account."""
    if form is None:
        return await _show(visit, "forgot", Form({"email": visit.param("email")}))
    form.require_email(visit.wording)
    if form.is_good:
        given = await visit.ask(_FORGOT, email=form.get("email"))
        form.take(visit.wording, asking.problems(given["passwordResetRequest"]), _FIELDS)
    return await _show(visit, "sent" if form.is_good else "forgot", form, about="forgot")


async def reset(visit: Visit, form: Form | None) -> Response:
    """Set a password with the token of a mail."""
    token = form.get("token") if form else visit.param("token")
    if form is None:
        return await _show(visit, "reset", Form({"token": token}))
    check_password(visit, form)
    if form.is_good:
        given = await visit.ask(_RESET, token=token, password=form.values["password"])
        form.take(visit.wording, asking.problems(given["passwordReset"]), _FIELDS)
    if form.is_good:
        return visit.go("/login", "password_set")
    return await _show(visit, "reset", form)


def check_password(visit: Visit, form: Form) -> None:
    """It must be long enough; the API looks closer."""
    password = form.values.get("password", "")
    if len(password) < SHORTEST_PASSWORD:
        form.refuse("password", visit.say("refusals.short_password"))


def _onward(visit: Visit, form: Form | None) -> str:
    """Where to go on; never to another site."""
    wanted = form.get("next", 1_000) if form else visit.param("next")
    usual = "/account" if visit.shelves.products is not None else "/"
    return addresses.local(wanted, visit.links.at(usual))


async def _show(visit: Visit, name: str, form: Form, **values: object) -> Response:
    head = Head(title=visit.say(f"{name}.title"), path=visit.path, index=False)
    status = 200 if form.is_good else 422
    return await visit.show(f"{name}.html", head, status=status, form=form, **values)
