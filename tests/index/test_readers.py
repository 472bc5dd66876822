"""Readers and versions against a real PostgreSQL: who sees what, and what is left after anything that goes wrong."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Callable
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from asyncpg import exceptions
from tests.conftest import Addresses

from rustok.index import readers as reading
from rustok.index.readers import Readers
from rustok.index.versions import Versions
from rustok.kernel import errors
from rustok.kernel.db import plain_url
from rustok.kernel.ids import generate_id

WHOSE = "SELECT DISTINCT tenant_id FROM index_changes"  # without any condition: the policies decide
MINE = "SELECT pg_backend_pid()"
NOWHERE = "postgresql://nobody@127.0.0.1:1/nothing"
Open = Callable[[int], Readers]


@pytest.fixture(scope="module")
async def owning(addresses: Addresses) -> AsyncIterator[asyncpg.Connection]:
    """The owner, who may look and write everywhere."""
    connection = await asyncpg.connect(plain_url(addresses.owner))
    yield connection
    await connection.close()


async def move(owning: asyncpg.Connection, tenant: UUID, version: int) -> None:
    """The read model of a tenant gets a version."""
    async with owning.transaction():
        await owning.execute("SELECT set_config('app.tenant', $1, true)", str(tenant))
        await owning.execute(
            "INSERT INTO index_versions (tenant_id, version) VALUES ($1, $2)"
            " ON CONFLICT (tenant_id) DO UPDATE SET version = $2",
            tenant,
            version,
        )
        await owning.execute(
            "INSERT INTO index_changes (tenant_id, version, entity) VALUES ($1, $2, 'products')", tenant, version
        )


@pytest.fixture(scope="module")
async def pair(owning: asyncpg.Connection) -> tuple[UUID, UUID]:
    """Two tenants that have one change each."""
    made = generate_id(), generate_id()
    for tenant in made:
        await move(owning, tenant, 1)
    return made


@pytest.fixture
async def open_readers(addresses: Addresses) -> AsyncIterator[Open]:
    """`open_readers(1)`: a pool of that size."""
    opened: list[Readers] = []

    def made(most: int) -> Readers:
        opened.append(Readers(addresses.app, most=most))
        return opened[-1]

    yield made
    for one in opened:
        await one.close()


async def cut(task: "asyncio.Task[Any]") -> None:
    """Cancel it and wait for its end."""
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def begun(owning: asyncpg.Connection, mark: str) -> int:
    """The backend that runs the statement which holds this mark, as soon as there is one."""
    async with asyncio.timeout(10):
        while True:
            pid: int | None = await owning.fetchval(
                "SELECT pid FROM pg_stat_activity WHERE state = 'active' AND query LIKE $1 AND pid <> pg_backend_pid()",
                f"%{mark}%",
            )
            if pid is not None:
                return pid
            await asyncio.sleep(0.005)


def sleeping(seconds: float = 30) -> tuple[str, str]:
    """A statement that takes its time, and the mark by which it is found."""
    mark = f"nap_{os.urandom(6).hex()}"
    return f"SELECT pg_sleep({seconds}), '{mark}'", mark


async def sees(readers: Readers, tenant: UUID) -> set[UUID]:
    """Whose rows a tenant is shown."""
    return {row[0] for row in await readers.rows(tenant, WHOSE)}


@pytest.mark.parametrize("most", [1, 3])
async def test_two_tenants_at_once_never_see_each_other(open_readers: Open, pair: tuple[UUID, UUID], most: int) -> None:
    readers = open_readers(most)
    order = [pair[n % 2] for n in range(60)]

    found = await asyncio.gather(*(sees(readers, tenant) for tenant in order))

    assert found == [{tenant} for tenant in order]
    assert await sees(readers, generate_id()) == set()


async def test_tenants_stay_apart_after_errors_timeouts_and_cancellations(
    open_readers: Open, owning: asyncpg.Connection, pair: tuple[UUID, UUID]
) -> None:
    readers, (one, other) = open_readers(1), pair

    with pytest.raises(exceptions.DivisionByZeroError):
        await readers.rows(one, "SELECT 1 / 0")
    assert await sees(readers, other) == {other}
    with pytest.raises(exceptions.UndefinedTableError):
        await readers.rows(other, "SELECT 1 FROM nothing_of_the_kind")
    assert await sees(readers, one) == {one}

    sql, mark = sleeping()
    slow = asyncio.create_task(readers.rows(one, sql))
    await owning.execute("SELECT pg_cancel_backend($1)", await begun(owning, mark))  # as the statement's timeout does
    with pytest.raises(exceptions.QueryCanceledError):
        await slow
    assert await sees(readers, other) == {other}

    sql, mark = sleeping()
    slow = asyncio.create_task(readers.rows(one, sql))
    await begun(owning, mark)
    await cut(slow)
    assert [await sees(readers, tenant) for tenant in (other, one)] == [{other}, {one}]


async def test_nothing_can_be_written(open_readers: Open, owning: asyncpg.Connection, pair: tuple[UUID, UUID]) -> None:
    readers, (one, _) = open_readers(1), pair
    before = await owning.fetchval("SELECT count(*) FROM index_changes")
    for sql in (
        "DELETE FROM index_changes",
        "UPDATE index_versions SET version = 0",
        "INSERT INTO index_changes (tenant_id, version, entity) SELECT tenant_id, 9, 'x' FROM index_changes",
        "CREATE TABLE loot (id int)",
    ):
        with pytest.raises((exceptions.ReadOnlySQLTransactionError, exceptions.InsufficientPrivilegeError)):
            await readers.rows(one, sql)
    with pytest.raises(exceptions.ReadOnlySQLTransactionError):
        await readers.rows(one, "INSERT INTO nodes (tenant_id) VALUES ($1)", (one,))
    assert await owning.fetchval("SELECT count(*) FROM index_changes") == before


async def test_a_restart_is_survived_by_whoever_reads_and_whoever_waits(
    open_readers: Open, owning: asyncpg.Connection, pair: tuple[UUID, UUID]
) -> None:
    readers, (one, other) = open_readers(3), pair
    pids = {row[0] for rows in await asyncio.gather(*(readers.rows(one, MINE) for _ in range(3))) for row in rows}
    await owning.fetch("SELECT pg_terminate_backend(pid) FROM unnest($1::int[]) pid", list(pids))  # all idle

    found = await asyncio.gather(*(sees(readers, tenant) for tenant in [one, other] * 6))
    assert found == [{one}, {other}] * 6

    busy = [sleeping(0.4) for _ in range(3)]
    asked = [asyncio.create_task(readers.rows(one, sql)) for sql, _ in busy]
    killed = [await begun(owning, mark) for _, mark in busy]
    queued = [asyncio.create_task(sees(readers, other)) for _ in range(6)]
    await owning.fetch("SELECT pg_terminate_backend(pid) FROM unnest($1::int[]) pid", killed)

    assert [len(rows) for rows in await asyncio.gather(*asked)] == [1, 1, 1]
    assert await asyncio.gather(*queued) == [{other}] * 6
    assert not pids & {row[0] for row in await readers.rows(one, MINE)}


async def test_callers_are_served_in_the_order_in_which_they_came(
    open_readers: Open, owning: asyncpg.Connection, pair: tuple[UUID, UUID]
) -> None:
    readers, served = open_readers(1), []
    sql, mark = sleeping(0.1)

    async def ask(number: int) -> None:
        await readers.rows(pair[number % 2], "SELECT 1")
        served.append(number)

    first = asyncio.create_task(readers.rows(pair[0], sql))
    await begun(owning, mark)
    await asyncio.gather(*(ask(number) for number in range(12)))
    await first

    assert served == list(range(12))


async def test_waiters_that_give_up_take_nothing_with_them(
    open_readers: Open, owning: asyncpg.Connection, pair: tuple[UUID, UUID]
) -> None:
    readers, (one, other) = open_readers(1), pair
    sql, mark = sleeping()
    slow = asyncio.create_task(readers.rows(one, sql))
    await begun(owning, mark)
    waiting = [asyncio.create_task(sees(readers, other)) for _ in range(3)]
    await asyncio.sleep(0)
    await cut(waiting[1])  # while it stands in line
    slow.add_done_callback(lambda _: waiting[0].cancel())
    await cut(slow)  # at the moment when it may open a connection

    async with asyncio.timeout(5):
        assert await waiting[2] == {other}
        assert await sees(readers, one) == {one}
    assert waiting[0].cancelled()


async def test_a_waiter_that_gives_up_when_it_is_served_passes_the_connection_on(
    open_readers: Open, pair: tuple[UUID, UUID]
) -> None:
    readers, (one, other) = open_readers(1), pair
    for _ in range(20):
        first = asyncio.create_task(sees(readers, one))
        waiting = [asyncio.create_task(sees(readers, other)) for _ in range(3)]
        first.add_done_callback(lambda _, one=waiting[0]: one.cancel())
        await first
        async with asyncio.timeout(5):
            assert await waiting[1] == await waiting[2] == {other}


async def test_never_more_connections_than_allowed(
    open_readers: Open, owning: asyncpg.Connection, pair: tuple[UUID, UUID]
) -> None:
    readers = open_readers(2)
    naps = [sleeping(0.05)[0] for _ in range(10)]
    asked = [asyncio.create_task(readers.rows(pair[n % 2], sql)) for n, sql in enumerate(naps)]
    for task in asked[::3]:
        await asyncio.sleep(0.02)
        task.cancel()
    await asyncio.gather(*asked, return_exceptions=True)

    pids = {row[0][0] for row in await asyncio.gather(*(readers.rows(pair[n % 2], MINE) for n in range(20)))}

    assert len(pids) <= 2


async def test_a_statement_that_is_called_wrongly_is_neither_repeated_nor_called_an_outage(
    open_readers: Open, pair: tuple[UUID, UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    readers, (one, _) = open_readers(2), pair
    calls = 0
    run = reading._Connection.rows

    async def counted(self: Any, *rest: Any) -> list[Any]:
        nonlocal calls
        calls += 1
        return await run(self, *rest)

    monkeypatch.setattr(reading._Connection, "rows", counted)
    with pytest.raises(exceptions.InterfaceError):
        await readers.rows(one, "SELECT $1::int", (1, 2))
    assert calls == 1
    with pytest.raises(exceptions.DataError):
        await readers.rows(one, "SELECT $1::int", ("one",))
    assert calls == 2
    assert await sees(readers, one) == {one}


async def test_statements_are_kept_prepared_within_a_bound(open_readers: Open, pair: tuple[UUID, UUID]) -> None:
    readers = open_readers(1)
    for number in range(reading.PREPARED + 30):
        await readers.rows(pair[0], f"SELECT {number}")

    kept = (await readers.row(pair[0], "SELECT count(*) FROM pg_prepared_statements"))[0]

    assert reading.PREPARED - 1 <= kept <= reading.PREPARED + 1


async def test_a_table_of_another_shape_is_read_after_one_refusal_at_most(
    open_readers: Open, owning: asyncpg.Connection, pair: tuple[UUID, UUID]
) -> None:
    readers, name = open_readers(1), f"shape_{os.urandom(4).hex()}"
    await owning.execute(f"CREATE TABLE {name} AS SELECT 1 AS a; GRANT SELECT ON {name} TO rustok_app")
    try:
        sql = f"SELECT a FROM {name}"
        assert list(await readers.row(pair[0], sql)) == [1]
        await owning.execute(f"ALTER TABLE {name} ALTER COLUMN a TYPE text")
        with contextlib.suppress(exceptions.PostgresError):
            await readers.row(pair[0], sql)
        assert list(await readers.row(pair[0], sql)) == ["1"]
    finally:
        await owning.execute(f"DROP TABLE {name}")


async def test_no_database_is_unavailable(addresses: Addresses) -> None:
    nameless = addresses.app.rsplit("/", 1)[0] + "/no_such_database"
    for url in (NOWHERE, nameless):
        readers = Readers(url, most=1)
        for _ in range(3):  # no attempt takes the place of a connection
            async with asyncio.timeout(5):
                with pytest.raises(errors.Unavailable):
                    await readers.rows(generate_id(), "SELECT 1")


@pytest.fixture
async def versions(addresses: Addresses) -> AsyncIterator[Versions]:
    """The versions as one process asks for them."""
    made = Versions(addresses.app)
    yield made
    await made.close()


def statements(versions: Versions) -> list[list[UUID]]:
    """Whom each statement asks for, from now on."""
    seen: list[list[UUID]] = []
    row = versions.readers.row

    async def noted(tenant: UUID, sql: str, values: Any = ()) -> Any:
        seen.append(values[0])
        return await row(tenant, sql, values)

    versions.readers.row = noted  # type: ignore[method-assign]  # it still reads
    return seen


async def test_all_that_ask_at_once_share_one_statement(
    versions: Versions, owning: asyncpg.Connection, pair: tuple[UUID, UUID]
) -> None:
    one, other = generate_id(), generate_id()
    await move(owning, one, 7)
    await move(owning, other, 9)
    stranger = generate_id()
    seen = statements(versions)

    found = await asyncio.gather(*(versions.current(t) for t in [one, other, stranger] * 40))

    assert found == [7, 9, 0] * 40
    assert [sorted(asked) for asked in seen] == [sorted([one, other, stranger])]


async def test_a_version_is_never_older_than_a_commit_before_the_question(
    versions: Versions, owning: asyncpg.Connection
) -> None:
    tenant, stop, asked = generate_id(), asyncio.Event(), 0

    async def crowd() -> None:
        nonlocal asked
        while not stop.is_set():
            await versions.current(tenant)
            asked += 1

    crowding = [asyncio.create_task(crowd()) for _ in range(5)]  # so that some statement is always on its way
    for number in range(1, 60):
        await move(owning, tenant, number)
        assert await versions.current(tenant) >= number
    stop.set()
    await asyncio.gather(*crowding)
    assert asked > 60


async def test_who_gives_up_costs_the_others_nothing(versions: Versions, owning: asyncpg.Connection) -> None:
    tenant = generate_id()
    await move(owning, tenant, 3)
    waiting = [versions.current(tenant) for _ in range(4)]
    waiting[0].cancel()
    waiting[2].cancel()

    assert [await waiting[1], await waiting[3]] == [3, 3]


async def test_an_outage_is_told_to_all_and_ends(addresses: Addresses, owning: asyncpg.Connection) -> None:
    tenant = generate_id()
    await move(owning, tenant, 4)
    versions = Versions(NOWHERE)

    found = await asyncio.gather(*(versions.current(tenant) for _ in range(5)), return_exceptions=True)
    assert [type(one) for one in found] == [errors.Unavailable] * 5

    versions.readers.url = plain_url(addresses.app)  # it is back
    assert await versions.current(tenant) == 4
    (pid,) = await versions.readers.row(tenant, MINE)
    await owning.execute("SELECT pg_terminate_backend($1)", pid)
    assert await versions.current(tenant) == 4
    await versions.close()
