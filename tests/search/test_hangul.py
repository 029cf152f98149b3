"""Hangul below the syllable."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.search import hangul

SYLLABLES = st.text(alphabet=st.characters(min_codepoint=0xAC00, max_codepoint=0xD7A3), min_size=1, max_size=12)


@pytest.mark.parametrize(
    ("unfinished", "word"),
    [
        ("ㅍ", "평"),
        ("펴", "평생"),
        ("평ㅅ", "평생"),
        ("돗", "도서"),
        ("핛", "학습"),
        ("와", "완료"),
        ("닭", "달걀"),
        ("꽈", "꽝"),
    ],
)
def test_what_is_not_finished_is_the_beginning_of_what_it_becomes(unfinished: str, word: str) -> None:
    assert hangul.letters(word).startswith(hangul.letters(unfinished))


def test_letters_alone_are_the_same_however_unicode_writes_them() -> None:
    for form in ("NFC", "NFD", "NFKC", "NFKD"):
        assert hangul.letters(unicodedata.normalize(form, "평생 ㅎㅅ 값")) == "ㅍㅕㅇㅅㅐㅇ ㅎㅅ ㄱㅏㅂㅅ"
    assert hangul.split_alone("평ㄳ") == "평ㄱㅅ"
    assert hangul.leads("평생 학습 a1") == "ㅍㅅ ㅎㅅ a1"


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("vudtodgkrtmq", "평생학습"),
        ("VUDTODGKRTMQ", "평생학습"),
        ("Tkdend", "쌍둥"),
        ("rkqtdl", "값이"),
        ("dhksfy", "완료"),
        ("learning", None),
        ("gkr1", None),
        ("r", None),
        ("", None),
    ],
)
def test_korean_typed_with_the_keyboard_set_to_latin(typed: str, meant: str | None) -> None:
    assert hangul.from_keys(typed) == meant


def test_latin_typed_with_the_keyboard_set_to_korean() -> None:
    assert hangul.to_keys("ㅣㄷㅁ구ㅑㅜㅎ") == "learning"
    assert hangul.to_keys("챠쇼 2") == "city 2"


@given(SYLLABLES)
def test_every_word_comes_back_from_its_keys(word: str) -> None:
    assert hangul.has_hangul(word)
    typed = hangul.to_keys(word)
    assert typed.isascii()
    if not typed.isupper():  # then it may have been caps lock
        assert hangul.from_keys(typed) == word
