"""The table of permissions, row by row: written down here once more so that a change is a decision."""

from __future__ import annotations

from uuid import uuid4

import pytest

from kb.domain.errors import NotPermitted
from kb.domain.permissions import POLICY, Permission, Subject, can, cities_where, require
from kb.domain.roles import ANYONE, Actor, Membership, Role

CORK = "cork"
PERSON = uuid4()
ACTORS = {
    "anyone": ANYONE,
    "reader": Actor(PERSON, "R", frozenset({Membership(Role.READER)})),
    "contributor": Actor(PERSON, "C", frozenset({Membership(Role.CONTRIBUTOR, CORK)})),
    "editor": Actor(PERSON, "E", frozenset({Membership(Role.EDITOR, CORK)})),
    "coordinator": Actor(PERSON, "O", frozenset({Membership(Role.COORDINATOR)})),
    "admin": Actor(PERSON, "A", frozenset({Membership(Role.ADMIN)})),
}
EVERYWHERE = {"coordinator", "admin"}
IN_CORK = {
    Permission.DRAFT_READ: {"contributor", "editor"} | EVERYWHERE,
    Permission.DRAFT_WRITE: {"contributor", "editor"} | EVERYWHERE,
    Permission.REVISION_REVIEW: {"editor"} | EVERYWHERE,
    Permission.REVISION_PUBLISH: {"editor"} | EVERYWHERE,
    Permission.ENTRY_ARCHIVE: {"editor"} | EVERYWHERE,
    Permission.CITY_SPEAK: {"editor"} | EVERYWHERE,
    Permission.PERSON_INVITE: {"editor"} | EVERYWHERE,
    Permission.PERSON_ADMINISTER: {"admin"},
    Permission.CITY_ADMINISTER: EVERYWHERE,
    Permission.VOCABULARY_EDIT: EVERYWHERE,
    Permission.AUDIT_READ: {"admin"},
    Permission.SITE_ADMINISTER: {"admin"},
}


def test_every_permission_has_its_row() -> None:
    assert set(POLICY) == set(Permission) == set(IN_CORK)


@pytest.mark.parametrize("permission", Permission)
@pytest.mark.parametrize("name", ACTORS)
def test_who_may_what_in_cork_and_elsewhere(name: str, permission: Permission) -> None:
    subject = Subject(city=CORK, role=Role.CONTRIBUTOR)
    assert can(ACTORS[name], permission, subject) is (name in IN_CORK[permission])
    of_a_city = name in {"contributor", "editor"}
    elsewhere = Subject(city="medellin", role=Role.CONTRIBUTOR)
    assert can(ACTORS[name], permission, elsewhere) is (name in IN_CORK[permission] and not of_a_city)


@pytest.mark.parametrize("name", ["editor", "coordinator", "admin"])
def test_nobody_publishes_their_own_text(name: str) -> None:
    assert not can(ACTORS[name], Permission.REVISION_PUBLISH, Subject(city=CORK, author=PERSON))
    assert can(ACTORS[name], Permission.REVISION_PUBLISH, Subject(city=CORK, author=uuid4()))


def test_who_invites_whom() -> None:
    def invited(name: str) -> set[Role]:
        return {role for role in Role if can(ACTORS[name], Permission.PERSON_INVITE, Subject(city=CORK, role=role))}

    assert invited("contributor") == set()
    assert invited("editor") == {Role.CONTRIBUTOR}
    assert invited("coordinator") == set(Role) - {Role.ADMIN}
    assert invited("admin") == set(Role)


def test_the_filter_agrees_with_the_check() -> None:
    assert cities_where(ACTORS["coordinator"], Permission.DRAFT_READ) is None
    assert cities_where(ACTORS["contributor"], Permission.DRAFT_READ) == {CORK}
    assert cities_where(ACTORS["contributor"], Permission.REVISION_REVIEW) == frozenset()
    assert cities_where(ANYONE, Permission.DRAFT_READ) == frozenset()


def test_what_is_not_allowed_is_said() -> None:
    with pytest.raises(NotPermitted):
        require(ANYONE, Permission.AUDIT_READ)
    require(ACTORS["admin"], Permission.AUDIT_READ)
