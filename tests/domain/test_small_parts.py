"""Identifiers, languages, sight, completeness."""

from __future__ import annotations

import pytest

from kb.domain.completeness import Completeness, completeness, missing_fields
from kb.domain.errors import Invalid
from kb.domain.identifiers import check_language, check_slug, is_file_name, is_language, is_slug
from kb.domain.kinds import Kind, check_header
from kb.domain.languages import best_language, direction, language_name, native_name
from kb.domain.roles import ANYONE, COMMAND_LINE, Actor, Membership, Role
from kb.domain.visibility import Visibility, sight_of
from tests.domain.test_kinds import FULL_CASE
from tests.factories import VOCABULARIES, case_header


@pytest.mark.parametrize("text", ["a", "cork", "yangcheon-gu-seoul", "a1-b2", "x" * 80])
def test_slugs(text: str) -> None:
    assert is_slug(text)
    assert check_slug(text) == text


@pytest.mark.parametrize("text", ["", "A", "a--b", "-a", "a-", "a_b", "ä", "a/b", "..", "a\n", "x" * 81, "양천"])
def test_what_is_no_slug(text: str) -> None:
    assert not is_slug(text)
    with pytest.raises(Invalid):
        check_slug(text)


@pytest.mark.parametrize(
    ("text", "right"),
    [("ko", True), ("zh-Hans", True), ("pt-BR", True), ("es-419", True), ("EN", False), ("e", False), ("ko\n", False)],
)
def test_language_tags(text: str, right: bool) -> None:
    assert is_language(text) is right
    if not right:
        with pytest.raises(Invalid):
            check_language(text)


@pytest.mark.parametrize(
    ("text", "right"),
    [("plan 2024 (final).pdf", True), ("그림.png", True), (".env", False), ("../x.png", False), ("a/b.png", False),
     ("a\\b.png", False), ("", False), ("x" * 121, False)],
)  # fmt: skip
def test_file_names(text: str, right: bool) -> None:
    assert is_file_name(text) is right


def test_languages_are_named_and_have_a_direction() -> None:
    assert language_name("es", "ko") == "스페인어"
    assert native_name("ko") == "한국어"
    assert language_name("qqq", "en") == "qqq"
    assert [direction(tag) for tag in ("ar", "fa", "ko", "az-Arab", "ar-Latn")] == ["rtl", "rtl", "ltr", "rtl", "ltr"]


@pytest.mark.parametrize(
    ("have", "wanted", "got"),
    [
        (["es", "en", "ko"], ["ko", "en"], "ko"),
        (["es", "en"], ["ko"], "en"),
        (["es", "fr"], ["ko"], "es"),
        (["zh-Hans", "es"], ["zh"], "zh-Hans"),
        (["pt"], ["pt-BR"], "pt"),
    ],
)
def test_a_reader_gets_the_best_language(have: list[str], wanted: list[str], got: str) -> None:
    assert best_language(have, wanted, original="es") == got


def test_who_sees_what() -> None:
    assert sight_of(ANYONE).visibilities == {Visibility.PUBLIC}
    assert not sight_of(ANYONE).contacts
    reader = Actor(memberships=frozenset({Membership(Role.READER)}))
    assert sight_of(reader).visibilities == set(Visibility)
    assert sight_of(COMMAND_LINE).contacts


def test_a_role_of_a_city_holds_in_that_city() -> None:
    editor = Actor(memberships=frozenset({Membership(Role.EDITOR, "cork")}))
    assert editor.holds(Role.EDITOR, "cork")
    assert not editor.holds(Role.EDITOR, "seoul")
    assert not editor.holds(Role.CONTRIBUTOR, "cork")
    assert COMMAND_LINE.holds(Role.ADMIN, "cork")


def test_completeness_is_counted_from_what_the_kind_asks_for() -> None:
    stub = check_header(case_header(), Kind.CASE, vocabularies=VOCABULARIES)
    assert not hasattr(stub, "translation_of")
    missing = missing_fields(stub, "Three short words.", frozenset())  # type: ignore[arg-type]
    assert "what-did-not-work" in missing
    assert completeness(Kind.CASE, len(missing)) is Completeness.STUB
    full = check_header(FULL_CASE, Kind.CASE, vocabularies=VOCABULARIES)
    missing = missing_fields(full, "word " * 120, frozenset({"what-did-not-work"}))  # type: ignore[arg-type]
    assert missing == ("organisations",)
    assert completeness(Kind.CASE, 1) is Completeness.PARTIAL
    assert completeness(Kind.CASE, 0) is Completeness.COMPLETE


def test_a_text_in_korean_is_as_long_as_it_says() -> None:
    header = check_header(case_header(), Kind.CASE, vocabularies=VOCABULARIES)
    assert "text" not in missing_fields(header, "평생학습" * 60, frozenset())  # type: ignore[arg-type]
