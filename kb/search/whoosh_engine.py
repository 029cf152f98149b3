"""The embedded engine: Whoosh writes, numpy reads (see `whoosh_columns`).

A folder of its own, closed to others, since Whoosh's files are pickles:

- `current.json`: which index is in use and what made it, replaced in one step;
- `index-…/`: an index, its files sealed (see `whoosh_files`);
- `write.lock`: one writer at a time, over all processes.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Final, Self

from filelock import FileLock, Timeout
from whoosh.codec.whoosh3 import W3Codec
from whoosh.index import TOC, FileIndex
from whoosh.reading import SegmentReader
from whoosh.writing import SegmentWriter

from kb.domain.errors import N_, Unavailable
from kb.search import analysis
from kb.search.port import Document, Page, Request, Status
from kb.search.whoosh_columns import Books, Segment
from kb.search.whoosh_files import SealedReader, SealedStorage, sync_folder
from kb.search.whoosh_schema import VERSION, fields_of, make_schema
from kb.search.whoosh_search import search
from kb.search.whoosh_snapshot import Snapshot

_NAME: Final = "KB"
_POINTER: Final = "current.json"
_BLOCK: Final = 2048  # postings of a block: read whole, so fewer and larger ones than Whoosh's 128
_POOL: Final = 64  # megabytes of postings that a writer holds before it spills them
_SEGMENTS: Final = 12  # more than that are merged
_ROOM: Final = 32 << 20  # bytes that must be free on the disk beyond what a commit writes
_GROWTH: Final = 6  # bytes of index for each character of text, at most
_TRIES: Final = 5  # to open a state that a writer replaces meanwhile
_RECENT: Final = 50_000_000  # nanoseconds: a folder may change again within one tick of its clock


@dataclass(frozen=True, slots=True)
class _Pointer:
    """What `current.json` says."""

    folder: str
    schema: int
    analysis: str
    database: str


class WhooshEngine:
    """`kb.search.port.SearchEngine` on files of this machine."""

    def __init__(self, folder: Path, database: str = "", *, cache_megabytes: int = 256, wait: float = 300) -> None:
        """
        Args:
            folder: made when something is first written.
            database: names the database that the index mirrors; the index of another is not read.
            cache_megabytes: of posting lists kept in memory.
            wait: seconds to wait for another writer.
        """
        self._folder = folder
        self._database = database
        self._cache = cache_megabytes
        self._wait = wait
        self._lock = threading.RLock()
        self._snapshot: Snapshot | None = None
        self._seen: tuple[object, ...] = ()

