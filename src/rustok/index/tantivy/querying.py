"""Queries of Tantivy: every place filled, the last word perhaps half-typed, slips of the keys where little is found.

A score is made of the weights of the fields that hold the words and of the length of the row's name, and of nothing
else: were it to depend on how often words occur in all rows, every write would move the places that cursors stand for.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass

from tantivy import Occur, Query, Schema, Searcher

from rustok.index import analysing, expanding
from rustok.index.languages import MOST_WORDS
from rustok.index.tantivy import shape

FEW = 3  # hits, below which a slip of the keys is supposed
ALIKE = 100  # rows found by slips of the keys
LONGEST_ALIKE = 40  # letters of a word that may be mistyped: an automaton is made for it
SURE = 1_000  # ranks from here are of words as they were typed
SCALE = 1_000_000
_NEAR, _FAR = 0.8, 0.6  # likeness of a word with one slip and with two
_LONG = 6  # letters of a word that may have two slips
_HALF = 0.3  # weight of a word that only begins as was typed


@dataclass(frozen=True)
class Found:
    """Ids as halves and ranks, in one order."""

    high: Sequence[int]
    low: Sequence[int]
    ranks: Sequence[int]

    @property
    def ids(self) -> str:
        """As a literal of uuid[]."""
        pairs: list[int] = [0] * (2 * len(self.high))
        pairs[::2], pairs[1::2] = self.high, self.low
        packed = struct.pack(f">{len(pairs)}Q", *pairs)
        return "{" + packed.hex(",", 16) + "}" if packed else "{}"

    @property
    def listed_ranks(self) -> str:
        """As a literal of bigint[]."""
        return "{" + ",".join(map(str, self.ranks)) + "}"


@dataclass(frozen=True)
class Asked:
    """One search: the words at each place, in one entity and language."""

    schema: Schema
    weights: Sequence[str]
    entity: str
    locale: str
    places: Sequence[Sequence[str]]

    def run(self, searcher: Searcher, most: int) -> Found:
        """At most `most` rows; never one of another entity or language."""
        exact = self._exact()
        found = _none() if exact is None else self._collect(searcher, exact, most, shape.BREVITY)
        if len(found.high) >= FEW:
            return found
        alike = self._alike(far=not found.high)
        if alike is None:
            return found
        return _joined(found, self._collect(searcher, alike, ALIKE, None))

    def _collect(self, searcher: Searcher, query: Query, most: int, weighed: str | None) -> Found:
        scoped = Query.boolean_query(
            [
                (Occur.Must, query),
                (Occur.Must, _const(Query.term_query(self.schema, shape.SCOPE, self._scope), 0.0)),
            ]
        )
        hits = searcher.search(scoped, most, count=False, weight_by_field=weighed).hits
        places = [address for _, address in hits]
        high = searcher.fast_field_values(shape.HIGH, places)
        low = searcher.fast_field_values(shape.LOW, places)
        if weighed:
            ranks = [SURE + int(score * SCALE) for score, _ in hits]
        else:
            ranks = [min(SURE - 1, int(SURE * score / max(len(self.places), 1))) for score, _ in hits]
        return Found(high, low, ranks)  # type: ignore[arg-type]  # both are unsigned and never missing

    @property
    def _scope(self) -> str:
        return shape.scope(self.entity, self.locale)

    def _exact(self) -> Query | None:
        """Every place filled; stop words are skipped, unless there is nothing else."""
        wanted: list[Query] = []
        for place, phrases in enumerate(self.places):
            is_last = place == len(self.places) - 1
            found = [
                query
                for choice, phrase in enumerate(phrases)
                if (query := self._phrase(phrase, half=is_last and choice == 0, alone=not wanted)) is not None
            ]
            if found:
                wanted.append(_best(found))
        return _all(wanted)

    def _phrase(self, phrase: str, *, half: bool, alone: bool) -> Query | None:
        typed = phrase.split()[:MOST_WORDS]
        wanted: list[Query] = []
        for at, word in enumerate(typed):
            is_half = half and at == len(typed) - 1
            if (query := self._word(word, half=is_half, alone=alone and not wanted)) is not None:
                wanted.append(query)
        return _all(wanted)

    def _word(self, word: str, *, half: bool, alone: bool) -> Query | None:
        language = analysing.language(self.locale)
        stems, plain = analysing.stems(word, language), analysing.words(word)
        if not stems and not (plain and half and alone):
            return None
        choices: list[Query] = []
        if stems:
            found = [
                _best(
                    [
                        _const(
                            Query.term_query(self.schema, shape.field(language, weight), stem), shape.WEIGHTS[weight]
                        )
                        for weight in self.weights
                    ]
                )
                for stem in stems
            ]
            choices.append(_whole(found))
        if half and plain and word[-1:].isalnum():
            *whole, begun = plain
            terms = [Query.term_query(self.schema, shape.PLAIN, one) for one in whole]
            # A word of the query holds letters and digits only, so it means itself as an expression too.
            terms.append(Query.regex_query(self.schema, shape.PLAIN, f"{begun}.*"))
            choices.append(_const(_whole(terms), _HALF))
        return _best(choices) if choices else None

    def _alike(self, *, far: bool) -> Query | None:
        """Every word of more than two letters with a slip or two; a synonym is not supposed to be mistyped."""
        words = dict.fromkeys(w for phrases in self.places for w in analysing.words(phrases[0]) if len(w) > 2)
        if len(words) > MOST_WORDS or any(len(word) > LONGEST_ALIKE for word in words):
            return None
        return _all([self._slips(word, far=far) for word in words])

    def _slips(self, word: str, *, far: bool) -> Query:
        found = [(1, _NEAR)] if not far or len(word) < _LONG else [(1, _NEAR), (2, _FAR)]
        return _best(
            [
                _const(Query.fuzzy_term_query(self.schema, shape.PLAIN, word, slips, True, False), likeness)
                for slips, likeness in found
            ]
        )


def ask(schema: Schema, weights: Sequence[str], entity: str, locale: str, query: str, synonyms: object) -> Asked:
    """A checked query with the synonyms of the tenant's settings."""
    settings = synonyms if isinstance(synonyms, dict) else {}
    places = expanding.places(settings, locale, query) or [[word] for word in query.split()[:MOST_WORDS]]
    return Asked(schema, weights, entity, locale, places)


def _none() -> Found:
    return Found((), (), ())


def _joined(sure: Found, alike: Found) -> Found:
    """Both, the sure ones first and none twice."""
    known = set(zip(sure.high, sure.low, strict=True))
    more = [
        (high, low, rank)
        for high, low, rank in zip(alike.high, alike.low, alike.ranks, strict=True)
        if (high, low) not in known
    ]
    return Found(
        [*sure.high, *(one[0] for one in more)],
        [*sure.low, *(one[1] for one in more)],
        [*sure.ranks, *(one[2] for one in more)],
    )


def _const(query: Query, score: float) -> Query:
    return Query.const_score_query(query, score)


def _best(queries: Sequence[Query]) -> Query:
    return queries[0] if len(queries) == 1 else Query.disjunction_max_query(queries)


def _whole(queries: Sequence[Query]) -> Query:
    return queries[0] if len(queries) == 1 else Query.boolean_query([(Occur.Must, query) for query in queries])


def _all(queries: Sequence[Query]) -> Query | None:
    return _whole(queries) if queries else None
