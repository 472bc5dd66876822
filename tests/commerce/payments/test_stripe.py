"""Stripe through its official SDK against a stand-in for its API, over real HTTP."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests.commerce.payments import paying, stripe_standin
from tests.commerce.payments.stripe_standin import StandIn

from rustok.commerce.payments import capturing, gateways, notices, processing, reconciling, refunding, service, voiding
from rustok.commerce.payments.gateways import Gateways
from rustok.commerce.payments.models import Payment
from rustok.commerce.payments.providers import stripe, stripe_api
from rustok.commerce.payments.shapes import BadSignature, Units
from rustok.kernel import errors
from rustok.kernel.context import TenantInfo
from rustok.kernel.db import Database

SECRETS = {"secret_key": stripe_standin.SECRET_KEY, "webhook_secret": stripe_standin.WEBHOOK_SECRET}
VISA = {"payment_method": "pm_visa"}
TAKEN = [("authorize", "succeeded", 10_000), ("capture", "succeeded", 10_000)]


@pytest.fixture
async def remote(database: Database) -> AsyncIterator[StandIn]:
    """Stripe, as far as this program can tell."""
    async with stripe_standin.standing_in() as made:
        database.resources[Gateways] = Gateways.of(
            gateways.BUILT_IN,
            secret=lambda: b"only for tests",
            options={"stripe": {"api_base": made.url, "timeout": "2"}},
        )
        yield made
        del database.resources[Gateways]


@pytest.fixture
def units(database: Database, tenant: TenantInfo, remote: StandIn) -> Units:
    """Units of work of a tenant that takes cards."""
    return paying.units_of(database, tenant)


async def opened(units: Units, **wanted: Any) -> Payment:
    """A payment by card."""
    facts = {"provider": "stripe", "secrets": SECRETS, "settings": {"publishable_key": "pk_test_1"}, **wanted}
    return await paying.opened(units, method="card", **facts)


async def tell(units: Units, remote: StandIn, kind: str, about: dict[str, Any], id_: str | None = None) -> str:
    """A webhook of Stripe's."""
    body = remote.event(kind, about, id_=id_)
    return await notices.receive(units, "card", stripe_standin.signed(body), body)


def intent_of(remote: StandIn) -> dict[str, Any]:
    """The only intent that there is."""
    (found,) = remote.intents.values()
    return found


async def test_a_card_is_charged(units: Units, remote: StandIn) -> None:
    payment = await opened(units)

    done = (await processing.process(units, payment.id, details=VISA, return_url="/done")).payment

    assert (done.status, done.reference) == ("captured", intent_of(remote)["id"])
    assert await paying.ledger(units, payment.id) == TAKEN
    _, path, params, key = remote.requests[0]
    assert (path, params["amount"], params["currency"]) == ("/v1/payment_intents", "10000", "eur")
    assert params["metadata[payment_id]"] == str(payment.id)
    assert params["return_url"].startswith("https://")
    assert key == f"pay_{payment.id.hex}_0"


async def test_the_buyers_browser_confirms_with_a_client_secret_that_is_not_kept(units: Units, remote: StandIn) -> None:
    payment = await opened(units)

    asked = await processing.process(units, payment.id)
    assert asked.payment.status == "requires_action"
    assert asked.next_action is not None
    assert (asked.next_action.kind, asked.next_action.public_key) == ("confirm", "pk_test_1")
    assert asked.next_action.client_secret == intent_of(remote)["client_secret"]
    async with units() as context:
        kept = (await service.get(context, payment.id)).next_action
    assert kept == {"kind": "confirm", "url": ""}

    remote.charge(intent_of(remote))
    assert await tell(units, remote, "payment_intent.succeeded", intent_of(remote), "evt_a") == "applied"
    assert await tell(units, remote, "payment_intent.succeeded", intent_of(remote), "evt_a") == "applied"
    assert await tell(units, remote, "charge.succeeded", {"payment_intent": payment.reference or "pi_9"}) in (
        "applied",
        "unknown_payment",
    )
    assert await paying.ledger(units, payment.id) == TAKEN


