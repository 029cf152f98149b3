"""Writing: one's desk, the editor with its preview, what is kept while one types."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from flask import Blueprint, Flask, flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import Unauthorized

from kb.domain.completeness import WANTED
from kb.domain.errors import N_, Conflict, Invalid, KbError, NotFound, NotPermitted, Problem
from kb.domain.kinds import FOLDERS, Kind
from kb.domain.languages import INTERFACE_LANGUAGES
from kb.domain.visibility import Visibility
from kb.domain.workflow import WRITABLE_STATES, State
from kb.models import Revision
from kb.runtime import current_actor, interface_language, renderer, runtime, session, transaction, vocabularies
from kb.services import autosaves, editing, history, remarks, review, uploads, works
from kb.services.editing import SavedMeanwhile, Standing
from kb.services.reach import list_drafts
from kb.text.files import prepare
from kb.text.markdown import Rendered
from kb.web import desk, header_form
from kb.web.catalogues import translate as _
from kb.web.desk import FOLDER, PLACE, Place
from kb.web.header_labels import OPTIONS, hint_of, label_of

bp = Blueprint("contribute", __name__, url_prefix="/contribute")
bp.register_error_handler(CSRFError, desk.without_token)
bp.register_error_handler(Unauthorized, desk.signed_out)


def init_app(app: Flask) -> None:
    """Give templates what the menu asks."""
    for function in (desk.may_write, desk.may_review, desk.concepts, desk.known):
        app.add_template_global(function)


@bp.get("")
def index() -> ResponseReturnValue:
    """One's drafts, what waits, and how to begin."""
    return _desk({})


@bp.post("")
def start() -> ResponseReturnValue:
    """Begin an entry with its title and the headings of its kind."""
    actor, typed = desk.writer(), request.form
    kind = Kind.RESEARCH if typed.get("kind") == Kind.RESEARCH else Kind.CASE
    city, language, title = (typed.get(name, "").strip() for name in ("city", "language", "title"))
    slug = typed.get("slug", "").strip() or desk.make_slug(title, f"{city}-{kind.value}-{secrets.token_hex(3)}"[:80])
    header: dict[str, Any] = {"kind": kind.value, "title": title, "summary": typed.get("summary", ""), "city": city}
    try:
        desk.place_of(kind.folder, slug, language)
        text = works.compose(
            kind, slug, language, header, desk.blank_text(kind, language), vocabularies=vocabularies(),
            renderer=renderer(),
        )  # fmt: skip
        with transaction() as changing:
            revision, _made = editing.start(changing, actor, text, key=typed.get("key") or None)
            number = revision.number
    except NotFound:
        return _desk(
            typed, [Problem(_("Choose a language, and small letters a-z, digits and hyphens."), {}, "slug")], 422
        )
    except Invalid as error:
        return _desk(typed, error.problems, 422)
    except (Conflict, NotPermitted) as error:
        return _desk(typed, [Problem(error.message, error.params, "slug")], error.status)
    flash(_("Draft %(number)s is begun. It is seen by your city's writers and editors only.", number=number), "success")
    return redirect(_editor(kind, slug, language), code=303)


def _desk(typed: Mapping[str, str], problems: Sequence[Problem] = (), status: int = 200) -> ResponseReturnValue:
    actor = desk.writer()
    mine, others = list_drafts(session(), actor)
    page = render_template(
        "contribute/index.html",
        mine=mine,
        others=others,
        waiting=len(review.queue(session(), actor)),
        cities=desk.own_cities(),
        languages=[*INTERFACE_LANGUAGES, "ar", "de", "es", "fr", "ja", "pt", "ru", "zh-Hans"],
        typed=typed,
        problems={problem.field: desk.say(problem) for problem in problems},
        key=typed.get("key") or secrets.token_urlsafe(16),
        folder_of=lambda one: Kind(one.entry.work.kind).folder,
    )
    return page, status


@bp.get(PLACE)
def edit(folder: str, slug: str, language: str) -> ResponseReturnValue:
    """The editor, with what one has typed and not saved where there is such."""
    actor, place = desk.writer(), desk.place_of(folder, slug, language)
    revision = editing.get_draft(session(), actor, *place)
    unsaved = autosaves.find(session(), actor, revision.entry)
    header, body, base = revision.header, revision.body, revision.digest
    since = None
    if unsaved:
        form = MultiDict((name, value) for name, values in unsaved.fields.items() for value in values)
        specs = header_form.specs_of(place[0], translation="translation_of" in header)
        typed: dict[str, Any] = {key: header[key] for key in ("kind", "translation_of") if key in header}
        typed |= header_form.read_form(specs, form)
        if "visibility" not in header and typed.get("visibility") == Visibility.PUBLIC:
            del typed["visibility"]  # what a header need not say, the form does
        text = form.get("body", "").replace("\r\n", "\n")
        if (typed, text.strip()) != (header, body.strip()):
            header, body, base, since = typed, text, unsaved.base, unsaved.saved_at
    return _show(place, revision, header, body, base, since=since)


