"""Laying texts out in processes that can be stopped.

A text can be made to keep Python-Markdown busy for minutes; five kilobytes of `[` take seconds. So texts are laid out
in a few child processes; each sets itself a memory limit, and a time limit for each text, dies of them, is replaced.

Parent and child exchange lines of JSON: whatever a hostile text made of the child, it can send no more than data.
"""

from __future__ import annotations

import json
import resource
import signal
import subprocess
import sys
import traceback
import weakref
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict
from queue import LifoQueue
from threading import Lock
from types import TracebackType
from typing import Any, Final, Self

from kb.domain.errors import N_, Invalid, Unavailable
from kb.text.markdown import Heading, Picture, Rendered, render

_AHEAD: Final = 32  # texts that may wait laid out, for each worker, while the caller is busy
_OUT_OF_MEMORY: Final = 3  # exit status of a child
_TOO_SLOW: Final = N_("The text takes too long to lay out: make it simpler or shorter.")
_TOO_BIG: Final = N_("The text takes too much memory to lay out: make it simpler or shorter.")
_TOO_ODD: Final = N_("The text can't be laid out: make it simpler.")


class Renderer:
    """A pool of processes that lay texts out, for all threads of one process.

    Processes start with the first texts and end with `close`, with the object or with the program, also when that is
    killed. Make one after a fork, never before.
    """

    def __init__(
        self, sections: Mapping[str, str], *, workers: int = 1, seconds: float = 5.0, memory_mb: int = 256
    ) -> None:
        """Prepare the pool.

        Args:
            sections: section heading in any language → code, see `kb.text.markdown.render`.
            workers: how many texts are laid out at a time.
            seconds: for one text.
            memory_mb: address space of a process, in MiB; about 25 are used before any text comes.
        """
        settings = {"sections": dict(sections), "seconds": seconds, "memory": memory_mb * 2**20}
        children = [_Child(_line(settings)) for _ in range(workers)]
        self._workers = workers
        self._idle: LifoQueue[_Child] = LifoQueue()  # the last used is warm
        for child in children:
            self._idle.put(child)
        self._closing = Lock()
        self._closed = False
        weakref.finalize(self, _stop, children)

    def render(self, source: str, *, base: str) -> Rendered:
        """Lay one text out; waits while all processes are busy.

        Raises:
            Invalid: the text takes too long or too much memory, or is nested too deeply.
            Unavailable: the processes do not start.
        """
        child = self._idle.get()
        try:
            if self._closed:
                raise RuntimeError("The renderer is closed.")
            answer = child.ask(_line({"source": source, "base": base}))
        finally:
            self._idle.put(child)
        if "refused" in answer:
            raise Invalid.of(answer["refused"])
        return Rendered(
            html=answer["html"],
            plain=answer["plain"],
            headings=tuple(Heading(**heading) for heading in answer["headings"]),
            links=tuple(answer["links"]),
            pictures=tuple(Picture(**picture) for picture in answer["pictures"]),
            files=tuple(answer["files"]),
            sections=tuple(answer["sections"]),
        )

    def render_many(self, texts: Iterable[tuple[str, str]]) -> Iterator[Rendered | Invalid]:
        """Lay texts out with all workers, ahead of who takes them.

        Args:
            texts: source and base of each.

        Yields:
            What `render` returns for each, in order, or the `Invalid` that it raises.
        """
        waiting: deque[Future[Rendered | Invalid]] = deque()
        with ThreadPoolExecutor(self._workers, thread_name_prefix="renderer") as threads:
            try:
                for source, base in texts:
                    waiting.append(threads.submit(self._try, source, base))
                    if len(waiting) > _AHEAD * self._workers:
                        yield waiting.popleft().result()
                while waiting:
                    yield waiting.popleft().result()
            finally:
                for future in waiting:
                    future.cancel()

    def _try(self, source: str, base: str) -> Rendered | Invalid:
        try:
            return self.render(source, base=base)
        except Invalid as error:
            return error

    def close(self) -> None:
        """End the processes, after the texts that they are at."""
        with self._closing:
            self._closed = True
            children = [self._idle.get() for _ in range(self._workers)]
            _stop(children)
            for child in children:
                self._idle.put(child)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class _Child:
    """One process, seen from its parent; used by one thread at a time."""

    def __init__(self, settings: bytes) -> None:
        self._settings = settings
        self._process: subprocess.Popen[bytes] | None = None

    def ask(self, request: bytes) -> dict[str, Any]:
        """Send one line and wait for the answer.

        Raises:
            Invalid: the process died of the text.
            Unavailable: it does not work at all.
        """
        process = self._start()
        try:
            line = _exchange(process, request)
            if line.endswith(b"\n"):
                answer: dict[str, Any] = json.loads(line)
                return answer
            status = process.wait()
        except BaseException:
            self.stop()  # an answer that nobody took would be taken for the next one's
            raise
        self.stop()
        if status == -signal.SIGALRM:
            raise Invalid.of(_TOO_SLOW)
        if status == _OUT_OF_MEMORY or status < 0:
            raise Invalid.of(_TOO_BIG)
        raise Unavailable(N_("Texts can't be laid out at the moment; the log says why."))

    def _start(self) -> subprocess.Popen[bytes]:
        if self._process is not None and self._process.poll() is None:
            return self._process
        self.stop()
        command = [sys.executable, "-m", "kb.text.renderer"]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # noqa: S603  # fixed
        if self._process.stdin:
            self._process.stdin.write(self._settings)  # goes out with the first text
        return self._process

    def stop(self) -> None:
        """End the process, if there is one, and all that belongs to it."""
        if (process := self._process) is None:
            return
        self._process = None
        process.kill()
        with suppress(BrokenPipeError), process:  # closes the pipes and waits
            pass


def _stop(children: Iterable[_Child]) -> None:
    for child in children:
        child.stop()


def _line(message: Mapping[str, object]) -> bytes:
    return json.dumps(message).encode() + b"\n"


def _exchange(process: subprocess.Popen[bytes], request: bytes) -> bytes:
    """The child's answer: a line, or less than a line when the child has died."""
    if process.stdin is None or process.stdout is None:
        return b""
    try:
        process.stdin.write(request)
        process.stdin.flush()
    except BrokenPipeError:
        return b""
    return process.stdout.readline()


# ---- the child ----------------------------------------------------------------------------------------------------


def _serve() -> None:
    """Answer texts until the parent is gone."""
    settings = json.loads(sys.stdin.buffer.readline())
    resource.setrlimit(resource.RLIMIT_AS, (settings["memory"], settings["memory"]))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which then closes the pipe
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)  # ends the process, wherever it is
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGALRM})
    for request in sys.stdin.buffer:
        signal.setitimer(signal.ITIMER_REAL, settings["seconds"])
        try:
            answer = _answer(json.loads(request), settings["sections"])
        except MemoryError:
            sys.exit(_OUT_OF_MEMORY)
        signal.setitimer(signal.ITIMER_REAL, 0)
        sys.stdout.buffer.write(answer)
        sys.stdout.buffer.flush()


def _answer(text: Mapping[str, str], sections: Mapping[str, str]) -> bytes:
    try:
        return _line(asdict(render(text["source"], base=text["base"], sections=sections)))
    except Invalid as error:
        return _line({"refused": error.problems[0].message})
    except MemoryError:
        raise
    except Exception:  # a mistake of Python-Markdown's must not keep other texts waiting
        traceback.print_exc()
        return _line({"refused": _TOO_ODD})


if __name__ == "__main__":
    _serve()
