"""Review: the queue, a text with what changed in it, remarks, decisions; the history of an entry."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import Unauthorized

from kb.domain.errors import N_, Invalid, KbError, NotFound
from kb.domain.kinds import Kind
from kb.domain.permissions import Permission, Subject, can
from kb.domain.workflow import Action, State, can_take
from kb.models import Review
from kb.runtime import current_actor, session, transaction, vocabularies
from kb.services import editing, history, remarks, review
from kb.services.reach import subjects_of
from kb.services.works import find_works, public_revision
from kb.web import desk
from kb.web.catalogues import translate as _
from kb.web.desk import PLACE, Place
from kb.web.header_labels import label_of

bp = Blueprint("review", __name__)
bp.register_error_handler(CSRFError, desk.without_token)
bp.register_error_handler(Unauthorized, desk.signed_out)
DONE = {
    "publish": N_("It is public now."),
    "changes": N_("Sent back with your reason."),
    "hold": N_("You review this text."),
    "schedule": N_("It will be public on that day."),
    "take-back": N_("It is a draft again."),
    "withdraw": N_("The draft is withdrawn; it stays in the history."),
    "remark": N_("Your remark is in the margin."),
    "answer": N_("Your answer is in the margin."),
    "settle": N_("The remark is settled."),
}
_STEPS = f"any({', '.join(repr(name) for name in DONE)})"


@bp.get("/review")
def queue() -> ResponseReturnValue:
    """What waits for review, since when, and who holds it."""
    waiting = review.queue(session(), desk.writer())
    return render_template("review/queue.html", waiting=waiting, folder_of=lambda work: Kind(work.kind).folder)


@bp.get(f"/review{PLACE}")
def show(folder: str, slug: str, language: str) -> ResponseReturnValue:
    """A text on its way: what changed, remarks, what can be done."""
    return _show(desk.place_of(folder, slug, language))


def _show(place: Place, mistake: str = "", status: int = 200) -> ResponseReturnValue:
    actor = desk.writer()
    revision = editing.get_draft(session(), actor, *place)
    state = State(revision.state)
    subject = Subject(city=revision.entry.work.city_slug)
    reviews = can(actor, Permission.REVISION_REVIEW, subject)
    publishes = reviews and all(
        can(actor, Permission.REVISION_PUBLISH, each) for each in subjects_of(session(), revision)
    )
    items = history.list_history(session(), actor, *place)
    page = render_template(
        "review/show.html",
        place=place,
        revision=revision,
        difference=history.compare_revisions(public_revision(revision.entry), revision),
        threads=remarks.list_threads(session(), revision),
        item=next(item for item in items if item.number == revision.number),
        waits=session().get(Review, revision.id),
        reviews=reviews and state is State.IN_REVIEW,
        remarks_too=reviews,
        publishes=publishes and can_take(state, Action.PUBLISH),
        own=reviews and not publishes,
        takes_back=can_take(state, Action.RESUME) and state is State.IN_REVIEW,
        mistake=mistake,
        typed=request.form,
        label_of=label_of,
    )
    return page, status


@bp.post(f"/review{PLACE}/<{_STEPS}:step>")
def decide(folder: str, slug: str, language: str, step: str) -> ResponseReturnValue:
    """Take a step with the text; where it can't be taken, say why and keep what was typed."""
    place = desk.place_of(folder, slug, language)
    desk.writer()
    try:
        _take(place, step)
    except NotFound:
        raise
    except Invalid as error:
        return _show_or_desk(place, desk.say_all(error), error.status)
    except KbError as error:
        return _show_or_desk(place, _(error.message) % error.params if error.params else _(error.message), error.status)
    flash(_(DONE[step]), "success")
    if step == "publish":
        return redirect(f"/{folder}/{slug}/{language}", code=303)
    if step == "withdraw":
        return redirect(url_for("contribute.index"), code=303)
    return redirect(url_for("review.show", folder=folder, slug=slug, language=language), code=303)


def _show_or_desk(place: Place, mistake: str, status: int) -> ResponseReturnValue:
    try:
        return _show(place, mistake, status)
    except NotFound:  # somebody else has decided: nothing is open any more
        flash(mistake, "error")
        return redirect(url_for("contribute.index"), code=303)


def _take(place: Place, step: str) -> None:
    actor, form = current_actor(), request.form
    with transaction() as changing:
        match step:
            case "publish":
                read = form.get("digest", "")
                review.publish(changing, actor, *place, vocabularies=vocabularies(), read=read)
            case "changes":
                review.request_changes(changing, actor, *place, form.get("reason", ""))
            case "hold":
                review.hold(changing, actor, *place)
            case "schedule":
                review.schedule(changing, actor, *place, _moment(form.get("day", "")), read=form.get("digest", ""))
            case "take-back":
                review.take_back(changing, actor, *place)
            case "withdraw":
                review.withdraw(changing, actor, *place)
            case "settle":
                remarks.settle(changing, actor, *place, _key(form.get("remark", "")))
            case _:
                answers = _key(form.get("remark", "")) if step == "answer" else None
                text, passage = form.get("text", ""), form.get("passage", "")
                remarks.add_remark(changing, actor, *place, text, passage=passage, answers=answers)


def _moment(text: str) -> dt.datetime:
    try:
        return dt.datetime.combine(dt.date.fromisoformat(text), dt.time(), dt.UTC)
    except ValueError as error:
        raise Invalid.of(N_("must be a day like 2026-01-31."), field="day") from error


def _key(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise NotFound(N_("There is no such remark on this text.")) from error


@bp.get(f"{PLACE}/history")
def past(folder: str, slug: str, language: str) -> ResponseReturnValue:
    """Who wrote what when, and what became of it."""
    place = desk.place_of(folder, slug, language)
    items = history.list_history(session(), current_actor(), *place)
    work = find_works(session(), place[0], [slug])[slug]
    entry = next(entry for entry in work.entries if entry.language == language)
    subject = Subject(city=work.city_slug)
    return render_template(
        "history/index.html",
        place=place,
        work=work,
        entry=entry,
        items=items,
        writes=can(current_actor(), Permission.DRAFT_WRITE, subject),
        archives=can(current_actor(), Permission.ENTRY_ARCHIVE, subject) and work.published_at is not None,
        open=any(item.state in (State.DRAFT, State.IN_REVIEW, State.CHANGES_REQUESTED) for item in items),
    )


@bp.get(f"{PLACE}/history/<int:number>")
def compare(folder: str, slug: str, language: str, number: int) -> ResponseReturnValue:
    """What a revision changed, against the one before or any other."""
    place = desk.place_of(folder, slug, language)
    against = request.args.get("against", type=int)
    found = history.compare(session(), current_actor(), *place, number, against)
    items = history.list_history(session(), current_actor(), *place)
    return render_template(
        "history/compare.html", place=place, difference=found, items=items, label_of=label_of
    )  # fmt: skip
