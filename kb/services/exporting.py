"""Taking the library out: the same layout that comes in, the same bytes each time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from kb.domain.kinds import Kind, dump_header, read_header
from kb.domain.roles import ANYONE
from kb.domain.visibility import Sight, Visibility, sight_of
from kb.domain.vocabularies import dump_scheme
from kb.models import Attachment, Entry, Work
from kb.models.queries import public_texts, visible
from kb.services.pages import list_pages
from kb.services.vocabularies import list_files, load_vocabularies
from kb.storage.port import Storage
from kb.text import frontmatter


def export_files(session: Session, storage: Storage, *, everything: bool) -> Iterator[tuple[str, bytes]]:
    """Path and content of every file, sorted within each part.

    Args:
        everything: also what only the network may read, contacts and archived works. Drafts never leave this way.
    """
    sight = Sight(frozenset(Visibility), contacts=True) if everything else sight_of(ANYONE)
    for scheme in sorted(load_vocabularies(session), key=lambda scheme: scheme.name):
        yield f"vocabularies/{scheme.name}.csv", dump_scheme(scheme).encode()
    for file in list_files(session):
        yield f"vocabularies/{file.name}", file.text.encode()
    for page in list_pages(session):
        yield f"pages/{page.name}/{page.language}.md", frontmatter.dump({"title": page.title}, page.body).encode()
    query = public_texts(sight, archived=everything).order_by(Work.kind, Work.slug, Entry.language)
    for work, entry, revision in session.execute(query.execution_options(yield_per=200)):
        kind = Kind(work.kind)
        header = plain_header(kind, revision.header, contacts=sight.contacts)
        yield f"{kind.folder}/{work.slug}/{entry.language}.md", frontmatter.dump(header, revision.body).encode()
    works = visible(sight, archived=everything).subquery()
    files = (
        select(works.c.kind, works.c.slug, Attachment.name, Attachment.digest)
        .join(Attachment, Attachment.work_id == works.c.id)
        .where(Attachment.public_at.is_not(None))
        .order_by(works.c.kind, works.c.slug, Attachment.name)
    )
    for kind_code, slug, name, digest in session.execute(files):
        yield f"{Kind(kind_code).folder}/{slug}/{name}", storage.get(digest)


def plain_header(kind: Kind, stored: dict[str, Any], *, contacts: bool) -> dict[str, Any]:
    """A revision's header as a file has it, without the contact where that is not for the reader."""
    header = dump_header(read_header(kind, stored))
    return header if contacts else {key: value for key, value in header.items() if key != "contact"}
