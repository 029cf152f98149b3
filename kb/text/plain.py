"""Words of a rendered text, for the index and for snippets."""

from __future__ import annotations

import html
import re
from typing import Final

# sanitised HTML has `<` and `>` in tags only, so these see all tags and nothing else
_NOTE_MARKS: Final = re.compile(r'<sup id="[^>]*>.*?</sup>|<a [^>]*role="doc-backlink"[^>]*>.*?</a>')
_INLINE_TAG: Final = re.compile(r"</?(?:a|code|em|img|input|label|strong|sup)\b[^>]*>")
_CELL_TAG: Final = re.compile(r"</?t[dh]\b[^>]*>")
_TAG: Final = re.compile(r"<[^>]*>")


def to_plain(sanitised: str) -> str:
    """The text without markup: one line for each paragraph, heading, list item or row, none of them empty.

    The marks of footnotes are left out, the footnotes stay.

    Args:
        sanitised: what `kb.text.sanitize.sanitize` gave.
    """
    text = _NOTE_MARKS.sub("", sanitised)
    text = " ".join(text.split())
    text = _INLINE_TAG.sub("", text)
    text = _TAG.sub("\n", _CELL_TAG.sub(" ", text))
    lines = (" ".join(line.split()) for line in html.unescape(text).split("\n"))
    return "\n".join(line for line in lines if line)
