"""The protocol graphql-transport-ws to the letter, and the bounds within which one client is served."""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import text
from tests.server.conftest import Site
from tests.server.sockets import Ended, inside

from rustok.index import changes, live
from rustok.kernel.ids import generate_id
from rustok.server.graphql_http.live import Bounds
from rustok.server.graphql_http.sockets import Sockets

LISTEN = "subscription { productsChanged(initial: true) { id kind version } }"


@pytest.fixture
def sockets(site: Site) -> Iterator[Sockets]:
    """The application's sockets; what a test changes of their bounds is put back."""
    found: Sockets = site.app.state.sockets
    before = found.bounds
    yield found
    found.bounds = before


async def test_messages_that_are_none_close_with_4400(site: Site) -> None:
    nonsense: list[Any] = [
        "no JSON", "[]", '"text"', "{}", '{"type": 1}', '{"type": "start"}', "[" * 90_000, '{"type": "subscribe"}',
        '{"type": "subscribe", "id": 7, "payload": {}}', '{"type": "subscribe", "id": "", "payload": {}}',
        '{"type": "subscribe", "id": "1"}', '{"type": "subscribe", "id": "1", "payload": []}', '{"type": "complete"}',
        json.dumps({"type": "complete", "id": "x" * 201}),
    ]  # fmt: skip
    for message in nonsense:
        async with inside(site) as client:
            await client.send_text(message)
            assert (await client.end()).code == 4400, message[:80]
    async with inside(site) as client:
        client.upward.put_nowait({"type": "websocket.receive", "bytes": b'{"type": "ping"}'})
        assert (await client.end()).code == 4400
    for payload in ([], "text", 1, {"authorization": 1}, {"locale": []}, {"authorization": "Bearer \0"}):
        async with inside(site, init=False) as client:
            await client.send(type="connection_init", payload=payload)
            assert (await client.end()).code == 4400, payload


async def test_the_order_of_messages_is_kept(site: Site) -> None:
    async with inside(site, init=False) as client:
        await client.send(type="ping")
        assert await client.recv() == {"type": "pong"}
        await client.subscribe(LISTEN)
        assert (await client.end()).code == 4401
    async with inside(site) as client:
        await client.send(type="connection_init")
        assert (await client.end()).code == 4429
    async with inside(site) as client:
        await client.subscribe(LISTEN)
        await client.event()
        await client.subscribe(LISTEN)
        ended = await client.end()
        assert (ended.code, ended.reason) == (4409, "subscriber for 1 already exists")


async def test_an_id_can_be_used_again_after_its_end(site: Site) -> None:
    async with inside(site) as client:
        for _ in range(3):
            await client.subscribe("subscription { nonsense }")
            assert "nonsense" in (await client.refusal())["message"]
            await client.subscribe(LISTEN)
            assert (await client.event())["kind"] == "RESYNC"
            await client.send(type="complete", id="1")
        await client.send(type="complete", id="never-begun")
        await client.send(type="ping")
        assert await client.recv() == {"type": "pong"}


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("", "must be a text"),
        ("subscription {", "Syntax Error"),
        ("subscription { nonsense }", "Cannot query field"),
        ("{ __typename }", "send queries and mutations over HTTP"),
        ('mutation { sessionEnd { ended } }', "send queries and mutations over HTTP"),
        ("subscription { a: changes { id } b: changes { id } }", "must select only one"),
        ("subscription A { changes { id } } subscription B { changes { id } }", "no single operation"),
        ('subscription { changes(types: ["Nonsense"]) { id } }', "there is no type 'Nonsense'"),
        ("subscription { productChanged { id } }", "give id or handle"),
        ('subscription { productChanged(id: "x") { id } }', "expected a ULID or a UUID"),
        ('subscription { contentChanged(slug: "x") { id } }', "give id or kind and slug"),
        ('subscription { productsChanged(ids: [%s]) { id } }' % ('"x",' * 101), "at most 100 ids"),
        ("subscription($n: [String!]!) { changes(types: $n) { id } }", "to be provided"),
        (f"subscription {{ changes {{ {' '.join(f'a{n}: id' for n in range(200))} }} }}", "more than 120 aliases"),
        ("subscription { changes { id %s } }" % ("id " * 7_000), "tokens"),
    ],
)  # fmt: skip
async def test_what_cannot_be_answered_is_refused_and_the_connection_goes_on(site: Site, query: str, said: str) -> None:
    async with inside(site) as client:
        await client.subscribe(query)
        assert said in (await client.refusal())["message"]
        await client.subscribe(LISTEN, "2")
        assert (await client.event("2"))["kind"] == "RESYNC"


