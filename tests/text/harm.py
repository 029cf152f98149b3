"""What in a piece of HTML could harm a reader, found by another parser than the one that cleaned it."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from kb.text import sanitize

_SET_BY_THE_GATE = {"a": {"rel"}, "img": {"loading"}, "input": {"disabled"}}


def _allowed(tag: str) -> set[str]:
    classes = {"class"} if tag in sanitize.CLASSES else set[str]()
    lists = (sanitize.ATTRIBUTES, sanitize.VALUES, _SET_BY_THE_GATE)
    return classes.union(*(names.get(tag, ()) for names in lists))


class _Inspector(HTMLParser):
    def __init__(self, base: str) -> None:
        super().__init__()
        self.base, self.found, self.ids = base, list[str](), list[str]()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in sanitize.TAGS:
            self.found.append(f"<{tag}>")
        for name, raw in attrs:
            value = raw or ""
            if name not in _allowed(tag) or name.startswith("on"):
                self.found.append(f"{tag} {name}={value}")
            if name == "href" and not re.match(r"https?://|mailto:|/(?![/\\])|#", value, re.IGNORECASE):
                self.found.append(f"href={value}")
            if name == "src" and not value.startswith(f"{self.base}files/"):
                self.found.append(f"src={value}")
            if name == "id":
                self.ids.append(value)

    def handle_comment(self, data: str) -> None:
        self.found.append(f"<!--{data}-->")

    def handle_decl(self, decl: str) -> None:
        self.found.append(f"<!{decl}>")

    def handle_pi(self, data: str) -> None:
        self.found.append(f"<?{data}>")

    def unknown_decl(self, data: str) -> None:
        self.found.append(f"<![{data}]>")


def harm(html: str, base: str) -> list[str]:
    """Tags, attributes and targets that no rendered text may have; places that stand twice; Python-Markdown's marks."""
    inspector = _Inspector(base)
    inspector.feed(html)
    inspector.close()
    twice = [f"id={name} twice" for name in set(inspector.ids) if inspector.ids.count(name) > 1]
    marks = re.findall(r"[\x02\x03]", html)
    return inspector.found + twice + marks
