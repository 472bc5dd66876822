"""Buyers and staff are told what happens to an order, once, in the order's language."""

from dataclasses import replace

import pytest
from tests.commerce.orders import ordering

from rustok.commerce.addresses.service import Address
from rustok.commerce.messages import listeners
from rustok.commerce.orders import cancelling, fulfilling, settling
from rustok.commerce.orders import service as orders
from rustok.commerce.orders.fulfilling import Tracking
from rustok.commerce.payments import arranging
from rustok.core.mailing import service as mailing
from rustok.events.commerce import OrderPlaced, PaymentRefunded
from rustok.kernel import bus
from rustok.kernel.ids import generate_id


async def test_an_order_is_confirmed_with_all_that_it_costs(place, told, open_context):
    order = await place(discount_minor=400)

    letters = await told()
    [letter] = letters["order_confirmation"]
    assert letter.subject.startswith(f"Your order {order.number} at ")
    for part in (letter.text, letter.html):
        assert "€48.79" in part  # 40 - 4 + 5, and 19 % of it
        assert "Bank transfer" in part
        assert "Please transfer the amount" in part
        assert "Harbour Street 1" in part
        assert f"https://shop.example/orders/{order.token}" in part
    assert "3 × Good (Size: M): €30.00" in letter.text
    assert "Less (LESS): −€4.00" in letter.text
    async with open_context() as context:
        [mail] = (await context.session.scalars(mailing.every())).all()
        assert (mail.recipient, mail.locale) == ("ann@example.com", "en")


async def test_saying_it_twice_writes_one_letter(place, told, open_context):
    order = await place()
    await told()
    async with open_context() as context:
        [mail] = (await context.session.scalars(mailing.every())).all()
        context.causation_id = mail.once
        event = OrderPlaced(order_id=order.id, total=order.total_minor, currency=order.currency)
        await listeners.when_an_order_is_placed_confirm_it(event, context)

    assert len((await told())["order_confirmation"]) == 1


async def test_the_letter_is_in_the_orders_language(place, told):
    order = await place(locale="ru")

    [letter] = (await told())["order_confirmation"]
    assert letter.locale == "ru"
    assert f"https://shop.example/ru/orders/{order.token}" in letter.text
    assert "Банковский перевод" in letter.text
    assert "53,55\u00a0€" in letter.text


async def test_staff_hear_of_new_orders_if_they_want_to(place, told, make_tenant, open_context):
    shop = await make_tenant(settings={"mail": {"staff": ["Boss@shop.example", "no address", "boss@shop.example", 7]}})
    order = await place(shop, note="Please ring twice")

    letters = await told(shop)
    [notice] = letters["order_notice"]
    assert notice.subject == f"New order {order.number}: €53.55"
    assert "ann@example.com" in notice.text
    assert "Please ring twice" in notice.text
    async with open_context(shop) as context:
        to = {mail.recipient for mail in (await context.session.scalars(mailing.every(template="order_notice"))).all()}
    assert to == {"boss@shop.example"}


async def test_the_invoice_goes_along_where_the_shop_wants_it(place, told, make_tenant, open_context):
    shop = await make_tenant(settings={"mail": {"attach_invoice": True}, "seller": {"invoice_prefix": "R/"}})
    order = await place(shop)
    await told(shop)

    async with open_context(shop) as context:
        [mail] = (await context.session.scalars(mailing.every())).all()
        [file] = (await mailing.attachments(context, [mail.id]))[mail.id]
        assert (file.filename, file.media_type) == (f"R{order.number}.pdf", "application/pdf")
        assert file.content.startswith(b"%PDF-")


async def test_what_a_stranger_entered_is_never_markup(place, told):
    evil = "<script>alert(1)</script>"
    await place(shipping_address=replace(ordering.HOME, name=evil, line1=f"{evil} & Co"), note=evil)

    for letter in (await told())["order_confirmation"]:
        assert "<script" not in letter.html
        assert "&lt;script&gt;" in letter.html
        assert "Hello," in letter.text  # that is nobody's name


