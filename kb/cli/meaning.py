"""Sentence vectors: all at once when an instance is set up, in the background afterwards."""

from __future__ import annotations

import contextlib
import threading

import structlog
from rich.console import Console
from rich.progress import Progress

from kb.domain.errors import KbError
from kb.runtime import Runtime
from kb.search.meaning import Embedder
from kb.services import embedding

_PAUSE = 1.0  # seconds between two looks for texts without a vector
_RETRY = 30.0  # and after something went wrong


def embed_all(parts: Runtime) -> None:
    """Make every vector that is missing, with a progress bar on a terminal; nothing where no model is installed."""
    embedder = parts.embedder
    if embedder is None:
        return
    console = Console(stderr=True)
    with console.status("Levelling languages") if console.is_terminal else contextlib.nullcontext():
        _renew_means(parts, embedder)
    with parts.database.reading() as session:
        total = embedding.count_waiting(session, embedder)
    with Progress(console=console, disable=not console.is_terminal or not total) as progress:
        task = progress.add_task("Vectors", total=total)
        done = 1
        while done:
            done = _embed_some(parts, embedder)
            progress.advance(task, done)


def keep_embedding(parts: Runtime, stopping: threading.Event) -> None:
    """Make vectors of what is published until told to stop: a thread of the worker, beside that of the index."""
    embedder = parts.embedder
    log = structlog.get_logger()
    while embedder and not stopping.is_set():
        try:
            _renew_means(parts, embedder)
            if done := _embed_some(parts, embedder):
                log.info("vectors", texts=done)
            else:
                stopping.wait(_PAUSE)
        except KbError as error:
            log.warning("vectors", problem=str(error))
            stopping.wait(_RETRY)


def _renew_means(parts: Runtime, embedder: Embedder) -> None:
    with parts.database.reading() as session:
        sentences = embedding.find_sentences(session, embedder)
    if sentences:
        means = embedding.reckon_means(embedder, sentences)
        with parts.database.transaction() as session:
            embedding.save_means(session, means)


def _embed_some(parts: Runtime, embedder: Embedder) -> int:
    """Make some vectors that are missing; how many that settled. Nobody waits for the model with the database."""
    with parts.database.reading() as session:
        found = embedding.find_waiting(session, embedder)
    if found:
        embedding.embed(embedder, found)
        with parts.database.transaction() as session:
            embedding.save_vectors(session, embedder, found)
    return len(found)
