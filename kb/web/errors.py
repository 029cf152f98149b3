"""Errors as pages: what happened, in one sentence, and where to go from here."""

from __future__ import annotations

from flask import Flask, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from kb.domain.errors import N_, Invalid, KbError
from kb.web.catalogues import translate as _

_TITLES = {
    400: N_("This can't be read"),
    403: N_("Not permitted"),
    404: N_("Not found"),
    405: N_("This address does not take that"),
    409: N_("Not possible now"),
    413: N_("Too large"),
    422: N_("Something in it can't be used"),
    429: N_("Too many tries"),
    500: N_("Something broke"),
    503: N_("Out of order for the moment"),
}
_SENTENCES = {
    400: N_("The request can't be understood. Please go back, load the page again and try once more."),
    403: N_("You may not do this with your present role."),
    404: N_("There is nothing at this address."),
    405: N_("This address can be looked at or written to, but not in the way that was tried."),
    413: N_("What was sent is larger than we can take."),
    429: N_("That was tried too often. Please wait five minutes."),
    500: N_("The mistake is ours and has been noted. Please try again in a while."),
}


Answer = tuple[str, int, dict[str, str]]


def show_error(status: int, sentence: str = "", problems: tuple[str, ...] = ()) -> Answer:
    """The page of an error; from 500 on one that needs neither database nor index."""
    page = render_template(
        "error.html",
        status=status,
        title=_(_TITLES.get(status, _TITLES[500 if status >= 500 else 400])),
        sentence=sentence or _(_SENTENCES.get(status, _SENTENCES[500 if status >= 500 else 400])),
        problems=problems,
        bare=status >= 500,
    )
    return page, status, {"Retry-After": "30"} if status == 503 else {}


def _of_the_house(error: KbError) -> Answer:
    if isinstance(error, Invalid):
        problems = tuple(
            f"{problem.field}: {_(problem.message) % dict(problem.params)}" if problem.field else str(problem)
            for problem in error.problems
        )
        return show_error(error.status, _(error.message), problems)
    return show_error(error.status, _(error.message) % error.params if error.params else _(error.message))


def _of_the_web(error: HTTPException) -> ResponseReturnValue:
    if error.code is None or error.code < 400:
        return error
    if error.code == 401:
        return redirect(url_for("account.login", next=request.full_path.rstrip("?")), code=302)
    body, status, headers = show_error(error.code)
    kept = {name: value for name, value in error.get_headers() if name in {"Allow", "Retry-After"}}
    return body, status, {**headers, **kept}


def _without_token(_error: CSRFError) -> Answer:
    return show_error(400, _("The form was open for too long or came from another site. Please load it again."))


def init_app(app: Flask) -> None:
    """Catch everything that reaches the edge."""
    app.register_error_handler(KbError, _of_the_house)
    app.register_error_handler(CSRFError, _without_token)
    app.register_error_handler(HTTPException, _of_the_web)
