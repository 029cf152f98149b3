"""Which language a query is in: by its script first, then by py3langid among the languages that have that script."""

from __future__ import annotations

import functools
import re
import threading
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

from kb.search.analysis import primary

# Languages told apart, by the script that they are written in (first word of the Unicode names of its letters).
_BY_SCRIPT: Final[Mapping[str, tuple[str, ...]]] = {
    "LATIN": (
        "en", "es", "fr", "pt", "de", "it", "nl", "ca", "ro", "pl", "cs", "hu", "fi", "et", "lt", "sv", "da", "no",
        "ga", "eu", "tr", "id", "vi", "sw",
    ),
    "CYRILLIC": ("ru", "uk", "bg", "sr", "kk"),
    "ARABIC": ("ar", "fa", "ur"),
    "HANGUL": ("ko",),
    "HIRAGANA": ("ja",),
    "KATAKANA": ("ja",),
    "CJK": ("zh", "ja"),
    "DEVANAGARI": ("hi", "ne"),
    "GREEK": ("el",),
    "THAI": ("th",),
    "HEBREW": ("he",),
    "ARMENIAN": ("hy",),
    "GEORGIAN": ("ka",),
    "BENGALI": ("bn",),
    "TAMIL": ("ta",),
}  # fmt: skip
_READ: Final = 5.0  # how much likelier a language is that the reader reads
_COMMON: Final = 4.0  # and English, which everybody types
_KANA: Final = re.compile(r"[\u3041-\u30ff]")
_lock = threading.Lock()


def detect(text: str, preferred: Sequence[str] = ()) -> dict[str, float]:
    """Languages of a short text with their probabilities, likeliest first; they add up to one.

    Args:
        text: what somebody typed.
        preferred: languages that the reader reads; they break ties.
    """
    scripts = Counter(unicodedata.name(letter, "").split(" ")[0] for letter in text if letter.isalpha())
    others = scripts.keys() - {"LATIN"}  # “AI 교육” is Korean: Latin letters stand in texts of every language
    script = max(others or scripts, key=lambda found: (scripts[found], found), default="")
    if _KANA.search(text):
        script = "HIRAGANA"
    candidates = _BY_SCRIPT.get(script, ())
    if not candidates:
        return {(primary(preferred[0]) if preferred else "en"): 1.0}
    if len(candidates) == 1:
        return {candidates[0]: 1.0}
    read = {primary(tag) for tag in preferred}
    likely = {
        language: chance * (_READ if language in read else 1.0) * (_COMMON if language == "en" else 1.0)
        for language, chance in _rank(text.casefold(), candidates).items()
    }
    whole = sum(likely.values()) or 1.0
    return dict(sorted(((one, chance / whole) for one, chance in likely.items()), key=lambda pair: -pair[1]))


def _rank(text: str, candidates: Sequence[str]) -> dict[str, float]:
    """What py3langid thinks of the candidates; all alike where it isn't installed."""
    with _lock:
        identifier = _identifier()
        if identifier is None:
            return dict.fromkeys(candidates, 1.0)
        found = {label: float(chance) for label, chance in identifier.rank(text)}
    return {language: found.get(language, 0.0) for language in candidates}


@functools.lru_cache(1)
def _identifier() -> Any:
    """The classifier, loaded at its first use (0.8 s, 100 MB); None where it isn't installed."""
    try:
        from py3langid.langid import MODEL_FILE, LanguageIdentifier
    except ImportError:
        return None
    found = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    every = {language for languages in _BY_SCRIPT.values() for language in languages}
    found.set_languages(sorted(every & set(found.labels)))
    return found