async def test_each_parcel_is_told_of_with_its_tracking(place, told, open_context):
    order = await place()
    async with open_context() as context:
        first, _ = await orders.lines(context, order.id)
        await settling.settle(
            context, order.id, authorized_minor=order.due_minor, captured_minor=order.due_minor, refunded_minor=0
        )
        url = "https://example.com/JD01"
        await fulfilling.fulfil(
            context, order.id, {first.id: 2}, tracking=Tracking(carrier="DHL", number="JD01", url=url)
        )
    async with open_context() as context:
        await fulfilling.fulfil(context, order.id)

    one, two = sorted((await told())["order_shipped"], key=lambda letter: "JD01" not in letter.text)
    assert one.subject == f"Order {order.number} is on its way"
    assert "2 × Good" in one.text
    assert "DHL, JD01" in one.text
    assert f'href="{url}"' in one.html
    assert "The rest of your order follows separately." in one.text
    assert "1 × Good" in two.text
    assert "follows separately" not in two.text


async def test_a_refund_is_told_with_its_amount(place, told, open_context):
    order = await place()
    async with open_context() as context:
        refunded = PaymentRefunded(
            payment_id=generate_id(), order_id=order.id, transaction_id=generate_id(), amount=1250, currency="EUR"
        )
        bus.record(context, refunded)

    [letter] = (await told())["order_refunded"]
    assert "€12.50" in letter.subject
    assert str(order.number) in letter.text


@pytest.mark.parametrize(
    ("reason", "said"), [("fraud", "was cancelled."), (cancelling.NOT_PAID, "because no payment reached us in time")]
)
async def test_a_cancellation_is_told_without_the_staffs_reason(place, told, open_context, reason, said):
    order = await place()
    async with open_context() as context:
        await cancelling.cancel(context, order.id, reason=reason)

    [letter] = (await told())["order_cancelled"]
    assert said in letter.text
    assert "fraud" not in letter.text + letter.html
    assert "Nothing has to be paid." in letter.text


async def test_nobody_is_written_to_whose_address_was_erased(place, told, open_context, monkeypatch):
    await place(email="erased")

    assert await told() == {}


@pytest.mark.parametrize("locale", ["en", "de", "ru"])
async def test_every_letter_can_be_written_in_every_language(place, told, post, make_tenant, open_context, locale):
    """Every template is filled with what its listener gives; nothing is undefined."""
    shop = await make_tenant(locales=("en", "de", "ru"), settings={"mail": {"staff": ["boss@shop.example"]}})
    order = await place(shop, locale=locale, shipping_address=None, billing_address=Address(country="DE", name="Ann"))
    async with open_context(shop) as context:
        refund = {"payment_id": generate_id(), "order_id": order.id, "transaction_id": generate_id()}
        bus.record(context, PaymentRefunded(**refund, amount=1, currency="JPY"))
        await settling.settle(context, order.id, authorized_minor=1, captured_minor=1, refunded_minor=0)
        await cancelling.cancel(context, order.id, reason=None)

    letters = await told(shop)
    assert set(letters) == {"order_confirmation", "order_notice", "order_refunded", "order_cancelled"}
    for letter in (one for several in letters.values() for one in several):
        assert str(order.number) in letter.subject + letter.text
        assert "None" not in letter.text
        assert letter.html.count("<html") == 1


@pytest.mark.parametrize(("method", "told_of"), [("bank_transfer", True), ("cash_on_delivery", False), ("card", False)])
async def test_only_who_pays_by_transfer_is_told_where_money_goes(
    place, told, make_tenant, open_context, method, told_of
):
    shop = await make_tenant(settings={"seller": {"bank": ["Bank of the Quay", "IBAN DE00"]}})
    async with open_context(shop) as context:
        await arranging.create(context, code="card", provider="test", names={"en": "Card"})
    await place(shop, method=method)

    [letter] = (await told(shop))["order_confirmation"]

    for part in (letter.text, letter.html):
        assert ("IBAN DE00" in part) is told_of
        assert ("Please transfer the amount" in part) is told_of
