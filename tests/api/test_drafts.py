"""Writing through the API: as its contract says, call by call."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import fields
from typing import Any

import pytest
import schemathesis
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given
from schemathesis import Case
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import positive_data_acceptance
from sqlalchemy import select
from werkzeug.datastructures import FileStorage
from werkzeug.test import TestResponse, encode_multipart

from kb.app import create_app
from kb.domain.roles import Actor, Scope
from kb.models import AuditEvent, Person
from kb.runtime import Runtime
from kb.services.tokens import create_token
from kb.text.renderer import Renderer
from tests.api.test_openapi import QUICK
from tests.conftest import make_settings
from tests.factories import case_header, profile_header, save
from tests.people import open_session
from tests.services.test_uploads import picture
from tests.writers import Staff, settle_in

ENTRIES = "/api/v1/entries"
DRAFT = f"{ENTRIES}/case/lanterns/en/draft"

TOKENS: dict[str, dict[str, str]] = {}  # name → the header of a person's program, new with every app


@pytest.fixture
def staff(empty: Runtime, renderer: Renderer) -> Staff:
    """Two cities and their people."""
    return settle_in(empty.database, renderer)


@pytest.fixture
def desk(empty: Runtime, staff: Staff) -> Iterator[Flask]:
    """The app; everybody has a token for writing."""
    made = create_app(make_settings(empty.data_dir, content_dir=str(empty.data_dir / "none")), empty)
    with empty.database.transaction() as session:
        for found in fields(staff):
            actor: Actor = getattr(staff, found.name)
            person = session.get_one(Person, actor.person)
            text = create_token(session, actor, person, name="test", days=1, scope=Scope.WRITE)
            TOKENS[found.name] = {"Authorization": f"Bearer {text}"}
    yield made


class Caller:
    """One person's program."""

    def __init__(self, app: Flask, name: str) -> None:
        self._client, self._name = app.test_client(), name

    def __call__(self, method: str, path: str, body: Any = None, **headers: str) -> TestResponse:
        named = {key.replace("_", "-"): value for key, value in headers.items()} | TOKENS[self._name]
        return self._client.open(path, method=method, json=body, headers=named)


@pytest.fixture
def ana(desk: Flask) -> Caller:
    """She writes for Testville."""
    return Caller(desk, "ana")


@pytest.fixture
def eva(desk: Flask) -> Caller:
    """She edits Testville."""
    return Caller(desk, "eva")


def new(**fields: Any) -> dict[str, Any]:
    return case_header() | {"slug": "lanterns", "language": "en", "body": "Lanterns were hung.\n"} | fields


def said(**fields: Any) -> dict[str, Any]:
    return case_header() | {"body": "Lamps were hung.\n"} | fields


def test_from_nothing_to_public(ana: Caller, eva: Caller, desk: Flask) -> None:
    made = ana("POST", ENTRIES, new(sdgs=[4]))
    assert (made.status_code, made.headers["Location"]) == (201, DRAFT)
    found = made.get_json()
    assert (found["state"], found["number"], found["title"], found["sdgs"]) == ("draft", 1, "A made-up case", [4])
    assert "Lanterns were hung." in found["html"]
    read = ana("GET", made.headers["Location"])
    assert (read.status_code, read.headers["ETag"], read.get_json()) == (200, made.headers["ETag"], found)

    changed = ana("PUT", DRAFT, said(), If_Match=made.headers["ETag"])
    assert changed.status_code == 200
    assert changed.headers["ETag"] != made.headers["ETag"]
    assert "sdgs" not in changed.get_json()  # all of it is sent, not only what changes

    submitted = ana("POST", f"{DRAFT}/submit")
    assert (submitted.status_code, submitted.get_json()["state"]) == (200, "in_review")
    assert ana("POST", f"{DRAFT}/submit").status_code == 409
    assert ana("PUT", DRAFT, said(body="Late.\n"), If_Match=changed.headers["ETag"]).status_code == 409
    assert ana("POST", f"{DRAFT}/publish").status_code == 403
    public = desk.test_client()
    assert public.get(f"{ENTRIES}/case/lanterns").status_code == 404

    assert eva("POST", f"{DRAFT}/request-changes", {"reason": ""}).status_code == 422
    assert eva("POST", f"{DRAFT}/request-changes", {"reason": "Who?"}).get_json()["state"] == "changes_requested"
    # the text is the one that was changed, whatever its state has been since
    again = ana("PUT", DRAFT, said(body="The city hung lamps.\n"), If_Match=changed.headers["ETag"])
    assert (again.status_code, again.get_json()["state"]) == (200, "draft")
    ana("POST", f"{DRAFT}/submit")
    old = eva("POST", f"{DRAFT}/publish", If_Match=made.headers["ETag"])
    assert old.status_code == 409
    done = eva("POST", f"{DRAFT}/publish", If_Match=again.headers["ETag"])
    assert (done.status_code, done.get_json()["state"]) == (200, "published")
    assert public.get(f"{ENTRIES}/case/lanterns").get_json()["body"] == "The city hung lamps.\n"
    assert ana("GET", DRAFT).status_code == 404
    assert eva("POST", f"{DRAFT}/publish").status_code == 409


