"""Every event reaches those who asked for it, signed, once where it is heard and again where it is not."""

import asyncio
import hashlib
import hmac
import time
from contextlib import suppress
from uuid import uuid4

import pytest
from sqlalchemy import text

from rustok.core.webhooks import calling, deliveries, delivering, service
from rustok.core.webhooks.models import State
from rustok.events.commerce import ProductCreated, ProductUpdated
from rustok.events.core import UserRegistered
from rustok.kernel import bus


def marks(call) -> tuple[int, list[str]]:
    parts = [part.partition("=") for part in call.headers["rustok-signature"].split(",")]
    return int(parts[0][2]), [value for name, _, value in parts if name == "v1"]


def mark(secret: str, timestamp: int, body: bytes) -> str:
    return hmac.new(secret.encode(), f"{timestamp}.".encode() + body, hashlib.sha256).hexdigest()


@pytest.fixture
def happen(open_context, follow):
    """`await happen(event)`: something is recorded, and noted for endpoints."""

    async def made(*events, of=None) -> None:
        async with open_context(of) as context:
            for event in events or (ProductCreated(product_id=uuid4()),):
                bus.record(context, event)
        await follow()

    return made


@pytest.fixture
def stored(open_context):
    async def made(of=None):
        async with open_context(of) as context:
            return (await context.session.scalars(deliveries.every())).all()

    return made


async def test_an_event_is_told_once_with_a_signature(receiver, add, happen, follow, deliver, stored, tenant):
    revealed = await add(receiver)
    product_id = uuid4()
    await happen(ProductCreated(product_id=product_id))
    await follow()

    assert await deliver() == 1
    assert await deliver() == 0
    [call] = receiver.calls
    assert call.headers["request"] == "POST /hook?x=1 HTTP/1.1"
    assert call.said["type"] == call.headers["rustok-event"] == "ProductCreated"
    assert call.said["payload"] == {"product_id": str(product_id)}
    assert call.said["tenant_id"] == str(tenant.id)
    assert call.said["id"] == call.headers["rustok-event-id"]
    timestamp, signatures = marks(call)
    assert abs(timestamp - time.time()) < 60
    assert signatures == [mark(revealed.secret, timestamp, call.body)]
    [delivery] = await stored()
    assert (delivery.state, delivery.attempts, delivery.response_status) == ("delivered", 1, 204)


async def test_only_what_was_asked_for_is_told_from_then_on(receiver, add, happen, deliver):
    await happen(ProductCreated(product_id=uuid4()))
    await add(receiver, "ProductCreated")
    await happen(ProductCreated(product_id=uuid4()), ProductUpdated(product_id=uuid4()))

    await deliver()
    assert [call.said["type"] for call in receiver.calls] == ["ProductCreated"]


async def test_another_tenants_events_are_not_told(receiver, add, happen, deliver, make_tenant):
    await add(receiver)
    stranger = await make_tenant()
    await happen(of=stranger)

    await deliver()
    assert {call.said["tenant_id"] for call in receiver.calls} & {str(stranger.id)} == set()


async def test_personal_data_stays(receiver, add, happen, deliver):
    await add(receiver, "UserRegistered")
    await happen(UserRegistered(user_id=uuid4(), email="ann@example.com"))

    await deliver()
    [call] = receiver.calls
    assert set(call.said["payload"]) == {"user_id"}
    assert b"ann@" not in call.body


async def test_two_secrets_sign_while_one_is_replaced(receiver, add, happen, deliver, open_context):
    old = await add(receiver)
    async with open_context() as context:
        new = await service.rotate(context, old.endpoint.id, overlap_hours=1)
    await happen()
    await deliver()
    timestamp, signatures = marks(receiver.calls[0])
    assert signatures == [mark(one.secret, timestamp, receiver.calls[0].body) for one in (new, old)]

    async with open_context() as context:  # the hour is over
        await context.session.execute(text("UPDATE webhook_endpoints SET previous_secret_until = now()"))
    await happen()
    await deliver()
    timestamp, signatures = marks(receiver.calls[1])
    assert signatures == [mark(new.secret, timestamp, receiver.calls[1].body)]


async def test_what_was_not_heard_is_told_again_with_the_same_body(receiver, add, happen, deliver, hurry, stored):
    await add(receiver)
    receiver.answers += [(500, "out of order", {}), (302, "", {"Location": "http://127.0.0.1/inside"})]
    await happen()

    for expected in ("the server answered 500", "the server answered 302"):
        await deliver()
        [delivery] = await stored()
        assert (delivery.state, delivery.last_error) == ("waiting", expected)
        await hurry()
    await deliver()

    [delivery] = await stored()
    assert (delivery.state, delivery.attempts, delivery.last_error) == ("delivered", 3, None)
    assert len({call.body for call in receiver.calls}) == 1
    assert [call.headers["rustok-attempt"] for call in receiver.calls] == ["1", "2", "3"]


