"""The embedded engine: Whoosh writes (`whoosh_writer`), numpy reads (`whoosh_columns`, `whoosh_snapshot`).

It has a folder of its own, closed to others since Whoosh's files are pickles:

- `current.json`: which index is in use and what made it, replaced in one step;
- `index-…/`: an index, its files sealed (`whoosh_files`);
- `broken`: touched by a process that has found it broken, so that all others look at its files again;
- `write.lock`: one writer at a time, over all processes; `merge.lock`: one that merges, while others write.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np
from filelock import FileLock, Timeout
from whoosh.index import TOC

from kb.domain.errors import N_, Unavailable
from kb.search import analysis, whoosh_schema, whoosh_writer
from kb.search.port import Document, Page, Request, Spellings, Status
from kb.search.whoosh_columns import Books, Segment
from kb.search.whoosh_files import Broken, SealedStorage, sync_folder
from kb.search.whoosh_search import search
from kb.search.whoosh_segments import NAME
from kb.search.whoosh_snapshot import Snapshot
from kb.search.whoosh_spelling import find_spellings

_POINTER: Final = "current.json"
_MARK: Final = "broken"
_LOCK: Final = "write.lock"
_MERGE_LOCK: Final = "merge.lock"
_TICK: Final = 50_000_000  # nanoseconds within which a folder may change twice and look the same

_MISSING: Final = N_("The search index is not built yet.")
_FOREIGN: Final = N_("The search index was made by another version or for another database and must be built anew.")
_BROKEN: Final = N_("The search index is broken and must be built anew.")
_BUSY: Final = N_("Another process has been writing to the search index for too long.")
_UNWRITTEN: Final = N_("The search index can't be written: %(reason)s.")


class WhooshEngine:
    """`kb.search.port.SearchEngine` on files of this machine."""

    def __init__(self, folder: Path, database: str = "", *, cache_megabytes: int = 256, wait: float = 300) -> None:
        """Open nothing yet.

        Args:
            folder: made when something is first written.
            database: names the database that the index mirrors; the index of another is not read.
            cache_megabytes: of posting lists kept in memory.
            wait: seconds to wait for another writer.
        """
        self._folder = folder
        self._made_by = {
            "schema": whoosh_schema.VERSION,
            "analysis": analysis.VERSION,
            "database": database,
        }
        self._cache = cache_megabytes
        self._wait = wait
        self._lock = threading.RLock()  # of whoever opens a new state
        self._snapshot: Snapshot | None = None
        self._marked = self._look_at_mark()  # by whoever found the index broken last
        self._sight: object = None  # how the files looked when the snapshot was known to be the last state

    def search(self, request: Request) -> Page:
        """See `SearchEngine`."""
        with self._reading() as snapshot:
            return search(snapshot, request)

    def spellings(self, words: Sequence[str], visibilities: frozenset[str]) -> Sequence[Spellings]:
        """See `SearchEngine`."""
        with self._reading() as snapshot:
            return find_spellings(snapshot, words, visibilities)

    def position(self) -> int:
        """See `SearchEngine`."""
        with self._reading() as snapshot:
            return snapshot.position

    def ids(self) -> Mapping[str, str]:
        """See `SearchEngine`."""
        with self._reading() as snapshot:
            there = np.flatnonzero(snapshot.live)
            return {snapshot.text("id", int(one)): snapshot.text("digest", int(one)) for one in there}

    def status(self) -> Status:
        """See `SearchEngine`."""
        with self._reading() as snapshot:
            return Status(
                engine="whoosh",
                documents=int(np.count_nonzero(snapshot.live)),
                position=snapshot.position,
                generation=snapshot.generation,
                analysis=analysis.VERSION,
            )

    def update(self, documents: Iterable[Document], deletes: Iterable[str], position: int) -> None:
        """See `SearchEngine`."""
        last = {document.id: document for document in documents}
        with self._writing(), self._reading(wait=True) as snapshot:
            gone = [number for key in {*last, *deletes} for number in snapshot.named(key)]
            folder = self._folder / self._read_pointer()
            whoosh_writer.commit(folder, last.values(), [*gone, *snapshot.notes], position)

    def rebuild(
        self,
        documents: Iterable[Document],
        position: int,
        progress: Callable[[int], object] | None = None,
    ) -> None:
        """See `SearchEngine`."""
        with self._writing():
            self._remove_unused()
            folder = self._folder / f"index-{secrets.token_hex(8)}"
            folder.mkdir(mode=0o700)
            try:
                whoosh_writer.create(folder, documents, position, progress)
                self._write_pointer(folder.name)
            except BaseException:
                shutil.rmtree(folder, ignore_errors=True)
                raise
            self._remove_unused()

    def tidy(self) -> bool:
        """See `SearchEngine`."""
        self._read_pointer()  # nothing to tidy where there is no index
        try:
            with FileLock(self._folder / _MERGE_LOCK, timeout=0):
                for path in self._folder.glob("merge-*"):  # of a process that was killed
                    shutil.rmtree(path, ignore_errors=True)
                beside = self._folder / f"merge-{secrets.token_hex(8)}"
                beside.mkdir(mode=0o700)
                try:
                    return self._merge(beside)
                finally:
                    shutil.rmtree(beside, ignore_errors=True)
        except (Timeout, FileNotFoundError):  # another process tidies, or the index was replaced meanwhile
            return False
        except OSError as error:
            raise Unavailable(_UNWRITTEN, reason=error.strerror or error) from error
        except Broken as error:
            raise Unavailable(_BROKEN) from error

    def _merge(self, beside: Path) -> bool:
        pointer = self._read_pointer()
        merge = whoosh_writer.Merge(self._folder / pointer, beside)
        if not merge.chosen:
            return False
        merge.prepare()
        with self._writing():
            return pointer == self._read_pointer() and merge.apply()

    def close(self) -> None:
        """See `SearchEngine`."""
        with self._lock:
            self._snapshot = self._sight = None

    @contextlib.contextmanager
    def _reading(self, *, wait: bool = False) -> Iterator[Snapshot]:
        """The last state of the index; what turns out to be broken is let go of."""
        try:
            yield self._renew(wait)
        except Broken as error:
            self.close()
            self._mark_broken()
            raise Unavailable(_BROKEN) from error

    def _mark_broken(self) -> None:
        with contextlib.suppress(OSError):  # a full disk
            (self._folder / _MARK).touch()
        self._marked = self._look_at_mark()

    def _look_at_mark(self) -> int:
        try:
            return (self._folder / _MARK).stat().st_mtime_ns
        except OSError:
            return 0

    def _renew(self, wait: bool) -> Snapshot:
        """The last state; while one thread opens it the others go on with the one before, unless they `wait`."""
        sight = self._look()
        if self._look_at_mark() != self._marked:
            self.close()
            self._marked = self._look_at_mark()
        snapshot = self._snapshot
        if snapshot and sight is not None and sight == self._sight:
            return snapshot
        if not self._lock.acquire(blocking=wait or snapshot is None) and snapshot:
            return snapshot
        try:
            sight = self._look()
            self._snapshot = self._open(self._snapshot)
            self._sight = sight
            return self._snapshot
        finally:
            self._lock.release()

    def _look(self) -> object:
        """How the files look, cheaply; None while they may change without looking otherwise."""
        try:
            pointer = (self._folder / _POINTER).stat()
            folder = (self._folder / self._snapshot.folder).stat() if self._snapshot else pointer
        except OSError:
            return None
        if time.time_ns() - max(pointer.st_mtime_ns, folder.st_mtime_ns) < _TICK:
            return None
        return pointer.st_ino, pointer.st_mtime_ns, folder.st_ino, folder.st_mtime_ns

    def _open(self, before: Snapshot | None) -> Snapshot:
        """The last state on the disk: the one before if nothing is new, else with its segments as far as they last.

        Raises:
            Unavailable: there is no index that can be read.
        """
        tried = None
        while True:
            folder = self._folder / self._read_pointer()
            generation = None
            try:
                generation = whoosh_writer.generation(folder)
                if before and before.generation == f"{folder.name}:{generation}":
                    return before
                return self._load(folder, generation, before)
            except Exception as error:  # broken pickles raise anything
                # A file that isn't there may belong to a state that a writer has replaced meanwhile: look again.
                if not isinstance(error, FileNotFoundError) or tried == (folder, generation):
                    self._mark_broken()
                    raise Unavailable(_BROKEN) from error
                tried = folder, generation

    def _load(self, folder: Path, generation: int, before: Snapshot | None) -> Snapshot:
        toc = TOC.read(SealedStorage(folder), NAME, gen=generation, schema=whoosh_schema.make_schema())
        known = before if before and before.folder == folder.name else None
        books = known.books if known else Books(self._cache)
        kept = {segment.name: segment for segment in known.segments} if known else {}
        segments = [kept.get(part.segment_id()) or Segment(folder, part, books) for part in toc.segments]
        return Snapshot(folder.name, generation, segments, [part.deleted_docs() for part in toc.segments], books)

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        """Hold the lock of writers; what the disk refuses is told in a sentence."""
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with FileLock(self._folder / _LOCK, timeout=self._wait):
                yield
        except Timeout as error:
            raise Unavailable(_BUSY) from error
        except OSError as error:
            raise Unavailable(_UNWRITTEN, reason=error.strerror or error) from error
        finally:
            self._sight = None

    def _read_pointer(self) -> str:
        """The name of the folder in use."""
        try:
            pointer = json.loads((self._folder / _POINTER).read_bytes())
        except FileNotFoundError as error:
            raise Unavailable(_MISSING) from error
        except (OSError, ValueError) as error:
            raise Unavailable(_BROKEN) from error
        if not isinstance(pointer, dict) or not isinstance(folder := pointer.pop("folder", None), str):
            raise Unavailable(_BROKEN)
        if pointer != self._made_by:
            raise Unavailable(_FOREIGN)
        return folder

    def _write_pointer(self, folder: str) -> None:
        path = self._folder / f"{_POINTER}.new"
        with path.open("w", encoding="utf-8") as file:
            json.dump({"folder": folder, **self._made_by}, file)
            file.flush()
            os.fsync(file.fileno())
        path.replace(self._folder / _POINTER)
        sync_folder(self._folder)

    def _remove_unused(self) -> None:
        """Remove indexes that are not in use; who still reads one has it in memory or open."""
        try:
            used = self._read_pointer()
        except Unavailable:
            used = ""
        for path in self._folder.glob("index-*"):
            if path.name != used:
                shutil.rmtree(path, ignore_errors=True)
