"""Subscriptions as a front-end uses them: over real WebSockets to a real server, while somebody changes things."""

import asyncio
import contextlib
import dataclasses
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text
from tests.conftest import Addresses
from tests.server.conftest import OpenSite, Site
from tests.server.sockets import PATIENCE, on_the_wire
from tests.server.test_graphql_http import free_port
from websockets.exceptions import InvalidStatus

from rustok.core.modules import service as switches
from rustok.index import changes
from rustok.kernel.ids import parse_id
from rustok.kernel.working import Workers

ONE = """subscription($id: ID!) { productChanged(id: $id, initial: true)
  { id kind version product { id title handle } } }"""
ALL = "subscription { productsChanged(initial: true) { id kind product { title } } }"
EVERYTHING = "subscription { changes(initial: true) { type id kind node { id ... on Product { title } } } }"
PER_ADDRESS = 24


@contextlib.contextmanager
def serving(addresses: Addresses, home: Path, **more: str) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    """`rustok serve` on a port of its own, as the head of a process group."""
    chosen = free_port()
    environment = {
        **os.environ,
        "DATABASE_URL": addresses.owner,
        "RUSTOK_SECRET_KEY": "only for tests",
        "RUSTOK_HOME": str(home),
        "RUSTOK_PORT": str(chosen),
        **more,
    }
    call = [sys.executable, "-c", "from rustok.server.cli import main; main()", "serve"]
    process = subprocess.Popen(
        call, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        for _ in range(600):
            assert process.poll() is None, "the server ended"
            try:
                if httpx.get(f"http://127.0.0.1:{chosen}/healthz", timeout=5).status_code == 200:
                    break
            except httpx.TransportError:
                time.sleep(0.1)
        yield chosen, process
    finally:
        process.terminate()
        process.wait(30)


@pytest.fixture(scope="module")
def port(addresses: Addresses, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Where `rustok serve` answers for every tenant of this run; events are followed by the test itself."""
    bounds = {"RUSTOK_LIVE_PER_ADDRESS": str(PER_ADDRESS), "RUSTOK_LIVE_ORIGINS": "https://front.example"}
    with serving(addresses, tmp_path_factory.mktemp("served"), **bounds) as (chosen, _):
        yield chosen


async def make(site: Site, title: str, following: Workers) -> str:
    """A product that the storefront shows."""
    made = await site.admin(
        "mutation($t: String!) { productCreate(input: {title: $t}) { product { id } userErrors { message } } }", t=title
    )
    identity: str = made["productCreate"]["product"]["id"]
    await site.admin("mutation($id: ID!) { productPublish(id: $id) { userErrors { message } } }", id=identity)
    await following.catch_up()
    return identity


async def update(site: Site, product: str, **fields: str) -> None:
    """The product is changed, though storefronts do not show it yet."""
    version = (await site.admin("query($id: ID!) { product(id: $id) { version } }", id=product))["product"]["version"]
    await site.admin(
        "mutation($id: ID!, $input: ProductUpdateInput!) { productUpdate(id: $id, input: $input)"
        " { userErrors { message } } }",
        id=product,
        input={"version": version, **fields},
    )


async def rename(site: Site, product: str, title: str, following: Workers) -> None:
    """The product gets another title."""
    await update(site, product, title=title)
    await following.catch_up()


async def remove(site: Site, product: str, following: Workers) -> None:
    """The product is deleted."""
    await site.admin("mutation($id: ID!) { productDelete(id: $id) { userErrors { message } } }", id=product)
    await following.catch_up()


async def test_a_change_and_a_deletion_are_told_to_who_follows_the_product(
    site: Site, port: int, following: Workers
) -> None:
    boat = await make(site, "Red boat", following)
    async with on_the_wire(port, site) as client:
        await client.subscribe(ONE, id=boat)
        first = await client.event()
        await rename(site, boat, "Blue boat", following)
        changed = await client.event()
        await remove(site, boat, following)
        gone = await client.event()

    assert (first["kind"], first["product"]["title"]) == ("UPDATED", "Red boat")
    assert changed == {
        "id": boat, "kind": "UPDATED", "version": changed["version"],
        "product": {"id": boat, "title": "Blue boat", "handle": "red-boat"},
    }  # fmt: skip
    assert (gone["id"], gone["kind"], gone["product"]) == (boat, "DELETED", None)
    assert first["version"] < changed["version"] < gone["version"]


async def test_a_product_is_followed_by_its_handle_even_when_it_gets_another(
    site: Site, port: int, following: Workers
) -> None:
    boat = await make(site, "Red boat", following)
    query = 'subscription { productChanged(handle: "red-boat", initial: true) { id product { handle } } }'
    async with on_the_wire(port, site) as client:
        await client.subscribe(query)
        assert (await client.event())["id"] == boat
        await update(site, boat, handle="ship")
        await following.catch_up()

        assert await client.event() == {"id": boat, "product": {"handle": "ship"}}

        await client.subscribe('subscription { productChanged(handle: "no-such") { id } }', "2")
        assert (await client.refusal("2"))["extensions"]["code"] == "not_found"


async def test_no_tenant_is_told_of_anothers_changes(
    site: Site, open_site: OpenSite, port: int, following: Workers
) -> None:
    other = await open_site()
    mine, theirs = await make(site, "Red boat", following), await make(other, "Secret boat", following)
    async with on_the_wire(port, site) as client, on_the_wire(port, other) as neighbour:
        for each in (client, neighbour):
            await each.subscribe(EVERYTHING, "all")
            assert (await each.event("all"))["kind"] == "RESYNC"
        # Naming the other's product by its id does not help.
        await client.subscribe(ONE, "spy", id=theirs)
        spied = await client.event("spy")
        assert (spied["kind"], spied["product"]) == ("DELETED", None)

        for number in range(3):
            await rename(other, theirs, f"Secret boat {number}", following)
        await remove(other, theirs, following)
        await rename(site, mine, "Blue boat", following)

        # The very next message is of the own change, on either subscription: nothing of the other's came before.
        assert await client.event("all") == {
            "type": "Product", "id": mine, "kind": "UPDATED", "node": {"id": mine, "title": "Blue boat"},
        }  # fmt: skip
        seen = [await neighbour.event("all") for _ in range(4)]
        assert {one["id"] for one in seen} == {theirs}


async def test_who_follows_a_type_or_ids_hears_of_nothing_else(site: Site, port: int, following: Workers) -> None:
    first, second = await make(site, "First", following), await make(site, "Second", following)
    chosen = "subscription($ids: [ID!]) { productsChanged(ids: $ids, initial: true) { id kind } }"
    async with on_the_wire(port, site) as client:
        await client.subscribe(chosen, "ids", ids=[second])
        assert await client.event("ids") == {"id": second, "kind": "UPDATED"}
        await client.subscribe('subscription { changes(types: ["Menu", "Category"], initial: true) { type id } }', "t")
        assert await client.event("t") == {"type": None, "id": None}
        await rename(site, first, "Not followed", following)
        await rename(site, second, "Followed", following)
        assert await client.event("ids") == {"id": second, "kind": "UPDATED"}

        await client.send(type="complete", id="ids")
        await rename(site, second, "Not followed any more", following)
        await site.admin(
            'mutation { commerceCategoryCreate(input: {name: "Boats", handle: "boats"}) { userErrors { message } } }'
        )
        await following.catch_up()
        assert (await client.event("t"))["type"] == "Category"


async def test_language_and_currency_are_the_subscribers(site: Site, port: int, following: Workers) -> None:
    boat = await make(site, "Red boat", following)
    await site.admin(
        """mutation($id: ID!) { translationsSet(targetType: "product", targetId: $id, locale: "ru",
          fields: {title: "Красная лодка"}) { userErrors { message } } }""",
        id=boat,
    )
    await following.catch_up()
    query = """subscription($id: ID!, $l: String) { productChanged(id: $id, locale: $l, initial: true)
      { product { title } } }"""
    async with on_the_wire(port, site, init=False) as client:
        await client.init(locale="ru")
        await client.subscribe(query, "by-init", id=boat)
        assert await client.event("by-init") == {"product": {"title": "Красная лодка"}}
        await client.subscribe(query, "by-argument", id=boat, l="en")
        assert await client.event("by-argument") == {"product": {"title": "Red boat"}}


async def test_a_token_is_believed_at_the_start_and_a_bad_one_closes(
    site: Site, open_site: OpenSite, port: int
) -> None:
    other = await open_site()
    async with on_the_wire(port, site, init=False) as client:
        await client.init(authorization=f"Bearer {site.token}")
    async with on_the_wire(port, site, init=False, additional_headers=site.headers()) as client:
        await client.init()
    for bad in ("Bearer nonsense", site.token, f"Bearer {other.token}"):
        async with on_the_wire(port, site, init=False) as client:
            await client.send(type="connection_init", payload={"authorization": bad})
            assert (await client.end()).code == 4403
    async with on_the_wire(port, site, init=False, additional_headers={"Authorization": "Bearer nonsense"}) as client:
        await client.send(type="connection_init")
        assert (await client.end()).code == 4403


async def test_the_end_of_a_session_ends_the_socket(open_site: OpenSite, port: int) -> None:
    site = await open_site()
    async with on_the_wire(port, site, init=False) as client, on_the_wire(port, site) as anonymous:
        await client.init(authorization=f"Bearer {site.token}")
        await site.admin("mutation { sessionEnd { userErrors { message } } }")

        assert (await client.end()).code == 4403
        await anonymous.send(type="ping")
        assert await anonymous.recv() == {"type": "pong"}


async def test_a_tenant_that_is_switched_off_ends_its_sockets_and_gets_no_more(
    open_site: OpenSite, port: int, owner: Any
) -> None:
    site = await open_site()
    async with on_the_wire(port, site) as client:
        async with owner() as session:
            await session.execute(text("UPDATE tenants SET status = 'disabled' WHERE id = :id"), {"id": site.tenant.id})
            await session.commit()

        assert (await client.end()).code == 4403
    with pytest.raises(InvalidStatus) as refused:
        async with on_the_wire(port, site):
            pass
    assert refused.value.response.status_code == 403


async def test_sites_of_strangers_may_not_open_sockets(site: Site, port: int) -> None:
    async def attempt(origin: str) -> int:
        try:
            async with on_the_wire(port, site, origin=origin):
                return 101
        except InvalidStatus as refused:
            return refused.response.status_code

    own = site.tenant.hosts[0]
    for origin in (f"https://{own}", f"http://{own}:8080", "http://localhost:5173", "https://front.example"):
        assert await attempt(origin) == 101, origin
    for origin in ("https://evil.example", "null", f"https://{own}.evil.example", "https://front.example.evil", "//"):
        assert await attempt(origin) == 403, origin


async def test_an_unknown_host_is_refused_before_the_handshake(site: Site, port: int) -> None:
    stranger = dataclasses.replace(site, tenant=dataclasses.replace(site.tenant, hosts=("nobody.test",)))
    with pytest.raises(InvalidStatus) as refused:
        async with on_the_wire(port, stranger):
            pass
    assert refused.value.response.status_code == 404


async def test_one_address_gets_so_many_connections_and_new_ones_when_old_ones_are_gone(site: Site, port: int) -> None:
    async with contextlib.AsyncExitStack() as stack:
        for _ in range(PER_ADDRESS):
            await stack.enter_async_context(on_the_wire(port, site))
        with pytest.raises(InvalidStatus) as refused:
            async with on_the_wire(port, site):
                pass
        assert refused.value.response.status_code == 429
    async with asyncio.timeout(PATIENCE):
        while True:  # the server notices that they went in its own time
            with contextlib.suppress(InvalidStatus):
                async with on_the_wire(port, site):
                    return


async def test_figures_for_operators_are_in_the_metrics(site: Site, port: int) -> None:
    async def shown() -> str:
        async with httpx.AsyncClient() as client:
            return (await client.get(f"http://127.0.0.1:{port}/metrics")).text

    async with on_the_wire(port, site) as client:
        await client.subscribe(ALL)
        await client.event()
        figures = await shown()
        assert re.search(r"^rustok_live_connections [1-9]", figures, re.M)
        assert re.search(r"^rustok_live_subscriptions 1\.0", figures, re.M)
        assert re.search(r"^rustok_live_events_total [1-9]", figures, re.M)
        await client.send(type="nonsense")
        await client.end()
    assert re.search(r'^rustok_live_closed_total\{code="4400"\} [1-9]', await shown(), re.M)


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT])
async def test_a_server_that_stops_says_so_and_does_not_wait_for_its_clients(
    site: Site, addresses: Addresses, tmp_path: Path, sent: signal.Signals
) -> None:
    with serving(addresses, tmp_path) as (port, process):
        async with on_the_wire(port, site) as client, on_the_wire(port, site, init=False) as silent:
            await client.subscribe(ALL)
            await client.event()

            os.killpg(process.pid, sent)  # as a terminal and a supervisor do, to the whole family at once

            assert (await client.end()).code == 1012
            assert (await silent.end()).code == 1012
        await asyncio.to_thread(process.wait, PATIENCE)


async def test_a_module_that_is_switched_off_is_not_told_of(site: Site, port: int, following: Workers) -> None:
    boat = await make(site, "Red boat", following)
    async with on_the_wire(port, site) as client:
        await client.subscribe(ALL, "products")
        await client.event("products")
        await client.subscribe(EVERYTHING, "all")
        await client.event("all")
        async with site.host.database.open(site.tenant) as context:
            await switches.disable(context, "commerce")
        await following.catch_up()

        # Those that begin now are refused; one that runs already ends at the next thing it would have told.
        async with asyncio.timeout(PATIENCE):
            for number in range(1_000):
                await client.subscribe(ALL, f"later-{number}")
                message = await client.recv()
                if message["type"] == "error":
                    break
                await client.send(type="complete", id=f"later-{number}")
                await asyncio.sleep(0.2)
        assert message["payload"][0]["extensions"]["code"] == "module_disabled"
        async with site.host.database.open(site.tenant, worker=True) as context:
            await changes.moved_on(context, 0, {"products": [parse_id(boat)]})
        assert (await client.refusal("products"))["extensions"]["code"] == "module_disabled"
