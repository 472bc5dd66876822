"""From a delivery to the one who wants to know: each endpoint at its own pace, and nothing is locked meanwhile."""

import asyncio
import random
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import structlog
from sqlalchemy import func, select, text, update

from rustok.core.webhooks import calling
from rustok.core.webhooks.models import Delivery, Endpoint, State
from rustok.kernel import errors
from rustok.kernel.context import TenantInfo
from rustok.kernel.module import Errand, Gauge
from rustok.kernel.units import Units

AT_ONCE = 4  # calls of one endpoint that are under way, in all processes together; one while it fails
ENDPOINTS = 100  # endpoints that this process is at
LEASE = timedelta(seconds=60)  # a call has an end after 15
# After the first failure, the second, …: three days in all.
WAITS = tuple(
    timedelta(seconds=seconds) for seconds in (10, 60, 300, 900, 3600, 10_800, 21_600, 43_200, 86_400, 86_400)
)
PATIENCE = timedelta(days=3)  # an endpoint that has accepted nothing for so long is switched off
GONE = 410
_DUE = text("SELECT rustok_webhooks_due()")
logger = structlog.get_logger("rustok.webhooks")
Key = tuple[UUID, UUID]  # tenant, endpoint


async def run(units: Units) -> None:
    """Call whoever is due, as long as the process lives. Each endpoint has its own task: nobody waits for another."""
    busy: set[Key] = set()
    woken = asyncio.Event()

    async def serve(tenant: TenantInfo, endpoint_id: UUID) -> None:
        try:
            if await deliver_to(units, tenant, endpoint_id):
                woken.set()  # there may be more for it
        except Exception as error:
            logger.warning("webhook.failed", endpoint=str(endpoint_id), error=repr(error)[:500])
        finally:
            busy.discard((tenant.id, endpoint_id))

    async with asyncio.TaskGroup() as group:
        while True:
            woken.clear()
            for tenant, endpoint_id in await due(units):
                if (tenant.id, endpoint_id) not in busy and len(busy) < ENDPOINTS:
                    busy.add((tenant.id, endpoint_id))
                    group.create_task(serve(tenant, endpoint_id))
            with suppress(TimeoutError):
                async with asyncio.timeout(0.8 + 0.4 * random.random()):  # noqa: S311 - jitter
                    await woken.wait()


ERRAND = Errand("core.webhooks", run)
GAUGES = (
    Gauge(
        "webhook_deliveries_failed",
        "Webhook deliveries that nobody heard and that are not tried again.",
        "SELECT rustok_webhooks_failed()",
    ),
    Gauge(
        "webhook_deliveries_late",
        "Webhook deliveries that have been waiting for more than an hour.",
        "SELECT rustok_webhooks_waiting('1 hour')",
    ),
)


async def due(units: Units) -> list[tuple[TenantInfo, UUID]]:
    """Every endpoint for which something is due, in no particular order."""
    async with units.session() as session:
        tenants = list(await session.scalars(_DUE))
    found: list[tuple[TenantInfo, UUID]] = []
    for tenant_id in tenants:
        tenant = await units.tenant(tenant_id)
        if tenant is None:
            continue
        async with units.open(tenant) as context:
            endpoints = await context.session.scalars(
                select(Endpoint.id).where(
                    Endpoint.tenant_id == context.tenant_id,
                    Endpoint.enabled,
                    select(Delivery.id)
                    .where(
                        Delivery.tenant_id == Endpoint.tenant_id,
                        Delivery.endpoint_id == Endpoint.id,
                        Delivery.next_attempt_at <= context.now,
                    )
                    .exists(),
                )
            )
            found += [(tenant, endpoint_id) for endpoint_id in endpoints]
    random.shuffle(found)
    return found


async def deliver_to(units: Units, tenant: TenantInfo, endpoint_id: UUID) -> int:
    """Call one endpoint for some of what is due; returns how many calls that were."""
    endpoint, claimed = await _claim(units, tenant, endpoint_id)
    if endpoint is None or not claimed:
        return 0
    caller = units.resources.get(calling.Caller) or calling.Caller()
    async with asyncio.TaskGroup() as group:
        for delivery in claimed:
            group.create_task(_one(units, tenant, caller, endpoint, delivery))
    return len(claimed)


