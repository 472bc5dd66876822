"""Ways to pay: what a shop begins with, which of them fit an order, and how staff change them."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, TypedDict
from uuid import UUID, uuid5

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from rustok.commerce.catalogue import checks
from rustok.commerce.payments import gateways
from rustok.commerce.payments.models import Payment, PaymentMethod
from rustok.commerce.payments.shapes import Account, Capture, Units
from rustok.kernel import errors, money
from rustok.kernel.context import Context

BANK_TRANSFER, CASH_ON_DELIVERY = "bank_transfer", "cash_on_delivery"
MOST_METHODS = 50
_CODE = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
_COUNTRY = re.compile(r"[A-Z]{2}")
_NAMESPACE = UUID("5c8ef2f1-5d4b-4d8e-9f0e-3b3c1d6f6a01")

_BEGIN_WITH: tuple[dict[str, Any], ...] = (
    {
        "code": BANK_TRANSFER,
        "position": 0,
        "names": {"en": "Bank transfer", "ru": "Банковский перевод", "de": "Überweisung"},
        "instructions": {
            "en": "Please transfer the amount and name your order's number. We ship when the money has arrived.",
            "ru": "Переведите сумму и укажите номер заказа. Мы отправим товар, когда деньги поступят.",
            "de": "Bitte überweisen Sie den Betrag mit Ihrer Bestellnummer. Wir versenden, sobald er eingegangen ist.",
        },
        "settings": {"hold_hours": 14 * 24},
    },
    {
        "code": CASH_ON_DELIVERY,
        "position": 1,
        "names": {"en": "Cash on delivery", "ru": "Оплата при получении", "de": "Nachnahme"},
        "instructions": {
            "en": "You pay when the parcel arrives.",
            "ru": "Вы платите, когда получаете посылку.",
            "de": "Sie zahlen, wenn das Paket ankommt.",
        },
        "settings": {"accept": "at_once", "hold_hours": 0},
    },
)
# What every method may be told, besides what its provider knows.
_SETTINGS = {
    "hold_hours": "after so many hours an unpaid order is given up; 0: never",
    "accept": "at_once: an order is confirmed although its money comes later",
}
_HOLD_HOURS = {True: 1, False: 14 * 24}  # for providers that are asked, and for money that comes by itself


class MethodTaken(errors.Conflict):
    """Another way to pay has the code."""

    code = "payment_method_taken"


class MethodUnavailable(errors.Invalid):
    """This way to pay does not fit: its limits, countries or currencies, or it is switched off."""

    code = "payment_method_unavailable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A way to pay as a buyer sees it, in the buyer's language."""

    id: UUID
    code: str
    name: str
    instructions: str
    provider: str
    redirects: bool  # the buyer may have to do something on another page
    position: int
    holds: timedelta | None  # how long stock is kept for an order that is not paid; None: until staff decide
    settings: Mapping[str, Any] = field(default_factory=dict)


class MethodFacts(TypedDict, total=False):
    """What staff may say of a way to pay."""

    names: Mapping[str, str]
    instructions: Mapping[str, str]
    enabled: bool
    position: int
    limits: Mapping[str, Mapping[str, int | None]]
    countries: Sequence[str]
    currencies: Sequence[str]
    capture: str
    settings: Mapping[str, Any]
    secrets: Mapping[str, str | None]


def beginnings(context: Context) -> list[PaymentMethod]:
    """What a shop offers that never chose anything; not stored until it is used."""
    return [
        PaymentMethod(
            tenant_id=context.tenant_id,
            id=uuid5(_NAMESPACE, f"{context.tenant_id}/{facts['code']}"),
            provider="manual",
            enabled=True,
            limits={},
            countries=[],
            currencies=[],
            capture=Capture.MANUAL,
            sealed={},
            version=1,
            created_at=context.now,
            updated_at=context.now,
            **facts,
        )
        for facts in _BEGIN_WITH
    ]


async def all_of(context: Context) -> list[PaymentMethod]:
    """Every way to pay, in the shop's order."""
    found = await context.session.scalars(
        select(PaymentMethod)
        .where(PaymentMethod.tenant_id == context.tenant_id)
        .order_by(PaymentMethod.position, PaymentMethod.code)
        .execution_options(populate_existing=True)
    )
    return list(found) or beginnings(context)


async def settle_in(context: Context) -> None:
    """Store what the shop begins with, if it has nothing: before anything is changed or referred to."""
    if await context.session.scalar(select(PaymentMethod.id).where(PaymentMethod.tenant_id == context.tenant_id)):
        return
    columns = [one.key for one in PaymentMethod.__table__.columns]
    rows = [{name: getattr(method, name) for name in columns} for method in beginnings(context)]
    await context.session.execute(insert(PaymentMethod).values(rows).on_conflict_do_nothing())


async def get(context: Context, method_id: UUID) -> PaymentMethod:
    """The way to pay; raises `NotFound`."""
    for one in await all_of(context):
        if one.id == method_id:
            return one
    raise errors.NotFound("no such payment method", field="id")


