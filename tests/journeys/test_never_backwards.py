"""While a product changes again and again, no reader of any web process sees it go backwards, kept answers included."""

import asyncio
import contextlib
import os
import re
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from tests.conftest import Addresses
from tests.server.conftest import OpenSite, Site, application, following, host, open_site
from tests.server.test_graphql_http import free_port

from rustok.commerce.products import saving, service
from rustok.commerce.products.drafts import ProductDraft, ProductStatus
from rustok.kernel.working import Workers
from rustok.server import modules
from rustok.server.host import Host

__all__ = ["application", "following", "host", "open_site"]  # fixtures of the server's tests, used here as well
CHANGES = 60
SHOWN = '{ product(handle: "counter") { title } products(where: {handle: {eq: "counter"}}) { nodes { title } } }'
MINE = '{ me { email } product(handle: "counter") { title } }'


@pytest.fixture(scope="module")
async def workers(host: Host) -> AsyncIterator[Workers]:
    """Everything that follows the log, running."""
    made = modules.workers(host.registry, host.database)
    made.start()
    yield made
    await made.stop()


@pytest.fixture(scope="module")
async def shop(open_site: OpenSite, workers: Workers) -> Site:
    """A shop with one product, which counts."""
    site = await open_site()
    async with site.host.database.open(site.tenant) as context:
        draft = ProductDraft(handle="counter", title="Number 0", status=ProductStatus.PUBLISHED)
        site.ids["counter"] = str((await saving.save_many(context, [draft])).ids["counter"])
    return site


@contextlib.contextmanager
def _process(addresses: Addresses, slug: str, home: Path) -> Iterator[str]:
    port = free_port()
    environment = {
        **os.environ,
        "DATABASE_URL": addresses.owner,
        "RUSTOK_SECRET_KEY": "only for tests",
        "RUSTOK_HOME": str(home),
        "RUSTOK_PORT": str(port),
        "RUSTOK_DEFAULT_TENANT": slug,
    }
    call = [sys.executable, "-c", "from rustok.server.cli import main; main()", "serve"]
    process = subprocess.Popen(call, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(900):
            assert process.poll() is None, "the server ended"
            with contextlib.suppress(httpx.TransportError):
                if httpx.get(f"{address}/healthz", timeout=5).status_code == 200:
                    break
            time.sleep(0.1)
        yield address
    finally:
        process.terminate()
        process.wait(30)


@pytest.fixture(scope="module")
def processes(addresses: Addresses, shop: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[str]]:
    """The addresses of two web processes of the shop."""
    home = tmp_path_factory.mktemp("served")
    slug = shop.tenant.slug
    with _process(addresses, slug, home) as one, _process(addresses, slug, home) as other:
        yield [one, other]


@dataclass
class Seen:
    """What all readers saw together."""

    newest: int = 0  # the largest number in any answer that has arrived
    bodies: dict[str, str] = field(default_factory=dict)  # by ETag
    numbers: dict[int, set[int]] = field(default_factory=dict)  # by the version in the ETag
    kept: int = 0  # answers 304


def _number(title: str) -> int:
    return int(title.removeprefix("Number "))


async def _read(client: httpx.AsyncClient, addresses: list[str], seen: Seen, done: asyncio.Event, first: int) -> int:
    """Read from both processes in turn, with the ETag of the answer before; returns how often."""
    etag, number, version, turn = "", 0, 0, first
    while not (done.is_set() and number == CHANGES):
        before, turn = seen.newest, turn + 1
        headers = {"If-None-Match": etag} if etag and turn % 3 else {}
        answer = await client.get(f"{addresses[turn % 2]}/graphql", params={"query": SHOWN}, headers=headers)
        assert answer.status_code in (200, 304), answer.text
        assert answer.headers["etag"], answer.headers
        if answer.status_code == 304:
            seen.kept += 1
            assert answer.headers["etag"] == etag
            shown = number
        else:
            etag = answer.headers["etag"]
            data = answer.json()["data"]
            shown = _number(data["product"]["title"])
            assert data["products"]["nodes"] == [data["product"]]
            assert seen.bodies.setdefault(etag, answer.text) == answer.text
        found = re.search(r'"(\d+)-', etag)
        assert found, etag
        assert shown >= number, f"{shown} after {number}"
        # Whatever anybody has seen before the question was sent is not unseen again, in no process.
        assert shown >= before, f"{shown} though {before} had been answered"
        assert int(found[1]) >= version, f"version {found[1]} after {version}"
        number, version = shown, int(found[1])
        seen.newest = max(seen.newest, number)
        seen.numbers.setdefault(version, set()).add(number)
    return turn - first


async def _ask_mine(
    client: httpx.AsyncClient, addresses: list[str], token: str, email: str, done: asyncio.Event
) -> int:
    """The same question with and without a token, by turns."""
    turn = 0
    while not done.is_set():
        turn += 1
        is_known = bool(turn % 2)
        headers = {"Authorization": f"Bearer {token}"} if is_known else {}
        answer = await client.get(f"{addresses[turn // 2 % 2]}/graphql", params={"query": MINE}, headers=headers)
        data: dict[str, Any] = answer.json()["data"]
        assert data["me"] == ({"email": email} if is_known else None)
        assert is_known or email not in answer.text
        assert not is_known or answer.headers["cache-control"] == "no-store"
    return turn


async def test_no_reader_sees_an_answer_older_than_one_before(shop: Site, processes: list[str]) -> None:
    seen, done = Seen(), asyncio.Event()
    async with httpx.AsyncClient(timeout=30) as client:
        for _ in range(200):
            answer = await client.get(f"{processes[0]}/graphql", params={"query": SHOWN})
            if answer.json()["data"]["product"]:
                break
            await asyncio.sleep(0.05)

        async with asyncio.TaskGroup() as tasks, asyncio.timeout(120):
            readers = [tasks.create_task(_read(client, processes, seen, done, n)) for n in range(4)]
            mine = tasks.create_task(_ask_mine(client, processes, shop.token, shop.email, done))
            for number in range(1, CHANGES + 1):
                async with shop.host.database.open(shop.tenant) as context:
                    await service.change(context, UUID(shop.ids["counter"]), title=f"Number {number}")
                await asyncio.sleep(0.02)
            done.set()

    counts = [reader.result() for reader in readers]
    assert min(counts) > 10, counts
    assert mine.result() > 10
    assert seen.kept > 0
    assert len(seen.bodies) > 5
    # What an ETag says of the version is true of the body: of a later version the number is never smaller.
    latest = 0
    for version in sorted(seen.numbers):
        assert len(seen.numbers[version]) == 1, (version, seen.numbers[version])
        assert min(seen.numbers[version]) >= latest
        latest = max(seen.numbers[version])
