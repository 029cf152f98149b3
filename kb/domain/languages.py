"""Languages: what they call themselves, how they are written, which one a reader gets."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final

from babel import Locale, UnknownLocaleError

INTERFACE_LANGUAGES: Final = ("en", "ko")
_RIGHT_TO_LEFT_SCRIPTS: Final = {"Arab", "Hebr", "Syrc", "Thaa", "Nkoo", "Adlm"}
_RIGHT_TO_LEFT: Final = {"ar", "fa", "he", "ur", "ps", "ckb", "sd", "ug", "yi", "dv"}


@lru_cache(maxsize=512)
def _locale(tag: str) -> Locale | None:
    try:
        return Locale.parse(tag, sep="-")
    except (UnknownLocaleError, ValueError):
        return None


@lru_cache(maxsize=512)
def language_name(tag: str, locale: str) -> str:
    """The language's name in another language, from CLDR; the tag itself where CLDR has none."""
    found, into = _locale(tag), _locale(locale)
    return (found.get_display_name(into) if found and into else None) or tag


def native_name(tag: str) -> str:
    """What the language calls itself."""
    return language_name(tag, tag)


def direction(tag: str) -> str:
    """`rtl` or `ltr`, by the script subtag where there is one."""
    first, *rest = tag.split("-")
    script = next((part for part in rest if len(part) == 4), None)
    return "rtl" if script in _RIGHT_TO_LEFT_SCRIPTS or (script is None and first in _RIGHT_TO_LEFT) else "ltr"


def best_language(have: Iterable[str], wanted: Sequence[str], original: str) -> str:
    """The version a reader gets: the first wanted one, then English, then the original.

    A wanted `zh` is served by `zh-Hans` and the other way round: readers of one can mostly read the other.
    """
    versions = list(have)
    for tag in [*wanted, "en"]:
        if tag in versions:
            return tag
        for version in versions:
            if version.split("-")[0] == tag.split("-")[0]:
                return version
    return original if original in versions else versions[0]