def _show(
    place: Place,
    revision: Revision,
    header: Mapping[str, Any],
    body: str,
    base: str,
    *,
    problems: Sequence[Problem] = (),
    mistake: str = "",
    clash: SavedMeanwhile | None = None,
    since: dt.datetime | None = None,
    preview: Rendered | None = None,
    status: int = 200,
) -> ResponseReturnValue:
    kind, slug, language = place
    actor = current_actor()
    groups = desk.grouped(kind, header, problems)
    changes = history.original_changes(session(), revision)
    page = render_template(
        "contribute/edit.html",
        kind=kind,
        slug=slug,
        language=language,
        address=_editor(*place),
        review_url=url_for("review.show", folder=kind.folder, slug=slug, language=language),
        revision=revision,
        writable=State(revision.state) in WRITABLE_STATES,
        groups=groups,
        header=header,
        body=body,
        base=base,
        problems=[(problem.field, label_of(_path(problem.field)), desk.say(problem)) for problem in problems],
        mistake=mistake,
        clash=clash,
        since=since,
        preview=preview or (revision if body == revision.body else None),
        guide=desk.section_guide(kind, language),
        missing=desk.missing_of(revision),
        wanted=len(WANTED[kind]),
        writers=autosaves.others(session(), actor, revision.entry),
        threads=remarks.list_threads(session(), revision),
        original=_original(revision),
        changes=changes,
        cities=desk.own_cities(),
        label_of=label_of,
        hint_of=hint_of,
        options=OPTIONS,
        say=desk.say,
    )
    return page, status


def _path(field: str) -> str:
    return ".".join(part for part in field.split(".") if not part.isdigit())


def _original(revision: Revision) -> Revision | None:
    """The public text that a translation says in another language."""
    if "translation_of" not in revision.header:
        return None
    key = works.public_original(revision.entry.work)
    return session().get(Revision, key) if key else None


@bp.post(PLACE)
def save(folder: str, slug: str, language: str) -> ResponseReturnValue:
    """Save, or show what it will look like; whatever the answer is, what was typed is in it."""
    actor, place = desk.writer(), desk.place_of(folder, slug, language)
    body, wish = request.form.get("body", ""), request.form.get("do", "save")
    revision = editing.get_draft(session(), actor, *place)
    header, base = desk.header_of_form(place[0], revision.header), request.form.get("base", "")
    try:
        text = works.compose(*place, header, body, vocabularies=vocabularies(), renderer=renderer())
        if wish == "preview":
            return _show(place, revision, header, body, base, preview=text.rendered)
        with transaction() as changing:
            saved = editing.save(changing, actor, text, base=base)
            if request.form.get("caught_up"):
                editing.caught_up(changing, actor, *place)
            number = saved.number
        if wish == "submit":
            with transaction() as changing:
                review.submit(changing, actor, *place, vocabularies=vocabularies())
    except SavedMeanwhile as error:
        merged = error.merged
        return _show(place, revision, merged.header, merged.body, error.current.digest, clash=error, status=409)
    except Invalid as error:
        fresh = base if wish == "preview" else _digest_now(actor, place, base)
        return _show(place, revision, header, body, fresh, problems=error.problems, status=422)
    except KbError as error:
        sentence = _(error.message) % error.params if error.params else _(error.message)
        return _show(place, revision, header, body, base, mistake=sentence, status=error.status)
    if wish == "submit":
        flash(_("Submitted. The editors of your city see it now."), "success")
        return redirect(url_for("review.show", folder=folder, slug=slug, language=language), code=303)
    flash(_("Draft %(number)s is saved.", number=number), "success")
    return redirect(_editor(*place), code=303)


def _digest_now(actor: Any, place: Place, base: str) -> str:
    """After a save that went well and a step that did not, the text goes on from what was saved."""
    with transaction() as looking:
        standing = Standing.of(editing.get_draft(looking, actor, *place))
    sent = request.form.get("body", "").replace("\r\n", "\n").strip()
    return standing.digest if standing.body.strip() == sent else base


@bp.post(f"{PLACE}/preview")
def preview(folder: str, slug: str, language: str) -> ResponseReturnValue:
    """What readers will see, laid out by the same way as when it is saved."""
    actor, place = desk.writer(), desk.place_of(folder, slug, language)
    editing.get_draft(session(), actor, *place)
    base = f"/{folder}/{slug}/"
    try:
        rendered = renderer().render(request.form.get("body", "")[: 600 * 1024].replace("\r\n", "\n"), base=base)
    except Invalid as error:
        return render_template("contribute/preview.html", preview=None, mistake=desk.say_all(error), language=language)
    return render_template("contribute/preview.html", preview=rendered, mistake="", language=language)


