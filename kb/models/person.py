"""People and what they may do where."""

from __future__ import annotations

import datetime as dt
import uuid

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from kb.domain.roles import CITY_ROLES, Notices, Role
from kb.models.base import Base, Created, Key

_city_roles = ", ".join(repr(role.value) for role in sorted(CITY_ROLES))


class Person(Base):
    """Somebody who may sign in."""

    __tablename__ = "person"
    __table_args__ = (Index("uq_person_oidc", "oidc_issuer", "oidc_subject", unique=True),)

    id: Mapped[Key]
    email: Mapped[str] = mapped_column(String(254), unique=True)  # case-folded
    name: Mapped[str] = mapped_column(String(200))
    password_hash: Mapped[str | None] = mapped_column(String(200))  # argon2id; None: cannot sign in by password
    language: Mapped[str | None] = mapped_column(String(35))  # of the interface and of mails; None: the site's
    notices: Mapped[str] = mapped_column(String(20), default=Notices.AT_ONCE.value)  # of kb.domain.roles.Notices
    # whether editors and above work as readers until they have set up a second factor
    second_factor_demanded: Mapped[bool] = mapped_column(default=True)
    totp_secret: Mapped[str | None] = mapped_column(String(64))  # base32; the code is reckoned from it: can't be hashed
    totp_confirmed_at: Mapped[dt.datetime | None]  # None: begun, but no code was shown yet that fits
    totp_last_step: Mapped[int | None]  # number of the 30 seconds whose code was used last: none is taken twice
    oidc_issuer: Mapped[str | None] = mapped_column(String(300))
    oidc_subject: Mapped[str | None] = mapped_column(String(255))
    disabled_at: Mapped[dt.datetime | None]
    created_at: Mapped[Created]

    memberships: Mapped[list[Membership]] = relationship(back_populates="person", cascade="all, delete-orphan")


class Membership(Base):
    """One role of one person, in one city where the role is a city's."""

    __tablename__ = "membership"
    __table_args__ = (
        CheckConstraint(f"role IN ({', '.join(repr(role.value) for role in Role)})", name="role"),
        CheckConstraint(f"(role IN ({_city_roles})) = (city_slug IS NOT NULL)", name="city_of_role"),
        Index(
            "uq_membership_everywhere",
            "person_id",
            "role",
            unique=True,
            sqlite_where=text("city_slug IS NULL"),
            postgresql_where=text("city_slug IS NULL"),
        ),
        Index("uq_membership_city", "person_id", "role", "city_slug", unique=True),
    )

    id: Mapped[Key]
    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), index=True)
    role: Mapped[str] = mapped_column(String(20))
    city_slug: Mapped[str | None] = mapped_column(String(80))

    person: Mapped[Person] = relationship(back_populates="memberships")
