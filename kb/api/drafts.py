"""Writing: drafts are made, changed, handed on (public contract, section 8)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, Final
from urllib.parse import quote

from flask import request

from kb.api.actors import bearer_actor
from kb.api.bodies import read_model, read_object, take_text
from kb.api.operations import Reply, operation
from kb.api.problems import NoCondition, Outdated
from kb.api.writing import (
    Archived,
    Archiving,
    AttachmentAnswer,
    ChangedText,
    Draft,
    NewEntry,
    Reason,
    Standing,
    Upload,
)
from kb.domain.errors import N_, Invalid, NotFound
from kb.domain.identifiers import check_language, check_slug, is_language, is_slug
from kb.domain.kinds import MODELS, Kind
from kb.models import Revision
from kb.runtime import renderer, runtime, session, transaction, vocabularies
from kb.services import editing, review, uploads, works
from kb.services.editing import SavedMeanwhile
from kb.text.files import prepare

_DRAFT: Final = "/entries/<kind>/<slug>/<language>/draft"
_REFUSALS: Final = (401, 403, 404, 409, 422)
Place = tuple[Kind, str, str]


@operation(
    "/entries", Draft, method="POST", status=201, takes=NewEntry, headers=("Idempotency-Key",),
    refusals=(400, 401, 403, 409, 415, 422),
)  # fmt: skip
def create_entry() -> Reply:
    """Begin a draft: of a new work, of a translation, or beside a public text."""
    actor, fields = bearer_actor(), read_object()
    kind = _read_kind(take_text(fields, "kind"))
    slug, language = take_text(fields, "slug"), take_text(fields, "language")
    _named("slug", check_slug, slug)
    _named("language", check_language, language)
    text = _compose((kind, slug, language), fields)
    with transaction() as changing:
        key = request.headers.get("Idempotency-Key")
        revision, _ = editing.start(changing, actor, text, key=key)
        place = (kind, slug, language)
        return _reply(place, editing.Standing.of(revision), location=f"/api/v1{_address(place)}")


@operation(_DRAFT, Draft, refusals=(401, 403, 404))
def read_draft(kind: str, slug: str, language: str) -> Reply:
    """Read the open revision."""
    actor, place = bearer_actor(), _place(kind, slug, language)
    return _reply(place, editing.Standing.of(editing.get_draft(session(), actor, *place)))


@operation(
    _DRAFT, Draft, method="PUT", takes=ChangedText, headers=("If-Match",), refusals=(400, *_REFUSALS, 412, 415, 428)
)
def change_draft(kind: str, slug: str, language: str) -> Reply:
    """Save the open revision.

    All of it is sent, not only what changes. `If-Match` says to which text the change was made; where somebody was
    quicker, 412 brings the present text and both changes in one.
    """
    actor, place, fields = bearer_actor(), _place(kind, slug, language), read_object()
    if "If-Match" not in request.headers:
        raise NoCondition(N_("Say by If-Match to which text the change was made: the ETag that came with it."))
    for name, said in zip(("kind", "slug", "language"), place, strict=True):
        if take_text(fields, name, said) != said:
            raise Invalid.of(N_("must be as in the address, “%(said)s”."), field=name, said=said)
    text = _compose(place, fields)
    try:
        with transaction() as changing:
            named = _text_named()
            base = editing.WHATEVER if named is None else named
            return _reply(place, editing.Standing.of(editing.save(changing, actor, text, base=base)))
    except SavedMeanwhile as error:
        current = _draft(place, error.current)
        merged = {"body": error.merged.body, **error.merged.header, "conflicts": list(error.merged.fields)}
        raise Outdated(error.message, current | {"etag": f'"{_etag(error.current)}"'}, merged) from error


@operation(_DRAFT + "/submit", Standing, method="POST", refusals=_REFUSALS)
def submit_draft(kind: str, slug: str, language: str) -> Reply:
    """Hand the draft to the reviewers of its city."""
    return _step(kind, slug, language, partial(review.submit, vocabularies=vocabularies()))


@operation(_DRAFT + "/publish", Standing, method="POST", headers=("If-Match",), refusals=_REFUSALS)
def publish_draft(kind: str, slug: str, language: str) -> Reply:
    """Make the reviewed text public; never one's own. With `If-Match`, only the text that was read."""
    return _step(kind, slug, language, partial(review.publish, vocabularies=vocabularies(), read=_text_named()))


@operation(_DRAFT + "/request-changes", Standing, method="POST", takes=Reason, refusals=(400, *_REFUSALS, 415))
def request_changes(kind: str, slug: str, language: str) -> Reply:
    """Send the text back to its writers."""
    bearer_actor()
    reason = read_model(Reason).reason
    return _step(kind, slug, language, partial(review.request_changes, reason=reason))


@operation(_DRAFT + "/withdraw", Standing, method="POST", refusals=_REFUSALS)
def withdraw_draft(kind: str, slug: str, language: str) -> Reply:
    """Give the draft up; it stays in the history."""
    return _step(kind, slug, language, review.withdraw)


