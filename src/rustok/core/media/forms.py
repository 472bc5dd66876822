"""An upload form, read while it arrives: the file goes to memory within its limit, and nothing goes to disk."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from rustok.kernel import errors

_MOST_PARTS = 8
_MOST_HEADER_BYTES = 16 * 1024
_MOST_FIELD_BYTES = 16 * 1024


class BadForm(errors.Invalid):
    """The request is no form with a file in it."""

    code = "bad_form"


@dataclass(frozen=True)
class Form:
    """A form with one file."""

    filename: str
    data: bytes = field(repr=False)
    fields: dict[str, str] = field(default_factory=dict)


async def read(stream: AsyncIterator[bytes], *, content_type: str) -> Form:
    """Read a multipart form with the field `file`; raises `BadForm`. Who limits the body limits the stream."""
    kind, options = parse_options_header(content_type)
    boundary = options.get(b"boundary")
    if kind != b"multipart/form-data" or not boundary:
        raise BadForm("send a multipart form with the field `file`")
    parts = _Parts()
    try:
        parser = MultipartParser(boundary, parts.callbacks())  # type: ignore[arg-type]  # a plain dictionary of them
        async for chunk in stream:
            parser.write(chunk)
    except FormParserError as error:
        raise BadForm("the form cannot be read") from error
    if not parts.ended:
        raise BadForm("the form is cut off")
    if parts.filename is None:
        raise BadForm("the form has no file in the field `file`", field="file")
    return Form(parts.filename, bytes(parts.file), {k: v.decode("utf-8", "replace") for k, v in parts.fields.items()})


class _Parts:
    """What the parser has found so far."""

    def __init__(self) -> None:
        self.ended = False
        self.filename: str | None = None
        self.file = bytearray()
        self.fields: dict[str, bytearray] = {}
        self._count = 0
        self._header_bytes = 0
        self._name, self._value = bytearray(), bytearray()
        self._headers: dict[bytes, bytes] = {}
        self._into: bytearray | None = None

    def callbacks(self) -> dict[str, object]:
        return {
            "on_part_begin": self._begin,
            "on_header_field": self._header_name,
            "on_header_value": self._header_value,
            "on_header_end": self._header_end,
            "on_headers_finished": self._headers_finished,
            "on_part_data": self._data,
            "on_end": self._end,
        }

    def _begin(self) -> None:
        self._count += 1
        if self._count > _MOST_PARTS:
            raise BadForm(f"the form has more than {_MOST_PARTS} parts")
        self._headers = {}
        self._into = None

    def _header_name(self, data: bytes, start: int, end: int) -> None:
        self._count_header(end - start)
        self._name += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._count_header(end - start)
        self._value += data[start:end]

    def _count_header(self, size: int) -> None:
        self._header_bytes += size
        if self._header_bytes > _MOST_HEADER_BYTES:
            raise BadForm("the headers of the form are too long")

    def _header_end(self) -> None:
        self._headers[bytes(self._name).lower()] = bytes(self._value)
        self._name, self._value = bytearray(), bytearray()

    def _headers_finished(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition", b""))
        name = options.get(b"name", b"").decode("utf-8", "replace")
        if not name:
            raise BadForm("a part of the form has no name")
        if name == "file" and b"filename" in options:
            if self.filename is not None:
                raise BadForm("send one file at a time", field="file")
            self.filename = options[b"filename"].decode("utf-8", "replace")
            self._into = self.file
        else:
            self._into = self.fields.setdefault(name, bytearray())

    def _data(self, data: bytes, start: int, end: int) -> None:
        if self._into is None:
            raise BadForm("the form cannot be read")
        self._into += data[start:end]
        if self._into is not self.file and len(self._into) > _MOST_FIELD_BYTES:
            raise BadForm("a field of the form is too long")

    def _end(self) -> None:
        self.ended = True
