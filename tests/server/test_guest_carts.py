"""Guests begin so many carts from one address and no more; whoever is known is not counted, and neither are others."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from sqlalchemy import event, text
from tests.server.conftest import LOG_IN, PASSWORD, OpenSite, Site

from rustok.commerce.carts.beginning import GuestCarts
from rustok.core.users import service as users
from rustok.server.tenancy import networks

CREATE = "mutation { cartCreate { cart { id } userErrors { code message } } }"
KEY = """mutation { apiKeyCreate(input: {name: "Shop front", permissions: ["orders:read"]})
  { secret userErrors { message } } }"""


@pytest.fixture(autouse=True)
def three(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """So many are enough here."""
    monkeypatch.setitem(site.host.database.resources, GuestCarts, GuestCarts(3))


async def begin(site: Site, *, at: str = "203.0.113.7", token: str = "", **headers: str) -> Any:
    """The answer to somebody at an address who begins a cart."""
    transport = httpx.ASGITransport(site.app, client=(at, 4000))
    base = f"http://{site.tenant.hosts[0]}"
    async with httpx.AsyncClient(transport=transport, base_url=base, timeout=60) as client:
        return await client.post("/graphql", json={"query": CREATE}, headers={**site.headers(token), **headers})


def codes(answer: httpx.Response) -> list[str]:
    """Why it was refused."""
    return [one["code"] for one in answer.json()["data"]["cartCreate"]["userErrors"]]


async def carts(site: Site) -> int:
    """How many there are."""
    async with site.host.database.read(site.tenant) as context:
        return int(await context.session.scalar(text("SELECT count(*) FROM commerce_carts")) or 0)


async def test_one_address_begins_so_many_and_then_waits(site: Site, open_site: OpenSite) -> None:
    assert [codes(await begin(site)) for _ in range(3)] == [[], [], []]

    refused = await begin(site)

    assert codes(refused) == ["TOO_MANY_REQUESTS"]
    assert 0 < int(refused.headers["Retry-After"]) <= 600
    assert "too many new carts from your address: try again in" in refused.text
    assert await carts(site) == 3
    for _ in range(2):  # a refusal does not put the end off
        assert codes(await begin(site)) == ["TOO_MANY_REQUESTS"]
    assert codes(await begin(site, at="203.0.113.8")) == []
    assert codes(await begin(await open_site())) == []
    async with site.host.database.open(site.tenant) as context:
        await context.session.execute(text("UPDATE login_attempts SET attempted_at = attempted_at - interval '601 s'"))
    assert codes(await begin(site)) == []


async def test_who_is_known_is_not_counted(site: Site) -> None:
    async with site.host.database.open(site.tenant) as context:
        await users.register(context, email="c@example.com", password=PASSWORD, email_verified=True)
    customer = (await site.ask(LOG_IN, email="c@example.com", password=PASSWORD))["sessionCreate"]["accessToken"]
    program = (await site.admin(KEY))["apiKeyCreate"]["secret"]

    for token in (customer, program):
        assert [codes(await begin(site, token=token)) for _ in range(4)] == [[]] * 4

    assert codes(await begin(site)) == []


@pytest.mark.parametrize("at", ["127.0.0.1", "10.1.2.3", "::1", "::ffff:192.168.0.9", "fd00::5"])
async def test_our_own_servers_begin_carts_for_many(site: Site, at: str) -> None:
    assert [codes(await begin(site, at=at)) for _ in range(4)] == [[]] * 4


async def test_households_and_proxies_are_known_by_what_they_are(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    for last in range(3):
        assert codes(await begin(site, at=f"2001:db8::{last}")) == []
    assert codes(await begin(site, at="2001:db8::9")) == ["TOO_MANY_REQUESTS"]  # of the same /64
    forged = [codes(await begin(site, **{"X-Forwarded-For": f"198.51.100.{last}"})) for last in range(4)]
    assert forged == [[], [], [], ["TOO_MANY_REQUESTS"]]

    monkeypatch.setattr(site.host.tenancy, "trusted", networks("203.0.113.0/24"))

    told = [codes(await begin(site, **{"X-Forwarded-For": f"198.51.100.{last}"})) for last in (1, 2, 3, 4, 1, 1, 1)]
    assert told == [[], [], [], [], [], [], ["TOO_MANY_REQUESTS"]]


@pytest.fixture
def statements(site: Site) -> Iterator[list[str]]:
    """Every statement that requests send from now on."""
    seen: list[str] = []

    def note(_conn: object, _cursor: object, statement: str, *_rest: object) -> None:
        seen.append(statement)

    event.listen(site.host.database.app.sync_engine, "before_cursor_execute", note)
    yield seen
    event.remove(site.host.database.app.sync_engine, "before_cursor_execute", note)


async def test_it_costs_one_statement_and_nothing_where_nobody_counts(
    site: Site, statements: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    await begin(site)
    statements.clear()
    await begin(site)
    counted = len(statements)
    monkeypatch.setitem(site.host.database.resources, GuestCarts, GuestCarts(0))
    statements.clear()
    await begin(site)

    assert counted == len(statements) + 1
    assert [codes(await begin(site)) for _ in range(3)] == [[]] * 3
