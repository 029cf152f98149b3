"""Selects that are used in more than one place; `visible` is the only way to what readers see."""

from __future__ import annotations

from sqlalchemy import Select, select
from sqlalchemy.orm import contains_eager

from kb.domain.visibility import Sight
from kb.domain.workflow import State
from kb.models.work import Entry, Revision, Work


def visible(sight: Sight, *, archived: bool = False) -> Select[Work]:
    """Published works that this sight reaches; archived ones only where asked for."""
    query = select(Work).where(
        Work.published_at.is_not(None),
        Work.visibility.in_(sorted(value.value for value in sight.visibilities)),
    )
    return query if archived else query.where(Work.archived_at.is_(None))


def with_public_entries(query: Select[Work]) -> Select[Work]:
    """The works with those of their language versions that are public, and nothing else of them."""
    return (
        query.join(Work.entries)
        .join(Revision, (Revision.entry_id == Entry.id) & (Revision.state == State.PUBLISHED.value))
        .options(contains_eager(Work.entries))
        .execution_options(populate_existing=True)
    )


def public_texts(sight: Sight, *, archived: bool = False) -> Select[Work, Entry, Revision]:
    """Each public language version with its text."""
    return (
        visible(sight, archived=archived)
        .join(Entry, Entry.work_id == Work.id)
        .join(Revision, (Revision.entry_id == Entry.id) & (Revision.state == State.PUBLISHED.value))
        .add_columns(Entry, Revision)
        .with_only_columns(Work, Entry, Revision)
    )
