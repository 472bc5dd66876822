"""Kill -9 between intent, provider and outcome: afterwards everything happened exactly once, or nothing did."""

import asyncio
import json
import re
import signal
import sys
from pathlib import Path
from uuid import UUID

from tests.commerce.payments import dying, paying
from tests.conftest import ROOT, Addresses

from rustok.commerce.orders import service as orders
from rustok.commerce.payments import processing, reconciling, service
from rustok.commerce.payments.shapes import Units
from rustok.kernel.context import TenantInfo

POINTS = ("asking", "answered", "entered")
CASES = [
    (action, f"payments.{point}")
    for action, first in (
        ("process", "intent_written"),
        ("capture", "capture_written"),
        ("refund", "refund_written"),
        ("void", "void_written"),
    )
    for point in (first, *POINTS)
] + [("notice", "payments.notice_taken")]
BOTH = [("authorize", 10_000), ("capture", 10_000)]
MOVED = {
    "process": BOTH,
    "notice": BOTH,
    "capture": BOTH,
    "refund": [*BOTH, ("refund", 4_000)],
    "void": [("authorize", 10_000), ("void", 10_000)],
}
STATUS = {
    "process": "captured",
    "notice": "captured",
    "capture": "captured",
    "refund": "partially_refunded",
    "void": "voided",
}


async def prepared(units: Units, action: str) -> UUID:
    """A payment with which the action can be done."""
    later = action in ("capture", "void")
    method = "later" if later else "slow" if action == "notice" else "test"
    payment = await paying.opened(units, method=method, capture="manual" if later else "automatic")
    if action != "process":
        details = {"scenario": "late_webhook"} if action == "notice" else None
        await processing.process(units, payment.id, details=details)
    return payment.id


def test_every_point_of_a_payment_is_died_at() -> None:
    named = {
        point
        for path in (ROOT / "src").rglob("*.py")
        for point in re.findall(r'steps\.passed\("(payments\.[a-z_.]+)"\)', path.read_text(encoding="utf-8"))
    }

    assert named == {point for _, point in CASES}


async def test_a_process_may_die_anywhere(addresses: Addresses, tenant: TenantInfo, units: Units) -> None:
    cases = [(action, await prepared(units, action), point) for action, point in CASES]
    await paying.let_time_pass(units)  # the bank has the money that it is to tell of, and nobody has asked it again

    child = await asyncio.create_subprocess_exec(
        sys.executable,
        str(Path(__file__).with_name("dying.py")),
        addresses.app,
        addresses.worker,
        str(tenant.id),
        json.dumps([[action, str(id_), point] for action, id_, point in cases]),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    said, complaints = await asyncio.wait_for(child.communicate(), 120)
    assert json.loads(said.splitlines()[-1]) == [signal.SIGKILL] * len(CASES), complaints.decode()[-2000:]

    await paying.let_time_pass(units)
    await reconciling.reconcile(units)
    await reconciling.reconcile(units)
    for payment_id in [id_ for action, id_, _ in cases if action == "notice"]:
        await dying.hear(units, payment_id)  # a provider tells it again where it was not answered
        await dying.hear(units, payment_id)

    for action, payment_id, point in cases:
        moved = MOVED[action]
        assert await paying.provider_did(units, payment_id) == moved, (action, point)
        entries = await paying.ledger(units, payment_id)
        assert entries == [(kind, "succeeded", amount) for kind, amount in moved], (action, point)
        async with units() as context:
            payment = await service.get(context, payment_id)
            order = await orders.get(context, payment.order_id)
            left = [one for one in await service.attempts(context, payment_id) if one.finished_at is None]
        assert payment.status == STATUS[action], (action, point)
        assert (payment.capturing_minor, payment.refunding_minor, left) == (0, 0, []), (action, point)
        sums = (payment.authorized_minor - payment.voided_minor, payment.captured_minor, payment.refunded_minor)
        assert (order.authorized_minor, order.captured_minor, order.refunded_minor) == sums, (action, point)
