"""Markdown as safe HTML, with what the library wants to know of it: headings, links, pictures, sections.

HTML that an author types is shown as text, never interpreted. Links and pictures lead to the library, to files beside
the text or to http(s) and mail addresses; anything else stays as words. No picture of another host is ever embedded.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import takewhile
from typing import Final
from urllib.parse import quote, unquote
from xml.etree.ElementTree import Element

from markdown import Markdown
from markdown.extensions.fenced_code import FencedCodeExtension
from markdown.extensions.footnotes import FootnoteExtension
from markdown.extensions.sane_lists import SaneListExtension
from markdown.extensions.tables import TableExtension
from markdown.serializers import RE_AMP
from markdown.treeprocessors import Treeprocessor
from markdown.util import AMP_SUBSTITUTE
from pymdownx.tasklist import TasklistExtension

from kb.domain.errors import N_, Invalid
from kb.domain.identifiers import is_file_name
from kb.text.plain import to_plain
from kb.text.sanitize import sanitize

_HEADINGS: Final = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_BLOCKS: Final = frozenset({"blockquote", "div", "hr", "ol", "p", "pre", "table", "ul", *_HEADINGS})
_ADDRESS: Final = re.compile(r"(?:https?://|mailto:|#)[^\s\\]+", re.IGNORECASE)
_PATH: Final = re.compile(r"/(?![/\\])[^\s\\]*")
_ID_LENGTH: Final = 80


@dataclass(frozen=True)
class Heading:
    """One heading: its level from 2, its place in the page, its words."""

    level: int
    id: str
    text: str


@dataclass(frozen=True)
class Picture:
    """A picture beside the text, and the words for who can't see it."""

    name: str
    alt: str


@dataclass(frozen=True)
class Rendered:
    """What a Markdown text looks like and what is in it.

    Attributes:
        html: sanitised.
        plain: its words, a line for each block.
        headings: in order, for a table of contents.
        links: targets as written, in order, each once: paths, addresses, names of files. Not pictures, not `#places`.
        pictures: shown from beside the text.
        files: names of all files beside the text that it links to or shows.
        sections: codes of the known sections that it has, in order.
    """

    html: str
    plain: str
    headings: tuple[Heading, ...]
    links: tuple[str, ...]
    pictures: tuple[Picture, ...]
    files: tuple[str, ...]
    sections: tuple[str, ...]


def render(source: str, *, sections: Mapping[str, str], base: str) -> Rendered:
    """Lay a text out.

    This can take seconds for texts made to be slow; `kb.text.renderer` does it in a process that can be stopped.

    Args:
        source: Markdown.
        sections: heading in any language → code. The first heading of level 2 with these words and what follows up to
            the next heading of its level become `<section id="<code>">`.
        base: address of the entry with a slash at its end; files beside the text are at `<base>files/<name>`.

    Raises:
        Invalid: it is nested too deeply to be laid out.
    """
    layout = _Layout(sections, base)
    markdown = Markdown(
        extensions=[
            FencedCodeExtension(),
            FootnoteExtension(),
            SaneListExtension(),
            TableExtension(use_align_attribute=True),
            TasklistExtension(),
        ],
        output_format="html",
    )
    markdown.preprocessors.deregister("html_block")
    markdown.inlinePatterns.deregister("html")
    markdown.inlinePatterns.deregister("entity")  # the serialiser leaves entities as they are
    markdown.treeprocessors.register(layout, "layout", -10)  # after all others
    try:
        safe = sanitize(markdown.convert(source))
    except RecursionError as error:
        raise Invalid.of(
            N_("The text is nested too deeply to be laid out: make lists and quotations flatter.")
        ) from error
    return Rendered(
        html=safe,
        plain=to_plain(safe),
        headings=tuple(layout.headings),
        links=tuple(dict.fromkeys(layout.links)),
        pictures=tuple(layout.pictures),
        files=tuple(dict.fromkeys(layout.files)),
        sections=tuple(layout.found),
    )


