"""A provider that stays silent: payments that wait for it are found, and nothing else is."""

from sqlalchemy import update
from structlog.testing import capture_logs
from tests.commerce import asking as doors
from tests.commerce.payments import paying

from rustok.commerce.payments import asking, planning, processing, service
from rustok.commerce.payments.models import PaymentAttempt
from rustok.commerce.payments.shapes import Units, Unreachable
from rustok.kernel.context import Actor, TenantInfo
from rustok.kernel.db import Database

STUCK = "query($s: Boolean) { payments(where: {stuck: $s}) { nodes { id } totalCount } }"


async def test_staff_find_what_a_silent_provider_keeps_waiting(
    database: Database, tenant: TenantInfo, units: Units
) -> None:
    staff = doors.admin(database, tenant)
    fine = await paying.opened(units)
    await processing.process(units, fine.id)
    silent = await paying.opened(units)
    await processing.process(units, silent.id, details={"scenario": "timeout"})
    assert (await staff(STUCK, s=True))["payments"]["nodes"] == []

    async with units() as context:
        await context.session.execute(
            update(PaymentAttempt)
            .where(PaymentAttempt.tenant_id == tenant.id, PaymentAttempt.payment_id == silent.id)
            .values(tries=planning.MANY_TRIES)
        )
        (attempt,) = await service.attempts(context, silent.id)
        with capture_logs() as said:
            await asking.postpone(context, attempt.id, Unreachable("nobody answers"))

    assert [one["event"] for one in said] == ["payments.stuck"]
    assert (await staff(STUCK, s=True))["payments"] == {"nodes": [{"id": str(silent.id)}], "totalCount": 1}
    assert (await staff(STUCK, s=False))["payments"]["nodes"] == [{"id": str(fine.id)}]
    stranger = Actor(kind="user", role="customer")
    assert (await staff(STUCK, actor=stranger, s=True)) == {"errors": ["forbidden"]}
