"""A confirmation that did not arrive is written once more: to the buyer or to whom staff say, and it is noted who."""

from typing import Any

import pytest
from sqlalchemy import func, select, update
from tests.commerce.asking import admin

from rustok.commerce.orders import cancelling, timeline
from rustok.commerce.orders import personal as orders_personal
from rustok.commerce.orders.models import Order
from rustok.core.mailing import service as mailing
from rustok.kernel.context import Actor
from rustok.kernel.ids import generate_id
from rustok.kernel.personal import Subject

RESEND = """mutation($order: ID!, $to: String) { orderConfirmationResend(orderId: $order, to: $to)
  { order { number version } userErrors { code field } } }"""


@pytest.fixture
def ask(database, tenant):
    """Staff of the tenant."""
    return admin(database, tenant)


async def _outbox(open_context) -> list[tuple[str, str]]:
    async with open_context() as context:
        mails = (await context.session.scalars(mailing.every(template="order_confirmation"))).all()
        return sorted((mail.recipient, mail.locale) for mail in mails)


async def _entries(open_context, order) -> list[Any]:
    async with open_context() as context:
        found = (await timeline.of(context, [order.id]))[order.id]
        return [one for one in found if one.kind == "confirmation_resent"]


async def test_staff_have_it_written_once_more(ask, place, told, open_context):
    order = await place(locale="ru")
    [first] = (await told())["order_confirmation"]
    clerk = Actor(kind="user", user_id=generate_id(), permissions=frozenset({"orders:write"}))

    answer = (await ask(RESEND, order=str(order.id), actor=clerk))["orderConfirmationResend"]
    assert answer == {"order": {"number": str(order.number), "version": order.version}, "userErrors": []}
    other = (await ask(RESEND, order=str(order.id), to=" Boss@Example.org"))["orderConfirmationResend"]
    assert other["userErrors"] == []

    assert await _outbox(open_context) == [("ann@example.com", "ru")] * 2 + [("boss@example.org", "ru")]
    letters = (await told())["order_confirmation"]
    assert {letter.text for letter in letters} == {first.text}
    mine, elsewhere = await _entries(open_context, order)
    assert (mine.actor_id, mine.details["to_buyer"], elsewhere.details["to_buyer"]) == (clerk.user_id, True, False)
    async with open_context() as context:
        assert (await mailing.get(context, elsewhere.details["mail_id"])).recipient == "boss@example.org"
    assert "example" not in str(elsewhere.details)  # the timeline holds nothing personal


@pytest.mark.parametrize("to", ["", "nobody", "ann@", "a@b@c", "x@erased.invalid", "a@b.example\r\nBcc: c@b.example"])
async def test_what_is_nobodys_address_is_refused(to, ask, place, open_context):
    order = await place()

    answer = (await ask(RESEND, order=str(order.id), to=to))["orderConfirmationResend"]

    assert answer["order"] is None
    assert [one["field"] for one in answer["userErrors"]] == [["to"]]
    assert await _outbox(open_context) == []
    assert await _entries(open_context, order) == []


async def test_without_an_order_that_goes_on_nothing_is_written(ask, place, open_context):
    cancelled, erased = await place(), await place()
    async with open_context() as context:
        await cancelling.cancel(context, cancelled.id, reason="fraud")
        await context.session.execute(
            update(Order).where(Order.id == erased.id).values(email="erased-1@erased.invalid", name="")
        )

    codes = []
    for id_ in (cancelled.id, erased.id, generate_id()):
        answer = (await ask(RESEND, order=str(id_)))["orderConfirmationResend"]
        codes += [one["code"] for one in answer["userErrors"]]

    assert codes == ["ORDER_NOT_CONFIRMABLE", "ORDER_NOT_CONFIRMABLE", "NOT_FOUND"]
    reader = Actor(kind="user", user_id=generate_id(), permissions=frozenset({"orders:read"}))
    assert await ask(RESEND, order=str(erased.id), actor=reader) == {"errors": ["forbidden"]}
    assert await _outbox(open_context) == []
    assert (await ask(RESEND, order=str(erased.id), to="a@example.com"))["orderConfirmationResend"]["userErrors"] == []


async def test_what_went_elsewhere_is_forgotten_with_the_buyers_data(ask, place, open_context):
    hers, other = await place(), await place(email="bob@example.com")
    for order in (hers, other):
        await ask(RESEND, order=str(order.id), to="boss@example.org")

    async with open_context() as context:
        subject = Subject(None, frozenset({"ann@example.com"}), "erased-1@erased.invalid")
        await orders_personal.erase(context, subject)
        left = (await context.session.scalars(mailing.every())).all()

    assert [mail.facts["order"]["email"] for mail in left] == ["bob@example.com"]
    async with open_context() as context:
        gone = select(func.count()).select_from(Order).where(Order.email == "ann@example.com")
        assert await context.session.scalar(gone) == 0
