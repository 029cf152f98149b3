"""Vectors from publication to search, with the real models, on both databases; and what a reader gets of it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select

from config import ROOT
from kb.cli.meaning import embed_all, keep_embedding
from kb.db import Database
from kb.domain.roles import ANYONE, Actor, Membership, Role
from kb.mail.log import LogMailer
from kb.models import Embedding, LanguageMean
from kb.runtime import Runtime
from kb.search.embedders import UniversalSentenceEncoder
from kb.search.meaning import Embedder
from kb.search.whoosh_engine import WhooshEngine
from kb.services import embedding, indexing
from kb.services.search import SearchQuery, SearchResult, find
from kb.services.vocabularies import save_file
from kb.storage.files import FileStorage
from kb.text.renderer import Renderer
from tests.factories import VOCABULARIES, case_header, profile_header, save

READER = Actor(memberships=frozenset({Membership(Role.READER)}))
SENTENCES = "".join(
    (ROOT / "content" / "vocabularies" / embedding.SENTENCES).read_text(encoding="utf-8").splitlines(keepends=True)[:13]
)


@pytest.fixture(scope="module")
def small() -> Embedder:
    return UniversalSentenceEncoder()


@pytest.fixture
def instance(database: Database, tmp_path: Path, renderer: Renderer, small: Embedder) -> Iterator[Runtime]:
    """A database with a few made-up texts in several languages, their index, the quicker of the models."""
    engine = WhooshEngine(tmp_path / "index")
    storage = FileStorage(tmp_path / "files")
    parts = Runtime(database, engine, storage, LogMailer(), tmp_path, "http://127.0.0.1", "testville", "en")
    parts.embedder = small
    with database.transaction() as session:
        save_file(session, READER, embedding.SENTENCES, SENTENCES)
        save(session, renderer, profile_header("testville"), slug="testville")
        for slug, title, summary in (
            ("phones", "Smartphones for grandparents", "Volunteers show older people how to use their phones."),
            ("trees", "Trees along the streets", "Residents plant and water young trees."),
            ("prison", "School in prison", "Prisoners finish secondary school."),
            ("choir", "Songs of many countries", "A choir for newcomers and neighbours."),
        ):
            save(session, renderer, case_header(title=title, summary=summary), slug=slug)
        secret = case_header(
            title="Tablets for seniors", summary="Older adults learn to use tablets.", visibility="network"
        )
        save(session, renderer, secret, slug="secret")
    with database.reading() as session:
        indexing.rebuild(session, engine)
    yield parts
    engine.close()


def _ask(parts: Runtime, words: str, actor: Actor = ANYONE, *, across: bool = True) -> SearchResult:
    with parts.database.reading() as session:
        return find(
            session, parts.engine, actor, SearchQuery(q=words, across=across), vocabularies=VOCABULARIES,
            words=parts.words(session), meaning=parts.meaning(session), languages=("ko", "en"), locale="ko",
        )  # fmt: skip


def _slugs(found: SearchResult) -> list[str]:
    return [hit.card.slug for hit in found.hits]


def test_a_question_in_korean_finds_english_texts_by_meaning(instance: Runtime) -> None:
    before = _ask(instance, "노인 스마트폰 교육")
    assert before.total == 0
    assert [str(note) for note in before.notes] == [
        "Only words and the thesaurus were searched: nearness in meaning is not ready here."
    ]
    embed_all(instance)
    found = _ask(instance, "노인 스마트폰 교육")
    assert _slugs(found)[0] == "phones"
    assert found.hits[0].matched_by == ("meaning",)
    assert found.notes == ()
    assert found.facets["kind"][0].count == found.total
    assert _ask(instance, "노인 스마트폰 교육", across=False).total == 0


def test_meaning_shows_nobody_what_they_may_not_see(instance: Runtime) -> None:
    embed_all(instance)
    for words in ("tablets for older adults", "노인 태블릿 교육"):
        seen = _ask(instance, words)
        assert "secret" not in _slugs(seen)
        assert sum(value.count for value in seen.facets["kind"]) == seen.total == len(seen.hits)
        assert "secret" in _slugs(_ask(instance, words, READER))


def test_the_same_text_is_reckoned_once_and_a_changed_one_again(instance: Runtime, renderer: Renderer) -> None:
    embed_all(instance)
    assert instance.embedder

    def held() -> tuple[int, int]:
        with instance.database.reading() as session:
            rows = session.execute(select(func.count(), func.max(Embedding.serial))).one()
            return rows[0], rows[1]

    count, serial = held()
    assert count == 6
    embed_all(instance)
    assert held() == (count, serial)

    with instance.database.transaction() as session:  # the same words in a new revision: only its licence is new
        same = case_header(title="Trees along the streets", summary="Residents plant and water young trees.")
        save(session, renderer, same | {"licence": "CC-BY-SA-4.0"}, slug="trees")
    with instance.database.reading() as session:
        (waiting,) = embedding.find_waiting(session, instance.embedder)
    assert waiting.vector is not None
    embed_all(instance)
    assert held() == (count, serial + 1)

    with instance.database.transaction() as session:
        save(session, renderer, case_header(title="Bicycles for all", summary="A workshop."), slug="trees")
    with instance.database.reading() as session:
        indexing.rebuild(session, instance.engine)
        (waiting,) = embedding.find_waiting(session, instance.embedder)
    assert waiting.vector is None
    embed_all(instance)
    assert _slugs(_ask(instance, "자전거 수리"))[0] == "trees"


def test_changed_sentences_give_new_means(instance: Runtime) -> None:
    embed_all(instance)
    with instance.database.transaction() as session:
        head, *rows = SENTENCES.splitlines(keepends=True)
        save_file(session, READER, embedding.SENTENCES, "".join([head, *rows[:4]]))
    before = _ask(instance, "trees").hits[0].score
    embed_all(instance)
    with instance.database.reading() as session:
        assert len(set(session.scalars(select(LanguageMean.digest)))) == 1
        assert embedding.find_sentences(session, instance.embedder or UniversalSentenceEncoder()) is None
    assert _ask(instance, "trees").hits[0].score == before == 1.0


def test_the_worker_catches_up_by_itself(instance: Runtime) -> None:
    stopping = threading.Event()
    thread = threading.Thread(target=keep_embedding, args=(instance, stopping))
    thread.start()
    try:
        for _ in range(300):
            with instance.database.reading() as session:
                if not embedding.count_waiting(session, instance.embedder or UniversalSentenceEncoder()):
                    break
            stopping.wait(0.1)
    finally:
        stopping.set()
        thread.join()
    assert _slugs(_ask(instance, "노인 스마트폰 교육"))[0] == "phones"


def test_without_a_model_nothing_is_made_and_the_search_goes_by_words(instance: Runtime) -> None:
    instance.embedder = None
    embed_all(instance)
    keep_embedding(instance, threading.Event())
    with instance.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Embedding)) == 0
        assert instance.meaning(session) is None
    assert _slugs(_ask(instance, "trees")) == ["trees"]
