"""What a tenant's Tantivy index holds: one document for each row, with its texts by weight and language."""

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

import msgspec
from tantivy import Document, Index, Schema, SchemaBuilder

from rustok.index import analysing
from rustok.kernel.indexing import Entity

FORMAT = 3  # of these files; another one is built anew
WEIGHTS: Mapping[str, float] = {"A": 1.0, "B": 0.4, "C": 0.2, "D": 0.1}  # as PostgreSQL's ts_rank has them
PLAIN = "plain"  # texts of weight A and B as they are, for half-typed and mistyped words
SAMPLES = (64, 16, 4)  # every so manieth row, by its id: enough of them where a word is in far more rows than are shown
SAMPLE = "sample"
SCOPE, THING, HIGH, LOW, BREVITY, DIGEST = "scope", "thing", "high", "low", "brevity", "digest"
VERSION = "version"  # of the one document that says what the index has reached
_MASK = (1 << 64) - 1


@dataclass(frozen=True)
class Row:
    """A row of the read model as far as it is searched."""

    id: UUID
    locale: str
    texts: Mapping[str, str]  # by weight

    @property
    def digest(self) -> int:
        """Changes whenever the row would be found otherwise."""
        content = msgspec.json.encode([self.locale, sorted(self.texts.items())])
        return int.from_bytes(hashlib.blake2b(content, digest_size=8).digest())


@dataclass(frozen=True)
class Shape:
    """Which entities and languages an index is for."""

    entities: Mapping[str, Entity]
    locales: tuple[str, ...]

    @property
    def fingerprint(self) -> str:
        """Changes whenever an index of another shape cannot be searched or written as one of this."""
        declared = [[name, sorted(entity.search.items())] for name, entity in sorted(self.entities.items())]
        content = msgspec.json.encode([FORMAT, declared, sorted(self.languages), sorted(self.locales)])
        return hashlib.sha256(content).hexdigest()[:12]

    @property
    def languages(self) -> set[str]:
        """Whose stemmers are needed."""
        return {analysing.language(locale) for locale in self.locales}

    @property
    def weights(self) -> list[str]:
        """The weights that some entity uses, the heaviest first."""
        used = {weight for entity in self.entities.values() for weight in entity.search.values()}
        return [weight for weight in WEIGHTS if weight in used]

    @property
    def lightest(self) -> str:
        """The weight whose field holds the words of every weight: one list says where a word is at all."""
        return self.weights[-1]

    def schema(self) -> Schema:
        """Tantivy's schema."""
        made = SchemaBuilder()
        for name in (SCOPE, THING, SAMPLE):
            made.add_text_field(name, tokenizer_name="raw", index_option="basic")
        for name in (HIGH, LOW, DIGEST):
            made.add_unsigned_field(name, fast=True)
        made.add_unsigned_field(VERSION, stored=True)
        made.add_float_field(BREVITY, fast=True)
        made.add_text_field(PLAIN, tokenizer_name=analysing.SIMPLE, index_option="basic")
        for language in sorted(self.languages):
            for weight in self.weights:
                made.add_text_field(field(language, weight), tokenizer_name=language, index_option="basic")
        return made.build()

    def open(self, path: str) -> Index:
        """The index in a folder, made if there is none."""
        index = Index(self.schema(), path)
        for language in {*self.languages, analysing.SIMPLE}:
            index.register_tokenizer(language, analysing.analyser(language))
        index.config_reader("manual")
        return index


def field(language: str, weight: str) -> str:
    """The field of a language's texts of one weight."""
    return f"{language}_{weight.lower()}"


def scope(entity: str, locale: str) -> str:
    """The term that all rows of an entity in one language share."""
    return f"{entity}|{locale}"


def thing(entity: str, identity: UUID) -> str:
    """The term that the rows of one thing in all languages share."""
    return f"{entity}|{identity.hex}"


def document(entity: str, row: Row, lightest: str) -> Document:
    """A row as Tantivy keeps it; the field of the lightest weight holds its words of every weight."""
    made = Document()
    made.add_text(SCOPE, scope(entity, row.locale))
    made.add_text(THING, thing(entity, row.id))
    for every in SAMPLES:
        if row.id.int % every == 0:
            made.add_text(SAMPLE, str(every))
    made.add_unsigned(HIGH, row.id.int >> 64)
    made.add_unsigned(LOW, row.id.int & _MASK)
    made.add_unsigned(DIGEST, row.digest)
    made.add_float(BREVITY, brevity(row))
    language = analysing.language(row.locale)
    for weight, words in row.texts.items():
        folded = analysing.folded(words)
        made.add_text(field(language, lightest), folded)
        if weight != lightest:
            made.add_text(field(language, weight), folded)
        if weight in ("A", "B"):
            made.add_text(PLAIN, folded)
    return made


def marker(version: int) -> Document:
    """The document that says which version of the read model a commit shows."""
    made = Document()
    made.add_text(THING, VERSION)
    made.add_unsigned(VERSION, version)
    return made


def brevity(row: Row) -> float:
    """What makes Tantivy multiply a score with 1 + 1 / (1 + ln(words of weight A)): a short name is the better match.

    Tantivy multiplies with log2(2 + value), where a value below zero counts as none. A trace of the id is added: which
    of many equal rows are the first ten thousand must not depend on the order in which they came to lie in the files.
    """
    words = len(row.texts.get("A", "").split())
    trace = 1 - (row.id.int >> 8 & 0xFFFF) / 2**23
    return float(2 ** (1 + trace / (1 + math.log(max(words, 1)))) - 2)
