"""Signing in and out, and one's own page."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Blueprint, Flask, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_login import current_user, login_user, logout_user
from werkzeug.exceptions import Unauthorized
from werkzeug.wrappers import Response

from kb.domain.errors import N_, NotPermitted
from kb.domain.roles import Role
from kb.runtime import SignedIn, current_actor, session, transaction
from kb.services.holdings import find_cities
from kb.services.people import load_actor, sign_in
from kb.web.catalogues import translate as _

bp = Blueprint("account", __name__)
_ROLE_NAMES = {
    Role.READER: N_("You read what is meant for the network."),
    Role.CONTRIBUTOR: N_("You write for the city."),
    Role.EDITOR: N_("You review and publish for the city."),
    Role.COORDINATOR: N_("You coordinate the network."),
    Role.ADMIN: N_("You administer this site."),
}
limiter = Limiter(get_remote_address, storage_uri="memory://", headers_enabled=False)


def init_app(app: Flask) -> None:
    """Count the tries to sign in; say in the reader's language why a page wants a person."""
    limiter.init_app(app)
    app.login_manager.login_message = None  # type: ignore[attr-defined]  # put there by Flask-Login


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
    return render_template("account/login.html", next=request.args.get("next", ""), email="", mistake=None)


@bp.post("/login")
@limiter.limit("10 per 5 minutes")
def enter() -> ResponseReturnValue:
    """Let the person in, or say in one sentence that it did not work."""
    form = request.form
    try:
        with transaction() as changing:
            person = sign_in(changing, form.get("email", "")[:254], form.get("password", "")[:1000])
            actor = load_actor(changing, person.id)
    except NotPermitted as error:
        shown = {"next": form.get("next", ""), "email": form.get("email", "")[:254]}
        return render_template("account/login.html", **shown, mistake=_(error.message)), 403
    if actor:
        login_user(SignedIn(actor))
        flash(_("Welcome, %(name)s.", name=actor.name), "success")
    return redirect(own_path(form.get("next")), code=303)


@bp.post("/logout")
def logout() -> Response:
    """End the session."""
    logout_user()
    flash(_("You are signed out."), "success")
    return redirect(url_for("home.show"), code=303)


@bp.get("/account")
def show() -> ResponseReturnValue:
    """Who one is here, and what one may do where."""
    if not current_actor().signed_in:
        raise Unauthorized
    held = sorted(
        current_actor().memberships, key=lambda membership: (list(Role).index(membership.role), membership.city or "")
    )
    cities = find_cities(session(), [membership.city for membership in held if membership.city])
    return render_template("account/show.html", memberships=held, cities=cities, role_names=_ROLE_NAMES)
