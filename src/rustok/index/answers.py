"""Answers that are kept: bytes for a question, true for one version of the tenant's read model, within a bound."""

import gzip
import hashlib
from collections import OrderedDict
from dataclasses import dataclass

import msgspec

from rustok.kernel.context import TenantInfo

LARGEST = 1_000_000  # bytes of one answer
COMPRESSED_FROM = 1_000  # bytes; below that compressing costs more than it saves
_OVERHEAD = 600  # bytes of everything around a body


@dataclass(slots=True)
class Kept:
    """One answer. Without a body it was never given, or has been dropped."""

    version: int = -1
    body: bytes | None = None
    zipped: bytes | None = None
    etag: bytes = b""

    @property
    def size(self) -> int:
        """Bytes that it takes."""
        return len(self.body or b"") + len(self.zipped or b"") + _OVERHEAD


class Answers:
    """The answers of one process, the ones used last."""

    def __init__(self, most_bytes: int) -> None:
        self.most_bytes = most_bytes
        self.bytes = 0
        self._kept: OrderedDict[bytes, Kept] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    def find(self, key: bytes) -> Kept | None:
        """What is kept for a question, of whatever version."""
        found = self._kept.get(key)
        if found is not None:
            self._kept.move_to_end(key)
        return found

    def keep(self, key: bytes, version: int, body: bytes, etag: bytes) -> Kept:
        """Keep an answer, and drop the ones that nobody asked for the longest."""
        made = Kept(version, body, None, etag)
        known = self._kept.get(key)
        if known is not None and known.version > version:
            return made  # a slower reader comes back with what was true before
        if len(body) > LARGEST or self.most_bytes <= 0:
            return made
        if known is not None:
            self.bytes -= self._kept.pop(key).size
        self._kept[key] = made
        self.bytes += made.size
        self._shrink()
        return made

    def zipped(self, key: bytes, kept: Kept) -> bytes:
        """The body compressed, once."""
        if kept.zipped is None:
            zipped = compressed(kept.body or b"")
            if self._kept.get(key) is kept:
                self.bytes += len(zipped)
                kept.zipped = zipped
                self._shrink()
            return zipped
        return kept.zipped

    def _shrink(self) -> None:
        while self.bytes > self.most_bytes and self._kept:
            self.bytes -= self._kept.popitem(last=False)[1].size


def key_of(tenant: TenantInfo, *parts: object) -> bytes:
    """What an answer is kept under: a digest of all that decides about it, the same in every process. Whoever asks
    chooses the length of a question; a key of that length would not be counted."""
    digest = hashlib.blake2b(msgspec.json.encode(tenant, order="deterministic"), digest_size=24)
    digest.update(repr(parts).encode())
    return digest.digest()


def compressed(body: bytes) -> bytes:
    """As `Content-Encoding: gzip` has it."""
    return gzip.compress(body, compresslevel=5, mtime=0)
