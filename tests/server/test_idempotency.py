"""A mutation that is sent again under its Idempotency-Key is not done again."""

import asyncio
from typing import Any

import httpx
import pytest
from sqlalchemy import text
from tests.server.conftest import LOG_IN, PASSWORD, OpenSite, Site
from tests.server.till import Till

from rustok.kernel import idempotency

CREATE = """mutation($title: String!, $handle: String) { productCreate(input: {title: $title, handle: $handle})
  { product { id handle } userErrors { code message field } } }"""


async def send(
    site: Site, key: str, query: str = CREATE, path: str = "/admin/graphql", **variables: Any
) -> httpx.Response:
    """The mutation under the key."""
    headers = httpx.Headers({**site.headers(), "Idempotency-Key": key}, encoding="utf-8")
    return await site.client.post(path, json={"query": query, "variables": variables}, headers=headers)


async def count(site: Site) -> int:
    """How many products there are."""
    async with site.host.database.read(site.tenant) as context:
        return int(await context.session.scalar(text("SELECT count(*) FROM commerce_products")) or 0)


async def events(site: Site) -> int:
    """How many events the tenant has recorded."""
    async with site.host.database.session(worker=True) as session:
        found = await session.scalar(
            text("""SELECT (SELECT count(*) FROM event_staging WHERE tenant_id = :t AND type LIKE 'Product%')
                  + (SELECT count(*) FROM event_log WHERE tenant_id = :t AND type LIKE 'Product%')"""),
            {"t": site.tenant.id},
        )
        return int(found or 0)


async def test_the_same_key_gives_one_product_and_the_same_bytes(site: Site) -> None:
    first = await send(site, "k-1", title="Canoe")
    again = await send(site, '"k-1"', title="Canoe")  # the text of a structured field means the same

    assert first.json()["data"]["productCreate"]["product"]["handle"] == "canoe"
    assert "idempotency-replayed" not in first.headers
    assert again.status_code == 200
    assert again.content == first.content
    assert again.headers["idempotency-replayed"] == "true"
    assert await count(site) == 1
    assert await events(site) == 1
    assert first.json()["extensions"]["consistency"] == first.headers["RusToK-Consistency"]


async def test_another_body_under_the_key_is_refused_and_changes_nothing(site: Site) -> None:
    await send(site, "k-1", title="Canoe")

    other = await send(site, "k-1", title="Kayak")

    assert other.status_code == 422
    assert other.json()["errors"][0]["extensions"]["code"] == "idempotency_key_reused"
    assert await count(site) == 1


async def test_of_many_at_once_one_is_done_and_the_others_get_its_answer_or_are_told_to_wait(site: Site) -> None:
    answers = await asyncio.gather(*(send(site, "k-1", title="Canoe") for _ in range(20)))

    done = [one for one in answers if one.status_code == 200]
    assert {one.status_code for one in answers} <= {200, 409}
    assert done
    assert len({one.content for one in done}) == 1
    assert {one.json()["errors"][0]["extensions"]["code"] for one in answers if one.status_code == 409} <= {
        "in_progress"
    }
    assert await count(site) == 1
    assert (await send(site, "k-1", title="Canoe")).content == done[0].content


async def test_a_refusal_leaves_nothing_and_does_not_use_the_key_up(site: Site) -> None:
    await send(site, "k-0", title="Canoe", handle="canoe")

    refused = await send(site, "k-1", title="Another", handle="canoe")
    assert refused.json()["data"]["productCreate"]["userErrors"] != []
    assert (await count(site), await events(site)) == (1, 1)
    await site.admin("mutation($id: ID!) { productsBulkDelete(ids: [$id]) { count } }", id=await one_id(site))
    later = await send(site, "k-1", title="Another", handle="canoe")

    assert later.json()["data"]["productCreate"]["userErrors"] == []
    assert await count(site) == 1


async def test_a_confirmation_is_written_once_under_its_key(site: Site) -> None:
    order = await (await Till.opened(site)).ordered()
    resend = """mutation($o: ID!, $to: String) { orderConfirmationResend(orderId: $o, to: $to)
      { order { number } userErrors { code } } }"""

    refused = await send(site, "k-1", resend, o=order.order, to="nobody")
    answers = [await send(site, "k-1", resend, o=order.order, to="ann@example.com") for _ in range(3)]
    await send(site, "k-2", resend, o=order.order, to="ann@example.com")

    assert refused.json()["data"]["orderConfirmationResend"]["userErrors"] == [{"code": "INVALID_EMAIL"}]
    assert len({one.content for one in answers}) == 1
    mails = await site.admin('{ mails(template: "order_confirmation") { nodes { to state } } }')
    assert [one["to"] for one in mails["mails"]["nodes"]] == ["ann@example.com"] * 2


async def one_id(site: Site) -> str:
    """Of the only product."""
    return str((await site.admin("{ products(first: 1) { nodes { id } } }"))["products"]["nodes"][0]["id"])


async def test_a_key_belongs_to_its_sender_and_its_tenant(site: Site, open_site: OpenSite) -> None:
    other = await open_site()

    mine = await send(site, "shared", title="Canoe")
    theirs = await send(other, "shared", title="Canoe")

    assert (
        mine.json()["data"]["productCreate"]["product"]["id"] != theirs.json()["data"]["productCreate"]["product"]["id"]
    )
    assert (await count(site), await count(other)) == (1, 1)
    nobody = await site.client.post(
        "/admin/graphql",
        json={"query": CREATE, "variables": {"title": "Canoe"}},
        headers={"Idempotency-Key": "shared"},
    )
    assert nobody.json()["errors"][0]["extensions"]["code"] == "unauthenticated"


@pytest.mark.parametrize("key", ["", " ", "x" * 256, "\N{SNOWMAN}", "a\tb"])
async def test_what_is_no_key_is_refused(site: Site, key: str) -> None:
    answer = await send(site, key, title="Canoe")

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["extensions"]["code"] == "bad_idempotency_key"
    assert await count(site) == 0


async def test_several_mutations_or_a_secret_are_refused_under_a_key(site: Site) -> None:
    twice = """mutation { a: productCreate(input: {title: "A"}) { product { id } }
                          b: productCreate(input: {title: "B"}) { product { id } } }"""

    several = await send(site, "k-1", twice)
    secret = await send(site, "k-2", LOG_IN, "/graphql", email=site.email, password=PASSWORD)

    assert [one.status_code for one in (several, secret)] == [400, 400]
    assert {one.json()["errors"][0]["extensions"]["code"] for one in (several, secret)} == {"bad_idempotency_key"}
    assert await count(site) == 0


async def test_queries_do_not_mind_a_key(site: Site) -> None:
    answer = await send(site, "k-1", "{ shop { name } }", "/graphql")

    assert answer.json()["data"] == {"shop": {"name": "Corner Shop"}}


async def test_answers_are_forgotten_after_a_day(site: Site, owner: Any) -> None:
    await send(site, "old", title="Canoe")
    await send(site, "new", title="Kayak")
    async with owner() as session:
        await session.execute(
            text("""UPDATE idempotency_keys SET created_at = now() - interval '25 hours'
                    WHERE tenant_id = :t AND convert_from(answer, 'utf8') LIKE '%canoe%'"""),
            {"t": site.tenant.id},
        )
        await session.commit()

    async with site.host.database.open(site.tenant, worker=True) as context:
        await idempotency.sweep(context)
        left = (await context.session.scalars(text("SELECT convert_from(answer, 'utf8') FROM idempotency_keys"))).all()

    assert len(left) == 1
    assert "kayak" in left[0]
