"""Pictures and documents of works, for those who may read the work."""

from __future__ import annotations

import html
import re
from typing import Final
from urllib.parse import unquote

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from kb.domain.errors import N_, NotFound
from kb.domain.kinds import Kind
from kb.domain.permissions import Permission, Subject, can
from kb.domain.roles import Actor
from kb.domain.visibility import sight_of
from kb.models import Attachment, Work
from kb.models.base import now
from kb.models.queries import visible

_LINK: Final = re.compile(r'<(?:a|img) [^>]*?(?:href|src)="([^"]*)"')  # of sanitised HTML: quotes are escaped in it


def links_of(sanitised: str) -> list[str]:
    """Where the links and pictures of a laid-out text lead, each once."""
    return [html.unescape(found) for found in dict.fromkeys(_LINK.findall(sanitised))]


def files_of(work: Work, sanitised: str) -> set[str]:
    """Names of the files beside the work that a laid-out text of it shows or links to."""
    folder = f"/{Kind(work.kind).folder}/{work.slug}/files/"
    links = (link for link in links_of(sanitised) if link.startswith(folder))
    return {unquote(link.removeprefix(folder).partition("#")[0]) for link in links}


def make_files_public(session: Session, work: Work, sanitised: str) -> None:
    """Let readers have the files that a text names which is public now."""
    named = files_of(work, sanitised)
    waiting = update(Attachment).where(Attachment.work_id == work.id, Attachment.public_at.is_(None))
    session.execute(waiting.where(Attachment.name.in_(named)).values(public_at=now()))


def get_attachment(session: Session, actor: Actor, kind: Kind, slug: str, name: str) -> Attachment:
    """The file of that name beside a work.

    Raises:
        NotFound: no such file, or not for this actor: what no public text names is seen by the city's writers only.
    """
    work = session.scalar(select(Work).where(Work.kind == kind.value, Work.slug == slug))
    query = select(Attachment).where(Attachment.name == name, Attachment.work_id == (work.id if work else None))
    if work is None or not can(actor, Permission.DRAFT_READ, Subject(city=work.city_slug)):
        works = visible(sight_of(actor), archived=True).with_only_columns(Work.id)
        query = query.where(Attachment.public_at.is_not(None), Attachment.work_id.in_(works))
    found = session.scalar(query)
    if found is None:
        raise NotFound(N_("There is nothing at this address."))
    return found
