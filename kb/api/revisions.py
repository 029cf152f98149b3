"""The history of an entry, as far as the caller may see it (public contract, section 8)."""

from __future__ import annotations

from kb.api.operations import operation
from kb.api.writing import Draft, RevisionItem, RevisionsAnswer, StepItem
from kb.domain.errors import N_, NotFound
from kb.domain.identifiers import is_language, is_slug
from kb.domain.kinds import MODELS, Kind
from kb.runtime import current_actor, session
from kb.services import history

_REVISIONS = "/entries/<kind>/<slug>/<language>/revisions"


@operation(_REVISIONS, RevisionsAnswer, refusals=(404,))
def list_revisions(kind: str, slug: str, language: str) -> RevisionsAnswer:
    """List the revisions of a language version.

    Everyone sees what was public; the writers of the city see all, and what happened to it.
    """
    place = _place(kind, slug, language)
    address = f"/api/v1/entries/{kind}/{slug}/{language}/revisions"
    return RevisionsAnswer(
        revisions=[
            RevisionItem(
                number=item.number,
                state=item.state,
                author=item.author,
                created_at=item.created_at,
                published_at=item.published_at,
                steps=[
                    StepItem(action=step.action, at=step.at, by=step.name, reason=step.reason) for step in item.steps
                ],
                url=f"{address}/{item.number}" if item.readable else None,
            )
            for item in history.list_history(session(), current_actor(), *place)
        ]
    )


@operation(f"{_REVISIONS}/<int:number>", Draft, refusals=(404,))
def read_revision(kind: str, slug: str, language: str, number: int) -> Draft:
    """Read one revision: the public one, or any of those for whose city one writes."""
    place = _place(kind, slug, language)
    found = history.read_version(session(), current_actor(), *place, number)
    revision = found.revision
    facts = {
        "slug": slug, "language": language, "number": revision.number, "state": revision.state, "body": revision.body,
        "html": revision.html,
    }  # fmt: skip
    return Draft.of(place[0], facts, found.header)


def _place(kind: str, slug: str, language: str) -> tuple[Kind, str, str]:
    if kind not in MODELS or not is_slug(slug) or not is_language(language):
        raise NotFound(N_("There is nothing at this address."))
    return Kind(kind), slug, language
