"""Cut a WXR file into its elements without trusting the whole of it: one broken item never spoils the others.

Each element is parsed alone, by a parser that resolves no entities and sees no document type. So a file that is cut
off, holds forbidden characters or is malformed in one place still gives everything else, with line numbers.
"""

import codecs
import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rustok.kernel.importing import NotImportable
from rustok.kernel.late import Late

if TYPE_CHECKING:
    from lxml import etree
else:
    etree = Late("lxml.etree")

LARGEST_ELEMENT = 64 * 1024 * 1024
PIECE = 1 << 17
ELEMENTS = ("item", "wp:author", "wp:category", "wp:tag", "wp:term")
_TOKEN = re.compile(r"<!\[CDATA\[|\]\]>|<(/?)(item|wp:author|wp:category|wp:tag|wp:term)(\s[^<>]*)?>|<!--|-->")
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_FORBIDDEN_REFERENCE = re.compile(r"&#(?:x0*(?:[0-8bcefBCEF]|1[0-9a-fA-F])|0*(?:[0-8]|1[1245-9]|2[0-9]|3[01]));")
_ENTITY = re.compile(r"&(?!#[0-9]+;|#x[0-9a-fA-F]+;|(?:amp|lt|gt|quot|apos);)(?:([a-zA-Z][a-zA-Z0-9]{1,30});)?")
_PREFIX = re.compile(r"xmlns:([a-zA-Z][\w.-]*)\s*=\s*[\"']([^\"'<>&]*)[\"']")
_DECLARED = re.compile(rb"<\?xml[^>]*encoding\s*=\s*[\"']([A-Za-z0-9._-]+)[\"']")
_PREFIXES = ("wp", "content", "excerpt", "dc", "wfw", "itunes", "media", "atom", "sy", "georss", "slash")


@dataclass(frozen=True, slots=True)
class Chunk:
    """The text of one element and the line it starts at; the file ended inside it if it is not complete."""

    name: str
    line: int
    text: str
    complete: bool = True


class Malformed(Exception):
    """One element that is no XML, with the reason."""


