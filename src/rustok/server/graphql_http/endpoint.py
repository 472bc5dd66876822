"""One GraphQL endpoint: reads requests as the GraphQL-over-HTTP specification has it, runs them, writes answers."""

import time
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
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
from rustok.kernel import errors
from rustok.kernel.consistency import Waiting
from rustok.kernel.graphql import Operation
from rustok.server import metrics
from rustok.server.bodies import BodyTooLarge, read_body
from rustok.server.graphql_http import consistency, graphiql, limits
from rustok.server.graphql_http.compiled import COMPILED, EXECUTOR, ORDINARY, Reads, body_of
from rustok.server.graphql_http.documents import Documents, Ready

RESPONSE = "application/graphql-response+json"
PLAIN = "application/json"
logger = structlog.get_logger("rustok.graphql")


class BadRequest(Exception):
    """The request is no GraphQL request; the message says what is wrong with it."""

    def __init__(self, message: str, *, status: int = 400, allow: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.allow = allow


@dataclass(frozen=True)
class Params:
    """A GraphQL request, whichever way it came."""

    query: str
    variables: Mapping[str, Any]
    operation_name: str | None


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

    async def __call__(self, request: Request) -> Response:
        """Answer one HTTP request."""
        accepted = _accepted(request.headers.get("accept"))
        if request.method == "GET" and "query" not in request.query_params and accepted == "html":
            if not self.development:
                return Response("Not found", 404, media_type="text/plain")
            return HTMLResponse(graphiql.page(request.url.path), headers=graphiql.HEADERS)
        media_type = PLAIN if accepted == "html" else accepted
        if media_type is None:
            return _answer({"errors": [{"message": f"this endpoint answers {RESPONSE} or {PLAIN}"}]}, PLAIN, 406)
        started = time.perf_counter()
        try:
            params = await _params(request, self.max_body)
        except BadRequest as error:
            headers = {"Allow": error.allow} if error.allow else None
            return _answer({"errors": [{"message": str(error)}]}, media_type, error.status, headers)
        parsed = self.documents.find(params.query)
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
                        return self._served(served, media_type, edge, started)
                result = await self._run(ready.document, params, edge)
                if writes:
                    token = consistency.given(edge.token, sent, edge.tenant.id)
                    edge.extensions["consistency"] = edge.headers[consistency.HEADER] = token
                return self._respond(result, edge, media_type, started)
        except errors.RustokError as error:
            body = {"errors": [{"message": str(error), "extensions": {"code": error.code}}]}
            return _answer(body, media_type, error.status)

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

    def _served(self, body: bytes, media_type: str, edge: Operation, started: float) -> Response:
        metrics.operation(self.name, "ok", time.perf_counter() - started)
        return _response(body, media_type, 200, {EXECUTOR: COMPILED, **edge.headers})

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


def _accepted(header: str | None) -> str | None:
    """The media type to answer in; "html" for a browser; None where nothing suits the caller."""
    if not header or not header.strip():
        return PLAIN
    offers: list[tuple[float, int, str]] = []
    for place, part in enumerate(header.split(",")[:50]):
        kind, *parameters = [piece.strip().lower() for piece in part.split(";")]
        quality, charset = 1.0, "utf-8"
        for parameter in parameters:
            key, _, value = parameter.partition("=")
            if key == "q":
                try:
                    quality = float(value)
                except ValueError:
                    quality = 0.0
            elif key == "charset":
                charset = value.strip('"')
        if quality <= 0 or charset not in ("utf-8", "utf8"):
            continue
        answer = {
            RESPONSE: RESPONSE,
            PLAIN: PLAIN,
            "application/*": PLAIN,
            "*/*": PLAIN,
            "text/html": "html",
            "application/xhtml+xml": "html",
        }.get(kind)
        if answer:
            offers.append((-quality, place, answer))
    return min(offers)[2] if offers else None


async def _params(request: Request, max_body: int) -> Params:
    if request.method == "GET":
        if len(request.url.query) > 32_000:
            raise BadRequest("the query string is too long: use POST", status=414)
        raw: dict[str, Any] = {
            key: request.query_params[key]
            for key in ("query", "operationName", "variables", "extensions")
            if key in request.query_params
        }
        for key in ("variables", "extensions"):
            if raw.get(key):
                try:
                    raw[key] = msgspec.json.decode(raw[key])
                except (msgspec.DecodeError, RecursionError):
                    raise BadRequest(f"{key} is not valid JSON") from None
            else:
                raw.pop(key, None)
        raw["operationName"] = raw.get("operationName") or None
        return checked(raw)
    if request.method != "POST":
        raise BadRequest("use GET or POST", status=405, allow="GET, POST")
    kind, _, rest = request.headers.get("content-type", "").partition(";")
    if kind.strip().lower() != PLAIN:
        raise BadRequest(f"the body must be {PLAIN}", status=415)
    if "charset=" in rest.lower() and "utf-8" not in rest.lower() and "utf8" not in rest.lower():
        raise BadRequest("the body must be encoded in UTF-8", status=415)
    try:
        body = await read_body(request, max_body)
    except BodyTooLarge as error:
        raise BadRequest(str(error), status=413) from None
    try:
        decoded = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadRequest(f"the body is not valid JSON: {str(error)[:200]}") from None
    if isinstance(decoded, list):
        raise BadRequest("batches are not supported: send one operation a request")
    if not isinstance(decoded, dict):
        raise BadRequest("the body must be a JSON object with a query")
    return checked(decoded)


def checked(raw: Mapping[str, Any]) -> Params:
    """The request in decoded JSON; raises `BadRequest`."""
    query = raw.get("query")
    if not isinstance(query, str) or not query.strip():
        raise BadRequest("query must be a text that is not empty")
    variables = raw.get("variables")
    if variables is not None and not isinstance(variables, dict):
        raise BadRequest("variables must be an object")
    name = raw.get("operationName")
    if name is not None and not isinstance(name, str):
        raise BadRequest("operationName must be a text")
    extensions = raw.get("extensions")
    if extensions is not None and not isinstance(extensions, dict):
        raise BadRequest("extensions must be an object")
    if not limits.storable(variables) or not limits.storable(query):
        raise BadRequest("the request holds characters that cannot be stored (NUL, or half of a surrogate pair)")
    return Params(query, variables or {}, name)


def _answer(body: Any, media_type: str, status: int, headers: Mapping[str, str] | None = None) -> Response:
    return _response(msgspec.json.encode(body), media_type, status, headers)


def _response(body: bytes, media_type: str, status: int, headers: Mapping[str, str] | None = None) -> Response:
    response = Response(body, status, headers=dict(headers or {}))
    response.headers["Content-Type"] = f"{media_type}; charset=utf-8"
    response.headers["Vary"] = "Accept, Accept-Language, Authorization"
    response.headers.setdefault("Cache-Control", "no-store")
    return response
