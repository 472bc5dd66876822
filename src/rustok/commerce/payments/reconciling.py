"""Finding out how things went where nobody waited for the answer: a process died, a provider was silent."""

import asyncio
import random
from functools import partial

import structlog
from sqlalchemy import text

from rustok.commerce.payments import asking, gateways, notices
from rustok.commerce.payments import methods as ways
from rustok.commerce.payments.planning import MANY_TRIES
from rustok.commerce.payments.providers import books, testing
from rustok.commerce.payments.shapes import Units
from rustok.kernel import errors, units
from rustok.kernel.module import Errand, Gauge

MOST = 20  # phases of one tenant, before the next one has its turn
_DUE = text("SELECT commerce_payments_due()")
logger = structlog.get_logger("rustok.payments")


async def run(every: units.Units) -> None:
    """Take up what is due of every tenant, as long as the process lives."""
    while True:
        await look_around(every)
        await asyncio.sleep(0.8 + 0.4 * random.random())  # noqa: S311 - jitter


ERRAND = Errand("commerce.payments", run)
STUCK = Gauge(
    "payments_stuck",
    "Payments whose provider was asked often and has not answered.",
    f"SELECT commerce_payments_stuck({MANY_TRIES})",
)


async def look_around(every: units.Units) -> None:
    """One round over the tenants for whom something is due."""
    async with every.session() as session:
        due = list(await session.scalars(_DUE))
    for tenant_id in due:
        tenant = await every.tenant(tenant_id)
        if tenant is not None:
            opens = partial(every.open, tenant)
            await reconcile(opens)
            await send_test_notices(opens)


async def reconcile(opens: Units) -> int:
    """Take up every phase that is due and that nobody is at; returns how many. Any number of processes may do it."""
    for done in range(MOST):
        async with opens() as context:
            due = await context.session.scalar(asking.due_now(context))
        if due is None:
            return done
        try:
            await asking.ask(opens, due.id)
        except errors.RustokError as error:  # a secret that cannot be read, a method that is gone: the others go on
            logger.error("payments.not_reconciled", attempt=str(due.id), error=str(error))
            async with opens() as context:
                await asking.postpone(context, due.id, error)
    return MOST


async def send_test_notices(opens: Units) -> None:
    """Let the test provider call back where it promised to."""
    async with opens() as context:
        provider = gateways.of(context).providers.get("test")
        codes = await books.waiting_methods(context) if isinstance(provider, testing.Testing) else []
    for code in codes:
        async with opens() as context:
            access = await notices.account(context, await ways.by_code(context, code), opens)
        if isinstance(provider, testing.Testing):
            await provider.deliver(access)
