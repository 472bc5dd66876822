"""The event log: recorded with the change, numbered without gaps, followed by durable consumers."""

import asyncio
from uuid import UUID

import pytest
from sqlalchemy import text

from rustok.events.commerce import ProductCreated, ProductUpdated
from rustok.events.core import TagUpdated
from rustok.kernel import bus, consuming, log
from rustok.kernel.consuming import Batch, Consumer
from rustok.kernel.db import Database
from rustok.kernel.ids import generate_id


@pytest.fixture
async def alone(own_database):
    database = Database(own_database.app, own_database.worker)
    yield database
    await database.close()


async def _tenant(alone, own_database):
    from sqlalchemy.ext.asyncio import AsyncSession

    from rustok.core.tenants import service as tenants
    from rustok.kernel import migrating

    engine = migrating.owner_engine(own_database.owner)
    async with AsyncSession(engine, expire_on_commit=False) as session:
        made = await tenants.create(
            session,
            slug="log",
            name="Log",
            hosts=[],
            locales=("en",),
            default_locale="en",
            currencies=("EUR",),
            default_currency="EUR",
        )
        await session.commit()
    await engine.dispose()
    async with alone.session(worker=True) as session:
        await session.execute(text("DELETE FROM event_staging"))
        await session.commit()
    return made


@pytest.fixture
async def shop(alone, own_database):
    return await _tenant(alone, own_database)


async def _everything(database: Database):
    while await log.sequence(database):
        pass
    return await log.tail(database, most=10_000)


async def test_a_recorded_event_is_in_the_log_once_the_change_is_committed(alone, shop):
    product_id = generate_id()
    async with alone.open(shop) as context:
        bus.record(context, ProductCreated(product_id=product_id))
        bus.record(context, ProductUpdated(product_id=product_id))

    found = await _everything(alone)

    assert [(e.type, e.version, e.aggregate_id) for e in found] == [
        ("ProductCreated", 1, product_id),
        ("ProductUpdated", 2, product_id),
    ]
    assert found[1].seq == found[0].seq + 1
    assert found[0].tenant_id == shop.id


async def test_a_change_that_is_rolled_back_leaves_no_event_and_no_version(alone, shop):
    product_id = generate_id()
    with pytest.raises(RuntimeError):
        async with alone.open(shop) as context:
            bus.record(context, ProductCreated(product_id=product_id))
            await bus.flush(context)
            raise RuntimeError

    async with alone.open(shop) as context:
        bus.record(context, ProductCreated(product_id=product_id))

    assert [e.version for e in await _everything(alone)] == [1]


async def test_parallel_writers_leave_no_gap_and_no_inversion(alone, shop):
    products = [generate_id() for _ in range(5)]

    async def write(number: int) -> None:
        for step in range(10):
            async with alone.open(shop) as context:
                for product_id in products[number % 3 : number % 3 + 3]:
                    bus.record(context, ProductUpdated(product_id=product_id))
                await asyncio.sleep(0.001 * (step % 3))

    await asyncio.gather(*(write(number) for number in range(8)), *(_sequence_for_a_while(alone) for _ in range(2)))
    found = await _everything(alone)

    assert len(found) == 8 * 10 * 3
    assert [e.seq for e in found] == list(range(found[0].seq, found[0].seq + len(found)))
    for product_id in products:
        versions = [e.version for e in found if e.aggregate_id == product_id]
        assert versions == list(range(1, len(versions) + 1))


async def _sequence_for_a_while(database: Database) -> None:
    for _ in range(50):
        await log.sequence(database, most=7)
        await asyncio.sleep(0.002)


async def _find(session, tenant_id: UUID):
    from rustok.core.tenants import lookup

    return await lookup.enter(session, tenant_id)


