"""Sentence vectors of the library: reckoned by the worker, kept in the database, read by whoever searches."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import numpy as np
from sqlalchemy import Select, delete, func, or_, select
from sqlalchemy.orm import Session

from kb.domain.visibility import Sight, Visibility
from kb.models import Embedding, Entry, LanguageMean, Revision
from kb.models.queries import public_texts
from kb.search.analysis import primary
from kb.search.meaning import Embedder, Meaning, Means, Vectors, digest_of, passage_of
from kb.services.vocabularies import load_file

SENTENCES = "parallel_sentences.csv"
BATCH = 16  # texts between two commits: about a second
_ALL = Sight(frozenset(Visibility), contacts=False)


def _waiting(embedder: Embedder) -> Select[Entry, UUID]:
    """Public language versions whose vector is missing, of another model or of another revision."""
    return (
        public_texts(_ALL)
        .outerjoin(Embedding, Embedding.entry_id == Entry.id)
        .where(
            or_(
                Embedding.entry_id.is_(None),
                Embedding.model != embedder.name,
                Embedding.revision_id != Revision.id,
            )
        )
        .with_only_columns(Entry, Revision.id)
    )


def count_waiting(session: Session, embedder: Embedder) -> int:
    """How many texts have no vector yet, or an old one."""
    return session.scalar(select(func.count()).select_from(_waiting(embedder).subquery())) or 0


@dataclass
class Waiting:
    """A text without its vector; `vector` is there where the same text has one already."""

    entry_id: UUID
    revision_id: UUID
    text: str
    vector: bytes | None

    @property
    def digest(self) -> str:
        """What tells the text from others."""
        return digest_of(self.text)


def find_waiting(session: Session, embedder: Embedder, limit: int = BATCH) -> list[Waiting]:
    """Some texts without their vectors, with those that an older revision or another entry has for the same text."""
    rows = session.execute(_waiting(embedder).order_by(Entry.id).limit(limit)).all()
    found = [Waiting(entry.id, revision, passage_of(entry.title, entry.summary), None) for entry, revision in rows]
    query = select(Embedding.digest, Embedding.vector).where(
        Embedding.model == embedder.name, Embedding.digest.in_({waiting.digest for waiting in found})
    )
    known = dict(session.execute(query).all())
    for waiting in found:
        waiting.vector = known.get(waiting.digest)
    return found


def embed(embedder: Embedder, found: Sequence[Waiting]) -> None:
    """Reckon the vectors that are missing: the slow part, outside of any transaction."""
    fresh = [waiting for waiting in found if waiting.vector is None]
    for waiting, vector in zip(fresh, embedder.passages([waiting.text for waiting in fresh]), strict=True):
        waiting.vector = _pack(vector, "<f2")


def save_vectors(session: Session, embedder: Embedder, found: Sequence[Waiting]) -> None:
    """Keep the vectors; an entry that is gone meanwhile is passed over."""
    there = set(session.scalars(select(Entry.id).where(Entry.id.in_([waiting.entry_id for waiting in found]))))
    serial = last_serial(session)
    for at, waiting in enumerate((waiting for waiting in found if waiting.entry_id in there), start=1):
        session.merge(
            Embedding(
                entry_id=waiting.entry_id,
                model=embedder.name,
                revision_id=waiting.revision_id,
                digest=waiting.digest,
                serial=serial + at,
                vector=waiting.vector,
            )
        )


def find_sentences(session: Session, embedder: Embedder) -> str | None:
    """The parallel sentences where their means are yet to be reckoned, else None."""
    sentences = load_file(session, SENTENCES)
    held = set(session.scalars(select(LanguageMean.digest).where(LanguageMean.model == embedder.name)))
    return sentences if sentences and held != {digest_of(sentences)} else None


def reckon_means(embedder: Embedder, sentences: str) -> list[LanguageMean]:
    """The mean of each column of sentences: slow, outside of any transaction."""
    rows = list(csv.DictReader(io.StringIO(sentences)))
    columns = {language: [row[language] for row in rows] for language in (list(rows[0])[1:] if rows else [])}
    return [
        LanguageMean(
            model=embedder.name,
            language=primary(language),
            digest=digest_of(sentences),
            passage=_pack(embedder.passages(texts).mean(axis=0), "<f4"),
            query=_pack(embedder.queries(texts).mean(axis=0), "<f4"),
        )
        for language, texts in columns.items()
    ]


def save_means(session: Session, means: Sequence[LanguageMean]) -> None:
    """Put them in the place of what there was."""
    session.execute(delete(LanguageMean))
    session.add_all(means)


def load_means(session: Session, embedder: Embedder) -> Means:
    """The means of the languages, none where the worker has yet to reckon them."""
    rows = session.scalars(select(LanguageMean).where(LanguageMean.model == embedder.name)).all()
    return Means(
        embedder.sizes,
        {row.language: _unpack(row.passage, "<f4") for row in rows},
        {row.language: _unpack(row.query, "<f4") for row in rows},
    )


def means_version(session: Session) -> str:
    """What changes with the means."""
    return session.scalar(select(func.max(LanguageMean.digest))) or ""


def last_serial(session: Session) -> int:
    """The number of the newest vector; one look at an index of the database."""
    return session.scalar(select(func.max(Embedding.serial))) or 0


def put_new(session: Session, meaning: Meaning) -> None:
    """Put on the shelf all vectors that are newer than it; those of texts that are gone stay and do no harm."""
    rows = session.execute(
        select(Embedding.entry_id, Entry.language, Embedding.vector, Embedding.serial)
        .join(Entry, Entry.id == Embedding.entry_id)
        .where(Embedding.serial > meaning.shelf.serial, Embedding.model == meaning.model)
        .order_by(Embedding.serial)
    ).all()
    if rows:
        vectors = np.stack([_unpack(row.vector, "<f2") for row in rows])
        levelled = meaning.means.correct_passages(vectors, [row.language for row in rows])
        meaning.shelf = meaning.shelf.put([str(row.entry_id) for row in rows], levelled, rows[-1].serial)


def _pack(vector: Vectors, kind: str) -> bytes:
    return vector.astype(kind).tobytes()


def _unpack(data: bytes, kind: str) -> Vectors:
    return np.frombuffer(data, kind).astype(np.float32)
