"""Invitations, roles, accounts, other sign-ins, and the log of it all."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Callable
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from kb.db import Database
from kb.domain.errors import Conflict, Invalid, NotFound, NotPermitted
from kb.domain.roles import COMMAND_LINE, Actor, Role
from kb.models import AuditEvent, Invitation, Person
from kb.models.base import now
from kb.services import accounts, audit, identities, invitations, one_time_links, people
from kb.services.identities import Identity
from tests.people import PASSWORD, make_city, make_person, person_of

JO = "jo@example.org"


def _invite(
    database: Database, actor: Actor = COMMAND_LINE, role: Role = Role.READER, city: str | None = None, email: str = JO
) -> str:
    """The secret of a new invitation."""
    with database.transaction() as session:
        made = invitations.invite(session, actor, email=email, role=role, city=city)
        return one_time_links.link_to_invitation(session, made).rpartition("/")[2]


def _accept(database: Database, secret: str, **changes: str) -> tuple[Person, bool]:
    given = {"name": "Jo", "email": "", "password": PASSWORD, "address": "192.0.2.1"} | changes
    with database.transaction() as session:
        return invitations.accept(session, secret, **given)


def test_an_invitation_makes_one_account(database: Database) -> None:
    with database.transaction() as session:
        make_city(session)
    first = _invite(database, role=Role.EDITOR, city="testville")
    secret = _invite(database, role=Role.EDITOR, city="testville", email=" JO@example.org ")
    with pytest.raises(NotFound):  # the newer one takes its place
        _accept(database, first)
    with pytest.raises(Invalid):
        _accept(database, secret, password="short")
    person, new = _accept(database, secret, email="evil@example.org")
    assert new
    assert (person.email, person.second_factor_demanded) == (JO, True)
    with pytest.raises(NotFound):
        _accept(database, secret, name="Somebody else")
    with database.reading() as session:
        assert people.sign_in(session, JO, PASSWORD).memberships[0].city_slug == "testville"
        assert invitations.list_open(session, COMMAND_LINE) == []


def test_whoever_has_an_account_gets_one_more_role(database: Database) -> None:
    make_person(database, JO, name="Jo")
    with database.transaction() as session:
        make_city(session)
    secret = _invite(database, role=Role.CONTRIBUTOR, city="testville")
    person, new = _accept(database, secret, name="", password="")
    assert not new
    assert {held.role for held in person.memberships} == {"reader", "contributor"}
    with pytest.raises(Conflict):
        _invite(database, role=Role.CONTRIBUTOR, city="testville")
    late = _invite(database, role=Role.COORDINATOR)
    with database.transaction() as session:
        person_of(session, JO).disabled_at = now()
    with pytest.raises(Conflict, match="disabled"):
        _accept(database, late)


def test_an_invitation_ends_after_72_hours(database: Database) -> None:
    secret = _invite(database)
    with database.transaction() as session:
        [made] = session.scalars(select(Invitation))
        assert made.expires_at - made.created_at == pytest.approx(dt.timedelta(hours=72), abs=dt.timedelta(seconds=5))
        session.execute(text("UPDATE one_time_link SET expires_at = '2020-01-01 00:00:00+00:00'"))
    with pytest.raises(NotFound):
        _accept(database, secret)


def test_who_invites_and_takes_back_what(database: Database) -> None:
    with database.transaction() as session:
        make_city(session, "cork")
    editor = make_person(database, role=Role.EDITOR, city="testville")
    other = make_person(database, "li@example.org", Role.EDITOR, "cork")
    coordinator = make_person(database, "co@example.org", Role.COORDINATOR)
    for actor, role, city in ((editor, Role.CONTRIBUTOR, "cork"), (editor, Role.EDITOR, "testville"),
                              (coordinator, Role.ADMIN, None)):  # fmt: skip
        with pytest.raises(NotPermitted):
            _invite(database, actor, role, city)
    with pytest.raises(Invalid):
        _invite(database, coordinator, Role.EDITOR)
    _invite(database, editor, Role.CONTRIBUTOR, "testville")
    with database.transaction() as session:
        [seen] = invitations.list_open(session, editor)
        assert invitations.list_open(session, other) == []
        assert invitations.list_open(session, coordinator) == [seen]
        for actor, id_ in ((other, seen.id), (editor, uuid4())):
            with pytest.raises(NotFound):
                invitations.withdraw(session, actor, id_)
        invitations.withdraw(session, editor, seen.id)
        assert invitations.list_open(session, editor) == []


def test_the_first_administrator_says_their_own_address(database: Database) -> None:
    def link() -> str:
        with database.transaction() as session:
            return invitations.invite_first_admin(session, COMMAND_LINE).rpartition("/")[2]

    first, secret = link(), link()
    with pytest.raises(NotFound):
        _accept(database, first, email=JO)
    with pytest.raises(Invalid):
        _accept(database, secret, email="no address")
    person, _ = _accept(database, secret, email=JO)
    with database.reading() as session:
        assert people.has_admin(session)
    assert people.lacks_second_factor(person)
    with pytest.raises(Conflict):
        link()
    with pytest.raises(NotPermitted), database.transaction() as session:
        invitations.invite_first_admin(session, make_person(database))


@pytest.mark.parametrize(
    "deed",
    [
        lambda session, actor, person: accounts.add_membership(session, actor, person, Role.ADMIN, None),
        lambda session, actor, person: accounts.remove_membership(session, actor, person, person.memberships[0].id),
        accounts.disable,
        accounts.enable,
        lambda session, actor, person: accounts.offer_reset(session, actor, person, by_mail=False),
        lambda session, actor, person: people.list_people(session, actor),
        lambda session, actor, person: audit.list_events(session, actor, audit.Filter()),
        lambda session, actor, person: audit.list_actions(session, actor),
        lambda session, actor, person: audit.export_events(session, actor, audit.Filter()),
    ],
)
def test_only_administrators_keep_people(database: Database, deed: Callable[[Session, Actor, Person], object]) -> None:
    coordinator = make_person(database, role=Role.COORDINATOR)
    with pytest.raises(NotPermitted), database.transaction() as session:
        deed(session, coordinator, person_of(session))


def test_the_last_administrator_stays(database: Database) -> None:
    admin = make_person(database, role=Role.ADMIN)
    with database.transaction() as session:
        person = person_of(session)
        with pytest.raises(Conflict):
            accounts.disable(session, admin, person)
        with pytest.raises(Conflict):
            accounts.remove_membership(session, admin, person, person.memberships[0].id)
    make_person(database, JO, Role.ADMIN)
    with database.transaction() as session:
        person = person_of(session)
        accounts.disable(session, admin, person)
        with pytest.raises(Conflict):
            accounts.disable(session, admin, person)
        with pytest.raises(Conflict):
            accounts.disable(session, admin, person_of(session, JO))
        accounts.enable(session, admin, person)
        with pytest.raises(NotFound):
            accounts.remove_membership(session, admin, person, uuid4())
        with pytest.raises(Conflict):
            accounts.add_membership(session, admin, person, Role.ADMIN, None)
        with pytest.raises(NotFound):
            people.get_person(session, uuid4())
        with pytest.raises(NotFound):
            people.get_person_by_email(session, "nobody@example.org")


def test_people_are_found_by_words_role_and_city(database: Database) -> None:
    admin = make_person(database, "root@example.org", Role.ADMIN, name="100% Root")
    make_person(database, JO, Role.EDITOR, "testville", name="Jo")

    def found(**wanted: object) -> list[str]:
        with database.reading() as session:
            return [person.name for person in people.list_people(session, admin, **wanted)]  # type: ignore[arg-type]

    assert found() == ["100% Root", "Jo"]
    assert found(words="JO@") == ["Jo"]
    assert found(words="0% r") == ["100% Root"]
    assert found(words="_") == []
    assert found(role=Role.EDITOR) == found(city="testville") == ["Jo"]


@pytest.mark.parametrize(
    ("change", "field"), [({"name": " "}, "name"), ({"language": "xx"}, "language"), ({"notices": "often"}, "notices")]
)
def test_what_people_say_of_themselves_is_checked(database: Database, change: dict[str, str], field: str) -> None:
    mina = make_person(database)
    given = {"name": "Mina Kim", "language": "ko", "notices": "daily"}
    with database.transaction() as session:
        accounts.save_profile(session, mina, person_of(session), **given)
    with pytest.raises(Invalid) as caught, database.transaction() as session:
        accounts.save_profile(session, mina, person_of(session), **(given | change))
    assert caught.value.problems[0].field == field


def _identity(subject: str = "1", email: str | None = JO) -> Identity:
    return Identity("https://id.city.example", subject, email, "Jo Doe")


def _by_city(database: Database, identity: Identity) -> UUID:
    with database.transaction() as session:
        return identities.sign_in(session, identity, "192.0.2.1").id


def test_a_citys_sign_in_lets_in_who_was_invited(database: Database) -> None:
    with pytest.raises(NotPermitted):
        _by_city(database, _identity())
    with database.transaction() as session:
        make_city(session)
    _invite(database)
    _invite(database, role=Role.CONTRIBUTOR, city="testville")
    with pytest.raises(NotPermitted):  # an address that the issuer does not vouch for
        _by_city(database, _identity(email=None))
    jo = _by_city(database, _identity())
    assert _by_city(database, _identity(email="moved@example.org")) == jo
    with pytest.raises(NotPermitted):  # somebody else has the address now
        _by_city(database, _identity("2"))
    with database.transaction() as session:
        person = person_of(session, JO)
        assert {held.role for held in person.memberships} == {"reader", "contributor"}
        assert person.password_hash is None
        with pytest.raises(NotPermitted):
            people.sign_in(session, JO, "")
        person.disabled_at = now()
    with pytest.raises(NotPermitted):
        _by_city(database, _identity())


def test_a_citys_sign_in_joins_the_account_of_the_address(database: Database) -> None:
    mina = make_person(database)
    assert _by_city(database, _identity(email="Mina@Example.org")) == mina.person


def test_the_log_is_filtered_paged_exported_and_never_edited(database: Database) -> None:
    admin = make_person(database, role=Role.ADMIN)
    with database.transaction() as session:
        for number in range(5):
            audit.record(
                session, Actor(admin.person, "=Mina", address="192.0.2.1"), "poke", "thing", str(number), n=number
            )
    with database.reading() as session:
        events, total = audit.list_events(session, admin, audit.Filter(action="poke"), page=2, per_page=2)
        assert (len(events), total) == (2, 5)
        assert {"poke", "create"} <= set(audit.list_actions(session, admin))
        for wanted, count in (
            (audit.Filter(actor="MINA"), 5),
            (audit.Filter(actor="%"), 0),
            (audit.Filter(object_type="thing", object_id="3"), 1),
            (audit.Filter(action="poke", since=now().date() - dt.timedelta(days=1), until=now().date()), 5),
            (audit.Filter(since=now().date() + dt.timedelta(days=2)), 0),
            (audit.Filter(until=now().date() - dt.timedelta(days=2)), 0),
        ):
            assert audit.list_events(session, admin, wanted)[1] == count, wanted
        rows = list(csv.reader(io.StringIO("".join(audit.export_events(session, admin, audit.Filter(action="poke"))))))
    assert rows[0] == list(audit.COLUMNS)
    assert len(rows) == 6
    assert rows[1][1:4] == ["'=Mina", "192.0.2.1", "poke"]  # no formula
    with pytest.raises(DBAPIError), database.transaction() as session:
        session.execute(update(AuditEvent).values(actor_name="Nobody"))
