"""Payments through the server's doors: staff's GraphQL, the buyer's token, the test bank's page and webhooks."""

from functools import partial

from tests.commerce.payments import paying
from tests.server.conftest import OpenSite, Site

from rustok.commerce.orders import service as orders
from rustok.commerce.payments import methods

PROCESS = """mutation($id: ID!, $order: String, $url: String) {
  paymentProcess(paymentId: $id, orderToken: $order, returnUrl: $url)
  { payment { status nextAction { kind url } } userErrors { code field } } }"""
STATUS = "query($id: ID!, $order: String) { payment(id: $id, orderToken: $order) { status } }"


async def _opened(site: Site) -> tuple[str, str]:
    """A payment that its buyer must approve, and its order's token."""
    units = partial(site.host.database.open, site.tenant)
    payment = await paying.opened(units, settings={"scenario": "three_d_secure"})
    async with units() as context:
        order = await orders.get(context, payment.order_id)
    return str(payment.id), order.token


async def test_a_buyer_approves_on_the_page_and_comes_back(site: Site) -> None:
    id_, token = await _opened(site)
    asked = (await site.ask(PROCESS, id=id_, order=token, url="/checkout/done"))["paymentProcess"]
    assert asked["payment"]["status"] == "REQUIRES_ACTION"
    address = asked["payment"]["nextAction"]["url"]

    page = await site.page(address)
    assert page.status_code == 200
    assert "100.00 EUR" in page.text
    refused = await site.client.post(address, content="decision=steal")
    assert refused.status_code == 422
    back = await site.client.post(address, content="decision=approve")

    assert (back.status_code, back.headers["location"]) == (303, "/checkout/done")
    assert (await site.ask(STATUS, id=id_, order=token))["payment"] == {"status": "CAPTURED"}
    assert (await site.page(f"{address[:-4]}ffff")).status_code == 404


async def test_a_payment_is_its_orders_and_its_shops_only(site: Site, open_site: OpenSite) -> None:
    other = await open_site()
    id_, token = await _opened(site)
    _, strange = await _opened(site)

    for shop, said in ((site, None), (site, strange), (site, "x" * 32), (other, token)):
        asked = (await shop.ask(PROCESS, id=id_, order=said, url=None))["paymentProcess"]
        assert [one["code"] for one in asked["userErrors"]] == ["NOT_FOUND"]
        assert (await shop.ask(STATUS, id=id_, order=said))["payment"] is None
    for url in (
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "javascript:alert(1)",
        "https://a@evil.example",
    ):
        asked = (await site.ask(PROCESS, id=id_, order=token, url=url))["paymentProcess"]
        assert [one["field"] for one in asked["userErrors"]] == [["returnUrl"]], url
    assert (await site.ask(STATUS, id=id_, order=token))["payment"] == {"status": "PENDING"}


async def test_forged_webhooks_are_refused(site: Site) -> None:
    id_, token = await _opened(site)

    forged = await site.client.post("/webhooks/payments/test", content=b"{}", headers={"rustok-test-signature": "1.a"})
    unknown = await site.client.post("/webhooks/payments/nowhere", content=b"{}")
    large = await site.client.post("/webhooks/payments/test", content=b"x" * 300_000)

    assert (forged.status_code, unknown.status_code, large.status_code) == (400, 404, 413)
    assert (await site.ask(STATUS, id=id_, order=token))["payment"] == {"status": "PENDING"}


async def test_a_secret_goes_in_and_never_comes_out(site: Site) -> None:
    made = await site.admin(
        """mutation { paymentMethodCreate(input: {code: "card", provider: "stripe",
             names: [{locale: "en", text: "Card"}], secrets: [{name: "secret_key", value: "sk_live_hidden"}]})
           { paymentMethod { id secretsSet settings } userErrors { code message } } }"""
    )
    assert made["paymentMethodCreate"]["paymentMethod"]["secretsSet"] == ["secret_key"]

    async with site.host.database.open(site.tenant) as context:
        stored = [one.sealed for one in await methods.all_of(context) if one.code == "card"]
    assert stored
    assert "sk_live_hidden" not in str(stored)
    shown = await site.admin("{ paymentMethods { code secretsSet settings } paymentProviders { name secrets } }")
    assert "sk_live_hidden" not in str(shown)
