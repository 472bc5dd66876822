"""Identifiers: ULIDs, which sort by creation time, kept as UUIDs."""

from uuid import UUID

from ulid import ULID

from rustok.kernel import errors


class InvalidId(errors.Invalid):
    """The text is neither a ULID nor a UUID."""

    code = "invalid_id"


def generate_id() -> UUID:
    """Return a new ULID (48 bits of milliseconds, 80 random bits) as a UUID."""
    return UUID(bytes=bytes(ULID()))


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
