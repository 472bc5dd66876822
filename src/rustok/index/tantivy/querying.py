"""Queries of Tantivy: every place filled, the last word perhaps half-typed, slips of the keys where little is found.

A score is made of the weights of the fields that hold the words and of the length of the row's name, and of nothing
else: were it to depend on how often words occur in all rows, every write would move the places that cursors stand for.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from tantivy import Occur, Query, Schema, Searcher

from rustok.index import analysing, expanding
from rustok.index.languages import MOST_WORDS
from rustok.index.tantivy import shape

BEST = 200  # rows that are looked for by their names where words are in very many
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
        found = _none() if exact is None else self._found(searcher, exact, most)
        if len(found.high) >= FEW:
            return found
        alike = self._alike(far=not found.high)
        if alike is None:
            return found
        return _joined(self._collect(searcher, alike, ALIKE, None), found)

    def _found(self, searcher: Searcher, exact: Query, most: int) -> Found:
        """Where words are in far more rows than are wanted, a part of the rows is enough, and the best names beside."""
        often = self._often(searcher)
        for every in (*shape.SAMPLES, 1):
            # A word that is so common as it stands is not looked at as the beginning of others: it is quicker so.
            if often < 1.2 * most * every or (complete := self._exact(half=False)) is None:
                continue
            part = [_const(Query.term_query(self.schema, shape.SAMPLE, str(every)), 0.0)] if every > 1 else []
            found = self._collect(searcher, _whole([complete, *part]), most, shape.BREVITY)
            if len(found.high) >= most:
                return _joined(self._named(searcher, complete), found) if part else found
        return self._collect(searcher, exact, most, shape.BREVITY)

    def _often(self, searcher: Searcher) -> int:
        """How many rows may have all the words: as many as have the rarest of them."""
        language = analysing.language(self.locale)
        found = [
            searcher.doc_freq(shape.field(language, self.weights[-1]), stem)
            for phrases in self.places
            for stem in analysing.stems(phrases[0], language)
        ]
        return min(found, default=0)

    def _named(self, searcher: Searcher, exact: Query) -> Found:
        """The rows whose names the words make up most of, which Tantivy finds without looking at all that have them."""
        language = analysing.language(self.locale)
        stems = [stem for phrases in self.places for stem in analysing.stems(phrases[0], language)]
        name = shape.field(language, self.weights[0])
        wanted = [Query.term_query(self.schema, name, stem) for stem in stems]
        scoped = Query.term_query(self.schema, shape.SCOPE, self._scope)
        hits = searcher.search(_whole([*wanted, _const(scoped, 0.0)]), BEST, count=False).hits
        places = [address for _, address in hits]
        things = [
            shape.thing(self.entity, UUID(int=int(high or 0) << 64 | int(low or 0)))
            for high, low in zip(
                searcher.fast_field_values(shape.HIGH, places),
                searcher.fast_field_values(shape.LOW, places),
                strict=True,
            )
        ]
        if not things:
            return _none()
        these = Query.term_set_query(self.schema, shape.THING, things)
        return self._collect(searcher, _whole([exact, _const(these, 0.0)]), BEST, shape.BREVITY)

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

    def _exact(self, *, half: bool = True) -> Query | None:
        """Every place filled, the last by half a word too; stop words are skipped, unless there is nothing else."""
        wanted: list[Query] = []
        for place, phrases in enumerate(self.places):
            is_last = place == len(self.places) - 1
            found = [
                query
                for choice, phrase in enumerate(phrases)
                if (query := self._phrase(phrase, half=half and is_last and choice == 0, alone=not wanted)) is not None
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
            choices.append(_whole([self._stem(language, stem) for stem in stems]))
        if half and plain and word[-1:].isalnum():
            *whole, begun = plain
            terms = [Query.term_query(self.schema, shape.PLAIN, one) for one in whole]
            # A word of the query holds letters and digits only, so it means itself as an expression too.
            terms.append(Query.regex_query(self.schema, shape.PLAIN, f"{begun}.*"))
            choices.append(_const(_whole(terms), _HALF))
        return _best(choices) if choices else None

    def _stem(self, language: str, stem: str) -> Query:
        """Where a word is at all, and more of a score where it is in a field that weighs more."""
        *heavier, lightest = self.weights
        least = shape.WEIGHTS[lightest]
        anywhere = _const(Query.term_query(self.schema, shape.field(language, lightest), stem), least)
        if not heavier:
            return anywhere
        better = [
            _const(Query.term_query(self.schema, shape.field(language, weight), stem), shape.WEIGHTS[weight] - least)
            for weight in heavier
        ]
        return Query.boolean_query([(Occur.Must, anywhere), (Occur.Should, _best(better))])

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


def _joined(few: Found, many: Found) -> Found:
    """Both, none twice: what both have is taken from the second."""
    known = set(many.low)  # the random half of an id
    more = [place for place, low in enumerate(few.low) if low not in known]
    return Found(
        [*(few.high[place] for place in more), *many.high],
        [*(few.low[place] for place in more), *many.low],
        [*(few.ranks[place] for place in more), *many.ranks],
    )


def _const(query: Query, score: float) -> Query:
    return Query.const_score_query(query, score)


def _best(queries: Sequence[Query]) -> Query:
    return queries[0] if len(queries) == 1 else Query.disjunction_max_query(queries)


def _whole(queries: Sequence[Query]) -> Query:
    return queries[0] if len(queries) == 1 else Query.boolean_query([(Occur.Must, query) for query in queries])


def _all(queries: Sequence[Query]) -> Query | None:
    return _whole(queries) if queries else None
