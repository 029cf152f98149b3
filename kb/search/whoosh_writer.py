"""Commits to a Whoosh index: documents in, documents out, the outbox position, small segments merged."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Final

from whoosh.codec.whoosh3 import W3Segment
from whoosh.index import TOC, clean_files

from kb.search.port import Document
from kb.search.whoosh_builders import build
from kb.search.whoosh_files import SealedStorage
from kb.search.whoosh_schema import make_schema
from kb.search.whoosh_segments import NAME, SegmentBuilder

_SEGMENTS: Final = 12  # more than that are merged
_FEW: Final = 8  # small ones likewise
_SMALL: Final = 100  # documents that a commit merges on its way, quickly; what has more, `Merge` does beside it
_LARGE: Final = 25_000  # documents of a segment that is large enough


def generation(folder: Path) -> int:
    """The number of the last commit.

    Raises:
        FileNotFoundError: there is none.
    """
    numbers = [int(path.stem.rpartition("_")[2]) for path in folder.glob(f"_{NAME}_*.toc")]
    if not numbers:
        raise FileNotFoundError(folder)
    return max(numbers)


def create(
    folder: Path, documents: Iterable[Document], position: int, progress: Callable[[int], object] | None = None
) -> None:
    """Make an index of all documents in an empty folder.

    Raises:
        Unavailable: there is no room, or a process ended.
        OSError: the disk refuses.
    """
    _write_toc(SealedStorage(folder), build(folder, documents, position, progress), 1)


def commit(folder: Path, documents: Iterable[Document], deletes: Iterable[int], position: int) -> None:
    """Write a new state of the index: all of it, or nothing.

    Args:
        folder: of the index; the caller holds the lock.
        documents: to add.
        deletes: numbers of documents to take out, as `Snapshot` numbers them.
        position: of the outbox, noted in a document of its own.

    Raises:
        Unavailable: the disk is full.
        OSError: the disk refuses.
    """
    storage = SealedStorage(folder)
    try:
        toc = _read_toc(storage)
        _delete(toc.segments, deletes)
        builder = SegmentBuilder()
        for document in documents:
            builder.add(document)
        merged = _choose(toc.segments, _FEW, _SMALL)
        for segment in merged:
            builder.take(storage, segment)
        builder.add_note(position)
        kept = [segment for segment in toc.segments if segment not in merged and _live(segment)]
        _write_toc(storage, [*kept, builder.write(storage)], toc.generation + 1)
    except BaseException:
        storage.abandon()
        _sweep(folder)
        raise


class Merge:
    """Some segments of an index made one, while readers and writers go on: prepared beside, then put in its place."""

    def __init__(self, folder: Path, beside: Path) -> None:
        """Choose what to merge, if there is anything.

        Args:
            folder: of the index.
            beside: an empty folder on the same disk.
        """
        self._folder = folder
        self._beside = SealedStorage(beside)
        self.chosen = _choose(_read_toc(SealedStorage(folder)).segments, _SEGMENTS, _LARGE)

    def prepare(self) -> None:
        """Write the new segment; takes seconds and needs no lock.

        Raises:
            Unavailable: the disk is full.
            OSError: the disk refuses, or a segment is gone meanwhile.
        """
        storage, builder = SealedStorage(self._folder), SegmentBuilder()
        try:
            self._moved = [builder.take(storage, segment) for segment in self.chosen]
            self._segment = builder.write(self._beside)
            self._files = self._beside.seal()
        except BaseException:
            self._beside.abandon()
            raise

    def apply(self) -> bool:
        """Put it in the place of what it is made of; the caller holds the lock. False where those are gone."""
        storage = SealedStorage(self._folder)
        toc = _read_toc(storage)
        present = {segment.segment_id(): segment for segment in toc.segments}
        if not all(segment.segment_id() in present for segment in self.chosen):
            return False
        for before, moved in zip(self.chosen, self._moved, strict=True):
            for document in present[before.segment_id()].deleted_docs():
                if moved[document] >= 0:  # deleted since
                    self._segment.delete_document(int(moved[document]))
        try:
            for name in self._files:
                Path(self._beside.folder, name).rename(self._folder / name)
            kept = [segment for segment in toc.segments if segment not in self.chosen]
            _write_toc(storage, [*kept, self._segment], toc.generation + 1)
        except BaseException:
            storage.abandon()
            _sweep(self._folder)
            raise
        return True


def _read_toc(storage: SealedStorage) -> TOC:
    return TOC.read(storage, NAME, gen=generation(Path(storage.folder)), schema=make_schema())


def _write_toc(storage: SealedStorage, segments: Sequence[W3Segment], number: int) -> None:
    # The largest first, so that most documents keep their numbers from one state to the next.
    TOC(make_schema(), sorted(segments, key=_live, reverse=True), number).write(storage, NAME)
    clean_files(storage, NAME, number, segments)


def _delete(segments: Sequence[W3Segment], documents: Iterable[int]) -> None:
    for document in documents:
        number = document
        for segment in segments:
            if number < segment.doc_count_all():
                segment.delete_document(number)
                break
            number -= segment.doc_count_all()


def _live(segment: W3Segment) -> int:
    return int(segment.doc_count_all() - segment.deleted_count())


def _choose(segments: Sequence[W3Segment], few: int, most: int) -> list[W3Segment]:
    """What to merge: segments that are half deleted and, of too many, the smallest; so many documents at most.

    Of too many merged are at least half, and more as long as the next is no larger than what is merged so far; so the
    sizes grow like a geometric series and every document is copied a few times only.

    Args:
        segments: of the index.
        few: segments that may stay as they are.
        most: documents of what is merged, and of any part of it.
    """
    sizes = {one.segment_id(): _live(one) for one in segments}
    small = sorted((one for one in segments if 0 < _live(one) <= most), key=_live)
    chosen = [one for one in small if _live(one) * 2 < one.doc_count_all()]
    small = [one for one in small if one not in chosen]
    total = sum(sizes[one.segment_id()] for one in chosen)
    if len(small) > few:
        for at, segment in enumerate(small):
            size = sizes[segment.segment_id()]
            if total + size > most or (at >= len(small) // 2 and size > total):
                break
            chosen.append(segment)
            total += size
    return chosen


def _sweep(folder: Path) -> None:
    """Remove what a failed commit left behind."""
    with contextlib.suppress(Exception):  # what can't be told apart stays; the next commit cleans up too
        last = generation(folder)
        kept = {part.segment_id() for part in TOC.read(SealedStorage(folder), NAME, gen=last).segments}
        for path in folder.iterdir():
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            elif path.name.split(".")[0] not in kept and path.name != f"_{NAME}_{last}.toc":
                path.unlink()
