"""One's own page: data, password, sessions, tokens, second factor."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import segno
from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_user
from markupsafe import Markup
from sqlalchemy.orm import Session
from werkzeug.exceptions import Unauthorized
from werkzeug.wrappers import Response

from kb.domain.errors import N_, Invalid
from kb.domain.languages import INTERFACE_LANGUAGES, native_name
from kb.domain.permissions import Permission, Subject, can
from kb.domain.roles import Notices, Role, Scope
from kb.models import Person
from kb.runtime import SignedIn, client_address, current_actor, session, transaction
from kb.services import accounts, limits, people, second_factors, sign_ins, tokens
from kb.services.holdings import find_cities
from kb.web.catalogues import keep_language
from kb.web.catalogues import translate as _
from kb.web.forms import password_typed, problems_of, typed
from kb.web.signing_in import keep_to_itself, own_path

bp = Blueprint("own", __name__, url_prefix="/account")
bp.after_request(keep_to_itself)
_ROLE_SENTENCES = {
    Role.READER: N_("You read what is meant for the network."),
    Role.CONTRIBUTOR: N_("You write for the city."),
    Role.EDITOR: N_("You review and publish for the city."),
    Role.COORDINATOR: N_("You coordinate the network."),
    Role.ADMIN: N_("You administer this site."),
}
_NOTICES = {
    Notices.AT_ONCE: N_("At once"),
    Notices.DAILY: N_("One mail a day, when there is something"),
    Notices.NONE: N_("None"),
}
_DAYS = (7, 30, 90, 365)


@bp.before_request
def know_who() -> None:
    """Ask signed-out readers to sign in."""
    if not current_user.is_authenticated:
        raise Unauthorized


def _me(changing: Session) -> Person:
    return people.get_person(changing, people.require_signed_in(current_actor()))


def may_invite() -> bool:
    """Whether the reader may invite anybody to anything."""
    actor = current_actor()
    cities = {None, *(held.city for held in actor.memberships)}
    return any(can(actor, Permission.PERSON_INVITE, Subject(city=city, role=role)) for city in cities for role in Role)


@bp.get("")
def show() -> ResponseReturnValue:
    """Who one is here, what one may do where, and what lets one in."""
    return _show({})


def _show(problems: dict[str, str], status: int = 200, token: str | None = None) -> ResponseReturnValue:
    person = _me(session())
    order = list(Role)
    held = sorted(
        person.memberships, key=lambda membership: (order.index(Role(membership.role)), membership.city_slug or "")
    )
    page = render_template(
        "account/show.html",
        person=person,
        memberships=held,
        cities=find_cities(session(), [membership.city_slug for membership in held if membership.city_slug]),
        role_sentences=_ROLE_SENTENCES,
        notices_choices=[(choice.value, _(text)) for choice, text in _NOTICES.items()],
        own_languages=[(tag, native_name(tag)) for tag in INTERFACE_LANGUAGES],
        day_choices=[(str(days), str(days)) for days in _DAYS],
        sign_ins=sign_ins.list_sign_ins(session(), person.id),
        here=current_user.sign_in,
        tokens=tokens.list_tokens(session(), person.id),
        token=token,
        codes_left=second_factors.count_recovery_codes(session(), person),
        second_factor_missing=current_actor().second_factor_missing,
        may_invite=may_invite(),
        typed=request.form,
        problems=problems,
    )
    return page, status


def _back(sentence: str, anchor: str = "") -> Response:
    flash(sentence, "success")
    return redirect(url_for("own.show", _anchor=anchor or None), code=303)


@bp.post("")
def save() -> ResponseReturnValue:
    """Change name, language, choice of mails."""
    try:
        with transaction() as changing:
            accounts.save_profile(
                changing, current_actor(), _me(changing), name=typed("name"), language=typed("language", 35),
                notices=typed("notices", 20),
            )  # fmt: skip
    except Invalid as error:
        return _show(problems_of(error), 422)
    response = make_response(_back(_("Saved.")))
    keep_language(response, typed("language", 35))
    return response


@bp.post("/password")
def change_password() -> ResponseReturnValue:
    """Set a new password; every other session ends, this one goes on under a new secret."""
    with transaction() as changing:
        taken = limits.take(changing, (limits.SIGN_INS, f"change {current_actor().person}"))
    address, browser = client_address(), request.headers.get("User-Agent", "")
    try:
        with transaction() as changing:
            person = _me(changing)
            accounts.change_password(
                changing, current_actor(), person, password_typed("old_password"), password_typed("password")
            )
            limits.give_back(changing, taken)
            secret = sign_ins.open_sign_in(changing, person, whole=True, address=address, browser=browser)
            found = sign_ins.find_sign_in(changing, secret, address)
    except Invalid as error:
        return _show(problems_of(error), 422)
    if found:
        login_user(SignedIn(secret, found))
    return _back(_("Your new password is set. Every other session was ended."), "password")


@bp.post("/sessions/<uuid:sign_in>/end")
def end_session(sign_in: UUID) -> ResponseReturnValue:
    """End one of one's sessions."""
    with transaction() as changing:
        sign_ins.end_own(changing, current_actor(), sign_in)
    return _back(_("The session was ended."), "sessions")


