"""The form of a header: everything that a header can hold goes out and comes back."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from werkzeug.datastructures import MultiDict

from config import ROOT
from kb.domain.errors import Invalid
from kb.domain.kinds import FOLDERS, MODELS, Kind, TranslationHeader, check_header, dump_header
from kb.domain.vocabularies import Vocabularies
from kb.text import frontmatter
from kb.web.header_form import Field, Widget, make_fields, read_form, specs_of
from kb.web.header_labels import LABELS, label_of

FILES = sorted(path for folder in FOLDERS for path in (ROOT / "content" / folder).glob("*/*.md"))


def pairs(fields: list[Field]) -> Iterator[tuple[str, str]]:
    """What a browser would send of the form as it is shown."""
    for field in fields:
        if field.rows:
            for row in field.rows:
                yield from pairs(list(row))
        else:
            for value in field.values or ("",) * (field.spec.widget is not Widget.CODES):
                yield field.name, value.replace("\n", "\r\n")


def test_every_header_of_the_library_goes_round() -> None:
    for path in FILES:
        header = json.loads(json.dumps(frontmatter.parse(path.read_bytes()).header, default=str))
        kind = Kind(header["kind"])
        translation = "translation_of" in header
        specs = specs_of(kind, translation=translation)
        came = read_form(specs, MultiDict(pairs(make_fields(specs, header))))
        given = {"kind": kind.value} | ({"translation_of": header["translation_of"]} if translation else {})
        there, back = (check_header(one, kind, vocabularies=None) for one in (header, given | came))  # type: ignore[arg-type]
        assert dump_header(back) == dump_header(there), path


@pytest.mark.parametrize("kind", Kind)
def test_every_field_is_asked_for_and_has_its_words(kind: Kind) -> None:
    specs = specs_of(kind, translation=False)
    assert {spec.name for spec in specs} == set(MODELS[kind].model_fields) - {"kind"}
    for spec in specs:
        for one in (spec, *spec.parts):
            assert label_of(one.path) in LABELS.values(), one.path
    translated = {spec.name for spec in specs_of(kind, translation=True)}
    assert {"title", "summary"} <= translated < set(TranslationHeader.model_fields)


def test_what_is_typed_wrongly_stays_and_is_told_beside_its_field() -> None:
    specs = specs_of(Kind.CASE, translation=False)
    typed = MultiDict(
        [("title", ""), ("summary", "S"), ("city", "testville"), ("cost.amount", "much"), ("period.start", "May 24"),
         ("sources.0.title", ""), ("sources.4.title", "Kept"), ("sources.4.url", "nowhere"), ("sdgs", "4"),
         ("sdgs", "99"), ("results.1.indicator", "People"), ("results.1.value", "1,5")]
    )  # fmt: skip
    header = {"kind": "case", **read_form(specs, typed)}
    assert header["sources"] == [{"title": "Kept", "url": "nowhere"}]
    with pytest.raises(Invalid) as raised:
        check_header(header, Kind.CASE, vocabularies=Vocabularies())
    fields = {field.name: field for field in make_fields(specs, header, raised.value.problems)}
    assert fields["title"].problems
    assert fields["sdgs"].problems
    assert not fields["summary"].problems
    amount, currency, *_ = fields["cost"].rows[0]
    assert (amount.value, bool(amount.problems), bool(currency.problems)) == ("much", True, True)
    title, url, _ = fields["sources"].rows[0]
    assert (title.value, url.value, bool(url.problems)) == ("Kept", "nowhere", True)
    assert len(fields["sources"].rows) == 3  # two to fill in


def test_figures_are_told_in_their_row() -> None:
    specs = [spec for spec in specs_of(Kind.PROFILE, translation=False) if spec.name in {"figures", "names"}]
    rows = [("figures.0.key", "adults"), ("figures.0.value", "7"), ("figures.1.key", "Not A Slug")]
    rows += [("figures.1.value", "7"), ("figures.1.unit", "%")]
    typed = MultiDict([*rows, ("names", "ko: 시험\nko: 또\nodd")])
    header = read_form(specs, typed)
    assert header["figures"]["adults"] == {"value": 7}
    assert header["names"] == {"ko": "시험", "ko: 또": "또", "odd": ""}
    whole = {"kind": "profile", "title": "T", "summary": "S", "city": "t", "name": "T", "country": "IE", **header}
    with pytest.raises(Invalid) as raised:
        check_header(whole, Kind.PROFILE, vocabularies=None)  # type: ignore[arg-type]
    by_name = {field.name: field for field in make_fields(specs, header, raised.value.problems)}
    assert by_name["names"].problems
    shown = by_name["figures"].rows
    assert {field.name for field in shown[0] if field.problems} == {"figures.0.unit"}
    assert {field.name for field in shown[1] if field.problems} == {"figures.1.key"}
