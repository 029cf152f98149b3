"""People who write and review for two made-up cities, and their ways; for tests of services, API and pages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy.orm import Session

from kb.db import Database
from kb.domain.kinds import Kind
from kb.domain.roles import COMMAND_LINE, Actor, Membership, Role
from kb.models import Membership as MembershipRow
from kb.models import Person, Revision
from kb.models.base import now
from kb.services import editing, review, vocabularies, works
from kb.services.works import TextOfEntry
from kb.text.renderer import Renderer
from tests.factories import VOCABULARIES, case_header, profile_header, save

PLACE = (Kind.CASE, "lanterns", "en")


@dataclass(frozen=True)
class Staff:
    """Ana and Ben write for Testville, Eva edits there; Olga edits Elsewhere; Cho coordinates; Rae reads."""

    ana: Actor
    ben: Actor
    eva: Actor
    olga: Actor
    cho: Actor
    rae: Actor


def hire(session: Session, name: str, role: Role, city: str | None = None) -> Actor:
    """A person with one role, who signs in with no password."""
    person = Person(
        id=uuid4(), email=f"{name}@example.org", name=name.title(), created_at=now(), second_factor_demanded=False
    )
    person.memberships = [MembershipRow(role=role.value, city_slug=city)]
    session.add(person)
    session.flush()
    return Actor(person.id, person.name, frozenset({Membership(role, city)}))


def settle_in(database: Database, renderer: Renderer) -> Staff:
    """Two cities with their profiles, the vocabularies, and the people."""
    with database.transaction() as session:
        for scheme in VOCABULARIES:
            vocabularies.save_scheme(session, COMMAND_LINE, scheme)
        for city in ("testville", "elsewhere"):
            save(session, renderer, profile_header(city), slug=city)
        return Staff(
            ana=hire(session, "ana", Role.CONTRIBUTOR, "testville"),
            ben=hire(session, "ben", Role.CONTRIBUTOR, "testville"),
            eva=hire(session, "eva", Role.EDITOR, "testville"),
            olga=hire(session, "olga", Role.EDITOR, "elsewhere"),
            cho=hire(session, "cho", Role.COORDINATOR),
            rae=hire(session, "rae", Role.READER),
        )


def compose(
    renderer: Renderer,
    body: str = "Lanterns were hung.\n",
    *,
    slug: str = "lanterns",
    language: str = "en",
    header: dict[str, Any] | None = None,
    **fields: Any,
) -> TextOfEntry:
    """A text as the form or the API hands it to the services."""
    header = (header or case_header()) | fields
    return works.compose(
        Kind(header["kind"]), slug, language, header, body, vocabularies=VOCABULARIES, renderer=renderer
    )


def begin(database: Database, actor: Actor, text: TextOfEntry, **more: Any) -> Revision:
    """Start a draft in a transaction of its own."""
    with database.transaction() as session:
        return editing.start(session, actor, text, **more)[0]


def bring_to_public(database: Database, renderer: Renderer, staff: Staff, text: TextOfEntry) -> UUID:
    """Ana writes, Eva publishes."""
    place = (text.kind, text.slug, text.language)
    begin(database, staff.ana, text)
    with database.transaction() as session:
        review.submit(session, staff.ana, *place, vocabularies=VOCABULARIES)
    with database.transaction() as session:
        return review.publish(session, staff.eva, *place, vocabularies=VOCABULARIES).id
