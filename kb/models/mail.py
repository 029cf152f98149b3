"""Mails that wait to be sent, were sent, or could not be."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from kb.models.base import Base, Created, Key
from kb.models.credential import Invitation
from kb.models.person import Person


class MailRow(Base):
    """One mail to one receiver: a person, who was invited, or whoever has the address (a reset).

    It holds what the mail is about, never its text: that is made when it is sent, with the receiver's rights of that
    moment. The secret of a one-time link is made then too.
    """

    __tablename__ = "mail"
    __table_args__ = (
        CheckConstraint(
            "(person_id IS NOT NULL) OR (invitation_id IS NOT NULL) OR (email IS NOT NULL)", name="has_a_receiver"
        ),
        Index("ix_mail_due_at", "due_at"),
    )

    id: Mapped[Key]
    letter: Mapped[str] = mapped_column(String(60))  # its name in `kb.web.letters`
    person_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), index=True)
    invitation_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("invitation.id", ondelete="CASCADE"))
    email: Mapped[str | None] = mapped_column(String(254))  # as typed: whose it is is looked up when it is sent
    params: Mapped[dict[str, Any]]  # for the places of its sentences
    path: Mapped[str | None] = mapped_column(String(500))  # where it leads
    notice: Mapped[bool]  # whether the person's choice (at once, daily, none) counts
    permission: Mapped[str | None] = mapped_column(String(60))  # that the receiver must still have,
    city_slug: Mapped[str | None] = mapped_column(String(80))  # in this city
    created_at: Mapped[Created]
    due_at: Mapped[dt.datetime | None]  # None: done with, sent or given up
    tries: Mapped[int] = mapped_column(default=0)
    sent_at: Mapped[dt.datetime | None]
    failed_at: Mapped[dt.datetime | None]
    problem: Mapped[str | None] = mapped_column(String(300))

    person: Mapped[Person | None] = relationship()
    invitation: Mapped[Invitation | None] = relationship()