def test_a_reader_who_waits_sees_that_the_state_has_changed(ana: Caller) -> None:
    etag = ana("POST", ENTRIES, new()).headers["ETag"]
    assert ana("GET", DRAFT, If_None_Match=etag).status_code == 304
    ana("POST", f"{DRAFT}/submit")
    assert ana("GET", DRAFT, If_None_Match=etag).status_code == 200


def test_a_key_makes_a_repeated_call_answer_the_same(ana: Caller) -> None:
    answers = [ana("POST", ENTRIES, new(), Idempotency_Key="k") for _ in range(2)]
    assert {answer.status_code for answer in answers} == {201}
    assert len({(answer.headers["ETag"], answer.headers["Location"], answer.data) for answer in answers}) == 1
    assert ana("POST", ENTRIES, new(slug="other"), Idempotency_Key="k").status_code == 422
    assert ana("POST", ENTRIES, new()).status_code == 409


def test_who_was_slower_gets_the_present_text_and_the_merge(ana: Caller, eva: Caller) -> None:
    etag = ana("POST", ENTRIES, new(body="One.\n\nTwo.\n\nThree.\n")).headers["ETag"]
    quick = eva("PUT", DRAFT, said(body="One.\n\nTwo.\n\nDrei.\n", cost_band=3), If_Match=etag)
    slow = ana("PUT", DRAFT, said(body="Eins.\n\nTwo.\n\nThree.\n"), If_Match=etag)
    assert (slow.status_code, slow.content_type) == (412, "application/problem+json")
    problem = slow.get_json()
    assert problem["current"]["body"] == "One.\n\nTwo.\n\nDrei.\n"
    assert problem["current"]["etag"] == quick.headers["ETag"]
    assert problem["merged"]["body"] == "Eins.\n\nTwo.\n\nDrei.\n"
    assert (problem["merged"]["cost_band"], problem["merged"]["conflicts"]) == (3, [])
    assert eva("GET", DRAFT).get_json()["body"] == "One.\n\nTwo.\n\nDrei.\n"
    on = {key: value for key, value in problem["merged"].items() if key != "conflicts"}
    assert ana("PUT", DRAFT, on, If_Match=problem["current"]["etag"]).status_code == 200


def test_a_change_says_what_it_was_made_to(ana: Caller) -> None:
    etag = ana("POST", ENTRIES, new()).headers["ETag"]
    assert ana("PUT", DRAFT, said()).status_code == 428
    for wrong in ('"nonsense"', "nonsense", '""'):
        assert ana("PUT", DRAFT, said(), If_Match=wrong).status_code == 412
    assert ana("PUT", DRAFT, said(), If_Match=f"W/{etag}").status_code == 200
    assert ana("PUT", DRAFT, said(body="Any.\n"), If_Match="*").status_code == 200


@pytest.mark.parametrize(
    "field", [{"state": "published"}, {"author": "x"}, {"number": 3}, {"digest": "x"}, {"surprise": 1}, {"sdgs": "4"},
              {"kind": "poem"}, {"slug": "Not A Slug"}, {"language": "english"}, {"body": 1}, {"body": "a\u0000"},
              {"title": ""}]
)  # fmt: skip
def test_what_is_wrong_is_named(ana: Caller, field: dict[str, Any]) -> None:
    answer = ana("POST", ENTRIES, new(**field))
    assert answer.status_code == 422
    assert [error["field"].split(".")[0] for error in answer.get_json()["errors"]] == list(field)


@pytest.mark.parametrize("name", ["kind", "slug", "language", "body", "title", "city"])
def test_what_is_missing_is_named(ana: Caller, name: str) -> None:
    answer = ana("POST", ENTRIES, {key: value for key, value in new().items() if key != name})
    assert (answer.status_code, answer.get_json()["errors"][0]["field"]) == (422, name)


def test_a_change_can_not_move_a_text(ana: Caller) -> None:
    etag = ana("POST", ENTRIES, new()).headers["ETag"]
    for field in ({"slug": "other"}, {"language": "ko"}, {"kind": "research"}):
        answer = ana("PUT", DRAFT, said(**field), If_Match=etag)
        assert (answer.status_code, answer.get_json()["errors"][0]["field"]) == (422, next(iter(field)))
    same = said(slug="lanterns", language="en")
    assert ana("PUT", DRAFT, same, If_Match=etag).status_code == 200
    assert ana("PUT", DRAFT, said(city="elsewhere"), If_Match="*").status_code == 403