async def by_code(context: Context, code: str) -> PaymentMethod:
    """The same by its code."""
    for one in await all_of(context):
        if one.code == code:
            return one
    raise errors.NotFound("no such payment method", field="paymentMethod")


async def fitting(context: Context, *, currency: str, country: str, total: int) -> list[Offer]:
    """Those that a buyer may choose for such an order, in the shop's order."""
    return [
        _offer(context, one)
        for one in await all_of(context)
        if _why_not(context, one, currency=currency, country=country, total=total) is None
    ]


async def choose(context: Context, code: str, *, currency: str, country: str, total: int) -> PaymentMethod:
    """The chosen one; raises `NotFound`, or `MethodUnavailable` that says why it does not fit."""
    method = await by_code(context, code)
    reason = _why_not(context, method, currency=currency, country=country, total=total)
    if reason is not None:
        raise MethodUnavailable(f"{_text(context, method.names, method.code)}: {reason}", field="paymentMethod")
    return method


def offer(context: Context, method: PaymentMethod) -> Offer:
    """The way to pay as its buyer sees it, whether or not it fits."""
    return _offer(context, method)


async def account(context: Context, method: PaymentMethod, *, units: Units, notify: Any) -> Account:
    """The access that a call to the provider needs, with opened secrets."""
    sealer = gateways.of(context).sealer
    secrets = {}
    for name, sealed in method.sealed.items():
        if sealer is None:
            raise errors.Unavailable("this program was started without the installation's secret")
        secrets[name] = sealer.open(sealed, tenant_id=context.tenant_id, method=str(method.id), name=name)
    return Account(
        tenant_id=context.tenant_id,
        method_code=method.code,
        site=f"https://{context.tenant.hosts[0]}" if context.tenant.hosts else "",
        settings=dict(method.settings),
        secrets=secrets,
        units=units,
        notify=notify,
    )


async def create(context: Context, *, code: str, provider: str, **facts: Any) -> PaymentMethod:
    """A new way to pay, enabled unless it says otherwise; raises `UnknownProvider` and `MethodTaken`."""
    if not _CODE.fullmatch(code):
        raise errors.Invalid("a code is made of small Latin letters, digits, - and _", field="code")
    gateways.of(context).get(provider)
    await settle_in(context)
    known = await all_of(context)
    if any(one.code == code for one in known):
        raise MethodTaken(f"there is a payment method {code} already", field="code")
    if len(known) >= MOST_METHODS:
        raise errors.TooMany(f"a shop has at most {MOST_METHODS} payment methods")
    made = PaymentMethod(
        tenant_id=context.tenant_id,
        id=uuid5(_NAMESPACE, f"{context.tenant_id}/{code}"),
        code=code,
        provider=provider,
        names={},
        instructions={},
        enabled=True,
        position=max((one.position for one in known), default=-1) + 1,
        limits={},
        countries=[],
        currencies=[],
        capture=Capture.AUTOMATIC,
        settings={},
        sealed={},
        version=1,
        created_at=context.now,
    )
    _write(context, made, facts)
    if not made.names:
        raise errors.Invalid("names must hold at least one language", field="names")
    context.session.add(made)
    await context.session.flush()
    return made


async def change(context: Context, method_id: UUID, *, version: int | None = None, **facts: Any) -> PaymentMethod:
    """Change what is given; raises `Stale` for another version. A secret of null is forgotten."""
    method = await _locked(context, method_id)
    checks.version(method.version, version)
    _write(context, method, facts)
    method.version += 1
    await context.session.flush()
    return method


async def remove(context: Context, method_id: UUID) -> None:
    """Forget a way to pay that nothing was ever paid with; raises `Conflict` for another."""
    method = await _locked(context, method_id)
    if method.code in (BANK_TRANSFER, CASH_ON_DELIVERY):
        raise errors.Conflict("this one comes with every shop: switch it off instead", field="id")
    used = select(Payment.id).where(Payment.tenant_id == context.tenant_id, Payment.method_code == method.code).limit(1)
    if await context.session.scalar(used) is not None:
        raise errors.Conflict("something was paid this way: switch it off instead", field="id")
    await context.session.delete(method)
    await context.session.flush()


