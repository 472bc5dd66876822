"""The fast lane gives what the application would give, never an older answer, and nobody else's."""

import asyncio
import gzip
import json
import re
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from asyncpg import exceptions
from tests.conftest import Addresses
from tests.server.conftest import OpenSite, Site

from rustok.core.modules import service as switches
from rustok.core.tenants import service as tenants
from rustok.kernel.settings import Settings
from rustok.kernel.working import Workers
from rustok.server import app as web
from rustok.server.host import Host

LIST = """query Shelf($locale: String) { products(first: 20, locale: $locale) { nodes { id title handle
  variants { sku price { amount currencyCode } } } } }"""
ONE = 'query { product(handle: "%s") { title } }'
CREATE = """mutation($title: String!, $handle: String!) { productCreate(input: {title: $title, handle: $handle})
  { product { id } userErrors { code message } } }"""
PUBLISH = "mutation($id: ID!) { productPublish(id: $id) { userErrors { code message } } }"
RENAME = """mutation($id: ID!, $title: String!, $version: Int!) {
  productUpdate(id: $id, input: {title: $title, version: $version}) { userErrors { code message } } }"""
RESPONSE = "application/graphql-response+json"
CACHING = ("cache-control", "vary", "etag", "x-trace-id", "rustok-executor", "content-length")


async def stock(site: Site, following: Workers, *titles: str) -> list[str]:
    """Published products: their ids."""
    made = []
    for title in titles:
        handle = title.lower().replace(" ", "-")
        product = (await site.admin(CREATE, title=title, handle=handle))["productCreate"]["product"]["id"]
        await site.admin(PUBLISH, id=product)
        made.append(product)
    await following.catch_up()
    return made


async def rename(site: Site, product: str, title: str) -> None:
    """A product gets another title."""
    known = await site.admin("query($id: ID!) { product(id: $id) { version } }", id=product)
    await site.admin(RENAME, id=product, title=title, version=known["product"]["version"])


@pytest.fixture(scope="module")
async def shop(open_site: OpenSite, following: Workers) -> Site:
    """Thirty products; tests read them."""
    site = await open_site()
    await stock(site, following, *(f"Boat {n}" for n in range(30)))
    return site


@pytest.fixture
async def second(addresses: Addresses, tmp_path: Any) -> AsyncIterator[Host]:
    """Another process's host on the same database, which trusts a proxy."""
    made = Host.open(
        Settings(home=tmp_path, secret_key="only for tests", trusted_proxies="10.1.0.0/16"), addresses.owner
    )
    yield made
    await made.close()


def client_of(host: Host, site: Site, address: str = "127.0.0.1") -> httpx.AsyncClient:
    """A client of another process."""
    transport = httpx.ASGITransport(web.build(host), client=(address, 1000), raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url=f"http://{site.tenant.hosts[0]}", timeout=30)


def told(answer: httpx.Response) -> tuple[int, Any, dict[str, str]]:
    """What must be the same whoever answers."""
    return answer.status_code, answer.text, {k: v for k, v in answer.headers.items() if k not in CACHING}


async def both(site: Site, method: str, headers: dict[str, str], **options: Any) -> httpx.Response:
    """The lane's answer, read and kept, each compared with the application's."""
    usual = await site.client.request(method, "/graphql", headers={**headers, "RusToK-Executor": "ordinary"}, **options)
    first = await site.client.request(method, "/graphql", headers=headers, **options)
    again = await site.client.request(method, "/graphql", headers=headers, **options)
    assert told(first) == told(again) == told(usual)
    return again


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    "headers",
    [
        {}, {"accept-language": "ru"}, {"x-locale": "ru"}, {"x-currency": "USD"}, {"cookie": "a=b; currency=USD"},
        {"accept": RESPONSE}, {"accept": "text/html,*/*;q=0.1"}, {"accept-encoding": "identity"},
        {"accept-encoding": "gzip"}, {"cookie": "session=abc"},
    ],
)  # fmt: skip
async def test_the_answer_is_the_applications(shop: Site, method: str, headers: dict[str, str]) -> None:
    options: dict[str, Any] = {"params": {"query": LIST}} if method == "GET" else {"json": {"query": LIST}}

    answer = await both(shop, method, headers, **options)

    assert answer.headers["rustok-executor"] == "compiled"
    assert len(answer.json()["data"]["products"]["nodes"]) == 20
    assert "set-cookie" not in answer.headers
    for name in ("x-content-type-options", "x-frame-options", "referrer-policy", "x-trace-id"):
        assert answer.headers[name]


