"""Review: submitted, sent back, published, planned, archived; on both databases."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlalchemy import select, update

from kb.db import Database
from kb.domain.errors import Conflict, Invalid, NotFound, NotPermitted
from kb.domain.kinds import Kind
from kb.domain.roles import ANYONE, COMMAND_LINE
from kb.domain.workflow import InvalidTransition, State
from kb.models import AuditEvent, OutboxRow, Person, Review, Work
from kb.models.base import now
from kb.services import editing, library, outbox, remarks, review, works
from kb.text.renderer import Renderer
from tests.factories import VOCABULARIES, case_header, save
from tests.services.test_editing import TRANSLATION
from tests.writers import PLACE, Staff, begin, bring_to_public, compose


@pytest.fixture
def submitted(database: Database, renderer: Renderer, staff: Staff) -> Staff:
    """Ana's draft waits for review."""
    begin(database, staff.ana, compose(renderer))
    with database.transaction() as session:
        review.submit(session, staff.ana, *PLACE, vocabularies=VOCABULARIES)
    return staff


def test_from_draft_to_public(database: Database, submitted: Staff) -> None:
    with pytest.raises(InvalidTransition), database.transaction() as session:
        review.submit(session, submitted.ana, *PLACE, vocabularies=VOCABULARIES)
    before = outbox_rows(database)
    with database.transaction() as session:
        revision = review.publish(session, submitted.eva, *PLACE, vocabularies=VOCABULARIES)
        assert revision.state == State.PUBLISHED
    assert outbox_rows(database) == before + 1
    with database.reading() as session:
        record = library.get_record(session, ANYONE, Kind.CASE, "lanterns", ["en"])
        assert record.body == "Lanterns were hung.\n"
        done = session.scalars(select(AuditEvent.action).where(AuditEvent.object_id == "cases/lanterns/en")).all()
        assert sorted(done) == ["draft", "publish", "submit"]
        assert session.scalars(select(Review)).all() == []
    with pytest.raises(InvalidTransition, match="public already"), database.transaction() as session:
        review.publish(session, submitted.cho, *PLACE, vocabularies=VOCABULARIES)


def outbox_rows(database: Database) -> int:
    with database.reading() as session:
        return outbox.count_after(session, 0)


def test_nobody_publishes_what_they_wrote_in(database: Database, renderer: Renderer, staff: Staff) -> None:
    base = begin(database, staff.ana, compose(renderer)).digest
    with database.transaction() as session:
        editing.save(session, staff.eva, compose(renderer, "Eva's words.\n"), base=base)
        review.submit(session, staff.ana, *PLACE, vocabularies=VOCABULARIES)
    for author in (staff.ana, staff.eva):  # Eva did not begin it, but her words are in it
        with pytest.raises(NotPermitted), database.transaction() as session:
            review.publish(session, author, *PLACE, vocabularies=VOCABULARIES)
    for stranger in (staff.olga, staff.rae, ANYONE):
        with pytest.raises(NotFound), database.transaction() as session:
            review.publish(session, stranger, *PLACE, vocabularies=VOCABULARIES)
    with database.transaction() as session:
        review.publish(session, staff.cho, *PLACE, vocabularies=VOCABULARIES)


def test_a_text_goes_back_with_a_reason_and_comes_again(
    database: Database, renderer: Renderer, submitted: Staff
) -> None:
    for reason in ("", " \n", "x" * 4001):
        with pytest.raises(Invalid) as raised, database.transaction() as session:
            review.request_changes(session, submitted.eva, *PLACE, reason)
        assert raised.value.problems[0].field == "reason"
    with pytest.raises(NotPermitted), database.transaction() as session:
        review.request_changes(session, submitted.ben, *PLACE, "Please.")
    with database.transaction() as session:
        review.hold(session, submitted.eva, *PLACE)
        sent = review.request_changes(session, submitted.eva, *PLACE, " Say who paid. ")
        assert sent.state == State.CHANGES_REQUESTED
        assert review.queue(session, submitted.eva) == []
        with pytest.raises(InvalidTransition):
            review.hold(session, submitted.eva, *PLACE)
    with database.transaction() as session:
        saved = editing.save(session, submitted.ana, compose(renderer, "The city paid.\n"), base=sent.digest)
        assert saved.state == State.DRAFT
        review.submit(session, submitted.ana, *PLACE, vocabularies=VOCABULARIES)
        [waiting] = review.queue(session, submitted.eva)
        assert (waiting.holder, waiting.own, waiting.work.slug) == ("Eva", False, "lanterns")


