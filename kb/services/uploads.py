"""Pictures and documents are added to a work by its writers; readers get them with the text that names them."""

from __future__ import annotations

import re
import unicodedata
from pathlib import PurePosixPath
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from kb.domain.errors import N_, Conflict, Invalid
from kb.domain.kinds import Kind
from kb.domain.permissions import Permission
from kb.domain.roles import Actor
from kb.models import Attachment
from kb.models.base import now
from kb.services import audit
from kb.services.reach import reach_work
from kb.storage.port import Storage
from kb.text.files import Prepared

_ALT_LENGTH: Final = 500
_MOST: Final = 200  # files of a work
_ODD: Final = re.compile(r"[^\w .()-]+")


def attach(
    session: Session,
    actor: Actor,
    kind: Kind,
    slug: str,
    name: str,
    alt: str,
    file: Prepared,
    *,
    storage: Storage,
) -> Attachment:
    """Put a file beside a work. The same content under the same name is the same file; another gets another name.

    Args:
        name: as its owner calls it.
        alt: what a picture shows, for those who can't see it.

    Raises:
        NotFound, NotPermitted: the actor does not write for this city.
        Invalid: a picture without words.
        Conflict: the work has too many files.
    """
    work = reach_work(session, actor, kind, slug, Permission.DRAFT_WRITE)
    alt = " ".join(alt.split())
    if (file.picture and not alt) or len(alt) > _ALT_LENGTH or not (alt.isprintable() or not alt):
        raise Invalid.of(
            N_("must say in 1 to 500 characters what the picture shows, for those who can't see it."), field="alt"
        )
    digest = storage.put(file.content)
    present = {one.name: one for one in session.scalars(select(Attachment).where(Attachment.work_id == work.id))}
    stem, number = _stem(name), 1
    called = f"{stem}{file.ending}"
    while called in present and present[called].digest != digest:
        number += 1
        called = f"{stem}-{number}{file.ending}"
    if called in present:
        return present[called]
    if len(present) >= _MOST:
        raise Conflict(N_("This entry has as many files as it may have; use one that is there."))
    found = Attachment(
        work_id=work.id, name=called, media_type=file.media_type, size=len(file.content), digest=digest,
        alt=alt or None, created_at=now(),
    )  # fmt: skip
    session.add(found)
    session.flush()
    audit.record(session, actor, "attach", "work", f"{kind.folder}/{slug}", size=found.size)
    return found


def _stem(name: str) -> str:
    """The owner's name for the file without its ending, in characters that an address can have."""
    stem = unicodedata.normalize("NFC", PurePosixPath(name.replace("\\", "/")).stem)
    stem = _ODD.sub("-", stem).replace("..", ".").strip(" .-_()")[:80].rstrip(" .-_(")
    return stem or "file"
