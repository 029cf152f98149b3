"""Words that must find each other, words that must not, and what comes first: one table a language."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import NamedTuple

import pytest

from kb.search import analysis
from kb.search.port import Document, Request, SearchEngine
from kb.search.querytext import parse
from kb.search.whoosh_engine import WhooshEngine
from tests.search.corpus import PUBLIC, make_document

TABLES = Path(__file__).parent / "analysis"
WHOLE = ("ko", "ja", "zh-Hans", "ar", "tr", "de", "fr", "es", "ru", "en")


class Case(NamedTuple):
    """A row: `text` is found, isn't found, or is found before `other`."""

    key: str
    language: str
    rule: str
    query: str
    text: str
    other: str


def read_cases() -> list[Case]:
    cases = []
    for path in sorted(TABLES.glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                cases.append(Case(f"{path.stem}-{len(cases)}", path.stem, **row))
    return cases


CASES = read_cases()


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> SearchEngine:
    """One index of all texts, each a document, so that every language's rules are tried on every query."""
    engine = WhooshEngine(tmp_path_factory.mktemp("languages") / "index")
    engine.rebuild(documents(), 0)
    return engine


@pytest.fixture
def without_morphemes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SearchEngine:
    """The same without python-mecab-ko: particles off, characters in pairs."""
    monkeypatch.setattr(analysis, "_analyse_korean", lambda: None)
    monkeypatch.setattr(analysis, "morphemes", analysis.morphemes.__wrapped__)
    engine = WhooshEngine(tmp_path / "index")
    engine.rebuild(documents(), 0)
    return engine


def documents() -> list[Document]:
    return [
        make_document(f"{case.key}{side}", language=case.language, title="", body=text)
        for case in CASES
        for side, text in (("", case.text), ("-other", case.other))
        if text
    ]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.language}-{case.rule}-{case.query}-{case.text}")
def test_case(engine: SearchEngine, case: Case) -> None:
    check(engine, case)


def test_without_morphemes_korean_loses_little(without_morphemes: SearchEngine) -> None:
    """Only words of one syllable with a particle, and verbs."""
    lost = []
    for case in CASES:
        try:
            check(without_morphemes, case)
        except AssertionError:
            lost.append(case.query)
    assert lost == ["책", "책을", "한국어를 배웁니다"]


def check(engine: SearchEngine, case: Case) -> None:
    page = engine.search(Request(tree=parse(case.query).tree, visibilities=PUBLIC, limit=2_000))
    found = [hit.id for hit in page.hits]
    scores = {hit.id: hit.score for hit in page.hits}
    match case.rule:
        case "finds":
            assert case.key in found
        case "misses":
            assert case.key not in found
        case "before":
            assert scores[case.key] > scores.get(f"{case.key}-other", 0)
        case _:
            raise AssertionError(case)


def test_the_tables_are_long_enough() -> None:
    for language in WHOLE:
        assert sum(case.language == language for case in CASES) >= 30, language