def test_the_queue_shows_each_reviewer_their_cities(database: Database, renderer: Renderer, submitted: Staff) -> None:
    with database.transaction() as session:
        save(session, renderer, case_header("elsewhere"), slug="theirs", publish=False, actor=submitted.olga)
        review.submit(session, submitted.olga, Kind.CASE, "theirs", "en", vocabularies=VOCABULARIES)
    with database.reading() as session:
        assert [waiting.work.slug for waiting in review.queue(session, submitted.eva)] == ["lanterns"]
        assert [(one.work.slug, one.own) for one in review.queue(session, submitted.olga)] == [("theirs", True)]
        assert [one.work.slug for one in review.queue(session, submitted.cho)] == ["lanterns", "theirs"]
        for other in (submitted.ana, submitted.rae, ANYONE):
            assert review.queue(session, other) == []


def test_what_was_read_is_what_is_published(database: Database, renderer: Renderer, submitted: Staff) -> None:
    with database.transaction() as session:
        read = review.take_back(session, submitted.ana, *PLACE).digest
        editing.save(session, submitted.ana, compose(renderer, "Quite different.\n"), base=read)
        review.submit(session, submitted.ana, *PLACE, vocabularies=VOCABULARIES)
    with pytest.raises(Conflict, match="read it again"), database.transaction() as session:
        review.publish(session, submitted.eva, *PLACE, vocabularies=VOCABULARIES, read=read)


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ("[a](/cases/nothing)\n", "leads to nothing"),
        ("![a](missing.png)\n", "no file"),
        ("<<<<<<< mine\na\n=======\nb\n>>>>>>> theirs\n", "Marks of a merge"),
        ("", "must not be empty"),
        ("## What was done\n\nIt.\n\n## How it is run\n", "nothing under “How it is run”"),
        ("## What was done\n\n## How it is run\n\nSo.\n", "nothing under “What was done”"),
    ],
)
def test_what_others_shall_read_must_be_whole(
    database: Database, renderer: Renderer, staff: Staff, body: str, sentence: str
) -> None:
    begin(database, staff.ana, compose(renderer, body))
    with pytest.raises(Invalid, match=sentence), database.transaction() as session:
        review.submit(session, staff.ana, *PLACE, vocabularies=VOCABULARIES)
    with database.reading() as session:
        assert editing.get_draft(session, staff.ana, *PLACE).state == State.DRAFT


def test_an_unchanged_text_is_not_submitted(database: Database, renderer: Renderer, staff: Staff) -> None:
    bring_to_public(database, renderer, staff, compose(renderer, "See [the city](/cities/testville).\n"))
    with pytest.raises(Invalid, match="Nothing has changed"), database.transaction() as session:
        editing.revise(session, staff.ana, *PLACE)
        review.submit(session, staff.ana, *PLACE, vocabularies=VOCABULARIES)


def test_a_translation_follows_its_original(database: Database, renderer: Renderer, staff: Staff) -> None:
    begin(database, staff.ana, compose(renderer))
    korean = (Kind.CASE, "lanterns", "ko")
    begin(database, staff.ana, compose(renderer, "등불.\n", language="ko", header=TRANSLATION))
    with pytest.raises(Conflict, match="comes first"), database.transaction() as session:
        review.submit(session, staff.ana, *korean, vocabularies=VOCABULARIES)
        review.publish(session, staff.eva, *korean, vocabularies=VOCABULARIES)
    with database.transaction() as session:
        review.submit(session, staff.ana, *PLACE, vocabularies=VOCABULARIES)
        review.publish(session, staff.eva, *PLACE, vocabularies=VOCABULARIES)
    same = compose(renderer, "Lanterns were hung.\n", language="ko", header=TRANSLATION)
    with pytest.raises(Invalid, match="Nothing is translated"), database.transaction() as session:
        editing.save(session, staff.ana, same, base=editing.WHATEVER)
        review.submit(session, staff.ana, *korean, vocabularies=VOCABULARIES)
    with database.transaction() as session:
        review.submit(session, staff.ana, *korean, vocabularies=VOCABULARIES)
        review.publish(session, staff.eva, *korean, vocabularies=VOCABULARIES)
    with database.reading() as session:
        assert library.get_record(session, ANYONE, Kind.CASE, "lanterns", ["ko"]).title == "등불"


