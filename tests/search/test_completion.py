"""What may be meant by the beginning of something."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.search.completion import APART, BEGINNING, CLOSE, INNER, WHOLE, Shelf, make_key

LINES = (
    "Cork",
    "Learning neighbourhoods in Cork",
    "Medellín",
    "L’apprentissage à Évry",
    "İzmir öğrenen kent",
    "평생학습도시 오산",
    "부산 평생 학습",
    "걸어서 10분 도서관",
    "AI 교육",
    "北京终身学习",
    "مدينة التعلم",
)


def shelf(*lines: str) -> Shelf[str]:
    return Shelf([(make_key(line), line) for line in lines])


def find(typed: str, *lines: str) -> list[tuple[int, str]]:
    return [(match.quality, match.value) for match in shelf(*(lines or LINES)).find(make_key(typed))]


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("cork", [(WHOLE, "Cork"), (INNER, "Learning neighbourhoods in Cork")]),
        ("C", [(BEGINNING, "Cork"), (INNER, "Learning neighbourhoods in Cork")]),
        ("LEARN", [(BEGINNING, "Learning neighbourhoods in Cork")]),
        ("neighbourhoods i", [(INNER, "Learning neighbourhoods in Cork")]),
        ("cork neigh", [(APART, "Learning neighbourhoods in Cork")]),
        ("eighbour", []),
        ("cork dublin", []),
        ("medellin", [(WHOLE, "Medellín")]),
        ("médé", [(BEGINNING, "Medellín")]),
        ("l'appr", [(BEGINNING, "L’apprentissage à Évry")]),
        ("evry", [(INNER, "L’apprentissage à Évry")]),
        ("izm", [(BEGINNING, "İzmir öğrenen kent")]),
        ("ogren", [(INNER, "İzmir öğrenen kent")]),
        ("ㅍㅅ", [(BEGINNING, "평생학습도시 오산"), (INNER, "부산 평생 학습")]),
        ("ㅍㅅㅎㅅ", [(BEGINNING, "평생학습도시 오산"), (INNER, "부산 평생 학습")]),
        ("ㅅㅎ", [(APART, "평생학습도시 오산"), (APART, "부산 평생 학습")]),
        ("ㅍ", [(BEGINNING, "평생학습도시 오산")]),
        ("펴", [(BEGINNING, "평생학습도시 오산"), (INNER, "부산 평생 학습")]),
        ("평ㅅ", [(BEGINNING, "평생학습도시 오산"), (INNER, "부산 평생 학습")]),
        ("ㅍ생하", [(BEGINNING, "평생학습도시 오산"), (INNER, "부산 평생 학습")]),
        ("ㅍ상", []),
        ("평생 학스", [(BEGINNING, "평생학습도시 오산"), (INNER, "부산 평생 학습")]),
        ("부산평생학습", [(WHOLE, "부산 평생 학습")]),
        ("돗", [(INNER, "평생학습도시 오산"), (INNER, "걸어서 10분 도서관")]),
        ("10분 ㄷㅅ", [(INNER, "걸어서 10분 도서관")]),
        ("ㄳ", []),
        ("ㅏ", []),
        ("ai교", [(BEGINNING, "AI 교육")]),
        ("学习", [(INNER, "北京终身学习")]),
        ("التعلم", [(INNER, "مدينة التعلم")]),
        ("", []),
        (" ?!", []),
        ("x" * 200, []),
    ],
)
def test_finds_what_is_begun(typed: str, found: list[tuple[int, str]]) -> None:
    assert find(typed) == found


def test_a_first_place_that_does_not_fit_hides_no_later_one() -> None:
    assert find("학ㅅ", "하수 학습") == [(INNER, "하수 학습")]


def test_of_equals_the_better_rank_comes_first_and_only_so_many_are_looked_for() -> None:
    many = shelf(*(f"{number:03} learning" for number in range(500)), *(f"평생 {number}" for number in range(500)))
    assert [match.place for match in many.find(make_key("lear"), most=5)] == [0, 1, 2, 3, 4]
    assert len(many.find(make_key("ㅍㅅ"), most=5)) == 5
    assert len(many.find(make_key("펴"), most=5)) == 5
    assert len(many) == 1000


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("corc", ["Cork"]),
        ("medelin", ["Medellín"]),
        ("mdeellin", ["Medellín"]),
        ("medl", ["Medellín"]),
        ("mxdxllxn", []),
        ("평셍학습", ["평생학습도시 오산"]),
        ("ㅍㅅㅎㅅ", []),
        ("cok", []),
    ],
)
def test_a_typing_error_away(typed: str, found: list[str]) -> None:
    near = shelf(*LINES).find_close(make_key(typed))
    assert [match.value for match in near] == found
    assert {match.quality for match in near} <= {CLOSE}


@given(
    st.lists(st.text(alphabet="ab 가각나ㄱ평생学İé\n", max_size=12), max_size=8),
    st.text(alphabet="ab 가각ㄱㅅㅏ평학学é", max_size=5),
)
def test_anything_may_be_typed(lines: list[str], typed: str) -> None:
    found = shelf(*lines)
    for match in [*found.find(make_key(typed)), *found.find_close(make_key(typed))]:
        assert lines[match.place] == match.value


@given(st.lists(st.text(alphabet="가각나평생학 ", min_size=1, max_size=8), min_size=1, max_size=6), st.data())
def test_every_beginning_of_a_korean_line_finds_it(lines: list[str], data: st.DataObject) -> None:
    line = data.draw(st.sampled_from([line for line in lines if line.strip()] or ["평생"]))
    typed = line.strip()[: data.draw(st.integers(1, 8))]
    lines = [*lines, line]
    assert line in [value for _, value in find(typed, *lines)]
