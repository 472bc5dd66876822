"""The fast lane: reads of the read model, answered before anything else of the application is woken up.

It takes requests that name nobody (no Authorization header), whose whole operation is compiled, and answers them with
one statement, or from the answers that are kept. Everything else, and everything that is refused, goes on to the
application, which says why. What is kept was public when it was read, and is given only after the database has said
that the tenant's read model still has the version it shows.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import msgspec
import structlog
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rustok.index import answers, tables
from rustok.index.answers import Answers, Kept
from rustok.kernel import errors
from rustok.kernel.context import TenantInfo
from rustok.kernel.recent import Recent
from rustok.server import metrics
from rustok.server.graphql_http import params as params_of
from rustok.server.graphql_http.compiled import COMPILED, EXECUTOR, ORDINARY, Reads, body_of
from rustok.server.graphql_http.endpoint import Endpoint
from rustok.server.graphql_http.params import BadRequest, Params
from rustok.server.graphql_http.persisted import NotPersisted
from rustok.server.host import Host, trace_in

REMEMBERED_SECONDS = 0.4  # of a tenant, besides the half second of `tenancy`
MOST_QUESTIONS = 4_000
MOST_ASKED = 4_000_000  # bytes of them together
LONGEST = 16_000  # bytes of a question that is remembered, with its headers
LONGEST_BODY = 200_000  # bytes of a question
VARY = b"Accept, Accept-Encoding, Accept-Language, Authorization, Cookie, X-Currency, X-Locale"
SAFE = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"strict-origin-when-cross-origin"),
)
# What decides about the answer; a request with any of the second kind is the application's.
_DECIDING = frozenset(
    {b"host", b"accept", b"accept-language", b"x-locale", b"x-currency", b"x-forwarded-host", b"content-type"}
)
_EXECUTOR = EXECUTOR.lower().encode()
_SPECIAL = frozenset(
    {b"authorization", b"x-tenant", b"x-tenant-id", b"content-encoding", b"rustok-consistency", _EXECUTOR}
)
logger = structlog.get_logger("rustok.graphql")


@dataclass(slots=True)
class _Question:
    """A request as far as it is known before it is answered. Requests of the same bytes are one question."""

    tenant: TenantInfo
    text: str  # of the document; its plan is not held here, or more would be held than `Documents` allows
    name: str | None  # of the operation
    variables: Mapping[str, Any]
    locale: str
    currency: str
    extensions: bytes
    key: bytes
    head: list[tuple[bytes, bytes]]
    seen: float


@dataclass(slots=True)
class _Wishes:
    """What a request says besides its question."""

    zipped: bool = False
    fresh: bool = False  # Cache-Control: no-cache
    etag: bytes = b""  # If-None-Match


class Lane:
    """Stands before the application, at one path."""

    def __init__(self, app: ASGIApp, *, host: Host, endpoint: Endpoint, reads: Reads, kept: Answers) -> None:
        self.app, self.host, self.endpoint, self.reads, self.kept = app, host, endpoint, reads, kept
        self.cache_control = host.settings.public_cache.encode()
        # Another program, or other declarations, may say the same rows in another way.
        built = [tables.ddl_hash(source.entity) for _, source in sorted(host.registry.sources.items())]
        self.program = (version("rustok"), *built)
        self._questions = Recent[tuple[Any, ...], _Question](most=MOST_QUESTIONS, weight=MOST_ASKED)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or go on to the application."""
        if scope["type"] != "http" or scope["path"] != self.endpoint.name:
            await self.app(scope, receive, send)
            return
        started = time.perf_counter()
        method, wishes, deciding, length = scope["method"], _Wishes(), [], 0
        for header in scope["headers"]:
            name, value = header
            if name in _DECIDING:
                deciding.append(header)
            elif name in _SPECIAL:
                await self.app(scope, receive, send)
                return
            elif name == b"cookie":
                if b"currency" in value:  # however it is spaced
                    deciding.append(header)
            elif name == b"accept-encoding":
                wishes.zipped = b"gzip" in value
            elif name == b"cache-control":
                wishes.fresh = b"no-cache" in value or b"no-store" in value
            elif name == b"if-none-match":
                wishes.etag = wishes.etag + b"," + value if wishes.etag else value
            elif name == b"content-length" and value.isdigit() and len(value) < 10:
                length = int(value)
        if method == "POST":
            taken = await _taken(receive, length)
            receive = _replayed(taken, receive)
            asked = b"".join(message.get("body", b"") for message in taken)
            if len(asked) != length:
                await self.app(scope, receive, send)
                return
        elif method == "GET":
            asked = scope["query_string"]
            if b"%00" in asked:
                await self.app(scope, receive, send)
                return
        else:
            await self.app(scope, receive, send)
            return
        if self.host.tenancy.trusted:  # who it comes from decides whether it is believed where it goes to
            deciding.append((b"", str((scope["client"] or ("",))[0]).encode()))
        found = None
        try:
            found = await self._answer((method, asked, tuple(deciding)), wishes, scope, started)
        except errors.Unavailable as error:  # the application would ask the same database the same question again
            metrics.operation(self.endpoint.name, "error", time.perf_counter() - started)
            metrics.request(method, error.status, time.perf_counter() - started)
            await _refuse(error, scope, send)
            return
        except errors.RustokError:
            pass  # the application says it in its own way
        except Exception as error:  # and has an answer to what nobody expected
            logger.error("graphql.lane_failed", trace_id=trace_in(scope), exc_info=error)
        if found is None:
            await self.app(scope, receive, send)
            return
        question, kept, is_kept = found
        status = await self._send(question, kept, wishes, scope, send)
        metrics.served(method, status, time.perf_counter() - started, is_kept=is_kept)

    async def _answer(
        self, asked: tuple[Any, ...], wishes: _Wishes, scope: Scope, started: float
    ) -> tuple[_Question, Kept, bool] | None:
        """The answer, and whether it was kept; None where the application has to give it."""
        question = self._questions.get(asked)
        if question is None or started - question.seen > REMEMBERED_SECONDS:
            question = await self._understood(asked, scope, question)
            if question is None:
                return None
        key = question.key
        kept = None if wishes.fresh else self.kept.find(key)
        if kept is not None and kept.version != await self.host.versions.current(question.tenant.id):
            kept = None
        is_kept = kept is not None
        if kept is None:
            ready = self.endpoint.documents.find(question.text).operation(question.name)
            if ready is None or ready.plan is None:
                return None
            answer = await self.reads.answer(
                ready.plan,
                question.tenant,
                locale=question.locale,
                currency=question.currency,
                variables=question.variables,
            )
            if answer is None:
                scope["headers"] = [*scope["headers"], (_EXECUTOR, ORDINARY.encode())]
                return None
            body = body_of(answer, question.extensions)
            if answer.is_whole:
                kept = self.kept.keep(key, answer.version, body, _etag(answer.version, key))
            else:
                kept = Kept(answer.version, body)
        return question, kept, is_kept

    async def _send(self, question: _Question, kept: Kept, wishes: _Wishes, scope: Scope, send: Send) -> int:
        head = [*question.head, (b"x-trace-id", trace_in(scope).encode())]
        body = kept.body or b""
        if kept.etag:
            head.append((b"etag", kept.etag))
            if wishes.etag and scope["method"] == "GET" and _is_known(kept.etag, wishes.etag):
                await send({"type": "http.response.start", "status": 304, "headers": head})
                await send({"type": "http.response.body", "body": b""})
                return 304
        if wishes.zipped and len(body) >= answers.COMPRESSED_FROM:
            body = self.kept.zipped(question.key, kept)
            head.append((b"content-encoding", b"gzip"))
        head.append((b"content-length", b"%d" % len(body)))
        await send({"type": "http.response.start", "status": 200, "headers": head})
        await send({"type": "http.response.body", "body": body})
        return 200

    async def _understood(self, asked: tuple[Any, ...], scope: Scope, known: _Question | None) -> _Question | None:
        """What is asked; None where that is the application's business."""
        request = Request(scope)
        tenant = await self.host.tenancy.of(request)
        if known is not None and (known.tenant is tenant or known.tenant == tenant):
            known.seen = time.perf_counter()
            return known
        made = self._made(asked, request, tenant)
        if made is not None:
            weight = len(asked[1]) + sum(len(value) for _, value in asked[2])
            if weight <= LONGEST:  # a short one may name a long document
                self._questions.put(asked, made, weight=weight + len(made.text))
        return made

    def _made(self, asked: tuple[Any, ...], request: Request, tenant: TenantInfo) -> _Question | None:
        media_type = params_of.accepted(request.headers.get("accept"))
        if media_type is None or len(asked[1]) > self.endpoint.max_body:
            return None
        media_type = params_of.PLAIN if media_type == "html" else media_type
        try:
            params = self._params(asked, request)
            text = self.endpoint.persisted.document(params)
        except (BadRequest, NotPersisted):
            return None
        ready = self.endpoint.documents.find(text).operation(params.operation_name)
        if ready is None or ready.plan is None:
            return None
        cost = self.endpoint.cost(ready, params.variables)
        if cost["requested"] > cost["limit"]:
            return None
        locale, currency = self.host.locale(request, tenant), self.host.currency(request, tenant)
        variables = msgspec.json.encode(params.variables, order="deterministic")
        key = answers.key_of(tenant, "graphql", self.program, text, params.operation_name, variables, locale, currency)
        head = [
            (b"content-type", f"{media_type}; charset=utf-8".encode()),
            (b"vary", VARY),
            (b"cache-control", self.cache_control if asked[0] == "GET" else b"no-store"),
            (_EXECUTOR, COMPILED.encode()),
            *SAFE,
        ]
        extensions = msgspec.json.encode({"cost": cost})
        return _Question(
            tenant,
            text,
            params.operation_name,
            params.variables,
            locale,
            currency,
            extensions,
            key,
            head,
            time.perf_counter(),
        )

    @staticmethod
    def _params(asked: tuple[Any, ...], request: Request) -> Params:
        if asked[0] == "GET":
            return params_of.of_query(request.query_params, len(request.url.query))
        params_of.require_json(request.headers.get("content-type", ""))
        return params_of.of_body(asked[1])


