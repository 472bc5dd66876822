"""A provider for trying things out. It behaves as a remote one would, with books of its own.

What happens is chosen by `scenario` in the request's details, in the method's settings, or by the amount.
"""

import hashlib
import hmac
import json
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import select

from rustok.commerce.payments.models import TestNotice, TestPayment
from rustok.commerce.payments.providers import books
from rustok.commerce.payments.shapes import (
    Account,
    Asked,
    BadSignature,
    Capabilities,
    Kind,
    Notice,
    Seen,
    State,
    Unreachable,
)
from rustok.kernel import errors

SIGNATURE = "rustok-test-signature"
TOLERANCE = 300  # seconds
_CAPABILITIES = Capabilities(many_captures=True, webhooks=True)


@dataclass(frozen=True)
class Testing:
    """No money moves. Only offered where an operator did not say that this is no place for tests."""

    name: str = "test"
    capabilities: Capabilities = _CAPABILITIES
    settings: Sequence[str] = ("scenario", "by_amount", "delay_seconds")
    secrets: Sequence[str] = ()
    # It calls back within one process, so that nobody else needs to know what it signs with.
    key: bytes = field(default_factory=lambda: os.urandom(32), repr=False)

    def configured(self, options: Mapping[str, str]) -> "Testing":
        """There is nothing to set."""
        if options:
            raise errors.Invalid(f"the test provider has no option {next(iter(options))!r}")
        return self

    def chargeable(self, amount_minor: int, currency: str) -> bool:
        """Play money comes in every currency."""
        return True

    async def authorize(self, account: Account, asked: Asked) -> Seen:
        """As the scenario has it. The same key finds the same payment."""
        scenario = books.scenario(account, asked)
        async with account.units() as context:
            found, times = await books.request(context, asked.key, Kind.AUTHORIZE, asked.amount_minor)
            if found is None:
                found = await books.make(context, account, asked, scenario)
            seen = books.seen(found, context.now)
        if scenario is books.Scenario.TIMEOUT and times == 1:
            raise Unreachable("the test provider does not answer")
        if scenario is books.Scenario.WEBHOOK_BEFORE_ANSWER and times == 1:
            await self._send(account, seen, event_id=f"evt_{found.id.hex}")
        return seen

    async def capture(self, account: Account, reference: str, amount_minor: int, *, currency: str, key: str) -> Seen:
        """Take some of what is authorised; too much is refused."""
        return await self._move(account, reference, Kind.CAPTURE, amount_minor, key)

    async def void(self, account: Account, reference: str, *, currency: str, key: str) -> Seen:
        """Give the rest up."""
        return await self._move(account, reference, Kind.VOID, 0, key)

    async def refund(self, account: Account, reference: str, amount_minor: int, *, currency: str, key: str) -> Seen:
        """Give some back; too much is refused."""
        return await self._move(account, reference, Kind.REFUND, amount_minor, key)

    async def look(self, account: Account, reference: str, *, currency: str) -> Seen:
        """The payment as its books have it."""
        async with account.units() as context:
            return books.seen(await books.find(context, reference), context.now)

    def notice(self, account: Account, headers: Mapping[str, str], body: bytes) -> Notice:
        """A webhook whose signature is ours and fresh."""
        stamp, _, signature = headers.get(SIGNATURE, "").partition(".")
        wanted = self._sign(stamp, account, body)
        if not stamp.isdecimal() or not hmac.compare_digest(signature.encode(), wanted.encode()):
            raise BadSignature("the notice is not signed by the test provider")
        if abs(time.time() - int(stamp[:12])) > TOLERANCE:
            raise BadSignature("the notice is too old")
        told = json.loads(body)
        return Notice(
            event_id=told["id"],
            kind=told["type"],
            reference=told["seen"]["reference"],
            payment_id=UUID(told["payment_id"]),
            seen=books.read(told["seen"]),
        )

    def signed(self, account: Account, seen: Seen, *, event_id: str) -> tuple[dict[str, str], bytes]:
        """A webhook as it travels: headers and body."""
        payment_id = seen.facts["payment_id"]
        told = {"id": event_id, "type": "payment.updated", "payment_id": payment_id, "seen": books.written(seen)}
        body = json.dumps(told).encode()
        stamp = str(int(time.time()))
        return {SIGNATURE: f"{stamp}.{self._sign(stamp, account, body)}"}, body

    async def decide(self, account: Account, token: str, *, approve: bool) -> str:
        """What the buyer said on the page; returns where to send the buyer. A second word changes nothing."""
        async with account.units() as context:
            found = await books.by_token(context, token, lock=True)
            if found.state == State.REQUIRES_ACTION:
                found.state = State.DONE if approve else State.DECLINED
                if approve:
                    found.movements = books.taken(found, await books.key_of(context, found))
            seen, url = books.seen(found, context.now), found.return_url
        await self._send(account, seen, event_id=f"evt_{found.id.hex}_decided")
        return url

    async def deliver(self, account: Account) -> int:
        """Send the webhooks that are due; returns how many."""
        async with account.units() as context:
            due = (
                await context.session.scalars(
                    select(TestNotice)
                    .join(
                        TestPayment,
                        (TestPayment.tenant_id == TestNotice.tenant_id)
                        & (TestPayment.id == TestNotice.test_payment_id),
                    )
                    .where(
                        TestNotice.tenant_id == context.tenant_id,
                        TestNotice.sent_at.is_(None),
                        TestNotice.due_at <= context.now,
                        TestPayment.method_code == account.method_code,
                    )
                    .order_by(TestNotice.due_at)
                    .limit(50)
                )
            ).all()
            sends = [
                (one.id, one.event_id, await books.find(context, books.reference(one.test_payment_id))) for one in due
            ]
            seen = [(id_, event, books.seen(payment, context.now)) for id_, event, payment in sends]
        for id_, event, one in seen:
            await self._send(account, one, event_id=event)
            async with account.units() as context:
                sent = await context.session.get_one(TestNotice, (context.tenant_id, id_))
                sent.sent_at = context.now
        return len(seen)

    async def _send(self, account: Account, seen: Seen, *, event_id: str) -> None:
        headers, body = self.signed(account, seen, event_id=event_id)
        await account.notify(headers, body)

    async def _move(self, account: Account, reference: str, kind: Kind, amount_minor: int, key: str) -> Seen:
        async with account.units() as context:
            found = await books.find(context, reference, lock=True)
            known, _ = await books.request(context, key, kind, amount_minor)
            if known is None:
                books.apply(found, kind, amount_minor, key)
                books.remember(context, found, key, kind, amount_minor)
            return books.seen(found, context.now)

    def _sign(self, stamp: str, account: Account, body: bytes) -> str:
        place = f"{stamp}.{account.tenant_id}.{account.method_code}.".encode()
        return hmac.new(self.key, place + body, hashlib.sha256).hexdigest()
