"""People for tests, and what they do with forms."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import pyotp
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from kb.db import Database
from kb.domain.roles import COMMAND_LINE, Actor, Role
from kb.models import City, Person
from kb.services import people, second_factors, sign_ins

PASSWORD = "long enough for a test"


def make_city(session: Session, slug: str = "testville", country: str = "IE") -> None:
    """A city without a profile."""
    if session.get(City, slug) is None:
        session.add(City(slug=slug, name=slug.title(), names={"ko": "시험시"}, aliases=[], country=country))
        session.flush()


def make_person(
    database: Database, email: str = "mina@example.org", role: Role = Role.READER, city: str | None = None, *,
    name: str = "Mina", demanded: bool = False,
) -> Actor:  # fmt: skip
    """Somebody with the usual password, as the actor of a request."""
    with database.transaction() as session:
        if city:
            make_city(session, city)
        person = people.create_person(
            session, COMMAND_LINE, email=email, name=name, role=role, city=city, password=PASSWORD
        )
        person.second_factor_demanded = demanded
        actor = people.actor_of(person)
    assert actor
    return actor


def open_session(database: Database, actor: Actor) -> str:
    """A session of somebody as if they had just signed in: what `_user_id` in the cookie holds."""
    with database.transaction() as session:
        person = session.get_one(Person, actor.person)
        return sign_ins.open_sign_in(session, person, whole=True, address="127.0.0.1", browser="a test")


def person_of(session: Session, email: str = "mina@example.org") -> Person:
    """The row of somebody."""
    return session.scalars(select(Person).where(Person.email == email)).one()


@dataclass
class Device:
    """An app that shows codes: each call gives a later one, since none is taken twice."""

    secret: str
    step: int = field(default=0)

    def code(self) -> str:
        """A code that is good now and was not shown before."""
        import time

        now = int(time.time()) // 30
        self.step = max(self.step + 1, now - 1)
        assert self.step <= now + 1, "three codes within one minute are all there are"
        return pyotp.TOTP(self.secret).generate_otp(self.step)


def set_up_device(database: Database, email: str = "mina@example.org") -> tuple[Device, list[str]]:
    """Turn the second factor on for somebody; their device and recovery codes."""
    with database.transaction() as session:
        person = person_of(session, email)
        second_factors.prepare(session, person)
        assert person.totp_secret
        device = Device(person.totp_secret)
        return device, second_factors.confirm(session, Actor(person.id, person.name), person, device.code())


def csrf(client: FlaskClient, path: str) -> str:
    """The token of the forms on a page."""
    found = re.search(r'name="csrf_token" value="([^"]+)"', client.get(path).text)
    assert found, path
    return found[1]


def send(client: FlaskClient, path: str, page: str | None = None, **fields: str) -> TestResponse:
    """Fill in a form of the page and send it."""
    return client.post(path, data={"csrf_token": csrf(client, page or path)} | fields)


def enter(
    client: FlaskClient, email: str = "mina@example.org", password: str = PASSWORD, **fields: str
) -> TestResponse:
    """Sign in by the form, as other programs do."""
    return send(client, "/login", email=email, password=password, **({"next": ""} | fields))
