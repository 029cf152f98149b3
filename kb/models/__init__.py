"""Typed tables, one module a noun; `queries` holds the reusable selects."""

from kb.models.attachment import Attachment
from kb.models.base import Base
from kb.models.embedding import Embedding, LanguageMean
from kb.models.journal import AuditEvent, Mark, OutboxRow
from kb.models.page import Page
from kb.models.person import Membership, Person
from kb.models.review import Remark, Review, RevisionStep
from kb.models.vocabulary import ConceptRow, VocabularyFile
from kb.models.work import City, Entry, Revision, Work, WorkConcept
from kb.models.writing import Autosave, RequestKey, SavedText

__all__ = [
    "Attachment",
    "AuditEvent",
    "Autosave",
    "Base",
    "City",
    "ConceptRow",
    "Embedding",
    "Entry",
    "LanguageMean",
    "Mark",
    "Membership",
    "OutboxRow",
    "Page",
    "Person",
    "Remark",
    "RequestKey",
    "Review",
    "Revision",
    "RevisionStep",
    "SavedText",
    "VocabularyFile",
    "Work",
    "WorkConcept",
]
