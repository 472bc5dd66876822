"""Turning remote pictures into stored ones; what fails is counted, explained and tried again later."""

import asyncio
import contextlib
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, func, select, text
from sqlalchemy.exc import IntegrityError

from rustok.core.media import editing, kinds, naming, renditions, storing, uploading
from rustok.core.media.models import Media, Status
from rustok.events.core import MediaUpdated, MediaUploaded
from rustok.kernel import bus, errors, fetching
from rustok.kernel.context import Context

MOST_ATTEMPTS = 6
_ACCEPTED = ("image/", "application/octet-stream", "binary/octet-stream")  # object stores often do not know better
_CLAIM_MINUTES = 15

# The attempt is counted before it is made: a picture that kills the process is not tried for ever.
# `= (SELECT …)` is looked up once; with IN a plan may look again for each row and claim several.
_CLAIM = text(
    f"""
    UPDATE media SET fetch_attempts = fetch_attempts + 1, next_fetch_at = now() + interval '{_CLAIM_MINUTES} minutes'
     WHERE tenant_id = :tenant_id AND id = (
           SELECT id FROM media
            WHERE tenant_id = :tenant_id AND status <> 'stored' AND next_fetch_at <= now()
            ORDER BY next_fetch_at, id LIMIT 1 FOR UPDATE SKIP LOCKED)
    RETURNING id, remote_url
    """
)
_CLAIM_CONTENT = text(
    """
    UPDATE media SET content_hash = :content_hash
     WHERE tenant_id = :tenant_id AND id = :id
       AND NOT EXISTS (SELECT FROM media WHERE tenant_id = :tenant_id AND content_hash = :content_hash)
    """
)
_FORGIVE = text(
    "UPDATE media SET next_fetch_at = now(), fetch_attempts = 0"
    " WHERE tenant_id = :tenant_id AND status = 'failed' AND next_fetch_at IS NULL"
)


@dataclass
class Summary:
    """What a run has done. `waiting` pictures will be tried again later, `given_up` ones only when asked for."""

    fetched: int = 0
    failed: int = 0
    waiting: int = 0
    given_up: int = 0


async def fetch_remote(context: Context, media_id: UUID) -> Media:
    """Fetch one picture now. It comes back stored, or failed with `last_error`; raises `MediaNotFound` only."""
    media = await editing.get(context, media_id)
    if media is None:
        raise editing.MediaNotFound("there is no such file", field="id")
    if media.status == Status.STORED or media.remote_url is None:
        return media
    library = storing.library_of(context)
    outcome = await _fetch(library, media.remote_url)
    media.fetch_attempts += 1
    await context.session.flush()
    return await _record(context, media_id, outcome) or media


async def fetch_all(
    open_context: Callable[[], AbstractAsyncContextManager[Context]],
    *,
    limit: int | None = None,
    progress: Callable[[int, int], None] | None = None,
    again: bool = False,
    at_once: int = 4,
) -> Summary:
    """Fetch every picture that is due, each once; `progress(done, due)` is called after each.

    `again` includes those that were given up. No transaction is open while the network is waited for. Several
    processes share the work: each picture is claimed by one of them.
    """
    summary = Summary()
    async with open_context() as context:
        if again:
            await context.session.execute(_FORGIVE, {"tenant_id": context.tenant_id})
        due = await _count(context, Media.next_fetch_at <= func.now())
        library = storing.library_of(context)
    tickets = iter(range(due if limit is None else min(due, limit)))

    async def work() -> None:
        for _ in tickets:
            async with open_context() as context:
                claimed = (await context.session.execute(_CLAIM, {"tenant_id": context.tenant_id})).one_or_none()
            if claimed is None:
                return
            if await _attempt(open_context, library, claimed.id, claimed.remote_url):
                summary.fetched += 1
            else:
                summary.failed += 1
            if progress is not None:
                progress(summary.fetched + summary.failed, due if limit is None else min(due, limit))

    async with asyncio.TaskGroup() as group:
        for _ in range(at_once):
            group.create_task(work())
    async with open_context() as context:
        summary.waiting = await _count(context, Media.next_fetch_at.is_not(None))
        summary.given_up = await _count(context, Media.next_fetch_at.is_(None))
    return summary


async def _attempt(
    open_context: Callable[[], AbstractAsyncContextManager[Context]], library: storing.Library, media_id: UUID, url: str
) -> bool:
    """One attempt, recorded whatever comes of it."""
    outcome = await _fetch(library, url)
    try:
        async with open_context() as context:
            await _record(context, media_id, outcome)
    except errors.RustokError as error:  # the storage is away
        async with open_context() as context:
            await _record(context, media_id, error)
        return False
    return isinstance(outcome, renditions.Prepared)


async def _count(context: Context, condition: ColumnElement[bool]) -> int:
    not_stored = (Media.tenant_id == context.tenant_id, Media.status != Status.STORED)
    return await context.session.scalar(select(func.count()).where(*not_stored, condition)) or 0


async def _fetch(library: storing.Library, url: str) -> renditions.Prepared | errors.RustokError:
    """The picture at an address, ready to be stored, or why there is none."""
    try:
        fetched = await library.fetcher.get(url, accept=_ACCEPTED)
        if kinds.kind_of(fetched.body).pillow is None:
            return kinds.UnsupportedType("this is no picture")
        return await library.prepare(await uploading.collect(fetched.body, library.limits))
    except errors.RustokError as error:
        return error


async def _record(context: Context, media_id: UUID, outcome: renditions.Prepared | errors.RustokError) -> Media | None:
    """Write the outcome of an attempt to the row; None where the picture has been deleted meanwhile."""
    media: Media | None = await context.session.scalar(
        select(Media)
        .where(Media.tenant_id == context.tenant_id, Media.id == media_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if media is None or media.status == Status.STORED:
        return media
    media.version += 1
    if isinstance(outcome, errors.RustokError):
        for_good = outcome.permanent if isinstance(outcome, fetching.FetchError) else outcome.status < 500
        media.status, media.last_error = Status.FAILED, f"{outcome.code}: {outcome}"[:1000]
        if for_good or media.fetch_attempts >= MOST_ATTEMPTS:
            media.next_fetch_at = None
        else:
            media.next_fetch_at = context.now + timedelta(minutes=4**media.fetch_attempts)
        await context.session.flush()
        bus.record(context, MediaUpdated(media_id=media_id))
        return media
    library = storing.library_of(context)
    folder = naming.storage_folder(context.tenant_id, media_id)
    await library.keep(folder, outcome)
    for column, value in uploading.stored_values(library, folder, outcome).items():
        setattr(media, column, value)
    media.filename = naming.with_ending(media.original_name, outcome.kind.ending)
    media.last_error, media.next_fetch_at = None, None
    await context.session.flush()
    await _claim_content(context, media, outcome.content_hash)
    bus.record(context, MediaUploaded(media_id=media_id))
    return media


async def _claim_content(context: Context, media: Media, content_hash: str) -> None:
    """Let later uploads of these bytes find this row, unless another row has them already.

    The same picture under another address stays a row with files of its own, because others refer to both rows.
    """
    parameters = {"tenant_id": context.tenant_id, "id": media.id, "content_hash": content_hash}
    with contextlib.suppress(IntegrityError):  # somebody else stores the same bytes at this moment
        async with context.session.begin_nested():
            await context.session.execute(_CLAIM_CONTENT, parameters)
    await context.session.refresh(media)
