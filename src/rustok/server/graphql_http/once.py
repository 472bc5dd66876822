"""A mutation that is sent under an Idempotency-Key: one transaction holds its effect and its answer."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import msgspec
from graphql import FieldNode, GraphQLSchema
from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.types.field import StrawberryField

from rustok.kernel import bus, idempotency, steps
from rustok.kernel.context import Context
from rustok.kernel.graphql import Operation
from rustok.server.graphql_http.documents import Ready
from rustok.server.graphql_http.params import Params


@dataclass
class Shared:
    """The one unit of work that everything in a request shares. One task at a time works in it."""

    context: Context
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    _holder: asyncio.Task[Any] | None = None

    @asynccontextmanager
    async def look(self) -> AsyncIterator[Context]:
        """Read in it: what the mutation has written is seen."""
        if self._holder is asyncio.current_task():
            yield self.context
            return
        async with self._lock:
            self._holder = asyncio.current_task()
            try:
                yield self.context
            finally:
                self._holder = None

    @asynccontextmanager
    async def work(self) -> AsyncIterator[Context]:
        """Write in it: what fails leaves nothing behind."""
        async with self.look() as context:
            recorded = len(context.recorded)
            try:
                async with context.session.begin_nested():
                    yield context
            except BaseException:
                del context.recorded[recorded:]
                raise


def applies(ready: Ready, schema: GraphQLSchema) -> bool:
    """Whether the mutation runs in one transaction; one that opens its own does nothing twice by its own nature.

    Raises `BadKey` where there are several mutations, or where a secret is answered.
    """
    chosen = ready.operation.selection_set.selections
    root = schema.mutation_type
    if len(chosen) != 1 or not isinstance(chosen[0], FieldNode) or root is None:
        raise idempotency.BadKey(f"under an {idempotency.HEADER} a request holds one mutation")
    found: StrawberryField = root.fields[chosen[0].name.value].extensions[GraphQLCoreConverter.DEFINITION_BACKREF]
    if found.metadata.get("secret"):
        raise idempotency.BadKey(f"{chosen[0].name.value} answers with a secret, which no {idempotency.HEADER} keeps")
    return not found.metadata.get("own_units")


async def answer(
    key: str,
    *,
    place: str,
    query: str,
    params: Params,
    edge: Operation,
    run: Callable[[Context], Awaitable[tuple[bytes, bool]]],
) -> tuple[bytes, bool]:
    """The answer of `run`, or that which was stored under the key before, and which of them it is (True: stored).

    `run` gives the answer's bytes and whether they may be kept: a refusal may be tried again under the same key.
    Raises `BadKey`, `InProgress` and `KeyReused`.
    """
    named = idempotency.key_hash(key, actor=edge.actor, place=place)
    told = msgspec.json.encode([query, params.operation_name, params.variables], order="sorted")
    request = hashlib.sha256(told).digest()
    async with edge.work() as context:
        stored = await idempotency.find(context, named, request=request)
        if stored is not None:
            return stored, True
        shared = Shared(context)
        edge.work, edge.look = shared.work, shared.look
        made, keepable = await run(context)
        if keepable:
            await idempotency.keep(context, named, request=request, answer=made)
            steps.passed("answer.kept")
        await bus.flush(context)
    return made, False
