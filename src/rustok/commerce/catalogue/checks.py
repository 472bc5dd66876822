"""What texts and numbers of the catalogue must look like before they are written."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec

from rustok.kernel import errors, slugs

LARGEST_INT = 2_147_483_647
LONGEST_DESCRIPTION = 500_000
LARGEST_METADATA = 64_000
MOST_OPTIONS = 10
MOST_VARIANTS = 2_000


def text(value: str, field: str, *, most: int = 255) -> str:
    """The text without spaces around it; raises `Invalid` when it is empty, too long or cannot be stored."""
    found = optional_text(value, field, most=most)
    if found is None:
        raise errors.Invalid(f"{field} must not be empty", field=field)
    return found


def optional_text(value: str | None, field: str, *, most: int = 255) -> str | None:
    """As `text`, but nothing is `None`."""
    if value is None:
        return None
    stripped = value.strip()
    if len(stripped) > most:
        raise errors.Invalid(f"{field} has {len(stripped)} characters; at most {most} are allowed", field=field)
    if "\x00" in stripped:
        stripped = stripped.replace("\x00", "").strip()
    try:
        if not stripped.isascii():
            stripped.encode()
    except UnicodeEncodeError:
        raise errors.Invalid(f"{field} holds half a character (a lone surrogate)", field=field) from None
    return stripped or None


def whole(value: int, field: str, *, least: int = 0, most: int = LARGEST_INT) -> int:
    """The number if it lies within bounds, else `Invalid`."""
    if not least <= value <= most:
        raise errors.Invalid(f"{field} must lie between {least} and {most}", field=field)
    return value


def measure(value: int | None, field: str) -> int | None:
    """A weight or length: absent, or a number from 0 on."""
    return None if value is None else whole(value, field)


def handle(wanted: str | None, title: str) -> str:
    """The wanted handle as it is stored, or one made from the title."""
    return slugs.check_slug(wanted, field="handle") if wanted else slugs.slugify(title, fallback="item")


def metadata(value: Mapping[str, Any] | None) -> dict[str, Any]:
    """A JSON object of at most 64,000 bytes."""
    if value is not None and not isinstance(value, Mapping):
        raise errors.Invalid("metadata must be a JSON object", field="metadata")
    found = dict(value or {})
    try:
        encoded = msgspec.json.encode(found)
    except (TypeError, ValueError, RecursionError):
        raise errors.Invalid("metadata must be a JSON object", field="metadata") from None
    if len(encoded) > LARGEST_METADATA:
        raise errors.Invalid(f"metadata has more than {LARGEST_METADATA} bytes", field="metadata")
    if b"\\u0000" in encoded:
        raise errors.Invalid("metadata holds a NUL character", field="metadata")
    return found


def options(value: Mapping[str, str]) -> dict[str, str]:
    """A variant's option values by option name."""
    if len(value) > MOST_OPTIONS:
        raise errors.Invalid(f"a variant has at most {MOST_OPTIONS} options", field="options")
    # U+001F separates name and value in the read model's filter column.
    return {
        text(name.replace("\x1f", " "), "options"): text(chosen.replace("\x1f", " "), "options")
        for name, chosen in value.items()
    }


def options_key(value: Mapping[str, str]) -> str:
    """What tells variants of a product apart: the same for the same option values, in whatever order they stand."""
    told = msgspec.json.encode(sorted(value.items()))
    return hashlib.blake2b(told, digest_size=16).hexdigest()


def ids(values: Sequence[UUID], *, most: int = 1000) -> list[UUID]:
    """The ids once each, in order; raises `Invalid` for more than `most`."""
    found = list(dict.fromkeys(values))
    if len(found) > most:
        raise errors.Invalid(f"at most {most} ids at once", field="ids")
    return found


def version(stored: int, expected: int | None) -> None:
    """Raise `Stale` when the caller has read another version than the stored one."""
    if expected is not None and stored != expected:
        raise errors.Stale(f"this is version {stored} now, not {expected}: read it again", field="version")
