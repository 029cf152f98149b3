"""A Markdown library as files: what lies where, read and checked as far as it goes without the database."""

from __future__ import annotations

import csv
import io
import os
import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path, PurePosixPath
from typing import Any, Final, Protocol

from kb.domain.errors import N_, Invalid, Problem
from kb.domain.identifiers import is_file_name, is_language, is_slug
from kb.domain.kinds import FOLDERS, AnyHeader, Kind, TranslationHeader, check_header
from kb.domain.vocabularies import Scheme, Vocabularies, parse_scheme
from kb.text import frontmatter

ATTACHMENT_BYTES: Final = 25 * 2**20
TEXT_BYTES: Final = 64 * 2**10 + 512 * 2**10 + 1024
# what may lie beside a text, by ending; SVG and HTML can carry scripts and are left out
MEDIA_TYPES: Final[Mapping[str, str]] = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".gif": "image/gif",
    ".webp": "image/webp",
    ".pdf": "application/pdf",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".csv": "text/csv",
}
_SIGNATURES: Final[Mapping[str, re.Pattern[bytes]]] = {
    "image/png": re.compile(rb"\x89PNG\r\n\x1a\n"),
    "image/jpeg": re.compile(rb"\xff\xd8\xff"),
    "image/gif": re.compile(rb"GIF8[79]a"),
    "image/webp": re.compile(rb"RIFF....WEBP", re.S),
    "application/pdf": re.compile(rb"%PDF-"),
    MEDIA_TYPES[".docx"]: re.compile(rb"PK\x03\x04"),
    MEDIA_TYPES[".xlsx"]: re.compile(rb"PK\x03\x04"),
}


class Result(StrEnum):
    """What became of one file."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    REJECTED = "rejected"


@dataclass(frozen=True)
class Verdict:
    """One line of the report: the file, what became of it and, where rejected, why."""

    path: str
    result: Result
    problems: tuple[Problem, ...] = ()

    def __str__(self) -> str:
        if not self.problems:
            return f"{self.result}: {self.path}"
        line = next((problem.line for problem in self.problems if problem.line), None)
        place = f"{self.path}:{line}" if line else self.path
        said = "; ".join(" ".join(str(problem).split()) for problem in self.problems[:5])
        more = len(self.problems) - 5
        return f"{self.result}: {place}: {said}" + (f" (and {more} more)" if more > 0 else "")


class Source(Protocol):
    """Where files come from: a folder or a ZIP archive."""

    def names(self) -> Iterator[str]:
        """Paths with `/`, relative to the library's top, sorted."""

    def read(self, name: str, most: int) -> bytes:
        """The content.

        Raises:
            Invalid: more than `most` bytes, or unreadable.
        """


class Folder:
    """A library in a folder; links that lead out of it are not followed."""

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()

    def names(self) -> Iterator[str]:
        """Every file below, hidden ones left out."""
        yield from sorted(_files_below(str(self._root), ""))

    def read(self, name: str, most: int) -> bytes:
        """The file's content."""
        path = self._root / name
        if not path.resolve().is_relative_to(self._root):
            raise Invalid.of(N_("The link leads out of the folder."))
        try:
            with path.open("rb") as file:
                return _bounded(file.read(most + 1), most)
        except OSError as error:
            raise Invalid.of(N_("Can't be read: %(reason)s."), reason=error.strerror) from error


def _files_below(folder: str, prefix: str) -> Iterator[str]:
    with os.scandir(folder) as entries:  # five times as fast as `Path.rglob`, which counts with 20,000 files
        for entry in entries:
            if entry.name.startswith("."):
                continue
            if entry.is_dir(follow_symlinks=False):
                yield from _files_below(entry.path, f"{prefix}{entry.name}/")
            elif entry.is_file():
                yield prefix + entry.name


