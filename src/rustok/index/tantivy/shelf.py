"""One tenant's index on disk: which files are current, who may write them, what they have reached.

    <root>/<tenant>/current          the name of the folder that is searched; replaced in one step
    <root>/<tenant>/<shape>-<id>/    Tantivy's files
    <root>/<tenant>/lock             held by the one process that writes; given up by whatever ends it
    <root>/<tenant>/waiting          somebody would like to have the lock

A commit of Tantivy is all or nothing and holds the version that it shows, so a process may die at any moment: what it
had not committed is done again by the next one, and folders that nobody points to are swept away.
"""

import fcntl
import os
import shutil
import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO
from uuid import UUID

from tantivy import Document, Index, IndexWriter, Query, Searcher

from rustok.index.tantivy import shape
from rustok.index.tantivy.shape import Row, Shape
from rustok.kernel.ids import generate_id

HEAP = 20_000_000  # bytes that a writer gathers before it writes a segment
BUILDING_HEAP = 64_000_000
MERGING = 1  # threads


class Damaged(Exception):
    """The files cannot be read as an index of the wanted shape: they must be built anew."""


@dataclass
class Opened:
    """The current files, and what they have reached."""

    name: str
    index: Index
    searcher: Searcher
    version: int
    seen: tuple[int, int]  # of meta.json: a commit replaces it


@dataclass
class Shelf:
    """The index of one tenant as one process has it."""

    root: Path
    tenant_id: UUID
    shape: Shape
    _opened: Opened | None = None
    _writer: IndexWriter | None = None
    _lock: TextIO | None = None
    # A thread that writes goes on when the task that waits for it is cancelled.
    _hands: threading.RLock = field(default_factory=threading.RLock)
    used: float = field(default_factory=time.monotonic)  # when something was written last

    @property
    def folder(self) -> Path:
        """Where everything of the tenant lies."""
        return self.root / str(self.tenant_id)

    def current(self) -> Opened | None:
        """What can be searched now, as fresh as the files are; None where nothing of this shape was built yet, or
        where the files are damaged."""
        try:
            name = (self.folder / "current").read_text().strip()
        except OSError:
            return None
        path = self.folder / name
        if "/" in name or not name.startswith(f"{self.shape.fingerprint}-"):
            return None
        try:
            return self._at(name, path)
        except (OSError, ValueError, Damaged):
            self._opened = None
            return None

    def _at(self, name: str, path: Path) -> Opened:
        status = (path / "meta.json").stat()
        seen = (status.st_mtime_ns, status.st_ino)
        opened = self._opened
        if opened is not None and opened.name == name:
            if opened.seen == seen:
                return opened
            opened.index.reload()
        else:
            opened = None
        index = opened.index if opened else self.shape.open(str(path))
        searcher = index.searcher()
        self._opened = Opened(name, index, searcher, version_of(index, searcher), seen)
        return self._opened

    def lock(self, *, seconds: float = 0.0) -> bool:
        """Become the tenant's writer until `release`; False where another process is it and does not make room."""
        with self._hands:
            return self._lock is not None or self._take_lock(seconds)

    def _take_lock(self, seconds: float) -> bool:
        self.folder.mkdir(parents=True, exist_ok=True)
        handle = (self.folder / "lock").open("w")
        deadline = time.monotonic() + seconds
        try:
            while True:
                try:
                    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if time.monotonic() >= deadline:
                        handle.close()
                        return False
                    (self.folder / "waiting").touch()
                    time.sleep(0.02)
        finally:
            if seconds:
                (self.folder / "waiting").unlink(missing_ok=True)
        self._lock = handle
        opened = self.current()
        self.sweep(opened.name if opened else "")  # what somebody who was killed had begun
        return True

    @property
    def is_writing(self) -> bool:
        """Whether this process holds the lock."""
        return self._lock is not None

    @property
    def is_wanted(self) -> bool:
        """Whether another process waits for the lock."""
        return (self.folder / "waiting").exists()

    def release(self, *, merging: bool = True) -> None:
        """Let other processes write, after finishing what is being merged, or instead of it."""
        with self._hands:
            self.used = time.monotonic()
            writer, self._writer = self._writer, None
            try:
                if writer is not None and merging:
                    writer.wait_merging_threads()
            finally:
                if self._lock is not None:
                    self._lock.close()
                    self._lock = None

    def replace(self, changed: dict[str, Sequence[UUID]], rows: Iterable[tuple[str, Row]], version: int) -> None:
        """Let these rows stand for these things, which had perhaps others, as of a version; the lock is held."""
        with self._hands:
            opened = self.current()
            if opened is None or self._lock is None:
                raise Damaged("there is nothing to change")
            if self._writer is None:
                self._writer = opened.index.writer(HEAP, MERGING)
            try:
                for entity, ids in changed.items():
                    for identity in ids:
                        self._writer.delete_documents_by_term(shape.THING, shape.thing(entity, identity))
                for entity, row in rows:
                    self._writer.add_document(shape.document(entity, row, self.shape.lightest))
                _mark(self._writer, version)
                self._writer.commit()
            except BaseException:
                # Tantivy's writer is of no use after an error; the next one begins at the last commit.
                self._writer = None
                raise
            self.used = time.monotonic()

    def begin(self) -> "Building":
        """Files to be filled while the current ones are searched."""
        name = f"{self.shape.fingerprint}-{generate_id().hex}"
        path = self.folder / name
        path.mkdir(parents=True)
        return Building(self, name, self.shape.open(str(path)).writer(BUILDING_HEAP, MERGING))

    def point_to(self, name: str) -> None:
        """Let these files be the ones that are searched; the lock is held."""
        with self._hands:
            if self._lock is None:
                raise Damaged("the lock was given up while the files were filled")
            new = self.folder / "current.new"
            with new.open("w") as handle:
                handle.write(name)
                handle.flush()
                os.fsync(handle.fileno())
            new.replace(self.folder / "current")
            _sync(self.folder)
            self._writer = None
            self.sweep(name)

    def sweep(self, kept: str) -> None:
        """Remove folders that nobody points to; readers that have them open go on until they look again."""
        for path in self.folder.iterdir():
            if path.is_dir() and path.name != kept:
                shutil.rmtree(path, ignore_errors=True)

    def remove(self) -> None:
        """Forget the tenant: its index is built anew when it is searched again."""
        self._opened = None
        (self.folder / "current").unlink(missing_ok=True)


@dataclass
class Building:
    """An index that is being filled."""

    shelf: Shelf
    name: str
    writer: IndexWriter

    def add(self, entity: str, rows: Iterable[Row]) -> None:
        """More rows."""
        for row in rows:
            self.writer.add_document(shape.document(entity, row, self.shelf.shape.lightest))

    def finish(self, version: int) -> None:
        """Commit as of a version and let it be searched; the lock is held."""
        _mark(self.writer, version)
        self.writer.commit()
        self.writer.wait_merging_threads()
        _sync(self.shelf.folder / self.name)
        self.shelf.point_to(self.name)


def version_of(index: Index, searcher: Searcher) -> int:
    """What a commit shows; raises `Damaged` where it does not say so."""
    marked = Query.term_query(index.schema, shape.THING, shape.VERSION)
    hits = searcher.search(marked, 2, count=False).hits
    if len(hits) != 1:
        raise Damaged("the index does not say what it has reached")
    found: Document = searcher.doc(hits[0][1])
    return int(found[shape.VERSION][0])


def _mark(writer: IndexWriter, version: int) -> None:
    writer.delete_documents_by_term(shape.THING, shape.VERSION)
    writer.add_document(shape.marker(version))


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
