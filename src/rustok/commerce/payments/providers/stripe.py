"""Stripe through its official SDK: its own payment page, payment intents, and webhooks whose signature is checked."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from uuid import UUID
from weakref import WeakKeyDictionary

from rustok.commerce.payments.providers import stripe_api as api
from rustok.commerce.payments.providers import stripe_pages as pages
from rustok.commerce.payments.shapes import (
    Account,
    Asked,
    BadSignature,
    Capabilities,
    Kind,
    Movement,
    NextAction,
    Notice,
    Refused,
    Result,
    Seen,
    State,
)
from rustok.kernel import errors
from rustok.kernel.late import Late

if TYPE_CHECKING:
    import stripe

    from rustok.commerce.payments.providers import stripe_line
else:
    stripe, stripe_line = Late("stripe"), Late("rustok.commerce.payments.providers.stripe_line")

TOLERANCE = 300  # seconds
TIMEOUT = 25.0  # of one call
_RELEVANT = ("payment_intent.", "charge.", "refund.", "checkout.session.")
_EXPAND = ["latest_charge"]
_UNDECIDED = frozenset({"requires_payment_method", "requires_confirmation", "requires_action"})
_CAPABILITIES = Capabilities(webhooks=True)
_REFUNDS = {"succeeded": Result.SUCCEEDED, "failed": Result.FAILED, "canceled": Result.FAILED}


@dataclass(frozen=True)
class Stripe:
    """Cards and wallets, in the shop's own account. `api_base` is for operators: a stand-in, or a proxy."""

    name: str = "stripe"
    capabilities: Capabilities = _CAPABILITIES
    settings: Sequence[str] = ("publishable_key",)
    secrets: Sequence[str] = ("secret_key", "webhook_secret")
    api_base: str = ""
    timeout: float = TIMEOUT
    _lines: "WeakKeyDictionary[asyncio.AbstractEventLoop, stripe_line.Line]" = field(
        default_factory=WeakKeyDictionary, repr=False, compare=False
    )

    def configured(self, options: Mapping[str, str]) -> "Stripe":
        """With another address of the API, or another patience in seconds."""
        if unknown := set(options) - {"api_base", "timeout"}:
            raise errors.Invalid(f"stripe has no option {min(unknown)!r}")
        timeout = float(options.get("timeout", self.timeout))
        return replace(self, api_base=options.get("api_base", self.api_base), timeout=timeout)

    def chargeable(self, amount_minor: int, currency: str) -> bool:
        """Whether the amount can be told in Stripe's units."""
        try:
            return api.to_stripe(amount_minor, currency) > 0
        except errors.Invalid:
            return False

    async def authorize(self, account: Account, asked: Asked) -> Seen:
        """Stripe's own page where the buyer can come back from it, else an intent.

        An intent is confirmed at once where the buyer's side sends a payment method, else by Stripe's code there.
        """
        client, card, known_by = self._client(account), asked.details.get("payment_method"), asked.reference
        if pages.is_one(known_by):
            page = await pages.find(client, known_by)
            if page["status"] != "expired":
                return await self._of_page(client, account, page)
            known_by = ""
        if asked.return_url and not card and not known_by:
            return await self._of_page(client, account, await pages.open(client, account, asked))
        confirming: dict[str, Any] = {}
        if card:
            confirming = {"payment_method": str(card), "return_url": pages.absolute(account, asked.return_url)}
        options: Any = {"idempotency_key": asked.key}
        intents = client.v1.payment_intents
        params: Any
        try:
            if known_by:
                known = await self._found(client, known_by)
                if known["status"] == "requires_payment_method" and card:
                    params = {**confirming, "expand": _EXPAND}
                    known = api.plain(await api.answered(intents.confirm_async(known_by, params, options)))
                return await self._seen(client, account, known, offering=not card)
            params = {
                "amount": api.to_stripe(asked.amount_minor, asked.currency),
                "currency": asked.currency.lower(),
                "capture_method": "automatic" if asked.capture else "manual",
                "automatic_payment_methods": {"enabled": True},
                "metadata": pages.metadata(account, asked),
                "expand": _EXPAND,
                **({"description": asked.description} if asked.description else {}),
                **({"confirm": True, **confirming} if card else {}),
            }
            intent = api.plain(await api.answered(intents.create_async(params, options)))
        except stripe.CardError as error:
            told = api.plain(error.error.payment_intent) if error.error and error.error.payment_intent else None
            if told is None:
                raise Refused(str(error.user_message or "The card was declined.")) from None
            intent = told
        return await self._seen(client, account, intent, offering=not card)

    async def capture(self, account: Account, reference: str, amount_minor: int, *, currency: str, key: str) -> Seen:
        """Take some of it; Stripe gives the rest up at once."""
        client = self._client(account)
        params: Any = {
            "amount_to_capture": api.to_stripe(amount_minor, currency),
            "metadata": {"capture_key": key},
            "expand": _EXPAND,
        }
        options: Any = {"idempotency_key": key}
        try:
            intent = api.plain(await api.answered(client.v1.payment_intents.capture_async(reference, params, options)))
        except api.WrongState as error:
            return await self._perhaps_done(client, account, reference, Kind.CAPTURE, key, error)
        return await self._seen(client, account, intent)

    async def void(self, account: Account, reference: str, *, currency: str, key: str) -> Seen:
        """Cancel the intent, or close the page before there is one."""
        client = self._client(account)
        if pages.is_one(reference):
            page = await pages.close(client, reference, key)
            if page["status"] == "expired":
                return replace(await self._of_page(client, account, page), state=State.VOIDED)
            reference = page["payment_intent"]["id"]
        params: Any = {"expand": _EXPAND}
        options: Any = {"idempotency_key": key}
        try:
            intent = api.plain(await api.answered(client.v1.payment_intents.cancel_async(reference, params, options)))
        except api.WrongState as error:
            seen = await self._seen(client, account, await self._found(client, reference))
            if seen.state is State.VOIDED or any(one.kind is Kind.CAPTURE for one in seen.movements):
                return seen
            raise Refused(str(error)) from None
        return await self._seen(client, account, intent)

    async def refund(self, account: Account, reference: str, amount_minor: int, *, currency: str, key: str) -> Seen:
        """Give some of it back."""
        client = self._client(account)
        params: Any = {
            "payment_intent": reference,
            "amount": api.to_stripe(amount_minor, currency),
            "metadata": {"key": key},
        }
        options: Any = {"idempotency_key": key}
        try:
            await api.answered(client.v1.refunds.create_async(params, options))
        except api.WrongState as error:
            return await self._perhaps_done(client, account, reference, Kind.REFUND, key, error)
        return await self._seen(client, account, await self._found(client, reference))

    async def look(self, account: Account, reference: str, *, currency: str) -> Seen:
        """The intent with its refunds; as long as its page is open, what happens there says nothing final."""
        client = self._client(account)
        if pages.is_one(reference):
            return await self._of_page(client, account, await pages.find(client, reference))
        intent = await self._found(client, reference)
        if intent["status"] in _UNDECIDED and (intent.get("metadata") or {}).get("page"):
            page = await pages.of_intent(client, reference)
            if page is not None:
                return await self._of_page(client, account, page)
        return await self._seen(client, account, intent)

    def notice(self, account: Account, headers: Mapping[str, str], body: bytes) -> Notice:
        """A webhook that Stripe signed within the last minutes. Its contents are only a reason to look."""
        secret = account.secrets.get("webhook_secret")
        if not secret:
            raise BadSignature("this method has no webhook_secret")
        try:
            text = body.decode()
            stripe.WebhookSignature.verify_header(text, headers.get("stripe-signature", ""), secret, TOLERANCE)
            told = json.loads(text)
            event_id, kind, about = str(told["id"]), str(told["type"]), dict(told["data"]["object"])
        except (stripe.SignatureVerificationError, ValueError, KeyError, TypeError, IndexError):
            raise BadSignature("the notice is not signed by Stripe, or too old") from None
        is_named = about.get("object") in ("payment_intent", "checkout.session")
        reference = str((about.get("id") if is_named else about.get("payment_intent")) or "")
        metadata = about.get("metadata") or {}
        ours = metadata.get("tenant_id", str(account.tenant_id)) == str(account.tenant_id)
        return Notice(
            event_id=event_id,
            kind=kind,
            reference=reference,
            payment_id=_id(metadata.get("payment_id")) if ours and is_named else None,
            relevant=bool(reference) and ours and kind.startswith(_RELEVANT),
        )

    def _client(self, account: Account) -> "stripe.StripeClient":
        key = account.secrets.get("secret_key")
        if not key:
            raise Refused("this payment method has no secret_key")
        loop = asyncio.get_running_loop()
        line = self._lines.get(loop)
        if line is None:
            line = self._lines[loop] = stripe_line.Line(self.timeout)
        base: Any = {"api": self.api_base.rstrip("/")} if self.api_base else {}
        # Trying again is our reconciler's work: it outlives this process.
        return stripe.StripeClient(key, http_client=line, base_addresses=base, max_network_retries=0)

    async def _found(self, client: "stripe.StripeClient", reference: str) -> dict[str, Any]:
        params: Any = {"expand": _EXPAND}
        return api.plain(await api.answered(client.v1.payment_intents.retrieve_async(reference, params)))

    async def _of_page(self, client: "stripe.StripeClient", account: Account, page: Mapping[str, Any]) -> Seen:
        if page["status"] == "complete" and page.get("payment_intent"):
            return await self._seen(client, account, api.plain(page["payment_intent"]))
        return pages.seen(page)

    async def _perhaps_done(
        self, client: "stripe.StripeClient", account: Account, reference: str, kind: Kind, key: str, error: Exception
    ) -> Seen:
        """Stripe says that it cannot do this any more: perhaps because it has done it."""
        seen = await self._seen(client, account, await self._found(client, reference))
        if any(one.kind is kind and one.key == key for one in seen.movements):
            return seen
        raise Refused(str(error)) from None

    async def _seen(
        self, client: "stripe.StripeClient", account: Account, intent: Mapping[str, Any], *, offering: bool = False
    ) -> Seen:
        currency, status = intent["currency"].upper(), intent["status"]
        charge = intent.get("latest_charge")
        charge = charge if isinstance(charge, Mapping) else None
        received = intent.get("amount_received") or 0
        refunds: list[Any] = []
        if received:
            listing: Any = {"payment_intent": intent["id"], "limit": 100}
            found = await api.answered(client.v1.refunds.list_async(listing))
            refunds = [api.plain(one) for one in found.data]
        error = intent.get("last_payment_error") or {}
        state = _state(intent, offering=offering)
        return Seen(
            reference=intent["id"],
            state=state,
            currency=currency,
            amount_minor=api.from_stripe(intent["amount"], currency),
            movements=_movements(intent, charge, received, refunds, currency),
            next_action=_next_action(intent, account) if state is State.REQUIRES_ACTION else None,
            error_code=str(error.get("decline_code") or error.get("code") or "") if state is State.DECLINED else "",
            error=str(error.get("message") or "") if state is State.DECLINED else "",
            facts={"status": status, "charge": charge["id"] if charge else None, "livemode": intent.get("livemode")},
        )