def test_a_text_is_published_when_its_time_has_come(database: Database, submitted: Staff) -> None:
    tomorrow = now() + dt.timedelta(days=1)
    with pytest.raises(NotPermitted), database.transaction() as session:
        review.schedule(session, submitted.ana, *PLACE, tomorrow)
    for wrong in (now() - dt.timedelta(seconds=1), now() + dt.timedelta(days=400)):
        with pytest.raises(Invalid), database.transaction() as session:
            review.schedule(session, submitted.eva, *PLACE, wrong)
    with database.transaction() as session:
        assert review.schedule(session, submitted.eva, *PLACE, tomorrow).state == State.IN_REVIEW
        assert review.queue(session, submitted.cho)[0].publish_at == tomorrow
        assert not review.is_due(session)
        assert review.publish_due(session) == 0
    tomorrow_comes(database)
    with database.transaction() as session:
        assert review.is_due(session)
        assert review.publish_due(session) == 1
        assert not review.is_due(session)
    with database.reading() as session:
        assert library.get_record(session, ANYONE, Kind.CASE, "lanterns", ["en"]).number == 1
        last = session.scalars(select(AuditEvent).where(AuditEvent.action == "publish")).all()
        assert submitted.eva.person in {event.actor_id for event in last}


def tomorrow_comes(database: Database) -> None:
    with database.transaction() as session:
        session.execute(update(Review).values(publish_at=now() - dt.timedelta(seconds=1)))


def test_a_plan_is_off_when_the_text_or_the_person_goes(database: Database, submitted: Staff) -> None:
    tomorrow = now() + dt.timedelta(days=1)
    with database.transaction() as session:
        review.schedule(session, submitted.eva, *PLACE, tomorrow)
        review.take_back(session, submitted.ana, *PLACE)
        review.submit(session, submitted.ana, *PLACE, vocabularies=VOCABULARIES)
        assert review.queue(session, submitted.eva)[0].publish_at is None
        review.schedule(session, submitted.eva, *PLACE, tomorrow)
        session.execute(update(Person).where(Person.id == submitted.eva.person).values(disabled_at=now()))
    tomorrow_comes(database)
    with database.transaction() as session:
        assert review.publish_due(session) == 0
        assert review.queue(session, submitted.cho)[0].publish_at is None
        assert session.scalars(select(AuditEvent.action).where(AuditEvent.action == "not published")).all()
    with database.transaction() as session:
        review.schedule(session, COMMAND_LINE, *PLACE, tomorrow)
    tomorrow_comes(database)
    with database.transaction() as session:
        assert review.publish_due(session) == 1


def test_a_withdrawn_draft_makes_room_for_another(database: Database, renderer: Renderer, submitted: Staff) -> None:
    with database.transaction() as session:
        assert review.withdraw(session, submitted.ben, *PLACE).state == State.WITHDRAWN
    with pytest.raises(InvalidTransition, match="withdrawn"), database.transaction() as session:
        review.publish(session, submitted.eva, *PLACE, vocabularies=VOCABULARIES)
    assert begin(database, submitted.ana, compose(renderer)).number == 2


