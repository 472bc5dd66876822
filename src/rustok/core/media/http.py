"""Files over HTTP: staff send them to `/admin/media`, everybody gets them from `/media/…`."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse

from rustok.core import permissions
from rustok.core.media import forms, kinds, service, storing
from rustok.core.media.models import Media
from rustok.kernel import errors
from rustok.kernel.context import Context

Authorise = Callable[[Request], AbstractAsyncContextManager[Context]]
FindTenantId = Callable[[Request], Awaitable[UUID]]

_PATH = re.compile(r"([0-9a-f]{32})/[0-9a-f]{2}/[0-9a-f]{32}/([0-9a-f]{16}(?:-[0-9]{1,5})?)\.([a-z0-9]{3,4})")
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")
_FORM_OVERHEAD = 64 * 1024  # what boundaries, headers and the other fields of a form may add to the file
# A file is never a page: whatever a browser makes of it, it runs nothing, loads nothing and is of no origin.
_SAFE = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Referrer-Policy": "no-referrer",
}
_FOR_EVER = "public, max-age=31536000, immutable"


def router(library: storing.Library, *, authorise: Authorise, find_tenant_id: FindTenantId) -> APIRouter:
    """The two routes. `authorise` opens a unit of work for whoever asks and commits it; `find_tenant_id` answers for
    the request's host and raises what the host answers to an unknown or disabled one."""
    made = APIRouter(tags=["media"])

    @made.post("/admin/media", status_code=201, openapi_extra=_FORM, responses=_REFUSALS)
    async def upload_file(request: Request) -> Response:
        """Upload a file. Answers 200 instead of 201 where the tenant has the same bytes already."""
        try:
            return await _upload(request, library, authorise)
        except errors.RustokError as error:
            return _refusal(error)

    @made.head("/media/{path:path}", include_in_schema=False)
    @made.get("/media/{path:path}", operation_id="get_media_file")
    async def get_file(request: Request, path: str) -> Response:
        """A file or one of its renditions. Its address never changes its content."""
        try:
            return await _serve(request, path, library.storage, find_tenant_id)
        except errors.RustokError as error:
            return _refusal(error)

    return made


async def _upload(request: Request, library: storing.Library, authorise: Authorise) -> Response:
    # Two short units of work instead of a long one: nobody holds a connection while a slow line delivers.
    async with authorise(request) as context:
        context.require(permissions.MEDIA_WRITE)
    form = await _read_form(request, library.limits.most_bytes)
    prepared = await library.prepare(await service.collect(form.data, library.limits))
    async with authorise(request) as context:
        context.require(permissions.MEDIA_WRITE)
        media = await service.add(context, prepared, filename=form.filename, alt_text=form.fields.get("alt_text"))
        new = any(getattr(event, "media_id", None) == media.id for event in context.recorded) and media.version == 1
        answer = as_json(media)
    return JSONResponse({"media": answer}, status_code=201 if new else 200)


async def _read_form(request: Request, most_bytes: int) -> forms.Form:
    too_large = service.TooLarge(f"a file has at most {most_bytes // 1024 // 1024 or 1} MB", field="file")
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced[:18]) > most_bytes + _FORM_OVERHEAD:
        raise too_large

    async def limited() -> AsyncIterator[bytes]:
        received = 0
        async for chunk in request.stream():
            received += len(chunk)
            if received > most_bytes + _FORM_OVERHEAD:
                raise too_large
            yield chunk

    return await forms.read(limited(), content_type=request.headers.get("content-type", ""))


def as_json(media: Media) -> dict[str, Any]:
    """A file as the REST interface shows it."""
    return {
        "id": str(media.id),
        "filename": media.filename,
        "mime_type": media.mime_type,
        "size": media.size,
        "url": f"{service.ADDRESS}{media.storage_path}" if media.storage_path else media.remote_url,
        "alt_text": media.alt_text,
        "width": media.width,
        "height": media.height,
        "focal_x": media.focal_x,
        "focal_y": media.focal_y,
        "status": media.status,
        "version": media.version,
        "sources": [
            {
                "url": f"{service.ADDRESS}{rendition['path']}",
                "width": rendition["width"],
                "height": rendition["height"],
                "format": rendition["format"],
            }
            for rendition in media.renditions
        ],
    }


async def _serve(request: Request, path: str, storage: storing.Storage, find_tenant_id: FindTenantId) -> Response:
    # Only names that we give are looked up: there is nothing to traverse, and nothing else in the folder is served.
    named = _PATH.fullmatch(path)
    kind = kinds.BY_ENDING.get(named[3]) if named else None
    if named is None or kind is None or (await find_tenant_id(request)).hex != named[1]:
        raise service.MediaNotFound("there is no such file")
    etag = f'"{named[2]}.{named[3]}"'
    headers = {**_SAFE, "ETag": etag, "Cache-Control": _FOR_EVER, "Accept-Ranges": "bytes"}
    if kind is kinds.PDF:  # a viewer does not run in a sandbox
        headers["Content-Disposition"] = f'attachment; filename="{named[2]}.pdf"'
    known = [tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")]
    size = await storage.size(path)
    if size is None:
        raise service.MediaNotFound("there is no such file")
    if etag in known or known == ["*"]:
        return Response(status_code=304, headers=headers)
    wanted = None
    if request.headers.get("if-range", etag) == etag:
        wanted = _wanted_range(request.headers.get("range", ""), size)
        if wanted == ():
            return Response(status_code=416, headers={**_SAFE, "Content-Range": f"bytes */{size}"})
    start, end = wanted or (0, size)
    headers |= {"Content-Length": str(end - start)}
    if wanted:
        headers |= {"Content-Range": f"bytes {start}-{end - 1}/{size}"}
    status = 206 if wanted else 200
    if request.method == "HEAD":
        return Response(status_code=status, headers=headers, media_type=kind.mime_type)
    stream = await storage.open(path, start=start, end=end)
    if stream is None:
        raise service.MediaNotFound("there is no such file")
    return StreamingResponse(stream.chunks, status_code=status, headers=headers, media_type=kind.mime_type)


def _wanted_range(header: str, size: int) -> tuple[int, int] | tuple[()] | None:
    """The one range that is asked for; None where the whole file is to be sent, () where the range is outside."""
    asked = _RANGE.fullmatch(header.strip())
    if asked is None or not (asked[1] or asked[2]):
        return None
    if not asked[1]:
        return (max(0, size - int(asked[2])), size) if int(asked[2]) else ()
    start = int(asked[1])
    end = min(int(asked[2]) + 1, size) if asked[2] else size
    if asked[2] and int(asked[2]) < start:
        return None
    return (start, end) if start < size else ()


def _refusal(error: errors.RustokError) -> JSONResponse:
    content = {"error": {"code": error.code, "message": str(error)}}
    headers = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}
    return JSONResponse(content, status_code=error.status, headers=headers)


_FORM: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {
                        "file": {"type": "string", "format": "binary"},
                        "alt_text": {"type": "string", "maxLength": 1000},
                    },
                }
            }
        },
    }
}
_REFUSALS: dict[int | str, dict[str, Any]] = {
    200: {"description": "The tenant has the same bytes already; this is their file."},
    401: {"description": "Nobody is logged in."},
    403: {"description": "The permission media:write is missing."},
    413: {"description": "The file has too many bytes."},
    415: {"description": "This kind of file is not accepted."},
    422: {"description": "The file is damaged, has too many pixels, or the form has no file."},
}