async def _locked(context: Context, method_id: UUID) -> PaymentMethod:
    await settle_in(context)
    found = await context.session.scalar(
        select(PaymentMethod)
        .where(PaymentMethod.tenant_id == context.tenant_id, PaymentMethod.id == method_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if found is None:
        raise errors.NotFound("no such payment method", field="id")
    return found


def _why_not(context: Context, method: PaymentMethod, *, currency: str, country: str, total: int) -> str | None:
    provider = gateways.of(context).providers.get(method.provider)
    limits = method.limits.get(currency, {})
    least, most = limits.get("least"), limits.get("most")
    if not method.enabled or provider is None:
        return "it is not offered now"
    if method.currencies and currency not in method.currencies:
        return f"it is not offered in {currency}"
    if method.countries and country and country not in method.countries:
        return f"it is not offered in {country}"
    if least is not None and total < least:
        return f"it begins at {money.Money(least, currency)}"
    if most is not None and total > most:
        return f"it ends at {money.Money(most, currency)}"
    if total <= 0 or not provider.chargeable(total, currency):
        return f"it cannot charge {money.Money(total, currency)}"
    return None


def _offer(context: Context, method: PaymentMethod) -> Offer:
    provider = gateways.of(context).providers.get(method.provider)
    asks = provider is not None and provider.capabilities.asks
    hours = method.settings.get("hold_hours", _HOLD_HOURS[asks])
    return Offer(
        id=method.id,
        code=method.code,
        name=_text(context, method.names, method.code),
        instructions=_text(context, method.instructions, ""),
        provider=method.provider,
        redirects=asks,
        position=method.position,
        holds=timedelta(hours=int(hours)) if int(hours) else None,
        settings=method.settings,
    )


def _text(context: Context, texts: Mapping[str, str], otherwise: str) -> str:
    for locale in (context.locale, context.tenant.default_locale, "en"):
        if texts.get(locale):
            return texts[locale]
    return next(iter(texts.values()), otherwise)


def _write(context: Context, method: PaymentMethod, facts: Mapping[str, Any]) -> None:
    for name, value in facts.items():
        match name:
            case "names" | "instructions":
                setattr(method, name, _texts(context, value, name, most=255 if name == "names" else 4000))
            case "enabled":
                method.enabled = bool(value)
            case "position":
                method.position = checks.whole(value, "position")
            case "limits":
                method.limits = _limits(value)
            case "countries":
                method.countries = _codes(value, _COUNTRY, "countries")
            case "currencies":
                method.currencies = [money.check_currency(one) for one in _codes(value, re.compile(".{3}"), name)]
            case "capture":
                method.capture = Capture(value)
            case "settings":
                method.settings = _settings(context, method, value)
            case "secrets":
                method.sealed = _sealed(context, method, value)
            case _:
                raise TypeError(f"a payment method has no {name}")
    provider = gateways.of(context).get(method.provider)
    if method.capture == Capture.MANUAL and not provider.capabilities.manual_capture:
        raise errors.Invalid(f"{method.provider} cannot wait with capturing", field="capture")


def _texts(context: Context, value: Mapping[str, str], name: str, *, most: int) -> dict[str, str]:
    found = {}
    for locale, told in value.items():
        if locale not in context.tenant.locales:
            raise errors.Invalid(f"this shop does not speak {locale[:16]!r}", field=name)
        stored = checks.optional_text(told, name, most=most)
        if stored:
            found[locale] = stored
    if name == "names" and not found:
        raise errors.Invalid("names must hold at least one language", field=name)
    return found


def _limits(value: Mapping[str, Mapping[str, int | None]]) -> dict[str, Any]:
    found = {}
    for currency, bounds in value.items():
        least, most = bounds.get("least"), bounds.get("most")
        for amount in (least, most):
            if amount is not None and not 0 <= amount <= money.LARGEST_MINOR:
                raise errors.Invalid("a limit is not below zero", field="limits")
        if least is not None and most is not None and least > most:
            raise errors.Invalid("the least amount is larger than the most", field="limits")
        found[money.check_currency(currency)] = {k: v for k, v in bounds.items() if v is not None}
    return found


def _codes(value: Sequence[str], form: re.Pattern[str], name: str) -> list[str]:
    if len(value) > 300:
        raise errors.Invalid(f"{name} holds too many codes", field=name)
    for one in value:
        if not form.fullmatch(one):
            raise errors.Invalid(f"{one[:16]!r} is no code for {name}", field=name)
    return sorted(set(value))


def _settings(context: Context, method: PaymentMethod, value: Mapping[str, Any]) -> dict[str, Any]:
    known = {*gateways.of(context).get(method.provider).settings, *_SETTINGS}
    found = dict(checks.metadata(value))
    for name in found:
        if name not in known:
            raise errors.Invalid(f"{method.provider} has no setting {name[:64]!r}", field="settings")
    hours = found.get("hold_hours", 0)
    if isinstance(hours, bool) or not isinstance(hours, int) or not 0 <= hours <= 24 * 366:
        raise errors.Invalid("hold_hours is a whole number of hours, at most a year", field="settings")
    if found.get("accept", "at_once") not in ("at_once", "when_paid"):
        raise errors.Invalid("accept is at_once or when_paid", field="settings")
    return found


def _sealed(context: Context, method: PaymentMethod, value: Mapping[str, str | None]) -> dict[str, Any]:
    found, sealer = dict(method.sealed), gateways.of(context).sealer
    for name, secret in value.items():
        if name not in gateways.of(context).get(method.provider).secrets:
            raise errors.Invalid(f"{method.provider} has no secret {name[:64]!r}", field="secrets")
        if secret is None:
            found.pop(name, None)
            continue
        if sealer is None:
            raise errors.Unavailable("this program was started without the installation's secret")
        stored = checks.text(secret, "secrets", most=1000)
        found[name] = sealer.seal(stored, tenant_id=context.tenant_id, method=str(method.id), name=name)
    return found
