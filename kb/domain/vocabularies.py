"""Controlled vocabularies: schemes of concepts, broader and narrower, with labels by language.

A scheme is one CSV file of the library: `code`, optionally `parent`, a column for each language, then what else
the scheme knows of a concept (SKOS: https://www.w3.org/TR/skos-reference/).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from kb.domain.errors import N_, Invalid
from kb.domain.identifiers import is_language


@dataclass(frozen=True)
class Concept:
    """One entry of a scheme.

    Attributes:
        code: its key within the scheme, as headers and addresses write it.
        parent: code of the broader concept, or None.
        labels: preferred label by language tag.
        extra: the scheme's other columns.
    """

    code: str
    parent: str | None
    labels: Mapping[str, str]
    extra: Mapping[str, str] = field(default_factory=dict)

    def label(self, language: str) -> str:
        """The label in a language, in English where it has none, else the code."""
        return (
            self.labels.get(language) or self.labels.get(language.split("-")[0]) or self.labels.get("en") or self.code
        )


@dataclass(frozen=True)
class Scheme:
    """A vocabulary: its concepts in the order of its file."""

    name: str
    concepts: Mapping[str, Concept]

    def __contains__(self, code: object) -> bool:
        return code in self.concepts

    def get(self, code: str) -> Concept | None:
        """The concept of that code, or None."""
        return self.concepts.get(code)

    def label(self, code: str, language: str) -> str:
        """The concept's label; the code itself where the scheme has no such concept."""
        concept = self.concepts.get(code)
        return concept.label(language) if concept else code

    @cached_property
    def _children(self) -> Mapping[str | None, tuple[Concept, ...]]:
        children: dict[str | None, list[Concept]] = {}
        for concept in self.concepts.values():
            children.setdefault(concept.parent, []).append(concept)
        return {parent: tuple(found) for parent, found in children.items()}

    def narrower(self, code: str | None) -> tuple[Concept, ...]:
        """The concepts right below; those at the top for None."""
        return self._children.get(code, ())

    def broader(self, code: str) -> tuple[str, ...]:
        """All codes above, nearest first."""
        above: list[str] = []
        concept = self.concepts.get(code)
        while concept and concept.parent and concept.parent not in above:
            above.append(concept.parent)
            concept = self.concepts.get(concept.parent)
        return tuple(above)

    def with_broader(self, codes: Iterable[str]) -> tuple[str, ...]:
        """The codes and all above them, each once, sorted."""
        return tuple(sorted({found for code in codes for found in (code, *self.broader(code))}))


class Vocabularies:
    """Every scheme by name; an unknown name is an empty scheme."""

    def __init__(self, schemes: Iterable[Scheme] = ()) -> None:
        self._schemes = {scheme.name: scheme for scheme in schemes}

    def __getitem__(self, name: str) -> Scheme:
        return self._schemes.get(name) or Scheme(name, {})

    def __iter__(self) -> Iterator[Scheme]:
        return iter(self._schemes.values())

    def names(self) -> tuple[str, ...]:
        """The names of all schemes, sorted."""
        return tuple(sorted(self._schemes))

    def label(self, scheme: str, code: str, language: str) -> str:
        """Short for `self[scheme].label(code, language)`."""
        return self[scheme].label(code, language)

    @cached_property
    def section_codes(self) -> Mapping[str, str]:
        """Case-folded section heading in any language → section code, for the renderer."""
        return {
            label.casefold(): concept.code
            for concept in self["sections"].concepts.values()
            for label in concept.labels.values()
        }


def parse_scheme(name: str, text: str) -> Scheme:
    """Read a scheme from its CSV text.

    Raises:
        Invalid: no `code` column, a row without a code, a code twice, an unknown parent.
    """
    rows = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")), strict=True)
    columns = list(rows.fieldnames or ())
    if "code" not in columns:
        raise Invalid.of(N_("A vocabulary needs a column “code”."), line=1)
    languages = [column for column in columns if is_language(column)]
    others = [column for column in columns if column not in {"code", "parent", *languages}]
    concepts: dict[str, Concept] = {}
    try:
        for row in rows:
            code = (row["code"] or "").strip()
            if None in row or not code or code in concepts:
                raise Invalid.of(
                    N_("The code “%(code)s” is empty, stands twice or its row is too long."),
                    line=rows.line_num,
                    code=code,
                )
            concepts[code] = Concept(
                code,
                (row.get("parent") or "").strip() or None,
                {tag: row[tag].strip() for tag in languages if row[tag]},
                {column: row[column] for column in others if row[column]},
            )
    except csv.Error as error:
        raise Invalid.of(N_("Not readable as CSV: %(reason)s."), line=rows.line_num, reason=error) from error
    for concept in concepts.values():
        if concept.parent and concept.parent not in concepts:
            raise Invalid.of(
                N_("“%(code)s” has the unknown parent “%(parent)s”."),
                code=concept.code,
                parent=concept.parent,
            )
    return Scheme(name, concepts)


def dump_scheme(scheme: Scheme) -> str:
    """Write a scheme as the CSV text that `parse_scheme` reads."""

    def columns(keys: Iterable[str]) -> list[str]:
        return list(dict.fromkeys(keys))

    concepts = list(scheme.concepts.values())
    languages = columns(tag for concept in concepts for tag in concept.labels)
    others = columns(key for concept in concepts for key in concept.extra)
    parent = ["parent"] if any(concept.parent for concept in concepts) else []
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["code", *parent, *languages, *others])
    for concept in concepts:
        writer.writerow(
            [
                concept.code,
                *([concept.parent or ""] if parent else []),
                *(concept.labels.get(tag, "") for tag in languages),
                *(concept.extra.get(key, "") for key in others),
            ]
        )
    return out.getvalue()
