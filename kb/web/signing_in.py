"""Signing in and out, with a second step where there is one; a new password by mail; the way in by a link."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit
from uuid import UUID

import flask
from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_user, logout_user

from kb.domain.errors import Invalid, KbError, NotPermitted
from kb.domain.languages import INTERFACE_LANGUAGES
from kb.runtime import LOCALE_COOKIE, SignedIn, client_address, interface_language, runtime, session, transaction
from kb.services import accounts, invitations, limits, mailing, one_time_links, people, second_factors, sign_ins
from kb.services.holdings import find_cities
from kb.web.catalogues import keep_language
from kb.web.catalogues import translate as _
from kb.web.forms import ROLE_NAMES, password_typed, problems_of, typed

bp = Blueprint("account", __name__)
_HALF, _NEXT, _INVITATION, _RESET = "half", "next", "invitation", "reset"


@bp.after_request
def keep_to_itself(response: Response) -> Response:
    """No cache keeps these pages, and their addresses are told to nobody: one of them holds a secret."""
    response.headers["Cache-Control"] = "no-store"
    # a form's own address is needed against forged requests where the site is served encrypted
    response.headers.setdefault("Referrer-Policy", "same-origin")
    return response


def own_path(target: str | None) -> str:
    """Where to go next: a path of this site, or the first page for anything else."""
    if not target or "\\" in target or any(ord(character) < 33 for character in target):
        return url_for("home.show")
    parts = urlsplit(target)
    own = not parts.scheme and not parts.netloc and target.startswith("/") and not target.startswith("//")
    return target if own else url_for("home.show")


@bp.get("/login")
def login() -> ResponseReturnValue:
    """The form."""
    if current_user.is_authenticated:
        return redirect(own_path(request.args.get("next")), code=303)
    return _login(request.args.get("next", ""), "")


def _login(target: str, email: str, mistake: str | None = None, status: int = 200) -> ResponseReturnValue:
    by_city = bool(flask.current_app.config["OIDC_ISSUER"])
    return render_template("account/login.html", next=target, email=email, mistake=mistake, by_city=by_city), status


@bp.post("/login")
def enter() -> ResponseReturnValue:
    """Let the person in, or say in one sentence that it did not work. Only failed tries count."""
    email = typed("email", 254)
    with transaction() as changing:
        taken = limits.take(
            changing,
            (limits.SIGN_INS, f"account {email.strip().casefold()}"),
            (limits.SIGN_INS, f"address {limits.network_of(client_address())}"),
        )
    try:
        person = people.sign_in(session(), email, password_typed())
    except NotPermitted as error:
        return _login(typed("next", 2000), email, _(error.message), 403)
    with transaction() as changing:
        limits.give_back(changing, taken)
    return let_in(person.id, typed("next", 2000))


@dataclass(frozen=True)
class _Opened:
    secret: str
    found: sign_ins.Found | None
    name: str
    language: str | None


def _open(person_id: UUID, *, whole: bool | None = None) -> _Opened:
    """Begin a session; half a one where a code is to come, unless `whole` says that it came."""
    address = client_address()
    with transaction() as changing:
        person = people.get_person(changing, person_id)
        complete = whole or person.totp_confirmed_at is None
        secret = sign_ins.open_sign_in(
            changing, person, whole=complete, address=address, browser=request.headers.get("User-Agent", "")
        )
        found = sign_ins.find_sign_in(changing, secret, address)
        return _Opened(secret, found, person.name, person.language)


def let_in(person_id: UUID, target: str | None, *, whole: bool | None = None) -> ResponseReturnValue:
    """Sign in whoever has shown who they are: on to where they wanted to go, or to the step that is missing."""
    target = own_path(target)
    opened = _open(person_id, whole=whole)
    flask.session.clear()  # nothing of before: neither a token that others may have planted nor another's half way
    flask.session.permanent = True  # how long is up to the row in the database
    if opened.found is None:
        flask.session[_HALF], flask.session[_NEXT] = opened.secret, target
        return redirect(url_for("account.code"), code=303)
    login_user(SignedIn(opened.secret, opened.found))
    flash(_("Welcome, %(name)s.", name=opened.name), "success")
    if opened.found.actor.second_factor_missing:
        target = url_for("own.second_factor", next=target)
    response = make_response(redirect(target, code=303))
    if opened.language in INTERFACE_LANGUAGES and LOCALE_COOKIE not in request.cookies:
        keep_language(response, opened.language)
    return response


@bp.get("/login/code")
def code() -> ResponseReturnValue:
    """The second step."""
    if sign_ins.find_half(session(), flask.session.get(_HALF, "")) is None:
        return redirect(url_for("account.login"), code=303)
    return render_template("account/code.html", problems={})


@bp.post("/login/code")
def enter_code() -> ResponseReturnValue:
    """Let in with the right code."""
    half = flask.session.get(_HALF, "")
    person = sign_ins.find_half(session(), half)
    if person is None:
        flash(_("That took too long. Please sign in again."), "error")
        return redirect(url_for("account.login"), code=303)
    with transaction() as changing:
        taken = limits.take(changing, (limits.CODES, str(person.id)))
    try:
        with transaction() as changing:
            second_factors.check(changing, people.get_person(changing, person.id), typed("code", 40))
            sign_ins.end_by_secret(changing, half)
            limits.give_back(changing, taken)
    except Invalid as error:
        return render_template("account/code.html", problems=problems_of(error)), 422
    return let_in(person.id, flask.session.get(_NEXT), whole=True)


@bp.post("/logout")
def logout() -> ResponseReturnValue:
    """End the session, here and in the database."""
    if current_user.is_authenticated:
        with transaction() as changing:
            sign_ins.end_by_secret(changing, current_user.id)
    logout_user()
    flask.session.clear()
    flash(_("You are signed out."), "success")
    return redirect(url_for("home.show"), code=303)


@bp.get("/reset")
def reset() -> ResponseReturnValue:
    """Ask for a new password."""
    return render_template("account/reset.html", sends=runtime().mailer.sends, email="", problems={})


@bp.post("/reset")
def ask_reset() -> ResponseReturnValue:
    """Note the wish. Whether anybody has the address is found out by the worker: the answer can't tell."""
    email = typed("email", 254)
    try:
        address = people.clean_email(email)
    except Invalid as error:
        form = {"sends": runtime().mailer.sends, "email": email, "problems": problems_of(error)}
        return render_template("account/reset.html", **form), 422
    with transaction() as changing:
        limits.take(
            changing,
            (limits.RESETS, address),
            (limits.RESETS_OF_ADDRESS, limits.network_of(client_address())),
        )
        mailing.request(changing, "reset", email=address)
    flash(_("If this address has an account, a mail with a link is on its way to it."), "success")
    return redirect(url_for("account.login"), code=303)


