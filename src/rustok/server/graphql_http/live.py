"""One client of GraphQL over WebSocket, as the protocol graphql-transport-ws has it: subscriptions, within bounds."""

import asyncio
import contextlib
import inspect
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, NoReturn, cast

import msgspec
import structlog
from graphql import ExecutionResult, GraphQLError, OperationType, subscribe
from starlette.websockets import WebSocket, WebSocketDisconnect

from rustok.index import live
from rustok.kernel import errors
from rustok.kernel.context import ANONYMOUS, Actor, Context, TenantInfo
from rustok.kernel.graphql import Operation
from rustok.server import metrics
from rustok.server.graphql_http import limits
from rustok.server.graphql_http.endpoint import Endpoint, formatted, too_costly, unnamed
from rustok.server.graphql_http.params import BadRequest, checked
from rustok.server.graphql_http.persisted import NotPersisted
from rustok.server.host import Host, trace_of

PROTOCOL = "graphql-transport-ws"
logger = structlog.get_logger("rustok.live")


@dataclass(frozen=True)
class Bounds:
    """What one client may take. No honest one meets them; times are in seconds."""

    connections: int = 5_000  # of this process
    per_address: int = 100  # many shoppers may share an office's address
    subscriptions: int = 30  # of one connection
    cost: int = 2_000  # values of one result: it is made again for every change
    message: int = 128 * 1024  # bytes
    burst: int = 100  # messages at once
    rate: float = 20.0  # messages a second, on average
    init_within: float = 10.0
    ping_every: float = 25.0
    check_every: float = 3.0  # whether the tenant is still enabled and the token still good
    send_within: float = 30.0
    close_within: float = 1.0


class _End(Exception):
    """The connection is over; without a code it is dropped, because nobody reads at its other end."""

    def __init__(self, code: int | None, reason: str) -> None:
        super().__init__(reason)
        self.code, self.reason = code, reason


