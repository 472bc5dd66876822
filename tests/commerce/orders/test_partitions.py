"""The quarters of orders: made ahead by a job that owns nothing, and right on the edges of the calendar."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from structlog.testing import capture_logs
from tests.commerce.orders import ordering
from tests.conftest import Addresses

from rustok.commerce.orders import partitions, service
from rustok.kernel.context import Context, TenantInfo
from rustok.kernel.db import Database

OpenContext = Callable[..., AbstractAsyncContextManager[Context]]


async def quarter_of(context: Context, order_id: object) -> str:
    """The table that an order's row lies in."""
    found = await context.session.scalar(
        text("SELECT tableoid::regclass::text FROM commerce_orders WHERE id = :id"), {"id": order_id}
    )
    return str(found)


@pytest.fixture
async def apart(own_database: Addresses, tenant: TenantInfo) -> AsyncIterator[Context]:
    """A worker in a database of its own: quarters that are made stay."""
    database = Database(own_database.app, own_database.worker)
    async with database.open(tenant, worker=True) as context:
        yield context
    await database.close()


async def test_the_present_quarter_and_four_more_are_there(apart: Context) -> None:
    assert await partitions.ahead(apart) == 4


async def test_the_job_makes_what_is_missing_and_warns(apart: Context) -> None:
    apart.now += timedelta(days=366)
    assert await partitions.ahead(apart) < 2
    with capture_logs() as said:
        await partitions.keep_ahead(apart)
    assert [one["event"] for one in said] == ["orders.few_quarters_ahead", "orders.quarters_made"]
    assert await partitions.ahead(apart) == 4
    with capture_logs() as said:
        await partitions.keep_ahead(apart)
    assert said == []


async def test_a_made_quarter_is_guarded_like_its_table(apart: Context) -> None:
    assert await partitions.make(apart, datetime(2019, 5, 1, tzinfo=UTC))
    assert not await partitions.make(apart, datetime(2019, 6, 30, 23, 59, 59, tzinfo=UTC))
    guards = await apart.session.execute(
        text("""SELECT relrowsecurity, relforcerowsecurity, (SELECT count(*) FROM pg_policy WHERE polrelid = c.oid),
            has_table_privilege('rustok_app', c.oid, 'SELECT, INSERT, UPDATE, DELETE')
            FROM pg_class c WHERE relname = 'commerce_orders_2019_q2'""")
    )
    assert guards.one() == (True, True, 1, False)


@pytest.mark.parametrize("at", [datetime(1999, 12, 31, tzinfo=UTC), datetime(2999, 1, 1, tzinfo=UTC)])
async def test_a_quarter_of_another_age_is_refused(open_context: OpenContext, at: datetime) -> None:
    with pytest.raises(DBAPIError):
        async with open_context(worker=True) as context:
            await partitions.make(context, at)


async def test_only_workers_make_quarters(context: Context) -> None:
    with pytest.raises(DBAPIError, match="permission denied"):
        await partitions.make(context, context.now)


async def test_an_order_without_a_quarter_is_refused(context: Context) -> None:
    (shirt,) = await ordering.goods(context, 1)
    context.now = datetime(2001, 1, 1, tzinfo=UTC)

    with pytest.raises(DBAPIError, match="no partition"):
        await ordering.order(context, [(shirt, 1, 100)])


BERLIN_SUMMER, BERLIN_WINTER = timezone(timedelta(hours=2)), timezone(timedelta(hours=1))


@pytest.mark.parametrize(
    ("at", "quarter"),
    [
        (datetime(2025, 12, 31, 23, 59, 59, 999999, tzinfo=UTC), "2025_q4"),
        (datetime(2026, 1, 1, tzinfo=UTC), "2026_q1"),
        # A quarter ends by UTC, whatever clock the buyer looks at.
        (datetime(2026, 1, 1, 0, 30, tzinfo=BERLIN_WINTER), "2025_q4"),
        (datetime(2024, 2, 29, 12, tzinfo=UTC), "2024_q1"),
        (datetime(2028, 2, 29, 23, 59, 59, tzinfo=UTC), "2028_q1"),
        # Clocks are turned: the same reading twice, and one that never was.
        (datetime(2025, 10, 26, 2, 30, tzinfo=BERLIN_SUMMER), "2025_q4"),
        (datetime(2025, 10, 26, 2, 30, tzinfo=BERLIN_WINTER), "2025_q4"),
        (datetime(2026, 3, 29, 1, 0, tzinfo=UTC), "2026_q1"),
        (datetime(2026, 4, 1, 1, 59, 59, tzinfo=BERLIN_SUMMER), "2026_q1"),
    ],
)
async def test_an_order_lies_in_the_quarter_of_its_moment(
    open_context: OpenContext, at: datetime, quarter: str
) -> None:
    async with open_context(worker=True) as context:
        await context.session.execute(text("SET LOCAL timezone = 'Europe/Berlin'"))
        await partitions.make(context, at)
        (shirt,) = await ordering.goods(context, 1)
        context.now = at
        placed = await ordering.order(context, [(shirt, 1, 100)])

        assert await quarter_of(context, placed.id) == f"commerce_orders_{quarter}"
        context.session.expunge_all()
        assert (await service.get(context, placed.id)).created_at == at
        assert (await service.lock(context, placed.id)).number == placed.number


async def test_numbers_go_on_across_a_quarters_end(open_context: OpenContext) -> None:
    end = datetime(2027, 1, 1, tzinfo=UTC)
    async with open_context(worker=True) as context:
        (shirt,) = await ordering.goods(context, 9)
        placed = []
        for moment in (end - timedelta(microseconds=1), end, end + timedelta(seconds=1)):
            context.now = moment
            placed.append(await ordering.order(context, [(shirt, 1, 100)]))

        assert [one.number for one in placed] == [1001, 1002, 1003]
        assert len({await quarter_of(context, one.id) for one in placed}) == 2
