"""Stripe's own payment page: the buyer is sent there and comes back, and no way leads to paying twice."""

from typing import Any

import pytest
from tests.commerce.payments import paying
from tests.commerce.payments.stripe_standin import StandIn
from tests.commerce.payments.test_stripe import TAKEN, intent_of, opened, remote, tell, units

from rustok.commerce.payments import processing, reconciling, service, voiding
from rustok.commerce.payments.models import Payment
from rustok.commerce.payments.processing import Processed
from rustok.commerce.payments.shapes import Units

__all__ = ["remote", "units"]  # fixtures


async def sent(units: Units, **wanted: Any) -> tuple[Payment, Processed]:
    """A payment whose buyer is sent to the page."""
    payment = await opened(units, **wanted)
    return payment, await processing.process(units, payment.id, return_url="/orders/abc")


def page_of(remote: StandIn) -> dict[str, Any]:
    """The only page that there is."""
    (found,) = remote.pages.values()
    return found


async def test_who_can_come_back_is_sent_to_stripes_page(units: Units, remote: StandIn) -> None:
    payment, asked = await sent(units)

    assert asked.payment.status == "requires_action"
    assert asked.next_action is not None
    assert (asked.next_action.kind, asked.next_action.url) == ("redirect", page_of(remote)["url"])
    _, path, params, key = remote.requests[0]
    assert (path, key) == ("/v1/checkout/sessions", f"pay_{payment.id.hex}_0")
    assert params["line_items[0][price_data][unit_amount]"] == "10000"
    assert params["line_items[0][price_data][product_data][name]"].startswith("#")
    assert params["customer_email"] == "ann@example.com"
    assert params["success_url"].endswith("/orders/abc")
    assert not remote.intents

    again = await processing.process(units, payment.id, return_url="/orders/abc")
    assert again.next_action == asked.next_action
    assert len(remote.pages) == 1


async def test_paying_there_is_heard_of_by_webhook_or_by_coming_back_and_counts_once(
    units: Units, remote: StandIn
) -> None:
    payment, _ = await sent(units)
    remote.pay_on(page_of(remote), "pm_visa")

    done = (await processing.process(units, payment.id, return_url="/orders/abc")).payment
    told = await tell(units, remote, "checkout.session.completed", page_of(remote))
    later = await tell(units, remote, "payment_intent.succeeded", intent_of(remote))

    assert (done.status, done.reference) == ("captured", intent_of(remote)["id"])
    assert (told, later) == ("applied", "applied")
    assert await paying.ledger(units, payment.id) == TAKEN


async def test_a_webhook_alone_is_enough(units: Units, remote: StandIn) -> None:
    payment, _ = await sent(units, capture="manual")
    remote.pay_on(page_of(remote), "pm_visa")

    assert await tell(units, remote, "checkout.session.completed", page_of(remote)) == "applied"

    assert await paying.ledger(units, payment.id) == TAKEN[:1]
    assert (await voiding.void(units, payment.id)).status == "voided"
    assert intent_of(remote)["status"] == "canceled"


async def test_a_card_that_is_declined_there_leaves_the_page_open(units: Units, remote: StandIn) -> None:
    payment, asked = await sent(units)
    remote.pay_on(page_of(remote), "pm_declined")

    assert await tell(units, remote, "payment_intent.payment_failed", intent_of(remote)) == "applied"
    still = await processing.process(units, payment.id)
    assert (still.payment.status, still.next_action) == ("requires_action", asked.next_action)
    remote.pay_on(page_of(remote), "pm_visa")
    await processing.process(units, payment.id)

    assert await paying.ledger(units, payment.id) == TAKEN


async def test_a_page_that_nobody_used_is_followed_by_a_new_one(units: Units, remote: StandIn) -> None:
    payment, _ = await sent(units)
    page = page_of(remote)
    page["status"], page["url"] = "expired", None

    assert await tell(units, remote, "checkout.session.expired", page) == "applied"
    async with units() as context:
        left = await service.get(context, payment.id)
    assert (left.status, left.error_code) == ("declined", "page_expired")
    asked = await processing.process(units, payment.id, return_url="/orders/abc")

    assert asked.next_action is not None
    assert asked.next_action.url == list(remote.pages.values())[1]["url"]
    assert page["status"] == "expired"


async def test_giving_up_closes_the_page(units: Units, remote: StandIn) -> None:
    payment, _ = await sent(units)
    remote.trouble.append("silent")

    await voiding.void(units, payment.id)
    await paying.let_time_pass(units)
    await reconciling.reconcile(units)

    assert page_of(remote)["status"] == "expired"
    async with units() as context:
        assert (await service.get(context, payment.id)).status == "voided"
    assert {status for _, status, _ in await paying.ledger(units, payment.id)} <= {"failed"}


@pytest.mark.parametrize(("capture", "entries"), [("automatic", TAKEN), ("manual", [*TAKEN[:1]])])
async def test_who_pays_while_it_is_given_up_has_paid(
    units: Units, remote: StandIn, capture: str, entries: list[tuple[str, str, int]]
) -> None:
    payment, _ = await sent(units, capture=capture)
    remote.pay_on(page_of(remote), "pm_visa")

    await voiding.void(units, payment.id)

    expected = entries if capture == "automatic" else [*entries, ("void", "succeeded", 10_000)]
    assert await paying.ledger(units, payment.id) == expected


@pytest.mark.parametrize("trouble", ["silent", "500"])
async def test_no_answer_makes_one_page_all_the_same(units: Units, remote: StandIn, trouble: str) -> None:
    remote.trouble.append(trouble)
    payment, left = await sent(units)
    assert (left.payment.status, left.next_action) == ("processing", None)

    await paying.let_time_pass(units)
    await reconciling.reconcile(units)

    async with units() as context:
        after = await service.get(context, payment.id)
    assert (after.status, after.reference) == ("requires_action", page_of(remote)["id"])


async def test_a_page_of_another_amount_is_not_believed(units: Units, remote: StandIn) -> None:
    payment, _ = await sent(units)
    page_of(remote)["amount_total"] = 100
    remote.pay_on(page_of(remote), "pm_visa")

    assert await tell(units, remote, "checkout.session.completed", page_of(remote)) == "mismatch"

    assert await paying.ledger(units, payment.id) == []