def test_an_archived_work_is_kept_and_told_of(database: Database, renderer: Renderer, staff: Staff) -> None:
    begin(database, staff.ana, compose(renderer))
    with pytest.raises(Conflict, match="never public"), database.transaction() as session:
        review.archive(session, staff.eva, Kind.CASE, "lanterns", "Old.")
    with database.transaction() as session:
        review.submit(session, staff.ana, *PLACE, vocabularies=VOCABULARIES)
        review.publish(session, staff.eva, *PLACE, vocabularies=VOCABULARIES)
        save(session, renderer, case_header(), slug="better")
    for forbidden in (staff.ana, staff.olga):
        with pytest.raises(NotPermitted), database.transaction() as session:
            review.archive(session, forbidden, Kind.CASE, "lanterns", "Old.")
    for reason, forward in (("", None), ("Old.", "/cases/nothing"), ("Old.", "//evil"), ("Old.", "/cases/lanterns")):
        with pytest.raises(Invalid), database.transaction() as session:
            review.archive(session, staff.eva, Kind.CASE, "lanterns", reason, forward)
    with database.transaction() as session:
        review.archive(session, staff.eva, Kind.CASE, "lanterns", "Old.", "/cases/better")
    with database.reading() as session:
        record = library.get_record(session, ANYONE, Kind.CASE, "lanterns", ["en"])
        assert record.archived_reason == "Old."
        assert session.scalar(select(Work.forward).where(Work.slug == "lanterns")) == "/cases/better"
        assert library.count_library(session, ANYONE).cases == 1
    with pytest.raises(Conflict), database.transaction() as session:
        review.archive(session, staff.eva, Kind.CASE, "lanterns", "Again.")
    with pytest.raises(Conflict), database.transaction() as session:
        editing.revise(session, staff.ana, *PLACE)
    with pytest.raises(Conflict), database.transaction() as session:
        editing.start(session, staff.ana, compose(renderer, "More.\n"))
    with database.transaction() as session:
        review.bring_back(session, staff.eva, Kind.CASE, "lanterns")
        assert library.count_library(session, ANYONE).cases == 2
        assert session.scalars(select(OutboxRow)).all()
    with pytest.raises(Conflict), database.transaction() as session:
        review.bring_back(session, staff.eva, Kind.CASE, "lanterns")


def test_remarks_stand_at_their_passage_and_are_answered(
    database: Database, renderer: Renderer, submitted: Staff
) -> None:
    with pytest.raises(NotPermitted), database.transaction() as session:
        remarks.add_remark(session, submitted.ana, *PLACE, "I say so.")
    for text, passage in (("", ""), ("x" * 4001, ""), ("a\x00", ""), ("Who?", "words that are not there")):
        with pytest.raises(Invalid), database.transaction() as session:
            remarks.add_remark(session, submitted.eva, *PLACE, text, passage=passage)
    with database.transaction() as session:
        first = remarks.add_remark(session, submitted.eva, *PLACE, "By whom?", passage="Lanterns  were\nhung")
        answer = remarks.add_remark(session, submitted.ana, *PLACE, "The city.", answers=first.id, passage="ignored")
        again = remarks.add_remark(session, submitted.eva, *PLACE, "Good.", answers=answer.id)
        whole = remarks.add_remark(session, submitted.eva, *PLACE, "Fine otherwise.")
        revision = editing.get_draft(session, submitted.ana, *PLACE)
        threads = remarks.list_threads(session, revision)
        assert [(one.remark.id, one.found) for one in threads] == [(first.id, True), (whole.id, True)]
        assert [one.text for one in threads[0].answers] == ["The city.", "Good."]
        assert again.answers_id == first.id
        remarks.settle(session, submitted.ana, *PLACE, answer.id)
        assert remarks.list_threads(session, revision)[0].remark.id == whole.id
    with pytest.raises(NotFound), database.transaction() as session:
        remarks.settle(session, submitted.ana, *PLACE, submitted.ana.person)  # a key of something else
    with database.transaction() as session:
        review.take_back(session, submitted.ana, *PLACE)
        editing.save(session, submitted.ana, compose(renderer, "Lamps.\n"), base=editing.WHATEVER)
        threads = remarks.list_threads(session, editing.get_draft(session, submitted.ana, *PLACE))
        assert [one.found for one in threads] == [True, False]


def test_a_library_that_is_loaded_again_leaves_what_people_wrote(
    database: Database, renderer: Renderer, staff: Staff
) -> None:
    bring_to_public(database, renderer, staff, compose(renderer))
    with database.transaction() as session:
        found = works.find_works(session, Kind.CASE, ["lanterns"])["lanterns"]
        text = compose(renderer, "From the file.\n")
        _, outcome = works.save_text(
            session, COMMAND_LINE, text, publish=True, vocabularies=VOCABULARIES, work=found, keep_edited=True
        )
        assert outcome is works.Outcome.UNCHANGED