def take_section(html: str, code: str) -> tuple[str | None, str]:
    """Take a section out of rendered HTML.

    Authors can't write the tags by which it is found: in sanitised HTML `<` stands in tags only, and no tag of theirs
    is a `section`.

    Args:
        html: of `Rendered`.
        code: of the section.

    Returns:
        The section with its tags, or None where there is none, and the HTML without it.
    """
    start = html.find(f'<section id="{code}">')
    if start < 0:
        return None, html
    end = html.index("</section>", start) + len("</section>")
    return html[start:end], html[:start] + html[end:]


class _Layout(Treeprocessor):
    """Works over the tree that Python-Markdown made, once its words are final."""

    def __init__(self, sections: Mapping[str, str], base: str) -> None:
        super().__init__()
        self.headings: list[Heading] = []
        self.links: list[str] = []
        self.pictures: list[Picture] = []
        self.files: list[str] = []
        self.found: list[str] = []
        self._sections = {_fold(words): code for words, code in sections.items()}
        self._base = base
        self._ids = set(sections.values())

    def run(self, root: Element) -> None:
        _settle_footnotes(root)
        links = list(root.iter("a"))
        within_links = {picture for link in links for picture in link.iter("img")}
        for link in links:
            self._settle_link(link, _text(link.get("href", "")))
        for picture in list(root.iter("img")):
            self._settle_picture(picture, within_link=picture in within_links)
        for table in root.iter("table"):
            _settle_table(table)
        for item in root.iter("li"):
            if item.get("class") == "task-list-item":
                _label_task(item)
        opening = self._settle_headings(root)
        _wrap_sections(root, opening)

    def _settle_link(self, link: Element, target: str) -> None:
        if not target.startswith("#"):
            self.links.append(target)
        address = self._address(target)
        if address is None:
            _turn_to_words(link)
            return
        _set(link, "href", address)
        if not ("".join(link.itertext()).strip() or any(picture.get("alt") for picture in link.iter("img"))):
            link.text = target.replace("&", "&amp;")  # a link without words can't be followed by ear

    def _settle_picture(self, picture: Element, *, within_link: bool) -> None:
        target, alt = _text(picture.get("src", "")), _text(picture.get("alt", ""))
        name, _ = _file(target)
        if name:
            self.pictures.append(Picture(name, alt))
            _set(picture, "src", self._address(target) or "")
            return
        _turn_to_words(picture, alt)
        if not within_link:
            picture.tag = "a"
            self._settle_link(picture, target)

    def _address(self, target: str) -> str | None:
        """Where a target leads, or None where it may not."""
        if _ADDRESS.fullmatch(target):
            return target
        if _PATH.fullmatch(target) and ".." not in unquote(target).split("/"):
            return target
        name, fragment = _file(target)
        if not name:
            return None
        self.files.append(name)
        return f"{self._base}files/{quote(name)}{fragment}"

    def _settle_headings(self, root: Element) -> dict[Element, str]:
        """Give headings their levels and places.

        Returns:
            The headings that open a known section, with its code.
        """
        top = set(root)
        opening: dict[Element, str] = {}
        level = 1  # the title of the page
        for heading in root.iter():
            if heading.tag not in _HEADINGS:
                continue
            words = " ".join(_text("".join(_words(heading))).split())
            if not words:
                heading.tag = "p"
                continue
            level = min(max(int(heading.tag[1]), 2), level + 1)  # no level is skipped
            heading.tag = f"h{level}"
            place = self._sections.get(_fold(words), "")
            if place and level == 2 and heading in top and place not in self.found:
                self.found.append(place)
                opening[heading] = place
            else:
                place = self._new_id(words)
                _set(heading, "id", place)
            self.headings.append(Heading(level, place, words))
        return opening

    def _new_id(self, words: str) -> str:
        slug = _slug(words)
        place, count = slug, 1
        while place in self._ids:
            count += 1
            place = f"{slug}-{count}"
        self._ids.add(place)
        return place


