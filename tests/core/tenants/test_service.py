"""Tenants: made by the owner, changed by their own staff, closed and opened."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from rustok.core.tenants import lookup, naming
from rustok.core.tenants import service as tenants
from rustok.events.core import TenantCreated, TenantUpdated
from rustok.kernel import errors
from rustok.kernel.context import Context


async def test_a_new_tenant_is_what_was_asked_for_and_says_that_it_was_made(owner):
    async with owner() as session:
        made = await tenants.create(
            session,
            slug="Nord-Shop-1",
            name=" Nord & Co ",
            hosts=["NORD.example.", "магазин.nord.example", "nord.example"],
            locales=["pt-br", "en"],
            default_locale="EN",
            currencies=["usd", "JPY"],
            settings={"theme": "sand"},
        )
        recorded = await session.execute(
            text("SELECT type, aggregate_id FROM event_staging WHERE tenant_id = :id"), {"id": made.id}
        )
        events = list(recorded)
        await session.rollback()

    assert (made.slug, made.name, made.settings) == ("nord-shop-1", "Nord & Co", {"theme": "sand"})
    assert made.hosts[0] == "nord.example"
    assert all(host.isascii() for host in made.hosts)
    assert (made.locales, made.default_locale) == (("pt-BR", "en"), "en")
    assert (made.currencies, made.default_currency) == (("USD", "JPY"), "USD")
    assert events == [(TenantCreated.__name__, made.id)]


@pytest.mark.parametrize(
    ("wanted", "error"),
    [
        ({"slug": "-x"}, errors.Invalid),
        ({"slug": "a" * 64}, errors.Invalid),
        ({"slug": "a_b"}, errors.Invalid),
        ({"name": " "}, errors.Invalid),
        ({"name": "a\x00b"}, errors.Invalid),
        ({"name": "x" * 256}, errors.Invalid),
        ({"hosts": ["https://shop.example"]}, naming.InvalidHost),
        ({"hosts": ["shop.example:3000"]}, naming.InvalidHost),
        ({"hosts": ["*.example"]}, naming.InvalidHost),
        ({"hosts": ["shop.example/path"]}, naming.InvalidHost),
        ({"hosts": ["a..b"]}, naming.InvalidHost),
        ({"hosts": ["1.2.3.456"]}, naming.InvalidHost),
        ({"hosts": ["x" * 64 + ".example"]}, naming.InvalidHost),
        ({"locales": []}, naming.InvalidLocale),
        ({"locales": ["english"]}, naming.InvalidLocale),
        ({"locales": ["en"], "default_locale": "ru"}, naming.InvalidLocale),
        ({"currencies": ["EURO"]}, naming.InvalidCurrency),
        ({"currencies": ["ZZZ"]}, naming.InvalidCurrency),
        ({"currencies": ["EUR"], "default_currency": "USD"}, naming.InvalidCurrency),
        ({"settings": {"a": "\x00"}}, errors.Invalid),
        ({"settings": {"a": "\ud800"}}, errors.Invalid),
        ({"settings": {"a": "x" * 70_000}}, errors.Invalid),
        ({"settings": {"search": {"synonyms": [["alone"]]}}}, errors.Invalid),
    ],
)
async def test_a_tenant_that_cannot_be_is_refused(owner, wanted, error):
    async with owner() as session:
        before = len(await tenants.list_all(session))
        with pytest.raises(error):
            await tenants.create(session, **{"slug": "fine", "name": "Fine", **wanted})
        assert len(await tenants.list_all(session)) == before


async def test_slugs_and_host_names_belong_to_one_tenant(owner, tenant, make_tenant):
    async with owner() as session:
        with pytest.raises(tenants.SlugTaken):
            await tenants.create(session, slug=tenant.slug, name="Thief")
        await session.rollback()
    with pytest.raises(tenants.HostTaken):
        await make_tenant(hosts=[tenant.hosts[0].upper()])

    async with owner() as session:
        found = await lookup.by_host(session, tenant.hosts[0])
    assert found == tenant


async def test_only_what_is_given_changes(open_context, tenant):
    async with open_context() as context:
        before = await tenants.get(context)
        changed = await tenants.update(context, version=before.version, name="New", locales=["de", "ru"])
        recorded = list(context.recorded)

    assert (changed.name, changed.locales, changed.default_locale) == ("New", ["de", "ru"], "de")
    assert changed.currencies == ["EUR", "USD"]
    assert recorded == [TenantUpdated(changed_tenant_id=tenant.id, locales_changed=True)]


async def test_a_change_of_somebody_else_in_between_is_not_overwritten(open_context):
    async with open_context() as context:
        version = (await tenants.get(context)).version
        await tenants.update(context, version=version, name="First")

    with pytest.raises(errors.Stale):
        async with open_context() as context:
            await tenants.update(context, version=version, name="Second")

    async with open_context() as context:
        assert (await tenants.get(context)).name == "First"


async def test_the_first_host_is_the_primary_one_until_another_is(context: Context, tenant):
    first = tenant.hosts[0]
    await tenants.add_host(context, "second." + first)
    assert [row.host for row in await tenants.hosts(context) if row.is_primary] == [first]

    await tenants.add_host(context, "third." + first, primary=True)
    assert [row.host for row in await tenants.hosts(context) if row.is_primary] == ["third." + first]

    await tenants.remove_host(context, "third." + first)
    assert len([row for row in await tenants.hosts(context) if row.is_primary]) == 1

    rows = await tenants.set_hosts(context, ["new." + first, first])
    assert [(row.host, row.is_primary) for row in rows] == [("new." + first, True), (first, False)]
    assert await tenants.set_hosts(context, []) == []


async def test_a_host_of_another_tenant_cannot_be_taken_or_removed(open_context, make_tenant, owner):
    other = await make_tenant()

    for attempt in (tenants.add_host, tenants.remove_host):
        with pytest.raises((tenants.HostTaken, errors.NotFound)):
            async with open_context() as context:
                await attempt(context, other.hosts[0])

    async with owner() as session:
        assert await lookup.by_id(session, other.id) == other


async def test_a_closed_tenant_is_known_and_says_that_it_is_closed(open_context, database, tenant):
    async with open_context() as context:
        await tenants.disable(context)
    async with database.session() as session:
        closed = await lookup.by_slug(session, tenant.slug)
    async with open_context() as context:
        await tenants.enable(context)
    async with database.session() as session:
        opened = await lookup.by_slug(session, tenant.slug)

    assert closed is not None
    assert not closed.enabled
    assert opened is not None
    assert opened.enabled


@pytest.mark.parametrize("worker", [False, True])
async def test_the_program_can_neither_make_nor_delete_a_tenant(open_context, tenant, worker):
    for statement in (
        "INSERT INTO tenants (id, name, slug) VALUES (gen_random_uuid(), 'x', 'x')",
        "DELETE FROM tenants",
    ):
        with pytest.raises(DBAPIError, match="permission denied"):
            async with open_context(worker=worker) as context:
                await context.session.execute(text(statement))

    async with open_context() as context:
        assert (await tenants.get(context)).id == tenant.id