async def test_documents_that_may_return_too_much_are_refused(site: Site) -> None:
    query = """subscription { categoriesChanged(initial: true)
      { kind category { products(first: 100) { nodes { %s } } } } }"""
    names = " ".join(f"a{n}: title" for n in range(18))
    async with inside(site) as client:
        await client.subscribe(query % names, "1")
        assert (await client.event("1"))["kind"] == "RESYNC"
        await client.subscribe(query % (names + " id handle"), "2")
        assert (await client.refusal("2"))["extensions"]["code"] == "limit_exceeded"


async def test_a_connection_has_so_many_subscriptions(site: Site, sockets: Sockets) -> None:
    sockets.bounds = replace(sockets.bounds, subscriptions=2)
    async with inside(site) as client:
        for key in ("1", "2"):
            await client.subscribe(LISTEN, key)
            await client.event(key)
        await client.subscribe(LISTEN, "3")
        assert (await client.refusal("3"))["extensions"] == {"code": "limit_exceeded"}
        await client.send(type="complete", id="1")
        await client.subscribe(LISTEN, "3")
        assert (await client.event("3"))["kind"] == "RESYNC"


async def test_messages_are_bounded_in_size_and_number(site: Site, sockets: Sockets) -> None:
    sockets.bounds = replace(sockets.bounds, message=1_000, burst=10, rate=0.001)
    async with inside(site) as client:
        await client.send(type="ping", payload={"x": "я" * 600})
        assert (await client.end()).code == 1009
    async with inside(site) as client:
        for _ in range(9):
            await client.send(type="ping")
            assert await client.recv() == {"type": "pong"}
        await client.send(type="ping")
        assert (await client.end()).code == 1008


async def test_who_never_begins_or_falls_silent_is_closed(site: Site, sockets: Sockets) -> None:
    sockets.bounds = replace(sockets.bounds, init_within=0.05, ping_every=0.05, check_every=0.02)
    async with inside(site, init=False) as client:
        assert (await client.end()).code == 4408
    async with inside(site) as client:
        await client.subscribe(LISTEN)
        await client.event()
        assert json.loads(await client.recv_text()) == {"type": "ping"}
        assert (await client.end()).code is None  # nobody is there to read a reason
    async with inside(site) as client:
        for _ in range(10):
            assert json.loads(await client.recv_text()) == {"type": "ping"}
            await client.send(type="pong")


async def test_the_process_serves_so_many_connections(site: Site, sockets: Sockets) -> None:
    sockets.bounds = replace(sockets.bounds, connections=1)
    async with inside(site) as client:
        with pytest.raises(Ended, match="503"):
            async with inside(site):
                pass
        await client.send(type="ping")
        assert await client.recv() == {"type": "pong"}


async def changed(site: Site, times: int = 1) -> None:
    """Versions of the tenant's products, each of one thing that nobody has."""
    for _ in range(times):
        async with site.host.database.open(site.tenant, worker=True) as context:
            await changes.moved_on(context, 0, {"products": [generate_id()]})


async def nobody_listens() -> None:
    """Wait until the feed has noticed that its listeners are gone."""
    left = [task for task in asyncio.all_tasks() if task.get_name().startswith("live")]
    await asyncio.gather(*left, return_exceptions=True)


