"""The owner of the tables need not be a superuser: FORCE binds it too, and everything still works."""

import os
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest
from sqlalchemy.ext.asyncio import AsyncSession
from tests.conftest import _addresses, _alone

from rustok.core.tenants import lookup
from rustok.core.tenants import service as tenants
from rustok.kernel import migrating
from rustok.kernel.db import APP_ROLE, WORKER_ROLE, Database, plain_url
from rustok.server import modules


@pytest.fixture
async def plain_owner(server, template):
    """The address of an empty database whose owner may make roles and nothing else."""
    name = f"plain_{os.getpid()}_{os.urandom(3).hex()}"
    admin = await asyncpg.connect(plain_url(server))
    await admin.execute(f"CREATE ROLE {name} LOGIN CREATEROLE PASSWORD 'x'")
    # They exist already on this server; on one of its own the owner makes them and so administers them.
    await admin.execute(f"GRANT {APP_ROLE}, {WORKER_ROLE} TO {name} WITH ADMIN OPTION, INHERIT FALSE, SET FALSE")
    await admin.execute(f"CREATE DATABASE {name} OWNER {name}")
    parts = urlsplit(server)
    yield urlunsplit(parts._replace(netloc=f"{name}:x@{parts.netloc.rpartition('@')[2]}", path=f"/{name}"))
    await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await admin.execute(f"DROP ROLE {name}")
    await admin.close()


async def test_a_plain_owner_migrates_makes_tenants_and_lets_them_be_found(plain_owner):
    places = _addresses(plain_owner)
    with _alone("template"):  # roles belong to the whole server
        await modules.prepare(plain_owner, role_urls=[places.app, places.worker])
        await modules.prepare(plain_owner, role_urls=[places.app, places.worker])
    engine = migrating.owner_engine(plain_owner)
    database = Database(places.app, places.worker)

    async with AsyncSession(engine) as session:
        made = [await tenants.create(session, slug=slug, name=slug, hosts=[f"{slug}.test"]) for slug in ("one", "two")]
        await session.commit()
        listed = await tenants.list_all(session)
    async with database.session() as session:
        found = [await lookup.by_host(session, "one.test"), await lookup.by_id(session, made[1].id)]
    async with database.session(worker=True) as session:
        seen = await lookup.list_all(session)
    await engine.dispose()
    await database.close()

    assert made == listed == found == seen


async def test_a_role_of_the_program_that_could_see_everything_is_refused(plain_owner, server):
    name = f"unbound_{os.urandom(3).hex()}"
    admin = await asyncpg.connect(plain_url(server))
    await admin.execute(f"CREATE ROLE {name} LOGIN BYPASSRLS PASSWORD 'x'")
    parts = urlsplit(plain_owner)
    unbound = urlunsplit(parts._replace(netloc=f"{name}:x@{parts.netloc.rpartition('@')[2]}"))

    with pytest.raises(migrating.UnboundRole):
        await migrating.upgrade(server, (), role_urls=[unbound])

    await admin.execute(f"DROP ROLE {name}")
    await admin.close()
