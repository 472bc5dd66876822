"""Figures that modules declare: they are shown, follow what happens, cost little, and one that fails hides no other."""

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
from sqlalchemy import event, text
from tests.commerce.payments import paying
from tests.server.conftest import OpenSite, Site

from rustok.commerce.payments import planning, processing
from rustok.core.mailing import service as mailing
from rustok.kernel.module import Gauge, Module, ModuleClash, Registry
from rustok.server import gauges

ENDPOINT = """mutation { webhookEndpointCreate(input: {url: "https://93.184.215.14/in", eventTypes: ["OrderPlaced"]})
  { endpoint { id version } userErrors { message } } }"""
PING = "mutation($id: ID!) { webhookEndpointPing(id: $id) { delivery { id } userErrors { message } } }"
SWITCH_OFF = """mutation($id: ID!, $v: Int!) { webhookEndpointUpdate(id: $id, input: {version: $v, enabled: false})
  { endpoint { version } userErrors { message } } }"""


async def figures(site: Site) -> dict[str, float]:
    """What is scraped, by name; those without labels only."""
    answer = await site.client.get("/metrics")
    assert answer.status_code == 200
    return {name: float(value) for name, value in re.findall(r"^(rustok_\w+) (\S+)$", answer.text, re.M)}


async def sql(site: Site, statement: str) -> None:
    """Something that happened to this tenant."""
    async with site.host.database.open(site.tenant) as context:
        await context.session.execute(text(statement))


@pytest.fixture
def always_fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every scrape asks."""
    monkeypatch.setattr(gauges, "FRESH_SECONDS", 0)


@pytest.mark.usefixtures("always_fresh")
async def test_mails_that_failed_are_counted_for_all_tenants(open_site: OpenSite) -> None:
    sites = [await open_site(), await open_site()]
    before = (await figures(sites[0]))["rustok_mails_failed"]
    for site in sites:
        async with site.host.database.open(site.tenant) as context:
            facts = {"path": "/account/reset?token=x", "name": "Ann"}
            await mailing.queue(context, "password_reset", to="a@example.com", locale="en", values=facts, once="1")
    assert (await figures(sites[0]))["rustok_mails_failed"] == before

    for site in sites:
        await sql(site, "UPDATE mails SET state = 'failed', next_attempt_at = NULL")
    assert (await figures(sites[0]))["rustok_mails_failed"] == before + 2
    (mail,) = (await sites[0].admin("{ mails { nodes { id } } }"))["mails"]["nodes"]
    await sites[0].admin("mutation($id: ID!) { mailRetry(id: $id) { userErrors { code } } }", id=mail["id"])

    assert (await figures(sites[1]))["rustok_mails_failed"] == before + 1


@pytest.mark.usefixtures("always_fresh")
async def test_deliveries_that_failed_or_wait_too_long_are_counted(site: Site) -> None:
    failed, late = "rustok_webhook_deliveries_failed", "rustok_webhook_deliveries_late"
    endpoint = (await site.admin(ENDPOINT))["webhookEndpointCreate"]["endpoint"]
    for _ in range(3):
        await site.admin(PING, id=endpoint["id"])
    before = await figures(site)
    await sql(site, "UPDATE webhook_deliveries SET created_at = now() - interval '61 minutes'")
    assert (await figures(site))[late] == before[late] + 3
    await sql(
        site,
        """UPDATE webhook_deliveries SET state = 'failed', next_attempt_at = NULL
           WHERE id = (SELECT min(id::text)::uuid FROM webhook_deliveries)""",
    )
    now = await figures(site)
    assert (now[failed], now[late]) == (before[failed] + 1, before[late] + 2)

    await site.admin(SWITCH_OFF, id=endpoint["id"], v=endpoint["version"])

    now = await figures(site)
    assert (now[failed], now[late]) == (before[failed] + 1, before[late])


@pytest.mark.usefixtures("always_fresh")
async def test_payments_whose_provider_is_silent_are_counted_as_staff_list_them(site: Site) -> None:
    def units() -> object:
        return site.host.database.open(site.tenant)

    silent = await paying.opened(units)  # type: ignore[arg-type]  # opens units of work
    await processing.process(units, silent.id, details={"scenario": "timeout"})  # type: ignore[arg-type]  # the same
    before = (await figures(site))["rustok_payments_stuck"]
    await sql(
        site,
        f"UPDATE commerce_payment_attempts SET tries = {planning.MANY_TRIES}, error_code = 'unreachable'",
    )

    stuck = (await site.admin("{ payments(where: {stuck: true}) { nodes { id } } }"))["payments"]["nodes"]

    assert [one["id"] for one in stuck] == [str(silent.id)]
    assert (await figures(site))["rustok_payments_stuck"] == before + 1


@pytest.fixture
def asked(site: Site) -> Iterator[list[str]]:
    """Every statement that workers send from now on."""
    seen: list[str] = []

    def note(_conn: object, _cursor: object, statement: str, *_rest: object) -> None:
        seen.append(statement)

    event.listen(site.host.database.worker.sync_engine, "before_cursor_execute", note)
    yield seen
    event.remove(site.host.database.worker.sync_engine, "before_cursor_execute", note)


async def test_they_are_asked_for_once_in_a_while_however_often_they_are_scraped(site: Site, asked: list[str]) -> None:
    shown = gauges.Gauges(site.host.registry.gauges, site.host.database)

    first = await shown.shown()
    assert {gauge.name: value for gauge, value in first.items()}["order_quarters_ahead"] >= 4  # other tests make more
    assert len(asked) == len(site.host.registry.gauges)
    assert await shown.shown() == first

    assert len(asked) == len(site.host.registry.gauges)


async def test_what_cannot_be_read_hides_nothing_else(site: Site) -> None:
    good, bad = Gauge("good", "One.", "SELECT 1"), Gauge("bad", "None.", "SELECT count(*) FROM nowhere")
    nothing, seeing = Gauge("nothing", "Null.", "SELECT NULL"), Gauge("users", "Users.", "SELECT count(*) FROM users")

    shown = await gauges.Gauges([bad, nothing, good, seeing], site.host.database).shown()

    assert shown == {good: 1.0, seeing: 0.0}  # no role of the program sees rows of all tenants


def test_two_modules_do_not_count_under_one_name() -> None:
    one = Module("one", gauges=[Gauge("things", "Things.", "SELECT 1")])
    with pytest.raises(ModuleClash):
        Registry((one, replace(one, name="two")))
    with pytest.raises(ValueError, match="no-name"):
        Gauge("no-name", "Things.", "SELECT 1")
