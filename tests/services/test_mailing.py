"""Mails: asked for with the change, written by the worker with the receiver's rights of that moment, tried again."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Iterator
from dataclasses import replace
from uuid import UUID

import pytest
from sqlalchemy import select, update

from kb.cli.mailing import clear, post, send_due
from kb.db import Database
from kb.domain.errors import NotFound, NotPermitted
from kb.domain.permissions import Permission
from kb.domain.roles import Notices, Role
from kb.mail.smtp import SmtpMailer
from kb.models import MailRow
from kb.models.base import now
from kb.runtime import Runtime
from kb.services import accounts, invitations, mailing, one_time_links
from kb.web.letters import WORDINGS, compose
from tests.mail.server import Postbox, running
from tests.people import make_person, person_of

PATH = "/account"


def _notify(database: Database, **options: object) -> None:
    with database.transaction() as session:
        mailing.notify(session, person_of(session), "roles-changed", path=PATH, **options)  # type: ignore[arg-type]


def _claim(database: Database) -> list[mailing.Letter]:
    with database.transaction() as session:
        return mailing.claim(session)


def _choose(database: Database, choice: Notices) -> None:
    with database.transaction() as session:
        person_of(session).notices = choice.value


def _make_due(database: Database) -> None:
    with database.transaction() as session:
        session.execute(update(MailRow).where(MailRow.due_at.is_not(None)).values(due_at=now()))


def test_each_gets_notices_as_they_chose(database: Database) -> None:
    make_person(database)
    _notify(database)
    [letter] = _claim(database)
    assert (letter.to, letter.name, letter.digest, letter.items[0].path) == ("mina@example.org", "Mina", False, PATH)

    _choose(database, Notices.DAILY)
    _notify(database)
    _notify(database)
    assert _claim(database) == []  # not before the hour
    _make_due(database)
    with database.transaction() as session:
        mailing.request(session, "password-changed", person=person_of(session), path=PATH)
    single, digest = _claim(database)
    assert single.items[0].letter == "password-changed"  # safety does not wait
    assert digest.digest
    assert len(digest.items) == 3  # with the one that was claimed and never settled

    _choose(database, Notices.NONE)
    _notify(database)
    _make_due(database)
    assert [letter.items[0].letter for letter in _claim(database)] == ["password-changed"]
    with database.reading() as session:
        assert mailing.count_waiting(session) == 1


def test_nothing_goes_to_who_may_not_know_any_more(database: Database) -> None:
    admin = make_person(database, "root@example.org", Role.ADMIN)
    make_person(database, role=Role.EDITOR, city="testville")
    for permission in (Permission.REVISION_REVIEW, None):
        _notify(database, permission=permission, city="testville")
    assert len(_claim(database)) == 2
    with database.transaction() as session:
        person = person_of(session)
        accounts.add_membership(session, admin, person, Role.READER, None)
        accounts.remove_membership(session, admin, person, person.memberships[0].id)
    _make_due(database)
    assert (
        len(_claim(database)) == 3
    )  # of the two first the one that needs no permission, and two that tell of the roles
    with database.transaction() as session:
        accounts.disable(session, admin, person_of(session))
    _make_due(database)
    assert _claim(database) == []
    with database.reading() as session:
        assert session.scalars(select(MailRow)).all() == []


@pytest.mark.parametrize("hour", [0, 21, 22, 23])
def test_the_mail_of_the_day_goes_out_at_its_hour(hour: int) -> None:
    moment = dt.datetime(2026, 11, 24, hour, 0, tzinfo=dt.UTC)
    due = mailing.next_digest(moment)
    assert due.hour == mailing.DIGEST_HOUR
    assert dt.timedelta(0) < due - moment <= dt.timedelta(days=1)


@pytest.fixture
def postbox(empty: Runtime) -> Iterator[Postbox]:
    """A mail server that the instance sends to."""
    made = Postbox()
    with running(made) as port:
        empty.mailer = SmtpMailer(f"smtp://127.0.0.1:{port}", "kb.example.org")
        yield made


def test_a_failed_mail_is_tried_later_then_given_up_and_asked_for_again(empty: Runtime, postbox: Postbox) -> None:
    admin = make_person(empty.database, role=Role.ADMIN)
    postbox.refused["mina@example.org"] = "451 later"
    _notify(empty.database)
    for number in range(len(mailing.BACK_OFF)):
        assert send_due(empty) == 1
        assert send_due(empty) == 0  # not at once
        with empty.database.reading() as session:
            [row] = session.scalars(select(MailRow))
            assert row.problem
            assert (row.failed_at is not None) is (number == len(mailing.BACK_OFF) - 1)
        _make_due(empty.database)
    assert send_due(empty) == 0
    reader = make_person(empty.database, "jo@example.org")
    postbox.refused.clear()
    with empty.database.transaction() as session:
        [row] = mailing.list_failed(session, admin)
        assert mailing.count_failed(session) == 1
        with pytest.raises(NotPermitted):
            mailing.retry(session, reader, row.id)
        mailing.retry(session, admin, row.id)
        with pytest.raises(NotFound):
            mailing.retry(session, admin, row.id)
    assert send_due(empty) == 1
    assert [mail["Subject"] for mail in postbox.mails] == ["What you may do was changed"]
    with empty.database.transaction() as session:
        session.execute(update(MailRow).values(created_at=now() - dt.timedelta(days=31)))
    clear(empty)
    with empty.database.reading() as session:
        assert session.scalars(select(MailRow)).all() == []


def test_an_unknown_receiver_or_letter_is_given_up_and_holds_up_nothing(empty: Runtime, postbox: Postbox) -> None:
    make_person(empty.database)
    make_person(empty.database, "gone@example.org")
    postbox.refused["gone@example.org"] = "550 unknown"
    with empty.database.transaction() as session:
        mailing.request(session, "no-such-letter", person=person_of(session))
        mailing.request(session, "roles-changed", person=person_of(session, "gone@example.org"), path=PATH)
        mailing.request(session, "roles-changed", person=person_of(session), path=PATH)
    assert send_due(empty) == 3
    assert postbox.receivers == ["mina@example.org"]
    with empty.database.reading() as session:
        assert mailing.count_failed(session) == 2


def test_invitation_and_reset_carry_links_that_work_in_the_receivers_language(empty: Runtime, postbox: Postbox) -> None:
    admin = make_person(empty.database, role=Role.ADMIN)
    with empty.database.transaction() as session:
        made = invitations.invite(session, admin, email="jo@example.org", role=Role.READER, city=None, language="ko")
        mailing.request(session, "invitation", invitation=made, inviter=admin.name)
        mailing.request(session, "reset", email="mina@example.org")
        mailing.request(session, "reset", email="nobody@example.org")
        gone = invitations.invite(session, admin, email="li@example.org", role=Role.READER, city=None)
        mailing.request(session, "invitation", invitation=gone, inviter=admin.name)
        invitations.withdraw(session, admin, gone.id)
    assert send_due(empty) == 2
    assert postbox.receivers == ["jo@example.org", "mina@example.org"]
    texts = [body.get_content() for mail in postbox.mails if (body := mail.get_body(("plain",)))]
    secrets = [text.split("/invitation/" if "/invitation/" in text else "/reset/")[1].split()[0] for text in texts]
    assert "초대" in texts[0]
    assert "72" in texts[0]
    with empty.database.transaction() as session:
        assert one_time_links.find_invitation(session, secrets[0]).email == "jo@example.org"
        assert one_time_links.find_person(session, secrets[1]).email == "mina@example.org"
    with empty.database.reading() as session:
        assert all(secret not in str(row.__dict__) for row in session.scalars(select(MailRow)) for secret in secrets)


@pytest.mark.parametrize("language", ["en", "ko", None])
@pytest.mark.parametrize("name", WORDINGS)
def test_every_letter_can_be_written_in_every_language(name: str, language: str | None) -> None:
    item = mailing.Item(name, {"inviter": "<b>Kim & Co</b>"}, "/path")
    letter = mailing.Letter((UUID(int=1),), "a@example.org", "<i>Mina</i>", language, (item, item), True, 1)
    for one in (letter, replace(letter, digest=False, items=(item,), name="")):
        mail = compose(one, base_url="https://kb.example.org", locale="en")
        assert "https://kb.example.org/path" in mail.text
        assert 'href="https://kb.example.org/path"' in mail.html
        assert "<b>" not in mail.html
        assert "<i>" not in mail.html
        assert "%(" not in mail.text + mail.html + mail.subject
        assert f'lang="{language or "en"}"' in mail.html


def test_the_worker_goes_on_after_any_trouble(empty: Runtime, postbox: Postbox) -> None:
    make_person(empty.database)
    stopping = threading.Event()
    real, calls = empty.mailer, []

    class Broken:
        """A mailer with a mistake in it, once."""

        sends = True

        def send(self, mail: object) -> None:
            calls.append(mail)
            empty.mailer = real
            raise ZeroDivisionError

        def check(self) -> str:
            return ""

    empty.mailer = Broken()
    _notify(empty.database)
    _notify(empty.database)
    thread = threading.Thread(target=post, args=(empty, stopping))
    thread.start()
    try:
        end = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=30)
        while not postbox.mails:
            assert dt.datetime.now(dt.UTC) < end
            stopping.wait(0.05)
    finally:
        stopping.set()
        thread.join()
    assert len(calls) == 1
    with empty.database.reading() as session:
        assert mailing.count_failed(session) == 1


def test_the_worker_waits_for_a_database_out_of_reach(empty: Runtime, postbox: Postbox) -> None:
    make_person(empty.database)
    _notify(empty.database)
    stopping, real = threading.Event(), empty.database
    empty.database = Database("postgresql+psycopg://kb@127.0.0.1:1/kb")
    thread = threading.Thread(target=post, args=(empty, stopping))
    thread.start()
    try:
        stopping.wait(1)
        empty.database.close()
        empty.database = real
        end = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=60)
        while not postbox.mails:
            assert dt.datetime.now(dt.UTC) < end
            stopping.wait(0.05)
    finally:
        empty.database = real
        stopping.set()
        thread.join()
