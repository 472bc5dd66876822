"""The test provider's own books: what a remote one would know and we would not, kept in its own transactions."""

import hashlib
import os
from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import select, text

from rustok.commerce.payments.models import TestNotice, TestPayment, TestRequest
from rustok.commerce.payments.shapes import Account, Asked, Kind, Movement, NextAction, Refused, Result, Seen, State
from rustok.kernel import errors
from rustok.kernel.context import Context
from rustok.kernel.ids import generate_id

PAGE = "/pay/test/"  # with the payment's token: where a buyer approves or declines
_REFERENCE = "test_"


class Scenario(StrEnum):
    """What happens to a payment."""

    SUCCESS = "success"
    DECLINE = "decline"
    THREE_D_SECURE = "three_d_secure"  # the buyer approves or declines on a page
    TIMEOUT = "timeout"  # it is done, but the first answer never arrives
    LATE_WEBHOOK = "late_webhook"  # the outcome is told seconds later, by webhook
    DUPLICATE_WEBHOOK = "duplicate_webhook"
    WEBHOOK_BEFORE_ANSWER = "webhook_before_answer"


# The last two digits of an amount, for methods whose setting `by_amount` says yes.
BY_AMOUNT = {
    13: Scenario.DECLINE,
    14: Scenario.THREE_D_SECURE,
    15: Scenario.TIMEOUT,
    16: Scenario.LATE_WEBHOOK,
    17: Scenario.DUPLICATE_WEBHOOK,
    18: Scenario.WEBHOOK_BEFORE_ANSWER,
}


async def by_token(context: Context, token: str, *, lock: bool = False) -> TestPayment:
    """The payment whose page this is; raises `NotFound`."""
    statement = select(TestPayment).where(TestPayment.tenant_id == context.tenant_id, TestPayment.token == token[:64])
    found = await context.session.scalar(statement.with_for_update() if lock else statement)
    if found is None:
        raise errors.NotFound("there is no such payment")
    return found


async def waiting_methods(context: Context) -> list[str]:
    """The codes of methods that have webhooks to send now."""
    found = await context.session.scalars(
        select(TestPayment.method_code)
        .join(
            TestNotice,
            (TestPayment.tenant_id == TestNotice.tenant_id) & (TestPayment.id == TestNotice.test_payment_id),
        )
        .where(
            TestNotice.tenant_id == context.tenant_id,
            TestNotice.sent_at.is_(None),
            TestNotice.due_at <= context.now,
        )
        .distinct()
    )
    return sorted(found)


def scenario(account: Account, asked: Asked) -> Scenario:
    wanted = asked.details.get("scenario") or account.settings.get("scenario")
    if not wanted and account.settings.get("by_amount") == "yes":
        return BY_AMOUNT.get(asked.amount_minor % 100, Scenario.SUCCESS)
    try:
        return Scenario(wanted or Scenario.SUCCESS)
    except ValueError:
        raise Refused(f"the test provider knows no scenario {str(wanted)[:40]!r}") from None


def reference(id_: UUID) -> str:
    return _REFERENCE + id_.hex


async def find(context: Context, reference: str, *, lock: bool = False) -> TestPayment:
    try:
        id_ = UUID(reference.removeprefix(_REFERENCE))
    except ValueError:
        raise Refused("the test provider has no such payment") from None
    statement = select(TestPayment).where(TestPayment.tenant_id == context.tenant_id, TestPayment.id == id_)
    found = await context.session.scalar(statement.with_for_update() if lock else statement)
    if found is None:
        raise Refused("the test provider has no such payment")
    return found


async def request(context: Context, key: str, kind: Kind, amount_minor: int) -> tuple[TestPayment | None, int]:
    """The payment that was meant when this key was heard before, and how often it was heard now."""
    # Two with one key at once: the second waits for the first.
    await context.session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 7))"), {"key": key})
    heard = await context.session.scalar(
        select(TestRequest).where(TestRequest.tenant_id == context.tenant_id, TestRequest.key == key)
    )
    if heard is None:
        return None, 1
    if heard.kind != kind or heard.amount_minor != amount_minor:
        raise Refused("the key was used for something else")
    heard.times += 1
    return await find(context, reference(heard.test_payment_id)), heard.times


def remember(context: Context, payment: TestPayment, key: str, kind: Kind, amount_minor: int) -> None:
    context.session.add(
        TestRequest(
            tenant_id=context.tenant_id, test_payment_id=payment.id, key=key, kind=kind, amount_minor=amount_minor
        )
    )


async def key_of(context: Context, payment: TestPayment) -> str:
    """The key with which it was authorised."""
    return str(
        await context.session.scalar(
            select(TestRequest.key).where(
                TestRequest.tenant_id == context.tenant_id,
                TestRequest.test_payment_id == payment.id,
                TestRequest.kind == Kind.AUTHORIZE,
            )
        )
    )


