"""One GraphQL endpoint: reads requests as the GraphQL-over-HTTP specification has it, runs them, writes answers."""

import time
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any

import msgspec
import structlog
from graphql import (
    DocumentNode,
    ExecutionResult,
    GraphQLError,
    OperationType,
    execute,
)
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from rustok.index.searching import Backend
from rustok.kernel import bus, errors, idempotency
from rustok.kernel.consistency import Token, Waiting
from rustok.kernel.consistency import of as token_of
from rustok.kernel.context import Context
from rustok.kernel.graphql import Operation
from rustok.server import metrics
from rustok.server.graphql_http import consistency, graphiql, once
from rustok.server.graphql_http import params as params_of
from rustok.server.graphql_http.compiled import COMPILED, EXECUTOR, ORDINARY, Reads, body_of
from rustok.server.graphql_http.documents import Documents, Ready
from rustok.server.graphql_http.params import PLAIN, RESPONSE, BadRequest, Params
from rustok.server.graphql_http.persisted import NotPersisted, Persisted

logger = structlog.get_logger("rustok.graphql")


@dataclass
class Endpoint:
    """An ASGI-callable endpoint over one schema. `open_operation` gives the edge of one request."""

    name: str
    documents: Documents
    open_operation: Callable[[Request], AbstractAsyncContextManager[Operation]]
    development: bool
    max_body: int
    waiting: Waiting
    search: Backend
    reads: Reads | None = None  # runs what the read model answers
    persisted: Persisted = field(default_factory=Persisted)

    async def __call__(self, request: Request) -> Response:
        """Answer one HTTP request."""
        accepted = params_of.accepted(request.headers.get("accept"))
        is_asked = any(name in request.query_params for name in ("query", "documentId", "extensions"))
        if request.method == "GET" and not is_asked and accepted == "html":
            if not self.development:
                return Response("Not found", 404, media_type="text/plain")
            return HTMLResponse(graphiql.page(request.url.path), headers=graphiql.HEADERS)
        media_type = PLAIN if accepted == "html" else accepted
        if media_type is None:
            return _answer({"errors": [{"message": f"this endpoint answers {RESPONSE} or {PLAIN}"}]}, PLAIN, 406)
        started = time.perf_counter()
        try:
            params = await params_of.of_request(request, self.max_body)
        except BadRequest as error:
            headers = {"Allow": error.allow} if error.allow else None
            return _answer({"errors": [{"message": str(error)}]}, media_type, error.status, headers)
        try:
            query = self.persisted.document(params)
            parsed = self.documents.find(query)
        except NotPersisted as error:
            return _answer({"errors": [error.shown]}, media_type, 400 if media_type == RESPONSE else 200)
        if parsed.document is None:
            body = {"errors": [formatted(error) for error in parsed.errors]}
            metrics.operation(self.name, "invalid", time.perf_counter() - started)
            return _answer(body, media_type, 400 if media_type == RESPONSE else 200)
        ready = parsed.operation(params.operation_name)
        refusal = self._refusal(request, params, ready)
        if refusal is not None:
            message, status, headers = refusal
            status = 200 if media_type == PLAIN and status == 400 else status
            metrics.operation(self.name, "invalid", time.perf_counter() - started)
            return _answer({"errors": [message]}, media_type, status, headers)
        assert ready is not None  # noqa: S101 - refused above
        try:
            async with self.open_operation(request) as edge:
                edge.extensions["cost"] = self.cost(ready, params.variables)
                sent = consistency.asked(request, edge.tenant.id)
                writes = ready.operation.operation is OperationType.MUTATION
                if sent is not None and not writes:
                    met = await consistency.meet(sent, edge.tenant.id, self.waiting, self.search)
                    edge.extensions["consistency"] = met.extension
                    edge.headers |= met.headers
                if ready.plan and self.reads and request.headers.get(EXECUTOR) != ORDINARY:
                    answer = await self.reads.answer(
                        ready.plan, edge.tenant, locale=edge.locale, currency=edge.currency, variables=params.variables
                    )
                    if answer:
                        served = body_of(answer, msgspec.json.encode(edge.extensions))
                        return self._served(served, media_type, edge, started, {EXECUTOR: COMPILED})
                key = request.headers.get(idempotency.HEADER)
                if writes and key is not None and once.applies(ready, self.documents.schema):
                    return await self._once(key, query, ready, params, edge, sent, media_type, started)
                result = await self._run(ready.document, params, edge)
                if writes:
                    token = consistency.given(edge.token, sent, edge.tenant.id)
                    edge.extensions["consistency"] = edge.headers[consistency.HEADER] = token
                return self._respond(result, edge, media_type, started)
        except errors.RustokError as error:
            body = {"errors": [{"message": str(error), "extensions": {"code": error.code}}]}
            return _answer(body, media_type, error.status)

    async def _once(
        self,
        key: str,
        query: str,
        ready: Ready,
        params: Params,
        edge: Operation,
        sent: Token | None,
        media_type: str,
        started: float,
    ) -> Response:
        responses: list[Response] = []

        async def run(context: Context) -> tuple[bytes, bool]:
            result = await self._run(ready.document, params, edge)
            await bus.flush(context)
            token = consistency.given(token_of(context), sent, edge.tenant.id)
            edge.extensions["consistency"] = edge.headers[consistency.HEADER] = token
            made = self._respond(result, edge, media_type, started)
            responses.append(made)
            return bytes(made.body), not (result.errors or edge.refused)

        body, stored = await once.answer(key, place=self.name, query=query, params=params, edge=edge, run=run)
        if not stored:
            return responses[0]
        return self._served(body, media_type, edge, started, {idempotency.REPLAYED: "true"})

    def cost(self, ready: Ready, variables: Mapping[str, Any]) -> dict[str, int]:
        """What `extensions.cost` says."""
        return {"requested": ready.cost(variables), "limit": self.documents.limits.cost}

    def _refusal(
        self, request: Request, params: Params, ready: Ready | None
    ) -> tuple[dict[str, Any], int, dict[str, str] | None] | None:
        if ready is None:
            return unnamed(params), 400, None
        operation = ready.operation
        if operation.operation is OperationType.SUBSCRIPTION:
            return {"message": "subscriptions are answered over WebSocket: graphql-transport-ws"}, 400, None
        if operation.operation is OperationType.MUTATION and request.method == "GET":
            return {"message": "GET runs queries only: send mutations by POST"}, 405, {"Allow": "POST"}
        costly = too_costly(ready, params, self.documents.limits.cost)
        return (costly, 400, None) if costly else None

    async def _run(self, document: DocumentNode, params: Params, edge: Operation) -> ExecutionResult:
        running = execute(
            self.documents.schema,
            document,
            context_value=edge,
            variable_values=dict(params.variables),
            operation_name=params.operation_name,
        )
        return running if isinstance(running, ExecutionResult) else await running

    def _served(
        self, body: bytes, media_type: str, edge: Operation, started: float, headers: Mapping[str, str]
    ) -> Response:
        metrics.operation(self.name, "ok", time.perf_counter() - started)
        return _response(body, media_type, 200, {**headers, **edge.headers})

    def _respond(
        self,
        result: ExecutionResult,
        edge: Operation,
        media_type: str,
        started: float,
    ) -> Response:
        body: dict[str, Any] = {}
        if result.errors:
            body["errors"] = [self.masked(error, edge) for error in result.errors]
        # Without a path the error was raised before anything ran: coercion of variables, for instance.
        request_error = result.data is None and bool(result.errors) and all(e.path is None for e in result.errors or ())
        if not request_error:
            body["data"] = result.data
        if edge.extensions:
            body["extensions"] = edge.extensions
        status = 400 if request_error and media_type == RESPONSE else 200
        metrics.operation(self.name, "error" if result.errors else "ok", time.perf_counter() - started)
        response = _answer(body, media_type, status, {EXECUTOR: ORDINARY, **edge.headers})
        for cookie in edge.cookies:
            response.set_cookie(**cookie)
        return response

    def masked(self, error: GraphQLError, edge: Operation) -> dict[str, Any]:
        """The error as the caller may see it; what nobody expected is logged under the trace id that is shown."""
        shown = formatted(error)
        original = error.original_error
        while isinstance(original, GraphQLError):
            original = original.original_error
        if isinstance(original, errors.RustokError):
            shown["extensions"] = {**shown.get("extensions", {}), "code": original.code}
            if original.field:
                shown["extensions"]["field"] = list(original.field)
        elif original is not None and error.path is not None:
            logger.error(
                "graphql.unexpected",
                trace_id=edge.trace_id,
                tenant=edge.tenant.slug,
                path=error.path,
                exc_info=original,
            )
            shown["message"] = f"something went wrong on our side; quote {edge.trace_id} when you report it"
            shown["extensions"] = {"code": "internal", "traceId": edge.trace_id}
        return shown


