"""Writing drafts: begun, saved, carried on, merged; on both databases."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from kb.db import Database
from kb.domain.errors import Conflict, Invalid, NotFound, NotPermitted
from kb.domain.kinds import Kind
from kb.domain.roles import ANYONE, Actor
from kb.domain.workflow import InvalidTransition, State
from kb.models import AuditEvent, Entry, OutboxRow, Revision, SavedText, Work
from kb.models.base import now
from kb.services import autosaves, editing, library, review
from kb.services.reach import drafts_within_reach, list_drafts
from kb.text.renderer import Renderer
from tests.factories import VOCABULARIES, case_header, profile_header, research_header, save
from tests.writers import PLACE, Staff, begin, bring_to_public, compose

TRANSLATION = {"kind": "case", "title": "등불", "summary": "시험용입니다.", "translation_of": "en"}


def test_a_draft_belongs_to_its_city_from_the_start(database: Database, renderer: Renderer, staff: Staff) -> None:
    revision = begin(database, staff.ana, compose(renderer))
    assert (revision.number, revision.state, revision.author_id) == (1, State.DRAFT, staff.ana.person)
    with database.reading() as session:
        assert session.scalar(select(Work.city_slug).where(Work.slug == "lanterns")) == "testville"
        for allowed in (staff.ana, staff.ben, staff.eva, staff.cho):
            assert editing.get_draft(session, allowed, *PLACE).body == "Lanterns were hung.\n"
        for other in (staff.olga, staff.rae, ANYONE):
            with pytest.raises(NotFound):
                editing.get_draft(session, other, *PLACE)
        assert library.count_library(session, staff.eva).cases == 0
        assert session.scalar(select(func.count()).select_from(OutboxRow)) == 2  # the two profiles
        assert session.scalars(select(AuditEvent.action).where(AuditEvent.actor_id == staff.ana.person)).all() == [
            "draft"
        ]


def test_nobody_writes_for_another_city(database: Database, renderer: Renderer, staff: Staff) -> None:
    for other in (staff.olga, staff.rae, ANYONE):
        with pytest.raises(NotPermitted):
            begin(database, other, compose(renderer))
    begin(database, staff.ana, compose(renderer))
    with pytest.raises(Conflict, match="taken"):  # it can't be told otherwise: addresses are given once
        begin(database, staff.olga, compose(renderer, city="elsewhere"))
    with pytest.raises(NotPermitted), database.transaction() as session:  # the draft can't be carried off either
        editing.save(session, staff.ana, compose(renderer, city="elsewhere"), base=editing.WHATEVER)
    with database.transaction() as session:
        editing.save(session, staff.cho, compose(renderer, city="elsewhere"), base=editing.WHATEVER)
    with database.reading() as session:
        assert editing.get_draft(session, staff.olga, *PLACE)
        with pytest.raises(NotFound):
            editing.get_draft(session, staff.ana, *PLACE)


def test_what_everybody_sees_is_forbidden_what_nobody_sees_is_not_there(
    database: Database, renderer: Renderer, staff: Staff
) -> None:
    bring_to_public(database, renderer, staff, compose(renderer))
    text = compose(renderer, "Other.\n")
    for other in (staff.olga, staff.rae, ANYONE):
        with pytest.raises(NotPermitted), database.transaction() as session:
            editing.save(session, other, text, base=editing.WHATEVER)
        with pytest.raises(NotPermitted), database.transaction() as session:
            editing.revise(session, other, *PLACE)
    with pytest.raises(NotFound, match="No draft"), database.transaction() as session:
        editing.save(session, staff.ana, text, base=editing.WHATEVER)


def test_a_key_makes_one_draft_of_a_request_sent_twice(database: Database, renderer: Renderer, staff: Staff) -> None:
    text = compose(renderer)
    first = begin(database, staff.ana, text, key="k1")
    with database.transaction() as session:
        again, made = editing.start(session, staff.ana, text, key="k1")
        assert (again.id, made) == (first.id, False)
    with pytest.raises(Invalid, match="another request"):
        begin(database, staff.ana, compose(renderer, slug="other"), key="k1")
    with pytest.raises(Invalid, match="Idempotency-Key"):
        begin(database, staff.ana, text, key="k" * 256)
    with pytest.raises(Conflict, match="open already"):
        begin(database, staff.ana, text)
    assert begin(database, staff.ben, compose(renderer, slug="bens"), key="k1").number == 1  # keys are one's own


def test_the_public_text_stays_while_a_new_one_is_written(database: Database, renderer: Renderer, staff: Staff) -> None:
    bring_to_public(database, renderer, staff, compose(renderer))
    with database.transaction() as session:
        revision = editing.revise(session, staff.ben, *PLACE)
        assert (revision.number, revision.body) == (2, "Lanterns were hung.\n")
        base = revision.digest
    with pytest.raises(Conflict), database.transaction() as session:
        editing.revise(session, staff.ana, *PLACE)
    with database.transaction() as session:
        editing.save(session, staff.ben, compose(renderer, "Lamps.\n", title="Lamps"), base=base)
    with database.reading() as session:
        record = library.get_record(session, ANYONE, Kind.CASE, "lanterns", ["en"])
        assert (record.title, record.number) == ("A made-up case", 1)


def test_saving_the_same_twice_is_one_save(database: Database, renderer: Renderer, staff: Staff) -> None:
    base = begin(database, staff.ana, compose(renderer)).digest
    text = compose(renderer, "Lamps.\n")
    for _ in range(2):
        with database.transaction() as session:
            assert editing.save(session, staff.ana, text, base=base).body == "Lamps.\n"
    with database.reading() as session:
        saves = (
            select(func.count())
            .select_from(AuditEvent)
            .where(AuditEvent.action == "save", AuditEvent.object_type == "entry")
        )
        assert session.scalar(saves) == 1
        assert session.scalar(select(func.count()).select_from(Revision).join(Entry).join(Work).where(
            Work.slug == "lanterns")) == 1  # fmt: skip


def test_the_second_of_two_writers_is_shown_both_texts_and_the_merge(
    database: Database, renderer: Renderer, staff: Staff
) -> None:
    lines = "".join(f"Line {number}.\n\n" for number in range(6))
    base = begin(database, staff.ana, compose(renderer, lines)).digest
    with database.transaction() as session:
        editing.save(session, staff.ben, compose(renderer, lines.replace("5", "five"), cost_band=2), base=base)
    mine = compose(renderer, lines.replace("0", "zero"), title="Anew")
    with pytest.raises(editing.SavedMeanwhile) as raised, database.transaction() as session:
        editing.save(session, staff.ana, mine, base=base)
    assert "five" in raised.value.current.body
    merged = raised.value.merged
    assert (merged.clashing, merged.fields) == (False, ())
    assert "zero" in merged.body
    assert "five" in merged.body
    assert (merged.header["title"], merged.header["cost_band"]) == ("Anew", 2)
    # going on from the merge works, and both have written the text now
    together = compose(renderer, merged.body, header=dict(merged.header))
    with database.transaction() as session:
        assert editing.save(session, staff.ana, together, base=raised.value.current.digest).body == merged.body

    clash = compose(renderer, lines.replace("5", "cinco"))
    with pytest.raises(editing.SavedMeanwhile) as raised, database.transaction() as session:
        editing.save(session, staff.ana, clash, base=base)
    assert raised.value.merged.clashing
    assert {"cinco", "five"} <= set(raised.value.merged.body.replace(".", " ").split())
    with pytest.raises(editing.SavedMeanwhile) as raised, database.transaction() as session:
        editing.save(session, staff.ana, clash, base="unknown")
    assert raised.value.merged.clashing


def test_a_text_in_review_is_not_written(database: Database, renderer: Renderer, staff: Staff) -> None:
    base = begin(database, staff.ana, compose(renderer)).digest
    with database.transaction() as session:
        review.submit(session, staff.ana, *PLACE, vocabularies=VOCABULARIES)
    with pytest.raises(InvalidTransition, match="waits for review"), database.transaction() as session:
        editing.save(session, staff.ana, compose(renderer, "Lamps.\n"), base=base)


def test_a_header_names_only_what_is_there_and_known(database: Database, renderer: Renderer, staff: Staff) -> None:
    with database.transaction() as session:
        save(session, renderer, case_header("elsewhere"), slug="theirs", publish=False)
        save(session, renderer, case_header(), slug="ours", publish=False)
    with pytest.raises(Invalid) as raised:
        begin(database, staff.ana, compose(renderer, inspired_by=["theirs", "ours", "nothing"]))
    assert [problem.field for problem in raised.value.problems] == ["inspired_by.0", "inspired_by.2"]
    assert begin(database, staff.ana, compose(renderer, inspired_by=["ours"]))


def test_profiles_are_of_their_own_city(database: Database, renderer: Renderer, staff: Staff) -> None:
    with pytest.raises(Invalid, match="must be the city"):
        begin(database, staff.ana, compose(renderer, slug="newtown", header=profile_header()))
    newtown = compose(renderer, slug="newtown", header=profile_header("newtown"))
    with pytest.raises(NotPermitted):
        begin(database, staff.ana, newtown)
    assert begin(database, staff.cho, newtown)
    changed = compose(renderer, slug="testville", header=profile_header(aliases=["T"]))
    assert begin(database, staff.ana, changed).number == 2


def test_research_without_a_city_is_the_coordinators(database: Database, renderer: Renderer, staff: Staff) -> None:
    study = compose(renderer, slug="study", header=research_header(city=None))
    with pytest.raises(NotPermitted):
        begin(database, staff.eva, study)
    assert begin(database, staff.cho, study)
    with database.reading() as session, pytest.raises(NotFound):
        editing.get_draft(session, staff.eva, Kind.RESEARCH, "study", "en")


def test_a_translation_begins_beside_the_public_original(database: Database, renderer: Renderer, staff: Staff) -> None:
    korean = compose(renderer, "등불을 달았다.\n", language="ko", header=TRANSLATION)
    with pytest.raises(Invalid, match="original"):
        begin(database, staff.ana, korean)
    with pytest.raises(NotPermitted):
        begin(database, staff.rae, korean)
    begin(database, staff.ana, compose(renderer))
    with pytest.raises(Conflict, match="not public yet"), database.transaction() as session:
        editing.start_translation(session, staff.ana, Kind.CASE, "lanterns", "ko")
    with database.transaction() as session:
        review.submit(session, staff.ana, *PLACE, vocabularies=VOCABULARIES)
        first = review.publish(session, staff.eva, *PLACE, vocabularies=VOCABULARIES).id
    with database.transaction() as session:
        assert editing.start_translation(session, staff.ben, Kind.CASE, "lanterns", "ko").language == "en"
    assert begin(database, staff.ben, korean).translated_from_id == first
    with pytest.raises(Conflict, match="in this language"), database.transaction() as session:
        editing.start_translation(session, staff.ben, Kind.CASE, "lanterns", "ko")
    with pytest.raises(Invalid), database.transaction() as session:  # it can't become an original
        editing.save(session, staff.ben, compose(renderer, language="ko"), base=editing.WHATEVER)

    # the original goes on; saving the translation does not say that it went along
    with database.transaction() as session:
        editing.revise(session, staff.ana, *PLACE)
        editing.save(session, staff.ana, compose(renderer, "Lamps.\n"), base=editing.WHATEVER)
        review.submit(session, staff.ana, *PLACE, vocabularies=VOCABULARIES)
        second = review.publish(session, staff.eva, *PLACE, vocabularies=VOCABULARIES).id
    again = compose(renderer, "등불!\n", language="ko", header=TRANSLATION)
    with database.transaction() as session:
        assert editing.save(session, staff.ben, again, base=editing.WHATEVER).translated_from_id == first
        assert editing.caught_up(session, staff.ben, Kind.CASE, "lanterns", "ko").translated_from_id == second
    with pytest.raises(NotFound), database.transaction() as session:
        editing.caught_up(session, staff.ana, *PLACE)


def test_an_old_text_comes_back_as_a_new_draft(database: Database, renderer: Renderer, staff: Staff) -> None:
    bring_to_public(database, renderer, staff, compose(renderer))
    with database.transaction() as session:
        editing.revise(session, staff.ana, *PLACE)
        editing.save(session, staff.ana, compose(renderer, "Worse.\n"), base=editing.WHATEVER)
        review.submit(session, staff.ana, *PLACE, vocabularies=VOCABULARIES)
        review.publish(session, staff.eva, *PLACE, vocabularies=VOCABULARIES)
    with database.transaction() as session:
        restored = editing.revise(session, staff.ben, *PLACE, number=1)
        assert (restored.number, restored.state, restored.body) == (3, State.DRAFT, "Lanterns were hung.\n")
        assert restored.author_id == staff.ben.person
    with pytest.raises(Conflict), database.transaction() as session:
        review.withdraw(session, staff.ben, *PLACE)
        editing.revise(session, staff.ben, *PLACE, number=9)


def test_what_is_typed_is_kept_for_each_person_until_it_is_saved(
    database: Database, renderer: Renderer, staff: Staff
) -> None:
    base = begin(database, staff.ana, compose(renderer)).digest
    for typed in ("Half a", "Half a sentence"):
        with database.transaction() as session:
            autosaves.keep(session, staff.ana, *PLACE, base=base, fields={"body": [typed], "title": [""]})
    with database.reading() as session:
        entry = editing.get_draft(session, staff.ana, *PLACE).entry
        kept = autosaves.find(session, staff.ana, entry)
        assert kept
        assert (kept.fields, kept.base) == ({"body": ["Half a sentence"], "title": [""]}, base)
        assert autosaves.find(session, staff.ben, entry) is None
        assert autosaves.find(session, ANYONE, entry) is None
        assert [writer.name for writer in autosaves.others(session, staff.ben, entry)] == ["Ana"]
        assert autosaves.others(session, staff.ana, entry) == []
    for other in (staff.olga, staff.rae):
        with pytest.raises(NotFound), database.transaction() as session:
            autosaves.keep(session, other, *PLACE, base=base, fields={})
    with database.transaction() as session:
        editing.save(session, staff.ana, compose(renderer, "A sentence.\n"), base=base)
    with database.reading() as session:
        assert autosaves.find(session, staff.ana, session.merge(entry)) is None


def test_the_desk_shows_what_is_open_and_nothing_else(database: Database, renderer: Renderer, staff: Staff) -> None:
    """A public text is no draft, of whoever: 600 of them would hide the one that waits."""
    bring_to_public(database, renderer, staff, compose(renderer, slug="public-one"))
    begin(database, staff.ana, compose(renderer, slug="of-ana"))
    begin(database, staff.ben, compose(renderer, slug="of-ben"))

    def shown(actor: Actor) -> tuple[list[str], list[str]]:
        with database.reading() as session:
            own, others = list_drafts(session, actor)
            return [one.entry.work.slug for one in own], [one.entry.work.slug for one in others]

    assert shown(staff.ana) == (["of-ana"], ["of-ben"])
    assert shown(staff.cho) == ([], ["of-ben", "of-ana"])
    assert shown(staff.olga) == shown(staff.rae) == ([], [])
    with database.transaction() as session:
        revision = session.scalars(drafts_within_reach(staff.ana).where(Work.slug == "of-ben")).one()
        session.add(SavedText(revision_id=revision.id, person_id=staff.ana.person, digest="x", header={}, body="",
                              saved_at=now()))  # fmt: skip
    assert shown(staff.ana) == (["of-ben", "of-ana"], [])