@bp.post(f"{PLACE}/autosave")
def autosave(folder: str, slug: str, language: str) -> ResponseReturnValue:
    """Keep what is typed, and say who else is at it."""
    actor, place = desk.writer(), desk.place_of(folder, slug, language)
    fields = {name: values for name, values in request.form.lists() if name not in ("csrf_token", "do", "base")}
    with transaction() as changing:
        autosaves.keep(changing, actor, *place, base=request.form.get("base", ""), fields=fields)
    others = autosaves.others(session(), actor, editing.get_draft(session(), actor, *place).entry)
    at = dt.datetime.now(dt.UTC).strftime("%H:%M")
    names = ", ".join(one.name for one in others)
    there = _("Also writing here now: %(names)s", names=names) if others else ""
    return jsonify(said=_("Kept at %(time)s UTC, not saved yet.", time=at), others=there)


@bp.post(f"{PLACE}/files")
def upload(folder: str, slug: str, language: str) -> ResponseReturnValue:
    """Put a picture or a document beside the text; its line for the text is said."""
    actor, place = desk.writer(), desk.place_of(folder, slug, language)
    sent, alt = request.files.get("file"), request.form.get("alt", "")
    try:
        if sent is None or not sent.filename:
            raise Invalid.of(N_("is missing."), field="file")
        file = prepare(sent.filename, sent.read())
        with transaction() as changing:
            one = uploads.attach(changing, actor, place[0], slug, sent.filename, alt, file, storage=runtime().storage)
            name, words = one.name, one.alt
    except Invalid as error:
        flash(f"{_('The file')}: {desk.say_all(error)}", "error")
    else:
        line = f"![{words}]({quote(name)})" if file.picture else f"[{name}]({quote(name)})"
        flash(_("The file is here. Put this line into the text where it belongs: %(line)s", line=line), "success")
    return redirect(_editor(*place), code=303)


@bp.post(f"{PLACE}/drop")
def drop(folder: str, slug: str, language: str) -> ResponseReturnValue:
    """Forget what was typed, and go back to the saved text."""
    actor, place = desk.writer(), desk.place_of(folder, slug, language)
    with transaction() as changing:
        autosaves.drop(changing, actor, editing.get_draft(changing, actor, *place).entry)
    return redirect(_editor(*place), code=303)


@bp.post(f"{PLACE}/revise")
def revise(folder: str, slug: str, language: str) -> ResponseReturnValue:
    """Begin a new draft from the public text, or from an older one."""
    actor, place = desk.writer(), desk.place_of(folder, slug, language)
    number = request.form.get("number", type=int)
    with transaction() as changing:
        editing.revise(changing, actor, *place, number=number)
    return redirect(_editor(*place), code=303)


@bp.post(f"{FOLDER}/translate")
def translate(folder: str, slug: str) -> ResponseReturnValue:
    """Begin a translation with the words of the original, which are then written over."""
    kind, _slug, language = desk.place_of(folder, slug, request.form.get("language", ""))
    actor = desk.writer()
    with transaction() as looking:
        entry = editing.start_translation(looking, actor, kind, slug, language)
        source = works.public_revision(entry)
        found = Standing.of(source) if source else None
        original = entry.language
    if found:
        header = {name: found.header[name] for name in ("kind", "title", "summary")} | {"translation_of": original}
        text = works.compose(kind, slug, language, header, found.body, vocabularies=vocabularies(), renderer=renderer())
        with transaction() as changing:
            editing.start(changing, actor, text)
    return redirect(_editor(kind, slug, language), code=303)


@bp.post(f"{FOLDER}/archive", defaults={"step": "archive"})
@bp.post(f"{FOLDER}/bring-back", defaults={"step": "bring-back"})
def archive(folder: str, slug: str, step: str) -> ResponseReturnValue:
    """Take a work out of lists and search, with a reason; or bring it back."""
    actor, kind = desk.writer(), FOLDERS[folder]
    desk.place_of(folder, slug, interface_language())
    with transaction() as changing:
        if step == "archive":
            forward = request.form.get("forward", "").strip() or None
            review.archive(changing, actor, kind, slug, request.form.get("reason", ""), forward)
        else:
            review.bring_back(changing, actor, kind, slug)
    return redirect(f"/{folder}/{slug}", code=303)


def _editor(kind: Kind, slug: str, language: str) -> str:
    return url_for("contribute.edit", folder=kind.folder, slug=slug, language=language)
