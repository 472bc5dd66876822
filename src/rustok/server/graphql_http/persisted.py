"""Persisted documents: sent once and then known by their hash, or written down beforehand and trusted.

An automatic one is sent with its hash the first time (Apollo's protocol); this process then knows it, and another one
asks for it again. Trusted ones stand in a file that the front end's build writes: `{"<sha256>": "query …", …}`, or a
list of such texts. With `only_trusted` nothing else is run, so that nobody can ask what our own pages do not.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from rustok.kernel.settings import BadSetting
from rustok.server.graphql_http.params import Params

MOST = 5_000
MOST_CHARACTERS = 20_000_000  # of all automatic documents together


class NotPersisted(Exception):
    """The document cannot be used; `shown` is the error, with the code that clients look for."""

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        self.shown = {"message": message, "extensions": {"code": code}}


@dataclass
class Persisted:
    """The documents that are known by their hash."""

    trusted: Mapping[str, str] = field(default_factory=dict)
    only_trusted: bool = False
    _automatic: OrderedDict[str, str] = field(default_factory=OrderedDict)
    _characters: int = 0

    @classmethod
    def read(cls, path: Path | None, *, only_trusted: bool) -> "Persisted":
        """From the file of trusted documents, if there is one; raises `BadSetting`."""
        if path is None:
            if only_trusted:
                raise BadSetting(
                    "RUSTOK_ONLY_TRUSTED_DOCUMENTS needs RUSTOK_TRUSTED_DOCUMENTS, the file that holds them"
                )
            return cls()
        try:
            found = msgspec.json.decode(path.read_bytes(), type=dict[str, str] | list[str])
        except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
            raise BadSetting(f"RUSTOK_TRUSTED_DOCUMENTS cannot be read: {error}") from error
        if isinstance(found, list):
            return cls({hash_of(text): text for text in found}, only_trusted)
        trusted = {}
        for key, text in found.items():
            named = key.removeprefix("sha256:").lower()
            if named != hash_of(text):
                raise BadSetting(f"RUSTOK_TRUSTED_DOCUMENTS: {key[:80]} is not the SHA-256 of its document")
            trusted[named] = text
        return cls(trusted, only_trusted)

    def document(self, params: Params) -> str:
        """The text of the document that is asked for; raises `NotPersisted`."""
        if params.document_hash is None:
            if self.only_trusted and hash_of(params.query) not in self.trusted:
                raise NotPersisted("only trusted documents are answered here", "DOCUMENT_NOT_TRUSTED")
            return params.query
        if params.query and hash_of(params.query) != params.document_hash:
            raise NotPersisted("the hash is not that of the query", "PERSISTED_QUERY_HASH_MISMATCH")
        trusted = self.trusted.get(params.document_hash)
        if trusted is not None:
            return trusted
        if self.only_trusted:
            raise NotPersisted("only trusted documents are answered here", "DOCUMENT_NOT_TRUSTED")
        if not params.query:
            known = self._automatic.get(params.document_hash)
            if known is None:
                raise NotPersisted("PersistedQueryNotFound", "PERSISTED_QUERY_NOT_FOUND")
            self._automatic.move_to_end(params.document_hash)
            return known
        self._remember(params.document_hash, params.query)
        return params.query

    def _remember(self, key: str, text: str) -> None:
        if key in self._automatic:
            return
        self._automatic[key] = text
        self._characters += len(text)
        while len(self._automatic) > MOST or self._characters > MOST_CHARACTERS:
            self._characters -= len(self._automatic.popitem(last=False)[1])


def hash_of(text: str) -> str:
    """The SHA-256 of a document in hexadecimal."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
