"""Staff arrange the ways to pay: add one, change it, remove it. What does not fit its provider is refused."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, TypedDict
from uuid import UUID

from sqlalchemy import select

from rustok.commerce.catalogue import checks
from rustok.commerce.payments import gateways, methods
from rustok.commerce.payments.models import Payment, PaymentMethod
from rustok.commerce.payments.shapes import Capture
from rustok.kernel import errors, money
from rustok.kernel.context import Context

MOST_METHODS = 50
_CODE = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
_COUNTRY = re.compile(r"[A-Z]{2}")
# What every method may be told, besides what its provider knows.
_SETTINGS = {
    "hold_hours": "after so many hours an unpaid order is given up; 0: never",
    "accept": "at_once: an order is confirmed although its money comes later",
}


class MethodTaken(errors.Conflict):
    """Another way to pay has the code."""

    code = "payment_method_taken"


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


async def create(context: Context, *, code: str, provider: str, **facts: Any) -> PaymentMethod:
    """A new way to pay, enabled unless it says otherwise; raises `UnknownProvider` and `MethodTaken`."""
    if not _CODE.fullmatch(code):
        raise errors.Invalid("a code is made of small Latin letters, digits, - and _", field="code")
    gateways.of(context).get(provider)
    await methods.settle_in(context)
    known = await methods.all_of(context)
    if any(one.code == code for one in known):
        raise MethodTaken(f"there is a payment method {code} already", field="code")
    if len(known) >= MOST_METHODS:
        raise errors.TooMany(f"a shop has at most {MOST_METHODS} payment methods")
    made = PaymentMethod(
        tenant_id=context.tenant_id,
        id=methods.id_of(context, code),
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
    if method.code in (methods.BANK_TRANSFER, methods.CASH_ON_DELIVERY):
        raise errors.Conflict("this one comes with every shop: switch it off instead", field="id")
    used = select(Payment.id).where(Payment.tenant_id == context.tenant_id, Payment.method_code == method.code).limit(1)
    if await context.session.scalar(used) is not None:
        raise errors.Conflict("something was paid this way: switch it off instead", field="id")
    await context.session.delete(method)
    await context.session.flush()


async def _locked(context: Context, method_id: UUID) -> PaymentMethod:
    await methods.settle_in(context)
    found = await context.session.scalar(
        select(PaymentMethod)
        .where(PaymentMethod.tenant_id == context.tenant_id, PaymentMethod.id == method_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if found is None:
        raise errors.NotFound("no such payment method", field="id")
    return found


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
