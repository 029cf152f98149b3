"""What the analysis knows of single languages and scripts, as data."""

from __future__ import annotations

import re
from typing import Final

from kb.search.han import SIMPLIFIED

# Snowball algorithms (https://snowballstem.org) by primary language subtag.
SNOWBALL: Final = {
    "ar": "arabic",
    "ca": "catalan",
    "cs": "czech",
    "da": "danish",
    "de": "german",
    "el": "greek",
    "en": "english",
    "es": "spanish",
    "et": "estonian",
    "eu": "basque",
    "fa": "persian",
    "fi": "finnish",
    "fr": "french",
    "ga": "irish",
    "hi": "hindi",
    "hu": "hungarian",
    "hy": "armenian",
    "id": "indonesian",
    "it": "italian",
    "lt": "lithuanian",
    "nb": "norwegian",
    "ne": "nepali",
    "nl": "dutch",
    "nn": "norwegian",
    "no": "norwegian",
    "pl": "polish",
    "pt": "portuguese",
    "ro": "romanian",
    "ru": "russian",
    "sr": "serbian",
    "sv": "swedish",
    "ta": "tamil",
    "tr": "turkish",
}

# What is rewritten at a word's ends before those algorithms see it, since they don't know it: the article written
# together with “and”, plurals whose last vowels change, the possessive after a vowel (belediyesi, like belediye).
ENDINGS: Final = {
    "ar": ((re.compile("^[وف](?=ال|لل)"), ""),),
    "pt": (
        (re.compile("(?:ões|ães)$"), "ão"),
        (re.compile("(?<=..)ens$"), "em"),
        (re.compile("(?<=..)([ae])is$"), r"\1l"),
    ),
    "tr": ((re.compile("(?<=.[aeıioöuü])s[ıiuü]$"), ""),),
}

# İ and I are the capitals of i and ı there.
TURKIC: Final = frozenset({"tr", "az"})

# Combining marks that are no letters of their own: Latin, Greek and Cyrillic accents, Hebrew points, Arabic signs.
ACCENTS: Final = (
    r"\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u05bf\u05c1-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06dc"
    r"\u06df-\u06e8\u06ea-\u06ed\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f"
)
# Vowel signs of Indic scripts, which Python's \w leaves out although words are written with them.
VOWEL_SIGNS: Final = r"\u0900-\u0903\u093a-\u094f\u0955-\u0957\u0962\u0963\u0981-\u0983\u09bc-\u0dff"

# Signs that nobody sees: NUL, soft hyphen, joiners, direction marks, variation selectors, halves of surrogate pairs.
UNSEEN: Final = re.compile(r"[\0\u00ad\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ud800-\udfff\ufe00-\ufe0f\ufeff]+")

# Noughts of other scripts' digits: Arabic, Persian, Indic, Thai, Lao, Burmese, Khmer.
_ZEROS = (0x0660, 0x06F0, *range(0x0966, 0x0DE7, 0x80), 0x0E50, 0x0ED0, 0x1040, 0x17E0)
# Letters that Unicode doesn't take apart, spellings that Arabic and Persian mix, forms of Chinese characters.
LETTERS: Final[dict[int, str]] = SIMPLIFIED | str.maketrans(
    {
        "ı": "i",
        "ø": "o",
        "ł": "l",
        "đ": "d",
        "ð": "d",
        "þ": "th",
        "ħ": "h",
        "æ": "ae",
        "œ": "oe",
        "ٱ": "ا",
        "ى": "ي",
        "ی": "ي",
        "ة": "ه",
        "ک": "ك",
        "ـ": "",
        **{chr(base + digit): str(digit) for base in _ZEROS for digit in range(10)},
    }
)

# Particles at the end of a Korean word, longest first: what is cut off where no morpheme analyser is installed.
_PARTICLES = """
    은 는 이 가 을 를 의 에 와 과 도 로 만 들 에서 에게 께서 한테 까지 부터 보다 처럼 마다 조차 으로 이나
    이란 라는 하고 이며 에는 에도 에서는 에서도 에게는 에게서 으로는 으로서 으로써 로서 로써 와의 과의 에의
    들의 들을 들이 들은 들에게 까지도 까지는 부터는 에서부터 께서는 께서도 에게도 마저 밖에
"""
PARTICLES: Final = tuple(sorted(_PARTICLES.split(), key=len, reverse=True))
# Parts of speech (mecab-ko-dic) that carry meaning: nouns, numerals, verbs, adjectives, roots, foreign words.
KEPT_TAGS: Final = frozenset({"NNG", "NNP", "NR", "VV", "VA", "XR", "SL", "SH", "SN"})

# Words that any text has and that say nothing; none of them is a word of substance in another language.
_FUNCTION_WORDS = """
    a an and are as at by for from how in is of on or that the to was what with
    au aux avec ce ces dans des du en est et la le les ou par pour sur un une
    al como con de del el los las para por que una y
    da das do dos e em na no os um uma
    dem den der ein eine für im mit und von zu zum zur
    di della per il
    в во для и из к на о от по с
    أو إلى على عن في من و
    및 등 위한 대한
"""
FUNCTION_WORDS: Final = frozenset(_FUNCTION_WORDS.split())
