"""No tenant sees another's rows: not by the tables, not by the functions that run with the owner's rights."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from tests.index.conftest import Workshop
from tests.index.gadgets import GADGETS

from rustok.index import reads
from rustok.kernel.context import TenantInfo

CANDIDATES = "SELECT count(*) FROM index_gadgets__candidates(:tenant, 'en', NULL, NULL, NULL, 100)"
SEARCHED = "SELECT count(*) FROM index_gadgets__candidates(:tenant, 'en', 'lamp'::tsquery, 'lamp', NULL, 100)"
GLUED = "SELECT count(*) FROM index_gadgets__glued(:tenant, ARRAY[CAST(:box AS uuid)])"


@pytest.fixture
async def neighbour(workshop: Workshop) -> tuple[TenantInfo, dict[str, object]]:
    """Another tenant with a lamp in a box."""
    other = workshop.tenant()
    box = await workshop.box(other, "Box")
    await workshop.gadget(other, "Lamp", box_id=box)
    await workshop.catch_up()
    return other, {"tenant": other.id, "box": box}


async def test_the_functions_answer_their_own_tenant_only(
    workshop: Workshop, tenant: TenantInfo, neighbour: tuple[TenantInfo, dict[str, object]]
) -> None:
    other, values = neighbour
    for sql in (CANDIDATES, SEARCHED, GLUED):
        async with workshop.database.open(other, worker=True) as context:
            assert await context.session.scalar(text(sql), values) == 1, sql
        async with workshop.database.open(tenant, worker=True) as context:
            assert await context.session.scalar(text(sql), values) == 0, sql
        async with workshop.database.session(worker=True) as session:
            assert await session.scalar(text(sql), values) == 0, sql
            assert await session.scalar(text(sql), {**values, "tenant": None}) == 0, sql


async def test_an_attacker_inside_the_connection_gains_nothing_from_the_arguments(
    workshop: Workshop, tenant: TenantInfo, neighbour: tuple[TenantInfo, dict[str, object]]
) -> None:
    other, _ = neighbour
    attacks = [
        f"""en' OR tenant_id = '{other.id}""",
        f"""en') OR r.tenant_id = '{other.id}'::uuid --""",
    ]
    async with workshop.database.open(tenant) as context:
        for locale in attacks:
            found = await context.session.scalar(
                text("SELECT count(*) FROM index_gadgets__candidates(:tenant, :locale, NULL, NULL, NULL, 100)"),
                {"tenant": tenant.id, "locale": locale},
            )
            assert found == 0
        for holding in (
            '{"tags\\" IS NULL OR r.\\"tags": [["x"]]}',
            '{"tenant_id": [["x"]]}',
            """{"tags": [["x'} OR true --"]]}""",
        ):
            found = await context.session.scalar(
                text(
                    "SELECT count(*) FROM index_gadgets__candidates(:tenant, 'en', NULL, NULL, CAST(:h AS jsonb), 100)"
                ),
                {"tenant": tenant.id, "h": holding},
            )
            assert found == 0
        found = await context.session.scalar(
            text("SELECT count(*) FROM index_gadgets__candidates(:tenant, 'en', 'x', :typed, NULL, 100)"),
            {"tenant": tenant.id, "typed": "lamp' <% r.search_text OR true --"},
        )
        assert found == 0


async def test_the_tables_show_one_tenant_and_nobody_without_one(
    workshop: Workshop, tenant: TenantInfo, neighbour: tuple[TenantInfo, dict[str, object]]
) -> None:
    other, _ = neighbour
    async with workshop.database.read(tenant) as context:
        assert await context.session.scalar(text("SELECT count(*) FROM index_gadgets")) == 0
        sql = "SELECT count(*) FROM index_versions WHERE tenant_id = :tenant"
        assert await context.session.scalar(text(sql), {"tenant": other.id}) == 0
        context.tenant = other  # even code that mistakes the tenant reads nothing
        assert (await reads.page(context, GADGETS, query="lamp", want_count=True)).total_count == 0
        assert (await reads.page(context, GADGETS)).nodes == []
    async with workshop.database.session() as session:
        assert await session.scalar(text("SELECT count(*) FROM index_gadgets")) == 0


@pytest.mark.parametrize("verb", ["DELETE FROM index_gadgets", "UPDATE index_gadgets SET deleted = true"])
async def test_requests_cannot_write_the_read_model(workshop: Workshop, tenant: TenantInfo, verb: str) -> None:
    await workshop.gadget(tenant, "Lamp")
    await workshop.catch_up()
    before = await workshop.rows(tenant)

    with pytest.raises(DBAPIError, match="permission denied"):
        async with workshop.database.open(tenant) as context:
            await context.session.execute(text(verb))

    assert await workshop.rows(tenant) == before


async def test_a_worker_cannot_write_another_tenants_rows(
    workshop: Workshop, tenant: TenantInfo, neighbour: tuple[TenantInfo, dict[str, object]]
) -> None:
    other, _ = neighbour
    before = await workshop.rows(other)

    async with workshop.database.open(tenant, worker=True) as context:
        await context.session.execute(text("UPDATE index_gadgets SET deleted = true"))
        await context.session.execute(text("DELETE FROM index_gadgets"))

    assert await workshop.rows(other) == before


async def test_strangers_may_not_call_the_functions(workshop: Workshop) -> None:
    sql = """SELECT count(*) FROM pg_proc WHERE proname LIKE 'index_gadgets\\_\\_%'
             AND (proacl IS NULL OR proacl::text LIKE '%{=X%' OR proacl::text LIKE '%,=X%' OR NOT prosecdef
                  OR NOT 'search_path=pg_catalog, public, pg_temp' = ANY(proconfig))"""
    async with workshop.database.session() as session:
        assert await session.scalar(text(sql.replace(":", r"\:"))) == 0