@operation("/entries/<kind>/<slug>/archive", Archived, method="POST", takes=Archiving, refusals=(400, *_REFUSALS, 415))
def archive_entry(kind: str, slug: str) -> Archived:
    """Keep a work, tell so, and take it out of lists and search."""
    actor, wanted = bearer_actor(), read_model(Archiving)
    found, slug, _ = _place(kind, slug, "en")
    with transaction() as changing:
        work = review.archive(changing, actor, found, slug, wanted.reason, wanted.forward)
        return Archived.model_validate(
            {
                "kind": found, "slug": slug, "archived_at": work.archived_at, "archived_reason": work.archive_reason,
                "forward": work.forward,
            }
        )  # fmt: skip


@operation(
    "/entries/<kind>/<slug>/attachments", AttachmentAnswer, method="POST", status=201, takes=Upload,
    media_taken="multipart/form-data", refusals=(400, *_REFUSALS, 413),
)  # fmt: skip
def add_attachment(kind: str, slug: str) -> Reply:
    """Put a picture or a document beside a work.

    Pictures are made anew, without what cameras write into them, and need words for those who can't see them. Readers
    get the file once a public text names it.
    """
    actor = bearer_actor()
    found, slug, _ = _place(kind, slug, "en")
    sent = request.files.get("file")
    if sent is None:
        raise Invalid.of(N_("is missing."), field="file")
    if unknown := {*request.form, *request.files} - {"file", "alt"}:
        raise Invalid.of(N_("is not a field of this kind."), field=min(unknown)[:100])
    name, alt = sent.filename or "", request.form.get("alt", "")
    file = prepare(name, sent.read())
    with transaction() as changing:
        one = uploads.attach(changing, actor, found, slug, name, alt, file, storage=runtime().storage)
        url = f"/{found.folder}/{slug}/files/{quote(one.name)}"
        answer = AttachmentAnswer(name=one.name, url=url, media_type=one.media_type, size=one.size, alt=one.alt)
    return Reply(answer, location=url)


def _step(kind: str, slug: str, language: str, take: Callable[..., Revision]) -> Reply:
    actor, place = bearer_actor(), _place(kind, slug, language)
    with transaction() as changing:
        revision = take(changing, actor, *place)
        answer = Standing.model_validate(
            {
                "kind": place[0], "slug": slug, "language": language, "number": revision.number,
                "state": revision.state,
            }
        )  # fmt: skip
        return Reply(answer, etag=_etag(editing.Standing.of(revision)))


def _read_kind(text: str) -> Kind:
    if text not in MODELS:
        raise Invalid.of(N_("must be one of %(expected)s."), field="kind", expected=", ".join(MODELS))
    return Kind(text)


def _named(field: str, check: Callable[[str], str], text: str) -> None:
    try:
        check(text)
    except Invalid as error:
        raise Invalid([replace(problem, field=field) for problem in error.problems]) from error


def _place(kind: str, slug: str, language: str) -> Place:
    if kind not in MODELS or not is_slug(slug) or not is_language(language):
        raise NotFound(N_("There is nothing at this address."))
    return Kind(kind), slug, language


def _compose(place: Place, fields: dict[str, Any]) -> works.TextOfEntry:
    body = take_text(fields, "body")
    header = {"kind": place[0].value, **fields}
    return works.compose(*place, header, body, vocabularies=vocabularies(), renderer=renderer())


def _etag(standing: editing.Standing) -> str:
    """Tells the text, then the state: a change is made to a text, whatever has become of its state since."""
    return f"{standing.number}-{standing.digest}.{standing.state}"


def _text_named() -> str | None:
    """Digest of the text that `If-Match` names; None for any, or where it is not sent.

    A proxy may have made a weak ETag of ours. What is no ETag of ours is the digest of no text.
    """
    wanted = request.if_match
    if "If-Match" not in request.headers or wanted.star_tag:
        return None
    tag = next(filter(None, wanted.as_set(include_weak=True)), "")
    return str(tag).partition(".")[0].partition("-")[2]


def _draft(place: Place, standing: editing.Standing) -> dict[str, Any]:
    kind, slug, language = place
    facts: Mapping[str, Any] = {
        "slug": slug, "language": language, "number": standing.number, "state": standing.state,
        "body": standing.body, "html": standing.html,
    }  # fmt: skip
    found: dict[str, Any] = Draft.of(kind, facts, standing.header).model_dump(mode="json", exclude_unset=True)
    return found


def _reply(place: Place, standing: editing.Standing, *, location: str | None = None) -> Reply:
    return Reply(Draft.model_validate(_draft(place, standing)), etag=_etag(standing), location=location)


def _address(place: Place) -> str:
    kind, slug, language = place
    return f"/entries/{kind.value}/{slug}/{language}/draft"
