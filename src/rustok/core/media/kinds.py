"""What a file is, decided by its bytes; its name and what the sender claims count for nothing."""

import re
from dataclasses import dataclass

from rustok.kernel import errors


class UnsupportedType(errors.Invalid):
    """The bytes are no kind of file that is accepted."""

    code = "unsupported_media_type"
    status = 415


class Unreadable(errors.Invalid):
    """The file begins like an accepted kind but cannot be read to its end."""

    code = "unreadable_file"


@dataclass(frozen=True)
class Kind:
    """A kind of file that is accepted. `pillow` is the decoder's name; other files are stored as they came."""

    mime_type: str
    ending: str
    pillow: str | None = None


JPEG = Kind("image/jpeg", "jpg", "JPEG")
PNG = Kind("image/png", "png", "PNG")
GIF = Kind("image/gif", "gif", "GIF")
WEBP = Kind("image/webp", "webp", "WEBP")
AVIF = Kind("image/avif", "avif", "AVIF")
PDF = Kind("application/pdf", "pdf")
MP4 = Kind("video/mp4", "mp4")
WEBM = Kind("video/webm", "webm")
MP3 = Kind("audio/mpeg", "mp3")

ALL = (JPEG, PNG, GIF, WEBP, AVIF, PDF, MP4, WEBM, MP3)
BY_ENDING = {kind.ending: kind for kind in ALL}

_VIDEO_BRANDS = frozenset(
    (b"isom", b"iso2", b"iso3", b"iso4", b"iso5", b"iso6", b"mp41", b"mp42", b"avc1", b"M4V ", b"M4VP", b"dash")
)
_MARKUP = re.compile(rb"^(?:\xef\xbb\xbf|\xfe\xff|\xff\xfe)?\s*<", re.DOTALL)
_MP3_RATES = (44100, 48000, 32000)
_MP3_BITRATES = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_MP3_BITRATES_2 = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)


def kind_of(data: bytes) -> Kind:
    """The kind that the bytes begin as; raises `UnsupportedType`."""
    kind = _by_signature(data)
    if kind is None:
        if _MARKUP.match(data[:256]):
            raise UnsupportedType("SVG, HTML and other markup is not accepted: it can carry scripts")
        raise UnsupportedType("not accepted: use a JPEG, PNG, WebP, GIF, AVIF, PDF, MP4, WebM or MP3 file")
    if kind is PDF and b"%%EOF" not in data[-2048:]:
        raise Unreadable("the PDF is cut off")
    return kind


def _by_signature(data: bytes) -> Kind | None:
    if data.startswith(b"\xff\xd8\xff"):
        return JPEG
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return PNG
    if data.startswith((b"GIF87a", b"GIF89a")):
        return GIF
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return WEBP
    if data[4:8] == b"ftyp":
        if data[8:12] in (b"avif", b"avis"):
            return AVIF
        return MP4 if data[8:12] in _VIDEO_BRANDS else None
    if re.match(rb"%PDF-[12]\.\d", data[:8]):
        return PDF
    if data.startswith(b"\x1a\x45\xdf\xa3") and b"\x42\x82" in data[:64] and b"webm" in data[:64]:
        return WEBM
    return MP3 if _is_mp3(data) else None


def _is_mp3(data: bytes) -> bool:
    """Two MPEG frames in a row, after an ID3 header if there is one: a single frame mark is eleven bits of chance."""
    start = 0
    if data.startswith(b"ID3") and len(data) > 10:
        a, b, c, d = data[6:10]
        start = 10 + (a << 21 | b << 14 | c << 7 | d)
        padding = 0
        while padding < 4096 and data[start : start + 1] == b"\x00":
            start, padding = start + 1, padding + 1
    length = _frame_length(data[start : start + 4])
    return length is not None and _frame_length(data[start + length : start + length + 4]) is not None


def _frame_length(header: bytes) -> int | None:
    """Bytes from this MPEG layer III frame to the next, or None where the four bytes are no frame header."""
    if len(header) < 4 or header[0] != 0xFF or header[1] & 0xE6 != 0xE2:
        return None
    version, bitrate, rate = header[1] >> 3 & 3, header[2] >> 4, header[2] >> 2 & 3
    if version == 1 or bitrate in (0, 15) or rate == 3:
        return None
    first = version == 3
    kilobits = (_MP3_BITRATES if first else _MP3_BITRATES_2)[bitrate]
    hertz = _MP3_RATES[rate] // (1 if first else 2 if version == 2 else 4)
    return (144 if first else 72) * kilobits * 1000 // hertz + (header[2] >> 1 & 1)
