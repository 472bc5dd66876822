"""A million orders: what the admin's list and search take then, and what they took at ten thousand.

`python -m bench.orders [--orders 1000000]` in a PostgreSQL of its own under build. Rows are made by PostgreSQL itself;
tables, policies, indexes and the statements that are timed are the platform's, run as the program's own role.
"""

import argparse
import asyncio
import shutil
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
from sqlalchemy.ext.asyncio import AsyncSession

from bench.figures import say
from rustok.commerce.orders import searching
from rustok.commerce.orders.searching import Filter, Sort
from rustok.commerce.orders.states import OrderStatus
from rustok.core.tenants import service as tenants
from rustok.kernel import migrating, paging
from rustok.kernel.context import Context, TenantInfo
from rustok.kernel.db import APP_ROLE, WORKER_ROLE, Database
from rustok.kernel.postgres import Embedded
from rustok.kernel.settings import Settings
from rustok.server import modules

HOME = Path("build") / "bench-orders"
SMALL = 10_000
DAYS = 3 * 365
TIMES = 25

# Every order is a little older than the next; one in fifty waits, one in thirty belongs to a customer called Smith.
_MADE = """
WITH made AS MATERIALIZED (
  SELECT n, gen_random_uuid() AS id,
    now() - make_interval(secs => ({days} * 86400.0) * ({most} - n) / {most}) AS created_at,
    CASE WHEN n % 50 = 0 THEN 'pending' WHEN n % 40 = 0 THEN 'cancelled' ELSE 'completed' END AS status,
    100 + (n::bigint * 7919) % 50000 AS minor, 'buyer' || n % 200000 || '@example.com' AS email,
    CASE WHEN n % 30 = 0 THEN 'Ann Smith' ELSE 'Bo Nr' || n % 5000 END AS name
  FROM generate_series({first}, {last}) AS n
), claims AS (
  INSERT INTO commerce_order_claims (tenant_id, id, created_at, number, token)
  SELECT '{tenant}'::uuid, id, created_at, n, md5(n::text) FROM made
), terms AS (
  INSERT INTO commerce_order_terms (tenant_id, term, order_id)
  SELECT '{tenant}'::uuid, email, id FROM made
  UNION ALL SELECT '{tenant}'::uuid, lower(split_part(name, ' ', part)), id FROM made, generate_series(1, 2) AS part
)
INSERT INTO commerce_orders (tenant_id, id, created_at, number, token, source, status, payment_status,
  fulfilment_status, email, name, locale, currency, tax_included, subtotal_minor, discount_minor,
  shipping_price_minor, shipping_discount_minor, shipping_minor, shipping_tax_minor, tax_minor, total_minor,
  gift_card_minor, due_minor, cancelled_at)
SELECT '{tenant}'::uuid, id, created_at, n, md5(n::text), 'cart', status,
  CASE status WHEN 'completed' THEN 'paid' WHEN 'pending' THEN 'unpaid' ELSE 'voided' END,
  CASE status WHEN 'completed' THEN 'fulfilled' ELSE 'unfulfilled' END,
  email, name, 'en', 'EUR', true, minor, 0, 0, 0, 0, 0, 0, minor, 0, minor,
  CASE status WHEN 'cancelled' THEN created_at END
FROM made
"""


async def fill(owner: Any, tenant_id: UUID, first: int, last: int, *, most: int, days: int = DAYS) -> None:
    """Orders with the numbers from `first` to `last`, of which there will be `most` over so many days."""
    await owner.execute(
        "SELECT commerce_orders_make_quarter(at) FROM generate_series(now() - make_interval(days => $1), now(),"
        " interval '1 month') AS at",
        days,
    )
    step = 50_000
    for start in range(first, last + 1, step):
        async with owner.transaction():
            await owner.execute("SELECT set_config('app.tenant', $1, true)", str(tenant_id))
            end = min(start + step - 1, last)
            await owner.execute(_MADE.format(tenant=tenant_id, first=start, last=end, most=most, days=days))


Timed = Callable[[Context], Awaitable[Any]]


