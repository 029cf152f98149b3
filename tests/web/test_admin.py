"""Keeping people: invitations, roles, disabling, the log, mails that failed."""

from __future__ import annotations

import re

import pytest
from flask.testing import FlaskClient

from kb.domain.roles import Role
from kb.mail.log import LogMailer
from tests.people import PASSWORD, csrf, enter, make_city, make_person, person_of, send
from tests.web.conftest import House

JO = "jo@example.org"
PAGES = ("/admin", "/admin/invitations", "/admin/people", "/admin/audit", "/admin/audit.csv", "/admin/jobs")


def _as(house: House, role: Role, city: str | None = None) -> FlaskClient:
    """A browser in which somebody with that role is signed in."""
    make_person(house.database, f"{role.value}@example.org", role, city, name=role.value.title())
    client = house.visitor()
    enter(client, f"{role.value}@example.org")
    return client


@pytest.mark.parametrize(
    ("role", "city", "open_"),
    [
        (Role.READER, None, set()),
        (Role.CONTRIBUTOR, "testville", set()),
        (Role.EDITOR, "testville", {"/admin", "/admin/invitations"}),
        (Role.COORDINATOR, None, {"/admin", "/admin/invitations"}),
        (Role.ADMIN, None, set(PAGES)),
    ],
)
def test_who_sees_what(house: House, role: Role, city: str | None, open_: set[str]) -> None:
    client = _as(house, role, city)
    for page in PAGES:
        answer = client.get(page)
        assert answer.status_code == (200 if page in open_ else 403), page
    assert ("/admin" in client.get("/account").text) is bool(open_)
    signed_out = house.visitor()
    assert all(signed_out.get(page).location == f"/login?next={page}" for page in PAGES)


def test_an_editor_invites_a_contributor_who_comes_in(house: House) -> None:
    editor = _as(house, Role.EDITOR, "testville")
    page = editor.get("/admin/invitations").text
    assert re.findall(r'<option value="(\w+)"', page.split('id="role"')[1].split("</select>")[0]) == ["contributor"]
    form = {"email": JO, "role": "contributor", "city": "testville", "language": "en"}
    assert send(editor, "/admin/invitations", **(form | {"role": "editor"})).status_code == 403
    wrong = send(editor, "/admin/invitations", **(form | {"email": "no address"}))
    assert wrong.status_code == 422
    assert 'value="no address"' in wrong.text
    assert send(editor, "/admin/invitations", **(form | {"role": "king"})).status_code == 422
    assert send(editor, "/admin/invitations", **form).status_code == 303
    assert JO in editor.get("/admin/invitations").text
    [letter] = house.letters()
    assert "Editor invites you" in letter
    path = re.search(r"http://127.0.0.1:8000(/invitation/\S+)", letter)
    assert path

    jo = house.visitor()
    followed = jo.get(path[1])
    assert (followed.location, followed.headers["Referrer-Policy"]) == ("/invitation", "no-referrer")
    assert house.visitor().get(path[1], follow_redirects=True).status_code == 200  # looking uses nothing up
    wrong = send(jo, "/invitation", name="Jo", password="short")
    assert wrong.status_code == 422
    assert 'value="Jo"' in wrong.text
    assert "short" not in wrong.text
    assert send(jo, "/invitation", name="Jo", password=PASSWORD).location == "/"
    assert "You write for the city." in jo.get("/account").text
    assert jo.get(path[1], follow_redirects=True).status_code == 404
    assert JO not in editor.get("/admin/invitations").text
    assert send(editor, "/admin/invitations", **form).status_code == 409


def test_whoever_has_an_account_only_accepts(house: House) -> None:
    admin = _as(house, Role.ADMIN)
    make_person(house.database, JO, name="Jo")
    send(admin, "/admin/invitations", email=JO, role="coordinator", language="ko")
    path = re.search(r"/invitation/\S+", house.letters()[0])
    assert path
    jo = house.visitor()
    page = jo.get(path[0], follow_redirects=True).text
    assert 'name="password"' not in page
    assert send(jo, "/invitation").location == "/login"
    enter(jo, JO)
    assert "You coordinate the network." in jo.get("/account").text
    send(admin, "/admin/invitations", email=JO, role="admin", language="en")
    late = next(
        found[0]
        for text in house.letters()
        if "jo@" not in text and (found := re.search(r"/invitation/\S+", text)) and found[0] != path[0]
    )
    with house.database.transaction() as session:
        from kb.models.base import now

        person_of(session, JO).disabled_at = now()
    other = house.visitor()
    other.get(late)
    assert send(other, "/invitation").status_code == 409


