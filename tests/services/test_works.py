"""Saving texts: revisions, facts, requests to the index; on both databases."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from kb.db import Database
from kb.domain.errors import Conflict, Invalid, NotFound
from kb.domain.kinds import Kind
from kb.domain.roles import ANYONE, Actor, Membership, Role
from kb.domain.workflow import State
from kb.models import AuditEvent, City, OutboxRow, Person, Revision, Work, WorkConcept
from kb.models.base import now
from kb.services import library, works
from kb.services.works import Outcome
from kb.text.renderer import Renderer
from tests.factories import case_header, profile_header, save

READER = Actor(memberships=frozenset({Membership(Role.READER)}))


def test_a_new_text_is_created_and_the_same_again_changes_nothing(database: Database, renderer: Renderer) -> None:
    for expected in (Outcome.CREATED, Outcome.UNCHANGED):
        with database.transaction() as session:
            _, outcome = save(session, renderer, case_header(), slug="a")
        assert outcome is expected
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Revision)) == 1
        assert session.scalar(select(func.count()).select_from(OutboxRow)) == 1
        assert session.scalar(select(AuditEvent.action)) == "publish"


def test_a_changed_text_supersedes_the_public_one(database: Database, renderer: Renderer) -> None:
    with database.transaction() as session:
        save(session, renderer, case_header(), slug="a")
    with database.transaction() as session:
        _, outcome = save(session, renderer, case_header(title="Another title"), slug="a")
    assert outcome is Outcome.UPDATED
    with database.reading() as session:
        states = session.execute(select(Revision.number, Revision.state).order_by(Revision.number)).all()
        assert [tuple(row) for row in states] == [(1, State.SUPERSEDED), (2, State.PUBLISHED)]
        assert library.get_record(session, ANYONE, Kind.CASE, "a", ["en"]).title == "Another title"


def test_a_draft_is_seen_by_nobody_and_leaves_the_public_text(database: Database, renderer: Renderer) -> None:
    with database.transaction() as session:
        save(session, renderer, case_header(), slug="a")
        save(session, renderer, case_header(title="Draft"), slug="a", publish=False)
        save(session, renderer, case_header(title="Draft only"), slug="b", publish=False)
    with database.reading() as session:
        assert library.get_record(session, ANYONE, Kind.CASE, "a", ["en"]).title == "A made-up case"
        with pytest.raises(NotFound):
            library.get_record(session, READER, Kind.CASE, "b", ["en"])
        assert library.count_library(session, READER).cases == 1
        assert [card.slug for card in library.newest(session, READER, ["en"])] == ["a"]


def test_a_draft_is_written_over_until_it_waits_for_review(database: Database, renderer: Renderer) -> None:
    with database.transaction() as session:
        save(session, renderer, case_header(), slug="a", publish=False)
        _, outcome = save(session, renderer, case_header(title="Better"), slug="a", publish=False)
        assert outcome is Outcome.UPDATED
        revision = session.scalars(select(Revision)).one()
        assert revision.header["title"] == "Better"
        revision.state = State.IN_REVIEW.value
    with pytest.raises(Conflict), database.transaction() as session:
        save(session, renderer, case_header(title="Best"), slug="a", publish=False)


def test_facts_follow_the_public_original(database: Database, renderer: Renderer) -> None:
    with database.transaction() as session:
        save(session, renderer, profile_header(), slug="testville")
        work, _ = save(session, renderer, case_header(key_features=["2.2.1"], visibility="network"), slug="a")
        concepts = {row.code: row.direct for row in session.scalars(select(WorkConcept))}
    assert concepts == {"2": False, "2.2": False, "2.2.1": True}
    assert work.visibility == "network"
    assert work.completeness == "stub"
    with database.reading() as session:
        assert session.get_one(City, "testville").country == "IE"
        with pytest.raises(NotFound):
            library.get_record(session, ANYONE, Kind.CASE, "a", ["en"])
        assert library.get_record(session, READER, Kind.CASE, "a", ["en"]).city is not None
        assert library.theme_counts(session, ANYONE) == {}
        assert library.theme_counts(session, READER)["key_features", "2"] == 1


def test_a_city_with_another_name_brings_its_works_to_the_index_again(database: Database, renderer: Renderer) -> None:
    with database.transaction() as session:
        save(session, renderer, profile_header(), slug="testville")
        case, _ = save(session, renderer, case_header(), slug="a")
        before = session.scalar(select(func.count()).where(OutboxRow.object_id == case.id))
        save(session, renderer, profile_header(name="New Testville"), slug="testville")
        assert session.scalar(select(func.count()).where(OutboxRow.object_id == case.id)) == (before or 0) + 1


TRANSLATION = {"kind": "case", "title": "지어낸 사례", "summary": "시험용.", "translation_of": "en"}


def test_a_translation_needs_its_original_and_knows_when_it_lags(database: Database, renderer: Renderer) -> None:
    with pytest.raises(Invalid, match="original"), database.transaction() as session:
        save(session, renderer, TRANSLATION, slug="a", language="ko")
    with database.transaction() as session:
        save(session, renderer, case_header(), slug="a")
        save(session, renderer, TRANSLATION, slug="a", language="ko")
    with database.reading() as session:
        record = library.get_record(session, ANYONE, Kind.CASE, "a", ["ko"])
        assert (record.language, record.title, record.behind) == ("ko", "지어낸 사례", 0)
    with database.transaction() as session:
        save(session, renderer, case_header(title="Changed"), slug="a")
        save(session, renderer, case_header(title="Changed twice"), slug="a")
    with database.reading() as session:
        assert library.get_record(session, ANYONE, Kind.CASE, "a", ["ko"]).behind == 2
        assert library.get_record(session, ANYONE, Kind.CASE, "a", ["fr"], "en").title == "Changed twice"


def test_a_work_has_one_original(database: Database, renderer: Renderer) -> None:
    with pytest.raises(Invalid, match="translation_of"), database.transaction() as session:
        save(session, renderer, case_header(), slug="a")
        save(session, renderer, case_header(), slug="a", language="ko")


def test_contacts_are_for_signed_in_readers(database: Database, renderer: Renderer) -> None:
    with database.transaction() as session:
        save(session, renderer, case_header(contact={"unit": "Office", "email": "a@example.org"}), slug="a")
    with database.reading() as session:
        assert library.get_record(session, ANYONE, Kind.CASE, "a", ["en"]).header.contact is None
        assert library.get_record(session, READER, Kind.CASE, "a", ["en"]).header.contact is not None
        assert "contact" not in library.get_record(session, ANYONE, Kind.CASE, "a", ["en"]).missing


def test_an_archived_work_keeps_its_address_and_leaves_the_lists(database: Database, renderer: Renderer) -> None:
    with database.transaction() as session:
        work, _ = save(session, renderer, case_header(), slug="a")
        work.archived_at, work.archive_reason = now(), "Replaced."
    with database.reading() as session:
        assert library.get_record(session, ANYONE, Kind.CASE, "a", ["en"]).archived_reason == "Replaced."
        assert library.newest(session, ANYONE, ["en"]) == []


def test_a_text_that_a_person_wrote_is_kept_when_the_shipped_one_is_loaded(
    database: Database, renderer: Renderer
) -> None:
    with database.transaction() as session:
        person = Person(email="a@example.org", name="A", created_at=now())
        session.add(person)
        session.flush()
        editor = Actor(person.id, "A", frozenset({Membership(Role.COORDINATOR)}))
        save(session, renderer, case_header(title="By hand"), slug="a", actor=editor)
        work = session.scalars(select(Work)).one()
        text = works.TextOfEntry(
            Kind.CASE,
            "a",
            "en",
            library.MODELS[Kind.CASE].model_validate(case_header()),
            "",
            renderer.render("", base="/"),
        )
        _, outcome = works.save_text(
            session, editor, text, publish=True, vocabularies=works.Vocabularies(), work=work, keep_edited=True
        )
        assert outcome is Outcome.UNCHANGED
