"""Texts for tests, made and marked as such; nothing of them is in the shipped library."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from kb.domain.kinds import Kind, check_header
from kb.domain.roles import COMMAND_LINE, Actor
from kb.domain.vocabularies import Concept, Scheme, Vocabularies
from kb.models import Work
from kb.services import works
from kb.text.renderer import Renderer


def scheme(name: str, *codes: str) -> Scheme:
    """A scheme of these codes; `1.2` has the parent `1`."""
    return Scheme(
        name,
        {
            code: Concept(code, code.rpartition(".")[0] or None, {"en": f"{name} {code}", "ko": f"{name} {code} 말"})
            for code in codes
        },
    )


VOCABULARIES = Vocabularies(
    [
        scheme("key_features", "1", "1.1", "1.1.1", "2", "2.2", "2.2.1"),
        scheme("clusters", "esd", "literacy"),
        scheme("countries", "KR", "IE", "CO"),
        scheme("regions", "asia-pacific", "europe-north-america", "latin-america-caribbean"),
        scheme("stages", "planned", "running"),
        scheme("target_groups", "everyone", "older-adults"),
        scheme("gnlc_statuses", "member", "candidate"),
        scheme("sdgs", *map(str, range(1, 18))),
    ]
)


def profile_header(slug: str = "testville", **fields: Any) -> dict[str, Any]:
    """The header of a made-up city's profile."""
    name = slug.title()
    header = {"kind": "profile", "title": name, "summary": f"{name}, a city made up for tests.", "city": slug,
              "name": name, "country": "IE"}  # fmt: skip
    return header | fields


def case_header(city: str = "testville", **fields: Any) -> dict[str, Any]:
    """The header of a made-up case."""
    header = {"kind": "case", "title": "A made-up case", "summary": "Made up for tests.", "city": city}
    return header | fields


def research_header(city: str | None = "testville", **fields: Any) -> dict[str, Any]:
    """The header of a made-up research result."""
    header: dict[str, Any] = {"kind": "research", "title": "A made-up study", "summary": "Made up for tests."}
    return header | ({"city": city} if city else {}) | fields


def save(
    session: Session,
    renderer: Renderer,
    header: dict[str, Any],
    body: str = "Made up.\n",
    *,
    slug: str,
    language: str = "en",
    publish: bool = True,
    actor: Actor = COMMAND_LINE,
) -> tuple[Work, works.Outcome]:
    """Save a text as files, forms and the API do."""
    kind = Kind(header["kind"])
    checked = check_header(header, kind, vocabularies=VOCABULARIES)
    rendered = renderer.render(body, base=f"/{kind.folder}/{slug}/")
    text = works.TextOfEntry(kind, slug, language, checked, body, rendered)
    work = works.find_works(session, kind, [slug]).get(slug)
    return works.save_text(session, actor, text, publish=publish, vocabularies=VOCABULARIES, work=work)