@pytest.mark.parametrize(
    ("data", "media_type", "status"),
    [
        (b"{", "application/json", 400),
        (b'{"a": NaN}', "application/json", 400),
        (b'{"a": ' + b"9" * 30 + b"}", "application/json", 400),
        (b"[" * 100_000, "application/json", 400),
        (b'{"title": "\\ud800"}', "application/json", 400),
        (b'{"a": 1, "a": 2}', "application/json", 422),
        (b"[]", "application/json", 422),
        (b"{}", "text/plain", 415),
        (b'{"body": "' + b"a" * (3 * 2**20) + b'"}', "application/json", 413),
    ],
)
def test_what_is_no_object_is_refused(desk: Flask, data: bytes, media_type: str, status: int) -> None:
    answer = desk.test_client().post(ENTRIES, data=data, content_type=media_type, headers=TOKENS["ana"])
    assert (answer.status_code, answer.content_type) == (status, "application/problem+json")


def test_too_long_a_text_is_refused_in_its_field(ana: Caller) -> None:
    answer = ana("POST", ENTRIES, new(body="a" * (512 * 1024 + 1)))
    assert (answer.status_code, answer.get_json()["errors"][0]["field"]) == (422, "body")


STEPS = [f"{DRAFT}/{step}" for step in ("submit", "publish", "request-changes", "withdraw")]
WRITES = [("POST", ENTRIES), ("PUT", DRAFT), *(("POST", step) for step in STEPS)]
WRITES += [("POST", f"{ENTRIES}/case/lanterns/archive")]
BODIES = {ENTRIES: new(), DRAFT: said(), f"{DRAFT}/request-changes": {"reason": "x"},
          f"{ENTRIES}/case/lanterns/archive": {"reason": "x"}}  # fmt: skip


@pytest.mark.parametrize(("method", "path"), [*WRITES, ("GET", DRAFT)])
def test_without_a_token_nothing_is_told(desk: Flask, ana: Caller, staff: Staff, method: str, path: str) -> None:
    before = desk.test_client().open(path, method=method, json=BODIES.get(path))
    ana("POST", ENTRIES, new())
    after = desk.test_client().open(path, method=method, json=BODIES.get(path))
    assert (before.status_code, before.data) == (401, after.data)
    assert before.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize(("method", "path"), WRITES)
def test_a_cookie_changes_nothing(
    desk: Flask, empty: Runtime, ana: Caller, staff: Staff, method: str, path: str
) -> None:
    """Else any page could make a signed-in editor's browser publish."""
    ana("POST", ENTRIES, new())
    client: FlaskClient = desk.test_client()
    with client.session_transaction() as cookie:
        cookie["_user_id"] = open_session(empty.database, staff.cho)
    assert client.get(DRAFT).status_code == 200  # to read it will do
    assert client.open(path, method=method, json=BODIES.get(path), headers={"If-Match": "*"}).status_code == 401


@pytest.mark.parametrize("name", ["olga", "rae"])
@pytest.mark.parametrize(("method", "path"), [*WRITES[1:], ("GET", DRAFT)])
def test_a_hidden_draft_and_none_are_the_same_answer(
    desk: Flask, ana: Caller, name: str, method: str, path: str
) -> None:
    other = Caller(desk, name)
    before = other(method, path, BODIES.get(path), If_Match="*")
    ana("POST", ENTRIES, new())
    after = other(method, path, BODIES.get(path), If_Match="*")
    assert (before.status_code, after.status_code) == (404, 404)
    assert before.data == after.data


@pytest.mark.parametrize("name", ["olga", "rae"])
@pytest.mark.parametrize(("method", "path"), WRITES)
def test_what_is_known_but_not_theirs_is_forbidden(
    desk: Flask, empty: Runtime, renderer: Renderer, name: str, method: str, path: str
) -> None:
    with empty.database.transaction() as session:
        save(session, renderer, case_header(), slug="lanterns")
    assert Caller(desk, name)(method, path, BODIES.get(path), If_Match="*").status_code == 403


def test_withdrawing_and_archiving(ana: Caller, eva: Caller, desk: Flask, empty: Runtime, renderer: Renderer) -> None:
    ana("POST", ENTRIES, new())
    assert ana("POST", f"{DRAFT}/withdraw").get_json()["state"] == "withdrawn"
    assert ana("POST", f"{DRAFT}/withdraw").status_code == 409
    assert ana("POST", ENTRIES, new()).get_json()["number"] == 2
    with empty.database.transaction() as session:
        save(session, renderer, case_header(), slug="old")
    path = f"{ENTRIES}/case/old/archive"
    assert ana("POST", path, {"reason": "x"}).status_code == 403
    assert eva("POST", path, {}).status_code == 422
    assert eva("POST", path, {"reason": "x", "surprise": 1}).get_json()["errors"][0]["field"] == "surprise"
    done = eva("POST", path, {"reason": "Told elsewhere.", "forward": "/cities/testville"}).get_json()
    assert (done["archived_reason"], done["forward"]) == ("Told elsewhere.", "/cities/testville")
    assert eva("POST", path, {"reason": "x"}).status_code == 409
    assert desk.test_client().get(f"{ENTRIES}/case/old").get_json()["archived_reason"] == "Told elsewhere."
    with empty.database.reading() as session:
        assert session.scalar(select(AuditEvent.object_id).where(AuditEvent.action == "archive")) == "cases/old"


