"""About the library: about, help, privacy, credits."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from kb.domain.errors import N_
from kb.runtime import reader_languages, session
from kb.services.pages import get_page

bp = Blueprint("pages", __name__)
# in the order of the menu beside each page
NAMES = {
    "about": N_("About the library"),
    "how-to-search": N_("How to search"),
    "how-to-read-a-case": N_("How to read a case"),
    "evidence-levels": N_("How evidence levels work"),
    "privacy": N_("Privacy"),
    "credits": N_("Credits and licences"),
}


@bp.get("/about")
def about() -> ResponseReturnValue:
    """What this is, for whom, and who runs it."""
    return _show("about")


@bp.get("/help")
def index() -> ResponseReturnValue:
    """To the first help page."""
    return redirect(url_for("pages.show", name="how-to-search"), code=302)


@bp.get("/help/<name>")
def show(name: str) -> ResponseReturnValue:
    """One help page."""
    return _show(name)


def _show(name: str) -> str:
    page = get_page(session(), name, reader_languages())
    return render_template("pages/show.html", page=page, names=NAMES)
