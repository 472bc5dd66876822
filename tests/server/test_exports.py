"""Tables that staff take away as CSV files."""

import csv
import io
from typing import Any

from tests.server.conftest import LOG_IN, PASSWORD, OpenSite, Site

from rustok.core.mailing import service as mailing
from rustok.core.users import service as users
from rustok.server import exports

CREATE = "mutation($title: String!) { productCreate(input: {title: $title}) { product { id } } }"
ADD = """mutation($id: ID!, $sku: String!) { productVariantCreate(productId: $id, input: {title: "One", sku: $sku})
  { variant { id } userErrors { message } } }"""
STOCK = """mutation($id: ID!) { stockAdjust(variantId: $id, delta: 3, reason: "counted")
  { userErrors { message } } }"""


async def stock(site: Site, title: str, sku: str) -> None:
    """A product with three pieces of its one variant."""
    product = (await site.admin(CREATE, title=title))["productCreate"]["product"]["id"]
    variant = (await site.admin(ADD, id=product, sku=sku))["productVariantCreate"]["variant"]["id"]
    await site.admin(STOCK, id=variant)


def table(text: str) -> list[list[str]]:
    """The rows of a file."""
    return list(csv.reader(io.StringIO(text)))


async def fetch(site: Site, path: str = "/admin/exports/stock.csv", **options: Any) -> Any:
    """The file as a program of the staff fetches it."""
    return await site.client.get(path, headers=site.headers(), **options)


async def test_stock_is_a_file_with_a_row_for_each_level(site: Site, open_site: OpenSite) -> None:
    other = await open_site()
    await stock(other, "Hidden", "H-1")
    await stock(site, '=cmd|"/c calc"!A1', "-1")

    answer = await fetch(site)

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"].startswith('attachment; filename="stock-')
    head, *rows = table(answer.text)
    assert head[:4] == ["variant_id", "sku", "product", "variant"]
    assert [row[1:8] for row in rows] == [["'-1", '\'=cmd|"/c calc"!A1', "One", "main", "3", "0", "3"]]


async def test_whoever_may_not_read_it_gets_nothing(site: Site) -> None:
    async with site.host.database.open(site.tenant) as context:
        await users.register(context, email="c@example.com", password=PASSWORD, email_verified=True)
    begun = await site.ask(LOG_IN, email="c@example.com", password=PASSWORD)
    token = begun["sessionCreate"]["accessToken"]

    by_customer = await site.client.get("/admin/exports/stock.csv", headers=site.headers(token))
    by_nobody = await site.client.get("/admin/exports/stock.csv")
    of_nothing = await fetch(site, "/admin/exports/secrets.csv")

    assert [one.status_code for one in (by_customer, by_nobody, of_nothing)] == [403, 401, 404]
    for name in site.host.registry.exports:
        assert (await site.client.get(f"/admin/exports/{name}.csv", headers=site.headers(token))).status_code == 403


async def test_the_api_document_names_every_table(site: Site) -> None:
    described = (await site.client.get("/openapi.json")).json()["paths"]["/admin/exports/{name}.csv"]["get"]

    (name,) = [one for one in described["parameters"] if one["name"] == "name"]
    assert name["schema"]["enum"] == sorted(site.host.registry.exports)
    assert "- `orders` needs `orders:read`; filtered by `status`" in described["description"]


async def test_mails_are_told_without_what_they_say(site: Site, open_site: OpenSite) -> None:
    other = await open_site()
    for of, to in ((site, "ann@example.com"), (other, "bob@example.com")):
        async with of.host.database.open(of.tenant) as context:
            await mailing.queue(
                context,
                "password_reset",
                to=to,
                locale="en",
                values={"path": "/account/reset?token=s3cret", "name": "Ann"},
                once="1",
            )

    answer = await fetch(site, "/admin/exports/mails.csv", params={"state": "queued", "template": "password_reset"})

    head, row = table(answer.text)
    told = dict(zip(head, row, strict=True))
    assert (told["template"], told["to"], told["state"]) == ("password_reset", "ann@example.com", "queued")
    assert "s3cret" not in answer.text
    assert table((await fetch(site, "/admin/exports/mails.csv", params={"state": "failed"})).text)[1:] == []
    refused = await fetch(site, "/admin/exports/mails.csv", params={"state": "lost"})
    assert (refused.status_code, "queued, sending, sent, failed" in refused.text) == (422, True)


async def test_deliveries_are_told_without_secrets_and_addresses(site: Site) -> None:
    made = (
        await site.admin("""mutation { webhookEndpointCreate(input: {url: "https://93.184.215.14/in?key=s3cret",
          eventTypes: ["OrderPlaced"]}) { endpoint { id } secret userErrors { message } } }""")
    )["webhookEndpointCreate"]
    ping = "mutation($id: ID!) { webhookEndpointPing(id: $id) { delivery { id } userErrors { message } } }"
    delivery = (await site.admin(ping, id=made["endpoint"]["id"]))["webhookEndpointPing"]["delivery"]["id"]
    path = "/admin/exports/webhook_deliveries.csv"

    answer = await fetch(site, path, params={"endpoint_id": made["endpoint"]["id"], "state": "waiting"})

    head, row = table(answer.text)
    told = dict(zip(head, row, strict=True))
    assert (told["id"], told["endpoint_id"], told["attempts"]) == (delivery, made["endpoint"]["id"], "0")
    assert "s3cret" not in answer.text
    assert made["secret"] not in answer.text
    assert table((await fetch(site, path, params={"event_type": "OrderPlaced"})).text)[1:] == []
    for wrong in ({"state": "x"}, {"endpoint_id": "x"}):
        assert (await fetch(site, path, params=wrong)).status_code == 422


async def test_a_filter_that_the_table_does_not_have_is_named(site: Site) -> None:
    answer = await fetch(site, params={"warehouse": "x"})

    assert answer.status_code == 422
    assert "warehouse" in answer.json()["error"]["message"]
    assert table((await fetch(site, params={"location": "nowhere"})).text)[1:] == []


def test_no_cell_is_a_formula() -> None:
    assert exports.cells(["=1", "+1", "-1", "@x", "\t=1", "\n=1", "\uff1d1", "plain", None, 5]) == [
        "'=1", "'+1", "'-1", "'@x", "'\t=1", "'\n=1", "'\uff1d1", "plain", "", 5,
    ]  # fmt: skip
