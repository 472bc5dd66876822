"""Identifiers: ULIDs, which sort by creation time, kept as UUIDs."""

import os
import time
from uuid import UUID

from ulid import ULID

from rustok.kernel import errors


class InvalidId(errors.Invalid):
    """The text is neither a ULID nor a UUID."""

    code = "invalid_id"


def generate_id() -> UUID:
    """Return a new ULID (48 bits of milliseconds, 80 random bits) as a UUID."""
    # An import makes some thirty of them for each product: built here it takes a sixth of the library's time.
    return UUID(int=(time.time_ns() // 1_000_000 << 80) | int.from_bytes(os.urandom(10), "big"))


def generate_ids(count: int) -> list[str]:
    """Many new ids at once, as the 32 hexadecimal digits that PostgreSQL reads: for rows that nobody else names yet."""
    stamp, random = f"{time.time_ns() // 1_000_000:012x}", os.urandom(10 * count).hex()
    return [stamp + random[start : start + 20] for start in range(0, 20 * count, 20)]


def parse_id(text: str) -> UUID:
    """Read a ULID (26 Crockford base-32 characters) or a UUID; raise `InvalidId` that names anything else."""
    candidate = text.strip()
    try:
        if len(candidate) == 26:
            return UUID(bytes=bytes(ULID.from_str(candidate.upper())))
        if len(candidate) in (32, 36):
            return UUID(candidate)
    except ValueError:
        pass
    raise InvalidId(f"{text[:64]!r} is not an id: expected a ULID or a UUID")
