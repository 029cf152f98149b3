"""A text file of the library: a header between `---` lines and a Markdown body (public contract, section 5).

The header is a small, strict part of YAML 1.2: mappings, lists, texts, numbers written as in JSON, `true` and `false`,
`null`, days. Every other plain word is a text, so `country: NO` is Norway and `0755` or `12:30` stay as they are. It is
built from the parser's events rather than by a loader: anchors, tags and depth are refused before anything is made of
them, and each value knows its line.
"""

from __future__ import annotations

import datetime as dt
import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, NoReturn

import yaml

from kb.domain.errors import N_, Invalid

HEADER_LIMIT: Final = 64 * 1024  # bytes
BODY_LIMIT: Final = 512 * 1024  # bytes
FILE_LIMIT: Final = HEADER_LIMIT + BODY_LIMIT + 1024  # the rest is for the lines between them
DEPTH_LIMIT: Final = 8

_LOADER: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml reads ten times faster
_FRAME: Final = re.compile(r"---[ \t]*\n(?P<header>.*?)^---[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)
_NEWLINE: Final = re.compile(rb"\r\n?|\n")
_CONTROL: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffe\uffff]")
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_BLANK_START: Final = re.compile(r"\A(?:[ \t]*\n)+")

_WORDS: Final[Mapping[str, bool | None]] = {"true": True, "false": False, "null": None, "~": None, "": None}
_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]*)(?P<fraction>\.[0-9]+)?(?P<exponent>[eE][-+]?[0-9]+)?")
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_NO_NUMBER: Final = re.compile(r"[-+]?\.inf|\.nan", re.IGNORECASE)

# what must be escaped; what can stand without quotation marks; words that other YAML readers take for something else
_ESCAPED: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")
_PLAIN: Final = re.compile(r"[^\s0-9!\"#%&'*+,\-.:<=>?@[\\\]`{|}~](?:(?!: | #).)*(?<![:\s])")
_TRAPS: Final = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})


@dataclass(frozen=True)
class SourceText:
    """A file taken apart.

    Attributes:
        header: what stands between the `---` lines, as plain values.
        body: Markdown; no blank lines before it, one newline at its end, or empty.
        lines: dotted path of each value (`evidence.level`, `sources.0.url`) → its line in the file, from 1.
    """

    header: dict[str, object]
    body: str
    lines: Mapping[str, int]


def parse(data: bytes) -> SourceText:
    """Take a file apart.

    Raises:
        Invalid: it breaks a rule of the format; the problem names the line and, within the header, the field.
    """
    if len(data) > FILE_LIMIT:
        raise Invalid.of(
            N_("The file is too large: it has %(size)s bytes, at most %(limit)s can be taken."),
            size=len(data),
            limit=FILE_LIMIT,
        )
    text = _decode(data)
    frame = _FRAME.match(text)
    if frame is None:
        message = N_("The header does not end: put a line “---” after it.")
        if not text.startswith("---"):
            message = N_("The file must begin with a header between two lines “---”.")
        raise Invalid.of(message, line=1)
    _check_size("header", frame["header"], HEADER_LIMIT, line=1)
    body = _normalise(text[frame.end() :])
    _check_size("body", body, BODY_LIMIT, line=text.count("\n", 0, frame.end()) + 1)
    lines: dict[str, int] = {}
    return SourceText(_read_header(text[: frame.end("header")], lines), body, lines)


