"""What the thesaurus, the rings and the places add, and what they must not."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from kb.search.expansion import Expansion, Thesaurus
from kb.search.port import And, AtLeast, Best, Not, Phrase, Term, Weighted, leaves
from kb.search.querytext import parse

VOCABULARIES = Path(__file__).parents[2] / "content" / "vocabularies"
PLACES = [
    ("medellin", {"en": ["Medellín"], "ko": ["메데진"], "zh": ["麦德林"]}),
    ("nam-gu", {"en": ["Nam-gu (Busan)"], "": ["남구"]}),
]


def rows(name: str) -> list[dict[str, str]]:
    with (VOCABULARIES / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def thesaurus() -> Thesaurus:
    rings = rows("synonym_rings")
    for row in rings:
        row["ambiguous"] = "시장" if row["en"] == "mayor" else ""
    return Thesaurus.from_rows(rows("thesaurus"), rings, PLACES)


@pytest.fixture(scope="module")
def small() -> Thesaurus:
    concepts = [
        {"id": "u1", "broader": "", "en": "Reading|Perusal", "fr": "Lecture", "ko": "독서", "zh": ""},
        {"id": "u2", "broader": "u1", "en": "Reading aloud", "fr": "Lecture à voix haute", "ko": "낭독", "zh": ""},
    ]
    rings = [{"ring": "1", "en": "older adults", "fr": "seniors", "ko": "어르신|노인", "zh": "老年人"}]
    return Thesaurus.from_rows(concepts, rings, PLACES)


def added(thesaurus: Thesaurus, typed: str, *languages: str) -> dict[str, set[str]]:
    """Which labels are added, by the words they are added to."""
    found: dict[str, set[str]] = {}
    for expansion in thesaurus.expand(parse(typed).tree, languages)[1]:
        found.setdefault(expansion.term, set()).update(expansion.added)
    return found


class TestTree:
    def test_each_word_of_a_label_stands_for_the_others(self, small: Thesaurus) -> None:
        tree, expansions = small.expand(parse("older adults reading club").tree, ["fr"])
        seniors = Weighted(Term("seniors"), 0.25, "thesaurus")
        assert tree == AtLeast(
            2,
            (
                Best((Term("older"), seniors)),
                Best((Term("adults"), seniors)),
                Best(
                    (
                        Term("reading"),
                        Weighted(Term("Lecture"), 0.5, "thesaurus"),
                        Weighted(Phrase("Lecture à voix haute", loose=True), 0.25, "thesaurus"),
                    )
                ),
                Term("club"),
            ),
        )
        assert expansions == (
            Expansion("older adults", ("seniors",), ("fr",), "ring:1", "thesaurus"),
            Expansion("reading", ("Lecture", "Lecture à voix haute"), ("fr", "fr"), "u1", "thesaurus"),
        )

    def test_all_languages_lead_to_a_concept(self, small: Thesaurus) -> None:
        for typed in ("lectures", "독서를", "readings", "PERUSAL"):
            assert small.expand(parse(typed).tree)[1][0].concept == "u1", typed
        for typed in ("어르신을", "노인", "老年人", "Senior", "older adult"):
            assert small.expand(parse(typed).tree)[1][0].concept == "ring:1", typed

    def test_the_longest_label_counts(self, small: Thesaurus) -> None:
        assert added(small, "reading aloud", "ko") == {"reading aloud": {"낭독"}}

    @pytest.mark.parametrize(
        "typed", ['"older adults"', "-reading", "NOT (reading OR lecture)", "title:reading", "read*"]
    )
    def test_phrases_fields_and_exclusions_stay(self, small: Thesaurus, typed: str) -> None:
        tree = parse(typed).tree
        assert small.expand(tree) == (tree, ())

    def test_an_exclusion_beside_words_stays(self, small: Thesaurus) -> None:
        tree, _ = small.expand(parse("reading -adults").tree, ["ko"])
        assert isinstance(tree, And) and tree.children[1] == Not(Term("adults"))

    def test_labels_are_found_within_words_without_spaces(self, small: Thesaurus) -> None:
        tree, (expansion,) = small.expand(parse("어르신독서교실").tree, ["en"])
        assert (expansion.term, expansion.added) == ("어르신", ("older adults",))
        assert isinstance(tree, Best) and tree.children[0] == Term("어르신독서교실")
        assert isinstance(tree.children[1], And) and tree.children[1].children[1] == Term("독서교실")

    def test_concepts_can_be_switched_off(self, small: Thesaurus) -> None:
        tree = parse("older adults reading").tree
        _, expansions = small.expand(tree, without={"ring:1"})
        assert [expansion.concept for expansion in expansions] == ["u1"]
        assert small.expand(tree, without={"ring:1", "u1"}) == (tree, ())

    def test_places_have_their_names_in_all_scripts(self, small: Thesaurus) -> None:
        tree, (expansion,) = small.expand(parse("medellin").tree, ["en"])
        assert expansion == Expansion("medellin", ("메데진", "麦德林"), ("ko", "zh"), "place:medellin", "place")
        assert {leaf.text for leaf in leaves(tree)} == {"medellin", "메데진", "麦德林"}
        assert added(small, "남구에서") == {"남구에서": {"Nam-gu"}}

    def test_a_query_grows_within_bounds(self, thesaurus: Thesaurus) -> None:
        everything = "education health city museum environment culture teacher school family work literacy research"
        tree, _ = thesaurus.expand(parse(everything).tree)
        assert 20 < len(set(leaves(tree))) <= 12 + 64


class TestShippedTables:
    def test_the_contracts_example(self, thesaurus: Thesaurus) -> None:
        found = added(thesaurus, "어르신 디지털", "en", "es")
        assert {"older adults", "personas mayores"} <= found["어르신"]

    def test_a_concept_that_means_the_same_as_a_ring_adds_to_it(self, thesaurus: Thesaurus) -> None:
        assert {"Elderly", "older adults"} <= added(thesaurus, "어르신", "en")["어르신"]

    @pytest.mark.parametrize(
        ("typed", "label"),
        [
            ("평생학습도시에서", "learning city"),
            ("평생 학습 도시", "learning city"),
            ("villes apprenantes", "learning city"),
            ("终身学习", "lifelong learning"),
            ("التعلم مدى الحياة", "lifelong learning"),
            ("apprentissage tout au long de la vie", "lifelong learning"),
            ("bibliotecas", "library"),
        ],
    )
    def test_crosses_languages(self, thesaurus: Thesaurus, typed: str, label: str) -> None:
        (found,) = {frozenset(labels) for labels in added(thesaurus, typed, "en").values()} or {frozenset()}
        assert any(label in one.casefold() or label[:-1] in one.casefold() for one in found)

    @pytest.mark.parametrize(
        ("typed", "never"),
        [
            ("통합", "포용"),
            ("포용", "통합"),
            ("사회통합", "inclusion"),
            ("사회통합", "포용"),
            ("social inclusion", "통합"),
            ("inclusion", "통합"),
            ("시장", "mayor"),
            ("전통시장", "mayor"),
            ("mayor", "시장"),
            ("market", "시장"),
        ],
    )
    def test_traps(self, thesaurus: Thesaurus, typed: str, never: str) -> None:
        assert not any(never in label for labels in added(thesaurus, typed).values() for label in labels)