@bp.get("/reset/<secret>")
def follow_reset(secret: str) -> ResponseReturnValue:
    """Take the secret out of the address."""
    return _take_out(_RESET, secret, "account.choose_password")


@bp.get("/reset/password")
def choose_password() -> ResponseReturnValue:
    """The form for a new password."""
    person = one_time_links.find_person(session(), flask.session.get(_RESET, ""))
    return render_template("account/choose_password.html", email=person.email, problems={})


@bp.post("/reset/password")
def save_password() -> ResponseReturnValue:
    """Set it; the link is used up and all sessions end."""
    secret = flask.session.get(_RESET, "")
    try:
        with transaction() as changing:
            accounts.reset_password(changing, secret, password_typed(), client_address())
    except Invalid as error:
        person = one_time_links.find_person(session(), secret)
        return render_template("account/choose_password.html", email=person.email, problems=problems_of(error)), 422
    flask.session.clear()
    flash(_("Your new password is set. Please sign in with it."), "success")
    return redirect(url_for("account.login"), code=303)


@bp.get("/invitation/<secret>")
def follow_invitation(secret: str) -> ResponseReturnValue:
    """Take the secret out of the address. Looking does not use it up: mail programs look too."""
    return _take_out(_INVITATION, secret, "account.invitation")


def _take_out(key: str, secret: str, endpoint: str) -> ResponseReturnValue:
    flask.session[key] = secret
    response = make_response(redirect(url_for(endpoint), code=303))
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


@bp.get("/invitation")
def invitation() -> ResponseReturnValue:
    """Who invites to what, and the form to accept it."""
    return _invitation({})


def _invitation(problems: dict[str, str], status: int = 200) -> ResponseReturnValue:
    found = one_time_links.find_invitation(session(), flask.session.get(_INVITATION, ""))
    known = people.find_person(session(), found.email) if found.email else None
    cities = find_cities(session(), [found.city_slug] if found.city_slug else [])
    page = render_template(
        "account/invitation.html", invitation=found, known=known, city=cities.get(found.city_slug or ""),
        role_names=ROLE_NAMES, problems=problems, name=typed("name"), email=typed("email"),
    )  # fmt: skip
    return page, status


@bp.post("/invitation")
def accept_invitation() -> ResponseReturnValue:
    """Make the account, or add the role to the one there is."""
    secret = flask.session.get(_INVITATION, "")
    try:
        with transaction() as changing:
            person, new = invitations.accept(
                changing, secret, name=typed("name"), email=typed("email"), password=password_typed(),
                address=client_address(),
            )  # fmt: skip
            person.language = person.language or interface_language()
    except Invalid as error:
        return _invitation(problems_of(error), 422)
    except KbError as error:
        if error.status != 409:
            raise
        return _invitation(problems_of(error), 409)
    if new:
        return let_in(person.id, None)
    flask.session.pop(_INVITATION, None)
    flash(_("You have the new role. Please sign in."), "success")
    return redirect(url_for("account.login"), code=303)
