"""Taking files in: look at the bytes, make the renditions, store them, remember them."""

import hashlib
from collections.abc import AsyncIterator
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from rustok.core.media import kinds, naming, renditions, storing
from rustok.core.media.models import Media, Status
from rustok.events.core import MediaUpdated, MediaUploaded
from rustok.kernel import bus, errors
from rustok.kernel.context import Context
from rustok.kernel.ids import generate_id


class TooLarge(errors.Invalid):
    """The file has more bytes than are accepted."""

    code = "file_too_large"
    status = 413


async def upload(
    context: Context, *, filename: str, data: bytes | AsyncIterator[bytes], alt_text: str | None = None
) -> Media:
    """Store a file and, for a picture, its renditions. The same bytes twice are one file: the first one is returned.

    Raises `TooLarge`, `kinds.UnsupportedType`, `kinds.Unreadable`, `renditions.TooManyPixels` or
    `storing.StorageFailed`.
    """
    library = storing.library_of(context)
    alt_text = naming.check_alt_text(alt_text)
    content = await collect(data, library.limits)
    known = await _find_same(context, hashlib.sha256(content).hexdigest())
    if known is not None:
        return _with_alt_text(context, known, alt_text)
    return await add(context, await library.prepare(content), filename=filename, alt_text=alt_text)


async def collect(data: bytes | AsyncIterator[bytes], limits: renditions.Limits) -> bytes:
    """The bytes of a stream, which is not read further than the limit; raises `TooLarge`."""
    too_large = TooLarge(f"a file has at most {limits.most_bytes // 1024 // 1024 or 1} MB", field="file")
    collected = bytearray(data) if isinstance(data, bytes) else bytearray()
    if not isinstance(data, bytes):
        async for chunk in data:
            collected += chunk
            if len(collected) > limits.most_bytes:
                raise too_large
    if len(collected) > limits.most_bytes:
        raise too_large
    if not collected:
        raise kinds.Unreadable("the file is empty", field="file")
    return bytes(collected)


async def add(context: Context, prepared: renditions.Prepared, *, filename: str, alt_text: str | None = None) -> Media:
    """Store what has been prepared, or return the file that holds the same bytes."""
    library = storing.library_of(context)
    alt_text = naming.check_alt_text(alt_text)
    media_id, name = generate_id(), naming.clean_name(filename)
    folder = naming.storage_folder(context.tenant_id, media_id)
    values = stored_values(library, folder, prepared) | {
        "tenant_id": context.tenant_id,
        "id": media_id,
        "uploaded_by": context.actor.user_id,
        "filename": naming.with_ending(name, prepared.kind.ending),
        "original_name": name,
        "alt_text": alt_text,
        "content_hash": prepared.content_hash,
    }
    # The row first: of two who send the same bytes at once, one waits here and stores nothing.
    media: Media | None = await context.session.scalar(
        insert(Media)
        .values(values)
        .on_conflict_do_nothing(
            index_elements=["tenant_id", "content_hash"], index_where=Media.content_hash.is_not(None)
        )
        .returning(Media)
    )
    if media is None:
        known = await _find_same(context, prepared.content_hash)
        if known is None:
            raise errors.Conflict("the same file was deleted at this moment: send it again")
        return _with_alt_text(context, known, alt_text)
    await library.keep(folder, prepared)
    bus.record(context, MediaUploaded(media_id=media.id))
    return media


def stored_values(library: storing.Library, folder: str, prepared: renditions.Prepared) -> dict[str, Any]:
    """The columns that follow from the stored bytes."""
    original = prepared.original
    return {
        "mime_type": prepared.kind.mime_type,
        "size": len(original.data),
        "storage_path": storing.path_of(folder, prepared, original),
        "storage_driver": library.storage.driver,
        "width": original.width,
        "height": original.height,
        "details": prepared.details,
        "status": Status.STORED,
        "renditions": [
            {
                "path": storing.path_of(folder, prepared, piece),
                "width": piece.width,
                "height": piece.height,
                "format": piece.kind.mime_type.removeprefix("image/"),
                "size": len(piece.data),
            }
            for piece in prepared.renditions
        ],
    }


async def _find_same(context: Context, content_hash: str) -> Media | None:
    found: Media | None = await context.session.scalar(
        select(Media).where(Media.tenant_id == context.tenant_id, Media.content_hash == content_hash)
    )
    return found


def _with_alt_text(context: Context, media: Media, alt_text: str | None) -> Media:
    """A file that is sent again may bring the text that it lacked; it does not replace one."""
    if alt_text and not media.alt_text:
        media.alt_text = alt_text
        media.version += 1
        bus.record(context, MediaUpdated(media_id=media.id))
    return media
