"""Signing in and out, the second step, passwords, sessions, tokens: as people do it."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import update

from kb.app import create_app
from kb.domain.roles import Role
from kb.mail.log import LogMailer
from kb.models import SignIn
from kb.models.base import now
from kb.runtime import Runtime
from kb.services import sign_ins
from tests.conftest import make_settings
from tests.people import PASSWORD, Device, csrf, enter, make_person, person_of, send, set_up_device
from tests.web.conftest import House

EMAIL = "mina@example.org"
NEW = "an entirely new one"


@pytest.fixture
def visitor(house: House) -> FlaskClient:
    """Somebody before the sign-in form of an instance that knows Mina."""
    make_person(house.database, EMAIL, Role.COORDINATOR)
    return house.visitor()


def test_in_and_out(visitor: FlaskClient) -> None:
    assert visitor.get("/account").location == "/login?next=/account"
    answer = enter(visitor, next="/account")
    assert (answer.status_code, answer.location) == (303, "/account")
    page = visitor.get("/account").text
    assert "Welcome, Mina." in page
    assert "You coordinate the network." in page
    assert visitor.get("/login").status_code == 303  # nothing to do there any more

    answer = send(visitor, "/logout", "/account")
    assert answer.status_code == 303
    assert visitor.get("/account").status_code == 302
    assert visitor.get("/login").status_code == 200


def test_signing_out_ends_the_session_for_a_copied_cookie_too(visitor: FlaskClient, house: House) -> None:
    enter(visitor)
    cookie = visitor.get_cookie("session")
    assert cookie
    thief = house.visitor()
    thief.set_cookie("session", cookie.value)
    assert thief.get("/account").status_code == 200
    send(visitor, "/logout", "/account")
    assert thief.get("/account").status_code == 302


@pytest.mark.parametrize(("email", "password"), [(EMAIL, "wrong"), ("nobody@example.org", PASSWORD), ("", "")])
def test_a_wrong_pair_is_told_in_one_sentence(visitor: FlaskClient, email: str, password: str) -> None:
    answer = enter(visitor, email, password)
    assert answer.status_code == 403
    assert "Address or password is not right. Please try again." in answer.text
    assert PASSWORD not in answer.text
    assert visitor.get("/account").status_code == 302


@pytest.mark.parametrize("next_", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"])
def test_nobody_is_led_elsewhere(visitor: FlaskClient, next_: str) -> None:
    assert enter(visitor, next=next_).location == "/"


def test_forms_without_a_token_change_nothing(visitor: FlaskClient) -> None:
    answer = visitor.post("/login", data={"email": EMAIL, "password": PASSWORD})
    assert answer.status_code == 400
    assert "Please load it again." in answer.text
    assert visitor.get("/account").status_code == 302
    enter(visitor)
    assert visitor.post("/logout").status_code == 400
    assert visitor.get("/account").status_code == 200


def test_the_eleventh_wrong_try_waits_and_right_ones_never_do(visitor: FlaskClient, house: House) -> None:
    for _ in range(12):
        assert enter(house.visitor()).status_code == 303
    form = {"csrf_token": csrf(visitor, "/login"), "email": EMAIL, "password": "wrong"}
    assert [visitor.post("/login", data=form).status_code for _ in range(11)] == [403] * 10 + [429]
    answer = visitor.post("/login", data=form | {"password": PASSWORD})
    assert answer.status_code == 429
    assert "Too many tries" in answer.text
    elsewhere = house.visitor()
    other = {"REMOTE_ADDR": "192.0.2.9"}  # the account waits, wherever the tries come from; another account does not
    form["csrf_token"] = csrf(elsewhere, "/login")
    assert elsewhere.post("/login", data=form, environ_overrides=other).status_code == 429
    form["email"] = "jo@example.org"
    assert elsewhere.post("/login", data=form, environ_overrides=other).status_code == 403


def test_the_address_behind_a_proxy_counts_only_where_the_setting_says_so(tmp_path: Path, empty: Runtime) -> None:
    make_person(empty.database, EMAIL)
    for proxies, expected in (("0", "127.0.0.1"), ("1", "203.0.113.5")):
        settings = make_settings(tmp_path / "data", content_dir=str(tmp_path / "none"), proxies=proxies)
        client = create_app(settings, empty).test_client()
        form = {"csrf_token": csrf(client, "/login"), "email": EMAIL, "password": PASSWORD}
        client.post("/login", data=form, headers={"X-Forwarded-For": "198.51.100.1, 203.0.113.5"})
        assert expected in client.get("/account").text


def test_https_makes_the_cookie_the_hosts_own(tmp_path: Path, empty: Runtime) -> None:
    settings = make_settings(tmp_path / "data", content_dir=str(tmp_path / "none"), base_url="https://kb.example.org")
    client = create_app(settings, empty).test_client()
    cookie = client.get("/login", base_url="https://kb.example.org").headers["Set-Cookie"]
    assert cookie.startswith("__Host-session=")
    assert all(word in cookie for word in ("Secure", "HttpOnly", "Path=/", "SameSite=Lax"))
    assert "Domain" not in cookie


def test_the_second_step(visitor: FlaskClient, house: House) -> None:
    device, codes = set_up_device(house.database)
    assert visitor.get("/login/code").location == "/login"
    answer = enter(visitor, next="/account?x=1")
    assert answer.location == "/login/code"
    assert visitor.get("/account").status_code == 302  # the password alone is not enough
    wrong = send(visitor, "/login/code", code="000000")
    assert wrong.status_code == 422
    assert "check its clock" in wrong.text
    assert send(visitor, "/login/code", code=device.code()).location == "/account?x=1"
    assert visitor.get("/account").status_code == 200

    other = house.visitor()
    enter(other)
    assert send(other, "/login/code", code=codes[3]).status_code == 303
    assert "9 recovery codes are left." in other.get("/account").text
    assert any("recovery code" in text for text in house.letters())

    late = house.visitor()
    enter(late)
    token = csrf(late, "/login/code")
    with house.database.transaction() as session:
        session.execute(
            update(SignIn)
            .where(SignIn.whole.is_(False))
            .values(created_at=now() - sign_ins.HALF - dt.timedelta(minutes=1))
        )
    assert late.post("/login/code", data={"csrf_token": token, "code": codes[4]}).location == "/login"
    assert "took too long" in late.get("/login").text


def test_ten_wrong_codes_are_enough(visitor: FlaskClient, house: House) -> None:
    set_up_device(house.database)
    enter(visitor)
    form = {"csrf_token": csrf(visitor, "/login/code"), "code": "000000x"}
    assert [visitor.post("/login/code", data=form).status_code for _ in range(11)] == [422] * 10 + [429]


def test_who_needs_a_second_factor_is_led_to_it(house: House) -> None:
    make_person(house.database, EMAIL, Role.ADMIN, demanded=True)
    client = house.visitor()
    answer = enter(client, next="/admin")
    assert answer.location == "/account/second-factor?next=/admin"
    assert client.get("/admin").location.startswith("/account/second-factor")
    assert "Set it up" in client.get("/account").text
    page = client.get(answer.location).text
    assert "<svg" in page
    assert " style=" not in page
    with house.database.reading() as session:
        secret = person_of(session).totp_secret
    assert secret
    assert secret in page
    device = Device(secret)
    assert send(client, "/account/second-factor", code="1").status_code == 422
    done = send(client, "/account/second-factor", answer.location, code=device.code(), next="/admin")
    shown = re.findall(r"<li>(\w{4}-\w{4}-\w{4})</li>", done.text)
    assert len(shown) == 10
    assert 'href="/admin"' in done.text
    assert client.get("/admin").status_code == 200
    assert not set(shown) & set(re.findall(r"\w{4}-\w{4}-\w{4}", client.get("/account/second-factor").text))

    renewed = send(client, "/account/second-factor/codes", "/account/second-factor", code=shown[0])
    assert shown[1] not in renewed.text
    assert len(re.findall(r"<li>\w{4}-\w{4}-\w{4}</li>", renewed.text)) == 10
    assert send(client, "/account/second-factor/remove", "/account/second-factor", code=shown[1]).status_code == 422
    gone = send(client, "/account/second-factor/remove", "/account/second-factor", code=device.code())
    assert gone.status_code == 303
    assert client.get("/admin").status_code == 303


def test_a_new_password_by_mail(visitor: FlaskClient, house: House) -> None:
    signed_in = house.visitor()
    enter(signed_in)
    known, unknown = (send(visitor, "/reset", email=email) for email in (EMAIL, "nobody@example.org"))
    assert (known.status_code, known.location, known.text) == (unknown.status_code, unknown.location, unknown.text)
    assert send(visitor, "/reset", email="none").status_code == 422
    [letter] = house.letters()
    path = re.search(r"http://127.0.0.1:8000(/reset/\S+)", letter)
    assert path
    followed = visitor.get(path[1])
    assert followed.location == "/reset/password"
    assert followed.headers["Referrer-Policy"] == "no-referrer"
    assert followed.headers["Cache-Control"] == "no-store"
    assert send(visitor, "/reset/password", password="12345678").status_code == 422
    assert send(visitor, "/reset/password", password=NEW).location == "/login"
    assert signed_in.get("/account").status_code == 302  # every session ended
    assert visitor.get(path[1], follow_redirects=True).status_code == 404
    assert enter(visitor, password=NEW).status_code == 303


def test_five_resets_a_day(visitor: FlaskClient) -> None:
    form = {"csrf_token": csrf(visitor, "/reset"), "email": EMAIL}
    assert [visitor.post("/reset", data=form).status_code for _ in range(6)] == [303] * 5 + [429]


def test_a_site_without_mail_says_whom_to_ask(visitor: FlaskClient, house: House) -> None:
    house.parts.mailer = LogMailer()
    assert "ask an administrator" in visitor.get("/reset").text


def test_one_changes_ones_own_password_and_stays(visitor: FlaskClient, house: House) -> None:
    other = house.visitor()
    enter(other)
    enter(visitor)
    wrong = send(visitor, "/account/password", "/account", old_password="wrong", password=NEW)
    assert wrong.status_code == 422
    assert "is not your present password." in wrong.text
    assert send(visitor, "/account/password", "/account", old_password=PASSWORD, password=NEW).status_code == 303
    assert visitor.get("/account").status_code == 200
    assert other.get("/account").status_code == 302
    assert any("password of your account was changed" in text for text in house.letters())


def test_sessions_are_listed_and_ended(visitor: FlaskClient, house: House) -> None:
    others = [house.visitor() for _ in range(2)]
    for other in others:
        other.post(
            "/login", data={"csrf_token": csrf(other, "/login"), "email": EMAIL, "password": PASSWORD},
            headers={"User-Agent": "<b>Other</b>"},
        )  # fmt: skip
    enter(visitor)
    page = visitor.get("/account").text
    assert page.count("&lt;b&gt;Other&lt;/b&gt;") == 2
    ends = re.findall(r'action="(/account/sessions/[0-9a-f-]+/end)"', page)
    assert len(ends) == 2
    assert send(visitor, ends[0], "/account").status_code == 303
    assert send(visitor, ends[0], "/account").status_code == 404
    assert sorted(other.get("/account").status_code for other in others) == [200, 302]
    assert send(visitor, "/account/sessions/end", "/account").status_code == 303
    assert [other.get("/account").status_code for other in others] == [302, 302]
    assert visitor.get("/account").status_code == 200


def test_a_session_in_use_goes_on(visitor: FlaskClient, house: House) -> None:
    enter(visitor)
    for _ in range(3):
        with house.database.transaction() as session:
            session.execute(update(SignIn).values(seen_at=now() - sign_ins.IDLE_STRONG + dt.timedelta(minutes=1)))
        assert visitor.get("/account").status_code == 200


def test_tokens_are_shown_once_and_revoked(visitor: FlaskClient) -> None:
    enter(visitor)
    assert send(visitor, "/account/tokens", "/account", token_name="", days="7").status_code == 422
    assert send(visitor, "/account/tokens", "/account", token_name="a", days="x").status_code == 422
    made = send(visitor, "/account/tokens", "/account", token_name="my script", days="7", scope="write")
    assert made.status_code == 201
    token = re.search(r"kb_[\w-]+", made.text)
    assert token
    page = visitor.get("/account").text
    assert token[0] not in page
    assert "my script" in page
    revoke = re.search(r"/account/tokens/[0-9a-f-]+/revoke", page)
    assert revoke
    assert send(visitor, revoke[0], "/account").status_code == 303
    assert "my script" not in visitor.get("/account").text.replace("my script was", "")


def test_name_language_and_mails_are_ones_own_choice(visitor: FlaskClient, house: House) -> None:
    enter(visitor)
    wrong = send(visitor, "/account", name=" ", language="ko", notices="daily")
    assert wrong.status_code == 422
    assert send(visitor, "/account", name="Kim Mina", language="ko", notices="daily").status_code == 303
    page = visitor.get("/account").text
    assert '<html lang="ko"' in page
    assert "Kim Mina" in page
    fresh = house.visitor()
    enter(fresh)
    assert '<html lang="ko"' in fresh.get("/account").text  # in any browser that has chosen no other
