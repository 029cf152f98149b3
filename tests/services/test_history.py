"""History: who wrote what, what became of it, who may look; on both databases."""

from __future__ import annotations

import pytest

from kb.db import Database
from kb.domain.errors import NotFound
from kb.domain.kinds import Kind
from kb.domain.roles import ANYONE
from kb.domain.workflow import State
from kb.services import editing, history, review
from kb.text.diff import Change
from kb.text.renderer import Renderer
from tests.factories import VOCABULARIES, case_header, save
from tests.services.test_editing import TRANSLATION
from tests.writers import PLACE, Staff, begin, bring_to_public, compose

CONTACT = {"unit": "Office", "email": "ask@example.org"}


@pytest.fixture
def told(database: Database, renderer: Renderer, staff: Staff) -> Staff:
    """A text with a past (1), a present (2) and a future (3, sent back)."""
    bring_to_public(database, renderer, staff, compose(renderer, contact=CONTACT))
    with database.transaction() as session:
        editing.revise(session, staff.ana, *PLACE)
        second = compose(renderer, "Lamps were hung.\n", contact=CONTACT, title="Lamps")
        editing.save(session, staff.ana, second, base=editing.WHATEVER)
        review.submit(session, staff.ana, *PLACE, vocabularies=VOCABULARIES)
        review.publish(session, staff.eva, *PLACE, vocabularies=VOCABULARIES)
    with database.transaction() as session:
        editing.revise(session, staff.ben, *PLACE)
        third = compose(renderer, "Lamps were stolen.\n", contact=CONTACT)
        editing.save(session, staff.ben, third, base=editing.WHATEVER)
        review.submit(session, staff.ben, *PLACE, vocabularies=VOCABULARIES)
        review.request_changes(session, staff.eva, *PLACE, "By whom?")
    return staff


def test_writers_see_all_that_happened(database: Database, told: Staff) -> None:
    with database.reading() as session:
        items = history.list_history(session, told.ana, *PLACE)
    assert [(item.number, item.state, item.author, item.readable) for item in items] == [
        (3, State.CHANGES_REQUESTED, "Ben", True),
        (2, State.PUBLISHED, "Ana", True),
        (1, State.SUPERSEDED, "Ana", True),
    ]
    assert [(step.action, step.name, step.reason) for step in items[0].steps] == [
        ("submit", "Ben", None),
        ("request_changes", "Eva", "By whom?"),
    ]


def test_others_see_what_was_public_and_read_what_is(database: Database, told: Staff) -> None:
    with database.reading() as session:
        for reader, name in ((ANYONE, None), (told.rae, "Ana")):
            items = history.list_history(session, reader, *PLACE)
            assert [(item.number, item.author, item.readable) for item in items] == [(2, name, True), (1, name, False)]
            assert not any(item.steps for item in items)
            assert history.read_version(session, reader, *PLACE, 2).revision.body == "Lamps were hung.\n"
            for hidden in (1, 3, 9):
                with pytest.raises(NotFound):
                    history.read_version(session, reader, *PLACE, hidden)
            with pytest.raises(NotFound):
                history.compare(session, reader, *PLACE, 2)
        assert "contact" not in history.read_version(session, ANYONE, *PLACE, 2).header
        assert history.read_version(session, told.rae, *PLACE, 2).header["contact"] == CONTACT
        assert history.read_version(session, told.ana, *PLACE, 3).header["contact"] == CONTACT


def test_a_history_that_is_not_public_is_not_there(database: Database, renderer: Renderer, staff: Staff) -> None:
    begin(database, staff.ana, compose(renderer))
    with database.transaction() as session:
        save(session, renderer, case_header(visibility="network"), slug="inside")
    with database.reading() as session:
        for reader in (ANYONE, staff.rae, staff.olga):
            with pytest.raises(NotFound):
                history.list_history(session, reader, *PLACE)
        with pytest.raises(NotFound):
            history.list_history(session, ANYONE, Kind.CASE, "inside", "en")
        assert history.list_history(session, staff.rae, Kind.CASE, "inside", "en")
        with pytest.raises(NotFound):
            history.list_history(session, staff.ana, Kind.CASE, "lanterns", "ko")


def test_any_two_are_compared(database: Database, told: Staff) -> None:
    with database.reading() as session:
        changes = history.compare(session, told.ana, *PLACE, 3)  # against the public one
        assert changes.old
        assert changes.old.number == 2
        assert [change.name for change in changes.fields] == ["title"]
        [line] = changes.lines
        assert [piece.text for piece in line.pieces if piece.change is Change.ADDED] == ["stolen"]
        assert history.compare(session, told.ana, *PLACE, 2).old.number == 1  # type: ignore[union-attr]
        first = history.compare(session, told.ana, *PLACE, 1)
        assert first.old is None
        assert {piece.change for line in first.lines for piece in line.pieces} == {Change.ADDED}
        assert history.compare(session, told.ana, *PLACE, 1, 3).old.number == 3  # type: ignore[union-attr]


def test_a_translation_shows_what_its_original_changed_since(
    database: Database, renderer: Renderer, told: Staff
) -> None:
    korean = (Kind.CASE, "lanterns", "ko")
    revision = begin(database, told.ben, compose(renderer, "등불.\n", language="ko", header=TRANSLATION))
    with database.transaction() as session:
        assert history.original_changes(session, editing.get_draft(session, told.ben, *korean)) is None
        review.take_back(session, told.ben, *PLACE)
        review.submit(session, told.ben, *PLACE, vocabularies=VOCABULARIES)
        review.publish(session, told.eva, *PLACE, vocabularies=VOCABULARIES)
    with database.reading() as session:
        changes = history.original_changes(session, editing.get_draft(session, told.ben, *korean))
        assert changes
        assert changes.old
        assert (changes.old.number, changes.new.number) == (2, 3)
        assert history.original_changes(session, editing.get_draft(session, told.ben, *korean))
    assert revision.number == 1
