"""Stripe's own payment page: a buyer is sent there, pays without any script of ours, and comes back."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rustok.commerce.payments.providers import stripe_api as api
from rustok.commerce.payments.shapes import Account, Asked, NextAction, Refused, Seen, State

if TYPE_CHECKING:
    import stripe

_EXPAND = "payment_intent.latest_charge"
_IDS = "cs_"


def is_one(reference: str) -> bool:
    """Whether Stripe's name is that of a page, not yet that of a payment."""
    return reference.startswith(_IDS)


async def open(client: "stripe.StripeClient", account: Account, asked: Asked) -> dict[str, Any]:
    """A page for exactly this amount. It stays open for a day, and leads back either way."""
    back, told = absolute(account, asked.return_url), metadata(account, asked)
    price = {
        "currency": asked.currency.lower(),
        "unit_amount": api.to_stripe(asked.amount_minor, asked.currency),
        "product_data": {"name": asked.description or str(asked.order_id)},
    }
    intent: dict[str, Any] = {
        "capture_method": "automatic" if asked.capture else "manual",
        "metadata": {**told, "page": "yes"},
        **({"description": asked.description} if asked.description else {}),
    }
    params: Any = {
        "mode": "payment",
        "line_items": [{"price_data": price, "quantity": 1}],
        "payment_intent_data": intent,
        "client_reference_id": str(asked.payment_id),
        "metadata": told,
        "success_url": back,
        "cancel_url": back,
        # The books know one currency for a payment.
        "adaptive_pricing": {"enabled": False},
        "expand": [_EXPAND],
        **({"customer_email": asked.email} if asked.email else {}),
    }
    options: Any = {"idempotency_key": asked.key}
    return api.plain(await api.answered(client.v1.checkout.sessions.create_async(params, options)))


async def find(client: "stripe.StripeClient", reference: str) -> dict[str, Any]:
    """The page as it is now."""
    params: Any = {"expand": [_EXPAND]}
    return api.plain(await api.answered(client.v1.checkout.sessions.retrieve_async(reference, params)))


async def of_intent(client: "stripe.StripeClient", reference: str) -> dict[str, Any] | None:
    """The page on which somebody is paying, or was; None where there is none."""
    params: Any = {"payment_intent": reference, "limit": 1, "expand": [f"data.{_EXPAND}"]}
    found = await api.answered(client.v1.checkout.sessions.list_async(params))
    return next((api.plain(page) for page in found.data), None)


async def close(client: "stripe.StripeClient", reference: str, key: str) -> dict[str, Any]:
    """The page after it was closed, or the one on which somebody has paid in the meantime."""
    page = await find(client, reference)
    if page["status"] != "open":
        return page
    params: Any = {"expand": [_EXPAND]}
    options: Any = {"idempotency_key": f"{key}_page"}  # where that comes too late the key is for the payment itself
    try:
        return api.plain(await api.answered(client.v1.checkout.sessions.expire_async(reference, params, options)))
    except Refused:
        page = await find(client, reference)
        if page["status"] == "open":
            raise
        return page


def seen(page: Mapping[str, Any]) -> Seen:
    """What a page says on which nobody has paid."""
    currency, is_open = page["currency"].upper(), page["status"] == "open"
    return Seen(
        reference=page["id"],
        state=State.REQUIRES_ACTION if is_open else State.DECLINED,
        currency=currency,
        amount_minor=api.from_stripe(page["amount_total"], currency),
        next_action=NextAction(kind="redirect", url=str(page["url"])) if is_open else None,
        error_code="" if is_open else "page_expired",
        error="" if is_open else "The payment page was not used in time.",
        facts={"status": page["status"], "livemode": page.get("livemode")},
    )


def metadata(account: Account, asked: Asked) -> dict[str, str]:
    """By which a webhook finds the payment."""
    return {
        "payment_id": str(asked.payment_id),
        "order_id": str(asked.order_id),
        "tenant_id": str(account.tenant_id),
        "key": asked.key,
    }


def absolute(account: Account, url: str) -> str:
    """The address as Stripe can send a buyer there."""
    return f"{account.site}{url}" if url.startswith("/") or not url else url