@pytest.mark.parametrize(
    ("method", "headers", "options"),
    [
        ("GET", {}, {"params": {"query": "mutation { sessionsEndAll { ended } }"}}),
        ("POST", {}, {"json": [{"query": LIST}]}),
        ("POST", {"content-type": "text/plain"}, {"content": b"{}"}),
        ("POST", {"content-type": "application/json"}, {"content": b"{"}),
        ("POST", {"content-type": "application/json"}, {"content": b""}),
        ("POST", {"content-type": "application/json"}, {"content": b"x" * 2_000_000}),
        ("POST", {}, {"json": {"query": "{ products { nodes { title } } } # \x00"}}),
        ("GET", {}, {"params": {"query": LIST, "x": "\x00"}}),
        ("HEAD", {}, {"params": {"query": LIST}}),
        ("PUT", {}, {"json": {"query": LIST}}),
        ("OPTIONS", {}, {}),
        ("POST", {"accept": "image/png"}, {"json": {"query": LIST}}),
        ("POST", {"authorization": "Bearer nonsense"}, {"json": {"query": LIST}}),
        ("POST", {"host": "nobody.example"}, {"json": {"query": LIST}}),
        ("POST", {}, {"json": {"query": "{ products(after: \"nonsense\") { nodes { title } } }"}}),
        ("POST", {}, {"json": {"query": LIST, "variables": {"locale": 5}}}),
    ],
)  # fmt: skip
async def test_what_is_refused_is_refused_as_before(
    shop: Site, method: str, headers: dict[str, str], options: dict[str, Any]
) -> None:
    hidden = r"[0-9a-f]{16}"
    usual = await shop.client.request(method, "/graphql", headers={**headers, "RusToK-Executor": "ordinary"}, **options)
    answer = await shop.client.request(method, "/graphql", headers=headers, **options)
    assert answer.status_code == usual.status_code
    assert re.sub(hidden, "", answer.text) == re.sub(hidden, "", usual.text)
    assert "etag" not in answer.headers
    if "authorization" in headers:
        assert answer.status_code == 401


async def test_a_body_in_pieces_is_answered(shop: Site) -> None:
    whole = json.dumps({"query": LIST}).encode()

    async def pieces() -> AsyncIterator[bytes]:
        for place in range(0, len(whole), 20):
            yield whole[place : place + 20]

    for headers in ({}, {"content-length": str(len(whole))}):
        answer = await shop.client.post(
            "/graphql", content=pieces(), headers={"content-type": "application/json", **headers}
        )
        assert len(answer.json()["data"]["products"]["nodes"]) == 20


async def test_tags_are_compared_weakly(shop: Site) -> None:
    get = {"params": {"query": LIST}}
    first = await shop.client.get("/graphql", **get)
    tag = first.headers["etag"]
    assert first.headers["cache-control"].startswith("public")
    for known in (tag, tag.removeprefix("W/"), f'"x", {tag}', "*", f'W/"0-0",{tag}'):
        answer = await shop.client.get("/graphql", **get, headers={"if-none-match": known})
        assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", tag), known
    for other in ('"x"', tag[:-2] + '"', "W/", ""):
        assert (await shop.client.get("/graphql", **get, headers={"if-none-match": other})).status_code == 200, other
    by_post = await shop.client.post("/graphql", json={"query": LIST}, headers={"if-none-match": tag})
    assert (by_post.status_code, by_post.headers["cache-control"]) == (200, "no-store")
    others = [
        (await shop.client.get("/graphql", **get, headers=headers)).headers["etag"]
        for headers in ({"x-locale": "ru"}, {"x-currency": "USD"})
    ]
    assert len({tag, *others}) == 3


