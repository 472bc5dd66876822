"""Papers over HTTP: staff with the permission, buyers with their order's link, and nobody else."""

import pytest
from tests.commerce.orders import ordering
from tests.server.conftest import OpenSite, Site

from rustok.commerce.orders import fulfilling, placing
from rustok.commerce.orders.models import Order
from rustok.kernel.ids import generate_id

KEY = """mutation($held: [String!]!) { apiKeyCreate(input: {name: "Printer", permissions: $held})
  { secret userErrors { code message } } }"""


@pytest.fixture
async def order(site: Site) -> Order:
    """An order of this site."""
    async with site.host.database.open(site.tenant) as context:
        costs = ordering.totals([(generate_id(), 2, 1000)])
        return await placing.place(context, ordering.placement(costs))


async def test_staff_print_invoices_and_packing_slips(site: Site, order: Order) -> None:
    for paper, name in (("invoice", str(order.number)), ("packing-slip", f"{order.number}-packing-slip")):
        answer = await site.client.get(f"/admin/orders/{order.id}/{paper}.pdf", headers=site.headers())
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "application/pdf"
        assert answer.headers["content-disposition"] == f'inline; filename="{name}.pdf"'
        assert "no-store" in answer.headers["cache-control"]
        assert answer.content.startswith(b"%PDF-")


async def test_a_parcel_has_a_packing_slip_of_its_own(site: Site) -> None:
    async with site.host.database.open(site.tenant) as context:
        (shirt,) = await ordering.goods(context, 5)
        order = await ordering.paid(context, [(shirt, 2, 1000)])
        parcel = await fulfilling.fulfil(context, order.id)
    path = f"/admin/orders/{order.id}/packing-slip.pdf"

    answer = await site.client.get(path, params={"fulfilment": str(parcel.id)}, headers=site.headers())
    assert answer.status_code == 200
    answer = await site.client.get(path, params={"fulfilment": str(generate_id())}, headers=site.headers())
    assert answer.status_code == 404


async def test_nobody_else_prints_them(site: Site, order: Order, open_site: OpenSite) -> None:
    other = await open_site()
    secret = (await site.admin(KEY, held=["products:read", "payments:manage"]))["apiKeyCreate"]["secret"]
    for paper in ("invoice", "packing-slip"):
        path = f"/admin/orders/{order.id}/{paper}.pdf"
        assert (await site.client.get(path)).status_code == 401
        assert (await site.client.get(path, headers=site.headers(secret))).status_code == 403
        assert (await other.client.get(path, headers=other.headers())).status_code == 404
        assert (await site.client.get(path.replace(str(order.id), "x"), headers=site.headers())).status_code in (
            404,
            422,
        )


async def test_a_buyer_has_the_invoice_by_the_orders_link(site: Site, order: Order, open_site: OpenSite) -> None:
    answer = await site.client.get(f"/orders/{order.token}/invoice.pdf")
    assert answer.status_code == 200
    assert answer.content.startswith(b"%PDF-")

    other = await open_site()
    assert (await other.client.get(f"/orders/{order.token}/invoice.pdf")).status_code == 404
    assert (await site.client.get(f"/orders/{order.token[:-1]}x/invoice.pdf")).status_code == 404
    assert (await site.client.get(f"/orders/{order.id}/invoice.pdf")).status_code == 404
    assert (await site.client.get("/orders/%00/invoice.pdf")).status_code == 400
