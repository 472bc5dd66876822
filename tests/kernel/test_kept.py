"""Connections that stay with a purpose take none from those who work for a moment."""

import asyncio

from sqlalchemy import text
from tests.conftest import Addresses

from rustok.kernel.db import Database


async def test_any_number_of_consumers_leaves_connections_for_short_work(addresses: Addresses) -> None:
    database = Database(addresses.app, addresses.worker, pool_size=1)
    try:
        for number in range(6):
            async with database.keep(f"consumer {number}") as connection:
                await connection.execute(text("SELECT 1"))
        async with asyncio.timeout(5), database.session(worker=True) as session:
            assert await session.scalar(text("SELECT 1")) == 1
        async with database.keep("consumer 0") as connection:  # it is still there
            assert (await connection.execute(text("SELECT 1"))).scalar() == 1
    finally:
        await database.close()
