"""People and what they may do where."""

from __future__ import annotations

import datetime as dt
import uuid

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from kb.domain.roles import CITY_ROLES, Role
from kb.models.base import Base, Created, Key

_city_roles = ", ".join(repr(role.value) for role in sorted(CITY_ROLES))


class Person(Base):
    """Somebody who may sign in."""

    __tablename__ = "person"

    id: Mapped[Key]
    email: Mapped[str] = mapped_column(String(254), unique=True)  # case-folded
    name: Mapped[str] = mapped_column(String(200))
    password_hash: Mapped[str | None] = mapped_column(String(200))  # argon2id; None: cannot sign in by password
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