def listed(which: Filter, *, sort: Sort = Sort.CREATED_DESC, after: str | None = None, first: int = 20) -> Timed:
    """A page as the admin asks for it."""

    async def ask(context: Context) -> Any:
        statement = searching.matching(context, which)
        keys = searching.KEYS[sort]
        return await paging.page(context, statement, keys=keys, first=first, after=after, plan_once=which.query is None)

    return ask


def questions(deep: str, number: int) -> dict[str, Timed]:
    """What is timed, by name."""
    middle = datetime.now(UTC) - timedelta(days=DAYS // 2)
    return {
        "first page": listed(Filter()),
        "a page in the middle": listed(Filter(), after=deep),
        "the oldest first": listed(Filter(), sort=Sort.CREATED_ASC),
        "the dearest first": listed(Filter(), sort=Sort.TOTAL_DESC),
        "pending ones": listed(Filter(status=[OrderStatus.PENDING])),
        "of a month": listed(Filter(created_from=middle, created_until=middle + timedelta(days=30))),
        "by number": listed(Filter(query=f"#{number}")),
        "by e-mail address": listed(Filter(query="buyer77@example.com")),
        "by a rare name": listed(Filter(query="nr4711")),
    }


async def measure(database: Database, tenant: TenantInfo, asked: Timed) -> float:
    """The median of the times, in milliseconds."""
    taken = []
    for _ in range(TIMES):
        async with database.read(tenant) as context:
            start = time.perf_counter()
            await asked(context)
            taken.append((time.perf_counter() - start) * 1000)
    return statistics.median(taken)


async def _cursor(database: Database, tenant: TenantInfo, at: datetime) -> str:
    """Where the list stands at a moment."""
    async with database.read(tenant) as context:
        page = await listed(Filter(created_until=at), first=1)(context)
        found: str = page.cursors[0]
        return found


async def run(url: str, orders: int) -> None:
    """Fill, measure, fill on, measure, compare."""
    settings = Settings(secret_key="only for the bench")  # noqa: S106 - opens no door
    app, worker = settings.role_url(url, APP_ROLE), settings.role_url(url, WORKER_ROLE)
    say("migrating")
    await modules.prepare(url, role_urls=[app, worker])
    engine = migrating.owner_engine(url)
    async with AsyncSession(engine) as session:
        tenant = await tenants.create(
            session,
            slug="bench",
            name="Bench",
            hosts=["127.0.0.1"],
            locales=("en",),
            default_locale="en",
            currencies=("EUR",),
            default_currency="EUR",
        )
        await session.commit()
    await engine.dispose()
    owner, database = await asyncpg.connect(url), Database(app, worker)
    found: dict[str, list[float]] = {}
    done = 0
    for size in (SMALL, orders):
        say(f"filling {size:,} orders")
        await fill(owner, tenant.id, done + 1, size, most=size, days=DAYS)
        done = size
        await owner.execute("VACUUM (ANALYZE) commerce_orders, commerce_order_claims, commerce_order_terms")
        deep = await _cursor(database, tenant, datetime.now(UTC) - timedelta(days=DAYS // 2))
        for name, asked in questions(deep, size // 2).items():
            found.setdefault(name, []).append(await measure(database, tenant, asked))
    for name, (small, large) in found.items():
        sys.stdout.write(f"{name:24} {small:8.2f} ms {large:8.2f} ms {large / small:6.2f} times\n")
    await database.close()
    await owner.close()


def main() -> None:
    """Measure, and leave nothing behind."""
    parser = argparse.ArgumentParser(prog="python -m bench.orders", description=main.__doc__)
    parser.add_argument("--orders", type=int, default=1_000_000)
    asked = parser.parse_args()
    shutil.rmtree(HOME, ignore_errors=True)
    HOME.mkdir(parents=True)
    embedded = Embedded(HOME, durable=False)
    try:
        asyncio.run(run(embedded.start(), asked.orders))
    finally:
        embedded.stop()
        shutil.rmtree(HOME, ignore_errors=True)


if __name__ == "__main__":
    main()
