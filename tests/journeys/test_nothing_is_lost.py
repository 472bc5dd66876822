"""The second promise: kill any process at any moment; no event is lost and the read model equals a rebuild."""

import asyncio
import json
import sys
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from rustok.core.tenants import service as tenants
from rustok.index import verifying
from rustok.kernel import migrating
from rustok.kernel.db import Database, plain_url
from rustok.server import modules

KILLS = 240


@pytest.fixture
async def shop(own_database):
    engine = migrating.owner_engine(own_database.owner)
    async with AsyncSession(engine, expire_on_commit=False) as session:
        made = await tenants.create(
            session,
            slug="kill",
            name="Kill",
            hosts=[],
            locales=("en", "ru"),
            default_locale="en",
            currencies=("EUR",),
            default_currency="EUR",
        )
        await session.commit()
    await engine.dispose()
    return made


async def test_hundreds_of_kills_lose_nothing(own_database, shop):
    nursery = await asyncio.create_subprocess_exec(
        sys.executable,
        str(Path(__file__).with_name("nursery.py")),
        own_database.app,
        own_database.worker,
        str(shop.id),
        str(KILLS),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    said, complaints = await nursery.communicate()
    assert nursery.returncode == 0, complaints.decode()[-4000:]
    report = json.loads(said.splitlines()[-1])

    database = Database(own_database.app, own_database.worker)
    try:
        await modules.workers(modules.load(), database).catch_up()
        verdicts = await verifying.verify(database, modules.load().sources, [shop])
    finally:
        await database.close()
    owner = await asyncpg.connect(plain_url(own_database.owner))
    try:
        head, count = await owner.fetchrow("SELECT max(seq), count(*) FROM event_log")
        holes = await owner.fetchval(
            """SELECT count(*) FROM (SELECT version, lag(version, 1, 0::bigint) OVER (
                   PARTITION BY tenant_id, aggregate, aggregate_id ORDER BY seq) AS before FROM event_log) l
               WHERE version <> before + 1"""
        )
        lost = await owner.fetchval(
            """SELECT count(*) FROM event_aggregates a WHERE version <> (SELECT count(*) FROM event_log l
               WHERE (l.tenant_id, l.aggregate, l.aggregate_id) = (a.tenant_id, a.aggregate, a.aggregate_id))"""
        )
        parked = await owner.fetchval("SELECT count(*) FROM event_failures")
        posts = await owner.fetchval("SELECT count(*) FROM nodes WHERE status = 'published'")
        rows = await owner.fetchval("SELECT count(*) FROM index_content WHERE NOT deleted AND locale = 'en'")
    finally:
        await owner.close()

    assert sum(report["killed"].values()) == KILLS
    assert report["fell"] == [], complaints.decode()[-4000:]
    assert head > 100, "the writers were killed too early to say anything"
    assert (count, holes, lost) == (head, 0, 0)
    assert parked == 0
    assert rows == posts
    assert [verdict for verdict in verdicts if not verdict.is_equal] == []
