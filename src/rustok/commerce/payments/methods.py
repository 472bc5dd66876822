"""Ways to pay: what a shop begins with, and which of them fit an order."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from rustok.commerce.payments import gateways
from rustok.commerce.payments.models import PaymentMethod
from rustok.commerce.payments.shapes import Account, Capture, Units
from rustok.kernel import errors, money
from rustok.kernel.context import Context

BANK_TRANSFER, CASH_ON_DELIVERY = "bank_transfer", "cash_on_delivery"
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
_HOLD_HOURS = {True: 1, False: 14 * 24}  # for providers that are asked, and for money that comes by itself


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


def id_of(context: Context, code: str) -> UUID:
    """The id of the way to pay with this code: the same one whoever stores it first."""
    return uuid5(_NAMESPACE, f"{context.tenant_id}/{code}")


def beginnings(context: Context) -> list[PaymentMethod]:
    """What a shop offers that never chose anything; not stored until it is used."""
    return [
        PaymentMethod(
            tenant_id=context.tenant_id,
            id=id_of(context, str(facts["code"])),
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