def test_without_mail_links_are_shown_once_to_hand_over(house: House) -> None:
    house.parts.mailer = LogMailer()
    admin = _as(house, Role.ADMIN)
    make_person(house.database, JO, name="Jo")
    made = send(admin, "/admin/invitations", email="li@example.org", role="reader")
    assert made.status_code == 201
    path = re.search(r"http://127.0.0.1:8000(/invitation/[\w-]+)", made.text)
    assert path
    assert house.visitor().get(path[1], follow_redirects=True).status_code == 200
    withdraw = re.search(r"/admin/invitations/[0-9a-f-]+/withdraw", admin.get("/admin/invitations").text)
    assert withdraw
    assert send(admin, withdraw[0], "/admin/invitations").status_code == 303
    assert send(admin, withdraw[0], "/admin/invitations").status_code == 404
    assert house.visitor().get(path[1], follow_redirects=True).status_code == 404
    with house.database.reading() as session:
        page = f"/admin/people/{person_of(session, JO).id}"
    reset = send(admin, f"{page}/reset", page)
    assert reset.status_code == 201
    link = re.search(r"/reset/[\w-]+", reset.text.replace(f"{page}/reset", ""))
    assert link
    assert house.visitor().get(link[0], follow_redirects=True).status_code == 200


def test_roles_are_given_and_taken_and_people_kept_out(house: House) -> None:
    admin = _as(house, Role.ADMIN)
    make_person(house.database, JO, name="Jo")
    with house.database.transaction() as session:
        make_city(session)
        page = f"/admin/people/{person_of(session, JO).id}"
    jo = house.visitor()
    enter(jo, JO)
    assert page in admin.get("/admin/people?words=jo&role=reader").text
    assert page not in admin.get("/admin/people?role=editor&city=testville").text
    assert send(admin, f"{page}/roles", page, role="editor").status_code == 422
    assert send(admin, f"{page}/roles", page, role="editor", city="testville").status_code == 303
    assert "You review and publish for the city." in jo.get("/account").text
    assert send(admin, f"{page}/roles", page, role="editor", city="testville").status_code == 409
    remove = re.findall(rf"{page}/roles/[0-9a-f-]+/remove", admin.get(page).text)
    assert len(remove) == 2
    assert send(admin, remove[0], page).status_code == 303
    assert send(admin, f"{page}/reset", page).status_code == 303
    assert sum("Somebody changed your roles" in text for text in house.letters()) == 2
    assert any("/reset/" in text for text in house.letters())
    assert send(admin, f"{page}/disable", page).status_code == 303
    assert jo.get("/account").status_code == 302
    assert "Disabled since" in admin.get(page).text
    assert send(admin, f"{page}/enable", page).status_code == 303
    assert send(admin, f"{page}/second-factor/remove", page).status_code == 303
    with house.database.reading() as session:
        own = f"/admin/people/{person_of(session, 'admin@example.org').id}"
    assert send(admin, f"{own}/disable", own).status_code == 409
    assert admin.get("/admin/people/00000000-0000-0000-0000-000000000000").status_code == 404
    assert jo.get(page).status_code == 302


def test_the_log_is_read_and_taken_out(house: House) -> None:
    admin = _as(house, Role.ADMIN)
    for _ in range(60):
        send(admin, "/account", name="Root", language="en", notices="none")
    page = admin.get("/admin/audit").text
    assert "127.0.0.1" in page
    assert "sign in" in page
    assert 'rel="next"' in page
    second = admin.get("/admin/audit?page=2&action=save&since=2020-01-01&until=nonsense").text
    assert 'rel="prev"' in second
    assert "10 events" not in second
    answer = admin.get("/admin/audit.csv?action=save")
    assert answer.content_type == "text/csv; charset=utf-8"
    assert len(answer.text.splitlines()) == 61
    assert "audit log" in admin.get("/admin/audit?action=export").text


def test_a_failed_mail_is_tried_again(house: House) -> None:
    admin = _as(house, Role.ADMIN)
    house.postbox.refused[JO] = "550 unknown"
    send(admin, "/admin/invitations", email=JO, role="reader", language="en")
    assert house.letters() == []
    page = admin.get("/admin/jobs").text
    assert "The mail server refuses this address." in page
    assert "1 given up" in admin.get("/admin").text
    house.postbox.refused.clear()
    retry = re.search(r"/admin/jobs/[0-9a-f-]+/retry", page)
    assert retry
    assert send(admin, retry[0], "/admin/jobs").status_code == 303
    assert len(house.letters()) == 1
    assert csrf(admin, "/admin/invitations")
    assert "needs a look" not in admin.get("/admin").text.replace("index · needs a look", "")
