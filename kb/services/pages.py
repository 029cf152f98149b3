"""The pages about the library: about, help, privacy, credits."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from kb.domain.errors import N_, NotFound
from kb.domain.languages import best_language
from kb.domain.roles import Actor
from kb.models import Page
from kb.services import audit
from kb.text.markdown import Rendered


def get_page(session: Session, name: str, languages: Sequence[str]) -> Page:
    """The page in the reader's best language.

    Raises:
        NotFound: no page of that name.
    """
    found = {page.language: page for page in session.scalars(select(Page).where(Page.name == name))}
    if not found:
        raise NotFound(N_("There is nothing at this address."))
    return found[best_language(found, languages, "en")]


def list_pages(session: Session) -> Sequence[Page]:
    """All pages, by name and language."""
    return session.scalars(select(Page).order_by(Page.name, Page.language)).all()


def save_page(
    session: Session, actor: Actor, name: str, language: str, *, title: str, body: str, rendered: Rendered
) -> tuple[bool, bool]:
    """Put the page in the place of what there was.

    Returns:
        Whether there was one, and whether it changed.
    """
    before = session.get(Page, (name, language))
    if before and (before.title, before.body) == (title, body):
        return True, False
    headings = [[heading.level, heading.id, heading.text] for heading in rendered.headings]
    session.merge(Page(name=name, language=language, title=title, body=body, html=rendered.html, headings=headings))
    audit.record(session, actor, "save", "page", f"{name}/{language}")
    return before is not None, True