def _id(text: Any) -> UUID | None:
    try:
        return UUID(str(text))
    except ValueError:
        return None


def _state(intent: Mapping[str, Any], *, offering: bool) -> State:
    match intent["status"]:
        case "succeeded" | "requires_capture":
            return State.DONE
        case "canceled":
            return State.VOIDED
        case "processing":
            return State.PENDING
        case "requires_payment_method" if intent.get("last_payment_error") and not offering:
            return State.DECLINED
    return State.REQUIRES_ACTION


def _next_action(intent: Mapping[str, Any], account: Account) -> NextAction:
    redirect = ((intent.get("next_action") or {}).get("redirect_to_url") or {}).get("url")
    if redirect:
        return NextAction(kind="redirect", url=str(redirect))
    return NextAction(
        kind="confirm",
        client_secret=str(intent.get("client_secret") or ""),
        public_key=str(account.settings.get("publishable_key") or ""),
    )


def _movements(
    intent: Mapping[str, Any],
    charge: Mapping[str, Any] | None,
    received: int,
    refunds: Sequence[Mapping[str, Any]],
    currency: str,
) -> list[Movement]:
    """What happened to the money, from an intent, its charge and its refunds."""
    id_, status, metadata = intent["id"], intent["status"], intent.get("metadata") or {}
    whole = api.from_stripe(intent["amount"], currency)
    taken = api.from_stripe(received, currency)
    held = status in ("succeeded", "requires_capture") or (
        status == "canceled" and charge is not None and charge.get("status") == "succeeded"
    )
    if not held:
        return []
    found = [Movement(kind=Kind.AUTHORIZE, reference=id_, amount_minor=whole, key=metadata.get("key", ""))]
    if taken:
        key = metadata.get("capture_key") or metadata.get("key", "")
        found.append(Movement(kind=Kind.CAPTURE, reference=id_, amount_minor=taken, key=key))
    if status != "requires_capture" and whole > taken:
        found.append(Movement(kind=Kind.VOID, reference=id_, amount_minor=whole - taken))
    if taken:
        for one in refunds:
            found.append(
                Movement(
                    kind=Kind.REFUND,
                    reference=one["id"],
                    amount_minor=api.from_stripe(one["amount"], currency),
                    result=_REFUNDS.get(one.get("status") or "succeeded", Result.PENDING),
                    key=(one.get("metadata") or {}).get("key", ""),
                    error_code=one.get("failure_reason") or "",
                )
            )
    return found
