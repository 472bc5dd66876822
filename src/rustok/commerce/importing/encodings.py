"""Guess how a stranger's text file is encoded, and refuse what is no text."""

import codecs
import re
from pathlib import Path

from rustok.kernel.importing import NotImportable

SAMPLE = 256 * 1024
MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
OTHER_FILES = (
    (b"PK\x03\x04", "an Excel workbook or a zip archive; save it as CSV first"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook; save it as CSV first"),
    (b"%PDF", "a PDF document"),
    (b"\x1f\x8b", "compressed; unpack it first"),
    (b"BZh", "compressed; unpack it first"),
    (b"\xfd7zXZ", "compressed; unpack it first"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
    (b"SQLite format", "a database"),
)
_CONTROL = re.compile(rb"[\x01-\x08\x0b\x0e-\x19\x1c-\x1f\x7f]")
_HIGH = re.compile(rb"[\x80-\xff]+")


def detect(path: Path, *, kind: str) -> str:
    """The name of the codec to read `path` with. Raises NotImportable when it is no text."""
    try:
        with path.open("rb") as stream:
            sample = stream.read(SAMPLE)
    except OSError as error:
        raise NotImportable(f"{path.name} cannot be read: {error.strerror or error}") from error
    for mark, codec in MARKS:
        if sample.startswith(mark):
            return codec
    for start, what in OTHER_FILES:
        if sample.startswith(start):
            raise NotImportable(f"{path.name} is no {kind}: it is {what}")
    zeros = sample.count(0)
    if zeros * 4 >= len(sample):
        return _without_mark(path, sample, kind=kind)
    if zeros * 20 > len(sample) or len(_CONTROL.findall(sample)) * 50 > len(sample) + 200:
        raise NotImportable(f"{path.name} is no {kind}: it is a binary file")
    return "utf-8" if _is_utf8(path) else _eight_bit(sample)


def _without_mark(path: Path, sample: bytes, *, kind: str) -> str:
    """UTF-16 whose mark was lost shows zeros on one side of its pairs only."""
    low, high = sample[0::2].count(0), sample[1::2].count(0)
    if max(low, high) > 20 * min(low, high) and max(low, high) * 4 > len(sample):
        return "utf-16-le" if high > low else "utf-16-be"
    raise NotImportable(f"{path.name} is no {kind}: it is a binary file")


def _is_utf8(path: Path) -> bool:
    """Whether the whole file is UTF-8, a few broken letters allowed."""
    decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
    broken = good = 0
    with path.open("rb") as stream:
        while chunk := stream.read(1 << 20):
            if chunk.isascii():
                decoder.reset()
                continue
            text = decoder.decode(chunk)
            wrong = text.count("\ufffd")
            broken += wrong
            good += sum(map(len, re.findall(r"[^\x00-\x7f]+", text))) - wrong
    return broken * 4 <= good


def _eight_bit(sample: bytes) -> str:
    """Cyrillic letters stand in long runs of high bytes, accented Latin ones alone among ASCII letters."""
    runs = _HIGH.findall(sample)
    long = sum(len(run) for run in runs if len(run) > 2)
    if runs and long * 2 > sum(map(len, runs)):
        return "cp1251"
    return "cp1252"
