"""What files are called: by people, and on storage."""

import re
import unicodedata
from uuid import UUID

from rustok.kernel import errors

LONGEST_ALT_TEXT = 1000
_CONTROL = re.compile(r"[\x00-\x1f\x7f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")


def clean_name(name: str) -> str:
    """The last part of a path as a file name: no control or direction characters, at most 255 characters."""
    last = re.split(r"[/\\]", name.rstrip("/\\"))[-1]
    cleaned = _CONTROL.sub("", unicodedata.normalize("NFC", last.encode("utf-8", "replace").decode())).strip(" .")
    if len(cleaned) > 255:
        stem, dot, ending = cleaned.rpartition(".")
        cleaned = f"{stem[: 254 - len(ending)]}{dot}{ending}" if dot and len(ending) <= 10 else cleaned[:255]
    return cleaned or "file"


def with_ending(name: str, ending: str) -> str:
    """The name with the ending that its content deserves."""
    stem = name.rpartition(".")[0] or name
    return f"{stem[: 254 - len(ending)]}.{ending}"


def clean_alt_text(alt_text: str | None) -> str | None:
    """The alternative text in one line without control characters, cut at 1,000 characters; None when empty."""
    if alt_text is None:
        return None
    line = _CONTROL.sub(" ", alt_text.encode("utf-8", "replace").decode())
    return " ".join(line.split())[:LONGEST_ALT_TEXT] or None


def check_alt_text(alt_text: str | None) -> str | None:
    """As `clean_alt_text`, but refuse what is too long: a person typed it and should know."""
    if alt_text is not None and len(alt_text) > LONGEST_ALT_TEXT:
        raise errors.Invalid(f"an alternative text has at most {LONGEST_ALT_TEXT} characters", field="alt_text")
    return clean_alt_text(alt_text)


def storage_folder(tenant_id: UUID, media_id: UUID) -> str:
    """`<tenant>/<xx>/<id>`: the tenant first, so that a host can be held to its own; `xx` keeps folders small."""
    return f"{tenant_id.hex}/{media_id.hex[-2:]}/{media_id.hex}"
