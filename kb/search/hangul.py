"""Hangul below the syllable: its letters, first consonants, and the keys that they are typed with.

Letters are those of the Unicode block of compatibility jamo; two letters written as one (ㅘ, ㄳ) count as two, as they
are typed. So what stands in the box while a syllable is not finished is the beginning of what will stand there: 펴, 평
and 평ㅅ of 평생, 돗 of 도서.
"""

from __future__ import annotations

import re
from typing import Final

_FIRST: Final = 0xAC00
_VOWELS: Final = 21
_TAILS: Final = 28
_VOWEL_ORDER: Final = "ㅏ ㅐ ㅑ ㅒ ㅓ ㅔ ㅕ ㅖ ㅗ ㅗㅏ ㅗㅐ ㅗㅣ ㅛ ㅜ ㅜㅓ ㅜㅔ ㅜㅣ ㅠ ㅡ ㅡㅣ ㅣ"
_TAIL_ORDER: Final = (
    "ㄱ ㄲ ㄱㅅ ㄴ ㄴㅈ ㄴㅎ ㄷ ㄹ ㄹㄱ ㄹㅁ ㄹㅂ ㄹㅅ ㄹㅌ ㄹㅍ ㄹㅎ ㅁ ㅂ ㅂㅅ ㅅ ㅆ ㅇ ㅈ ㅊ ㅋ ㅌ ㅍ ㅎ"
)
_LEAD_LETTERS: Final = tuple("ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ")
_VOWEL_LETTERS: Final = tuple(_VOWEL_ORDER.split())
_TAIL_LETTERS: Final = ("", *_TAIL_ORDER.split())
_TWO_IN_ONE: Final = dict(
    zip(
        "ㄳㄵㄶㄺㄻㄼㄽㄾㄿㅀㅄㅘㅙㅚㅝㅞㅟㅢ",
        [letters for letters in (*_TAIL_LETTERS, *_VOWEL_LETTERS) if len(letters) == 2],
        strict=True,
    )
)

# Letters that stand alone, in each of the ways in which Unicode writes them.
_ALONE: Final = str.maketrans(
    _TWO_IN_ONE
    | {chr(0x1100 + at): letter for at, letter in enumerate(_LEAD_LETTERS)}
    | {chr(0x1161 + at): letters for at, letters in enumerate(_VOWEL_LETTERS)}
    | {chr(0x11A7 + at): letters for at, letters in enumerate(_TAIL_LETTERS) if letters}
)
_SYLLABLES: Final = {
    _FIRST + (lead * _VOWELS + vowel) * _TAILS + tail: first + second + third
    for lead, first in enumerate(_LEAD_LETTERS)
    for vowel, second in enumerate(_VOWEL_LETTERS)
    for tail, third in enumerate(_TAIL_LETTERS)
}
_LEADS: Final = {code: letters[0] for code, letters in _SYLLABLES.items()}
_LETTERS: Final = _ALONE | _SYLLABLES
_KOREAN: Final = re.compile("[\u1100-\u11ff\u3131-\u3163\uac00-\ud7a3]")

# The standard keyboard with two sets of letters (KS X 5002); shift gives the other letter of a key where there is one.
_SINGLE: Final = [letter for letter in map(chr, range(0x3131, 0x3164)) if letter not in _TWO_IN_ONE]
_KEYS: Final = dict(zip("rRseEfaqQtTdwWczxvgkoiOjpuPhynbml", _SINGLE, strict=True))
_TYPED: Final = {ord(letter): key for key, letter in _KEYS.items()}


def _longest_first(letters: tuple[str, ...]) -> str:
    return "|".join(sorted(filter(None, letters), key=len, reverse=True))


_VOWEL: Final = _longest_first(_VOWEL_LETTERS)
_SYLLABLE: Final = re.compile(  # a consonant before a vowel begins the next syllable
    f"([{''.join(_LEAD_LETTERS)}])({_VOWEL})((?:{_longest_first(_TAIL_LETTERS)})(?![ㅏ-ㅣ]))?"
)


def has_hangul(text: str) -> bool:
    """Whether there is a Korean letter in it."""
    return _KOREAN.search(text) is not None


def letters(text: str) -> str:
    """The text with its Hangul taken apart: 평생 is ㅍㅕㅇㅅㅐㅇ."""
    return text.translate(_LETTERS)


def split_alone(text: str) -> str:
    """The text with letters outside of syllables as single ones of one kind: ㄳ is ㄱㅅ; syllables stay."""
    return text.translate(_ALONE)


def leads(text: str) -> str:
    """The text with each syllable as its first consonant, character by character: 평생 is ㅍㅅ."""
    return text.translate(_LEADS)


def from_keys(typed: str) -> str | None:
    """What was meant where Korean was typed on the keyboard's Latin side; None where no whole syllables come out."""
    if typed.isupper():  # shift or caps lock all along
        typed = typed.lower()
    found = [_KEYS.get(key) or _KEYS.get(key.lower(), "") for key in typed]
    text = "".join(found)
    whole = _SYLLABLE.sub(_compose, text)
    return whole if all(found) and typed and all("가" <= char <= "힣" for char in whole) else None


def to_keys(typed: str) -> str:
    """The Latin side of the keys on which some Hangul was typed; other characters stay."""
    return letters(typed).translate(_TYPED)


def _compose(found: re.Match[str]) -> str:
    lead, vowel, tail = found.groups(default="")
    at = _LEAD_LETTERS.index(lead) * _VOWELS + _VOWEL_LETTERS.index(vowel)
    return chr(_FIRST + at * _TAILS + _TAIL_LETTERS.index(tail))
