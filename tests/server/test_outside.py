"""Mail and webhooks over the admin API: seen, tried again, and told what is wrong with the input."""

from typing import Any

from sqlalchemy import text
from tests.server.conftest import NOBODY, Site

from rustok.core.mailing import service as mailing

MAILS = """query($state: MailState, $words: String) {
  mails(first: 10, state: $state, query: $words) { nodes { id to state template subject lastError } totalCount } }"""
ENDPOINT = """mutation($input: WebhookEndpointCreateInput!) { webhookEndpointCreate(input: $input)
  { endpoint { id url eventTypes enabled version } secret userErrors { code field message } } }"""
DELIVERIES = """query($endpointId: ID, $state: WebhookDeliveryState) {
  webhookDeliveries(endpointId: $endpointId, state: $state) { nodes { id eventType state body } } }"""


async def failed(site: Site, *addresses: str) -> list[str]:
    """Mails that could not be sent."""
    ids = []
    async with site.host.database.open(site.tenant) as context:
        for address in addresses:
            made = await mailing.queue(
                context, "password_reset", to=address, locale="en", values={"path": "/x"}, once=address
            )
            ids.append(str(made))
        await context.session.execute(
            text(
                "UPDATE mails SET state = 'failed', next_attempt_at = NULL, last_error = '550 no'"
                " WHERE tenant_id = :tenant_id"
            ),
            {"tenant_id": context.tenant_id},
        )
    return ids


async def test_staff_see_what_failed_and_try_again(site: Site) -> None:
    ids = await failed(site, "ann@example.com", "bob@example.com", "eve@example.com")

    found = (await site.admin(MAILS, state="FAILED", words="BOB"))["mails"]
    assert [(mail["to"], mail["lastError"]) for mail in found["nodes"]] == [("bob@example.com", "550 no")]
    await site.admin("mutation($id: ID!) { mailRetry(id: $id) { mail { state } userErrors { code } } }", id=ids[0])
    again = "mutation($ids: [ID!]!) { mailsBulkRetry(ids: $ids) { count userErrors { code } } }"
    assert (await site.admin(again, ids=ids))["mailsBulkRetry"]["count"] == 2
    assert (await site.admin(MAILS, state="FAILED"))["mails"]["totalCount"] == 0
    once_more = "mutation($id: ID!) { mailRetry(id: $id) { mail { id } userErrors { code } } }"
    answer = (await site.post("/admin/graphql", once_more, id=ids[0])).json()
    assert answer["data"]["mailRetry"]["userErrors"][0]["code"] == "MAIL_NOT_FAILED"


async def test_a_percent_sign_is_looked_for_and_no_pattern(site: Site) -> None:
    await failed(site, "ann@example.com")

    assert (await site.admin(MAILS, words="%"))["mails"]["nodes"] == []
    assert (await site.admin(MAILS, words="ann_example"))["mails"]["nodes"] == []


async def test_an_endpoint_is_made_changed_and_removed(site: Site) -> None:
    wanted: dict[str, Any] = {"url": f"{NOBODY}/hook", "eventTypes": ["OrderPlaced"]}
    made = (await site.admin(ENDPOINT, input=wanted))["webhookEndpointCreate"]
    assert made["secret"].startswith("whsec_")
    endpoint = made["endpoint"]["id"]
    changed = await site.admin(
        """mutation($id: ID!) { webhookEndpointUpdate(id: $id, input: {version: 1, enabled: false})
          { endpoint { enabled version eventTypes } userErrors { code } } }""",
        id=endpoint,
    )
    assert changed["webhookEndpointUpdate"]["endpoint"] == {
        "enabled": False, "version": 2, "eventTypes": ["OrderPlaced"]
    }  # fmt: skip
    rotated = await site.admin(
        "mutation($id: ID!) { webhookSecretRotate(id: $id) { secret endpoint { previousSecretUntil } } }", id=endpoint
    )
    assert rotated["webhookSecretRotate"]["secret"] not in ("", made["secret"])
    assert rotated["webhookSecretRotate"]["endpoint"]["previousSecretUntil"]
    listed = await site.admin("{ webhookEndpoints { nodes { id url } } webhookEventTypes }")
    assert [one["id"] for one in listed["webhookEndpoints"]["nodes"]] == [endpoint]
    assert "OrderPlaced" in listed["webhookEventTypes"]
    assert made["secret"] not in str(listed)
    await site.admin(
        "mutation($id: ID!) { webhookEndpointDelete(id: $id) { deletedId userErrors { code } } }", id=endpoint
    )
    assert (await site.admin("{ webhookEndpoints { nodes { id } } }"))["webhookEndpoints"]["nodes"] == []


async def test_an_endpoint_inside_is_refused_beside_its_field(site: Site) -> None:
    answer = await site.post(
        "/admin/graphql", ENDPOINT, input={"url": "http://127.0.0.1:5432/", "eventTypes": ["OrderPlaced"]}
    )
    [error] = answer.json()["data"]["webhookEndpointCreate"]["userErrors"]
    assert (error["code"], error["field"]) == ("INVALID_WEBHOOK_URL", ["url"])
    assert (await site.admin("{ webhookEndpoints { nodes { id } } }"))["webhookEndpoints"]["nodes"] == []


async def test_a_ping_waits_among_the_deliveries(site: Site) -> None:
    made = await site.admin(ENDPOINT, input={"url": f"{NOBODY}/hook", "eventTypes": ["*"]})
    endpoint = made["webhookEndpointCreate"]["endpoint"]["id"]
    pinged = await site.admin(
        "mutation($id: ID!) { webhookEndpointPing(id: $id) { delivery { id state } userErrors { code } } }", id=endpoint
    )

    [delivery] = (await site.admin(DELIVERIES, endpointId=endpoint, state="WAITING"))["webhookDeliveries"]["nodes"]
    assert delivery["id"] == pinged["webhookEndpointPing"]["delivery"]["id"]
    assert '"type":"Ping"' in delivery["body"]
    again = await site.admin(
        "mutation($ids: [ID!]!) { webhookDeliveriesBulkReplay(ids: $ids) { count } }", ids=[delivery["id"]]
    )
    assert again["webhookDeliveriesBulkReplay"]["count"] == 0  # it is under way
