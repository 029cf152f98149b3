"""Building an index from all documents, on several processors.

A builder process is a program of its own, not a fork: whoever starts it may have threads and open connections, and may
be a process that `multiprocessing` forbids children. It reads pickled messages from a pipe that only its parent writes
to, and ends with the pipe.
"""

from __future__ import annotations

import os
import pickle
import queue
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from itertools import chain, islice
from pathlib import Path
from typing import Any, Final

from whoosh.codec.whoosh3 import W3Segment

from kb.domain.errors import N_, Unavailable
from kb.search.port import Document
from kb.search.whoosh_files import SealedStorage
from kb.search.whoosh_segments import SegmentBuilder

FEW: Final = 1_000  # documents, up to which one process is quicker than several
_BATCH: Final = 100  # documents that go to a builder at a time
_TOKENS: Final = 7_000_000  # of a segment, about 6,000 documents of 450 words; takes up to 400 MB of memory
_PATIENCE: Final = 10  # by how much builders let others go first: the site answers meanwhile
_ENDED: Final = N_("A process that builds the search index ended; the log says why.")

Batches = Iterable[list[Document]]


def build(
    folder: Path, documents: Iterable[Document], position: int, progress: Callable[[int], object] | None = None
) -> list[W3Segment]:
    """Write segments of all documents, and a note of the outbox position, sealed, into a folder.

    Raises:
        Unavailable: there is no room, or a process ended.
        OSError: the disk refuses.
    """
    batches = _batches(documents, progress)
    first = list(islice(batches, FEW // _BATCH))
    if len(first) < FEW // _BATCH or (processors := len(os.sched_getaffinity(0))) == 1:
        return list(_build_segments(SealedStorage(folder), chain(first, batches), position))
    with _Builders(folder, min(processors, 4), position) as builders:
        for batch in chain(first, batches):
            builders.hand_over(batch)
        return builders.finish()


def _batches(documents: Iterable[Document], progress: Callable[[int], object] | None) -> Iterator[list[Document]]:
    remaining, done = iter(documents), 0
    while batch := list(islice(remaining, _BATCH)):
        yield batch
        done += len(batch)
        if progress:
            progress(done)


def _build_segments(storage: SealedStorage, batches: Batches, position: int | None) -> Iterator[W3Segment]:
    builder = SegmentBuilder()
    try:
        for batch in batches:
            for document in batch:
                builder.add(document)
            if builder.pool.tokens >= _TOKENS:
                yield builder.write(storage)
                storage.seal()
                builder = SegmentBuilder()
        if position is not None:
            builder.add_note(position)
        if builder.size:
            yield builder.write(storage)
            storage.seal()
    except BaseException:
        storage.abandon()
        raise


class _Builders:
    """Some builder processes, each fed by a thread from one queue."""

    def __init__(self, folder: Path, number: int, position: int) -> None:
        self._work: queue.Queue[list[Document] | None] = queue.Queue(2 * number)
        self._segments: list[W3Segment] = []
        self._failures: list[Exception] = []
        command = [sys.executable, "-m", "kb.search.whoosh_builders"]
        self._processes = [
            subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # noqa: S603  # our own command
            for _ in range(number)
        ]
        self._threads = [
            threading.Thread(target=self._feed, args=(process, (str(folder), None if at else position)), daemon=True)
            for at, process in enumerate(self._processes)
        ]
        for thread in self._threads:
            thread.start()

    def _feed(self, process: subprocess.Popen[bytes], settings: tuple[str, int | None]) -> None:
        try:
            assert process.stdin and process.stdout
            pickle.dump(settings, process.stdin)
            while (batch := self._work.get()) is not None:
                pickle.dump(batch, process.stdin, pickle.HIGHEST_PROTOCOL)
            pickle.dump(None, process.stdin)
            process.stdin.close()
            answer = pickle.load(process.stdout)  # noqa: S301  # from our own child
            if isinstance(answer, list):
                self._segments += answer
            elif isinstance(answer, OSError):
                self._failures.append(answer)
            else:
                self._failures.append(Unavailable(answer))
        except (EOFError, BrokenPipeError, ValueError):
            self._failures.append(Unavailable(_ENDED))
        except Exception as error:  # raised again by whoever waits
            self._failures.append(error)

    def hand_over(self, batch: list[Document] | None) -> None:
        """Give a batch to whichever builder is free, None to make one finish; waits for one."""
        while True:
            if self._failures:
                raise self._failures[0]
            with suppress(queue.Full):
                self._work.put(batch, timeout=0.2)
                return

    def finish(self) -> list[W3Segment]:
        """What they have built."""
        for _ in self._threads:
            self.hand_over(None)
        for thread in self._threads:
            thread.join()
        if self._failures:
            raise self._failures[0]
        return self._segments

    def __enter__(self) -> _Builders:
        return self

    def __exit__(self, *_error: object) -> None:
        for process in self._processes:
            process.kill()
        for _ in self._threads:
            with suppress(queue.Full):
                self._work.put_nowait(None)
        for process in self._processes:
            with suppress(BrokenPipeError), process:  # closes the pipes and waits
                pass


def _serve() -> None:
    """Build segments of what the parent sends; stop where it is gone."""
    os.nice(_PATIENCE)
    source, answer = sys.stdin.buffer, sys.stdout.buffer
    result: Any
    with suppress(EOFError):  # the parent is gone, and with it the folder's use
        folder, position = pickle.load(source)  # noqa: S301  # from our own parent
        batches = iter(lambda: pickle.load(source), None)  # noqa: S301  # as above
        try:
            result = list(_build_segments(SealedStorage(Path(folder)), batches, position))
        except Unavailable as error:
            result = error.message
        except OSError as error:
            result = error
        pickle.dump(result, answer)
        answer.flush()


if __name__ == "__main__":
    _serve()
