"""Raw SQL under the program's roles sees the identity of one tenant only, and can move no row to another."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from rustok.core.access import api_keys, resets, sessions, verification
from rustok.core.modules.models import TenantModule
from rustok.core.roles import service as roles
from rustok.core.users import service as users

TABLES = {
    "tenants": "id",
    "tenant_hosts": "tenant_id",
    "tenant_modules": "tenant_id",
    "roles": "tenant_id",
    "users": "tenant_id",
    "sessions": "tenant_id",
    "refresh_tokens": "tenant_id",
    "password_resets": "tenant_id",
    "email_proofs": "tenant_id",
    "login_attempts": "tenant_id",
    "api_keys": "tenant_id",
}
PASSWORD = "correct horse battery"


@pytest.fixture
async def two(make_tenant, open_context):
    """Two tenants with a row in every table each."""
    made = [await make_tenant(), await make_tenant()]
    for one in made:
        async with open_context(one) as context:
            await roles.create(context, "editor", name="Editor", permissions=["content:read"])
            user = await users.register(context, email="same@example.com", password=PASSWORD, role="editor")
            await api_keys.create(context, name="Key", permissions=["content:read"], user_id=user.id)
            assert await sessions.start(context, email="same@example.com", password=PASSWORD) is not None
            assert await resets.request(context, "same@example.com") is not None
            await verification.welcome(context, user)
            context.session.add(TenantModule(tenant_id=one.id, module_slug="commerce"))
    return made


@pytest.mark.parametrize("worker", [False, True])
async def test_each_table_shows_one_tenant(two, open_context, database, worker):
    for one in two:
        async with open_context(one, worker=worker) as context:
            for table, column in TABLES.items():
                seen = await context.session.execute(text(f"SELECT DISTINCT {column} FROM {table}"))
                assert [row[0] for row in seen] == [one.id], table

    async with database.session(worker=worker) as session:
        for table in TABLES:
            assert await session.scalar(text(f"SELECT count(*) FROM {table}")) == 0, table


@pytest.mark.parametrize("table", [name for name in TABLES if name != "tenants"])
async def test_no_row_is_changed_deleted_or_moved_across(two, open_context, table):
    mine, theirs = two
    async with open_context(mine) as context:
        for statement in (
            f"UPDATE {table} SET tenant_id = tenant_id WHERE tenant_id = :theirs",
            f"DELETE FROM {table} WHERE tenant_id = :theirs",
        ):
            outcome = await context.session.execute(text(statement), {"theirs": theirs.id})
            assert outcome.rowcount == 0

    with pytest.raises(DBAPIError, match=r"row-level security|foreign key"):
        async with open_context(mine) as context:
            await context.session.execute(text(f"UPDATE {table} SET tenant_id = :theirs"), {"theirs": theirs.id})

    async with open_context(theirs) as context:
        assert await context.session.scalar(text(f"SELECT count(*) FROM {table}")) >= 1