async def test_the_answers_beginning_is_kept(receiver, add, happen, deliver, stored):
    await add(receiver)
    receiver.answers.append((400, "no such thing\0 " + "x" * 50_000, {}))
    await happen()
    await deliver()

    [delivery] = await stored()
    assert delivery.response_excerpt.startswith("no such thing\ufffd x")
    assert len(delivery.response_excerpt) == 2_000


async def test_in_the_end_a_delivery_fails_and_can_be_replayed(
    receiver, add, happen, deliver, hurry, stored, open_context
):
    await add(receiver)
    receiver.answers += [(503, "", {})] * (len(delivering.WAITS) + 1)
    await happen()
    for _ in range(len(delivering.WAITS) + 2):
        await deliver()
        await hurry()

    [delivery] = await stored()
    assert (delivery.state, delivery.attempts) == ("failed", len(delivering.WAITS) + 1)
    async with open_context() as context:
        await deliveries.replay(context, delivery.id)
    await deliver()
    [delivery] = await stored()
    assert delivery.state == "delivered"
    assert len({call.said["id"] for call in receiver.calls}) == 1


async def test_what_is_under_way_is_not_replayed(receiver, add, happen, stored, open_context):
    await add(receiver)
    await happen()
    [delivery] = await stored()

    with pytest.raises(deliveries.UnderWay):
        async with open_context() as context:
            await deliveries.replay(context, delivery.id)
    assert [one.attempts for one in await stored()] == [0]


async def test_an_endpoint_that_never_listens_is_switched_off_and_says_why(
    receiver, add, happen, deliver, hurry, stored, open_context
):
    revealed = await add(receiver)
    receiver.answers += [(500, "", {})] * 3
    await happen()
    await deliver()
    async with open_context() as context:
        assert (await service.find(context, revealed.endpoint.id)).failing_since is not None
        await context.session.execute(text("UPDATE webhook_endpoints SET failing_since = now() - interval '4 days'"))
    await hurry()
    await deliver()

    async with open_context() as context:
        endpoint = await service.find(context, revealed.endpoint.id)
        assert not endpoint.enabled
        assert "the server answered 500" in endpoint.disabled_reason
    await hurry()
    assert await deliver() == 0  # it is left in peace
    with pytest.raises(service.EndpointDisabled):
        async with open_context() as context:
            await service.ping(context, endpoint.id)
    async with open_context() as context:
        await service.update(context, endpoint.id, version=endpoint.version, enabled=True)
    receiver.answers.clear()
    await deliver()
    async with open_context() as context:
        endpoint = await service.find(context, revealed.endpoint.id)
        assert (endpoint.enabled, endpoint.disabled_reason, endpoint.failing_since) == (True, None, None)
    assert [one.state for one in await stored()] == ["delivered"]


async def test_an_endpoint_that_is_gone_is_switched_off_at_once(receiver, add, happen, deliver, open_context):
    revealed = await add(receiver)
    receiver.answers.append((410, "", {}))
    await happen()
    await deliver()

    async with open_context() as context:
        assert not (await service.find(context, revealed.endpoint.id)).enabled


async def test_an_address_that_has_moved_inside_is_not_called(receiver, add, happen, deliver, stored, units):
    await add(receiver)
    await happen()
    units.database.resources[calling.Caller] = calling.Caller(
        calling.Fetcher(calling.policy(ports=frozenset({receiver.port}))), only_https=False
    )
    await deliver()

    assert receiver.calls == []
    [delivery] = await stored()
    assert (delivery.state, delivery.response_status) == ("waiting", None)
    assert "public internet" in delivery.last_error


async def test_one_endpoint_is_called_a_few_times_at_once_and_no_more(receiver, add, happen, units, stored):
    receiver.takes = 0.05
    await add(receiver)
    await happen(*(ProductCreated(product_id=uuid4()) for _ in range(12)))

    async def work() -> None:
        while due := await delivering.due(units):
            for tenant, endpoint_id in due:
                await delivering.deliver_to(units, tenant, endpoint_id)

    await asyncio.gather(*(work() for _ in range(5)))

    assert receiver.most_at_once <= delivering.AT_ONCE
    assert len(receiver.calls) == len({call.said["id"] for call in receiver.calls}) == 12
    assert {one.state for one in await stored()} == {State.DELIVERED}


async def test_a_slow_endpoint_delays_nobody(listen, add, happen, units):
    slow, quick = await listen(takes=8), await listen()
    await add(slow)
    await add(quick)
    await happen(*(ProductCreated(product_id=uuid4()) for _ in range(10)))

    errand = asyncio.create_task(delivering.run(units))
    try:
        async with asyncio.timeout(6):
            await quick.hear(10)
    finally:
        errand.cancel()
        with suppress(asyncio.CancelledError):
            await errand
    assert len({call.said["id"] for call in quick.calls}) == 10
    assert len(slow.calls) <= delivering.AT_ONCE


async def test_a_ping_is_heard(receiver, add, deliver, open_context):
    revealed = await add(receiver)
    async with open_context() as context:
        await service.ping(context, revealed.endpoint.id)
    await deliver()

    assert [call.said["type"] for call in receiver.calls] == ["Ping"]