async def test_however_a_cookie_is_spaced_it_decides_for_its_sender_only(shop: Site) -> None:
    body = {"query": "query Spaced { products(first: 1) { nodes { id } } }"}
    seen = [
        (await shop.client.get("/graphql", params=body, headers=headers)).headers["etag"]
        for headers in ({"cookie": "currency =USD"}, {}, {"cookie": "currency=USD"}, {"cookie": "currency=EUR"})
    ]
    assert seen[0] == seen[2] != seen[1] == seen[3]


async def test_every_answer_has_a_trace_of_its_own(shop: Site) -> None:
    traces = {(await shop.client.post("/graphql", json={"query": LIST})).headers["x-trace-id"] for _ in range(5)}
    assert len(traces) == 5


async def test_gzip_is_what_it_says(shop: Site) -> None:
    request = shop.client.build_request("GET", "/graphql", params={"query": LIST}, headers={"accept-encoding": "gzip"})
    for _ in range(2):
        answer = await shop.client.send(request, stream=True)
        raw = b"".join([piece async for piece in answer.aiter_raw()])
        assert answer.headers["content-encoding"] == "gzip"
        assert int(answer.headers["content-length"]) == len(raw)
        assert len(json.loads(gzip.decompress(raw))["data"]["products"]["nodes"]) == 20


async def test_a_change_is_seen_at_once_by_every_process(site: Site, following: Workers, second: Host) -> None:
    (product,) = await stock(site, following, "Kayak")
    other = client_of(second, site)
    clients = (site.client, other)
    for number in range(6):
        await rename(site, product, f"Kayak {number}")
        await following.catch_up()
        for client in (*clients, *clients):
            answer = await client.get("/graphql", params={"query": ONE % "kayak"})
            assert answer.json()["data"]["product"]["title"] == f"Kayak {number}"
    tags = {(await client.get("/graphql", params={"query": ONE % "kayak"})).headers["etag"] for client in clients}
    assert len(tags) == 1  # so that it does not matter which process is asked again
    await other.aclose()


async def test_two_tenants_with_the_same_questions(open_site: OpenSite, following: Workers) -> None:
    sites = [await open_site(), await open_site()]
    for number, site in enumerate(sites):
        await stock(site, following, "Same")
        product = (await site.ask('{ product(handle: "same") { id } }'))["product"]["id"]
        await rename(site, product, f"Of {number}")
    await following.catch_up()

    answers = await asyncio.gather(*(sites[n % 2].ask(ONE % "same") for n in range(20)))

    assert [one["product"]["title"] for one in answers] == [f"Of {n % 2}" for n in range(20)]


async def test_only_a_trusted_proxy_says_where_a_request_goes(
    open_site: OpenSite, following: Workers, second: Host
) -> None:
    mine, theirs = await open_site(), await open_site()
    await stock(theirs, following, "Theirs")
    application = web.build(second)
    seen = []
    for near in ("10.1.2.3", "10.2.2.3") * 2:
        transport = httpx.ASGITransport(application, client=(near, 1000))
        async with httpx.AsyncClient(transport=transport, base_url=f"http://{mine.tenant.hosts[0]}") as client:
            answer = await client.post(
                "/graphql", json={"query": ONE % "theirs"}, headers={"x-forwarded-host": theirs.tenant.hosts[0]}
            )
            seen.append(answer.json()["data"]["product"])
    assert seen == [{"title": "Theirs"}, None] * 2


async def test_a_tenants_settings_are_followed_within_a_second(site: Site, following: Workers) -> None:
    await stock(site, following, "Sloop")
    query = {"query": "{ products(first: 5) { nodes { title } } }"}
    dollars = {"x-currency": "USD"}
    before = await site.client.get("/graphql", params=query, headers=dollars)
    async with site.host.database.open(site.tenant) as context:
        version = (await tenants.get(context)).version
        await tenants.update(context, version=version, currencies=("EUR",), default_currency="EUR")
        await switches.disable(context, "commerce")
    await asyncio.sleep(1)
    after = await site.client.get("/graphql", params=query, headers=dollars)
    assert before.json()["data"]["products"]["nodes"] == [{"title": "Sloop"}]
    assert "errors" in after.json()
    assert after.headers.get("etag") != before.headers["etag"]

    async with site.host.database.open(site.tenant) as context:
        await switches.enable(context, "commerce")
        await tenants.disable(context)
    await asyncio.sleep(1)
    assert (await site.client.get("/graphql", params=query)).status_code == 403


