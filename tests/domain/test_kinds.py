"""The one definition of a header: what it takes, what it refuses and in which words."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from kb.domain.errors import Invalid
from kb.domain.kinds import MODELS, Case, Kind, TranslationHeader, check_header, dump_header
from tests.factories import VOCABULARIES, case_header, profile_header, research_header


def problems(header: dict[str, Any], lines: dict[str, int] | None = None) -> dict[str, str]:
    """Field → sentence of everything that is wrong with the header."""
    kind = Kind(header["kind"])
    with pytest.raises(Invalid) as caught:
        check_header(header, kind, vocabularies=VOCABULARIES, lines=lines)
    return {problem.field: str(problem) for problem in caught.value.problems}


FULL_CASE = case_header(
    period={"start": 2015, "end": "2018-06"},
    stage="running",
    target_groups=["everyone"],
    key_features=["2.2.1"],
    clusters=["esd"],
    sdgs=[4, 11],
    cost_band=2,
    cost={"amount": 1200.5, "currency": "EUR", "year": 2020, "note": "a year"},
    evidence={"level": 2, "reason": "A survey before and after.", "links": ["https://example.org/a"]},
    results=[{"indicator": "Learners", "value": 500}, {"indicator": "Events", "value": "almost 500", "period": "2019"}],
    sources=[{"title": "A page", "url": "https://example.org", "accessed": dt.date(2026, 11, 23)}],
    contact={"unit": "Learning office", "email": "learning@example.org"},
)


def test_a_full_case_is_taken_and_comes_back_the_same() -> None:
    header = check_header(FULL_CASE, Kind.CASE, vocabularies=VOCABULARIES)
    assert isinstance(header, Case)
    plain = dump_header(header)
    assert plain["period"] == {"start": "2015", "end": "2018-06"}
    assert plain["licence"] == "CC-BY-4.0"
    assert list(plain)[:5] == ["kind", "title", "summary", "city", "licence"]
    assert dump_header(check_header(plain, Kind.CASE, vocabularies=VOCABULARIES)) == plain


def test_what_is_empty_or_the_default_is_not_written() -> None:
    header = check_header(case_header(sdgs=[], results=[]), Kind.CASE, vocabularies=VOCABULARIES)
    assert set(dump_header(header)) == {"kind", "title", "summary", "city", "licence"}


@pytest.mark.parametrize(
    ("change", "field", "said"),
    [
        ({"colour": "red"}, "colour", "not a field"),
        ({"title": "x" * 201}, "title", "at most 200 characters"),
        ({"title": "two\nlines"}, "title", "one line"),
        ({"title": "  "}, "title", "empty"),
        ({"title": 5}, "title", "must be text"),
        ({"title": "hid\u202eden"}, "title", "can't be seen"),
        ({"city": "Seoul!"}, "city", "small letters"),
        ({"key_features": ["9.9"]}, "key_features.0", "not in the vocabulary"),
        ({"key_features": ["1", "1"]}, "key_features", "twice"),
        ({"sdgs": [18]}, "sdgs.0", "at most 17"),
        ({"sdgs": ["4"]}, "sdgs.0", "whole number"),
        ({"sdgs": 4}, "sdgs", "must be a list"),
        ({"evidence": {"level": 6}}, "evidence.level", "at most 5"),
        ({"evidence": "strong"}, "evidence", "group of fields"),
        ({"evidence": {"level": 1, "links": ["ftp://x"]}}, "evidence.links.0", "https://"),
        ({"period": {"start": "2020-13"}}, "period.start", "a year, a month or a day"),
        ({"period": {"start": "2021-02-30"}}, "period.start", "no such day"),
        ({"period": {"start": "2020", "end": "2019"}}, "period", "before the start"),
        ({"cost": {"amount": "much", "currency": "EUR"}}, "cost.amount", "must be a number"),
        ({"cost": {"amount": True, "currency": "EUR"}}, "cost.amount", "must be a number"),
        ({"cost": {"amount": float("nan"), "currency": "EUR"}}, "cost.amount", ""),
        ({"results": [{"value": 3}]}, "results.0.indicator", "missing"),
        ({"contact": {"email": "nobody"}}, "contact.email", "mail address"),
        ({"licence": "do what you like"}, "licence", "form"),
        ({"visibility": "secret"}, "visibility", "must be one of"),
        ({"confirmed": "yesterday"}, "confirmed", "a day like"),
        ({"sources": [{"title": "x", "url": "javascript:alert(1)"}]}, "sources.0.url", "https://"),
    ],
)
def test_each_mistake_is_told_by_its_field(change: dict[str, Any], field: str, said: str) -> None:
    assert said in problems(case_header(**change))[field]


def test_all_mistakes_are_told_together_with_their_lines() -> None:
    header = case_header(sdgs=[99], stage="somewhere", colour="red")
    with pytest.raises(Invalid) as caught:
        check_header(header, Kind.CASE, vocabularies=VOCABULARIES, lines={"sdgs": 4, "sdgs.0": 5, "stage": 7})
    found = {problem.field: problem.line for problem in caught.value.problems}
    assert found == {"sdgs.0": 5, "stage": 7, "colour": None}


def test_a_header_belongs_to_its_folder() -> None:
    with pytest.raises(Invalid, match="kind: must be “case”"):
        check_header(research_header(), Kind.CASE, vocabularies=VOCABULARIES)


def test_only_research_may_do_without_a_city() -> None:
    check_header(research_header(city=None), Kind.RESEARCH, vocabularies=VOCABULARIES)
    header = case_header()
    del header["city"]
    assert "missing" in problems(header)["city"]


def test_a_translation_carries_words_and_no_facts() -> None:
    header = {"kind": "case", "title": "하나", "summary": "둘", "translation_of": "en",
              "translation": {"by": "machine", "date": dt.date(2026, 11, 23)}}  # fmt: skip
    checked = check_header(header, Kind.CASE, vocabularies=VOCABULARIES)
    assert isinstance(checked, TranslationHeader)
    assert dump_header(checked) == header
    assert "not a field" in problems(header | {"sdgs": [4]})["sdgs"]
    assert "facts stay" in problems(header | {"findings": ["x"]})[""]


def test_norway_is_a_country() -> None:
    assert problems(profile_header(country=False)) != {}


@pytest.mark.parametrize("kind", Kind)
def test_the_schema_forbids_unknown_keys_and_names_vocabularies(kind: Kind) -> None:
    schema = MODELS[kind].model_json_schema()
    assert schema["additionalProperties"] is False
    assert schema["properties"]["key_features"]["items"]["x-scheme"] == "key_features"
