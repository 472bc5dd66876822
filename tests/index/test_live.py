"""A stranger's entity gets subscriptions by being declared, as it gets queries."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import pytest
import strawberry.federation
from graphql import ExecutionResult, parse, subscribe
from strawberry.schema.config import StrawberryConfig
from tests.index.conftest import Workshop

from rustok.index import live, module
from rustok.kernel.context import ANONYMOUS, TenantInfo
from rustok.kernel.graphql import SCALARS, Operation

PATIENCE = 30


@pytest.fixture(scope="module")
def schema(built_workshop: Workshop) -> strawberry.federation.Schema:
    """A schema of the index alone."""
    made = module.module(built_workshop.sources)
    (query,), (subscription,) = made.queries, made.subscriptions
    return strawberry.federation.Schema(
        query=query, subscription=subscription, config=StrawberryConfig(scalar_map=SCALARS)
    )


@pytest.fixture
async def feed(workshop: Workshop) -> AsyncIterator[live.Feed]:
    """A process's feed."""
    made = live.Feed(workshop.database)
    yield made
    await made.close()


class Listener:
    """Somebody who follows the gadgets of a tenant."""

    def __init__(self, schema: Any, workshop: Workshop, feed: live.Feed, tenant: TenantInfo) -> None:
        self.schema = schema._schema
        self.edge = Operation(
            tenant=tenant, actor=ANONYMOUS, locale="en", currency="USD",
            work=lambda: workshop.database.read(tenant), look=lambda: workshop.database.read(tenant),
            services={live.FEED: feed},
        )  # fmt: skip

    async def hear(self, query: str, **variables: Any) -> AsyncIterator[Any]:
        """The value of the one field, event by event."""
        stream: Any = subscribe(self.schema, parse(query), context_value=self.edge, variable_values=variables)
        async with aclosing(await stream) as results:
            async for result in results:
                assert isinstance(result, ExecutionResult)
                assert result.errors is None, result.errors
                (value,) = result.data.values()
                yield value


async def following(stream: AsyncIterator[Any]) -> Any:
    """The next event."""
    async with asyncio.timeout(PATIENCE):
        return await anext(stream)


async def test_a_strangers_entity_is_followed_by_key_in_the_language_and_currency_that_are_asked_for(
    workshop: Workshop, tenant: TenantInfo, schema: Any, feed: live.Feed
) -> None:
    box = await workshop.box(tenant, "Box")
    lamp = await workshop.gadget(tenant, "Lamp", title_ru="Лампа", box_id=box, low=1000, high=2500)
    await workshop.catch_up()
    query = """subscription { gadgetChanged(handle: "lamp", initial: true, locale: "ru", currency: "EUR") {
      id kind gadget { title box { name } priceRange { min { amount currencyCode } } } } }"""

    async with aclosing(Listener(schema, workshop, feed, tenant).hear(query)) as stream:
        first = await following(stream)
        await workshop.rename_box(tenant, box, "Crate")
        await workshop.catch_up()
        second = await following(stream)
        await workshop.remove(tenant, lamp)
        await workshop.catch_up()
        third = await following(stream)

    assert (first["id"], first["kind"], first["gadget"]["title"]) == (str(lamp), "UPDATED", "Лампа")
    assert first["gadget"]["priceRange"] == {"min": {"amount": "10.00", "currencyCode": "EUR"}}
    assert (first["gadget"]["box"], second["gadget"]["box"]) == ({"name": "Box"}, {"name": "Crate"})
    assert (third["id"], third["kind"], third["gadget"]) == (str(lamp), "DELETED", None)


async def test_one_feed_tells_each_tenant_its_own_and_nothing_else(
    workshop: Workshop, tenant: TenantInfo, schema: Any, feed: live.Feed
) -> None:
    other = workshop.tenant()
    query = "subscription { gadgetsChanged(initial: true) { id kind } }"
    mine = Listener(schema, workshop, feed, tenant).hear(query)
    theirs = Listener(schema, workshop, feed, other).hear(query)
    async with aclosing(mine), aclosing(theirs):
        for stream in (mine, theirs):
            assert await following(stream) == {"id": None, "kind": "RESYNC"}

        secrets = [await workshop.gadget(other, f"Secret {number}") for number in range(5)]
        await workshop.catch_up()
        lamp = await workshop.gadget(tenant, "Lamp")
        await workshop.catch_up()

        assert await following(mine) == {"id": str(lamp), "kind": "UPDATED"}
        assert {(await following(theirs))["id"] for _ in secrets} == {str(one) for one in secrets}


async def test_a_feed_follows_only_while_somebody_listens(
    workshop: Workshop, tenant: TenantInfo, feed: live.Feed
) -> None:
    for _ in range(3):
        async with feed.listen(tenant.id) as receiver:
            gadget = await workshop.gadget(tenant, "Lamp")
            await workshop.catch_up()
            async with asyncio.timeout(PATIENCE):
                assert (await receiver.recv()).ids == (gadget,)
        await workshop.gadget(tenant, "Unheard")
        await workshop.catch_up()
        left = [task for task in asyncio.all_tasks() if task.get_name().startswith("live")]
        async with asyncio.timeout(PATIENCE):
            await asyncio.gather(*left, return_exceptions=True)
    assert feed.version(tenant.id) == 0


async def test_listeners_come_to_their_end_with_the_feed(
    workshop: Workshop, tenant: TenantInfo, schema: Any, feed: live.Feed
) -> None:
    stream = Listener(schema, workshop, feed, tenant).hear("subscription { changes(initial: true) { kind } }")
    async with aclosing(stream):
        assert await following(stream) == {"kind": "RESYNC"}
        await feed.close()
        with pytest.raises(StopAsyncIteration):
            await following(stream)
