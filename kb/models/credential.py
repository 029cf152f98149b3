"""What lets a person in besides the password: sessions, one-time links, recovery codes, personal tokens.

Of each secret only its SHA-256 is kept: they are random with 59 bits (recovery codes) or 256, not made by people.
"""

from __future__ import annotations

import datetime as dt
import uuid

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from kb.domain.roles import Role, Scope
from kb.models.base import Base, Created, Key
from kb.models.person import Person

_scopes = ", ".join(repr(scope.value) for scope in Scope)


class SignIn(Base):
    """One session of one person in one browser."""

    __tablename__ = "sign_in"
    __table_args__ = {"info": {"passing": True}}  # noqa: RUF012  # read by SQLAlchemy; not in backups

    id: Mapped[Key]
    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), index=True)
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    whole: Mapped[bool]  # False: the password was right, the code of the second factor is awaited
    address: Mapped[str] = mapped_column(String(45))
    browser: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[Created]
    seen_at: Mapped[Created]

    person: Mapped[Person] = relationship()


class Invitation(Base):
    """An offer of one role; `OneTimeLink` rows lead to it."""

    __tablename__ = "invitation"
    __table_args__ = (
        CheckConstraint(f"role IN ({', '.join(repr(role.value) for role in Role)})", name="role"),
        Index("ix_invitation_email", "email"),
    )

    id: Mapped[Key]
    email: Mapped[str | None] = mapped_column(String(254))  # None: the first administrator, who says it
    role: Mapped[str] = mapped_column(String(20))
    city_slug: Mapped[str | None] = mapped_column(String(80))
    language: Mapped[str | None] = mapped_column(String(35))  # of the mail and of the person until they choose
    invited_by: Mapped[uuid.UUID | None]  # no foreign key: None for the command line, and people may go
    invited_by_name: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[Created]
    expires_at: Mapped[dt.datetime]
    accepted_at: Mapped[dt.datetime | None]
    withdrawn_at: Mapped[dt.datetime | None]


class OneTimeLink(Base):
    """A link's secret: to an invitation, or to a new password for a person."""

    __tablename__ = "one_time_link"
    __table_args__ = (
        CheckConstraint("(invitation_id IS NULL) != (person_id IS NULL)", name="one_purpose"),
        {"info": {"passing": True}},
    )

    id: Mapped[Key]
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    invitation_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("invitation.id", ondelete="CASCADE"), index=True)
    person_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), index=True)
    expires_at: Mapped[dt.datetime]

    invitation: Mapped[Invitation | None] = relationship()
    person: Mapped[Person | None] = relationship()


class RecoveryCode(Base):
    """One of the codes that stand in for the second factor once; removed when used."""

    __tablename__ = "recovery_code"

    id: Mapped[Key]
    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), index=True)
    digest: Mapped[str] = mapped_column(String(64))


class AccessToken(Base):
    """A personal token for the API."""

    __tablename__ = "access_token"
    __table_args__ = (CheckConstraint(f"scope IN ({_scopes})", name="scope"),)

    id: Mapped[Key]
    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(80))
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    scope: Mapped[str] = mapped_column(String(10))
    created_at: Mapped[Created]
    expires_at: Mapped[dt.datetime]
    used_at: Mapped[dt.datetime | None]  # to the hour

    person: Mapped[Person] = relationship()


class Attempt(Base):
    """One try that is counted: to sign in, to get a new password. Shared by all worker processes."""

    __tablename__ = "attempt"
    __table_args__ = (Index("ix_attempt_key_at", "key", "at"), {"info": {"passing": True}})

    id: Mapped[Key]
    key: Mapped[str] = mapped_column(String(64))  # SHA-256 of what is limited and for whom
    at: Mapped[Created]