def _etag(version: int, key: bytes) -> bytes:
    """Weak, because a compressed answer has it as well. It begins with the version that the answer shows."""
    return f'W/"{version}-{key.hex()[:24]}"'.encode()


def _is_known(etag: bytes, wanted: bytes) -> bool:
    """Whether If-None-Match names it. The comparison is the weak one."""
    return etag.removeprefix(b"W/") in wanted or wanted.strip() == b"*"


async def _refuse(error: errors.RustokError, scope: Scope, send: Send) -> None:
    body = msgspec.json.encode({"errors": [{"message": str(error), "extensions": {"code": error.code}}]})
    head = [
        (b"content-type", b"application/json; charset=utf-8"),
        (b"content-length", b"%d" % len(body)),
        (b"cache-control", b"no-store"),
        (b"x-trace-id", trace_in(scope).encode()),
        *SAFE,
    ]
    await send({"type": "http.response.start", "status": error.status, "headers": head})
    await send({"type": "http.response.body", "body": body})


async def _taken(receive: Receive, length: int) -> list[Message]:
    """The messages of a body of so many bytes; fewer when the caller goes away, or when it is too long for this lane.

    A server may announce more after the last byte and have nothing more to say, so that it is not waited for.
    """
    taken: list[Message] = []
    size = 0
    while 0 < length <= LONGEST_BODY and size < length:
        message = await receive()
        taken.append(message)
        size += len(message.get("body", b""))
        if not message.get("more_body"):
            break
    return taken


def _replayed(taken: list[Message], receive: Receive) -> Receive:
    """A channel that begins with the messages that were taken from it."""
    waiting = taken[::-1]

    async def replay() -> Message:
        return waiting.pop() if waiting else await receive()

    return replay
