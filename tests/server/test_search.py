"""Search over HTTP by either engine: what was just written is found, and synonyms hold as soon as they are set."""

import os
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.conftest import Addresses
from tests.server.conftest import OpenSite, Site

from rustok.kernel.settings import Settings
from rustok.kernel.working import Workers
from rustok.server import app as web
from rustok.server import modules
from rustok.server.host import Host

CREATE = """mutation($title: String!) { productCreate(input: {title: $title}) { product { id handle }
  userErrors { code message } } }"""
PUBLISH = "mutation($id: ID!) { productPublish(id: $id) { userErrors { code message } } }"
FIND = """query($q: String!) { products(query: $q) { totalCount edges { node { title } highlights { field snippet } } }
  search(query: $q) { nodes { __typename } } suggest(query: $q) { text typeName handle } }"""
TENANT = "{ tenant { version settings } }"
SET = """mutation($version: Int!, $settings: JSON!) {
  tenantUpdate(input: {version: $version, settings: $settings}) { tenant { version } userErrors { code field } } }"""


@pytest.fixture(params=["postgres", "tantivy"])
async def shop(
    request: pytest.FixtureRequest, addresses: Addresses, open_site: OpenSite, tmp_path: Path
) -> AsyncIterator[Site]:
    """A tenant on a process that searches by one engine or the other."""
    there = await open_site()
    settings = Settings(home=tmp_path, secret_key="only for tests", search=request.param)
    made = Host.open(settings, addresses.owner)
    workers: Workers = modules.workers(made.registry, made.database)
    workers.start()
    made.search.start()
    transport = httpx.ASGITransport(app=web.build(made), client=("127.0.0.1", 40_000 + os.getpid() % 10_000))
    async with httpx.AsyncClient(transport=transport, base_url=there.client.base_url) as client:
        yield replace(there, client=client, host=made)
    await made.search.stop()
    await workers.stop()
    await made.close()


async def publish(site: Site, title: str) -> str:
    """A new published product; returns the token of the last mutation."""
    made = (await site.admin(CREATE, title=title))["productCreate"]["product"]
    answer = await site.post("/admin/graphql", PUBLISH, id=made["id"])
    assert answer.json()["data"]["productPublish"]["userErrors"] == []
    token: str = answer.json()["extensions"]["consistency"]
    return token


async def find(site: Site, query: str, token: str = "") -> dict[str, Any]:
    """What a search, a search of everything and the suggestions answer."""
    headers = {**site.headers(), **({"RusToK-Consistency": token} if token else {})}
    answer = await site.client.post("/graphql", json={"query": FIND, "variables": {"q": query}}, headers=headers)
    assert "errors" not in answer.json(), answer.json()
    if token:
        assert answer.json()["extensions"]["consistency"]["met"]
    data: dict[str, Any] = answer.json()["data"]
    return data


async def test_what_was_just_written_is_found(shop: Site) -> None:
    await find(shop, "anything")  # a tenant that nobody searched has no files yet
    for number in range(4):
        token = await publish(shop, f"Velvet sofa number {number}")

        data = await find(shop, "velvet", token)

        assert data["products"]["totalCount"] == number + 1
        assert len(data["search"]["nodes"]) == number + 1
        marked = data["products"]["edges"][0]["highlights"]
        assert marked[0]["field"] == "title"
        assert marked[0]["snippet"].startswith("<mark>Velvet</mark> sofa")
    assert {one["text"] for one in data["suggest"]} == {f"Velvet sofa number {number}" for number in range(4)}
    assert all(one["typeName"] == "Product" and one["handle"] for one in data["suggest"])


async def test_synonyms_are_checked_and_hold_at_once(shop: Site) -> None:
    token = await publish(shop, "Velvet sofa")
    version = (await shop.admin(TENANT))["tenant"]["version"]
    wrong = {"search": {"synonyms": [["sofa"]]}}
    refused = (await shop.post("/admin/graphql", SET, version=version, settings=wrong)).json()["data"]
    before = (await find(shop, "couch", token))["products"]["totalCount"]

    done = await shop.admin(SET, version=version, settings={"search": {"synonyms": [["sofa", "couch"]]}})

    assert refused["tenantUpdate"]["userErrors"] == [
        {"code": "INVALID_SYNONYMS", "field": ["settings", "search", "synonyms", "0"]}
    ]
    assert done["tenantUpdate"]["userErrors"] == []
    assert before == 0
    shop.host.tenancy.forget()
    assert (await find(shop, "couches"))["products"]["totalCount"] == 1
