"""The read model as a module, and as a consumer of the event log."""

from collections.abc import Mapping
from uuid import UUID

from rustok.index import projector
from rustok.index.graphql import storefront_queries
from rustok.index.graphql_live import storefront_subscriptions
from rustok.index.verifying import CONSUMER
from rustok.kernel.consuming import Batch, Consumer
from rustok.kernel.context import Context
from rustok.kernel.indexing import IndexSource
from rustok.kernel.module import Module

_NOTHING = UUID(int=0)  # the id of nothing: what is written of it is planned and spelled, and changes no row


def module(sources: Mapping[str, IndexSource]) -> Module:
    """Queries and news of every declared entity; its tables are made from the declarations, not by migrations."""
    queries = storefront_queries(sources)
    return Module(
        name="index", queries=queries, subscriptions=storefront_subscriptions(sources, queries), optional=False
    )


def consumer(sources: Mapping[str, IndexSource]) -> Consumer:
    """The projector under its durable name."""

    async def handle(batch: Batch) -> None:
        await projector.project(batch, sources)

    async def warm_up(context: Context) -> None:
        for source in sources.values():
            await projector.refresh(context, source, [_NOTHING], seq=0)

    # An import tells some ten events of each product, sorted by kind: a large batch builds its row once.
    return Consumer(
        CONSUMER, projector.consumed_types(sources.values()), handle, most=20_000, prompt=True, warm_up=warm_up
    )
