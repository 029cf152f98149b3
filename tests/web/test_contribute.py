"""Writing and reviewing on the pages, without JavaScript: as a browser would send the forms that are there."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from html.parser import HTMLParser

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from kb.app import create_app
from kb.domain.roles import Actor
from kb.runtime import Runtime
from kb.services import editing, library, review
from kb.text.renderer import Renderer
from tests.conftest import make_settings
from tests.factories import VOCABULARIES
from tests.people import open_session
from tests.services.test_uploads import picture
from tests.writers import PLACE, Staff, begin, bring_to_public, compose, settle_in

EDITOR = "/contribute/cases/lanterns/en"
REVIEW = "/review/cases/lanterns/en"
HISTORY = "/cases/lanterns/en/history"


class Form(HTMLParser):
    """The fields of the form with that action, as a browser would send them."""

    def __init__(self, page: str, action: str) -> None:
        super().__init__()
        self._action, self._inside, self._text, self._choice = action, False, "", ""
        self.fields: dict[str, list[str]] = {}
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag == "form":
            self._inside = found.get("action") == self._action
        name = found.get("name")
        if not self._inside:
            return
        if tag == "textarea" and name:
            self._text = name
            self.fields[name] = [""]
        elif tag == "select" and name:
            self._choice = name
        elif tag == "option" and (self._choice not in self.fields or "selected" in found):
            self.fields[self._choice] = [found.get("value") or ""]
        elif tag == "input" and name and (found.get("type") != "checkbox" or "checked" in found):
            self.fields.setdefault(name, []).append(found.get("value") or "")

    def handle_endtag(self, tag: str) -> None:
        self._text = "" if tag == "textarea" else self._text
        self._inside = self._inside and tag != "form"

    def handle_data(self, data: str) -> None:
        if self._inside and self._text:
            self.fields[self._text][0] += data.removeprefix("\n")


Open = Callable[[str], FlaskClient]


@pytest.fixture
def staff(empty: Runtime, renderer: Renderer) -> Staff:
    """Two cities and their people."""
    return settle_in(empty.database, renderer)


@pytest.fixture
def desk(empty: Runtime) -> Flask:
    """The app."""
    return create_app(make_settings(empty.data_dir, content_dir=str(empty.data_dir / "none")), empty)


@pytest.fixture
def sign_in(desk: Flask, empty: Runtime, staff: Staff) -> Iterator[Open]:
    """A browser in which that person is signed in."""

    def opened(name: str) -> FlaskClient:
        client = desk.test_client()
        actor: Actor = getattr(staff, name)
        with client.session_transaction() as cookie:
            cookie["_user_id"] = open_session(empty.database, actor)
        return client

    yield opened


def send(
    client: FlaskClient, page: str, action: str | None = None, to: str | None = None, **typed: str
) -> TestResponse:
    """Open a page, fill in the form with that action, send it."""
    action = action or page
    fields = Form(client.get(page).text, action).fields
    assert fields, f"{page} has no form {action}"
    return client.post(to or action, data=fields | {name.replace("__", "."): [value] for name, value in typed.items()})


def test_from_the_desk_to_the_public_and_back(sign_in: Open, empty: Runtime) -> None:
    ana, eva = sign_in("ana"), sign_in("eva")
    begun = send(ana, "/contribute", title="Lanterns", summary="They were hung.", city="testville", language="en")
    assert (begun.status_code, begun.location) == (303, EDITOR)
    page = ana.get(EDITOR).text
    assert "Draft 1 is begun" in page
    assert "Not told so far" in page
    assert ana.get("/contribute").text.count(EDITOR) == 1

    saved = send(
        ana, EDITOR, do="save", body="## What was done\r\n\r\nLanterns.\r\n", cost_band="", sources__0__title="A book"
    )
    assert saved.location == EDITOR
    with empty.database.reading() as session:
        draft = editing.get_draft(session, editing_actor(session, "ana@example.org"), *PLACE)
        assert draft.body == "## What was done\n\nLanterns.\n"
        assert draft.header["sources"] == [{"title": "A book"}]
    assert send(ana, EDITOR, do="submit").location == REVIEW
    assert REVIEW not in ana.get("/review").text
    assert REVIEW in eva.get("/review").text
    assert "/review" in eva.get("/contribute").text

    assert send(eva, REVIEW, f"{REVIEW}/hold").location == REVIEW
    assert "Eva" in eva.get("/review").text
    remark = send(eva, REVIEW, f"{REVIEW}/remark", text="How <many>?", passage="Lanterns.")
    assert remark.status_code == 303
    assert "How &lt;many&gt;?" in ana.get(EDITOR).text
    refused = send(eva, REVIEW, f"{REVIEW}/remark", text="Kept when it is wrong", passage="not in it")
    assert refused.status_code == 422
    assert "Kept when it is wrong" in refused.text
    assert send(eva, REVIEW, f"{REVIEW}/changes", reason="Say how many.").location == REVIEW
    assert "Say how many." in ana.get(REVIEW).text
    assert send(ana, REVIEW, f"{REVIEW}/answer", text="Forty.").status_code == 303

    assert send(ana, EDITOR, do="submit", body="Forty lanterns.\n").location == REVIEW
    assert f"{REVIEW}/publish" not in ana.get(REVIEW).text
    published = send(eva, REVIEW, f"{REVIEW}/publish")
    assert published.location == "/cases/lanterns/en"
    client = eva.get("/cases/lanterns")
    assert "Forty lanterns." in client.text
    assert HISTORY in client.text
    assert eva.get(REVIEW).status_code == 404


def editing_actor(session: object, email: str) -> Actor:
    from sqlalchemy import select

    from kb.models import Person
    from kb.services.people import load_actor

    person = session.scalar(select(Person).where(Person.email == email))  # type: ignore[attr-defined]
    actor = load_actor(session, person.id)  # type: ignore[arg-type]
    assert actor
    return actor


def test_what_can_not_be_begun_is_said_and_kept(
    sign_in: Open, empty: Runtime, renderer: Renderer, staff: Staff
) -> None:
    ana = sign_in("ana")
    begin(empty.database, staff.ana, compose(renderer))
    taken = send(ana, "/contribute", title="Again", summary="S", city="testville", language="en", slug="lanterns")
    assert taken.status_code == 409
    assert 'value="Again"' in taken.text
    wrong = send(ana, "/contribute", title="Again", summary="", city="testville", language="en")
    assert wrong.status_code == 422
    assert send(ana, "/contribute", title="A", summary="S", city="testville", language="klingon!").status_code == 422
    assert send(ana, "/contribute", title="A", summary="S", city="elsewhere", language="en").status_code == 403
    korean = send(ana, "/contribute", title="등불", summary="달았다.", city="testville", language="ko", kind="research")
    assert re.fullmatch(r"/contribute/research/testville-research-[0-9a-f]{6}/ko", korean.location)


def test_a_mistake_stands_beside_its_field_and_nothing_is_lost(
    sign_in: Open, empty: Runtime, renderer: Renderer, staff: Staff
) -> None:
    begin(empty.database, staff.ana, compose(renderer))
    ana = sign_in("ana")
    answer = send(ana, EDITOR, do="save", title="", body="My new words.\n", period__start="May 24")
    assert answer.status_code == 422
    for kept in ("My new words.", 'value="May 24"', "must be a year, a month or a day", 'href="#field-period-start"'):
        assert kept in answer.text
    assert 'aria-invalid="true"' in answer.text
    for body in ("a\x00b", "a" * (512 * 1024 + 1)):
        assert send(ana, EDITOR, do="save", body=body).status_code == 422
    long = "등불을 달았다. " * 12_000  # 250 kB, three times as much in a form
    assert send(ana, EDITOR, do="save", body=long).status_code == 303
    dead = send(ana, EDITOR, do="submit", body="[a](/cases/nothing)")
    assert dead.status_code == 422
    assert "leads to nothing" in dead.text
    again = ana.post(EDITOR, data=Form(dead.text, EDITOR).fields | {"body": ["Whole.\n"], "do": ["submit"]})
    assert again.location == REVIEW  # the text was saved, only the step was not taken: no conflict with oneself


def test_two_at_once(sign_in: Open, empty: Runtime, renderer: Renderer, staff: Staff) -> None:
    begin(empty.database, staff.ana, compose(renderer, "One.\n\nTwo.\n\nThree.\n"))
    ana, ben = sign_in("ana"), sign_in("ben")
    early = Form(ana.get(EDITOR).text, EDITOR).fields
    assert send(ben, EDITOR, do="save", body="One.\n\nTwo.\n\nDrei.\n").status_code == 303
    clash = ana.post(EDITOR, data=early | {"body": ["Eins.\n\nTwo.\n\nThree.\n"], "do": ["save"]})
    assert clash.status_code == 409
    for shown in ("Somebody else has saved", "Eins.\r\n" if "\r" in clash.text else "Eins.", "Drei."):
        assert shown in clash.text
    merged = Form(clash.text, EDITOR).fields
    assert merged["body"] == ["Eins.\n\nTwo.\n\nDrei.\n"]
    assert ana.post(EDITOR, data=merged | {"do": ["save"]}).status_code == 303


def test_what_is_typed_is_back_after_a_crash(sign_in: Open, empty: Runtime, renderer: Renderer, staff: Staff) -> None:
    begin(empty.database, staff.ana, compose(renderer))
    ana, ben = sign_in("ana"), sign_in("ben")
    fields = Form(ana.get(EDITOR).text, EDITOR).fields
    kept = ana.post(f"{EDITOR}/autosave", data=fields | {"body": ["Half a sent"], "title": ["Half"]})
    assert kept.status_code == 200
    assert "Kept at" in kept.get_json()["said"]
    elsewhere = sign_in("ana").get(EDITOR).text
    assert Form(elsewhere, EDITOR).fields["body"] == ["Half a sent"]
    assert "and did not save" in elsewhere
    there = ben.get(EDITOR).text
    assert "Also writing here now: Ana" in there
    assert Form(there, EDITOR).fields["body"] == ["Lanterns were hung.\n"]
    assert send(ana, EDITOR, f"{EDITOR}/drop").location == EDITOR
    assert Form(ana.get(EDITOR).text, EDITOR).fields["body"] == ["Lanterns were hung.\n"]


def test_a_form_sent_while_signed_out_comes_back_whole(
    desk: Flask, sign_in: Open, empty: Runtime, renderer: Renderer, staff: Staff
) -> None:
    begin(empty.database, staff.ana, compose(renderer))
    ana = sign_in("ana")
    fields = Form(ana.get(EDITOR).text, EDITOR).fields | {"body": ["Written in vain?\n"], "title": ["Mine"]}
    for client in (desk.test_client(), sign_in("ana")):  # another session's token is none of this one's
        answer = client.post(EDITOR, data=fields | {"do": ["save"]})
        assert answer.status_code == 400
        again = Form(answer.text, EDITOR).fields
        assert (again["body"], again["title"], again["do"]) == (["Written in vain?\n"], ["Mine"], ["save"])
    assert client.post(EDITOR, data=again).status_code == 303
    assert desk.test_client().get(EDITOR).location == f"/login?next={EDITOR}"
    desk.config["WTF_CSRF_ENABLED"] = False
    out = desk.test_client().post(EDITOR, data=fields)
    assert (out.status_code, "Written in vain?" in out.text) == (401, True)
    assert desk.test_client().post(f"{EDITOR}/drop").status_code == 302


def test_the_preview_is_what_readers_will_see(sign_in: Open, empty: Runtime, renderer: Renderer, staff: Staff) -> None:
    begin(empty.database, staff.ana, compose(renderer))
    ana = sign_in("ana")
    fields = Form(ana.get(EDITOR).text, EDITOR).fields | {"body": ["*Lamps* <script>alert(1)</script>\n"]}
    part = ana.post(f"{EDITOR}/preview", data=fields)
    assert "<em>Lamps</em>" in part.text
    assert "<script" not in part.text
    whole = ana.post(EDITOR, data=fields | {"do": ["preview"]})
    assert whole.status_code == 200
    assert "<em>Lamps</em>" in whole.text
    assert Form(whole.text, EDITOR).fields["body"] == ["*Lamps* <script>alert(1)</script>\n"]
    with empty.database.reading() as session:
        assert editing.get_draft(session, staff.ana, *PLACE).body == "Lanterns were hung.\n"


def test_history_restoring_archiving(sign_in: Open, empty: Runtime, renderer: Renderer, staff: Staff) -> None:
    bring_to_public(empty.database, renderer, staff, compose(renderer))
    ana, eva, rae = (sign_in(name) for name in ("ana", "eva", "rae"))
    assert "What it changed" not in rae.get(HISTORY).text
    assert rae.get(f"{HISTORY}/1").status_code == 404
    assert send(ana, HISTORY, "/contribute/cases/lanterns/en/revise").location == EDITOR
    send(ana, EDITOR, do="submit", body="Lamps were hung.\n")
    assert "Go on with the open draft" in ana.get(HISTORY).text
    assert send(eva, REVIEW, f"{REVIEW}/publish").status_code == 303
    page = ana.get(f"{HISTORY}/2").text
    assert "<del>Lanterns</del><ins>Lamps</ins>" in page
    assert ana.get(f"{HISTORY}/1?against=2").status_code == 200
    assert "Restore as a new draft" in ana.get(HISTORY).text
    assert ana.post("/contribute/cases/lanterns/en/revise", data={"number": "1", **token(ana)}).location == EDITOR
    assert send(ana, REVIEW, f"{REVIEW}/withdraw").location == "/contribute"

    archive = "/contribute/cases/lanterns/archive"
    assert archive not in ana.get(HISTORY).text
    assert send(eva, HISTORY, archive, reason="Told elsewhere.", forward="/cities/testville").status_code == 303
    shown = rae.get("/cases/lanterns").text
    assert "Told elsewhere." in shown
    assert 'href="/cities/testville">Read this instead' in shown
    assert send(eva, HISTORY, "/contribute/cases/lanterns/bring-back").status_code == 303
    with empty.database.reading() as session:
        assert library.count_library(session, staff.rae).cases == 1


def token(client: FlaskClient) -> dict[str, str]:
    found = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/account").text)
    assert found
    return {"csrf_token": found[1]}


def test_a_translation_beside_its_original(sign_in: Open, empty: Runtime, renderer: Renderer, staff: Staff) -> None:
    bring_to_public(empty.database, renderer, staff, compose(renderer))
    ana, korean = sign_in("ana"), "/contribute/cases/lanterns/ko"
    assert send(ana, HISTORY, "/contribute/cases/lanterns/translate", language="ko").location == korean
    page = ana.get(korean).text
    assert "The original" in page
    assert 'name="key_features"' not in page  # facts stay with the original
    untouched = send(ana, korean, do="submit")
    assert (untouched.status_code, "Nothing is translated yet" in untouched.text) == (422, True)
    with empty.database.transaction() as session:
        editing.revise(session, staff.ana, *PLACE)
        editing.save(session, staff.ana, compose(renderer, "Lamps.\n"), base=editing.WHATEVER)
        review.submit(session, staff.ana, *PLACE, vocabularies=VOCABULARIES)
        review.publish(session, staff.eva, *PLACE, vocabularies=VOCABULARIES)
    assert "The original has changed once since." in ana.get(korean).text
    assert send(ana, korean, do="save", title="등불", summary="달았다.", body="등.\n", caught_up="1").status_code == 303
    assert "has changed once since" not in ana.get(korean).text


@pytest.mark.parametrize("name", ["olga", "rae"])
def test_nobody_else_finds_a_draft(sign_in: Open, empty: Runtime, renderer: Renderer, staff: Staff, name: str) -> None:
    begin(empty.database, staff.ana, compose(renderer, "secretword\n"))
    other = sign_in(name)
    for path in (EDITOR, REVIEW, HISTORY, f"{HISTORY}/1"):
        assert other.get(path).status_code == 404, path
    for path in (EDITOR, f"{EDITOR}/autosave", f"{EDITOR}/preview", f"{EDITOR}/revise", f"{REVIEW}/publish"):
        answer = other.post(path, data=token(other) | {"body": "x"})
        assert answer.status_code == 404, path
    assert "Lanterns" not in other.get("/contribute").text
    assert "lanterns" not in other.get("/review").text


def test_a_plan_and_what_can_not_be_done(sign_in: Open, empty: Runtime, renderer: Renderer, staff: Staff) -> None:
    begin(empty.database, staff.ana, compose(renderer))
    ana, eva = sign_in("ana"), sign_in("eva")
    send(ana, EDITOR, do="submit")
    held = ana.get(EDITOR).text
    assert "take it back" in held
    late = send(ana, EDITOR, do="save", body="Too late.\n")
    assert (late.status_code, "Too late." in late.text) == (409, True)
    publish, plan = f"{REVIEW}/publish", f"{REVIEW}/schedule"
    assert send(eva, REVIEW, publish, to=plan, day="soon").status_code == 422
    assert send(eva, REVIEW, publish, to=plan, day="2001-01-01").status_code == 422
    day = (review.now() + review.dt.timedelta(days=3)).date().isoformat()
    assert send(eva, REVIEW, publish, to=plan, day=day).status_code == 303
    assert "public on" in eva.get("/review").text
    old = Form(eva.get(REVIEW).text, publish).fields
    assert send(ana, REVIEW, f"{REVIEW}/take-back").location == REVIEW
    send(ana, EDITOR, do="submit", body="Another text.\n")
    changed = eva.post(publish, data=old)
    assert (changed.status_code, "read it again" in changed.text) == (409, True)
    assert send(eva, REVIEW, publish).status_code == 303
    again = eva.post(publish, data=old)
    assert again.location == "/contribute"  # somebody has published it: said there
    assert "public already" in eva.get("/contribute").text
    wrong = ana.post(f"{REVIEW}/settle", data=token(ana) | {"remark": "none"})
    assert wrong.status_code == 404


def test_a_file_is_put_beside_the_text(sign_in: Open, empty: Runtime, renderer: Renderer, staff: Staff) -> None:
    begin(empty.database, staff.ana, compose(renderer))
    ana, eva, to = sign_in("ana"), sign_in("eva"), f"{EDITOR}/files"
    for name, alt, said in (
        ("bridge.jpg", "A lantern", "![A lantern](bridge.jpg)"),
        ("bridge.jpg", "", "what the picture shows"),
        ("bridge.svg", "A lantern", "Only pictures"),
        ("", "", "is missing"),
    ):
        data = token(ana) | {"file": (io.BytesIO(picture()), name), "alt": alt}
        assert ana.post(to, data=data).location == EDITOR
        assert said in ana.get(EDITOR).text
    plan = token(ana) | {"file": (io.BytesIO(b"%PDF-"), "plan.pdf")}
    assert "[plan.pdf](plan.pdf)" in ana.post(to, data=plan, follow_redirects=True).text
    assert send(ana, EDITOR, do="submit", body="![A lantern](bridge.jpg)\n").location == REVIEW
    with eva.get("/cases/lanterns/files/bridge.jpg") as seen:
        assert (seen.status_code, seen.mimetype) == (200, "image/jpeg")
        assert "sandbox" in seen.headers["Content-Security-Policy"]
    assert sign_in("rae").get("/cases/lanterns/files/bridge.jpg").status_code == 404
    send(eva, REVIEW, f"{REVIEW}/publish")
    with sign_in("rae").get("/cases/lanterns/files/bridge.jpg") as seen:
        assert seen.status_code == 200
