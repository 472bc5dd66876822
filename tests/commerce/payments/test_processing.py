"""Paying by the test provider, in every scenario: one authorisation, one capture, and an order that knows."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from tests.commerce.payments import paying

from rustok.commerce.orders import service as orders
from rustok.commerce.payments import gateways, methods, notices, processing, reconciling, service
from rustok.commerce.payments.providers import testing
from rustok.commerce.payments.shapes import Units
from rustok.events.commerce import PaymentStatusChanged
from rustok.kernel.context import Context

TAKEN = [("authorize", "succeeded", 10_000), ("capture", "succeeded", 10_000)]


async def test_a_payment_is_authorised_and_captured_and_its_order_confirmed(units: Units) -> None:
    payment = await paying.opened(units)
    assert (payment.status, payment.authorized_minor) == ("pending", 0)

    done = await processing.process(units, payment.id)

    assert (done.payment.status, done.next_action) == ("captured", None)
    assert await paying.ledger(units, payment.id) == TAKEN
    async with units() as context:
        order = await orders.get(context, payment.order_id)
        assert (order.status, order.payment_status) == ("confirmed", "paid")
        assert (order.authorized_minor, order.captured_minor) == (10_000, 10_000)


async def test_asking_again_and_at_once_changes_nothing(units: Units) -> None:
    payment = await paying.opened(units)

    await asyncio.gather(*(processing.process(units, payment.id) for _ in range(8)))
    await processing.process(units, payment.id)

    assert await paying.ledger(units, payment.id) == TAKEN
    assert await paying.provider_did(units, payment.id) == [("authorize", 10_000), ("capture", 10_000)]


async def test_a_decline_is_told_and_can_be_tried_again(units: Units) -> None:
    payment = await paying.opened(units)

    declined = (await processing.process(units, payment.id, details={"scenario": "decline"})).payment
    assert (declined.status, declined.error_code) == ("declined", "card_declined")
    assert await paying.ledger(units, payment.id) == [("authorize", "failed", 10_000)]
    async with units() as context:
        assert (await orders.get(context, payment.order_id)).status == "pending"

    paid = (await processing.process(units, payment.id)).payment
    assert (paid.status, paid.error_code) == ("captured", "")
    assert await paying.ledger(units, payment.id) == [("authorize", "failed", 10_000), *TAKEN]


async def test_a_timeout_is_cleared_up_by_the_same_key(units: Units) -> None:
    payment = await paying.opened(units, settings={"scenario": "timeout"})

    left = (await processing.process(units, payment.id)).payment
    assert left.status == "processing"
    assert await paying.ledger(units, payment.id) == []

    await paying.let_time_pass(units)
    assert await reconciling.reconcile(units) == 1

    assert await paying.ledger(units, payment.id) == TAKEN
    assert await paying.provider_did(units, payment.id) == [("authorize", 10_000), ("capture", 10_000)]


@pytest.mark.parametrize("scenario", ["late_webhook", "duplicate_webhook", "webhook_before_answer"])
async def test_webhooks_come_late_twice_and_early_and_count_once(units: Units, scenario: str) -> None:
    payment = await paying.opened(units, settings={"scenario": scenario})

    first = (await processing.process(units, payment.id)).payment
    assert first.status == ("processing" if scenario == "late_webhook" else "captured")
    await paying.let_time_pass(units)
    await reconciling.send_test_notices(units)
    await reconciling.send_test_notices(units)

    assert await paying.ledger(units, payment.id) == TAKEN
    async with units() as context:
        assert (await service.get(context, payment.id)).status == "captured"


@pytest.mark.parametrize("approve", [True, False])
async def test_a_buyer_approves_or_declines_on_the_providers_page(units: Units, approve: bool) -> None:
    payment = await paying.opened(units, settings={"scenario": "three_d_secure"})
    asked = await processing.process(units, payment.id, return_url="/checkout/done")
    assert asked.payment.status == "requires_action"
    assert asked.next_action is not None
    assert asked.next_action.url.startswith("/pay/test/")

    async with units() as context:
        provider = gateways.of(context).get("test")
        access = await notices.account(context, await methods.by_code(context, "test"), units)
    assert isinstance(provider, testing.Testing)
    url = await provider.decide(access, asked.next_action.url.rpartition("/")[2], approve=approve)

    assert url == "/checkout/done"
    async with units() as context:
        assert (await service.get(context, payment.id)).status == ("captured" if approve else "declined")
    assert await paying.ledger(units, payment.id) == (TAKEN if approve else [("authorize", "failed", 10_000)])


async def test_a_change_of_status_is_an_event(units: Units) -> None:
    payment = await paying.opened(units)
    told: list[tuple[str, str]] = []

    @asynccontextmanager
    async def heard() -> AsyncIterator[Context]:
        async with units() as context:
            yield context
            changes = [one for one in context.recorded if isinstance(one, PaymentStatusChanged)]
            told.extend((one.old_status, one.new_status) for one in changes)

    await processing.process(heard, payment.id)

    assert told == [("pending", "processing"), ("processing", "captured")]