async def test_a_declined_card_can_be_replaced(units: Units, remote: StandIn) -> None:
    payment = await opened(units)

    declined = (await processing.process(units, payment.id, details={"payment_method": "pm_declined"})).payment
    assert (declined.status, declined.error_code) == ("declined", "insufficient_funds")
    paid = (await processing.process(units, payment.id, details=VISA)).payment

    assert paid.status == "captured"
    assert len(remote.intents) == 1
    assert await paying.ledger(units, payment.id) == [("authorize", "failed", 10_000), *TAKEN]


async def test_a_bank_asks_the_buyer_and_the_webhook_tells_the_rest(units: Units, remote: StandIn) -> None:
    payment = await opened(units)
    asked = await processing.process(units, payment.id, details={"payment_method": "pm_3ds"}, return_url="/done")
    assert asked.next_action is not None
    assert (asked.next_action.kind, asked.next_action.url) == ("redirect", "https://bank.example/3ds")

    remote.charge(intent_of(remote))
    told = [tell(units, remote, "payment_intent.succeeded", intent_of(remote)) for _ in range(4)]
    await asyncio.gather(*told, processing.process(units, payment.id), processing.process(units, payment.id))

    assert await paying.ledger(units, payment.id) == TAKEN


@pytest.mark.parametrize("trouble", ["silent", "late", "500"])
async def test_no_answer_is_cleared_up_with_the_same_key(units: Units, remote: StandIn, trouble: str) -> None:
    remote.trouble.append(trouble)
    payment = await opened(units)

    left = (await processing.process(units, payment.id, details=VISA)).payment
    assert (left.status, await paying.ledger(units, payment.id)) == ("processing", [])
    await paying.let_time_pass(units)
    await reconciling.reconcile(units)

    assert await paying.ledger(units, payment.id) == TAKEN
    assert len(remote.intents) == 1
    assert len({key for method, _, _, key in remote.requests if method == "POST"}) == 1


async def test_a_part_is_captured_and_the_rest_given_up(units: Units, remote: StandIn) -> None:
    payment = await opened(units, capture="manual")
    await processing.process(units, payment.id, details=VISA)

    remote.trouble.append("silent")
    await capturing.capture(units, payment.id, 6_000, key="k")
    assert await tell(units, remote, "payment_intent.succeeded", intent_of(remote)) == "applied"
    await paying.let_time_pass(units)
    await reconciling.reconcile(units)

    expected = [("authorize", "succeeded", 10_000), ("capture", "succeeded", 6_000), ("void", "succeeded", 4_000)]
    assert await paying.ledger(units, payment.id) == expected
    async with units() as context:
        after = await service.get(context, payment.id)
        assert (after.status, after.capturing_minor) == ("captured", 0)
        assert [one.finished_at is None for one in await service.attempts(context, payment.id)] == [False, False]


async def test_what_was_done_in_stripes_own_dashboard_is_entered(units: Units, remote: StandIn) -> None:
    payment = await opened(units, capture="manual")
    await processing.process(units, payment.id, details=VISA)
    intent = intent_of(remote)

    intent["status"], intent["amount_received"] = "succeeded", 10_000
    remote.refunds.append({"id": "re_x", "payment_intent": intent["id"], "amount": 2_000, "status": "succeeded"})
    assert (
        await tell(units, remote, "charge.refunded", {"object": "charge", "payment_intent": intent["id"]}) == "applied"
    )

    assert await paying.ledger(units, payment.id) == [*TAKEN, ("refund", "succeeded", 2_000)]


async def test_an_authorisation_is_cancelled(units: Units, remote: StandIn) -> None:
    payment = await opened(units, capture="manual")
    await processing.process(units, payment.id, details=VISA)

    remote.trouble.append("silent")
    assert (await voiding.void(units, payment.id)).status == "authorized"
    await paying.let_time_pass(units)
    await reconciling.reconcile(units)

    assert intent_of(remote)["status"] == "canceled"
    expected = [("authorize", "succeeded", 10_000), ("void", "succeeded", 10_000)]
    assert await paying.ledger(units, payment.id) == expected


