"""More like this: what works of other cities share, and why; on both databases."""

from __future__ import annotations

import pytest

from kb.db import Database
from kb.domain.kinds import Kind
from kb.domain.roles import ANYONE, Actor, Membership, Role
from kb.models.base import now
from kb.services import library, relating
from kb.text.renderer import Renderer
from tests.factories import case_header, profile_header, research_header, save

READER = Actor(memberships=frozenset({Membership(Role.READER)}))


def find(database: Database, actor: Actor = ANYONE, slug: str = "a") -> dict[str, list[tuple[str, str]]]:
    """The slugs of what is like a case, each with its reasons."""
    with database.reading() as session:
        record = library.get_record(session, actor, Kind.CASE, slug, ["en"])
        found = relating.related(session, actor, record, ["en"])
    return {near.card.slug: [(reason.by, reason.code) for reason in near.reasons] for near in found}


def test_works_of_other_cities_that_share_most_come_first(database: Database, renderer: Renderer) -> None:
    with database.transaction() as session:
        save(session, renderer, case_header(key_features=["2.2.1"], clusters=["esd"]), slug="a")
        save(session, renderer, case_header(key_features=["2.2.1"]), slug="same-city")
        save(session, renderer, case_header("elsewhere", key_features=["2.2.1"]), slug="one-theme")
        save(session, renderer, case_header("elsewhere", key_features=["2.2.1"], clusters=["esd"]), slug="two-themes")
        save(session, renderer, research_header(None, clusters=["literacy"]), slug="other-theme")
    assert find(database) == {
        "two-themes": [("clusters", "esd"), ("key_features", "2.2.1")],
        "one-theme": [("key_features", "2.2.1")],
    }


def test_the_same_people_cost_and_size_of_city_count_too(database: Database, renderer: Renderer) -> None:
    def people(number: int) -> dict[str, object]:
        return {"value": number, "unit": "people", "as_of": "2020", "source": "Made up."}

    shared = {"key_features": ["2.2.1"], "target_groups": ["everyone", "older-adults"], "cost_band": 2}
    with database.transaction() as session:
        save(session, renderer, profile_header(population=people(100_000)), slug="testville")
        save(session, renderer, profile_header("near", population=people(190_000)), slug="near")
        save(session, renderer, profile_header("far", population=people(210_000)), slug="far")
        save(session, renderer, case_header(**shared), slug="a")
        save(session, renderer, case_header("near", **shared), slug="all")
        save(session, renderer, case_header("far", **shared | {"cost_band": 3}), slug="some")
        save(
            session,
            renderer,
            case_header("far", **shared | {"target_groups": ["everyone"], "cost_band": 3}),
            slug="few",
        )
        save(session, renderer, case_header("near", **shared | {"key_features": []}), slug="no-theme")
    theme, group = ("key_features", "2.2.1"), ("target_groups", "older-adults")
    assert find(database) == {
        "all": [theme, group, ("size", ""), ("cost_bands", "2")],
        "some": [theme, group],
        "few": [theme],
    }


def test_what_the_reader_may_not_see_is_like_nothing(database: Database, renderer: Renderer) -> None:
    themes = {"key_features": ["2.2.1"]}
    with database.transaction() as session:
        save(session, renderer, case_header(**themes), slug="a")
        save(session, renderer, case_header("elsewhere", **themes, visibility="network"), slug="network")
        save(session, renderer, case_header("elsewhere", **themes), slug="draft", publish=False)
        work, _ = save(session, renderer, case_header("elsewhere", **themes), slug="gone")
        work.archived_at, work.archive_reason = now(), "Told elsewhere."
    assert find(database) == {}
    assert list(find(database, READER)) == ["network"]


def test_a_work_without_themes_is_like_nothing(database: Database, renderer: Renderer) -> None:
    with database.transaction() as session:
        save(session, renderer, case_header(), slug="a")
        save(session, renderer, case_header("elsewhere", clusters=["esd"]), slug="b")
    assert find(database) == {}


@pytest.mark.parametrize("theme", ["2.2.1", "1.1.1"])
def test_a_rare_theme_says_more(database: Database, renderer: Renderer, theme: str) -> None:
    common = "2.2.1" if theme == "1.1.1" else "1.1.1"
    with database.transaction() as session:
        save(session, renderer, case_header(key_features=["1.1.1", "2.2.1"]), slug="a")
        save(session, renderer, case_header("elsewhere", key_features=[theme]), slug="rare")
        for number in range(6):
            save(session, renderer, case_header("elsewhere", key_features=[common]), slug=f"common-{number}")
    assert next(iter(find(database))) == "rare"