async def test_who_is_too_slow_is_told_to_read_again_and_slows_nobody_down(
    site: Site, sockets: Sockets, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(site.host.feed, "capacity", 3)
    before = site.host.feed.lagged
    async with inside(site) as slow, inside(site) as quick:
        for client in (slow, quick):
            await client.subscribe(LISTEN)
            await client.event()
        slow.reading.clear()
        await changed(site)
        await slow.waiting.wait()
        await quick.event()
        for _ in range(10):
            await changed(site)
            assert (await quick.event())["kind"] == "DELETED"

        slow.reading.set()
        told = [await slow.event() for _ in range(5)]
        await changed(site)
        told.append(await slow.event())

    assert [one["kind"] for one in told] == ["DELETED", "RESYNC", "DELETED", "DELETED", "DELETED", "DELETED"]
    assert told[1]["version"] == told[4]["version"] == told[5]["version"] - 1  # what is now: nothing was lost unsaid
    assert told[1]["id"] is None
    assert site.host.feed.lagged == before + 1


async def test_who_does_not_read_at_all_is_dropped(site: Site, sockets: Sockets) -> None:
    sockets.bounds = replace(sockets.bounds, send_within=0.05)
    async with inside(site) as client:
        await client.subscribe(LISTEN)
        await client.event()
        client.reading.clear()
        await changed(site)
        assert (await client.downward.get())["type"] == "gone"


async def test_more_than_is_told_one_by_one_is_a_resync_unless_ids_are_named(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    followed = generate_id()
    async with inside(site) as client:
        await client.subscribe(LISTEN, "all")
        await client.event("all")
        query = "subscription($ids: [ID!]) { productsChanged(ids: $ids, initial: true) { id kind } }"
        await client.subscribe(query, "some", ids=[str(followed)])
        await client.event("some")
        for ids in (None, [followed, *(generate_id() for _ in range(1_500))]):
            async with site.host.database.open(site.tenant, worker=True) as context:
                await changes.moved_on(context, 0, {"products": ids})
            heard = {}
            for _ in range(2):
                message = await client.recv()
                heard[message["id"]] = message["payload"]["data"]["productsChanged"]
            assert (heard["all"]["id"], heard["all"]["kind"]) == (None, "RESYNC")
            assert heard["some"] == {"id": str(followed), "kind": "DELETED"}


async def test_what_is_forgotten_already_is_a_resync(site: Site, owner: Any) -> None:
    async with inside(site) as client:
        await client.subscribe(LISTEN)
        began = await client.event()
        async with owner() as session:
            statement = text("""INSERT INTO index_versions (tenant_id, version) VALUES (:tenant, 500)
                                ON CONFLICT (tenant_id) DO UPDATE SET version = 500""")
            await session.execute(statement, {"tenant": site.tenant.id})
            await session.commit()
        await changed(site)

        assert began["version"] < 500
        assert await client.event() == {"id": None, "kind": "RESYNC", "version": 501}


async def test_a_lost_notification_is_made_good_by_looking(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    async def deaf(_: live.Feed) -> None:
        await asyncio.Event().wait()

    await nobody_listens()
    monkeypatch.setattr(live.Feed, "_be_notified", deaf)
    async with inside(site) as client:
        await client.subscribe(LISTEN)
        await client.event()
        for _ in range(2):
            await changed(site)
            assert (await client.event())["kind"] == "DELETED"
    await nobody_listens()


async def test_nothing_is_lost_with_the_connection_that_is_notified(site: Site, owner: Any) -> None:
    kill = text("""SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
                   WHERE datname = current_database() AND query ~* '^(LISTEN|SELECT 1)' AND usename = 'rustok_worker'
                       AND state = 'idle' AND application_name <> 'rustok'""")
    async with inside(site) as client:
        await client.subscribe(LISTEN)
        await client.event()
        killed = 0
        async with asyncio.timeout(60):
            while not killed:  # until it is there
                await asyncio.sleep(0.05)
                async with owner() as session:
                    killed = (await session.scalar(kill)) or 0
        for _ in range(3):
            await changed(site)
            assert (await client.event())["kind"] == "DELETED"


async def test_a_fault_of_ours_is_masked_and_ends_that_subscription_only(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: Any, **__: Any) -> Any:
        raise RuntimeError("the password is swordfish")

    async with inside(site) as client:
        await client.subscribe(LISTEN, "1")
        await client.event("1")
        with monkeypatch.context() as patched:
            patched.setattr(live.Feed, "documents", fail)
            await changed(site)
            refused = await client.refusal("1")
        assert refused["extensions"]["code"] == "internal"
        assert refused["extensions"]["traceId"] in refused["message"]
        assert "swordfish" not in json.dumps(refused)

        await client.subscribe(LISTEN, "1")
        assert (await client.event("1"))["kind"] == "RESYNC"


async def test_listeners_of_one_thing_share_one_read(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    reads = []
    original = live.Feed._read

    async def counted(*given: Any) -> Any:
        reads.append(given)
        return await original(*given)

    monkeypatch.setattr(live.Feed, "_read", counted)
    async with inside(site) as client:
        for key in "abcdefgh":
            await client.subscribe(LISTEN, key)
            await client.event(key)
        await changed(site)
        assert {(await client.recv())["id"] for _ in range(8)} == set("abcdefgh")
    assert len(reads) == 1


async def test_nothing_is_left_when_the_clients_are_gone(site: Site) -> None:
    async with inside(site) as client:
        await client.subscribe(LISTEN)
        await client.event()
        assert site.host.feed.version(site.tenant.id) >= 0
        assert site.tenant.id in site.host.feed._followed
    assert site.tenant.id not in site.host.feed._followed
    async with asyncio.timeout(30):
        await nobody_listens()


def test_bounds_let_honest_clients_be() -> None:
    bounds = Bounds()
    assert bounds.burst > bounds.subscriptions + 10  # a page that follows all it may, at once
    assert bounds.ping_every < 30  # proxies commonly cut what is silent for a minute
