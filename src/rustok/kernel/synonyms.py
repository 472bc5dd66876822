"""A tenant's synonyms, as its settings hold them under `search.synonyms`: checked when written, read when searching.

    {"search": {"synonyms": [["sofa", "couch"], "laptop => notebook, ultrabook"]}}
    {"search": {"synonyms": {"en": [["t-shirt", "tee"]], "ru": [["диван", "софа"]], "*": [["tv", "television"]]}}}

A group's words or phrases find each other; what stands left of an arrow also finds what stands right of it.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from rustok.kernel import errors

MOST_GROUPS = 1_000  # of one language
MOST_TERMS = 20  # of a group
LONGEST_TERM = 60  # characters
MOST_WORDS = 5  # of a term
EVERY_LANGUAGE = "*"
ARROW = "=>"
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*")


class InvalidSynonyms(errors.Invalid):
    """The synonyms in a tenant's settings cannot be read; the field names the place."""

    code = "invalid_synonyms"


@dataclass(frozen=True)
class Group:
    """Each of `words` also finds each of `finds`."""

    words: tuple[str, ...]
    finds: tuple[str, ...]


def check(settings: Mapping[str, Any], *, field: str = "settings") -> None:
    """Raise `InvalidSynonyms`, which names the place, for synonyms that are not of a form shown above."""
    search = settings.get("search")
    if search is None:
        return
    path = (field, "search")
    if not isinstance(search, Mapping):
        raise InvalidSynonyms("must be an object", field=path)
    for language, listed, where in _listed(search.get("synonyms"), (*path, "synonyms")):
        if language != EVERY_LANGUAGE and not _LANGUAGE.fullmatch(language):
            raise InvalidSynonyms(f"{language[:40]!r} is no language; * means every one", field=where)
        if not isinstance(listed, list):
            raise InvalidSynonyms("must be a list of groups", field=where)
        if len(listed) > MOST_GROUPS:
            raise InvalidSynonyms(f"has {len(listed)} groups; at most {MOST_GROUPS} are allowed", field=where)
        for place, entry in enumerate(listed):
            _group(entry, (*where, str(place)))


def groups(settings: Mapping[str, Any], locale: str) -> Sequence[Group]:
    """The groups that hold in a language: those of every language, of `en`, and of `en-GB`."""
    search = settings.get("search")
    if not isinstance(search, Mapping) or not search.get("synonyms"):
        return ()
    wanted = {EVERY_LANGUAGE, locale, locale.split("-")[0]}
    found = []
    for language, listed, where in _listed(search["synonyms"], ("search", "synonyms")):
        if language in wanted and isinstance(listed, list):
            for place, entry in enumerate(listed):
                try:
                    found.append(_group(entry, (*where, str(place))))
                except InvalidSynonyms:
                    continue  # written before it was checked, or behind our back: the rest still holds
    return found


def fingerprint(settings: Mapping[str, Any]) -> str:
    """Changes whenever a search may be answered otherwise; empty without synonyms. Cached answers are keyed by it."""
    search = settings.get("search")
    if not isinstance(search, Mapping) or not search.get("synonyms"):
        return ""
    return hashlib.sha256(msgspec.json.encode(search["synonyms"])).hexdigest()[:16]


def _listed(synonyms: Any, path: tuple[str, ...]) -> list[tuple[str, Any, tuple[str, ...]]]:
    if synonyms is None:
        return []
    if isinstance(synonyms, Mapping):
        return [(str(language), listed, (*path, str(language))) for language, listed in synonyms.items()]
    if isinstance(synonyms, list):
        return [(EVERY_LANGUAGE, synonyms, path)]
    raise InvalidSynonyms("must be a list of groups, or an object of such lists by language", field=path)


def _group(entry: Any, path: tuple[str, ...]) -> Group:
    if isinstance(entry, str):
        words, arrow, finds = entry.partition(ARROW)
        if not arrow:
            raise InvalidSynonyms(f"must be a list of words, or a text such as 'laptop {ARROW} notebook'", field=path)
        return Group(_terms(words.split(","), path, least=1), _terms(finds.split(","), path, least=1))
    if not isinstance(entry, list):
        raise InvalidSynonyms("must be a list of words and phrases", field=path)
    terms = _terms(entry, path, least=2)
    return Group(terms, terms)


def _terms(entries: Sequence[Any], path: tuple[str, ...], *, least: int) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for entry in entries:
        if not isinstance(entry, str):
            raise InvalidSynonyms("holds something that is no text", field=path)
        term = " ".join(entry.split())
        if not any(c.isalnum() for c in term):
            raise InvalidSynonyms(f"{term[:LONGEST_TERM]!r} holds no word", field=path)
        if len(term) > LONGEST_TERM or len(term.split()) > MOST_WORDS:
            raise InvalidSynonyms(
                f"{term[:LONGEST_TERM]!r} is longer than {LONGEST_TERM} characters or {MOST_WORDS} words", field=path
            )
        found[term] = None
    if not least <= len(found) <= MOST_TERMS:
        raise InvalidSynonyms(f"needs {least} to {MOST_TERMS} different words or phrases", field=path)
    return tuple(found)
