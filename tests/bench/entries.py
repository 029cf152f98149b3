"""Generated entries, marked as such in every one of them: a library to import, or documents for a search engine."""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import lru_cache
from itertools import accumulate
from pathlib import Path
from typing import Any

from kb.search.port import Document
from kb.text import frontmatter

_CITIES = 200
_COUNTRIES = 79
_REGIONS = ("africa", "arab-states", "asia-pacific", "europe-north-america", "latin-america-caribbean")
_SYLLABLES = [first + second for first in "bdfgklmnprstvz" for second in ("a", "e", "i", "o", "u", "an", "er", "is")]
_THEMES = [f"{part}.{theme}.{detail}" for part in "123" for theme in "123" for detail in "123"]
_UNKNOWN = "3.2.3"  # among the shipped themes
# The share of each language, and the first character of 128 that stand for syllables where it isn't Latin.
_LANGUAGES = {
    "en": (45, 0), "ko": (13, 0xAC00), "es": (8, 0), "fr": (8, 0), "zh-Hans": (8, 0x5B50), "ar": (6, 0),
    "ru": (4, 0), "de": (4, 0), "ja": (2, 0x3041), "tr": (2, 0),
}  # fmt: skip
_ALPHABETS = {
    "ar": str.maketrans("abdefgiklmnoprstuvz", "ابدهفجيكلمنوبرستوثز"),
    "ru": str.maketrans("abdefgiklmnoprstuvz", "абдефгиклмнопрстувз"),
}
_SIZE = 60_000  # words of a vocabulary


@lru_cache
def vocabulary(language: str = "en", size: int = _SIZE) -> list[str]:
    """Different words, the most frequent first and rather short; languages of one alphabet share them."""
    chance = random.Random(7)
    found: dict[str, None] = {}
    while len(found) < size:
        short = 1 if len(found) < 60 else 2 if len(found) < 3_000 else 3
        parts = chance.choices(range(len(_SYLLABLES)), k=chance.randint(short, short + 1))
        first = _LANGUAGES[language][1]
        step = 7 if first > 0x4000 else 1
        word = "".join(chr(first + part * step % 80) if first else _SYLLABLES[part] for part in parts)
        found[word.translate(_ALPHABETS.get(language, {}))] = None
        if first == 0x3041 and len(found) > 5_000:  # 80 signs give few short words
            break
    return list(found)


@lru_cache
def _weights(size: int) -> list[float]:
    # few words are frequent and most are rare, as in any language (Zipf's law)
    return list(accumulate(1 / rank for rank in range(1, size + 1)))


def running_text(chance: random.Random, language: str, count: int) -> str:
    """So many words in sentences, spaced as the language does."""
    words = vocabulary(language)
    chosen = chance.choices(words, cum_weights=_weights(len(words)), k=count)
    blank, stop = ("", "。") if language in {"zh-Hans", "ja"} else (" ", ".")
    sentences = (blank.join(chosen[start : start + 12]) + stop for start in range(0, count, 12))
    return " ".join(sentences)


def make_documents(count: int, *, seed: int = 1) -> Iterator[Document]:
    """So many documents of about 450 words in ten languages; one in ten is another version of the work before."""
    chance = random.Random(seed)
    languages, shares = list(_LANGUAGES), [share for share, _ in _LANGUAGES.values()]
    facts: dict[str, Any] = {}
    for number in range(count):
        version = number % 10 == 9
        spoken = [language for language in languages if not version or language != facts["language"]]
        language = chance.choices(spoken, [shares[languages.index(one)] for one in spoken])[0]
        if not version:
            city = min(int(chance.paretovariate(0.8) * 6) - 6, _CITIES - 1)
            theme = chance.sample(_THEMES, k=chance.randint(1, 3))
            facts = {
                "work": f"work-{number}",
                "kind": chance.choices(("case", "profile", "research"), (62, 30, 8))[0],
                "slug": f"work-{number}",
                "city": f"city-{city}",
                "country": f"country-{city * 7919 % _COUNTRIES}",
                "region": _REGIONS[city * 7919 % _COUNTRIES % 5],
                "key_features": tuple(sorted({code[:end] for code in theme for end in (1, 3, 5)})),
                "sdgs": tuple(map(str, sorted(chance.sample(range(1, 18), k=chance.randint(1, 3))))),
                "stage": chance.choice(("", "pilot", "running", "ended")),
                "evidence": chance.choice((None, 0, 1, 2, 3)),
                "year": chance.randint(2005, 2026),
                "published": 732_000 + chance.randrange(8_000),
            }
        facts["language"] = language
        yield Document(
            id=f"entry-{number}",
            title=running_text(chance, language, 6),
            summary=running_text(chance, language, 30),
            body=running_text(chance, language, max(120, int(chance.gauss(414, 90)))),
            names=facts["city"].replace("-", " "),
            topics=running_text(chance, "en", 4),
            visibility="public" if chance.random() < 0.97 else "network",
            completeness=chance.choice(("stub", "complete")),
            original=not version,
            **facts,
        )


def write_library(folder: Path, count: int, *, words: int = 450, seed: int = 1) -> None:
    """Write `count` entries, each with a text of so many words; the same seed gives the same bytes.

    One in a hundred, but at most 200, is a city's profile; all others are cases.
    """
    chance = random.Random(seed)
    cities = [f"generated-{number}" for number in range(max(1, min(_CITIES, count // 100)))]
    for number in range(count):
        title = " ".join(chance.choices(vocabulary(), k=5)).capitalize()
        header = {"title": f"Generated: {title}", "summary": "Generated for a measurement; nothing in it is true.",
                  "licence": "CC-BY-4.0"}  # fmt: skip
        if number < len(cities):
            slug = cities[number]
            path = folder / "cities" / slug
            header |= {"kind": "profile", "title": f"Generated {number}", "name": f"Generated {number}"}
            header |= {"city": slug, "country": "IE"}
        else:
            path = folder / "cases" / f"generated-case-{number}"
            themes = [theme for theme in chance.sample(_THEMES, k=2) if theme != _UNKNOWN]
            header |= {"kind": "case", "city": chance.choice(cities), "key_features": themes, "stage": "running"}
        path.mkdir(parents=True, exist_ok=True)
        paragraphs = (running_text(chance, "en", 90) for _ in range(0, words, 90))
        (path / "en.md").write_text(frontmatter.dump(header, "\n\n".join(paragraphs) + "\n"), "utf-8")