async def test_a_refund_is_pending_at_first_and_succeeds_or_fails_later(units: Units, remote: StandIn) -> None:
    payment = await opened(units)
    await processing.process(units, payment.id, details=VISA)
    remote.pending_refunds = True

    first = await refunding.refund(units, payment.id, 6_000, reason="", key="a")
    assert first.state == "waiting"
    with pytest.raises(errors.Conflict):
        await refunding.refund(units, payment.id, 6_000, reason="", key="b")
    remote.refunds[0]["status"] = "failed"
    assert await tell(units, remote, "refund.failed", {**remote.refunds[0]}) == "applied"
    second = await refunding.refund(units, payment.id, 6_000, reason="", key="b")
    remote.refunds[1]["status"] = "succeeded"
    assert await tell(units, remote, "refund.updated", {**remote.refunds[1]}) == "applied"

    assert second.state == "waiting"
    entries = [("refund", "failed", 6_000), ("refund", "succeeded", 6_000)]
    assert await paying.ledger(units, payment.id) == TAKEN + entries


async def test_a_refund_that_comes_back_is_taken_back_in_the_books(units: Units, remote: StandIn) -> None:
    payment = await opened(units)
    await processing.process(units, payment.id, details=VISA)
    await refunding.refund(units, payment.id, 6_000, reason="", key="a")

    remote.refunds[0]["status"] = "failed"
    for _ in range(2):
        assert await tell(units, remote, "refund.failed", {**remote.refunds[0]}) == "applied"

    async with units() as context:
        after = await service.get(context, payment.id)
    assert (after.status, after.refunded_minor) == ("captured", 0)
    expected = [("refund", "succeeded", 6_000), ("refund", "succeeded", -6_000), ("refund", "failed", 6_000)]
    assert await paying.ledger(units, payment.id) == TAKEN + expected


async def test_forged_old_and_strange_webhooks_change_nothing(units: Units, remote: StandIn) -> None:
    payment = await opened(units)
    await processing.process(units, payment.id, details={"payment_method": "pm_3ds"})
    remote.charge(intent_of(remote))
    body = remote.event("payment_intent.succeeded", intent_of(remote))

    for headers in (
        {},
        stripe_standin.signed(body, secret="whsec_other"),
        stripe_standin.signed(body, at=int(time.time()) - 3600),
        stripe_standin.signed(body + b" "),
        {"stripe-signature": "t=x,v1=y"},
        {"stripe-signature": "v1"},
    ):
        with pytest.raises(BadSignature):
            await notices.receive(units, "card", headers, body)
    assert await paying.ledger(units, payment.id) == []

    unknown = {"object": "payment_intent", "id": "pi_unknown", "metadata": {}}
    assert await tell(units, remote, "payment_intent.succeeded", unknown) == "unknown_payment"
    assert await tell(units, remote, "customer.created", {"object": "customer", "id": "cus_1"}) == "ignored"
    assert await paying.ledger(units, payment.id) == []


async def test_another_amount_at_stripe_is_not_believed(units: Units, remote: StandIn) -> None:
    payment = await opened(units)
    await processing.process(units, payment.id, details={"payment_method": "pm_3ds"})
    intent = intent_of(remote)
    intent["amount"] = 100
    remote.charge(intent)

    assert await tell(units, remote, "payment_intent.succeeded", intent) == "mismatch"

    assert await paying.ledger(units, payment.id) == []


async def test_a_key_that_stripe_does_not_accept_is_told_without_showing_it(units: Units, remote: StandIn) -> None:
    payment = await opened(units, secrets={**SECRETS, "secret_key": "sk_test_wrong"})

    left = (await processing.process(units, payment.id, details=VISA)).payment

    assert (left.status, left.error_code) == ("declined", "payment_refused")
    assert "sk_test" not in json.dumps([left.error, left.error_code])


@pytest.mark.parametrize(
    ("minor", "currency", "wanted"),
    [
        (1_999, "EUR", 1_999),
        (500, "JPY", 500),
        (500, "KRW", 500),
        (12_340, "KWD", 12_340),
        (12_341, "KWD", None),
        (5, "ISK", 500),
        (5, "UGX", 500),
        (500, "MGA", 5),
        (512, "MGA", None),
        (0, "EUR", None),
    ],
)
def test_amounts_are_told_in_stripes_units(minor: int, currency: str, wanted: int | None) -> None:
    provider = stripe.Stripe()

    assert provider.chargeable(minor, currency) is (wanted is not None)
    if wanted is not None:
        assert stripe_api.to_stripe(minor, currency) == wanted
        assert stripe_api.from_stripe(wanted, currency) == minor
