"""From an HTTP request to what GraphQL needs of it, as the GraphQL-over-HTTP specification has it."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import msgspec
from starlette.datastructures import QueryParams
from starlette.requests import Request

from rustok.server.bodies import BodyTooLarge, read_body
from rustok.server.graphql_http import limits

RESPONSE = "application/graphql-response+json"
PLAIN = "application/json"
LONGEST_ADDRESS = 32_000  # characters of a query string


class BadRequest(Exception):
    """The request is no GraphQL request; the message says what is wrong with it."""

    def __init__(self, message: str, *, status: int = 400, allow: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.allow = allow


@dataclass(frozen=True)
class Params:
    """A GraphQL request, whichever way it came. The query may be known by its hash alone, and is then empty."""

    query: str
    variables: Mapping[str, Any]
    operation_name: str | None
    document_hash: str | None = None  # SHA-256 in hexadecimal


@lru_cache(256)
def accepted(header: str | None) -> str | None:
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


async def of_request(request: Request, max_body: int) -> Params:
    """What the request asks; raises `BadRequest`."""
    if request.method == "GET":
        return of_query(request.query_params, len(request.url.query))
    if request.method != "POST":
        raise BadRequest("use GET or POST", status=405, allow="GET, POST")
    require_json(request.headers.get("content-type", ""))
    try:
        return of_body(await read_body(request, max_body))
    except BodyTooLarge as error:
        raise BadRequest(str(error), status=413) from None


def require_json(content_type: str) -> None:
    """Raise `BadRequest` unless the body is JSON in UTF-8."""
    kind, _, rest = content_type.partition(";")
    if kind.strip().lower() != PLAIN:
        raise BadRequest(f"the body must be {PLAIN}", status=415)
    if "charset=" in rest.lower() and "utf-8" not in rest.lower() and "utf8" not in rest.lower():
        raise BadRequest("the body must be encoded in UTF-8", status=415)


def of_query(given: QueryParams, length: int) -> Params:
    """What a query string asks."""
    if length > LONGEST_ADDRESS:
        raise BadRequest("the query string is too long: use POST", status=414)
    raw: dict[str, Any] = {
        key: given[key] for key in ("query", "operationName", "variables", "extensions", "documentId") if key in given
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


def of_body(body: bytes) -> Params:
    """What a JSON body asks."""
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
    variables = raw.get("variables")
    if variables is not None and not isinstance(variables, dict):
        raise BadRequest("variables must be an object")
    name = raw.get("operationName")
    if name is not None and not isinstance(name, str):
        raise BadRequest("operationName must be a text")
    extensions = raw.get("extensions")
    if extensions is not None and not isinstance(extensions, dict):
        raise BadRequest("extensions must be an object")
    known_by = _hash_of(raw.get("documentId"), (extensions or {}).get("persistedQuery"))
    query = raw.get("query")
    if query is None and known_by:
        query = ""
    elif not isinstance(query, str) or not query.strip():
        raise BadRequest("query must be a text that is not empty")
    if not limits.storable(variables) or not limits.storable(query):
        raise BadRequest("the request holds characters that cannot be stored (NUL, or half of a surrogate pair)")
    return Params(query, variables or {}, name, known_by)


def _hash_of(document_id: Any, persisted: Any) -> str | None:
    """The hash by which a document is known, in either of the two ways that clients say it."""
    if document_id is not None:
        found = document_id.removeprefix("sha256:") if isinstance(document_id, str) else None
        place = "documentId"
    elif persisted is not None:
        is_known = isinstance(persisted, dict) and persisted.get("version") == 1
        found, place = (persisted.get("sha256Hash") if is_known else None), "extensions.persistedQuery"
    else:
        return None
    if isinstance(found, str) and len(found) == 64 and all(c in "0123456789abcdef" for c in found.lower()):
        return found.lower()
    raise BadRequest(f"{place} must hold a SHA-256 in hexadecimal")
