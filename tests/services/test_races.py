"""Two at once, each with a connection of their own; on both databases."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable

from sqlalchemy import func, select

from kb.db import Database
from kb.domain.errors import KbError
from kb.domain.kinds import Kind
from kb.domain.roles import Actor
from kb.domain.workflow import State
from kb.models import Entry, Revision, RevisionStep, SavedText, Work
from kb.services import editing, review
from kb.services.works import TextOfEntry
from kb.text.renderer import Renderer
from tests.factories import VOCABULARIES
from tests.writers import PLACE, Staff, begin, compose

ROUNDS = 25


def at_once(*deeds: Callable[[], object]) -> Counter[str]:
    """Do all of it in threads that begin together; how each ended, `done` or the name of the error."""
    gate, ends = threading.Barrier(len(deeds)), list[str]()

    def run(deed: Callable[[], object]) -> None:
        gate.wait()
        try:
            deed()
            ends.append("done")
        except KbError as error:
            ends.append(type(error).__name__)

    threads = [threading.Thread(target=run, args=(deed,)) for deed in deeds]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return Counter(ends)


def count_revisions(database: Database, *states: State) -> int:
    with database.reading() as session:
        query = select(func.count()).select_from(Revision).join(Entry).join(Work).where(Work.kind == "case")
        if states:
            query = query.where(Revision.state.in_(states))
        return session.scalar(query) or 0


def test_of_two_editors_none_overwrites_the_other(database: Database, renderer: Renderer, staff: Staff) -> None:
    base = begin(database, staff.ana, compose(renderer)).digest
    for turn in range(ROUNDS):
        texts = [compose(renderer, f"Turn {turn}, {name}.\n") for name in ("Ana", "Ben")]

        def save_one(actor: Actor, text: TextOfEntry) -> Callable[[], object]:
            def save() -> None:
                with database.transaction() as session:
                    editing.save(session, actor, text, base=base)  # noqa: B023  # done within the turn

            return save

        ends = at_once(save_one(staff.ana, texts[0]), save_one(staff.ben, texts[1]))
        assert ends == {"done": 1, "SavedMeanwhile": 1}
        with database.reading() as session:
            current = editing.get_draft(session, staff.ana, *PLACE)
            assert current.body in {text.body for text in texts}
            base = current.digest
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(SavedText)) == ROUNDS + 1


def test_a_form_sent_twice_at_once_makes_one_revision(database: Database, renderer: Renderer, staff: Staff) -> None:
    for turn in range(ROUNDS):
        text = compose(renderer, slug=f"case-{turn}")

        def send(text: TextOfEntry = text, key: str = f"key-{turn}") -> None:
            begin(database, staff.ana, text, key=key)

        assert at_once(send, send) == {"done": 2}
    assert count_revisions(database) == ROUNDS


def test_of_two_who_take_an_address_one_gets_it(database: Database, renderer: Renderer, staff: Staff) -> None:
    for turn in range(ROUNDS):
        text = compose(renderer, slug=f"case-{turn}")

        def take(actor: Actor, text: TextOfEntry = text) -> Callable[[], object]:
            return lambda: begin(database, actor, text)

        assert at_once(take(staff.ana), take(staff.ben)) == {"done": 1, "Conflict": 1}
    assert count_revisions(database) == ROUNDS


def test_a_text_is_submitted_and_published_once(database: Database, renderer: Renderer, staff: Staff) -> None:
    begin(database, staff.ana, compose(renderer))
    for turn in range(5):

        def submit() -> None:
            with database.transaction() as session:
                review.submit(session, staff.ana, *PLACE, vocabularies=VOCABULARIES)

        def publish(actor: Actor) -> Callable[[], object]:
            def decide() -> None:
                with database.transaction() as session:
                    review.publish(session, actor, *PLACE, vocabularies=VOCABULARIES)

            return decide

        assert at_once(submit, submit) == {"done": 1, "InvalidTransition": 1}
        assert at_once(publish(staff.eva), publish(staff.cho)) == {"done": 1, "InvalidTransition": 1}
        assert count_revisions(database, State.PUBLISHED) == 1
        with database.transaction() as session:
            revision = editing.revise(session, staff.ana, *PLACE)
            editing.save(session, staff.ana, compose(renderer, f"Turn {turn}.\n"), base=revision.digest)
    with database.reading() as session:
        published = select(func.count()).select_from(RevisionStep).where(RevisionStep.action == "publish")
        assert session.scalar(published) == 5


def test_a_decision_and_a_change_of_mind_do_not_both_happen(
    database: Database, renderer: Renderer, staff: Staff
) -> None:
    for turn in range(5):
        place = (PLACE[0], f"case-{turn}", "en")
        begin(database, staff.ana, compose(renderer, slug=place[1]))
        with database.transaction() as session:
            review.submit(session, staff.ana, *place, vocabularies=VOCABULARIES)

        def publish(place: tuple[Kind, str, str] = place) -> None:
            with database.transaction() as session:
                review.publish(session, staff.eva, *place, vocabularies=VOCABULARIES)

        def take_back(place: tuple[Kind, str, str] = place) -> None:
            with database.transaction() as session:
                review.take_back(session, staff.ana, *place)

        assert at_once(publish, take_back) == {"done": 1, "InvalidTransition": 1}
