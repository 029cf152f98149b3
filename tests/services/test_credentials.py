"""What lets people in: passwords, sessions, one-time links, second factors, tokens, and how often they may try."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, update

from kb.db import Database
from kb.domain.errors import Conflict, Invalid, NotFound, NotPermitted, NotSignedIn, TooManyTries
from kb.domain.roles import ANYONE, Actor, Role, Scope
from kb.models import AccessToken, Attempt, MailRow, OneTimeLink, RecoveryCode, SignIn
from kb.models.base import now
from kb.services import accounts, backups, limits, one_time_links, passwords, people, second_factors, sign_ins, tokens
from kb.storage.files import FileStorage
from tests.people import PASSWORD, make_person, person_of, set_up_device

ADDRESS, BROWSER = "192.0.2.7", "Firefox"


@pytest.mark.parametrize(
    "password",
    ["password1", "QWERTYUIOP", "aaaaaaaaaaaa", "Mina2024!", "Yangcheon2024", "learning-cities-1", "양천구2024년!!"],
)
def test_what_others_try_first_is_refused(password: str) -> None:
    with pytest.raises(Invalid) as caught:
        passwords.check_password(password, ["Mina Kim", "mina@example", "yangcheon-gu-seoul", "양천구"])
    assert caught.value.problems[0].field == "password"


@pytest.mark.parametrize(
    "password",
    ["learning by walking around", "mina loves rivers", "1234-5678-90", "ㅎㅏㄴㄱㅡㄹㅎㅏㄴ", "correct horse"],
)
def test_anything_else_of_the_right_length_is_taken(password: str) -> None:
    passwords.check_password(password, ["Mina Kim", "mina@example", "yangcheon-gu-seoul"])


@given(st.text(max_size=140))
def test_a_password_is_taken_or_told_why(password: str) -> None:
    try:
        passwords.check_password(password, ["Mina"])
    except Invalid as error:
        assert str(error)
    else:
        assert 8 <= len(password) <= 128


def _open(database: Database, actor: Actor, *, whole: bool = True) -> str:
    with database.transaction() as session:
        person = people.get_person(session, actor.person)  # type: ignore[arg-type]  # they have an id
        return sign_ins.open_sign_in(session, person, whole=whole, address=ADDRESS, browser=BROWSER)


def _age(database: Database, **ages: dt.timedelta) -> None:
    """Make all sessions that much older."""
    with database.transaction() as session:
        session.execute(update(SignIn).values({name: now() - age for name, age in ages.items()}))


@pytest.mark.parametrize(
    ("role", "idle", "in_"),
    [
        (Role.READER, sign_ins.IDLE_STRONG + dt.timedelta(hours=1), True),
        (Role.COORDINATOR, sign_ins.IDLE_STRONG - dt.timedelta(minutes=1), True),
        (Role.COORDINATOR, sign_ins.IDLE_STRONG + dt.timedelta(minutes=1), False),
        (Role.READER, sign_ins.IDLE + dt.timedelta(minutes=1), False),
    ],
)
def test_an_idle_session_ends_sooner_for_those_who_may_more(
    database: Database, role: Role, idle: dt.timedelta, in_: bool
) -> None:
    secret = _open(database, make_person(database, role=role))
    _age(database, seen_at=idle)
    with database.reading() as session:
        found = sign_ins.find_sign_in(session, secret, ADDRESS)
    assert (found is not None) is in_
    if found:
        assert found.stale
        assert found.actor.address == ADDRESS


def test_a_session_ends_after_thirty_days_used_or_not(database: Database) -> None:
    secret = _open(database, make_person(database))
    with database.transaction() as session:
        found = sign_ins.find_sign_in(session, secret, ADDRESS)
        assert found
        assert not found.stale
        sign_ins.note_use(session, found.id)
    _age(database, created_at=sign_ins.LONGEST + dt.timedelta(minutes=1))
    with database.transaction() as session:
        assert sign_ins.find_sign_in(session, secret, ADDRESS) is None
        assert sign_ins.list_sign_ins(session, found.actor.person) == []  # type: ignore[arg-type]  # they have an id
        sign_ins.forget_old(session)
        assert session.scalars(select(SignIn)).all() == []


def test_the_database_holds_no_secret(database: Database) -> None:
    mina = make_person(database, role=Role.ADMIN)
    secret = _open(database, mina)
    device, codes = set_up_device(database)
    with database.transaction() as session:
        person = person_of(session)
        link = one_time_links.link_to_reset(session, person)
        token = tokens.create_token(session, mina, person, name="script", days=7, scope=Scope.READ)
    with database.engine.connect() as connection:
        kept = [
            str(tuple(row))
            for table in (SignIn, OneTimeLink, RecoveryCode, AccessToken)
            for row in connection.execute(select(table.__table__))
        ]
    secrets = (secret, link.rpartition("/")[2], token, token.removeprefix(tokens.PREFIX), *codes,
               *(code.replace("-", "") for code in codes))  # fmt: skip
    assert len(kept) == 13
    assert not any(one in row for one in secrets for row in kept)
    assert device.secret


def test_half_a_session_lets_nobody_in(database: Database) -> None:
    mina = make_person(database)
    secret = _open(database, mina, whole=False)
    with database.reading() as session:
        assert sign_ins.find_sign_in(session, secret, ADDRESS) is None
        half = sign_ins.find_half(session, secret)
        assert half
        assert half.id == mina.person
        assert sign_ins.find_half(session, "x") is None
    _age(database, created_at=sign_ins.HALF + dt.timedelta(seconds=1))
    with database.transaction() as session:
        assert sign_ins.find_half(session, secret) is None
        sign_ins.forget_old(session)
        assert session.scalars(select(SignIn)).all() == []


def test_sessions_end_one_by_one_for_their_owner_only(database: Database) -> None:
    mina, jo = make_person(database), make_person(database, "jo@example.org", name="Jo")
    first, second = _open(database, mina), _open(database, mina)
    with database.reading() as session:
        found = sign_ins.find_sign_in(session, first, ADDRESS)
        assert found
        assert len(sign_ins.list_sign_ins(session, found.actor.person)) == 2  # type: ignore[arg-type]
    with pytest.raises(NotFound), database.transaction() as session:
        sign_ins.end_own(session, jo, found.id)
    with database.transaction() as session:
        sign_ins.end_own(session, mina, found.id)
    with database.transaction() as session:
        assert sign_ins.find_sign_in(session, first, ADDRESS) is None
        assert sign_ins.find_sign_in(session, second, ADDRESS)
        sign_ins.end_by_secret(session, second)
        assert sign_ins.find_sign_in(session, second, ADDRESS) is None


@pytest.mark.parametrize("deed", ["password", "disable", "no role"])
def test_every_session_ends_with(database: Database, deed: str) -> None:
    root = make_person(database, "root@example.org", Role.ADMIN, name="Root")
    mina = make_person(database)
    secret = _open(database, mina)
    with database.transaction() as session:
        person = person_of(session)
        token = tokens.create_token(session, mina, person, name="script", days=7, scope=Scope.WRITE)
        link = one_time_links.link_to_reset(session, person).rpartition("/")[2]
    with database.transaction() as session:
        person = person_of(session)
        if deed == "password":
            accounts.change_password(session, mina, person, PASSWORD, "an entirely new one")
        elif deed == "disable":
            accounts.disable(session, root, person)
        else:
            accounts.remove_membership(session, root, person, person.memberships[0].id)
    with database.reading() as session:
        assert sign_ins.find_sign_in(session, secret, ADDRESS) is None
        with pytest.raises(NotPermitted):
            people.sign_in(session, "mina@example.org", PASSWORD)
        if deed != "password":
            with pytest.raises(NotSignedIn):
                tokens.find_token(session, token, ADDRESS)
        if deed != "no role":
            with pytest.raises(NotFound):
                one_time_links.find_person(session, link)


def test_a_new_password_by_a_link_that_works_once(database: Database) -> None:
    make_person(database)
    with database.transaction() as session:
        secret = one_time_links.link_to_reset(session, person_of(session)).rpartition("/")[2]
    with pytest.raises(Invalid), database.transaction() as session:
        accounts.reset_password(session, secret, "password1", ADDRESS)
    with database.transaction() as session:
        accounts.reset_password(session, secret, "an entirely new one", ADDRESS)
    with database.transaction() as session:
        assert people.sign_in(session, "mina@example.org", "an entirely new one")
        assert session.scalars(select(MailRow.letter)).all() == ["password-changed"]
        with pytest.raises(NotFound, match="works once"):
            accounts.reset_password(session, secret, "yet another one", ADDRESS)


def test_a_link_grows_too_old(database: Database) -> None:
    make_person(database)
    with database.transaction() as session:
        secret = one_time_links.link_to_reset(session, person_of(session)).rpartition("/")[2]
        with pytest.raises(NotFound):
            one_time_links.find_invitation(session, secret)  # a link to something else
        session.execute(update(OneTimeLink).values(expires_at=now() - dt.timedelta(seconds=1)))
    with database.transaction() as session:
        with pytest.raises(NotFound):
            one_time_links.find_person(session, secret)
        one_time_links.forget_old(session)
        assert session.scalars(select(OneTimeLink)).all() == []


def test_the_present_password_is_asked_for(database: Database) -> None:
    mina = make_person(database)
    with pytest.raises(Invalid) as caught, database.transaction() as session:
        accounts.change_password(session, mina, person_of(session), "wrong", "an entirely new one")
    assert caught.value.problems[0].field == "old_password"


def test_codes_work_once_and_recovery_codes_stand_in(database: Database) -> None:
    make_person(database, role=Role.COORDINATOR, demanded=True)
    device, codes = set_up_device(database)
    assert len(set(codes)) == 10
    code = device.code()
    with database.transaction() as session:
        second_factors.check(session, person_of(session), f"{code[:3]} {code[3:]}")
    for wrong in (code, "000000x", "", "12345", codes[0][:-1], "١٢٣٤٥٦"):
        with pytest.raises(Invalid), database.transaction() as session:
            second_factors.check(session, person_of(session), wrong)
    with database.transaction() as session:
        second_factors.check(session, person_of(session), codes[0].upper())
    with pytest.raises(Invalid), database.transaction() as session:
        second_factors.check(session, person_of(session), codes[0])
    with database.reading() as session:
        assert second_factors.count_recovery_codes(session, person_of(session)) == 9
        assert "recovery-code-used" in session.scalars(select(MailRow.letter)).all()


def test_who_must_have_a_second_factor_is_a_reader_until_then(database: Database) -> None:
    editor = make_person(database, role=Role.EDITOR, city="testville", demanded=True)
    assert editor.second_factor_missing
    assert {held.role for held in editor.memberships} == {Role.READER}
    set_up_device(database)
    with database.reading() as session:
        whole = people.load_actor(session, editor.person)  # type: ignore[arg-type]  # they have an id
    assert whole
    assert whole.holds(Role.EDITOR, "testville")
    assert not whole.second_factor_missing
    with pytest.raises(Conflict), database.transaction() as session:
        second_factors.prepare(session, person_of(session))
    admin = make_person(database, "root@example.org", Role.ADMIN)
    with pytest.raises(NotPermitted), database.transaction() as session:
        accounts.remove_second_factor(session, whole, person_of(session))
    with database.transaction() as session:
        accounts.remove_second_factor(session, admin, person_of(session))
    with database.reading() as session:
        again = people.load_actor(session, editor.person)  # type: ignore[arg-type]  # they have an id
    assert again
    assert again.second_factor_missing


@pytest.mark.parametrize("role", [Role.READER, Role.CONTRIBUTOR])
def test_readers_and_contributors_need_none(database: Database, role: Role) -> None:
    city = "testville" if role is Role.CONTRIBUTOR else None
    assert make_person(database, role=role, city=city, demanded=True).holds(role, city)


def test_a_wrong_first_code_turns_nothing_on(database: Database) -> None:
    mina = make_person(database)
    with pytest.raises(Invalid), database.transaction() as session:
        second_factors.confirm(session, mina, person_of(session), "123")
    with database.reading() as session:
        assert person_of(session).totp_confirmed_at is None


def test_tokens_read_or_write_expire_and_end(database: Database) -> None:
    mina = make_person(database, role=Role.COORDINATOR)
    with database.transaction() as session:
        person = person_of(session)
        reading = tokens.create_token(session, mina, person, name=" my  script ", days=1, scope=Scope.READ)
        writing = tokens.create_token(session, mina, person, name="b", days=365, scope=Scope.WRITE)
    assert reading.startswith("kb_")
    with database.transaction() as session:
        found = tokens.find_token(session, reading, ADDRESS)
        assert found.actor == replace(mina, address=ADDRESS, read_only=True)
        assert found.stale
        tokens.note_use(session, found.id)
    with database.transaction() as session:
        assert not tokens.find_token(session, reading, ADDRESS).stale
        assert not tokens.find_token(session, writing, ADDRESS).actor.read_only
        assert {one.name for one in tokens.list_tokens(session, mina.person)} == {"my script", "b"}  # type: ignore[arg-type]
        with pytest.raises(NotFound):
            tokens.revoke_own(session, ANYONE, found.id)
        tokens.revoke_own(session, mina, found.id)
        session.execute(update(AccessToken).values(expires_at=now() - dt.timedelta(seconds=1)))
    with database.reading() as session:
        for text in (reading, writing, "kb_unknown", ""):
            with pytest.raises(NotSignedIn):
                tokens.find_token(session, text, ADDRESS)


@pytest.mark.parametrize(
    ("name", "days", "field"),
    [(" ", 1, "token_name"), ("x" * 81, 1, "token_name"), ("x", 0, "days"), ("x", 366, "days")],
)
def test_a_token_has_a_name_and_an_end(database: Database, name: str, days: int, field: str) -> None:
    mina = make_person(database)
    with pytest.raises(Invalid) as caught, database.transaction() as session:
        tokens.create_token(session, mina, person_of(session), name=name, days=days, scope=Scope.READ)
    assert caught.value.problems[0].field == field


def test_only_failed_tries_count_and_only_for_a_while(database: Database) -> None:
    wanted = ((limits.SIGN_INS, "account a"), (limits.SIGN_INS, "address b"))
    for _ in range(30):  # good ones are given back
        with database.transaction() as session:
            taken = limits.take(session, *wanted)
        with database.transaction() as session:
            limits.give_back(session, taken)
    for _ in range(limits.SIGN_INS.tries):
        with database.transaction() as session:
            limits.take(session, *wanted)
    with pytest.raises(TooManyTries, match="5 minutes"), database.transaction() as session:
        limits.take(session, *wanted)
    with database.transaction() as session:
        limits.take(session, (limits.SIGN_INS, "account c"))
        with pytest.raises(TooManyTries):
            limits.take(session, (limits.SIGN_INS, "account d"), (limits.SIGN_INS, "address b"))
    with database.transaction() as session:
        session.execute(update(Attempt).values(at=now() - limits.SIGN_INS.span))
        limits.take(session, *wanted)
        session.execute(update(Attempt).values(at=now() - limits.RESETS.span - dt.timedelta(seconds=1)))
        limits.forget_old(session)
        assert session.scalars(select(Attempt)).all() == []


@pytest.mark.parametrize(
    ("address", "network"),
    [("192.0.2.7", "192.0.2.7"), ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"), ("", ""), ("unix", "unix")],
)
def test_a_household_is_one_network(address: str, network: str) -> None:
    assert limits.network_of(address) == network


def test_sessions_and_links_are_in_no_backup(database: Database, tmp_path: Path) -> None:
    mina = make_person(database, role=Role.ADMIN)
    secret = _open(database, mina)
    with database.transaction() as session:
        one_time_links.link_to_reset(session, person_of(session))
        tokens.create_token(session, mina, person_of(session), name="t", days=1, scope=Scope.READ)
    storage = FileStorage(tmp_path / "attachments")
    with database.reading() as session:
        backups.write_backup(session, storage, tmp_path / "backup.tar.gz")
    with database.transaction() as session:
        backups.restore_backup(session, storage, tmp_path / "backup.tar.gz")
    with database.reading() as session:
        assert sign_ins.find_sign_in(session, secret, ADDRESS) is None
        assert session.scalars(select(OneTimeLink)).all() == []
        assert len(tokens.list_tokens(session, mina.person)) == 1  # type: ignore[arg-type]  # they have an id
        assert people.sign_in(session, "mina@example.org", PASSWORD)