class Scan:
    """One reading of the file: the head before the first element, then the elements one by one."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.head = ""
        self.ended_well = False
        self._roots = ""

    def __iter__(self) -> Iterator[Chunk]:
        buffer, line, at = "", 1, 0
        inside: tuple[str, int] | None = None
        cdata = comment = False
        head_done = False
        for piece in _pieces(self.path):
            buffer += piece
            while True:
                # The last letters may be the beginning of a token: they wait for the next piece.
                found = _TOKEN.search(buffer, at)
                if found is None:
                    at = max(at, len(buffer) - 200)
                    break
                at = found.end()
                text = found[0]
                if cdata:
                    cdata = text != "]]>"
                elif comment:
                    comment = text != "-->"
                elif text == "<![CDATA[":
                    cdata = True
                elif text == "<!--":
                    comment = True
                elif found[2] and not found[1] and inside is None:
                    if not head_done:
                        self._understand_head(buffer[: found.start()])
                        head_done = True
                    line += buffer.count("\n", 0, found.start())
                    buffer = buffer[found.start() :]
                    at = len(text)
                    if not text.endswith("/>"):
                        inside = (found[2], line)
                elif found[2] and found[1] and inside is not None and found[2] == inside[0]:
                    yield Chunk(inside[0], inside[1], buffer[:at])
                    line += buffer.count("\n", 0, at)
                    buffer, at, inside = buffer[at:], 0, None
            if inside is None and head_done and at > 0:
                line += buffer.count("\n", 0, at)
                buffer, at = buffer[at:], 0
            elif len(buffer) > LARGEST_ELEMENT:
                if not head_done:
                    raise NotImportable(f"{self.path.name} is no WordPress export")
                name, start = inside or ("item", line)
                yield Chunk(name, start, "", complete=False)
                line += buffer.count("\n")
                buffer, at, inside, cdata, comment = "", 0, None, False, False
        if not head_done:
            self._understand_head(buffer)
        self.ended_well = inside is None and not cdata and "</rss>" in (buffer if head_done else self.head)
        if inside is not None:
            yield Chunk(inside[0], inside[1], buffer, complete=False)

    def _understand_head(self, head: str) -> None:
        self.head = head
        without_comments = re.sub(r"<!--.*?(?:-->|\Z)", "", head, flags=re.DOTALL)
        name = self.path.name
        if not without_comments.strip():
            raise NotImportable(f"{name} is empty")
        if re.search(r"<!ENTITY", without_comments, re.IGNORECASE):
            raise NotImportable(f"{name} declares XML entities, which no WordPress export does; it is refused")
        start = without_comments.lstrip("\ufeff \t\r\n")
        if re.match(r"(?:<!doctype html|<html)", start, re.IGNORECASE):
            raise NotImportable(f"{name} is no WordPress export: it is a web page")
        if not start.startswith("<"):
            raise NotImportable(f"{name} is no WordPress export: it is not XML")
        if not re.search(r"<(?:rss|channel)\b", without_comments):
            raise NotImportable(f"{name} is no WordPress export: it is another kind of XML")
        if "wordpress.org/export/" not in without_comments and "<wp:" not in without_comments:
            raise NotImportable(f"{name} is no WordPress export: it is an ordinary feed without WordPress's data")
        found = dict.fromkeys(_PREFIXES, "") | dict(_PREFIX.findall(without_comments))
        # Versions differ only in the addresses of their namespaces: elements are known by prefix.
        self._roots = " ".join(f'xmlns:{prefix}="urn:{prefix}"' for prefix in found)

    def parse(self, chunk: Chunk) -> "etree._Element":
        """The element. Raises Malformed with the reason when it cannot be mended."""
        text = _FORBIDDEN_REFERENCE.sub("", chunk.text) if "&#" in chunk.text else chunk.text
        try:
            return self._parsed(text)
        except etree.XMLSyntaxError:
            mended = _with_entities_mended(text)
        try:
            return self._parsed(mended)
        except etree.XMLSyntaxError as error:
            reason = str(error.msg or error).split(", line ")[0]
            raise Malformed(f"the {chunk.name} is not well-formed XML: {reason}") from error

    def _parsed(self, text: str) -> "etree._Element":
        parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
        document = f"<r {self._roots}>{text}</r>".encode()
        return etree.fromstring(document, parser)[0]

    def head_text(self, name: str) -> str:
        """The text of a simple element of the channel's head."""
        start = self.head.find(f"<{name}>")
        end = self.head.find(f"</{name}>", start)
        if start < 0 or end < 0:
            return ""
        text = self.head[start + len(name) + 2 : end].strip()
        if text.startswith("<![CDATA["):
            text = text[9:].removesuffix("]]>")
        return html.unescape(text).strip()


def _with_entities_mended(text: str) -> str:
    """Outside CDATA: entities that only HTML knows become letters, lone ampersands are escaped."""
    parts: list[str] = []
    at = 0
    while True:
        start = text.find("<![CDATA[", at)
        end = text.find("]]>", start) if start >= 0 else -1
        if end < 0:
            return "".join([*parts, _ENTITY.sub(_mended, text[at:])])
        parts += (_ENTITY.sub(_mended, text[at:start]), text[start : end + 3])
        at = end + 3


def _mended(found: re.Match[str]) -> str:
    name = found[1]
    letter = html.unescape(f"&{name};") if name else ""
    if name and not letter.startswith("&"):
        return html.escape(letter)
    return "&amp;" + (name + ";" if name else "")


def _pieces(path: Path) -> Iterator[str]:
    """The file as text without the characters that XML forbids."""
    try:
        with path.open("rb") as raw:
            sample = raw.read(4096)
        with path.open(encoding=_codec(path, sample), errors="replace", newline=None) as stream:
            while piece := stream.read(PIECE):
                yield _FORBIDDEN.sub("", piece)
    except OSError as error:
        raise NotImportable(f"{path.name or path} cannot be read: {error.strerror or error}") from error


def _codec(path: Path, sample: bytes) -> str:
    if not sample:
        raise NotImportable(f"{path.name} is empty")
    if sample.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if sample.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    if sample.startswith((b"PK\x03\x04", b"\x1f\x8b")):
        raise NotImportable(f"{path.name} is no WordPress export: it is compressed; unpack it first")
    if sample.count(0) * 20 > len(sample):
        raise NotImportable(f"{path.name} is no WordPress export: it is a binary file")
    declared = _DECLARED.search(sample)
    name = declared[1].decode("ascii") if declared else "utf-8"
    try:
        info = codecs.lookup(name)
    except LookupError:
        return "utf-8"
    return info.name if getattr(info, "_is_text_encoding", True) else "utf-8"
