"""“Did you mean”: from words of texts that the reader may see."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from kb.domain.roles import ANYONE, Actor, Membership, Role
from kb.runtime import Runtime
from kb.search.expansion import Thesaurus
from kb.services import indexing
from kb.services.spelling import ENOUGH, did_you_mean
from kb.text.renderer import Renderer
from tests.factories import case_header, profile_header, save

READER = Actor(memberships=frozenset({Membership(Role.READER)}))
THESAURUS = Thesaurus.from_rows([{"id": "1", "en": "andragogy", "ko": "성인교육학"}], [], [])
BODY = "People are learning together in libraries. 어르신 디지털 교육과 평생학습.\n"

Mean = Callable[..., str | None]


@pytest.fixture
def mean(empty: Runtime, renderer: Renderer) -> Iterator[Mean]:
    """Asks about a query in a small library."""
    with empty.database.transaction() as session:
        save(session, renderer, profile_header("medellin", name="Medellín"), slug="medellin")
        save(session, renderer, case_header("medellin", title="Learning at Night"), BODY, slug="a")
        save(session, renderer, case_header("medellin", title="The learnings"), BODY, slug="b")
        save(session, renderer, case_header(title="Zyxwsecret", visibility="network"), "Quagmire.\n", slug="network")
        for number in range(50):
            save(session, renderer, case_header(title=f"Museums {number}"), BODY, slug=f"many-{number}")
        save(session, renderer, case_header(title="Musems"), BODY, slug="typo")
    with empty.database.reading() as session:
        while indexing.drain(session, empty.engine):
            pass

    def ask(query: str, actor: Actor = ANYONE, total: int = 0) -> str | None:
        with empty.database.reading() as session:
            return did_you_mean(session, empty.engine, actor, query, total, THESAURUS)

    yield ask


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("lerning", "learning"),
        ("LERNING", "learning"),
        ("learnign togehter", "learning together"),
        ("lerning at Medelin", "learning at Medellín"),
        ("libaries OR lerning", "libraries OR learning"),
        ('"lerning together" libraries', '"learning together" libraries'),
        ("(lerning)", "(learning)"),
        ("평셍학습", "평생학습"),
        ("평셍학습에서", "평생학습"),
        ("어르신 디지탈", "어르신 디지털"),
        ("vudtodgkrtmq", "평생학습"),
        ("ㅣㄷㅁ구ㅑㅜㅎ together", "learning together"),
        ("nihgt", "night"),
        ("learning", None),
        ("library", None),  # found as libraries
        ("평생학습을", None),
        ("andragogy", None),  # a word of the thesaurus
        ("성인교육학", None),
        ("lerning*", None),
        ("lerning~", None),
        ("title:lerning -lerning year:2020", None),
        ("the teh", None),
        ("lerning2", None),
        ("zzzzzzzz", None),
        ("学习", None),
        ("", None),
        ("\0 🙂 ((( *", None),
    ],
)
def test_words_are_put_right_as_the_texts_write_them(mean: Mean, typed: str, meant: str | None) -> None:
    found = mean(typed)
    assert (found and found.replace("Night", "night")) == meant


def test_a_rare_word_gives_way_to_a_common_one_where_too_little_was_found(mean: Mean) -> None:
    assert mean("musems", total=1) == "Museums"
    assert mean("musems", total=ENOUGH) is None
    assert mean("lerning", total=ENOUGH) == "learning"  # no text has it, whatever else was found


def test_a_word_that_only_hidden_texts_have_is_never_said(mean: Mean) -> None:
    for typed in ("zyxwsecrt", "zyxwsecrets", "quagmre"):
        assert mean(typed) is None
    assert mean("zyxwsecrt", READER) == "Zyxwsecret"
    assert mean("quagmre", READER) == "Quagmire"


def test_an_index_that_knows_more_than_the_reader_may_see_says_nothing(
    mean: Mean, empty: Runtime, renderer: Renderer
) -> None:
    assert mean("medelin") == "Medellín"
    with empty.database.transaction() as session:  # closed, and the index has yet to learn of it
        save(session, renderer, profile_header("medellin", name="Medellín", visibility="network"), slug="medellin")
        for slug in ("a", "b"):
            save(session, renderer, case_header("medellin", visibility="network"), BODY, slug=slug)
    assert mean("medelin") is None
    assert mean("medelin", READER) == "Medellín"
