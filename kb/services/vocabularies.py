"""Vocabularies and pages: kept in the database, brought in from the library's files."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from kb.domain.roles import Actor
from kb.domain.vocabularies import Concept, Scheme, Vocabularies
from kb.models import AuditEvent, ConceptRow, VocabularyFile
from kb.services import audit


def load_vocabularies(session: Session) -> Vocabularies:
    """All schemes, each in its order."""
    schemes: dict[str, dict[str, Concept]] = {}
    for row in session.scalars(select(ConceptRow).order_by(ConceptRow.scheme, ConceptRow.position)):
        schemes.setdefault(row.scheme, {})[row.code] = Concept(row.code, row.parent, row.labels, row.extra)
    return Vocabularies(Scheme(name, concepts) for name, concepts in schemes.items())


def load_file(session: Session, name: str) -> str | None:
    """The text of a word list or licence beside the schemes, None where there is no such file."""
    return session.scalar(select(VocabularyFile.text).where(VocabularyFile.name == name))


def list_files(session: Session) -> Sequence[VocabularyFile]:
    """The files beside the schemes, by name."""
    return session.scalars(select(VocabularyFile).order_by(VocabularyFile.name)).all()


def save_scheme(session: Session, actor: Actor, scheme: Scheme) -> bool:
    """Put the scheme in the place of what there was; False where it says the same."""
    found = load_vocabularies(session)[scheme.name]
    if list(found.concepts.values()) == list(scheme.concepts.values()):
        return False
    session.execute(delete(ConceptRow).where(ConceptRow.scheme == scheme.name))
    session.add_all(
        ConceptRow(
            scheme=scheme.name,
            code=concept.code,
            position=position,
            parent=concept.parent,
            labels=dict(concept.labels),
            extra=dict(concept.extra),
        )
        for position, concept in enumerate(scheme.concepts.values())
    )
    audit.record(session, actor, "save", "vocabulary", scheme.name, concepts=len(scheme.concepts))
    return True


def save_file(session: Session, actor: Actor, name: str, text: str) -> bool:
    """Keep a file beside the schemes; False where it says the same."""
    row = session.get(VocabularyFile, name)
    if row and row.text == text:
        return False
    session.merge(VocabularyFile(name=name, text=text))
    audit.record(session, actor, "save", "vocabulary", name)
    return True


def vocabularies_version(session: Session) -> str:
    """What changes with every change of a vocabulary; one look at an index of the database."""
    query = select(func.count(), func.max(AuditEvent.at)).where(AuditEvent.object_type == "vocabulary")
    count, last = session.execute(query).one()
    return f"{count} {last}"
