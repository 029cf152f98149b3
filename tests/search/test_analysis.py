"""How words are taken apart; what finds what, language by language, is in `test_languages`."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.search import analysis
from kb.search.analysis import analyze, fold, phrase_slots, query_forms, segments, stem
from kb.search.han import SIMPLIFIED

INDEXED = ("ar", "de", "en", "es", "fr", "ko", "pt", "ru", "tr", "zh-Hans")


def test_names_its_parts() -> None:
    assert "PyStemmer" in analysis.VERSION and "Unicode" in analysis.VERSION


def test_turkish_has_its_own_capitals() -> None:
    assert stem("IŞIKLAR", "tr") == stem("ışıklar", "tr") != stem("işikler", "en")
    assert stem("İLLER", "tr") == stem("iller", "tr")


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
