"""Pictures and documents of works, for those who may read the work."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from kb.domain.errors import N_, NotFound
from kb.domain.kinds import Kind
from kb.domain.roles import Actor
from kb.domain.visibility import sight_of
from kb.models import Attachment, Work
from kb.models.queries import visible


def get_attachment(session: Session, actor: Actor, kind: Kind, slug: str, name: str) -> Attachment:
    """The file of that name beside a work.

    Raises:
        NotFound: no such file, or of a work that this actor may not see.
    """
    works = visible(sight_of(actor), archived=True).with_only_columns(Work.id)
    works = works.where(Work.kind == kind.value, Work.slug == slug)
    found = session.scalar(select(Attachment).where(Attachment.name == name, Attachment.work_id.in_(works)))
    if found is None:
        raise NotFound(N_("There is nothing at this address."))
    return found
