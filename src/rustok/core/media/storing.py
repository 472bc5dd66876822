"""Where files are kept: a folder or an object store behind one interface, and the library that services work with."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import obstore
from obstore.store import LocalStore, ObjectStore, from_url

from rustok.core.media import renditions
from rustok.kernel import errors, fetching
from rustok.kernel.context import Context

_CHUNK = 256 * 1024
_BIG_PICTURE = 16_000_000  # pixels; from here on one at a time
_OBJECT_STORES = {"s3": "s3", "s3a": "s3", "gs": "gcs", "az": "azure", "azure": "azure", "abfs": "azure"}


class StorageFailed(errors.Unavailable):
    """The place where files are kept does not answer, or refuses us."""

    code = "storage_unavailable"


@dataclass(frozen=True)
class Stream:
    """A stored file, or a part of it, on its way out. `start` and `end` are byte positions, the end exclusive."""

    size: int
    start: int
    end: int
    chunks: AsyncIterator[bytes] = field(repr=False)


class Storage:
    """Files by path. `driver` is what the media table remembers: local, s3, gcs or azure."""

    def __init__(self, store: ObjectStore, *, driver: str) -> None:
        self._store = store
        self.driver = driver

    @classmethod
    def at(cls, address: str | None, *, home: Path, **options: Any) -> "Storage":
        """The storage at an address such as `s3://bucket/prefix` or a folder; without one, `<home>/media`.

        Credentials, region and endpoint of an object store come from its usual environment variables
        (`AWS_ACCESS_KEY_ID`, `AWS_ENDPOINT`, …) or from `options`.
        """
        scheme = urlsplit(address).scheme if address else ""
        if scheme in _OBJECT_STORES and address:
            return cls(from_url(address, **options), driver=_OBJECT_STORES[scheme])
        if scheme not in ("", "file"):
            raise errors.Invalid(f"media cannot be kept at {scheme}: addresses", field="media_url")
        folder = (Path(unquote(urlsplit(address).path)) if scheme else Path(address)) if address else home / "media"
        return cls(LocalStore(folder.absolute(), automatic_cleanup=True, mkdir=True), driver="local")

    async def put(self, path: str, data: bytes, *, mime_type: str) -> None:
        """Store a file whole, or not at all."""
        attributes = None if self.driver == "local" else {"Content-Type": mime_type}
        with _failing():
            await obstore.put_async(self._store, path, data, attributes=attributes)

    async def get(self, path: str) -> bytes | None:
        """A whole file, or None where there is none."""
        stream = await self.open(path)
        return None if stream is None else b"".join([chunk async for chunk in stream.chunks])

    async def open(self, path: str, *, start: int | None = None, end: int | None = None) -> Stream | None:
        """A file to be read in chunks, or the part from `start` up to but excluding `end`; None where there is none."""
        with _failing():
            try:
                if start is None or end is None:
                    found = await obstore.get_async(self._store, path)
                else:
                    found = await obstore.get_async(self._store, path, options={"range": (start, end)})
            except FileNotFoundError:
                return None
        return Stream(found.meta["size"], found.range[0], found.range[1], _chunks(found))

    async def size(self, path: str) -> int | None:
        """How many bytes a file has, or None where there is none."""
        with _failing():
            try:
                return (await obstore.head_async(self._store, path))["size"]
            except FileNotFoundError:
                return None

    async def remove(self, paths: Iterable[str]) -> None:
        """Remove files; those that are not there are as good as removed."""
        for path in paths:
            with _failing():
                try:
                    await obstore.delete_async(self._store, path)
                except FileNotFoundError:
                    continue

    async def remove_folder(self, folder: str) -> int:
        """Remove everything below a folder and say how many files that were."""
        found: list[str] = []
        with _failing():
            async for batch in obstore.list(self._store, prefix=folder):
                found.extend(str(entry["path"]) for entry in batch)
        await self.remove(found)
        return len(found)


async def _chunks(found: Any) -> AsyncIterator[bytes]:
    async for chunk in found.stream(min_chunk_size=_CHUNK):
        yield bytes(chunk)


class _failing:
    """Turns what the object store raises into an error that callers may see, without its addresses and keys."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if isinstance(error, FileNotFoundError) or error is None:
            return
        if isinstance(error, obstore.exceptions.BaseError | OSError):
            raise StorageFailed("the media storage does not answer") from error


@dataclass
class Library:
    """What the media services work with; the host makes one per process and hands it down in `Database.resources`."""

    storage: Storage
    limits: renditions.Limits = field(default_factory=renditions.Limits)
    fetcher: fetching.Fetcher = field(default_factory=fetching.Fetcher)
    at_once: int = 2

    def __post_init__(self) -> None:
        self._turns = asyncio.Semaphore(self.at_once)
        self._big = asyncio.Lock()

    async def prepare(self, data: bytes) -> renditions.Prepared:
        """Read a file and draw its renditions in a thread: few pictures at once, and only one big one."""
        async with self._turns_for(data):
            return await asyncio.to_thread(renditions.prepare, data, self.limits)

    @asynccontextmanager
    async def _turns_for(self, data: bytes) -> AsyncIterator[None]:
        if await asyncio.to_thread(renditions.pixels, data, self.limits) < _BIG_PICTURE:
            async with self._turns:
                yield
        else:
            async with self._big, self._turns:
                yield

    async def keep(self, folder: str, prepared: renditions.Prepared) -> list[str]:
        """Store the original and its renditions; the paths in order, the original's first. All of them, or none."""
        pieces = unique(prepared)
        paths = [path_of(folder, prepared, piece) for piece in pieces]
        try:
            async with asyncio.TaskGroup() as group:
                for path, piece in zip(paths, pieces, strict=True):
                    group.create_task(self.storage.put(path, piece.data, mime_type=piece.kind.mime_type))
        except* StorageFailed as failures:
            await self.drop(paths)
            raise StorageFailed(str(failures.exceptions[0])) from failures
        return paths

    async def drop(self, paths: Sequence[str]) -> None:
        """Remove what was stored in vain; a storage that is away keeps it, which costs space and nothing else."""
        try:
            await self.storage.remove(paths)
        except StorageFailed:
            return


def unique(prepared: renditions.Prepared) -> list[renditions.Piece]:
    """The files to be stored: a picture that is narrow enough is its own widest rendition."""
    return [prepared.original, *(piece for piece in prepared.renditions if piece is not prepared.original)]


def path_of(folder: str, prepared: renditions.Prepared, piece: renditions.Piece) -> str:
    """A file's path: named by its content, so that what stands there never changes."""
    return f"{folder}/{prepared.content_hash[:16]}{piece.label}"


def library_of(context: Context) -> Library:
    """The library that the host handed down."""
    library = context.session.info.get(Library)
    if not isinstance(library, Library):
        raise StorageFailed("no media storage is set up")
    return library