class Archive:
    """A library in a ZIP archive. Names are only compared, never used as paths."""

    def __init__(self, file: Path) -> None:
        try:
            self._zip = zipfile.ZipFile(file)
        except (zipfile.BadZipFile, OSError) as error:
            raise Invalid.of(N_("This is no ZIP archive that can be read.")) from error

    def names(self) -> Iterator[str]:
        """Every file in it; a name that stands twice counts as its last."""
        yield from sorted({info.filename for info in self._zip.infolist() if not info.is_dir()})

    def read(self, name: str, most: int) -> bytes:
        """The member's content; never unpacks more than asked for, whatever the archive claims."""
        try:
            with self._zip.open(name) as file:
                return _bounded(file.read(most + 1), most)
        except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, EOFError) as error:
            raise Invalid.of(N_("Can't be unpacked.")) from error


def _bounded(content: bytes, most: int) -> bytes:
    if len(content) > most:
        raise Invalid.of(N_("Too large: at most %(kilobytes)s kB."), kilobytes=most // 1024)
    return content


@dataclass(frozen=True)
class TextFile:
    """A text whose header has been read and checked, not yet rendered."""

    path: str
    kind: Kind
    slug: str
    language: str
    header: AnyHeader
    body: str
    lines: Mapping[str, int]


@dataclass(frozen=True)
class PageFile:
    """A page about the library."""

    path: str
    name: str
    language: str
    title: str
    body: str


@dataclass(frozen=True)
class AttachmentFile:
    """A picture or document beside a text; read again when it is saved."""

    path: str
    kind: Kind
    slug: str
    name: str
    media_type: str


@dataclass
class Library:
    """What a source holds, checked as far as it can be without the database."""

    schemes: list[tuple[str, Scheme]] = field(default_factory=list)
    files: list[tuple[str, str, str]] = field(default_factory=list)  # path, name, text
    pages: list[PageFile] = field(default_factory=list)
    texts: dict[tuple[Kind, str], list[TextFile]] = field(default_factory=dict)
    attachments: dict[tuple[Kind, str], list[AttachmentFile]] = field(default_factory=dict)
    rejected: list[Verdict] = field(default_factory=list)

    def works(self) -> list[tuple[Kind, str]]:
        """Every work that has a text or a file, cities first since the others name them."""
        return sorted({*self.texts, *self.attachments}, key=lambda key: (key[0] is not Kind.PROFILE, key))


def open_source(path: Path) -> Source:
    """The folder or archive at the path.

    Raises:
        Invalid: neither one nor the other.
    """
    if path.is_dir():
        return Folder(path)
    if path.is_file():
        return Archive(path)
    raise Invalid.of(N_("There is no folder or file “%(path)s”."), path=str(path))


def read_vocabularies(source: Source, library: Library) -> None:
    """Read the schemes and the files beside them."""
    for path in source.names():
        parts = PurePosixPath(path).parts
        if len(parts) != 2 or parts[0] != "vocabularies":
            continue
        try:
            text = _decode(source.read(path, 4 * 2**20))
            name = parts[1]
            is_scheme = name.endswith(".csv") and "code" in text.partition("\n")[0].rstrip("\r").split(",")
            if is_scheme and is_slug(name[:-4].replace("_", "-")):
                library.schemes.append((path, parse_scheme(name[:-4], text)))
            elif name.endswith((".csv", ".md", ".txt")) and is_file_name(name):
                library.files.append((path, name, text))
            else:
                raise Invalid.of(N_("A vocabulary is a CSV file; its notes are .md or .txt."))
        except Invalid as error:
            library.rejected.append(Verdict(path, Result.REJECTED, error.problems))


def read_texts(source: Source, library: Library, vocabularies: Vocabularies) -> Iterator[str]:
    """Read pages, texts and the names of attachments; yields each path when it is done with it."""
    for path in source.names():
        parts = PurePosixPath(path).parts
        if parts[0] != "vocabularies":
            try:
                _read_one(source, library, vocabularies, path, parts)
            except Invalid as error:
                library.rejected.append(Verdict(path, Result.REJECTED, error.problems))
        yield path


def _read_one(source: Source, library: Library, vocabularies: Vocabularies, path: str, parts: Sequence[str]) -> None:
    if "\\" in path or path.startswith("/") or any(part in {"..", "."} for part in path.split("/")):
        raise Invalid.of(N_("The path leads out of the library."))
    if len(parts) != 3 or parts[0] not in {*FOLDERS, "pages"}:
        if len(parts) == 1 and parts[0].lower().endswith((".md", ".txt")):
            return  # a README or licence at the top is for people
        raise Invalid.of(
            N_("No place for a file: texts lie in cities/, cases/, research/ or pages/, each in a folder of its own.")
        )
    top, slug, name = parts
    if not is_slug(slug):
        raise Invalid.of(
            N_("“%(text)s” is no name for an address: use small letters a-z, digits and hyphens."), text=slug[:100]
        )
    if not name.endswith(".md"):
        if top == "pages":
            raise Invalid.of(N_("Pages have no attachments."))
        library.attachments.setdefault((FOLDERS[top], slug), []).append(_check_attachment(source, path))
        return
    language = name[:-3]
    if not is_language(language):
        raise Invalid.of(N_("“%(text)s” is no language tag: write it like ko, en or zh-Hans."), text=language[:100])
    text = frontmatter.parse(source.read(path, TEXT_BYTES))
    if top == "pages":
        title = text.header.get("title")
        if set(text.header) != {"title"} or not isinstance(title, str) or not title.strip() or len(title) > 200:
            raise Invalid.of(N_("A page's header holds “title” and nothing else."), line=2)
        library.pages.append(PageFile(path, slug, language, title.strip(), text.body))
        return
    kind = FOLDERS[top]
    header = check_header(text.header, kind, vocabularies=vocabularies, lines=text.lines)
    if kind is Kind.PROFILE and not isinstance(header, TranslationHeader) and header.city != slug:
        raise Invalid.of(
            N_("must be “%(slug)s”, as the folder is called."), field="city", line=text.lines.get("city"), slug=slug
        )
    library.texts.setdefault((kind, slug), []).append(
        TextFile(path, kind, slug, language, header, text.body, text.lines)
    )


def _decode(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise Invalid.of(N_("Not UTF-8: save the file with that encoding."), line=line) from error


def _check_attachment(source: Source, path: str) -> AttachmentFile:
    top, slug, name = PurePosixPath(path).parts
    media_type = MEDIA_TYPES.get(PurePosixPath(name).suffix.lower())
    if not is_file_name(name) or media_type is None:
        raise Invalid.of(N_("No attachment of this name or type: %(types)s."), types=" ".join(sorted(MEDIA_TYPES)))
    content = source.read(path, ATTACHMENT_BYTES)
    signature = _SIGNATURES.get(media_type)
    if signature is not None and not signature.match(content):
        raise Invalid.of(N_("The content is not what the ending says."))
    return AttachmentFile(path, FOLDERS[top], slug, name, media_type)


def references(header: AnyHeader) -> Iterator[tuple[str, Kind, str]]:
    """Field, kind and slug of every other work that a header names."""
    if isinstance(header, TranslationHeader):
        return
    if header.city:
        yield "city", Kind.PROFILE, header.city
    fields = {"partners": Kind.PROFILE, "cities": Kind.PROFILE, "inspired_by": Kind.CASE,
              "supports": Kind.CASE, "contradicts": Kind.CASE}  # fmt: skip
    for name, kind in fields.items():
        for position, slug in enumerate(getattr(header, name, [])):
            yield f"{name}.{position}", kind, slug


_ENTRY_LINK: Final = re.compile(r"^/(cities|cases|research)/([^/#?]+)(?:/([^/#?]+))?(?:[#?].*)?$")


def linked_works(links: Iterable[str]) -> Iterator[tuple[str, Kind, str]]:
    """Link, kind and slug of every link in a text that leads to another entry."""
    for link in links:
        if match := _ENTRY_LINK.match(link):
            yield link, FOLDERS[match[1]], match[2]


# Columns of a CSV of cities → where they go in a profile's header
_PLAIN_COLUMNS: Final = ("slug", "name", "country", "region", "city_type", "website", "summary", "lat", "lon")
_OTHER_COLUMNS: Final = ("status", "joined", "population", "population_as_of", "population_source", "source")


def read_cities(path: Path, library: Library, vocabularies: Vocabularies) -> None:
    """Read a CSV of cities: one profile a row, in English, with the columns that the README names."""
    try:
        text = _decode(_bounded(path.read_bytes(), 16 * 2**20))
        rows = csv.DictReader(io.StringIO(text), strict=True)
        columns = set(rows.fieldnames or ())
        unknown = {name for name in columns - {*_PLAIN_COLUMNS, *_OTHER_COLUMNS} if not name.startswith("name_")}
        if unknown or not {"slug", "name", "country"} <= columns:
            raise Invalid.of(
                N_("A CSV of cities needs slug, name and country, and knows nothing of: %(unknown)s."),
                line=1, unknown=", ".join(sorted(unknown)) or "–",
            )  # fmt: skip
        seen: set[str] = set()
        for row in rows:
            try:
                _read_city(row, rows.line_num, path.name, library, vocabularies, seen)
            except Invalid as error:
                library.rejected.append(Verdict(f"{path.name}:{rows.line_num}", Result.REJECTED, error.problems))
    except csv.Error as error:
        problem = Problem(N_("Not readable as CSV: %(reason)s."), {"reason": error}, line=rows.line_num)
        library.rejected.append(Verdict(path.name, Result.REJECTED, (problem,)))
    except Invalid as error:
        library.rejected.append(Verdict(path.name, Result.REJECTED, error.problems))


def _read_city(
    row: dict[str, str], line: int, file: str, library: Library, vocabularies: Vocabularies, seen: set[str]
) -> None:
    if None in row or None in row.values():
        raise Invalid.of(N_("The row has more or fewer fields than the first one."))
    values = {name: value.strip() for name, value in row.items() if value and value.strip()}
    slug = values.pop("slug", "")
    if not is_slug(slug) or slug in seen:
        raise Invalid.of(N_("The slug “%(slug)s” can't be used or stands twice."), slug=slug[:100])
    seen.add(slug)

    def number(name: str) -> float | int | None:
        try:
            return None if name not in values else int(values[name]) if values[name].isdigit() else float(values[name])
        except ValueError as error:
            raise Invalid.of(N_("must be a number."), field=name) from error

    population = number("population")
    figure = {"value": population, "unit": "people", "as_of": values.get("population_as_of"),
              "source": values.get("population_source")}  # fmt: skip
    addresses = values.get("source", "").split()
    header: dict[str, Any] = {
        "kind": "profile",
        "title": values.get("name"),
        "summary": values.get("summary") or f"{values.get('name')}, {values.get('country')}.",
        "city": slug,
        "sources": [{"title": address, "url": address} for address in addresses],
        "name": values.get("name"),
        "names": {name[5:]: value for name, value in values.items() if name.startswith("name_")},
        "gnlc": {"status": values["status"], "joined": number("joined")} if "status" in values else None,
        "population": figure if population is not None else None,
        "lat": number("lat"),
        "lon": number("lon"),
    } | {name: values[name] for name in ("country", "region", "city_type", "website") if name in values}
    checked = check_header(header, Kind.PROFILE, vocabularies=vocabularies)
    key = (Kind.PROFILE, slug)
    library.texts[key] = [TextFile(f"{file}:{line}", Kind.PROFILE, slug, "en", checked, "", {})]
