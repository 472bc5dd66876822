"""Looking a tenant up shows one tenant to whoever names it, and a list only to owner and workers."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from rustok.core.modules.models import TenantModule
from rustok.core.tenants import lookup
from rustok.kernel.ids import generate_id


async def test_a_tenant_is_found_by_host_slug_and_id_before_any_is_chosen(database, tenant):
    async with database.session() as session:
        found = [
            await lookup.by_host(session, tenant.hosts[0]),
            await lookup.by_host(session, tenant.hosts[0].upper() + ".:3000".removeprefix(".")),
            await lookup.by_slug(session, tenant.slug.upper()),
            await lookup.by_id(session, tenant.id),
        ]

    assert found == [tenant] * 4


async def test_what_is_nobodys_is_not_found(database):
    async with database.session() as session:
        assert await lookup.by_host(session, "nobody.example") is None
        assert await lookup.by_host(session, "../etc/passwd") is None
        assert await lookup.by_host(session, "a" * 10_000) is None
        assert await lookup.by_host(session, "\x00") is None
        assert await lookup.by_slug(session, "no\x00body") is None
        assert await lookup.by_id(session, generate_id()) is None


async def test_switched_off_modules_are_part_of_the_answer(open_context, database, tenant):
    async with open_context() as context:
        context.session.add(TenantModule(tenant_id=tenant.id, module_slug="commerce", enabled=False))
        context.session.add(TenantModule(tenant_id=tenant.id, module_slug="community", enabled=True))

    async with database.session() as session:
        found = await lookup.by_id(session, tenant.id)

    assert found is not None
    assert found.disabled_modules == {"commerce"}


async def test_the_web_cannot_list_tenants_and_workers_can(database, tenant):
    async with database.session(worker=True) as session:
        assert tenant in await lookup.list_all(session)

    async with database.session() as session:
        with pytest.raises(DBAPIError, match="permission denied"):
            await lookup.list_all(session)


async def test_a_table_slipped_into_the_search_path_does_not_answer(database, tenant):
    async with database.session() as session:
        await session.execute(text("CREATE TEMP TABLE tenants (LIKE public.tenants)"))
        await session.execute(text("SET LOCAL search_path = pg_temp, public"))
        assert await lookup.by_id(session, tenant.id) == tenant


async def test_look_ups_do_not_depend_on_a_superuser(owner):
    """FORCE binds the owner: without a policy of its own it would find nothing where it is no superuser."""
    async with owner() as session:
        rows = await session.execute(
            text(
                "SELECT tablename FROM pg_policies WHERE policyname = 'owner_sees_all' AND roles = ARRAY[current_user]"
            )
        )
        assert {row.tablename for row in rows} >= {"tenants", "tenant_hosts", "tenant_modules"}
