"""Invoices add up and are the same every time; packing slips name every piece and no price."""

from dataclasses import replace
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from babel.numbers import parse_decimal
from tests.commerce.orders import ordering

from rustok.commerce.baskets.shapes import TaxPart
from rustok.commerce.messages import facts, papers, seller
from rustok.commerce.orders import placing, settling
from rustok.kernel.context import Context, TenantInfo
from rustok.kernel.ids import generate_id

SELLER = {
    "name": "Corner & Co", "address": "Quay 1\n28195 Bremen", "vat_id": "DE1", "bank": ["Bank", "IBAN"],
    "invoice_prefix": "R-", "invoice_note": {"en": "Thanks", "ru": "Спасибо"},
}  # fmt: skip


@pytest.fixture
def shop(tenant: TenantInfo) -> TenantInfo:
    """A shop that says who it is."""
    return replace(tenant, locales=("en", "de", "ru"), settings={"seller": SELLER})


async def told(context: Context, **wanted: Any) -> dict[str, Any]:
    """An order of two lines, as papers see it."""
    ways = {"currency", "tax_included", "shipping_minor", "discount_minor", "shipping_discount_minor", "gift_cards"}
    costs = ordering.totals(
        [(generate_id(), 3, 1000), (generate_id(), 1, 333)],
        **{name: value for name, value in wanted.items() if name in ways},
    )
    more = {name: value for name, value in wanted.items() if name not in ways}
    order = await placing.place(context, ordering.placement(costs, **more))
    return facts.of(await facts.read(context, order))


def number(text: str) -> Decimal:
    """The amount in a text such as `−€4.00`."""
    return Decimal(str(parse_decimal("".join(c for c in text if c.isdigit() or c == "."), locale="en"))) * (
        -1 if text.startswith("−") else 1
    )


@pytest.mark.parametrize("included", [True, False])
async def test_what_an_invoice_shows_adds_up(context: Context, shop: TenantInfo, included: bool) -> None:
    order = await told(context, tax_included=included, discount_minor=401, shipping_discount_minor=100)
    data = papers.invoice_data(shop, order)

    sums = {name: number(value) for name, value, _ in data["sums"]}
    lines = sum(number(line["amount"]) for line in data["lines"])
    assert lines == sums["Subtotal"]
    tax = Decimal(0) if included else sums["Tax"]
    assert sums["Subtotal"] + sums["Less (LESS)"] + sums["Shipping: Post"] + tax == sums["Total"]
    [rate] = data["taxes"]
    assert rate["name"] == "VAT 19%"
    assert number(rate["base"]) + number(rate["amount"]) == sums["Total"]


async def test_what_was_given_back_is_shown_and_not_owed_again(context: Context, shop: TenantInfo) -> None:
    costs = ordering.totals([(generate_id(), 2, 1000)])
    order = await placing.place(context, ordering.placement(costs))
    due = order.due_minor
    await settling.settle(context, order.id, authorized_minor=due, captured_minor=due, refunded_minor=500)

    data = papers.invoice_data(shop, facts.of(await facts.read(context, order)))

    sums = {name: number(value) for name, value, _ in data["sums"]}
    assert (sums["Paid"], sums["Given back"], sums["Still to pay"]) == (-sums["Total"], Decimal(5), 0)
    assert not data["open"]
    assert data["payment"][-1] == "Paid in full, thank you."


async def test_taxes_are_summed_by_rate_with_their_net_amounts(context: Context) -> None:
    costs = ordering.totals(
        [(generate_id(), 1, 10_000), (generate_id(), 1, 5_000)], tax_included=False, shipping_minor=0
    )
    first, second = costs.lines
    low = TaxPart(id=second.line.id, name="VAT", rate=Decimal("0.07"), amount_minor=350)
    second = replace(second, taxes=(low,), tax_minor=350, total_minor=5_350)
    costs = replace(
        costs, lines=(first, second), shipping_taxes=(), tax_minor=2_250, total_minor=17_250, due_minor=17_250
    )
    order = await placing.place(context, ordering.placement(costs))

    shown = facts.of(await facts.read(context, order))["taxes"]
    assert shown == [
        {"name": "VAT", "rate": "0.19", "base_minor": 10_000, "amount_minor": 1_900},
        {"name": "VAT", "rate": "0.07", "base_minor": 5_000, "amount_minor": 350},
    ]


async def test_the_same_order_gives_the_same_bytes(context: Context, shop: TenantInfo) -> None:
    order = await told(context)

    first, again = await papers.invoice(shop, order), await papers.invoice(shop, order)
    assert first.startswith(b"%PDF-")
    assert first == again


async def test_an_invoice_is_numbered_like_its_order(context: Context, shop: TenantInfo) -> None:
    order = await told(context)

    assert papers.invoice_number(shop, order) == f"R-{order['number']}"
    data = papers.invoice_data(shop, order)
    assert ("Invoice no.", f"R-{order['number']}") in data["facts"]
    assert "VAT ID DE1" in data["foot"]


@pytest.mark.parametrize(
    ("currency", "locale", "total"),
    [("JPY", "en", "¥5,154"), ("KWD", "de", "5,154\u00a0KWD"), ("RUB", "ru", "51,54\u00a0₽"), ("EUR", "en", "€51.54")],
)
async def test_amounts_are_written_as_the_language_does(
    context: Context, shop: TenantInfo, currency: str, locale: str, total: str
) -> None:
    data = papers.invoice_data(shop, await told(context, currency=currency, locale=locale, shipping_minor=998))

    assert total in [value for _, value, kind in data["sums"] if kind == "total"]
    assert papers.draw("invoice", data).startswith(b"%PDF-")


async def test_texts_are_never_read_as_markup(context: Context, shop: TenantInfo) -> None:
    """It would not compile, or read a file."""
    evil = '#read("/etc/passwd") *a* $ \\ @b <c> #{ panic() } //'
    order = await told(context, note=evil, shipping_address=replace(ordering.HOME, name=evil))
    order["lines"][0] |= {"title": evil, "sku": evil, "detail": evil}

    assert (await papers.invoice(shop, order)).startswith(b"%PDF-")
    assert (await papers.packing_slip(shop, order)).startswith(b"%PDF-")


async def test_a_packing_slip_names_every_piece_and_no_price(context: Context, shop: TenantInfo) -> None:
    order = await told(context, note="A gift 🎁", locale="de")
    data = papers.packing_slip_data(shop, order, tracking="JD01")

    assert [line["quantity"] for line in data["lines"]] == [3, 1]
    assert data["summary"] == "Stück: 4"
    assert ("Sendungsnr.", "JD01") in data["facts"]
    assert "€" not in str(data)
    assert "10.00" not in str(data)


async def test_what_is_not_shipped_is_on_no_packing_slip(context: Context, shop: TenantInfo) -> None:
    order = await told(context)
    order["lines"][0]["ships"] = False

    assert len(papers.packing_slip_data(shop, order)["lines"]) == 1


def test_settings_that_make_no_sense_do_no_harm(tenant: TenantInfo) -> None:
    broken = {"seller": {"name": ["x"], "address": {"en": 7}, "bank": 3, "vat_id": None, "invoice_prefix": {"en": "A"}}}
    found = seller.of(replace(tenant, id=uuid4(), settings=broken), "en")
    assert (found.name, found.address, found.bank, found.invoice_prefix) == (tenant.name, (), (), "A")
