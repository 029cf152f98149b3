"""The words of the search: read from the database, and read again when somebody changes them."""

from __future__ import annotations

from sqlalchemy.orm import Session

from kb.db import Database
from kb.domain.roles import COMMAND_LINE
from kb.runtime import Runtime
from kb.search.querytext import label_key, parse
from kb.services import vocabularies
from kb.services.words import Words, load_words, words_version
from kb.text.renderer import Renderer
from tests.factories import VOCABULARIES, case_header, profile_header, save

RINGS = "ring,en,ko,ambiguous\n1,mayor,시장|시정 책임자,시장\n2,library,도서관,\n"
CONCEPTS = "id,broader,related,group,group_en,en,fr,ko\nu1,,,,,Reading,Lecture,독서\n"


def keep(session: Session, *, rings: str = RINGS, concepts: str = CONCEPTS) -> None:
    for scheme in VOCABULARIES:
        vocabularies.save_scheme(session, COMMAND_LINE, scheme)
    vocabularies.save_file(session, COMMAND_LINE, "synonym_rings.csv", rings)
    vocabularies.save_file(session, COMMAND_LINE, "thesaurus.csv", concepts)


def added(words: Words, typed: str) -> dict[str, str]:
    """Labels that the words add to a query, with their languages."""
    _, expansions = words.thesaurus.expand(parse(typed, words.labels).tree)
    return {label: tag for one in expansions for label, tag in zip(one.added, one.languages, strict=True)}


def test_labels_come_with_their_languages(database: Database) -> None:
    with database.transaction() as session:
        keep(session)
        words = load_words(session)
    assert added(words, "reading") == {"Lecture": "fr", "독서": "ko"}
    assert added(words, "도서관에서") == {"library": "en"}


def test_ambiguous_words_are_kept_apart(database: Database) -> None:
    with database.transaction() as session:
        keep(session)
        words = load_words(session)
    assert added(words, "시장") == {}
    assert added(words, "mayor") == {"시정 책임자": "ko"}


def test_a_changed_table_is_used_at_once(database: Database) -> None:
    with database.transaction() as session:
        keep(session)
    with database.reading() as session:
        before = words_version(session)
        assert words_version(session) == before
    with database.transaction() as session:
        keep(session, rings=RINGS + "3,reading room,열람실,\n")
    with database.reading() as session:
        assert words_version(session) != before
        assert added(load_words(session), "열람실") == {"reading room": "en"}


def test_a_running_process_reads_again_only_after_a_change(empty: Runtime) -> None:
    with empty.database.transaction() as session:
        keep(session)
    with empty.database.reading() as session:
        words = empty.words(session)
        assert empty.words(session) is words
    with empty.database.transaction() as session:
        keep(session, concepts=CONCEPTS.replace("독서", "책 읽기"))
    with empty.database.reading() as session:
        assert added(empty.words(session), "reading") == {"Lecture": "fr", "책 읽기": "ko"}


def test_a_city_has_its_names_from_the_profile(database: Database, renderer: Renderer) -> None:
    with database.transaction() as session:
        keep(session)
        before = words_version(session)
        header = profile_header(names={"ko": "시험시", "zh": "试验市"}, aliases=["Testopolis"])
        save(session, renderer, header, slug="testville")
        save(session, renderer, case_header(), slug="a")
    with database.reading() as session:
        assert words_version(session) != before
        words = load_words(session)
    assert added(words, "Testopolis") == {"Testville": "en", "시험시": "ko", "试验市": "zh"}
    assert added(words, "試驗市")["시험시"] == "ko"
    assert {name: words.labels["city"][label_key(name)] for name in ("시험시", "testopolis")} == {
        "시험시": "testville",
        "testopolis": "testville",
    }


def test_languages_are_known_by_name_and_tag(database: Database, renderer: Renderer) -> None:
    with database.transaction() as session:
        keep(session)
        save(session, renderer, profile_header(), slug="testville", language="fr")
        labels = load_words(session).labels["language"]
        assert {labels[label_key(name)] for name in ("fr", "French", "프랑스어", "français")} == {"fr"}
        assert len(labels) == len(list(labels)) == 4
        assert labels.get("de") is None