async def _claim(units: Units, tenant: TenantInfo, endpoint_id: UUID) -> tuple[Endpoint | None, Sequence[Delivery]]:
    """Take a few, so that no other process does; committed before anybody is called."""
    async with units.open(tenant) as context:
        endpoint = await context.session.scalar(
            select(Endpoint)
            .where(Endpoint.tenant_id == context.tenant_id, Endpoint.id == endpoint_id, Endpoint.enabled)
            .with_for_update(skip_locked=True, key_share=True)
        )
        if endpoint is None:
            return None, ()
        mine = (Delivery.tenant_id == context.tenant_id, Delivery.endpoint_id == endpoint_id)
        under_way = await context.session.scalar(
            select(func.count())
            .select_from(Delivery)
            .where(*mine, Delivery.state == State.SENDING, Delivery.next_attempt_at > context.now)
        )
        room = (1 if endpoint.failing_since else AT_ONCE) - (under_way or 0)
        if room <= 0:
            return None, ()
        claimed = (
            await context.session.scalars(
                select(Delivery)
                .where(*mine, Delivery.next_attempt_at <= context.now)
                .order_by(Delivery.next_attempt_at, Delivery.id)
                .limit(room)
                .with_for_update(skip_locked=True)
            )
        ).all()
        for delivery in claimed:
            delivery.state = State.SENDING
            delivery.attempts += 1
            delivery.next_attempt_at = context.now + LEASE
        return endpoint, claimed


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What came of one call."""

    milliseconds: int
    status: int | None = None
    excerpt: str | None = None
    error: str | None = None

    @property
    def good(self) -> bool:
        """Whether it was heard."""
        return self.status is not None and 200 <= self.status < 300


async def _one(
    units: Units, tenant: TenantInfo, caller: calling.Caller, endpoint: Endpoint, delivery: Delivery
) -> None:
    started = time.monotonic()
    now = datetime.now(UTC)
    secrets = [endpoint.secret]
    if endpoint.previous_secret and endpoint.previous_secret_until and endpoint.previous_secret_until > now:
        secrets.append(endpoint.previous_secret)
    body = delivery.body.encode()
    headers = {
        "Content-Type": "application/json",
        "Rustok-Event": delivery.event_type,
        "Rustok-Event-Id": str(delivery.event_id),
        "Rustok-Delivery": str(delivery.id),
        "Rustok-Attempt": str(delivery.attempts),
        calling.SIGNATURE: calling.sign(body, timestamp=int(now.timestamp()), using=secrets),
    }
    try:
        if caller.only_https and not endpoint.url.startswith("https://"):
            raise calling.InvalidAddress("only https addresses are called")
        answer = await caller.fetcher.post(endpoint.url, body, headers=headers)
    except errors.RustokError as error:
        outcome = _Outcome(_since(started), error=str(error)[:1000])
    else:
        said = None if 200 <= answer.status < 300 else f"the server answered {answer.status}"
        outcome = _Outcome(_since(started), answer.status, answer.excerpt, said)
    await _settle(units, tenant, endpoint, delivery, outcome)


async def _settle(units: Units, tenant: TenantInfo, endpoint: Endpoint, delivery: Delivery, outcome: _Outcome) -> None:
    """Write down what came of it, unless the claim has run out and another process is at it."""
    now = datetime.now(UTC)
    changes: dict[str, object] = {
        "response_status": outcome.status,
        "response_excerpt": outcome.excerpt,
        "duration_ms": outcome.milliseconds,
        "last_error": outcome.error,
    }
    if outcome.good:
        changes |= {"state": State.DELIVERED, "delivered_at": now, "next_attempt_at": None}
    elif delivery.attempts > len(WAITS):
        changes |= {"state": State.FAILED, "next_attempt_at": None}
    else:
        wait = WAITS[delivery.attempts - 1] * random.uniform(0.9, 1.1)  # noqa: S311 - jitter
        changes |= {"state": State.WAITING, "next_attempt_at": now + wait}
    async with units.open(tenant) as context:
        # The endpoint first, as whoever claims does it.
        place = (Endpoint.tenant_id == context.tenant_id, Endpoint.id == endpoint.id)
        if outcome.good:
            if endpoint.failing_since is not None:
                await context.session.execute(update(Endpoint).where(*place).values(failing_since=None))
        else:
            await context.session.execute(update(Endpoint).where(*place).values(_after_failure(endpoint, outcome, now)))
        await context.session.execute(
            update(Delivery)
            .where(
                Delivery.tenant_id == context.tenant_id,
                Delivery.id == delivery.id,
                Delivery.state == State.SENDING,
                Delivery.attempts == delivery.attempts,
            )
            .values(**changes)
            .execution_options(synchronize_session=False)
        )


def _after_failure(endpoint: Endpoint, outcome: _Outcome, now: datetime) -> dict[str, object]:
    since = endpoint.failing_since or now
    if outcome.status == GONE:
        return {"failing_since": since, "enabled": False, "disabled_reason": "the server answered 410: it is gone"}
    if now - since > PATIENCE:
        reason = f"nothing was accepted since {since:%Y-%m-%d %H:%M} UTC; at last: {outcome.error}"
        return {"failing_since": since, "enabled": False, "disabled_reason": reason[:1000]}
    return {"failing_since": func.coalesce(Endpoint.failing_since, now)}


def _since(started: float) -> int:
    return round((time.monotonic() - started) * 1000)
