"""A step of a revision, noted for its history."""

from __future__ import annotations

from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from kb.domain.roles import Actor
from kb.domain.workflow import Action
from kb.models import Review, Revision, RevisionStep
from kb.models.base import now


def note_step(session: Session, actor: Actor, revision: Revision, action: Action, reason: str | None = None) -> None:
    """Move the revision on and note who did it and why; publishing has its own way (`works.make_public`).

    Raises:
        InvalidTransition: the table has no such step.
    """
    if action is not Action.PUBLISH:
        revision.move(action)
    session.flush()
    if action in (Action.WITHDRAW, Action.PUBLISH):
        session.execute(delete(Review).where(Review.revision_id == revision.id))
    elif action is not Action.SCHEDULE:  # what was planned for the old state is off; who holds it stays
        planned = update(Review).where(Review.revision_id == revision.id)
        session.execute(planned.values(publish_at=None, publish_by_id=None))
    session.add(
        RevisionStep(
            revision_id=revision.id, at=now(), person_id=actor.person, person_name=actor.name, action=action.value,
            reason=reason,
        )
    )  # fmt: skip
