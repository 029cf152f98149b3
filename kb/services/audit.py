"""The log of who did what to what, written in the transaction of the deed."""

from __future__ import annotations

from sqlalchemy.orm import Session

from kb.domain.roles import Actor
from kb.models import AuditEvent


def record(
    session: Session, actor: Actor, action: str, object_type: str, object_id: str, **detail: str | int | None
) -> None:
    """Note that the actor did this to that; `detail` carries no secret and no text of an entry."""
    session.add(
        AuditEvent(
            actor_id=actor.person,
            actor_name=actor.name,
            address=actor.address,
            action=action,
            object_type=object_type,
            object_id=object_id,
            detail=detail,
        )
    )
