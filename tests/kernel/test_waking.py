"""Nobody waits for a poll: what is committed in one process is numbered at once, and wakes the workers of another."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

import asyncpg
import pytest
from tests.conftest import Addresses
from tests.kernel.test_log import alone, shop

from rustok.events.commerce import ProductUpdated
from rustok.kernel import bus, log
from rustok.kernel.consuming import Batch, Consumer
from rustok.kernel.context import Context, TenantInfo
from rustok.kernel.db import Database, plain_url
from rustok.kernel.ids import generate_id
from rustok.kernel.numbering import Numbering
from rustok.kernel.working import Workers

__all__ = ["alone", "shop"]  # fixtures
NEVER = 3600.0
PATIENCE = 30.0


class Seen:
    """A consumer that remembers which products it was told of."""

    def __init__(self) -> None:
        self.products: list[UUID] = []
        self.warm: list[str] = []
        self._more = asyncio.Event()

    async def handle(self, batch: Batch) -> None:
        self.products += [envelope.aggregate_id for envelope in batch.envelopes]
        self._more.set()

    async def warm_up(self, context: Context) -> None:
        bus.record(context, ProductUpdated(product_id=generate_id()))
        await bus.flush(context)
        self.warm.append(context.tenant.slug)

    async def until(self, product_id: UUID) -> None:
        async with asyncio.timeout(PATIENCE):
            while product_id not in self.products:
                self._more.clear()
                await self._more.wait()


@pytest.fixture
async def elsewhere(own_database: Addresses) -> AsyncIterator[Database]:
    """The workers' process: it shares nothing with the one that writes but PostgreSQL."""
    database = Database(own_database.app, own_database.worker)
    yield database
    await database.close()


@pytest.fixture
async def numbering(alone: Database) -> AsyncIterator[Numbering]:
    """What a web process runs beside its requests."""
    made = Numbering(alone)
    made.start()
    yield made
    await made.stop()


@asynccontextmanager
async def following(
    database: Database, seen: Seen, tenant: TenantInfo, *, prompt: bool = True
) -> AsyncIterator[Workers]:
    """Workers that never look by themselves once they have looked; they run until the block ends."""

    async def find(session: object, tenant_id: UUID) -> TenantInfo | None:
        return tenant

    async def list_tenants() -> list[TenantInfo]:
        return [tenant]

    consumer = Consumer(
        "test.seen", frozenset({"ProductUpdated"}), seen.handle, prompt=prompt, warm_up=seen.warm_up if prompt else None
    )
    workers = Workers(database, [consumer], find, list_tenants, poll_seconds=NEVER)
    workers.start()
    try:
        yield workers
    finally:
        await workers.stop()


async def change(database: Database, tenant: TenantInfo) -> UUID:
    """Something that happens to a new product."""
    product_id = generate_id()
    async with database.open(tenant) as context:
        bus.record(context, ProductUpdated(product_id=product_id))
    return product_id


@pytest.mark.parametrize("prompt", [True, False])
async def test_a_commit_reaches_another_processs_consumers_without_a_poll(
    alone: Database,
    shop: TenantInfo,
    elsewhere: Database,
    numbering: Numbering,
    prompt: bool,
) -> None:
    seen = Seen()
    async with following(elsewhere, seen, shop, prompt=prompt):
        for _ in range(5):
            await seen.until(await change(alone, shop))

    assert len(seen.products) == len(set(seen.products)) == 5


async def test_workers_number_and_follow_what_their_own_process_commits(
    alone: Database,
    shop: TenantInfo,
) -> None:
    seen = Seen()
    async with following(alone, seen, shop):
        for _ in range(5):
            await seen.until(await change(alone, shop))

    assert len(seen.products) == 5


async def test_lost_connections_are_made_again_and_nothing_is_missed(
    alone: Database,
    shop: TenantInfo,
    elsewhere: Database,
    numbering: Numbering,
    own_database: Addresses,
) -> None:
    seen = Seen()
    async with following(elsewhere, seen, shop):
        owner = await asyncpg.connect(plain_url(own_database.owner))
        try:
            await seen.until(await change(alone, shop))
            for _ in range(3):
                # Sequencers, listeners and whoever handles something just now: all of the workers' role.
                await owner.execute(
                    """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                       WHERE datname = current_database() AND usename = 'rustok_worker'"""
                )
                await seen.until(await change(alone, shop))
        finally:
            await owner.close()

    found = await log.tail(alone, most=100)
    assert [envelope.seq for envelope in found] == list(range(found[0].seq, found[0].seq + len(found)))
    assert set(seen.products) == {envelope.aggregate_id for envelope in found}


async def test_what_a_consumer_does_to_warm_up_leaves_no_trace(
    alone: Database,
    shop: TenantInfo,
) -> None:
    seen = Seen()
    async with following(alone, seen, shop):
        told = await change(alone, shop)
        await seen.until(told)

    assert seen.warm == [shop.slug]
    assert seen.products == [told]