def test_the_history_as_far_as_one_may_see_it(ana: Caller, eva: Caller, desk: Flask) -> None:
    revisions = f"{ENTRIES}/case/lanterns/en/revisions"
    ana("POST", ENTRIES, new(contact={"email": "ask@example.org"}))
    client = desk.test_client()
    assert client.get(revisions).status_code == 404
    ana("POST", f"{DRAFT}/submit")
    eva("POST", f"{DRAFT}/publish")
    ana("POST", ENTRIES, new(body="More.\n"))
    [item] = client.get(revisions).get_json()["revisions"]
    assert (item["number"], item["state"], item["author"], item["steps"]) == (1, "published", None, [])
    found = client.get(item["url"]).get_json()
    assert (found["body"], found.get("contact")) == ("Lanterns were hung.\n", None)
    assert client.get(f"{revisions}/2").status_code == 404
    assert client.get(f"{revisions}/0").status_code == 404


def test_profiles_and_translations_are_drafts_too(ana: Caller, eva: Caller, desk: Flask) -> None:
    profile = profile_header(aliases=["T"]) | {"slug": "testville", "language": "en", "body": ""}
    assert ana("POST", ENTRIES, profile).get_json()["aliases"] == ["T"]
    ana("POST", ENTRIES, new())
    ana("POST", f"{DRAFT}/submit")
    eva("POST", f"{DRAFT}/publish")
    korean = {"kind": "case", "slug": "lanterns", "language": "ko", "translation_of": "en"}
    korean |= {"body": "등불.\n", "title": "등불", "summary": "시험."}
    assert ana("POST", ENTRIES, korean).get_json()["translation_of"] == "en"
    assert ana("POST", ENTRIES, korean | {"language": "es", "city": "testville"}).status_code == 422


def test_whatever_is_sent_the_answer_is_as_described(desk: Flask, staff: Staff) -> None:
    api = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", desk)
    for method, path in WRITES:
        described = path.replace("/case/lanterns", "/{kind}/{slug}").replace("/en/", "/{language}/")

        @QUICK
        @given(case=api[described][method].as_strategy(GenerationMode.POSITIVE))
        def send(case: Case) -> None:
            case.headers = {**(case.headers or {}), **TOKENS["cho"]}
            answer = case.call()
            # cities, works and codes that a schema can't know of must be there
            case.validate_response(answer, excluded_checks=[positive_data_acceptance])

        send()


def test_a_picture_is_added_by_its_writers(desk: Flask, ana: Caller) -> None:
    ana("POST", ENTRIES, new())
    path, client = f"{ENTRIES}/case/lanterns/attachments", desk.test_client()

    def send(name: str, person: str = "ana", **more: object) -> TestResponse:
        data = {"file": FileStorage(io.BytesIO(picture()), name), "alt": "A lantern"} | more
        boundary, body = encode_multipart(data)
        media_type = f'multipart/form-data; boundary="{boundary}"'
        headers = TOKENS[person] if person else {}
        return client.post(path, data=body, content_type=media_type, headers=headers)

    made = send("bridge.jpg")
    assert made.status_code == 201
    assert made.get_json()["url"] == made.headers["Location"] == "/cases/lanterns/files/bridge.jpg"
    assert client.get(made.headers["Location"]).status_code == 404  # no public text names it
    assert send("bridge.jpg", alt="").get_json()["errors"][0]["field"] == "alt"
    assert send("bridge.svg").get_json()["errors"][0]["field"] == "file"
    assert send("bridge.jpg", author="x").get_json()["errors"][0]["field"] == "author"
    assert client.post(path, data={"alt": "x"}, headers=TOKENS["ana"]).status_code == 422
    large = send("plan.pdf", file=FileStorage(io.BytesIO(b"%PDF-" + bytes(3 * 2**20)), "plan.pdf"))
    assert large.status_code == 201  # more than other requests may have
    assert send("a.pdf", file=FileStorage(io.BytesIO(bytes(27 * 2**20)), "a.pdf")).status_code == 413
    assert send("bridge.jpg", "olga").status_code == 404
    assert send("bridge.jpg", "").status_code == 401