def _settle_footnotes(root: Element) -> None:
    """Number the places of footnotes, whatever their authors called them, and say what the links are.

    The roles are those of DPUB-ARIA: screen readers name them in their own language.
    """
    notes = [note for note in root.iter("li") if note.get("id", "").startswith("fn:")]
    numbers = {note.get("id", "").partition(":")[2]: str(number) for number, note in enumerate(notes, 1)}
    marks = {mark.get("id", ""): mark for mark in root.iter("sup")}
    for place in [*notes, *marks.values()]:
        kind, _, name = place.get("id", "").partition(":")
        place.set("id", f"{kind}:{numbers.get(name, '')}")
    for link in root.iter("a"):
        role, place_name = link.attrib.pop("class", ""), link.get("href", "")[1:]
        if not role:
            continue
        kind, _, name = place_name.partition(":")
        number = numbers.get(name)
        link.attrib.clear()
        if number is None or (role == "footnote-backref" and place_name not in marks):
            _turn_to_words(link, "")  # nothing at the other end
            continue
        link.set("href", f"#{kind}:{number}")
        if role == "footnote-ref":
            link.set("role", "doc-noteref")
        else:
            link.text = "↩\N{VARIATION SELECTOR-15}"
            link.set("role", "doc-backlink")
            nth = kind.removeprefix("fnref")  # of several marks of the same note, from the second
            link.set("aria-label", f"{number}.{nth}" if nth else number)


def _settle_table(table: Element) -> None:
    table.set("tabindex", "0")
    for cell in table.iter():
        if cell.tag == "th":
            cell.set("scope", "col")
        if side := cell.attrib.pop("align", None):
            cell.set("class", f"align-{side}")


def _label_task(item: Element) -> None:
    """Make the words of a task the label of its box."""
    holder = item[0] if not (item.text or "").strip() and len(item) and item[0].tag == "p" else item
    label = Element("label")
    label.text, holder.text = holder.text, None
    for child in list(takewhile(lambda child: child.tag not in _BLOCKS, holder)):
        holder.remove(child)
        label.append(child)
    holder.insert(0, label)


def _wrap_sections(root: Element, opening: Mapping[Element, str]) -> None:
    children: list[Element] = []
    section: Element | None = None
    for child in root:
        if child.tag == "h2" or child.get("class") == "footnote":
            section = None
        if child in opening:
            section = Element("section", {"id": opening[child]})
            section.text = section.tail = "\n"
            children.append(section)
        if section is None:
            children.append(child)
        else:
            section.append(child)
    root[:] = children


def _turn_to_words(element: Element, words: str | None = None) -> None:
    tail = element.tail
    if words is not None:
        element.clear()
        element.text = words.replace("&", "&amp;")
    element.tag, element.tail = "span", tail  # which the sanitiser takes away
    element.attrib.clear()


def _file(target: str) -> tuple[str, str]:
    """Name of the file beside the text that a target means and what follows it; empty where it means none."""
    name, mark, fragment = target.removeprefix("./").partition("#")
    name = unicodedata.normalize("NFC", unquote(name))
    return (name, mark + fragment) if is_file_name(name) else ("", "")


def _words(element: Element) -> Iterator[str]:
    yield element.text or ""
    for child in element:
        if child.tag != "sup":  # the marks of footnotes
            yield from _words(child)
        yield child.tail or ""


def _slug(words: str) -> str:
    """The words for use as a place: letters, marks and digits of any script, hyphens between."""
    kept = (c if unicodedata.category(c)[0] in "LMN" else " " for c in unicodedata.normalize("NFC", words).lower())
    return "-".join("".join(kept).split())[:_ID_LENGTH].strip("-") or "part"


@lru_cache(maxsize=1024)  # the same few section headings come with every text
def _fold(words: str) -> str:
    return " ".join(unicodedata.normalize("NFC", words).casefold().replace("’", "'").split())


def _text(raw: str) -> str:
    """What a text or an attribute in Python-Markdown's tree means: entities are still written out in it."""
    return html.unescape(RE_AMP.sub("&amp;", raw.replace(AMP_SUBSTITUTE, "&"))).strip()


def _set(element: Element, attribute: str, value: str) -> None:
    element.set(attribute, value.replace("&", "&amp;"))