class Connection:
    """One client: its messages, its subscriptions, and what ends it."""

    def __init__(
        self, host: Host, endpoint: Endpoint, bounds: Bounds, websocket: WebSocket, tenant: TenantInfo
    ) -> None:
        self.host, self.endpoint, self.bounds = host, endpoint, bounds
        self.websocket, self.tenant = websocket, tenant
        self.done = asyncio.Event()
        self._time = asyncio.get_running_loop().time
        self._end = _End(None, "")
        self._ended = asyncio.Event()
        self._initialised = asyncio.Event()
        self._edge: Operation | None = None  # from the acknowledgement on
        self._authorization = ""
        self._running: dict[str, asyncio.Task[None]] = {}
        self._sending = asyncio.Lock()
        self._heard = self._counted = self._time()
        self._allowance = float(self.bounds.burst)

    async def run(self) -> None:
        """Accept, serve and close; whatever ends it, nothing of it is left running."""
        offered = PROTOCOL in self.websocket.scope.get("subprotocols", ())
        await self.websocket.accept(subprotocol=PROTOCOL if offered else None)
        end = await self._serve() if offered else _End(4406, f"the subprotocol must be {PROTOCOL}")
        metrics.live_closed(end.code)
        if end.code is not None:
            with contextlib.suppress(Exception):
                async with asyncio.timeout(self.bounds.close_within):
                    await self.websocket.close(end.code, end.reason.encode()[:120].decode(errors="ignore"))

    def end(self, code: int, reason: str) -> None:
        """Let the connection come to its end."""
        self._end = _End(code, reason)
        self._ended.set()

    async def _serve(self) -> _End:
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._until_ended())
                group.create_task(self._keep())
                group.create_task(self._read(group))
        except ExceptionGroup as raised:
            ends, others = raised.split(_End)
            if others is not None:
                logger.error("live.unexpected", trace_id=trace_of(self.websocket), exc_info=others)
            if ends is not None:
                first = ends.exceptions[0]
                assert isinstance(first, _End)  # noqa: S101 - the group holds its tasks' own exceptions
                return first
        return _End(1011, "something went wrong on our side")

    async def _until_ended(self) -> NoReturn:
        await self._ended.wait()
        raise self._end

    async def _keep(self) -> NoReturn:
        """Ask again and again whether the client is there and may still be."""
        try:
            async with asyncio.timeout(self.bounds.init_within):
                await self._initialised.wait()
        except TimeoutError:
            raise _End(4408, "connection initialisation timeout") from None
        pinged = self._time()
        while True:
            await asyncio.sleep(self.bounds.check_every)
            await self._look_again()
            silent = self._time() - max(self._heard, pinged)
            if self._time() - self._heard > 2 * self.bounds.ping_every + self.bounds.check_every:
                raise _End(None, "the client is silent")
            if silent >= self.bounds.ping_every:
                pinged = self._time()
                await self._send({"type": "ping"})

    async def _look_again(self) -> None:
        """See to it that who was switched off or logged out since goes, and that what is granted now counts."""
        try:
            tenant = await self.host.tenancy.of(self.websocket)
            if tenant.id != self.tenant.id:
                raise errors.Forbidden("this host belongs to somebody else now")
            actor = await self.host.bearer(self._authorization, tenant) if self._authorization else ANONYMOUS
        except (errors.NotFound, errors.Forbidden, errors.Unauthenticated) as error:
            raise _End(4403, str(error)) from None
        except Exception as error:
            logger.warning("live.not_checked", trace_id=trace_of(self.websocket), error=repr(error))
            return
        edge = self._edge
        if edge is not None and (tenant, actor) != (edge.tenant, edge.actor):
            self._place(edge, tenant, actor)

    def _place(self, edge: Operation, tenant: TenantInfo, actor: Actor) -> None:
        fresh = self.host.edge(self.websocket, tenant, actor, locale=edge.locale, currency=edge.currency)
        edge.tenant, edge.actor, edge.work, edge.look = fresh.tenant, fresh.actor, fresh.work, self._look(fresh.look)

    def _look(
        self, look: Callable[[], AbstractAsyncContextManager[Context]]
    ) -> Callable[[], AbstractAsyncContextManager[Context]]:
        """The same, a few at a time in this process: all who listen wake at once."""

        @contextlib.asynccontextmanager
        async def looking() -> AsyncIterator[Context]:
            async with self.host.feed.reading, look() as context:
                yield context

        return looking

    async def _read(self, group: asyncio.TaskGroup) -> NoReturn:
        while True:
            message = await self.websocket.receive()
            if message["type"] == "websocket.disconnect":
                raise _End(None, "the client went")
            self._heard = self._time()
            self._pay()
            text = message.get("text")
            if text is None:
                raise _End(4400, "messages must be text")
            if len(text) > self.bounds.message or len(text.encode(errors="replace")) > self.bounds.message:
                raise _End(1009, f"a message may have at most {self.bounds.message} bytes")
            try:
                decoded = msgspec.json.decode(text)
            except (msgspec.DecodeError, UnicodeError, RecursionError):
                raise _End(4400, "messages must be JSON") from None
            if not isinstance(decoded, dict):
                raise _End(4400, "messages must be JSON objects")
            await self._take(decoded, group)

    def _pay(self) -> None:
        now = self._time()
        earned = (now - self._counted) * self.bounds.rate
        self._allowance = min(self._allowance + earned, float(self.bounds.burst)) - 1
        self._counted = now
        if self._allowance < 0:
            raise _End(1008, "there are too many messages")

    async def _take(self, message: Mapping[str, Any], group: asyncio.TaskGroup) -> None:
        match message.get("type"):
            case "connection_init":
                await self._initialise(message.get("payload"))
            case "ping":
                await self._send({"type": "pong"})
            case "pong":
                pass
            case "subscribe":
                await self._subscribe(message, group)
            case "complete":
                running = self._running.pop(_id(message), None)
                if running is not None:
                    running.cancel()
            case _:
                raise _End(4400, "the type of the message is not known")

    async def _initialise(self, payload: Any) -> None:
        if self._initialised.is_set():
            raise _End(4429, "too many initialisation requests")
        self._initialised.set()
        if not (payload is None or (isinstance(payload, dict) and limits.storable(payload))):
            raise _End(4400, "the payload of connection_init must be an object")
        given = {name.lower(): value for name, value in (payload or {}).items() if value is not None}
        header = given.get("authorization", self.websocket.headers.get("authorization", ""))
        wanted = [given.get("locale", ""), given.get("currency", "")]
        if not all(isinstance(one, str) for one in (header, *wanted)):
            raise _End(4400, "authorization, locale and currency must be texts")
        try:
            actor = await self.host.bearer(header, self.tenant)
        except errors.Unauthenticated as error:
            raise _End(4403, str(error)) from None
        self._authorization = header
        locale = self.tenant.locale_or_default(wanted[0]) if wanted[0] else ""
        currency = self.tenant.currency_or_default(wanted[1].upper()) if wanted[1] else ""
        edge = self.host.edge(self.websocket, self.tenant, actor, locale=locale, currency=currency)
        edge.look = self._look(edge.look)
        edge.services[live.FEED] = self.host.feed
        self._edge = edge
        await self._send({"type": "connection_ack"})

    async def _subscribe(self, message: Mapping[str, Any], group: asyncio.TaskGroup) -> None:
        if self._edge is None:
            raise _End(4401, "unauthorized: connection_init comes first")
        key = _id(message)
        if key in self._running:
            raise _End(4409, f"subscriber for {key} already exists")
        payload = message.get("payload")
        if not isinstance(payload, dict):
            raise _End(4400, "subscribe needs a payload")
        if len(self._running) >= self.bounds.subscriptions:
            said = f"a connection may have at most {self.bounds.subscriptions} subscriptions"
            await self._refuse(key, [{"message": said, "extensions": {"code": "limit_exceeded"}}])
            return
        self._running[key] = group.create_task(self._run(key, payload, self._edge))

    async def _run(self, key: str, payload: Mapping[str, Any], edge: Operation) -> None:
        """One subscription, from its document to its last message."""
        metrics.live_subscriptions(+1)
        refused: list[dict[str, Any]] | None = None
        try:
            refused = await self._stream(key, payload, edge)
        except _End:
            raise
        except Exception as error:
            # The path marks it as raised while running, and so as ours unless it is one of the expected.
            masked = self.endpoint.masked(GraphQLError(str(error), path=[key], original_error=error), edge)
            refused = [{name: value for name, value in masked.items() if name != "path"}]
        finally:
            metrics.live_subscriptions(-1)
            if self._running.get(key) is asyncio.current_task():
                del self._running[key]  # before the last message: the client may use the id again when it has that
        if refused is not None:
            await self._refuse(key, refused)
        else:
            await self._send({"id": key, "type": "complete"})

    async def _stream(self, key: str, payload: Mapping[str, Any], edge: Operation) -> list[dict[str, Any]] | None:
        """Send what comes; returns why there is nothing (more) to send, None at an ordinary end."""
        try:
            params = checked(payload)
            parsed = self.endpoint.documents.find(self.endpoint.persisted.document(params))
        except BadRequest as error:
            return [{"message": str(error)}]
        except NotPersisted as error:
            return [error.shown]
        if parsed.document is None:
            return [formatted(error) for error in parsed.errors]
        ready = parsed.operation(params.operation_name)
        if ready is None:
            return [unnamed(params)]
        if ready.operation.operation is not OperationType.SUBSCRIPTION:
            return [{"message": "only subscriptions are answered here: send queries and mutations over HTTP"}]
        costly = too_costly(ready, params, self.bounds.cost)
        if costly is not None:
            return [costly]
        started = subscribe(
            self.endpoint.documents.schema,
            ready.document,
            context_value=edge,
            variable_values=dict(params.variables),
            operation_name=params.operation_name,
        )
        stream = await started if inspect.isawaitable(started) else started
        if isinstance(stream, ExecutionResult):
            return [self.endpoint.masked(error, edge) for error in stream.errors or ()]
        async with contextlib.aclosing(cast(AsyncGenerator[ExecutionResult, None], stream)) as results:
            async for result in results:
                body: dict[str, Any] = {"data": result.data}
                if result.errors:
                    body["errors"] = [self.endpoint.masked(error, edge) for error in result.errors]
                await self._send({"id": key, "type": "next", "payload": body})
                metrics.live_event()
        return None

    async def _refuse(self, key: str, errors_: list[dict[str, Any]]) -> None:
        await self._send({"id": key, "type": "error", "payload": errors_})

    async def _send(self, message: Mapping[str, Any]) -> None:
        try:
            async with asyncio.timeout(self.bounds.send_within), self._sending:
                await self.websocket.send_text(msgspec.json.encode(message).decode())
        except TimeoutError:
            raise _End(None, "the client does not read") from None
        except (WebSocketDisconnect, RuntimeError):  # Starlette's answer to sending after the end
            raise _End(None, "the client went") from None


def _id(message: Mapping[str, Any]) -> str:
    key = message.get("id")
    if not isinstance(key, str) or not 0 < len(key) <= 200:
        raise _End(4400, "the message needs an id: a text of at most 200 characters")
    return key
