"""Typed tables, one module a noun; `queries` holds the reusable selects."""

from kb.models.attachment import Attachment
from kb.models.base import Base
from kb.models.credential import AccessToken, Attempt, Invitation, OneTimeLink, RecoveryCode, SignIn
from kb.models.embedding import Embedding, LanguageMean
from kb.models.journal import AuditEvent, Mark, OutboxRow
from kb.models.mail import MailRow
from kb.models.page import Page
from kb.models.person import Membership, Person
from kb.models.review import Remark, Review, RevisionStep
from kb.models.vocabulary import ConceptRow, VocabularyFile
from kb.models.work import City, Entry, Revision, Work, WorkConcept
from kb.models.writing import Autosave, RequestKey, SavedText

__all__ = [
    "AccessToken",
    "Attachment",
    "Attempt",
    "AuditEvent",
    "Autosave",
    "Base",
    "City",
    "ConceptRow",
    "Embedding",
    "Entry",
    "Invitation",
    "LanguageMean",
    "MailRow",
    "Mark",
    "Membership",
    "OneTimeLink",
    "OutboxRow",
    "Page",
    "Person",
    "RecoveryCode",
    "Remark",
    "RequestKey",
    "Review",
    "Revision",
    "RevisionStep",
    "SavedText",
    "SignIn",
    "VocabularyFile",
    "Work",
    "WorkConcept",
]
