"""Cursors: the sort key and id of a row, as opaque text that is refused when it was made for something else.

A cursor is made by Python and by PostgreSQL alike, so it is put together from what both can do: a tag of the order,
a check, the id and the key, as base64 for addresses.
"""

import base64
import binascii
import hashlib
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from uuid import UUID

from rustok.kernel import errors

_TAG, _CHECK, _ID = 8, 6, 32  # hexadecimal digits


class InvalidCursor(errors.Invalid):
    """The cursor was not issued by this list in this order, or somebody changed it."""

    code = "invalid_cursor"


@dataclass(frozen=True)
class Position:
    """A place in an order: the key as PostgreSQL writes it, and the id that makes it unique."""

    key: str
    id: UUID


def tag(order: str) -> str:
    """What every cursor of an order begins with. `order` names entity, sort, currency and, for relevance, the query."""
    return hashlib.blake2b(order.encode(), digest_size=_TAG // 2, key=b"rustok.index").hexdigest()


def encode(position: Position, order: str) -> str:
    """The cursor of a position."""
    begins, rest = tag(order), position.id.hex + position.key
    return base64.urlsafe_b64encode((begins + _check(begins + rest) + rest).encode()).decode().rstrip("=")


def sql(tagged: str, key: str, identity: str) -> str:
    """The same in SQL, from expressions of the tag, the key as text and the id."""
    rest = f"replace(({identity})::text, '-', ''), {key}"
    whole = f"concat({tagged}, left(md5(concat({tagged}, {rest})), {_CHECK}), {rest})"
    return f"translate(encode(convert_to({whole}, 'UTF8'), 'base64'), E'+/=\\n', '-_')"


def decode(cursor: str, order: str, kind: str, *, field: str) -> Position:
    """The position of a cursor. The check finds mistakes; that the key is a `kind` is looked at all the same, because
    whoever reads this file can compute a check."""
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode()
        begins, check, rest = raw[:_TAG], raw[_TAG : _TAG + _CHECK], raw[_TAG + _CHECK :]
        if begins != tag(order) or check != _check(begins + rest):
            raise ValueError
        position = Position(rest[_ID:], UUID(rest[:_ID]))
        if not _is(position.key, kind):
            raise ValueError
    except (ValueError, binascii.Error):
        raise InvalidCursor("the cursor does not belong to this list and order", field=field) from None
    return position


def _check(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()[:_CHECK]


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
