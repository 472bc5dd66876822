"""Text that people type, checked before it is stored."""

import json
import unicodedata
from collections.abc import Mapping
from typing import Any

from rustok.kernel import errors

LARGEST_SETTINGS = 64 * 1024


def check_line(text: str, *, field: str, longest: int = 255, required: bool = True) -> str:
    """One line in Unicode NFC without control characters, trimmed; raise `Invalid` for anything else."""
    line = unicodedata.normalize("NFC", text).strip()
    if len(line) > longest:
        raise errors.Invalid(f"{field} has {len(line)} characters; at most {longest} are allowed", field=field)
    # Cc: control characters (PostgreSQL refuses NUL); Cs: lone surrogates, which are no UTF-8.
    if any(unicodedata.category(c) in {"Cc", "Cs"} for c in line):
        raise errors.Invalid(f"{field} must be one line without control characters", field=field)
    if required and not line:
        raise errors.Invalid(f"{field} must not be empty", field=field)
    return line


def check_settings(settings: Mapping[str, Any], *, field: str = "settings") -> dict[str, Any]:
    """A JSON object of at most 64 KB that PostgreSQL can store; raise `Invalid` for anything else."""
    try:
        written = json.dumps(settings, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        raise errors.Invalid(f"{field} must be a JSON object", field=field) from None
    if not isinstance(settings, Mapping):
        raise errors.Invalid(f"{field} must be a JSON object", field=field)
    if len(written) > LARGEST_SETTINGS:
        raise errors.Invalid(f"{field} must not be larger than {LARGEST_SETTINGS} bytes", field=field)
    if "\\u0000" in written or ("\\ud" in written and _has_lone_surrogate(settings)):
        raise errors.Invalid(f"{field} holds characters that cannot be stored", field=field)
    stored: dict[str, Any] = json.loads(written)
    return stored


def _has_lone_surrogate(value: Any) -> bool:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return True
    return False
