"""A header as a form: its fields are made from the one definition in `kb.domain.kinds`, and read back into it.

What was typed wrongly stays as it was typed, for the definition to complain of and the person to mend.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any, Final

from pydantic import BaseModel
from werkzeug.datastructures import MultiDict

from kb.domain.errors import Problem
from kb.domain.kinds import MODELS, Kind, TranslationHeader

_WHOLE: Final = re.compile(r"[-+]?[0-9]{1,18}")
_DECIMAL: Final = re.compile(
    r"[-+]?[0-9]{1,18}\.[0-9]{1,18}(?:[eE][-+]?[0-9]{1,3})?|[-+]?[0-9]{1,18}[eE][-+]?[0-9]{1,3}"
)
_SPARE_ROWS: Final = 2
_LONG: Final = 500  # characters of what fits a line
# what the page gives by itself
_GIVEN: Final = frozenset({"kind", "translation_of"})
_TRANSLATED: Final = {
    Kind.CASE: frozenset[str](),
    Kind.PROFILE: frozenset({"name"}),
    Kind.RESEARCH: frozenset({"question", "method", "findings", "limits"}),
}


class Widget(StrEnum):
    """How a field is asked for."""

    LINE = "line"
    TEXT = "text"
    NUMBER = "number"
    DAY = "day"
    CHOICE = "choice"
    TRUTH = "truth"
    CODES = "codes"
    LINES = "lines"  # one a line
    PARAGRAPHS = "paragraphs"  # an empty line between them
    PAIRS = "pairs"  # “key: value”, one a line
    GROUP = "group"
    ROWS = "rows"


@dataclass(frozen=True)
class Spec:
    """A field as the definition has it.

    Attributes:
        path: dotted, without numbers of rows: what labels are found by.
        scheme: vocabulary of its codes.
        options: values to choose from where they are no codes.
        limit: characters at most.
        numeric: whether what looks like a number is one.
        parts: of a group or of each row.
        keyed: whether each row has a key of its own.
    """

    name: str
    path: str
    widget: Widget
    required: bool = False
    scheme: str = ""
    options: tuple[str, ...] = ()
    limit: int | None = None
    numeric: bool = False
    parts: tuple[Spec, ...] = ()
    keyed: bool = False


@dataclass(frozen=True)
class Field:
    """A field to be shown.

    Attributes:
        name: in the form; dotted, with numbers of rows.
        values: as they were typed.
        problems: what is wrong with it.
        rows: fields of a group (one row) or of several rows.
        told: how many values or rows are filled in.
    """

    spec: Spec
    name: str
    values: tuple[str, ...]
    problems: tuple[Problem, ...]
    rows: tuple[tuple[Field, ...], ...] = ()
    told: int = 0

    @property
    def value(self) -> str:
        """The only value."""
        return self.values[0] if self.values else ""

    @property
    def id(self) -> str:
        """Its id on the page."""
        return "field-" + self.name.replace(".", "-")


@lru_cache(maxsize=8)
def specs_of(kind: Kind, *, translation: bool) -> tuple[Spec, ...]:
    """The fields of a header in the order of the definition."""
    model: type[BaseModel] = TranslationHeader if translation else MODELS[kind]
    schema = model.model_json_schema()
    wanted = set(schema["properties"]) - _GIVEN
    if translation:
        wanted &= {"title", "summary", "translation", *_TRANSLATED[kind]}
    return tuple(spec for spec in _specs(schema, schema.get("$defs", {}), "") if spec.name in wanted)


def _specs(schema: Mapping[str, Any], defs: Mapping[str, Any], above: str) -> Iterable[Spec]:
    for name, node in schema["properties"].items():
        yield _spec(name, f"{above}{name}", _plain(node, defs), defs, name in schema.get("required", ()))


def _plain(node: Mapping[str, Any], defs: Mapping[str, Any]) -> Mapping[str, Any]:
    """The node itself where it refers to another, or may be nothing."""
    if "$ref" in node:
        return _plain(defs[node["$ref"].rpartition("/")[2]], defs)
    choices = [_plain(choice, defs) for choice in node.get("anyOf", ()) if choice.get("type") != "null"]
    if len(choices) == 1:
        return choices[0]
    if choices:
        texts = [choice for choice in choices if choice.get("type") == "string"]
        return {**(texts[0] if texts else {"type": "number"}), "numeric": True}
    return node


def _spec(name: str, path: str, node: Mapping[str, Any], defs: Mapping[str, Any], required: bool) -> Spec:
    def make(widget: Widget, **facts: Any) -> Spec:
        return Spec(name, path, widget, required, **facts)

    match node.get("type"):
        case "array":
            item = _plain(node["items"], defs)
            if "properties" in item:
                return make(Widget.ROWS, parts=tuple(_specs(item, defs, f"{path}.")))
            if scheme := _scheme(path, item):
                return make(Widget.CODES, scheme=scheme, numeric=item.get("type") == "integer")
            long = item.get("maxLength", 0) > _LONG and "pattern" not in item
            return make(Widget.PARAGRAPHS if long and path == "findings" else Widget.LINES)
        case "object" if "properties" in node:
            return make(Widget.GROUP, parts=tuple(_specs(node, defs, f"{path}.")))
        case "object":
            value = _plain(node["additionalProperties"], defs) if "additionalProperties" in node else {}
            value = value or _plain(next(iter(node.get("patternProperties", {"": {}}).values())), defs)
            if "properties" in value:
                key = Spec("key", f"{path}.key", Widget.LINE)
                return make(Widget.ROWS, parts=(key, *_specs(value, defs, f"{path}.")), keyed=True)
            return make(Widget.PAIRS, numeric=value.get("type") == "integer")
        case "boolean":
            return make(Widget.TRUTH, options=("true", "false"))
        case "integer" | "number":
            scheme = {"cost_band": "cost_bands", "evidence.level": "evidence_levels"}.get(path, "")
            return make(Widget.CHOICE if scheme else Widget.NUMBER, scheme=scheme, numeric=True)
    limit = node.get("maxLength")
    if "enum" in node:
        return make(Widget.CHOICE, options=tuple(node["enum"]))
    if "x-scheme" in node:
        return make(Widget.CHOICE, scheme=node["x-scheme"])
    if node.get("format") == "date":
        return make(Widget.DAY)
    long = (limit or 0) > _LONG and "pattern" not in node and path != "website" and not name.endswith("url")
    return make(Widget.TEXT if long else Widget.LINE, limit=limit, numeric=bool(node.get("numeric")))


def _scheme(path: str, item: Mapping[str, Any]) -> str:
    if "." in path:
        return ""  # within a row codes are typed: a list of boxes in each would bury the rest
    return str(item.get("x-scheme", "")) or ("sdgs" if path == "sdgs" else "")


# ---- from the form ------------------------------------------------------------------------------------------------


def read_form(specs: Sequence[Spec], form: MultiDict[str, str]) -> dict[str, Any]:
    """What was typed, as a header: empty fields left out, numbers as numbers, everything else as it is."""
    return _read_parts(specs, form, "")


def _read_parts(specs: Sequence[Spec], form: MultiDict[str, str], above: str) -> dict[str, Any]:
    values = ((spec.name, _read(spec, form, f"{above}{spec.name}")) for spec in specs)
    return {name: value for name, value in values if value not in (None, "", [], {})}


def _read(spec: Spec, form: MultiDict[str, str], name: str) -> Any:
    if spec.widget is Widget.GROUP:
        return _read_parts(spec.parts, form, f"{name}.")
    if spec.widget is Widget.ROWS:
        rows = [row for number in _numbers(form, name) if (row := _read_parts(spec.parts, form, f"{name}.{number}."))]
        return {str(row.pop("key", "")): row for row in rows} if spec.keyed else rows
    if spec.widget is Widget.CODES:
        return [_number(value) if spec.numeric else value for value in form.getlist(name)]
    text = form.get(name, "").replace("\r\n", "\n").replace("\r", "\n").strip()
    match spec.widget:
        case Widget.LINES:
            return [line.strip() for line in text.split("\n") if line.strip()]
        case Widget.PARAGRAPHS:
            return [part.strip() for part in re.split(r"\n\s*\n", text) if part.strip()]
        case Widget.PAIRS:
            return _read_pairs(text, spec.numeric)
        case Widget.TRUTH:
            return {"true": True, "false": False}.get(text)
    return _number(text) if spec.numeric else text


def _numbers(form: MultiDict[str, str], name: str) -> list[int]:
    """Numbers of the rows that the form has."""
    found = re.compile(re.escape(name) + r"\.([0-9]{1,3})\.")
    return sorted({int(match[1]) for key in form if (match := found.match(key))})


def _read_pairs(text: str, numeric: bool) -> dict[str, Any]:
    pairs: dict[str, Any] = {}
    for line in text.split("\n"):
        key, _, value = (part.strip() for part in line.partition(":"))
        if line.strip():
            # a key that stands twice becomes one that can't be right, so that it is complained of
            pairs[line.strip() if key in pairs else key] = _number(value) if numeric else value
    return pairs


def _number(text: str) -> Any:
    if _WHOLE.fullmatch(text):
        return int(text)
    return float(text) if _DECIMAL.fullmatch(text) else text


# ---- to the form --------------------------------------------------------------------------------------------------


def make_fields(specs: Sequence[Spec], header: Mapping[str, Any], problems: Sequence[Problem] = ()) -> list[Field]:
    """The fields with what the header has, and what is wrong with it beside each."""
    return [_make(spec, spec.name, header.get(spec.name), problems) for spec in specs]


def _make(spec: Spec, name: str, value: Any, problems: Sequence[Problem]) -> Field:
    deep = [problem for problem in problems if f"{problem.field}.".startswith(f"{name}.")]
    if spec.widget in (Widget.GROUP, Widget.ROWS):
        return _make_rows(spec, name, value, deep)
    return Field(spec, name, _texts(spec, value), tuple(deep), told=len(value) if isinstance(value, list | dict) else 0)


def _make_rows(spec: Spec, name: str, value: Any, problems: Sequence[Problem]) -> Field:
    own = tuple(problem for problem in problems if problem.field == name)
    if spec.widget is Widget.GROUP:
        found = value if isinstance(value, Mapping) else {}
        row = tuple(_make(part, f"{name}.{part.name}", found.get(part.name), problems) for part in spec.parts)
        return Field(spec, name, (), own, (row,), told=len(found))
    if spec.keyed:
        keyed = value.items() if isinstance(value, Mapping) else ()
        problems = [_by_number(problem, name, [key for key, _ in keyed]) for problem in problems]
        items = [{"key": key, **row} for key, row in keyed]
    else:
        items = list(value or ())
    told = len(items)
    rows = []
    for number, item in enumerate([*items, *({} for _ in range(_SPARE_ROWS))]):
        found = item if isinstance(item, Mapping) else {}
        rows.append(
            tuple(_make(part, f"{name}.{number}.{part.name}", found.get(part.name), problems) for part in spec.parts)
        )
    return Field(spec, name, (), own, tuple(rows), told=told)


def _by_number(problem: Problem, name: str, keys: Sequence[str]) -> Problem:
    """A problem of `figures.adults.value` as one of the row of that key, the first say: `figures.0.value`."""
    rest = problem.field.removeprefix(f"{name}.")
    for number, key in enumerate(keys):
        if rest == key or rest.startswith(f"{key}."):
            field = f"{name}.{number}.{rest.removeprefix(key).removeprefix('.') or 'key'}"
            return Problem(problem.message, problem.params, field.replace(".[key]", ".key"))
    return problem


def _texts(spec: Spec, value: Any) -> tuple[str, ...]:
    match value:
        case None:
            return ()
        case bool():
            return (str(value).lower(),)
        case list() if spec.widget is Widget.CODES:
            return tuple(map(str, value))
        case list():
            return (("\n\n" if spec.widget is Widget.PARAGRAPHS else "\n").join(map(str, value)),)
        case dict():
            return ("\n".join(f"{key}: {item}" for key, item in value.items()),)
    return (str(value),)
