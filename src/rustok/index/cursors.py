"""Cursors: the sort key and id of a row, as opaque text that is refused when it was made for something else.

A cursor is made by Python and by PostgreSQL alike, so it is put together from what both can do: a tag of the order,
a check, the id and the key, as base64 for addresses.
"""

import base64
import binascii
import hashlib
import math
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from rustok.kernel import errors

_TAG, _CHECK, _ID = 8, 6, 32  # hexadecimal digits
_BITS = {"smallint": 15, "integer": 31, "bigint": 63}


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


# Only what PostgreSQL itself writes: Python reads more as numbers and times than PostgreSQL does (digits of other
# scripts, underscores, weeks), and what PostgreSQL cannot read would be a fault of ours.
_WHOLE = re.compile(r"-?[0-9]{1,19}")
_NUMBER = re.compile(r"NaN|-?Infinity|-?[0-9]{1,400}(\.[0-9]{1,400})?(e[+-][0-9]{2,3})?")
_MOMENT = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})( [0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?[+-][0-9]{2}(:[0-9]{2}){0,2})?"
)
_FARTHEST = timedelta(hours=16)  # from Greenwich, as PostgreSQL has it


def _is(key: str, kind: str) -> bool:
    if kind in _BITS:
        return bool(_WHOLE.fullmatch(key)) and -(2 ** _BITS[kind]) <= int(key) < 2 ** _BITS[kind]
    if kind == "boolean":
        return key in ("true", "false")
    if kind in ("timestamptz", "date"):
        if key in ("infinity", "-infinity"):
            return True
        offset = datetime.fromisoformat(key).utcoffset() or timedelta() if _MOMENT.fullmatch(key) else _FARTHEST
        return abs(offset) < _FARTHEST
    if kind in ("numeric", "double precision"):
        return bool(_NUMBER.fullmatch(key)) and (kind == "numeric" or math.isfinite(float(key)) or key[-1] in "Ny")
    if kind == "uuid":
        return str(UUID(key)) == key
    return "\x00" not in key