async def test_who_is_somebody_is_answered_by_the_application(shop: Site) -> None:
    kept = await shop.client.get("/graphql", params={"query": LIST})
    known = await shop.client.get("/graphql", params={"query": LIST}, headers=shop.headers())
    assert known.headers["cache-control"] == "no-store"
    assert "etag" not in known.headers
    assert "etag" in kept.headers


async def test_figures_tell_who_answered(shop: Site) -> None:
    async def figures() -> dict[str, float]:
        lines = (await shop.client.get("/metrics")).text.splitlines()
        return {
            match[1] + match[2]: float(match[3])
            for line in lines
            if (match := re.match(r'rustok_graphql_reads_total\{executor="(\w+)",reason="([^"]*)"\} (\S+)', line))
        }

    before = await figures()
    query = {"query": "query Counted { products(first: 1) { nodes { title } } }"}
    for _ in range(3):
        await shop.client.post("/graphql", json=query)
    await shop.client.post("/graphql", json={"query": '{ products(after: "x") { nodes { title } } }'})
    after = await figures()
    grown = {name: after[name] - before.get(name, 0) for name in after if after[name] != before.get(name, 0)}
    assert grown == {"compiled": 1, "kept": 2, "ordinaryrefused": 1}


async def test_a_version_that_cannot_be_read_is_no_fault_without_an_answer(
    shop: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    query = {"query": "query Broken { products(first: 1) { nodes { title } } }"}
    await shop.client.post("/graphql", json=query)
    seen = []
    for error in (exceptions.TooManyConnectionsError("too many"), RuntimeError("nobody expected this")):

        async def broken(*_: Any, error: Exception = error) -> Any:
            raise error

        with monkeypatch.context() as patched:
            patched.setattr(shop.host.versions.readers, "row", broken)
            seen.append(await shop.client.post("/graphql", json=query))
    assert [answer.status_code for answer in seen] == [503, 200]
    assert seen[0].json()["errors"][0]["extensions"]["code"] == "unavailable"
    assert "too many" not in seen[0].text
    assert seen[1].json()["data"]["products"]["nodes"]  # by the application


# --- Pages -------------------------------------------------------------------------------------------------------


async def test_a_kept_page_is_the_fresh_page_until_something_changes(site: Site, following: Workers) -> None:
    (product,) = await stock(site, following, "Dinghy")
    for number in range(3):
        await rename(site, product, f"Dinghy {number}")
        await following.catch_up()
        fresh = await site.client.get("/products/dinghy", headers={"cache-control": "no-cache"})
        pages = [await site.client.get("/products/dinghy") for _ in range(2)]
        assert f"Dinghy {number}" in fresh.text
        assert [page.text for page in pages] == [fresh.text] * 2
        assert pages[1].headers["etag"] == fresh.headers["etag"]
        head = await site.client.head("/products/dinghy")
        assert (head.status_code, head.content) == (200, b"")


async def test_pages_are_kept_apart_by_language_and_currency(site: Site, following: Workers) -> None:
    await stock(site, following, "Punt")
    asked: list[tuple[str, dict[str, str]]] = [
        ("/products/punt", {}), ("/ru/products/punt", {}), ("/products/punt", {"cookie": "currency=USD"})
    ]  # fmt: skip
    first = [(await site.client.get(path, headers=headers)).text for path, headers in asked]
    again = [(await site.client.get(path, headers=headers)).text for path, headers in asked]
    assert first == again
    assert len(set(first)) == 3


async def test_what_is_no_page_is_never_kept(site: Site, following: Workers) -> None:
    await stock(site, following, "Barge")
    kept = site.app.state.storefront.answers
    before = len(kept)
    for method, path in (
        ("GET", "/products/none"), ("GET", "/nothing/of/it"), ("GET", "//products//barge"),
        ("GET", "/products/barge?currency=USD"), ("POST", "/products/barge"), ("GET", "/products"),
    ):  # fmt: skip
        answer = await site.client.request(method, path)
        assert answer.status_code in (301, 302, 303, 404, 405), path
    assert len(kept) == before
    await site.client.get("/products/barge")
    assert len(kept) == before + 1
