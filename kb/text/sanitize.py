"""The last gate of every rendered text: only what is listed here reaches a page.

Nothing here is a choice of authors. Each tag, attribute and class is one that `kb.text.markdown` makes; what HTML an
author types has become text before. The list holds even if that should fail.
"""

from __future__ import annotations

import re
from typing import Final

import nh3

TAGS: Final = frozenset({
    "a", "blockquote", "br", "code", "div", "em", "h2", "h3", "h4", "h5", "h6", "hr", "img", "input", "label", "li",
    "ol", "p", "pre", "section", "strong", "sup", "table", "tbody", "td", "th", "thead", "tr", "ul",
})  # fmt: skip
# `rel` of links, `loading` of pictures and `disabled` of boxes are set below, whatever stood there
ATTRIBUTES: Final = {
    "*": frozenset[str](),  # without this, nh3 lets some pass on every tag
    "a": frozenset({"href", "title", "aria-label"}),
    "img": frozenset({"src", "alt", "title"}),
    "input": frozenset({"checked"}),
    "ol": frozenset({"start"}),
    **{tag: frozenset({"id"}) for tag in ("h2", "h3", "h4", "h5", "h6", "li", "section", "sup")},
}
VALUES: Final = {
    "a": {"role": {"doc-noteref", "doc-backlink"}},
    "input": {"type": {"checkbox"}},
    "table": {"tabindex": {"0"}},  # a wide table scrolls: it must be reachable by keyboard
    "th": {"scope": {"col"}},
}
CLASSES: Final = {
    "div": frozenset({"footnote"}),
    "li": frozenset({"task-list-item"}),
    "ol": frozenset({"task-list"}),
    "td": frozenset({"align-left", "align-center", "align-right"}),
    "th": frozenset({"align-left", "align-center", "align-right"}),
    "ul": frozenset({"task-list"}),
}
SCHEMES: Final = frozenset({"http", "https", "mailto"})
LINK_REL: Final = "noopener noreferrer"

_ELSEWHERE: Final = re.compile(r"\s*(?:[a-z][a-z0-9+.-]*:|[/\\]{2})", re.IGNORECASE)


def _filter(tag: str, attribute: str, value: str) -> str | None:
    # a picture from another host would tell that host who reads what
    return None if (tag, attribute) == ("img", "src") and _ELSEWHERE.match(value) else value


_CLEANER: Final = nh3.Cleaner(
    tags=set(TAGS),
    clean_content_tags={"script", "style"},
    attributes={tag: set(names) for tag, names in ATTRIBUTES.items()},
    attribute_filter=_filter,
    tag_attribute_values=VALUES,
    # one for each tag: nh3 gives several in another order each time
    set_tag_attribute_values={"img": {"loading": "lazy"}, "input": {"disabled": ""}},
    allowed_classes={tag: set(names) for tag, names in CLASSES.items()},
    url_schemes=set(SCHEMES),
    link_rel=LINK_REL,
)


def sanitize(html: str) -> str:
    """The HTML without anything that is not on the list; text in unknown tags stays.

    In what comes out, every `<` and `>` belongs to a tag: texts and attribute values have them escaped.
    """
    return _CLEANER.clean(html)