@bp.post("/sessions/end")
def end_other_sessions() -> ResponseReturnValue:
    """End all of one's sessions but this one."""
    with transaction() as changing:
        sign_ins.end_all(changing, _me(changing), but=current_user.sign_in)
    return _back(_("Every other session was ended."), "sessions")


@bp.post("/tokens")
def create_token() -> ResponseReturnValue:
    """Make a token; this answer is the only one that shows it."""
    days = typed("days", 5)
    try:
        with transaction() as changing:
            token = tokens.create_token(
                changing, current_actor(), _me(changing), name=typed("token_name"),
                days=int(days) if days.isascii() and days.isdigit() else 0,
                scope=Scope.WRITE if typed("scope") == Scope.WRITE else Scope.READ,
            )  # fmt: skip
    except Invalid as error:
        return _show(problems_of(error), 422)
    return _show({}, 201, token)


@bp.post("/tokens/<uuid:token>/revoke")
def revoke_token(token: UUID) -> ResponseReturnValue:
    """End one of one's tokens."""
    with transaction() as changing:
        tokens.revoke_own(changing, current_actor(), token)
    return _back(_("The token was revoked."), "tokens")


@bp.get("/second-factor")
def second_factor() -> ResponseReturnValue:
    """Set it up, or see how it stands."""
    return _second_factor({})


def _second_factor(problems: dict[str, str], status: int = 200, codes: tuple[str, ...] = ()) -> ResponseReturnValue:
    picture, secret = Markup(), None
    with transaction() as changing:
        person = _me(changing)
        if person.totp_confirmed_at is None:
            address = second_factors.prepare(changing, person)
            # black on white in both schemes: cameras want it so
            drawn = segno.make_qr(address).svg_inline(scale=4, border=3, dark="#000", light="#fff", omitsize=False)
            picture, secret = Markup(drawn), person.totp_secret  # noqa: S704  # made by segno, of squares only
    page = render_template(
        "account/second_factor.html", person=person, picture=picture, secret=secret, codes=codes, problems=problems,
        left=second_factors.count_recovery_codes(session(), person), next=own_path(request.values.get("next")),
        missing=current_actor().second_factor_missing,
    )  # fmt: skip
    return page, status


@bp.post("/second-factor")
def confirm_second_factor() -> ResponseReturnValue:
    """Turn it on by a first code; this answer is the only one that shows the recovery codes."""
    try:
        with transaction() as changing:
            codes = second_factors.confirm(changing, current_actor(), _me(changing), typed("code", 40))
    except Invalid as error:
        return _second_factor(problems_of(error), 422)
    return _second_factor({}, codes=tuple(codes))


@bp.post("/second-factor/codes")
def renew_codes() -> ResponseReturnValue:
    """New recovery codes for a code of the device."""
    return _with_code(lambda changing, me: tuple(second_factors.renew_recovery_codes(changing, current_actor(), me)))


@bp.post("/second-factor/remove")
def remove_second_factor() -> ResponseReturnValue:
    """Turn it off with a code of the device, as when a new one takes its place."""
    return _with_code(lambda changing, me: second_factors.drop(changing, current_actor(), me))


def _with_code(deed: Callable[[Session, Person], tuple[str, ...] | None]) -> ResponseReturnValue:
    """Do it if the code fits: a browser left open must not be enough."""
    with transaction() as changing:
        taken = limits.take(changing, (limits.CODES, str(current_actor().person)))
    try:
        with transaction() as changing:
            person = _me(changing)
            second_factors.check(changing, person, typed("code", 40))
            limits.give_back(changing, taken)
            codes = deed(changing, person)
    except Invalid as error:
        return _second_factor(problems_of(error), 422)
    if codes:
        return _second_factor({}, codes=codes)
    flash(_("The second factor was removed."), "success")
    return redirect(url_for("own.second_factor"), code=303)