def take_body(text: str) -> str:
    """A body that was typed into a form or sent by a program, in the form that `parse` gives.

    Raises:
        Invalid: it is too long, or has characters that a file could not have.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if found := _CONTROL.search(text) or _SURROGATE.search(text):
        raise Invalid.of(
            N_("The character %(code)s can't be seen and may not stand here: delete it."),
            field="body",
            line=text.count("\n", 0, found.start()) + 1,
            code=f"U+{ord(found[0]):04X}",
        )
    body = _normalise(text)
    _check_size("body", body, BODY_LIMIT, line=None, field="body")
    return body


def check_header_size(header: Mapping[str, object]) -> None:
    """Refuse a header that no file could hold.

    Raises:
        Invalid: it is too large.
    """
    _check_size("header", dump(header, ""), HEADER_LIMIT, line=None)


def dump(header: Mapping[str, object], body: str) -> str:
    """Put a file together: `parse` gives the same header and body back, the same values always give the same text.

    Keys keep their order. Texts that any YAML reader could take for something else stand in quotation marks.

    Args:
        header: texts, numbers, booleans, days, None, and mappings and lists of these.
        body: Markdown.

    Raises:
        TypeError: the header holds something else.
    """
    frame = "".join(f"{line}\n" for line in ["---", *_write_mapping(header), "---"])
    body = _normalise(body)
    return f"{frame}\n{body}" if body else frame


def _decode(data: bytes) -> str:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        start = error.start + len(data) - len(error.object)  # the codec leaves the byte-order mark out
        raise Invalid.of(
            N_("The byte %(byte)s is not UTF-8: save the file as UTF-8."),
            line=len(_NEWLINE.findall(data, 0, start)) + 1,
            byte=f"{data[start]:02X}",
        ) from error
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if found := _CONTROL.search(text):
        raise Invalid.of(
            N_("The character %(code)s can't be seen and may not stand here: delete it."),
            line=text.count("\n", 0, found.start()) + 1,
            code=f"U+{ord(found[0]):04X}",
        )
    return text


def _check_size(part: str, text: str, limit: int, *, line: int | None, field: str = "") -> None:
    if (size := len(text.encode())) > limit:
        message = {
            "header": N_("The header is too large: it has %(size)s bytes, at most %(limit)s can be taken."),
            "body": N_("The text is too long: it has %(size)s bytes, at most %(limit)s can be taken."),
        }[part]
        raise Invalid.of(message, field=field, line=line, size=size, limit=limit)


def _normalise(body: str) -> str:
    body = _BLANK_START.sub("", body).rstrip(" \t\n")
    return f"{body}\n" if body else ""


# ---- reading the header -------------------------------------------------------------------------------------------


def _read_header(text: str, lines: dict[str, int]) -> dict[str, object]:
    # the text begins with its own `---` line, so the parser's marks are lines of the file
    try:
        events = iter(yaml.parse(text, Loader=_LOADER))
        next(event for event in events if isinstance(event, yaml.DocumentStartEvent))
        header = _read(next(events), events, "", lines, 0)
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                _refuse(N_("The header must be one piece: delete the line “...”."), event)
    except yaml.MarkedYAMLError as error:
        unclosed = error.context is not None and "quoted scalar" in error.context
        mark = error.context_mark if unclosed else error.problem_mark
        raise Invalid.of(
            N_("The header is not YAML here (%(problem)s): put texts with “: ”, “#” or quotes in quotation marks."),
            line=min(mark.line + 1, text.count("\n")) if mark else 1,
            problem=error.problem,
        ) from error
    if header is None:
        return {}
    if not isinstance(header, dict):
        raise Invalid.of(N_("The header must be fields, each on its line: “name: value”."), line=1)
    return header


def _read(event: Any, events: Iterator[Any], path: str, lines: dict[str, int], depth: int) -> object:
    if isinstance(event, yaml.AliasEvent) or event.anchor is not None:
        _refuse(N_("Anchors and aliases (&name, *name) can't be used: write the value out."), event, path)
    if event.tag is not None:
        _refuse(N_("Tags (!name) can't be used: put a text that begins with “!” in quotation marks."), event, path)
    if isinstance(event, yaml.ScalarEvent):
        return _resolve(event, path) if event.implicit[0] else event.value
    if depth == DEPTH_LIMIT:
        _refuse(N_("The header is nested too deeply: at most %(limit)s levels."), event, path, limit=DEPTH_LIMIT)
    if isinstance(event, yaml.SequenceStartEvent):
        items: list[object] = []
        while not isinstance(event := next(events), yaml.SequenceEndEvent):
            place = f"{path}.{len(items)}"
            lines[place] = event.start_mark.line + 1
            items.append(_read(event, events, place, lines, depth + 1))
        return items
    fields: dict[str, object] = {}
    while not isinstance(event := next(events), yaml.MappingEndEvent):
        key = _read(event, events, path, lines, depth + 1)
        if not isinstance(key, str):
            _refuse(N_("A field's name must be text: put it in quotation marks."), event, path)
        place = f"{path}.{key}" if path else key
        if key in fields:
            _refuse(N_("stands here a second time: keep one."), event, place)
        lines[place] = event.start_mark.line + 1
        fields[key] = _read(next(events), events, place, lines, depth + 1)
    return fields


def _resolve(event: yaml.ScalarEvent, path: str) -> object:
    text = event.value
    if text in _WORDS:
        return _WORDS[text]
    if number := _NUMBER.fullmatch(text):
        value = float(text)
        if math.isfinite(value):
            return value if number["fraction"] or number["exponent"] else int(text)
    elif _DAY.fullmatch(text):
        try:
            return dt.date.fromisoformat(text)
        except ValueError:
            return text  # no such day: whoever wants a day here will say so
    elif not _NO_NUMBER.fullmatch(text):
        return text
    _refuse(N_("The number is infinite or none at all: write a number, or put a text in quotation marks."), event, path)


def _refuse(message: str, event: Any, path: str = "", **params: object) -> NoReturn:
    raise Invalid.of(message, field=path, line=event.start_mark.line + 1, **params)


# ---- writing the header -------------------------------------------------------------------------------------------


def _write_mapping(fields: Mapping[str, object]) -> Iterator[str]:
    for key, value in fields.items():
        head = f"{_write_text(key)}:"
        if value and isinstance(value, Mapping):
            yield from (head, *_indent(_write_mapping(value)))
        elif value and isinstance(value, list | tuple):
            yield from (head, *_indent(_write_list(value)))
        else:
            first, *rest = _write_scalar(value)
            yield from (f"{head} {first}", *_indent(rest))


def _write_list(items: list[object] | tuple[object, ...]) -> Iterator[str]:
    for item in items:
        if item and isinstance(item, Mapping):
            first, *rest = _write_mapping(item)
        elif item and isinstance(item, list | tuple):
            first, *rest = _write_list(item)
        else:
            first, *rest = _write_scalar(item)
        yield from (f"- {first}", *_indent(rest))


def _indent(lines: Iterator[str] | list[str]) -> Iterator[str]:
    return (f"  {line}" if line else "" for line in lines)


def _write_scalar(value: object) -> list[str]:
    if value is None or isinstance(value, bool):
        return [json.dumps(value)]
    if isinstance(value, str):
        lines = value.split("\n")
        tidy = lines[0] and lines[-1] and all(line == line.strip() for line in lines)
        if len(lines) > 1 and tidy and not any(map(_ESCAPED.search, lines)):
            return ["|-", *lines]
        return [_write_text(value)]
    if isinstance(value, int):
        return [str(value)]
    if isinstance(value, float) and math.isfinite(value):
        return [repr(value)]
    if type(value) is dt.date:
        return [value.isoformat()]
    if value in ({}, [], ()):
        return ["{}" if value == {} else "[]"]
    raise TypeError(f"A header can't hold {value!r}.")


def _write_text(text: str) -> str:
    if _PLAIN.fullmatch(text) and text.lower() not in _TRAPS and not _ESCAPED.search(text):
        return text
    # JSON's texts are YAML's; JSON leaves some characters alone that YAML takes for line ends or refuses
    return _ESCAPED.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(text, ensure_ascii=False))
