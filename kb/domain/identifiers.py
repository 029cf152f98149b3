"""Slugs and language tags, as they stand in addresses and file names."""

from __future__ import annotations

import re
from typing import Final

from kb.domain.errors import N_, Invalid

SLUG_PATTERN: Final = r"^[a-z0-9]+(?:-[a-z0-9]+)*$"
SLUG_LENGTH: Final = 80
LANGUAGE_PATTERN: Final = r"^[a-z]{2,3}(?:-[A-Z][a-z]{3})?(?:-(?:[A-Z]{2}|[0-9]{3}))?$"
FILE_NAME_PATTERN: Final = r"^[^\W_](?:[\w .()-]{0,118}[\w)])?$"

_slug = re.compile(SLUG_PATTERN)
_language = re.compile(LANGUAGE_PATTERN)
_file_name = re.compile(FILE_NAME_PATTERN)


def is_slug(text: str) -> bool:
    """Whether the text is a slug: ASCII lower case, digits, single hyphens, at most 80 characters."""
    return len(text) <= SLUG_LENGTH and _slug.match(text) is not None and "\n" not in text


def check_slug(text: str) -> str:
    """The slug itself.

    Raises:
        Invalid: it is not a slug.
    """
    if not is_slug(text):
        raise Invalid.of(
            N_("“%(text)s” is no name for an address: use small letters a-z, digits and hyphens."),
            text=text[:100],
        )
    return text


def is_language(text: str) -> bool:
    """Whether the text is a language tag of the form that the library uses (BCP 47: `ko`, `zh-Hans`, `pt-BR`)."""
    return len(text) <= 35 and _language.match(text) is not None and "\n" not in text


def check_language(text: str) -> str:
    """The language tag itself.

    Raises:
        Invalid: it is not a language tag.
    """
    if not is_language(text):
        raise Invalid.of(N_("“%(text)s” is no language tag: write it like ko, en or zh-Hans."), text=text[:100])
    return text


def is_file_name(text: str) -> bool:
    """Whether an attachment may have this name: letters and digits of any script, no path, no leading dot."""
    return len(text) <= 120 and _file_name.match(text) is not None and ".." not in text
