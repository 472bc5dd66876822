"""Does things with payments in processes that kill themselves at a named point: run by test_crashes.

Everything is imported once and each process is a fork. Reads cases as JSON, prints how each process ended.
"""

import asyncio
import json
import os
import signal
import sys
from functools import partial
from uuid import UUID

from sqlalchemy import text

from rustok.commerce.payments import capturing, gateways, methods, notices, processing, refunding, service, voiding
from rustok.commerce.payments.providers import testing
from rustok.commerce.payments.shapes import Units
from rustok.core.tenants import lookup
from rustok.kernel import steps
from rustok.kernel.db import Database
from rustok.server import modules


async def do(app_url: str, worker_url: str, tenant_id: UUID, action: str, payment_id: UUID) -> None:
    """One action as a request would ask for it."""
    database = Database(app_url, worker_url)
    async with database.session() as session:
        tenant = await lookup.by_id(session, tenant_id)
    assert tenant is not None
    units: Units = partial(database.open, tenant)
    if action == "process":
        await processing.process(units, payment_id)
    elif action == "capture":
        await capturing.capture(units, payment_id, key="k")
    elif action == "refund":
        await refunding.refund(units, payment_id, 4_000, reason="test", key="k")
    elif action == "notice":
        await hear(units, payment_id)
    else:
        await voiding.void(units, payment_id)


async def hear(units: Units, payment_id: UUID) -> None:
    """The test bank of this very process tells how the payment is now, under the same name whoever asks it to."""
    async with units() as context:
        method = await methods.by_code(context, (await service.get(context, payment_id)).method_code)
        access, bank = await notices.account(context, method, units), gateways.of(context).get("test")
        found = "SELECT id FROM commerce_test_payments WHERE payment_id = :id"
        stored = await context.session.scalar(text(found), {"id": payment_id})
    assert isinstance(bank, testing.Testing)
    seen = await bank.look(access, f"test_{stored.hex}", currency="EUR")
    await notices.receive(units, method.code, *bank.signed(access, seen, event_id=f"evt_{stored.hex}_told"))


def die_at(wanted: str, point: str) -> None:
    """Kill this very process where it passes the point."""
    if point == wanted:
        os.kill(os.getpid(), signal.SIGKILL)


def main(app_url: str, worker_url: str, tenant: str, cases: list[list[str]]) -> None:
    """Each case in a process of its own, one after another."""
    modules.load()
    ends = []
    for action, payment_id, point in cases:
        child = os.fork()
        if not child:
            steps.install(partial(die_at, point))
            try:
                asyncio.run(do(app_url, worker_url, UUID(tenant), action, UUID(payment_id)))
            except BaseException as error:
                sys.stderr.write(f"{action} at {point}: {error!r}\n")
                sys.stderr.flush()
                os._exit(3)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        ends.append(os.WTERMSIG(status) if os.WIFSIGNALED(status) else -os.WEXITSTATUS(status))
    sys.stdout.write(json.dumps(ends) + "\n")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], json.loads(sys.argv[4]))
