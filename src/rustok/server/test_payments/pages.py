"""The test provider's page: two buttons, no JavaScript. Its address holds a token that only the buyer was given."""

from functools import partial
from pathlib import Path

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from rustok.commerce.payments import gateways, methods, notices
from rustok.commerce.payments.providers import books, testing
from rustok.commerce.payments.shapes import State
from rustok.kernel import errors, money
from rustok.server import bodies
from rustok.server.host import Host

_SAFE = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex",
    "X-Frame-Options": "DENY",
    # No `form-action`: the answer to the form leads back to the shop, perhaps at another of its host names.
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'",
}
_WORDS = {
    "en": {
        "title": "Confirm your payment",
        "lead": "This is the test bank of {shop}. No money moves.",
        "amount": "Amount",
        "approve": "Approve the payment",
        "decline": "Decline",
        "done": "This payment was decided already.",
        "back": "Back to the shop",
    },
    "ru": {
        "title": "Подтвердите платёж",
        "lead": "Это тестовый банк магазина {shop}. Деньги не списываются.",
        "amount": "Сумма",
        "approve": "Подтвердить платёж",
        "decline": "Отклонить",
        "done": "По этому платежу решение уже принято.",
        "back": "Вернуться в магазин",
    },
    "de": {
        "title": "Zahlung bestätigen",
        "lead": "Das ist die Testbank von {shop}. Es fließt kein Geld.",
        "amount": "Betrag",
        "approve": "Zahlung bestätigen",
        "decline": "Ablehnen",
        "done": "Über diese Zahlung ist schon entschieden.",
        "back": "Zurück zum Shop",
    },
}
_jinja = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def router(host: Host) -> APIRouter:
    """The page and its form; both are only there where the test provider is."""
    made = APIRouter(prefix=books.PAGE.rstrip("/"), include_in_schema=False)
    shown = gateways.handed_down(host.database.resources)

    def provider() -> testing.Testing:
        found = shown.providers.get("test")
        if not isinstance(found, testing.Testing):
            raise errors.NotFound("there is no such page")
        return found

    @made.get("/{token}")
    async def page(request: Request, token: str) -> Response:
        provider()
        tenant = await host.tenancy.of(request)
        async with host.database.read(tenant) as context:
            payment = await books.by_token(context, token)
        locale = host.locale(request, tenant)
        words = {key: text.format(shop=tenant.name) for key, text in _WORDS.get(locale, _WORDS["en"]).items()}
        content = _jinja.get_template("approve.html").render(
            locale=locale if locale in _WORDS else "en",
            words=words,
            amount=str(money.Money(payment.amount_minor, payment.currency)),
            open=payment.state == State.REQUIRES_ACTION,
            back=payment.return_url or "/",
        )
        return HTMLResponse(content, headers=_SAFE)

    @made.post("/{token}")
    async def decide(request: Request, token: str) -> Response:
        bank = provider()
        tenant = await host.tenancy.of(request)
        said = (await bodies.read_body(request, 1024)).decode("latin-1")
        if said not in ("decision=approve", "decision=decline"):
            raise errors.Invalid("approve or decline", field="decision")
        units = partial(host.database.open, tenant)
        async with units() as context:
            payment = await books.by_token(context, token)
            access = await notices.account(context, await methods.by_code(context, payment.method_code), units)
        url = await bank.decide(access, token, approve=said == "decision=approve")
        return RedirectResponse(url or str(request.url.path), 303, headers={"Cache-Control": "no-store"})

    return made
