"""Read your own writes: a mutation's token makes a read wait for what was written, and say whether it shows it."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from sqlalchemy import text
from tests.server.conftest import OpenSite, Site

from rustok.index import verifying
from rustok.kernel import log
from rustok.kernel.consistency import Token
from rustok.kernel.ids import generate_id
from rustok.kernel.working import Workers
from rustok.server import modules
from rustok.server.host import Host

HEADER = "RusToK-Consistency"
CREATE = """mutation($title: String!) { productCreate(input: {title: $title}) { product { id handle }
  userErrors { code message } } }"""
PUBLISH = "mutation($id: ID!) { productPublish(id: $id) { userErrors { code message } } }"
READ = "query($handle: String!) { product(handle: $handle) { title } }"


@pytest.fixture
async def running(host: Host) -> AsyncIterator[Workers]:
    """Everything that follows the log."""
    made = modules.workers(host.registry, host.database)
    await made.catch_up()  # with what other tests have left behind
    made.start()
    yield made
    await made.stop()


async def publish(site: Site, title: str) -> tuple[str, str]:
    """A new published product: its handle, and the token of the last mutation."""
    made = (await site.admin(CREATE, title=title))["productCreate"]["product"]
    answer = await site.post("/admin/graphql", PUBLISH, id=made["id"])
    assert answer.json()["data"]["productPublish"]["userErrors"] == []
    token: str = answer.json()["extensions"]["consistency"]
    assert answer.headers[HEADER] == token
    return made["handle"], token


async def read(site: Site, token: str, query: str = READ, path: str = "/graphql", **variables: Any) -> httpx.Response:
    """A query that carries a token."""
    return await site.client.post(
        path, json={"query": query, "variables": variables}, headers={**site.headers(), HEADER: token}
    )


async def test_a_read_that_carries_the_token_shows_what_was_written(site: Site, running: Workers) -> None:
    for number in range(5):
        handle, token = await publish(site, f"Boat {number}")

        answer = await read(site, token, handle=handle)

        assert answer.json()["data"]["product"] == {"title": f"Boat {number}"}
        assert answer.json()["extensions"]["consistency"] == {"token": token, "met": True}
        assert answer.headers[HEADER] == f"{token}; met=true"


async def test_get_and_the_admin_endpoint_wait_as_well(site: Site, running: Workers) -> None:
    handle, token = await publish(site, "Kayak")

    by_get = await site.client.get(
        "/graphql",
        params={"query": f'{{ product(handle: "{handle}") {{ title }} }}'},
        headers={HEADER: f"{token}; met=false"},  # as the answer to an earlier read said
    )
    by_staff = await read(site, token, "{ __typename }", "/admin/graphql")

    assert by_get.json()["data"]["product"] == {"title": "Kayak"}
    assert by_get.headers[HEADER] == f"{token}; met=true"
    assert by_staff.json()["extensions"]["consistency"] == {"token": token, "met": True}


async def test_without_a_worker_the_read_is_answered_after_a_second_and_says_so(site: Site) -> None:
    handle, token = await publish(site, "Raft")
    async with asyncio.timeout(20):
        answer = await read(site, token, handle=handle)

    assert answer.status_code == 200
    assert answer.json()["data"]["product"] is None
    assert answer.json()["extensions"]["consistency"] == {"token": token, "met": False}
    assert answer.headers[HEADER] == f"{token}; met=false"


async def test_numbered_but_not_projected_is_not_met(site: Site, host: Host) -> None:
    handle, token = await publish(site, "Canoe")
    while await log.sequence(host.database):
        pass

    answer = await read(site, token, handle=handle)

    assert answer.json()["extensions"]["consistency"]["met"] is False


async def test_a_read_that_waits_goes_on_as_soon_as_the_projector_has_passed(
    site: Site, host: Host, following: Workers
) -> None:
    handle, token = await publish(site, "Ferry")

    answer, _ = await asyncio.gather(read(site, token, handle=handle), following.catch_up())

    assert answer.json()["extensions"]["consistency"]["met"] is (answer.json()["data"]["product"] is not None)
    later = await read(site, token, handle=handle)
    assert later.json()["data"]["product"] == {"title": "Ferry"}
    assert later.json()["extensions"]["consistency"]["met"] is True


async def test_many_who_wait_are_answered_alike(site: Site, running: Workers) -> None:
    handle, token = await publish(site, "Barge")

    answers = await asyncio.gather(*(read(site, token, handle=handle) for _ in range(30)))

    assert {answer.json()["data"]["product"]["title"] for answer in answers} == {"Barge"}
    assert {answer.headers[HEADER] for answer in answers} == {f"{token}; met=true"}


async def test_a_mutation_that_recorded_nothing_gives_a_token_that_is_met_at_once(site: Site) -> None:
    refused = await site.post("/admin/graphql", PUBLISH, id=str(generate_id()))
    assert refused.json()["data"]["productPublish"]["userErrors"][0]["code"] == "NOT_FOUND"
    token = refused.json()["extensions"]["consistency"]

    answer = await read(site, token, "{ __typename }")

    assert answer.json()["extensions"]["consistency"] == {"token": token, "met": True}


async def test_a_mutation_that_recorded_nothing_hands_on_the_token_that_it_was_sent(site: Site) -> None:
    _, token = await publish(site, "Punt")

    refused = await read(site, token, PUBLISH, "/admin/graphql", id=str(generate_id()))

    assert refused.json()["extensions"]["consistency"] == refused.headers[HEADER] == token


async def test_the_last_of_several_fields_is_waited_for(site: Site, running: Workers) -> None:
    first, second = [(await site.admin(CREATE, title=title))["productCreate"]["product"] for title in ("One", "Two")]

    answer = await site.post(
        "/admin/graphql",
        """mutation($a: ID!, $b: ID!) { a: productPublish(id: $a) { userErrors { code } }
          b: productPublish(id: $b) { userErrors { code } }
          c: productPublish(id: "nonsense") { userErrors { code } } }""",
        a=first["id"],
        b=second["id"],
    )

    assert [bool(one["userErrors"]) for one in answer.json()["data"].values()] == [False, False, True]
    for one in (first, second):
        found = await read(site, answer.headers[HEADER], handle=one["handle"])
        assert found.json()["data"]["product"] is not None
        assert found.json()["extensions"]["consistency"]["met"] is True


async def test_what_is_parked_is_not_met_and_is_not_waited_for(site: Site, host: Host, following: Workers) -> None:
    handle, token = await publish(site, "Wreck")
    await following.catch_up()
    async with host.database.session(worker=True) as session:
        await session.execute(
            text("""INSERT INTO event_failures (consumer, seq, tenant_id, aggregate, aggregate_id, type, state)
                    SELECT :consumer, seq, tenant_id, aggregate, aggregate_id, type, 'parked' FROM event_log
                    WHERE tenant_id = :tenant ORDER BY seq DESC LIMIT 1"""),
            {"consumer": verifying.CONSUMER, "tenant": site.tenant.id},
        )
        await session.commit()
    try:
        answer = await read(site, token, handle=handle)
    finally:
        async with host.database.session(worker=True) as session:
            await session.execute(
                text("DELETE FROM event_failures WHERE tenant_id = :tenant"), {"tenant": site.tenant.id}
            )
            await session.commit()

    assert answer.status_code == 200
    assert answer.json()["extensions"]["consistency"]["met"] is False


@pytest.mark.parametrize(
    "change",
    [
        lambda token: "nonsense",
        lambda token: "",
        lambda token: "x" * 5000,
        lambda token: token[:-1],
        lambda token: ("B" if token[0] != "B" else "C") + token[1:],
        lambda token: token[:40] + ("x" if token[40] != "x" else "y") + token[41:],
        lambda token: "А" * 64,
        lambda token: "'; DROP TABLE event_log; --",
    ],
)
@pytest.mark.parametrize("path", ["/graphql", "/admin/graphql"])
async def test_a_damaged_token_is_refused_by_the_headers_name(site: Site, path: str, change: Any) -> None:
    _, token = await publish(site, "Dinghy")

    answer = await site.client.post(
        path,
        json={"query": "{ __typename }"},
        headers=[(b"authorization", f"Bearer {site.token}".encode()), (HEADER.encode(), change(token).encode())],
    )

    assert answer.status_code == 400
    (error,) = answer.json()["errors"]
    assert error["extensions"]["code"] == "invalid_consistency_token"
    assert HEADER in error["message"]
    assert "data" not in answer.json()


async def test_another_tenants_token_is_refused_like_a_damaged_one(site: Site, open_site: OpenSite) -> None:
    other = await open_site()
    _, token = await publish(other, "Not yours")

    foreign = await read(site, token, "{ __typename }")
    damaged = await read(site, token[:-1] + ("A" if token[-1] != "A" else "B"), "{ __typename }")

    assert (foreign.status_code, foreign.json()) == (400, damaged.json())


async def test_a_mutation_with_a_damaged_token_changes_nothing(site: Site, host: Host) -> None:
    async def events() -> int:
        async with host.database.session(worker=True) as session:
            sql = """SELECT (SELECT count(*) FROM event_staging WHERE tenant_id = :tenant)
                        + (SELECT count(*) FROM event_log WHERE tenant_id = :tenant)"""
            return int(await session.scalar(text(sql), {"tenant": site.tenant.id}) or 0)

    before = await events()

    answer = await read(site, "nonsense", CREATE, "/admin/graphql", title="Never")

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["extensions"]["code"] == "invalid_consistency_token"
    assert await events() == before


async def test_a_token_of_an_event_that_never_was_holds_nobody_up(site: Site) -> None:
    made_up = Token(generate_id(), generate_id(), 2**62).text(site.tenant.id)

    answer = await read(site, made_up, "{ __typename }")

    assert answer.json()["extensions"]["consistency"] == {"token": made_up, "met": True}


async def test_a_read_without_a_token_says_nothing_of_consistency(site: Site) -> None:
    answer = await site.post("/graphql", "{ __typename }")

    assert "consistency" not in answer.json().get("extensions", {})
    assert HEADER not in answer.headers
