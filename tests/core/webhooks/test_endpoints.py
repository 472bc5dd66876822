"""Whom a tenant may name as an endpoint, and what of it is shown."""

import pytest

from rustok.core.webhooks import calling, service
from rustok.kernel import errors


async def _count(open_context) -> int:
    async with open_context() as context:
        return len((await context.session.scalars(service.every())).all())


@pytest.mark.parametrize(
    "url",
    [
        "https://10.0.0.1/", "https://192.168.1.1/", "https://169.254.169.254/latest/meta-data", "https://[::1]/",
        "https://localhost/", "https://2130706433/", "https://0x7f.1/", "https://[::ffff:10.0.0.1]/", "ftp://example.com/",
        "https://user:pass@example.com/", "https://example.com:22/", "nonsense", "http://93.184.216.34/", "https://100.64.0.1/",
    ],
)  # fmt: skip
async def test_addresses_inside_are_refused(url, open_context, database):
    database.resources[calling.Caller] = calling.Caller()  # as in production

    with pytest.raises(calling.InvalidAddress) as refused:
        async with open_context() as context:
            await service.create(context, url=url, event_types=["*"])
    assert refused.value.field == ("url",)
    assert await _count(open_context) == 0


async def test_an_endpoint_is_not_moved_inside(receiver, add, open_context, database):
    revealed = await add(receiver)
    database.resources[calling.Caller] = calling.Caller()
    with pytest.raises(calling.InvalidAddress):
        async with open_context() as context:
            await service.update(context, revealed.endpoint.id, version=1, url="https://10.1.2.3/")

    async with open_context() as context:
        assert (await service.find(context, revealed.endpoint.id)).url == receiver.url


@pytest.mark.parametrize("types", [[], ["NoSuchEvent"], ["ProductCreated", "nope"]])
async def test_only_events_that_exist_can_be_asked_for(types, receiver, open_context):
    with pytest.raises(errors.Invalid):
        async with open_context() as context:
            await service.create(context, url=receiver.url, event_types=types)
    assert await _count(open_context) == 0


async def test_lost_updates_are_refused(receiver, add, open_context):
    revealed = await add(receiver)
    async with open_context() as context:
        await service.update(context, revealed.endpoint.id, version=1, description="First")
    with pytest.raises(errors.Stale):
        async with open_context() as context:
            await service.update(context, revealed.endpoint.id, version=1, description="Second")

    async with open_context() as context:
        assert (await service.find(context, revealed.endpoint.id)).description == "First"


async def test_a_tenant_has_so_many_endpoints_and_no_more(receiver, add, open_context, monkeypatch):
    monkeypatch.setattr(service, "MOST_ENDPOINTS", 2)
    await add(receiver)
    await add(receiver)
    with pytest.raises(service.TooManyEndpoints):
        await add(receiver)
    assert await _count(open_context) == 2


async def test_another_tenants_endpoint_is_out_of_reach(receiver, add, open_context, make_tenant):
    revealed = await add(receiver)
    stranger = await make_tenant()

    async with open_context(stranger) as context:
        assert await service.find(context, revealed.endpoint.id) is None
    for change in (service.remove, service.ping, service.rotate):
        with pytest.raises(errors.NotFound):
            async with open_context(stranger) as context:
                await change(context, revealed.endpoint.id)
    assert await _count(open_context) == 1


async def test_what_was_sent_goes_with_the_endpoint(receiver, add, open_context):
    revealed = await add(receiver)
    async with open_context() as context:
        await service.ping(context, revealed.endpoint.id)
    async with open_context() as context:
        await service.remove(context, revealed.endpoint.id)
    assert await _count(open_context) == 0


def test_a_secret_shows_in_no_repr():
    revealed = service.Revealed(None, "whsec_x")
    assert "whsec_x" not in repr(revealed)
