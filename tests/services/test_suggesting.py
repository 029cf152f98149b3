"""What could be typed next: from what is kept in memory, with the rights of the moment; on both databases."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import update

from kb.db import Database
from kb.domain.roles import ANYONE, Actor, Membership, Role
from kb.models import Entry, Work
from kb.models.base import now
from kb.runtime import Runtime
from kb.services.suggesting import Completions, completions_version, renew_completions, suggest
from kb.services.vocabularies import save_scheme
from kb.text.renderer import Renderer
from tests.factories import VOCABULARIES, case_header, profile_header, research_header, save

READER = Actor(memberships=frozenset({Membership(Role.READER)}))


def renew(database: Database, before: Completions | None = None) -> Completions:
    with database.reading() as session:
        version = completions_version(session)
        return renew_completions(session, before or Completions(), VOCABULARIES, version)


def texts(
    database: Database, kept: Completions, typed: str, actor: Actor = ANYONE, locale: str = "en", limit: int = 8
) -> list[str]:
    with database.reading() as session:
        found = suggest(
            session, actor, typed, completions=kept, vocabularies=VOCABULARIES, locale=locale, limit=limit
        )  # fmt: skip
    return [one.text for one in found]


@pytest.fixture
def library(database: Database, renderer: Renderer) -> Database:
    """A city of several names, some works, one of them in two languages."""
    with database.transaction() as session:
        names = {"en": "Cork", "ko": "코크", "ga": "Corcaigh"}
        save(session, renderer, profile_header("cork", name="Cork", names=names, aliases=["Leeside"]), slug="cork")
        save(session, renderer, case_header("cork", title="Learning neighbourhoods"), slug="a")
        translation = {"kind": "case", "title": "학습마을 이야기", "summary": "지어냄.", "translation_of": "en",
                       "translation": {"by": "person", "date": "2026-11-23"}}  # fmt: skip
        save(session, renderer, translation, slug="a", language="ko")
        save(session, renderer, research_header("cork", title="A study of neighbours"), slug="b")
    return database


def test_cities_by_any_name_are_shown_in_the_readers_language(library: Database) -> None:
    kept = renew(library)
    for typed in ("cork", "COR", "코크", "ㅋㅋ", "corcaigh", "leesi", "crok"):
        assert texts(library, kept, typed)[0] == "Cork", typed
        assert texts(library, kept, typed, locale="ko")[0] == "코크", typed


def test_titles_by_any_word_one_version_of_each_work(library: Database) -> None:
    kept = renew(library)
    assert texts(library, kept, "neigh") == ["A study of neighbours", "Learning neighbourhoods"]  # newest first
    assert texts(library, kept, "학습마") == texts(library, kept, "ㅎㅅㅁㅇ") == ["학습마을 이야기"]
    assert texts(library, kept, "") == texts(library, kept, "zzz") == []


def test_themes_lead_to_their_page(library: Database) -> None:
    with library.reading() as session:
        found = suggest(
            session, ANYONE, "clusters l", completions=renew(library), vocabularies=VOCABULARIES, locale="ko"
        )
    assert [(one.text, one.kind, one.url, one.language) for one in found] == [
        ("clusters literacy 말", "theme", "/themes/clusters/literacy", "ko")
    ]


def test_no_kind_takes_all_the_room(library: Database, renderer: Renderer) -> None:
    with library.transaction() as session:
        for number in range(12):
            save(session, renderer, case_header(title=f"Clusters of cork {number}"), slug=f"cork-{number}")
            slug = f"corktown-{number}"
            save(session, renderer, profile_header(slug, name=f"Corktown {number}"), slug=slug)
    kept = renew(library)
    found = texts(library, kept, "cork")
    assert len(found) == 8
    assert found[0] == "Cork"
    assert sum(text.startswith("Clusters") for text in found) >= 2
    assert len(texts(library, kept, "cl", limit=30)) > 8


def test_rights_hold_in_what_is_kept_and_at_the_moment(library: Database, renderer: Renderer) -> None:
    with library.transaction() as session:
        save(session, renderer, case_header(title="Secret story", visibility="network"), slug="network")
        save(session, renderer, case_header(title="Secret draft"), slug="draft", publish=False)
        save(session, renderer, profile_header("hidden", name="Secretville", visibility="network"), slug="hidden")
        gone, _ = save(session, renderer, case_header(title="Secret of old"), slug="gone")
        gone.archived_at = now()
    kept = renew(library)
    assert texts(library, kept, "secret") == []
    assert texts(library, kept, "secertville") == []
    assert set(texts(library, kept, "secret", READER)) == {"Secret story", "Secretville"}

    with library.transaction() as session:  # closed, withdrawn and renamed after the lines were kept
        session.execute(update(Work).where(Work.slug == "a").values(visibility="network"))
        session.execute(update(Work).where(Work.slug == "cork").values(archived_at=now()))
        session.execute(update(Entry).where(Entry.title == "A study of neighbours").values(title="Another"))
    assert texts(library, kept, "learning") == texts(library, kept, "cork") == []
    assert texts(library, kept, "study") == ["Another"]


def test_what_changes_is_found_and_the_rest_is_not_read_again(library: Database, renderer: Renderer) -> None:
    before = renew(library)
    with library.transaction() as session:
        save(session, renderer, case_header("cork", title="A new beginning"), slug="new")
        save(session, renderer, case_header("cork", title="Learning quarters"), slug="a")
        work = session.get(Work, next(key for key, kept in before.works.items() if "study" in str(kept.lines)))
        assert work
        work.archived_at = now()
    after = renew(library, before)
    assert after.version > before.version
    assert texts(library, after, "beginn") == ["A new beginning"]
    assert texts(library, after, "learning") == ["Learning quarters"]
    assert texts(library, after, "study") == []
    same = [key for key in before.works if after.works[key] is before.works[key]]
    assert len(same) == 1  # the city
    again = renew(library, after)
    assert again.small is after.small
    assert after.large is before.large


def test_small_shelves_are_joined_with_the_large_ones_when_they_have_grown(
    library: Database, renderer: Renderer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kb.services.suggesting._SMALL", 2)
    kept = renew(library)
    for number in range(4):
        with library.transaction() as session:
            save(session, renderer, case_header(title=f"Story {number}"), slug=f"story-{number}")
        kept = renew(library, kept)
        assert texts(library, kept, "story") == [f"Story {at}" for at in range(number, -1, -1)]
        assert len(kept.changed) == (number + 1) % 3


def test_requests_share_what_is_kept_and_one_of_them_renews_it(empty: Runtime, renderer: Renderer) -> None:
    parts = replace(empty, complete_every=3600)
    with parts.database.reading() as session:
        first = parts.completions(session)
    assert texts(parts.database, first, "new") == []
    with parts.database.transaction() as session:
        save(session, renderer, case_header(title="A new beginning"), slug="new")
    with parts.database.reading() as session:
        assert parts.completions(session) is first  # not so soon
        parts.complete_every = 0
        with parts._completing:
            assert parts.completions(session) is first  # another request is at it
        second = parts.completions(session)
        assert texts(parts.database, second, "new") == ["A new beginning"]
        assert parts.completions(session) is second
    with parts.database.transaction() as session:
        save_scheme(session, ANYONE, VOCABULARIES["clusters"])
    with parts.database.reading() as session:
        third = parts.completions(session)
    assert third.themes is not second.themes
    assert third.large is second.large
