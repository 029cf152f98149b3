"""A library of generated entries, marked as such in every one of them."""

from __future__ import annotations

import random
from pathlib import Path

from kb.text import frontmatter

_CITIES = 200
_SYLLABLES = [first + second for first in "bdfgklmnprstvz" for second in ("a", "e", "i", "o", "u", "an", "er", "is")]
_THEMES = ["1.1.1", "1.1.2", "2.1.1", "2.2.1", "2.2.2", "3.1.1"]


def write_library(folder: Path, count: int, *, words: int = 450, seed: int = 1) -> None:
    """Write `count` entries, each with a text of so many words; the same seed gives the same bytes.

    One in a hundred, but at most 200, is a city's profile; all others are cases.
    """
    chance = random.Random(seed)
    vocabulary = sorted({"".join(chance.choices(_SYLLABLES, k=chance.randint(1, 4))) for _ in range(8_000)})
    # few words are frequent and most are rare, as in any language (Zipf's law)
    weights = [1 / rank for rank in range(1, len(vocabulary) + 1)]
    cities = [f"generated-{number}" for number in range(max(1, min(_CITIES, count // 100)))]
    for number in range(count):
        title = " ".join(chance.choices(vocabulary, k=5)).capitalize()
        header = {"title": f"Generated: {title}", "summary": "Generated for a measurement; nothing in it is true.",
                  "licence": "CC-BY-4.0"}  # fmt: skip
        if number < len(cities):
            slug = cities[number]
            path = folder / "cities" / slug
            header |= {"kind": "profile", "title": f"Generated {number}", "name": f"Generated {number}"}
            header |= {"city": slug, "country": "IE"}
        else:
            path = folder / "cases" / f"generated-case-{number}"
            themes = chance.sample(_THEMES, k=2)
            header |= {"kind": "case", "city": chance.choice(cities), "key_features": themes, "stage": "running"}
        path.mkdir(parents=True, exist_ok=True)
        text = chance.choices(vocabulary, weights, k=words)
        paragraphs = (" ".join(text[start : start + 90]).capitalize() + "." for start in range(0, words, 90))
        (path / "en.md").write_text(frontmatter.dump(header, "\n\n".join(paragraphs) + "\n"), "utf-8")
