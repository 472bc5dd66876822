"""A query becomes places, each with the words that may stand there: what was typed, and the tenant's synonyms of it."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import msgspec

from rustok.index import analysing
from rustok.index.languages import MOST_WORDS
from rustok.kernel import synonyms

MOST_ALTERNATIVES = 20  # of one place

Stems = tuple[str, ...]
Known = Mapping[Stems, tuple[str, ...]]


def places(settings: Mapping[str, Any], locale: str, query: str) -> list[list[str]] | None:
    """The places of a query, what was typed first in each; None where no synonym is among it."""
    known = _known_of(settings, locale)
    if not known:
        return None
    typed = query.split()[:MOST_WORDS]
    stems = [_stems(word, locale) for word in typed]
    longest = max(len(key) for key in known)
    found: list[list[str]] = []
    at, expanded = 0, False
    while at < len(typed):
        taken, others = _longest(known, stems, at, longest)
        phrase = " ".join(typed[at : at + taken])
        found.append([phrase, *(other for other in others if other.lower() != phrase.lower())][:MOST_ALTERNATIVES])
        expanded = expanded or len(found[-1]) > 1
        at += taken
    return found if expanded else None


def _longest(known: Known, stems: Sequence[Stems], at: int, longest: int) -> tuple[int, tuple[str, ...]]:
    """How many typed words from here are a phrase that has synonyms, and these."""
    best: tuple[int, tuple[str, ...]] = (1, ())
    key: Stems = ()
    for taken, word in enumerate(stems[at:], start=1):
        key += word
        if len(key) > longest:
            break
        if key and (others := known.get(key)):
            best = taken, others
    return best


def _known_of(settings: Mapping[str, Any], locale: str) -> Known:
    search = settings.get("search")
    listed = search.get("synonyms") if isinstance(search, Mapping) else None
    return _known(msgspec.json.encode(listed), locale) if listed else {}


@lru_cache(maxsize=256)
def _known(listed: bytes, locale: str) -> Known:
    """Synonyms by the stems of what they are synonyms of. Made from the settings alone, so that a change of them holds
    with the next query."""
    found: dict[Stems, dict[str, None]] = {}
    for group in synonyms.groups({"search": {"synonyms": msgspec.json.decode(listed)}}, locale):
        for word in group.words:
            if key := _stems(word, locale):
                found.setdefault(key, {}).update(dict.fromkeys(group.finds))
    return {key: tuple(others) for key, others in found.items()}


def _stems(text: str, locale: str) -> Stems:
    return tuple(analysing.stems(text, analysing.language(locale), stopping=False))