def unnamed(params: Params) -> dict[str, Any]:
    """The error of a document in which no single operation is meant."""
    wanted = f" named {params.operation_name[:80]}" if params.operation_name else ""
    return {"message": f"the document has no single operation{wanted}: give operationName"}


def too_costly(ready: Ready, params: Params, most: int) -> dict[str, Any] | None:
    """The error of an operation that may return more values than that; None if it may run."""
    spent = ready.cost(params.variables)
    if spent <= most:
        return None
    message = f"the operation may return {spent} values; at most {most} are allowed"
    code = {"code": "limit_exceeded", "cost": {"requested": spent, "limit": most}}
    return {"message": message, "extensions": code}


def formatted(error: GraphQLError) -> dict[str, Any]:
    """An error of the request itself, bounded in length."""
    shown: dict[str, Any] = dict(error.formatted)
    shown["message"] = shown["message"][:1000]
    return shown


def _answer(body: Any, media_type: str, status: int, headers: Mapping[str, str] | None = None) -> Response:
    return _response(msgspec.json.encode(body), media_type, status, headers)


def _response(body: bytes, media_type: str, status: int, headers: Mapping[str, str] | None = None) -> Response:
    response = Response(body, status, headers=dict(headers or {}))
    response.headers["Content-Type"] = f"{media_type}; charset=utf-8"
    response.headers["Vary"] = "Accept, Accept-Language, Authorization"
    response.headers.setdefault("Cache-Control", "no-store")
    return response
