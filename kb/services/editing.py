"""Writing: a draft is begun, saved, carried on; nothing that was typed is lost (public contract, sections 7 and 8)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from kb.domain.errors import N_, Conflict, Invalid, NotPermitted
from kb.domain.kinds import Kind, TranslationHeader
from kb.domain.permissions import Permission, Subject, can, require
from kb.domain.roles import Actor
from kb.domain.workflow import WRITABLE_STATES, Action, InvalidTransition, State
from kb.models import City, Entry, RequestKey, Revision, SavedText, Work
from kb.models.base import now
from kb.services import audit, autosaves, works
from kb.services.mentions import check_references
from kb.services.reach import knows_of, reach_draft, reach_entry, reach_work
from kb.services.steps import note_step
from kb.services.turns import take_turn
from kb.services.works import TextOfEntry, address_of, digest_of, find_works, open_revision, public_revision
from kb.text.merge import Merged, merge

WHATEVER: Final = "*"  # a base that agrees with any text
_KEY_LENGTH: Final = 255


@dataclass(frozen=True)
class Standing:
    """A revision as it stood at one moment; it outlives the transaction."""

    number: int
    state: State
    digest: str
    header: Mapping[str, Any]
    body: str
    html: str

    @classmethod
    def of(cls, revision: Revision) -> Standing:
        """The revision now."""
        return cls(
            revision.number, State(revision.state), revision.digest, revision.header, revision.body, revision.html
        )


class SavedMeanwhile(Conflict):
    """Somebody else saved after the text was taken up.

    Attributes:
        current: the revision as it stands now.
        merged: both changes in one text, to go on from.
    """

    def __init__(self, current: Standing, merged: Merged) -> None:
        super().__init__(N_("Somebody else has saved this text since you opened it. Nothing of yours is lost."))
        self.current, self.merged = current, merged


def get_draft(session: Session, actor: Actor, kind: Kind, slug: str, language: str) -> Revision:
    """The open revision, for those who may read it.

    Raises:
        NotFound: nothing is open, or not for this actor.
        NotPermitted: the entry is known to them, its drafts are not theirs.
    """
    return reach_draft(session, actor, kind, slug, language, Permission.DRAFT_READ)


def start(session: Session, actor: Actor, text: TextOfEntry, *, key: str | None = None) -> tuple[Revision, bool]:
    """Begin a draft with this text: of a new work, of a new translation, or beside what is public.

    Args:
        key: the caller's own name for this request; sent again it answers what it answered first.

    Returns:
        The revision, and whether it was made now.

    Raises:
        NotPermitted: the actor does not write for this city.
        Conflict: the address is taken, or a draft is open already.
        Invalid: the header names what is not there, or the key was used for something else.
    """
    if found := _answered(session, actor, text, key):
        return found, False
    take_turn(session, f"work {text.kind.value}/{text.slug}")
    work = find_works(session, text.kind, [text.slug]).get(text.slug)
    _check_city(session, actor, text, work)
    check_references(session, actor, text.header, (text.kind, text.slug))
    if work and work.archived_at:
        raise Conflict(N_("This entry is archived: bring it back first."))
    work, entry, _ = works.place(session, text, work)
    if open_revision(entry):
        raise Conflict(N_("A draft of this text is open already: go on with that one."))
    revision = works.new_revision(session, actor, entry, text)
    session.flush()
    if key and actor.person:
        session.add(
            RequestKey(person_id=actor.person, key=key, request=_asked(text), revision_id=revision.id, created_at=now())
        )
    audit.record(session, actor, "draft", "entry", address_of(entry), revision=revision.number)
    return revision, True


def _answered(session: Session, actor: Actor, text: TextOfEntry, key: str | None) -> Revision | None:
    """What the same request was answered with before."""
    if key is None or actor.person is None:
        return None
    if not 0 < len(key) <= _KEY_LENGTH or not key.isprintable():
        raise Invalid.of(N_("must have 1 to 255 characters that can be seen."), field="Idempotency-Key")
    take_turn(session, f"key {actor.person} {key}")
    found = session.get(RequestKey, (actor.person, key))
    if found is None:
        return None
    if found.request != _asked(text):
        raise Invalid.of(N_("was used for another request already; make a new one."), field="Idempotency-Key")
    return session.get_one(Revision, found.revision_id)


def _asked(text: TextOfEntry) -> str:
    said = f"{text.kind.value}/{text.slug}/{text.language}/{digest_of(text.plain_header, text.body)}"
    return hashlib.sha256(said.encode()).hexdigest()


def _check_city(session: Session, actor: Actor, text: TextOfEntry, work: Work | None) -> None:
    """The actor writes for the city that the header names, and for the one of the work."""
    named = None if isinstance(text.header, TranslationHeader) else text.header.city
    if isinstance(text.header, TranslationHeader):
        _require_somewhere(actor)  # who writes nowhere learns nothing of what is there
    else:
        require(actor, Permission.DRAFT_WRITE, Subject(city=named))
    if work and not knows_of(actor, work):
        raise Conflict(N_("This address is taken: choose another one."))
    if work:
        require(actor, Permission.DRAFT_WRITE, Subject(city=work.city_slug))
    if text.kind is Kind.PROFILE and named is not None:
        if text.slug != named:
            raise Invalid.of(N_("must be the city of the address, “%(slug)s”."), field="city", slug=text.slug)
        if session.get(City, text.slug) is None:
            require(actor, Permission.CITY_ADMINISTER)


def _require_somewhere(actor: Actor) -> None:
    held = (Subject(city=membership.city) for membership in actor.memberships)
    if not any(can(actor, Permission.DRAFT_WRITE, subject) for subject in held):
        raise NotPermitted(N_("You are not allowed to do this here."))


def save(session: Session, actor: Actor, text: TextOfEntry, *, base: str) -> Revision:
    """Save a draft that was begun.

    Args:
        base: digest of the text that the change was made to (`Revision.digest`), or `WHATEVER`.

    Raises:
        NotFound, NotPermitted: as `get_draft`.
        InvalidTransition: it waits for review.
        SavedMeanwhile: it is not the present text, and this one is not the same as the present either.
        Invalid: the header names what is not there, or belongs to a translation where this is none.
    """
    revision = reach_draft(session, actor, text.kind, text.slug, text.language, Permission.DRAFT_WRITE)
    if State(revision.state) not in WRITABLE_STATES:
        raise InvalidTransition(State(revision.state), Action.RESUME)
    _check_city(session, actor, text, revision.entry.work)
    check_references(session, actor, text.header, (text.kind, text.slug))
    works.place(session, text, revision.entry.work)  # an original stays one, a translation too
    if digest_of(text.plain_header, text.body) != revision.digest:
        if base not in (revision.digest, WHATEVER):
            raise SavedMeanwhile(Standing.of(revision), _merge(session, revision, text, base))
        if revision.state == State.CHANGES_REQUESTED:
            note_step(session, actor, revision, Action.RESUME)
        works.write(session, actor, revision, text)
        audit.record(session, actor, "save", "entry", address_of(revision.entry), revision=revision.number)
    autosaves.drop(session, actor, revision.entry)
    return revision


def _merge(session: Session, revision: Revision, text: TextOfEntry, base: str) -> Merged:
    """Both changes in one; where the common start is not known, all of both."""
    saved = session.scalars(
        select(SavedText).where(SavedText.revision_id == revision.id, SavedText.digest == base).limit(1)
    ).first()
    older = session.scalars(
        select(Revision).where(Revision.entry_id == revision.entry_id, Revision.digest == base).limit(1)
    ).first()
    start = saved or older
    return merge(
        (start.header, start.body) if start else ({}, ""),
        (text.plain_header, text.body),
        (revision.header, revision.body),
    )


def revise(session: Session, actor: Actor, kind: Kind, slug: str, language: str, number: int | None = None) -> Revision:
    """Begin a new draft from the public text or, to restore it, from an older revision.

    Raises:
        NotFound, NotPermitted: as `get_draft`; or there is no such revision.
        Conflict: a draft is open already.
    """
    entry = reach_entry(session, actor, kind, slug, language, Permission.DRAFT_WRITE)
    if entry.work.archived_at:
        raise Conflict(N_("This entry is archived: bring it back first."))
    if open_revision(entry):
        raise Conflict(N_("A draft of this text is open already: go on with that one."))
    source = public_revision(entry)
    if number is not None:
        source = next((found for found in entry.revisions if found.number == number), None)
    if source is None:
        raise Conflict(N_("There is no such text to begin with."))
    revision = Revision(
        number=max(found.number for found in entry.revisions) + 1, state=State.DRAFT.value, author_id=actor.person,
        created_at=now(), header=source.header, body=source.body, html=source.html, plain=source.plain,
        headings=source.headings, digest=source.digest, translated_from_id=source.translated_from_id,
    )  # fmt: skip
    entry.revisions.append(revision)
    if actor.person:
        works.note_save(session, actor, revision)
    session.flush()
    audit.record(
        session, actor, "draft", "entry", address_of(entry), revision=revision.number, source=source.number
    )  # fmt: skip
    return revision


def caught_up(session: Session, actor: Actor, kind: Kind, slug: str, language: str) -> Revision:
    """Note that a translation now says what the public original says.

    Raises:
        NotFound, NotPermitted: as `get_draft`.
        Conflict: this is no translation, or the original is not public.
    """
    revision = reach_draft(session, actor, kind, slug, language, Permission.DRAFT_WRITE)
    source = works.public_original(revision.entry.work)
    if "translation_of" not in revision.header or source is None:
        raise Conflict(N_("Only a translation of a public text can be brought up to date."))
    revision.translated_from_id = source
    audit.record(session, actor, "catch up", "entry", address_of(revision.entry), revision=revision.number)
    return revision


def start_translation(session: Session, actor: Actor, kind: Kind, slug: str, language: str) -> Entry:
    """The original, as what a translation into this language begins from.

    Raises:
        NotFound, NotPermitted: as `get_draft`.
        Conflict: there is a text in this language already, or no public original.
    """
    work = reach_work(session, actor, kind, slug, Permission.DRAFT_WRITE)
    if any(entry.language == language for entry in work.entries):
        raise Conflict(N_("There is a text in this language already."))
    if works.public_original(work) is None:
        raise Conflict(N_("The original is not public yet: it comes first."))
    return next(entry for entry in work.entries if entry.language == work.original_language)
