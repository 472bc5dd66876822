"""Tables as CSV files: `/admin/exports/<name>.csv`, for staff and their programs."""

import csv
import io
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from rustok.kernel import errors
from rustok.kernel.context import Context
from rustok.kernel.module import Export
from rustok.server.host import Host

_CHUNK = 64_000  # characters that are sent at once
# A spreadsheet takes what begins so for a formula, and runs it.
_FORMULA = (*"=+-@", *"\t\r\n", *"\uff1d\uff0b\uff0d\uff20")  # the last four are these of full width


class BadFilter(errors.Invalid):
    """The query string names something that this table is not filtered by."""

    code = "bad_filter"


def router(host: Host) -> APIRouter:
    """The one route; which tables there are, modules declare."""
    found = APIRouter(tags=["exports"])
    known = Path(json_schema_extra={"enum": sorted(host.registry.exports)})

    @found.get(
        "/admin/exports/{name}.csv",
        summary="A table as a CSV file",
        description="\n".join(_told(one) for _, (_, one) in sorted(host.registry.exports.items())),
        response_class=Response,
    )
    async def export(name: Annotated[str, known], request: Request) -> Response:
        module, declared = host.registry.exports.get(name, (None, None))
        if module is None or declared is None:
            raise errors.NotFound("there is no such export")
        given = dict(request.query_params)
        for wanted in given:
            if wanted not in declared.filters:
                those = ", ".join(declared.filters) or "nothing"
                raise BadFilter(f"{wanted[:64]!r} is no filter of this table; it is filtered by {those}", field=wanted)
        async with AsyncExitStack() as stack:
            context = await stack.enter_async_context(host.look(request))
            context.require_module(module.name)
            context.require(declared.permission)
            lines = _lines(declared, context, given)
            first = await anext(lines)  # what is wrong with a filter is said before the file begins
            kept = stack.pop_all()
        headers = {
            "Content-Disposition": f'attachment; filename="{name}-{context.now:%Y-%m-%d}.csv"',
            "Cache-Control": "no-store",
        }
        return _File(_rest(first, lines), kept, headers)

    return found


def _told(declared: Export) -> str:
    filters = ", ".join(f"`{one}`" for one in declared.filters)
    return f"- `{declared.name}` needs `{declared.permission}`" + (f"; filtered by {filters}" if filters else "")


class _File(StreamingResponse):
    """What is being read while it is sent; whoever hangs up early ends the reading too."""

    def __init__(self, chunks: AsyncIterator[str], reading: AsyncExitStack, headers: dict[str, str]) -> None:
        super().__init__(chunks, media_type="text/csv; charset=utf-8", headers=headers)
        self.reading = reading

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with self.reading:
            await super().__call__(scope, receive, send)


async def _rest(first: str, lines: AsyncIterator[str]) -> AsyncIterator[str]:
    yield first
    async for chunk in lines:
        yield chunk


async def _lines(declared: Export, context: Context, given: dict[str, str]) -> AsyncIterator[str]:
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(declared.columns)
    async for row in declared.rows(context, given):
        writer.writerow(cells(row))
        if buffer.tell() > _CHUNK:
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue()


def cells(row: Sequence[object]) -> list[object]:
    """The row as a file shows it: times as ISO 8601, and no text that a spreadsheet would run."""
    shown: list[object] = []
    for value in row:
        if isinstance(value, datetime):
            shown.append(value.isoformat())
        elif isinstance(value, str) and value.startswith(_FORMULA):
            shown.append(f"'{value}")
        else:
            shown.append("" if value is None else value)
    return shown
