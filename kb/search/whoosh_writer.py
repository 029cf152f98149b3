"""One commit to a Whoosh index: documents in, documents out, the outbox position, small segments merged."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Final

import numpy as np
from whoosh.index import TOC, FileIndex
from whoosh.reading import SegmentReader
from whoosh.writing import SegmentWriter

from kb.domain.errors import N_, Unavailable
from kb.search.port import Document
from kb.search.whoosh_files import SealedStorage
from kb.search.whoosh_postings import GroupCodec, GroupPool, read_blocks
from kb.search.whoosh_schema import fields_of, make_schema

NAME: Final = "KB"  # begins the names of Whoosh's files
_BATCH: Final = 200  # documents between two looks at the disk
_SEGMENTS: Final = 12  # more than that are merged
_SPARE: Final = 32 << 20  # bytes that must stay free on the disk
_GROWTH: Final = 10  # bytes of index for each character of text, at most


def create(folder: Path) -> None:
    """Make an empty index."""
    FileIndex.create(SealedStorage(folder), make_schema(), NAME)


def generation(folder: Path) -> int:
    """The number of the last commit.

    Raises:
        FileNotFoundError: there is none.
    """
    numbers = [int(path.stem.rpartition("_")[2]) for path in folder.glob(f"_{NAME}_*.toc")]
    if not numbers:
        raise FileNotFoundError(folder)
    return max(numbers)


def commit(
    folder: Path,
    documents: Iterable[Document],
    deletes: Iterable[int],
    position: int,
    progress: Callable[[int], object] | None = None,
) -> None:
    """Write a new state of the index: all of it, or nothing.

    Args:
        folder: of the index; the caller holds the lock.
        documents: to add.
        deletes: numbers of documents to take out, as `Snapshot` numbers them.
        position: of the outbox, noted in a document of its own.
        progress: gets the number of documents added so far, now and then.

    Raises:
        Unavailable: the disk is full.
    """
    storage = SealedStorage(folder)
    try:
        writer = _Writer(FileIndex(storage, schema=make_schema(), indexname=NAME))
        for number in deletes:
            writer.delete_document(number)
        added = 0
        remaining = iter(documents)
        while batch := list(islice(remaining, _BATCH)):
            _check_room(folder, sum(len(document.body) + 1_000 for document in batch))
            for document in batch:
                writer.add_document(**fields_of(document))
            added += len(batch)
            if progress:
                progress(added)
        writer.add_document(position=position + 1)
        _check_room(folder, 0)
        writer.commit(mergetype=_merge)
    except BaseException:
        storage.abandon()
        _sweep(folder)
        raise


class _Writer(SegmentWriter):  # type: ignore[misc]  # whoosh has no types
    """Whoosh's writer, handing on terms a document or a segment at a time."""

    def __init__(self, index: FileIndex) -> None:
        super().__init__(index, codec=GroupCodec(), compound=False, _lk=False)  # the caller holds a lock
        self.pool = GroupPool(Path(self.temp_storage().folder))

    def add_document(self, **fields: Any) -> None:
        self.perdocwriter.start_doc(self.docnum)
        for name, value in sorted(fields.items()):
            kind, length = self.schema[name], 0
            if kind.scorable:
                length = self.pool.add_text(name, self.docnum, value)
            elif kind.indexed:
                self.pool.add_values(name, self.docnum, value)
            else:
                self.perdocwriter.add_column_value(name, kind.column_type, value)
            self.perdocwriter.add_field(name, kind, None, length)
        self.perdocwriter.finish_doc()
        self.docnum += 1
        self._added = True

    def add_postings_to_pool(self, reader: SegmentReader, startdoc: int, docmap: Mapping[int, int] | None) -> None:
        segment = reader.segment()
        postings = self.storage.open_file(segment.make_filename(GroupCodec.POSTS_EXT))
        moved = np.full(reader.doc_count_all(), -1, np.int64)  # each document's number among the new ones
        if docmap is None:
            moved[:] = startdoc + np.arange(len(moved))
        else:
            moved[list(docmap)] = list(docmap.values())
        for (field, term), info in self.codec.terms_reader(self.storage, segment).items():
            offset, (length,) = info.extent()
            for documents, _, values in read_blocks(postings.get(offset, length)):
                there = moved[documents]
                kept = np.flatnonzero(there >= 0)
                if len(kept):
                    every = values or (b"",) * len(documents)
                    self.pool.add(field, term, there[kept].tolist(), [every[at] for at in kept])


def _check_room(folder: Path, characters: int) -> None:
    needed = characters * _GROWTH + _SPARE
    if shutil.disk_usage(folder).free < needed:
        raise Unavailable(N_("The search index can't be written: the disk is full."))


def _merge(writer: Any, segments: Sequence[Any]) -> list[Any]:
    """Whoosh's merge policy: drop what is empty, merge what is half deleted and, of too many segments, the smallest.

    Merged are at least half of them, and more as long as the next is no larger than what is merged so far; so the
    sizes grow like a geometric series and every document is copied a few times only.
    """
    live = {segment.segment_id(): segment.doc_count_all() - segment.deleted_count() for segment in segments}
    kept = sorted((one for one in segments if live[one.segment_id()]), key=lambda one: live[one.segment_id()])
    chosen = [one for one in kept if live[one.segment_id()] * 2 < one.doc_count_all()]
    kept = [one for one in kept if one not in chosen]
    if len(kept) >= _SEGMENTS:
        half, total = len(kept) // 2, 0
        while kept and (half > 0 or live[kept[0].segment_id()] <= total):
            total += live[kept[0].segment_id()]
            chosen.append(kept.pop(0))
            half -= 1
    for segment in chosen:
        reader = SegmentReader(writer.storage, writer.schema, segment)
        try:
            writer.add_reader(reader)
        finally:
            reader.close()
    return kept


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