async def make(context: Context, account: Account, asked: Asked, scenario: Scenario) -> TestPayment:
    states = {
        Scenario.DECLINE: State.DECLINED,
        Scenario.THREE_D_SECURE: State.REQUIRES_ACTION,
        Scenario.LATE_WEBHOOK: State.PENDING,
    }
    made = TestPayment(
        tenant_id=context.tenant_id,
        id=generate_id(),
        method_code=account.method_code,
        payment_id=asked.payment_id,
        token=os.urandom(24).hex(),
        scenario=scenario,
        state=states.get(scenario, State.DONE),
        currency=asked.currency,
        amount_minor=asked.amount_minor,
        capture=asked.capture,
        return_url=asked.return_url,
        movements=[],
        created_at=context.now,
    )
    if made.state in (State.DONE, State.PENDING):
        made.movements = taken(made, asked.key)
    context.session.add(made)
    await context.session.flush()
    remember(context, made, asked.key, Kind.AUTHORIZE, asked.amount_minor)
    delays = {Scenario.LATE_WEBHOOK: [_delay(account)], Scenario.DUPLICATE_WEBHOOK: [0.0, 0.0]}.get(scenario, [])
    for delay in delays:
        context.session.add(
            TestNotice(
                tenant_id=context.tenant_id,
                test_payment_id=made.id,
                event_id=f"evt_{made.id.hex}",
                kind="payment.updated",
                due_at=context.now + timedelta(seconds=delay),
            )
        )
    if scenario is Scenario.LATE_WEBHOOK:
        made.movements = [
            {**one, "from": (context.now + timedelta(seconds=delays[0])).isoformat()} for one in made.movements
        ]
    await context.session.flush()
    return made


def _delay(account: Account) -> float:
    wanted = str(account.settings.get("delay_seconds") or "5")
    return min(float(wanted), 3600.0) if wanted.isdecimal() else 5.0


def taken(payment: TestPayment, key: str) -> list[Any]:
    kinds = (Kind.AUTHORIZE, Kind.CAPTURE) if payment.capture else (Kind.AUTHORIZE,)
    return [
        {"kind": kind, "reference": f"{kind}_{payment.id.hex}", "amount": payment.amount_minor, "key": key}
        for kind in kinds
    ]


def apply(payment: TestPayment, kind: Kind, amount_minor: int, key: str) -> None:
    sums = {one: sum(m["amount"] for m in payment.movements if m["kind"] == one) for one in Kind}
    free = sums[Kind.AUTHORIZE] - sums[Kind.CAPTURE] - sums[Kind.VOID]
    if kind is Kind.VOID:
        amount_minor = free
        if payment.state != State.DONE:
            payment.state, payment.movements = State.VOIDED, []
            return
        if not free:
            raise Refused("there is nothing to void")
    elif kind is Kind.CAPTURE and amount_minor > free:
        raise Refused("more than is authorised cannot be captured")
    elif kind is Kind.REFUND and amount_minor > sums[Kind.CAPTURE] - sums[Kind.REFUND]:
        raise Refused("more than was captured cannot be refunded")
    reference = f"{kind}_{hashlib.sha256(key.encode()).hexdigest()[:24]}"
    entry = {"kind": kind, "reference": reference, "amount": amount_minor, "key": key}
    payment.movements = [*payment.movements, entry]


def seen(payment: TestPayment, now: datetime) -> Seen:
    state = State(payment.state)
    movements = []
    for one in payment.movements:
        if "from" in one and datetime.fromisoformat(one["from"]) > now:
            continue
        movements.append(
            Movement(kind=Kind(one["kind"]), reference=one["reference"], amount_minor=one["amount"], key=one["key"])
        )
    if state is State.PENDING and movements:
        state = State.DONE
    declined = state is State.DECLINED
    return Seen(
        reference=reference(payment.id),
        state=state,
        currency=payment.currency,
        amount_minor=payment.amount_minor,
        movements=movements,
        next_action=NextAction(kind="redirect", url=PAGE + payment.token) if state is State.REQUIRES_ACTION else None,
        error_code="card_declined" if declined else "",
        error="The card was declined." if declined else "",
        facts={"scenario": payment.scenario, "payment_id": str(payment.payment_id)},
    )


def written(seen: Seen) -> dict[str, Any]:
    return {
        "reference": seen.reference,
        "state": seen.state,
        "currency": seen.currency,
        "amount": seen.amount_minor,
        "error_code": seen.error_code,
        "error": seen.error,
        "movements": [
            {"kind": one.kind, "reference": one.reference, "amount": one.amount_minor, "key": one.key}
            for one in seen.movements
        ],
    }


def read(told: Mapping[str, Any]) -> Seen:
    return Seen(
        reference=told["reference"],
        state=State(told["state"]),
        currency=told["currency"],
        amount_minor=told["amount"],
        error_code=told["error_code"],
        error=told["error"],
        movements=[
            Movement(
                kind=Kind(one["kind"]),
                reference=one["reference"],
                amount_minor=one["amount"],
                key=one["key"],
                result=Result.SUCCEEDED,
            )
            for one in told["movements"]
        ],
    )
