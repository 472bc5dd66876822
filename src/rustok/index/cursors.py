"""Cursors: the sort key and id of a row, as opaque text that is refused when it was made for something else."""

import base64
import binascii
import hashlib
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from uuid import UUID

import msgspec

from rustok.kernel import errors

_DIGEST = 6


class InvalidCursor(errors.Invalid):
    """The cursor was not issued by this list in this order, or somebody changed it."""

    code = "invalid_cursor"


@dataclass(frozen=True)
class Position:
    """A place in an order: the key as PostgreSQL writes it, and the id that makes it unique."""

    key: str
    id: UUID


def encode(position: Position, order: str) -> str:
    """The cursor of a position. `order` names entity, sort, currency and, for relevance, the query."""
    payload = msgspec.json.encode([position.key, position.id.hex])
    return base64.urlsafe_b64encode(_digest(payload, order) + payload).decode().rstrip("=")


def decode(cursor: str, order: str, kind: str, *, field: str) -> Position:
    """The position of a cursor. The digest finds mistakes; that the key is a `kind` is checked all the same, because
    whoever reads this file can compute a digest."""
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        payload = raw[_DIGEST:]
        if raw[:_DIGEST] != _digest(payload, order):
            raise ValueError
        key, identity = msgspec.json.decode(payload, type=tuple[str, str])
        position = Position(key, UUID(identity))
        if not _is(key, kind):
            raise ValueError
    except (ValueError, binascii.Error, msgspec.MsgspecError):
        raise InvalidCursor("the cursor does not belong to this list and order", field=field) from None
    return position


def _digest(payload: bytes, order: str) -> bytes:
    return hashlib.blake2b(payload, digest_size=_DIGEST, key=b"rustok.index", person=_person(order)).digest()


def _person(order: str) -> bytes:
    return hashlib.blake2b(order.encode(), digest_size=16).digest()


def _is(key: str, kind: str) -> bool:
    if kind in ("smallint", "integer", "bigint"):
        return -(2**63) <= int(key) < 2**63
    if kind == "boolean":
        return key in ("true", "false")
    if kind in ("timestamptz", "date"):
        if key.lstrip("-") == "infinity":
            return True
        datetime.fromisoformat(key)
        return True
    if kind in ("numeric", "double precision"):
        try:
            return Decimal(key) is not None
        except InvalidOperation:
            return False
    if kind == "uuid":
        return bool(UUID(key))
    return "\x00" not in key
