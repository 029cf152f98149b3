"""How words are taken apart; what finds what, language by language, is in `test_languages`."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.search import analysis
from kb.search.analysis import Tokens, analyze, fold, phrase_slots, query_forms, segments, stem
from kb.search.han import SIMPLIFIED

INDEXED = ("ar", "de", "en", "es", "fr", "ko", "pt", "ru", "tr", "zh-Hans")


def holds(tokens: Tokens, query: str, languages: tuple[str, ...]) -> bool:
    """Whether a text has all words of a query, as an engine would find out."""
    return all(
        any(_fits(form, getattr(tokens, form.index)) for form in forms)
        for word in query.split()
        for forms in query_forms(word, languages)
    )


def _fits(form: analysis.Form, terms: dict[str, list[int]]) -> bool:
    if form.prefix:
        return any(term.startswith(form.terms[0]) for term in terms)
    if form.sequence:
        starts = [{at - offset for at in terms.get(term, ())} for offset, term in enumerate(form.terms)]
        return bool(set.intersection(*starts))
    return sum(term in terms for term in form.terms) >= form.minimum


def test_names_its_parts() -> None:
    assert "PyStemmer" in analysis.VERSION and "Unicode" in analysis.VERSION


def test_turkish_has_its_own_capitals() -> None:
    assert stem("IŞIKLAR", "tr") == stem("ışıklar", "tr") != stem("işikler", "en")
    assert stem("İLLER", "tr") == stem("iller", "tr")


class TestWithoutMorphemes:
    """Korean without python-mecab-ko: particles off, characters in pairs."""

    @pytest.fixture(autouse=True)
    def _without(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(analysis, "_analyse_korean", lambda: None)
        analysis.morphemes.cache_clear()
        monkeypatch.setattr(analysis, "morphemes", analysis.morphemes.__wrapped__)

    @pytest.mark.parametrize(
        ("typed", "text"),
        [
            ("평생학습도시에서", "평생 학습 도시"),
            ("평생 학습 도시", "평생학습도시에서"),
            ("도서관은", "도서관에서는"),
            ("어르신", "어르신들을"),
            ("디지털문해교육", "디지털 문해력 교육"),
        ],
    )
    def test_still_finds(self, typed: str, text: str) -> None:
        assert holds(analyze(text, "ko"), typed, ("ko",))


class TestParts:
    def test_positions_count_words_and_characters(self) -> None:
        tokens = analyze("The city, the CITY of 학습 도시.", "en")
        assert tokens.word["city"] == [1, 3]
        assert tokens.word["학습"] == [5]
        assert tokens.gram == {"학습": [1], "습도": [2], "도시": [3]}

    def test_grams_do_not_reach_over_punctuation(self) -> None:
        assert "습도" not in analyze("학습. 도시", "ko").gram

    def test_mixed_text_has_no_stems(self) -> None:
        assert analyze("Seoul cities 서울").stem.keys() == {"서울"}

    def test_phrases_have_their_words_and_characters_in_slots(self) -> None:
        slots = phrase_slots("AI learning 교육", ("en",), loose=True)
        assert [(slot.offset, slot.index, slot.terms) for slot in slots] == [
            (0, "stem", ("en:ai",)),
            (1, "stem", ("en:learn",)),
            (1, "gram", ("교육",)),
        ]

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("l'été qu’on the city's don't", ["été", "on", "the", "city", "don"]),
            ("AI교육 2024년", ["AI", "교육", "2024", "년"]),
            ("snake_case a-b", ["snake", "case", "a", "b"]),
            ("🙂 … \u200f—", []),
        ],
    )
    def test_segments(self, text: str, words: list[str]) -> None:
        assert [found.text for found in segments(text)] == words


@given(st.text(max_size=60), st.sampled_from([*INDEXED, "", "xx"]))
def test_anything_is_taken_apart_the_same_way_twice(text: str, language: str) -> None:
    tokens = analyze(text, language)
    for index in (tokens.word, tokens.stem, tokens.gram):
        assert all(term and positions == sorted(positions) for term, positions in index.items())
    for word in text.split():
        query_forms(word, INDEXED)
        assert fold(fold(word)) == fold(word)
        stem(word, language)


def test_chinese_characters_fold_to_one_form() -> None:
    assert fold("學習型城市") == fold("学习型城市") == fold("学習型城市")
    assert all(len(after) == 1 and after not in map(chr, SIMPLIFIED) for after in SIMPLIFIED.values())


@pytest.mark.parametrize(
    ("typed", "folded"),
    [
        ("コンピューター", "コンピュータ"),
        ("サーバーー", "サーバ"),
        ("ビール", "ビール"),
        ("バー", "バー"),
        ("ーーーー", "ーーー"),
    ],
)
def test_long_marks_at_the_end_of_long_words_go(typed: str, folded: str) -> None:
    assert fold(typed) == folded == fold(folded)


@given(st.text(alphabet="aäßéİıIłøकि한국어漢字學図ーコดี๒가\u0301", max_size=12))
def test_composed_or_not_is_the_same(text: str) -> None:
    assert fold(unicodedata.normalize("NFD", text)) == fold(unicodedata.normalize("NFC", text))
