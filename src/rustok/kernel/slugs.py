"""Slugs and handles: the part of an address that names a thing."""

import re
import unicodedata
from collections.abc import Container

from rustok.kernel import errors

LONGEST = 255
_NOT_WORD = re.compile(r"[\W_]+")


class InvalidSlug(errors.Invalid):
    """The text cannot stand in an address."""

    code = "invalid_slug"


def slugify(text: str, *, fallback: str = "item") -> str:
    """Lower-case letters and digits of any script, joined by hyphens; at most 200 characters, never empty."""
    folded = unicodedata.normalize("NFKC", text).casefold().replace("'", "").replace("’", "")
    decomposed = "".join(
        c for c in unicodedata.normalize("NFD", folded) if not ("\u0300" <= c <= "\u036f" and c != "\u0306")
    )
    joined = _NOT_WORD.sub("-", unicodedata.normalize("NFC", decomposed)).strip("-")
    return joined[:200].strip("-") or fallback


def check_slug(text: str, *, field: str = "slug") -> str:
    """Return the slug as it is stored; raise `InvalidSlug` when it is empty, too long or holds other characters."""
    slug = unicodedata.normalize("NFC", text.strip()).lower()
    if not slug:
        raise InvalidSlug(f"{field} must not be empty", field=field)
    if len(slug) > LONGEST:
        raise InvalidSlug(f"{field} has {len(slug)} characters; at most {LONGEST} are allowed", field=field)
    if slug in {".", ".."} or re.search(r"[^\w.~-]", slug):
        raise InvalidSlug(f"{field} may hold letters, digits, '-', '_', '.' and '~' only", field=field)
    return slug


def unique(slug: str, taken: Container[str]) -> str:
    """Return the slug, or the first of `slug-2`, `slug-3`, … that is not taken."""
    candidate, number = slug, 2
    while candidate in taken:
        suffix = f"-{number}"
        candidate, number = slug[: LONGEST - len(suffix)] + suffix, number + 1
    return candidate