async def test_a_consumer_sees_its_events_once_and_in_order(alone, shop):
    seen: list[int] = []

    async def handle(batch: Batch) -> None:
        seen.extend(e.version for e in batch.envelopes)

    consumer = Consumer("test.seen", frozenset({"ProductUpdated"}), handle, most=3)
    product_id = generate_id()
    for _ in range(7):
        async with alone.open(shop) as context:
            bus.record(context, ProductUpdated(product_id=product_id))
            bus.record(context, TagUpdated(tag_id=generate_id()))
    await _everything(alone)

    await consuming.advance(alone, consumer, _find)  # makes the cursor
    while await consuming.advance(alone, consumer, _find):
        pass

    assert seen == [1, 2, 3, 4, 5, 6, 7]
    assert (await consuming.lag(alone))["test.seen"] == 0


async def test_a_poisonous_event_parks_its_aggregate_and_lets_the_others_through(alone, shop):
    bad, good = generate_id(), generate_id()
    handled: list[UUID] = []
    healthy = False

    async def handle(batch: Batch) -> None:
        for envelope in batch.envelopes:
            async with batch.tenant(envelope.tenant_id, cause=envelope) as context:
                assert context is not None
                if envelope.aggregate_id == bad and not healthy:
                    raise ValueError("poison")
                handled.append(envelope.aggregate_id)

    consumer = Consumer("test.poison", frozenset({"ProductUpdated"}), handle)
    for product_id in (bad, good, bad, good):
        async with alone.open(shop) as context:
            bus.record(context, ProductUpdated(product_id=product_id))
    await _everything(alone)
    for _ in range(12):
        try:
            await consuming.advance(alone, consumer, _find)
        except ValueError:
            continue

    parked = await consuming.failures(alone)
    assert handled == [good, good]
    assert [(f.state, f.aggregate_id) for f in parked] == [("parked", bad), ("waiting", bad)]
    assert parked[0].attempts == consuming.ATTEMPTS
    assert "poison" in (parked[0].error or "")

    healthy = True
    done, problem = await consuming.replay_parked(alone, consumer, _find, aggregate_id=bad)
    assert (done, problem) == (2, None)
    assert handled == [good, good, bad, bad]
    assert await consuming.failures(alone) == []


async def test_dropping_gives_up_on_one_aggregate_only(alone, shop):
    async def handle(batch: Batch) -> None:
        raise ValueError("always")

    consumer = Consumer("test.drop", frozenset({"ProductUpdated"}), handle)
    first, second = generate_id(), generate_id()
    for product_id in (first, second):
        async with alone.open(shop) as context:
            bus.record(context, ProductUpdated(product_id=product_id))
    await _everything(alone)
    for _ in range(20):
        try:
            await consuming.advance(alone, consumer, _find)
        except ValueError:
            continue

    assert await consuming.drop_parked(alone, "test.drop", aggregate_id=first) == 1
    assert [f.aggregate_id for f in await consuming.failures(alone)] == [second]


async def test_what_a_listener_records_is_committed_with_its_cursor(alone, shop):
    async def handle(batch: Batch) -> None:
        for envelope in batch.envelopes:
            async with batch.tenant(envelope.tenant_id, cause=envelope) as context:
                assert context is not None
                bus.record(context, TagUpdated(tag_id=envelope.aggregate_id))

    consumer = Consumer("test.chain", frozenset({"ProductUpdated"}), handle)
    async with alone.open(shop) as context:
        bus.record(context, ProductUpdated(product_id=generate_id()))
    await _everything(alone)
    await consuming.advance(alone, consumer, _find)
    await consuming.advance(alone, consumer, _find)

    found = await _everything(alone)
    assert [e.type for e in found] == ["ProductUpdated", "TagUpdated"]
    assert found[1].causation_id == found[0].id
    assert found[1].correlation_id == found[0].correlation_id


async def test_a_consumer_with_outside_effects_is_not_rewound(alone):
    async def handle(batch: Batch) -> None: ...

    consumer = Consumer("test.mail", None, handle, replayable=False)

    with pytest.raises(consuming.NotReplayable):
        await consuming.rewind(alone, consumer)
    assert "test.mail" not in await consuming.lag(alone)
