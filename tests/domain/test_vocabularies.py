"""Schemes: reading, writing, broader and narrower."""

from __future__ import annotations

import pytest

from kb.domain.errors import Invalid
from kb.domain.vocabularies import Vocabularies, dump_scheme, parse_scheme

THEMES = 'code,parent,en,ko,note\n1,,Wide,넓은,x\n1.1,1,Narrow,좁은,\n1.1.1,1.1,"Narrow, more",,\n'


def test_a_scheme_comes_back_as_it_was_written() -> None:
    scheme = parse_scheme("themes", THEMES)
    assert dump_scheme(scheme) == THEMES
    assert dump_scheme(parse_scheme("themes", "\ufeff" + THEMES)) == THEMES


def test_broader_and_narrower() -> None:
    scheme = parse_scheme("themes", THEMES)
    assert scheme.broader("1.1.1") == ("1.1", "1")
    assert scheme.with_broader(["1.1.1"]) == ("1", "1.1", "1.1.1")
    assert [concept.code for concept in scheme.narrower(None)] == ["1"]
    assert [concept.code for concept in scheme.narrower("1")] == ["1.1"]
    assert scheme.narrower("1.1.1") == ()


def test_labels_fall_back_to_english_then_to_the_code() -> None:
    scheme = parse_scheme("themes", THEMES)
    assert scheme.label("1.1", "ko") == "좁은"
    assert scheme.label("1.1", "ko-KR") == "좁은"
    assert scheme.label("1.1.1", "ko") == "Narrow, more"
    assert scheme.label("7", "ko") == "7"


def test_an_unknown_scheme_is_empty() -> None:
    vocabularies = Vocabularies([parse_scheme("themes", THEMES)])
    assert "1" not in vocabularies["other"]
    assert vocabularies.names() == ("themes",)
    assert vocabularies.label("themes", "1", "en") == "Wide"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name,en\nx,X\n", "column “code”"),
        ("code,en\na,A\na,B\n", "twice"),
        ("code,en\n,A\n", "empty"),
        ("code,en\na,A,B\n", "too long"),
        ("code,parent,en\na,b,A\n", "unknown parent"),
        ('code,en\n"a,A\n', "CSV"),
    ],
)
def test_a_broken_file_is_told(text: str, said: str) -> None:
    with pytest.raises(Invalid, match=said):
        parse_scheme("x", text)


def test_headings_in_any_language_name_a_section() -> None:
    sections = parse_scheme("sections", "code,en,ko\nwhat-did-not-work,What did not work,무엇이 잘 안 되었나\n")
    assert Vocabularies([sections]).section_codes["무엇이 잘 안 되었나"] == "what-did-not-work"
