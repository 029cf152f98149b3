"""Works and files that a text names: whether they are there."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import select
from sqlalchemy.orm import Session

from kb.domain.errors import N_, Invalid, Problem
from kb.domain.kinds import AnyHeader, Kind
from kb.domain.roles import Actor
from kb.models import Attachment, Work
from kb.services.attachments import files_of, links_of
from kb.services.library_source import linked_works, references
from kb.services.reach import may_name


def check_references(session: Session, actor: Actor, header: AnyHeader, own: tuple[Kind, str]) -> None:
    """Refuse a header that names works which are not there, or not for the actor to know of.

    Args:
        own: kind and slug of the work itself, which may name itself before it is there.

    Raises:
        Invalid: one problem for each name.
    """
    named = [(field, kind, slug) for field, kind, slug in references(header) if (kind, slug) != own]
    known = _known(session, actor, [(kind, slug) for _, kind, slug in named])
    problems = [
        Problem(N_("There is no “%(slug)s” in the library."), {"slug": slug}, field)
        for field, kind, slug in named
        if (kind, slug) not in known
    ]
    if problems:
        raise Invalid(problems)


def find_dead_links(session: Session, actor: Actor, work: Work, sanitised: str) -> Iterator[Problem]:
    """Links of a laid-out text that lead to nothing in the library, and files that are not beside it."""
    named = files_of(work, sanitised)
    files = select(Attachment.name).where(Attachment.work_id == work.id, Attachment.name.in_(named))
    for name in sorted(named - set(session.scalars(files))):
        yield Problem(N_("There is no file “%(name)s” beside the text."), {"name": name}, "body")
    folder = f"/{Kind(work.kind).folder}/{work.slug}/files/"
    linked = list(linked_works(link for link in links_of(sanitised) if not link.startswith(folder)))
    known = _known(session, actor, [(kind, slug) for _, kind, slug in linked])
    for link, kind, slug in linked:
        if (kind, slug) not in known:
            yield Problem(N_("The link %(link)s leads to nothing in the library."), {"link": link}, "body")


def _known(session: Session, actor: Actor, works: list[tuple[Kind, str]]) -> set[tuple[Kind, str]]:
    by_kind: dict[Kind, set[str]] = {}
    for kind, slug in works:
        by_kind.setdefault(kind, set()).add(slug)
    return {(kind, slug) for kind, slugs in by_kind.items() for slug in may_name(session, actor, kind, slugs)}
