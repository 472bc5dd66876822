"""Stands in for Stripe's API over real HTTP: pages, intents, captures, cancellations, refunds, idempotency keys."""

import asyncio
import contextlib
import hashlib
import hmac
import itertools
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

WEBHOOK_SECRET = "whsec_for_tests"
SECRET_KEY = "sk_test_secret_that_nobody_may_read"


class Failure(Exception):
    """An answer that is no success."""

    def __init__(self, status: int, **error: Any) -> None:
        self.status, self.body = status, {"error": error}


@dataclass
class StandIn:
    """The books of a Stripe account, and what shall go wrong next."""

    intents: dict[str, dict[str, Any]] = field(default_factory=dict)
    pages: dict[str, dict[str, Any]] = field(default_factory=dict)
    refunds: list[dict[str, Any]] = field(default_factory=list)
    answers: dict[str, tuple[str, int, Any]] = field(default_factory=dict)  # by idempotency key
    requests: list[tuple[str, str, dict[str, str], str]] = field(default_factory=list)  # method, path, params, key
    trouble: list[str] = field(default_factory=list)  # for the next changing requests: silent | late | 500
    pending_refunds: bool = False
    url: str = ""
    _numbers: Any = field(default_factory=lambda: itertools.count(1))

    def event(self, kind: str, about: dict[str, Any], *, id_: str | None = None) -> bytes:
        """A webhook's body."""
        told = {"id": id_ or f"evt_{next(self._numbers)}", "object": "event", "type": kind, "data": {"object": about}}
        return json.dumps(told).encode()

    def confirm(self, intent: dict[str, Any], card: str) -> None:
        """What a card does to an intent."""
        intent["last_payment_error"] = None
        if card == "pm_declined":
            intent["status"] = "requires_payment_method"
            intent["last_payment_error"] = {
                "code": "card_declined",
                "decline_code": "insufficient_funds",
                "message": "Your card has insufficient funds.",
            }
            raise Failure(
                402, type="card_error", code="card_declined", message="Declined.", payment_intent=dict(intent)
            )
        if card == "pm_3ds":
            intent["status"] = "requires_action"
            intent["next_action"] = {"type": "redirect_to_url", "redirect_to_url": {"url": "https://bank.example/3ds"}}
            return
        self.charge(intent)

    def pay_on(self, page: dict[str, Any], card: str) -> None:
        """What a buyer does on Stripe's own page: after a card that is declined it stays open."""
        assert page["status"] == "open"
        if page["payment_intent"] is None:
            given = page["intent"]
            intent = self._made(given, page["amount_total"], page["currency"], given["capture_method"])
            page["payment_intent"] = intent["id"]
        intent = self.intents[page["payment_intent"]]
        with contextlib.suppress(Failure):
            self.confirm(intent, card)
        if intent["status"] in ("succeeded", "requires_capture"):
            page["status"], page["url"] = "complete", None

    def charge(self, intent: dict[str, Any]) -> None:
        """The money is held, and taken where that is automatic."""
        automatic = intent["capture_method"] == "automatic"
        intent["next_action"] = None
        intent["status"] = "succeeded" if automatic else "requires_capture"
        intent["amount_received"] = intent["amount"] if automatic else 0
        intent["latest_charge"] = {
            "id": f"ch_{next(self._numbers)}",
            "object": "charge",
            "status": "succeeded",
            "captured": automatic,
        }

    def handle(self, method: str, path: str, params: dict[str, str]) -> Any:
        """What one request does."""
        parts = path.strip("/").split("/")[1:]
        if parts[0] == "refunds":
            return self._refunds(method, params)
        if parts[:2] == ["checkout", "sessions"]:
            return self._pages(method, parts[2:], params)
        if method == "POST" and parts == ["payment_intents"]:
            return self._create(params)
        intent = self.intents.get(parts[1])
        if intent is None:
            raise Failure(404, type="invalid_request_error", code="resource_missing", message="No such intent.")
        wrong = {"type": "invalid_request_error", "code": "payment_intent_unexpected_state", "message": "Wrong state."}
        if parts[2:] == ["confirm"]:
            self.confirm(intent, params.get("payment_method", ""))
        elif parts[2:] == ["capture"]:
            if intent["status"] != "requires_capture":
                raise Failure(400, **wrong)
            intent["status"], intent["amount_received"] = "succeeded", int(params["amount_to_capture"])
            intent["metadata"] |= _nested(params, "metadata")
        elif parts[2:] == ["cancel"]:
            on_page = any(page["payment_intent"] == intent["id"] for page in self.pages.values())
            if intent["status"] in ("succeeded", "canceled") or (on_page and intent["status"] != "requires_capture"):
                raise Failure(400, **wrong)
            intent["status"] = "canceled"
        return intent

    def _pages(self, method: str, parts: list[str], params: dict[str, str]) -> dict[str, Any]:
        if method == "POST" and not parts:
            number = next(self._numbers)
            assert params["mode"] == "payment"
            assert params["success_url"].startswith("https://")
            made = {
                "id": f"cs_test_{number}",
                "object": "checkout.session",
                "status": "open",
                "url": f"https://checkout.stripe.example/c/pay/cs_test_{number}#x",
                "amount_total": int(params["line_items[0][price_data][unit_amount]"]),
                "currency": params["line_items[0][price_data][currency]"],
                "payment_intent": None,
                "metadata": _nested(params, "metadata"),
                "livemode": False,
                "intent": {
                    "capture_method": params["payment_intent_data[capture_method]"],
                    **{
                        f"metadata[{name}]": value
                        for name, value in _nested(params, "payment_intent_data[metadata]").items()
                    },
                },
            }
            self.pages[made["id"]] = made
            return self._shown(made)
        if not parts:
            found = [one for one in self.pages.values() if one["payment_intent"] == params["payment_intent"]]
            data = [self._shown(one) for one in found]
            return {"object": "list", "data": data, "has_more": False, "url": "/v1/checkout/sessions"}
        page = self.pages.get(parts[0])
        if page is None:
            raise Failure(404, type="invalid_request_error", code="resource_missing", message="No such session.")
        if parts[1:] == ["expire"]:
            if page["status"] != "open":
                raise Failure(400, type="invalid_request_error", message="Only open sessions can be expired.")
            page["status"], page["url"] = "expired", None
        return self._shown(page)

    def _shown(self, page: dict[str, Any]) -> dict[str, Any]:
        return {**page, "payment_intent": self.intents.get(page["payment_intent"])}

    def _create(self, params: dict[str, str]) -> dict[str, Any]:
        amount, currency = int(params["amount"]), params["currency"]
        made = self._made(params, amount, currency, params["capture_method"])
        if params.get("confirm") == "true":
            self.confirm(made, params["payment_method"])
        return made

    def _made(self, params: dict[str, str], amount: int, currency: str, capture_method: str) -> dict[str, Any]:
        number = next(self._numbers)
        made: dict[str, Any] = {
            "id": f"pi_{number}",
            "object": "payment_intent",
            "amount": amount,
            "amount_received": 0,
            "currency": currency,
            "capture_method": capture_method,
            "client_secret": f"pi_{number}_secret_{number}",
            "status": "requires_payment_method",
            "metadata": _nested(params, "metadata"),
            "latest_charge": None,
            "last_payment_error": None,
            "next_action": None,
            "livemode": False,
        }
        self.intents[made["id"]] = made
        return made

    def _refunds(self, method: str, params: dict[str, str]) -> dict[str, Any]:
        of = [one for one in self.refunds if one["payment_intent"] == params["payment_intent"]]
        if method == "GET":
            return {"object": "list", "data": of, "has_more": False, "url": "/v1/refunds"}
        left = self.intents[params["payment_intent"]]["amount_received"] - sum(
            one["amount"] for one in of if one["status"] != "failed"
        )
        if int(params["amount"]) > left:
            raise Failure(400, type="invalid_request_error", code="charge_already_refunded", message="Too much.")
        made = {
            "id": f"re_{next(self._numbers)}",
            "object": "refund",
            "payment_intent": params["payment_intent"],
            "amount": int(params["amount"]),
            "status": "pending" if self.pending_refunds else "succeeded",
            "metadata": _nested(params, "metadata"),
        }
        self.refunds.append(made)
        return made

    def answer(self, method: str, path: str, params: dict[str, str], headers: dict[str, str]) -> tuple[int, Any]:
        """Status and body; the same key is answered as before, and never with other parameters."""
        if headers.get("authorization") != f"Bearer {SECRET_KEY}":
            return 401, {"error": {"type": "invalid_request_error", "message": "Invalid API key."}}
        key = headers.get("idempotency-key", "")
        self.requests.append((method, path, params, key))
        told = json.dumps([path, params], sort_keys=True)
        if method == "POST":
            assert key, "a change without an idempotency key"
            if key in self.answers:
                before, status, body = self.answers[key]
                if before != told:
                    return 400, {"error": {"type": "idempotency_error", "message": "Other parameters."}}
                return status, body
        try:
            status, body = 200, json.loads(json.dumps(self.handle(method, path, params)))
        except Failure as failure:
            status, body = failure.status, json.loads(json.dumps(failure.body))
        if method == "POST":
            self.answers[key] = (told, status, body)
        return status, body

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, one request."""
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            method, target, _ = head[0].split(" ")
            headers = {
                name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)
            }
            body = (await reader.readexactly(int(headers.get("content-length", "0")))).decode()
            address = urlsplit(target)
            params = dict(parse_qsl(body if method == "POST" else address.query))
            trouble = self.trouble.pop(0) if self.trouble and method == "POST" else ""
            status, found = self.answer(method, address.path, params, headers) if trouble != "500" else (500, {})
            if trouble == "silent":  # it is done, and nobody hears of it
                return
            if trouble == "late":
                await asyncio.sleep(2.5)
            content = json.dumps(found).encode()
            told = [f"HTTP/1.1 {status} X", "Content-Type: application/json", "Connection: close"]
            writer.write("\r\n".join([*told, f"Content-Length: {len(content)}", "", ""]).encode() + content)
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


def signed(body: bytes, *, secret: str = WEBHOOK_SECRET, at: int | None = None) -> dict[str, str]:
    """The header with which Stripe signs a body."""
    stamp = int(time.time()) if at is None else at
    mac = hmac.new(secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    return {"stripe-signature": f"t={stamp},v1={mac}"}


@asynccontextmanager
async def standing_in() -> AsyncIterator[StandIn]:
    """A stand-in that answers on a port of its own."""
    made = StandIn()
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield made
    finally:
        server.close()
        await server.wait_closed()


def _nested(params: dict[str, str], name: str) -> dict[str, str]:
    return {key[len(name) + 1 : -1]: value for key, value in params.items() if key.startswith(f"{name}[")}
