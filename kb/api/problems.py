"""Errors under `/api/`: problem documents (RFC 9457), in the reader's language where the catalogue has the sentence.

Three ways lead here. What a view raises goes to the handlers of the blueprint, which come before those of the app.
An address or method that leads to no view has no blueprint: a hook answers it before the pages' handlers see it.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

from flask import Response, request
from flask_babel import gettext
from werkzeug.exceptions import HTTPException, default_exceptions
from werkzeug.routing import RoutingException

from kb.api.operations import bp
from kb.api.schemas import FieldProblem, ProblemDocument
from kb.domain.errors import N_, Invalid, KbError
from kb.runtime import current_actor, interface_language, is_api_path

MEDIA_TYPE: Final = "application/problem+json"
_SECONDS_OF_AN_OUTAGE: Final = "30"
_SENTENCES: Final[Mapping[int, str]] = {
    400: N_("The request can't be understood."),
    401: N_("This needs a personal token: Authorization: Bearer …"),
    404: N_("There is nothing at this address."),
    405: N_("This address can be looked at or written to, but not in the way that was tried."),
    413: N_("What was sent is larger than we can take."),
    415: N_("What was sent is of a kind that this address does not take."),
    429: N_("That was tried too often. Please wait five minutes."),
    500: N_("The mistake is ours and has been noted. Please try again in a while."),
}


class Outdated(KbError):
    """The draft is not the one that the change was made to.

    Attributes:
        current: the draft as it stands.
        merged: both changes in one.
    """

    status = HTTPStatus.PRECONDITION_FAILED

    def __init__(self, message: str, current: Mapping[str, Any], merged: Mapping[str, Any]) -> None:
        super().__init__(message)
        self.current, self.merged = current, merged


class NoCondition(KbError):
    """A change that does not say what it was made to."""

    status = HTTPStatus.PRECONDITION_REQUIRED


def say(message: str, params: Mapping[str, object]) -> str:
    """A sentence of the house in the reader's language."""
    translated: str = gettext(message)
    return translated % dict(params) if params else translated


def problem_response(error: KbError | HTTPException) -> Response:
    """The error as a problem document, with the headers that belong to it (`Allow`, `Retry-After`)."""
    status, headers = error_status(error), {}
    fields: dict[str, Any] = {}
    if isinstance(error, KbError):
        detail = say(error.message, error.params)
        if isinstance(error, Invalid):
            fields["errors"] = [
                FieldProblem(field=problem.field, detail=say(problem.message, problem.params))
                for problem in error.problems
            ]
        if isinstance(error, Outdated):
            fields |= {"current": error.current, "merged": error.merged}
    else:
        detail = gettext(_SENTENCES[status]) if status in _SENTENCES else error.description or ""
        headers = {name: value for name, value in error.get_headers() if name != "Content-Type"}
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        headers.setdefault("Retry-After", _SECONDS_OF_AN_OUTAGE)
    document = ProblemDocument(
        type="about:blank", title=HTTPStatus(status).phrase, status=status, detail=detail, **fields
    )
    if status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    headers["Content-Language"] = interface_language()
    return Response(document.model_dump_json(exclude_unset=True), status, headers, content_type=MEDIA_TYPE)


def error_status(error: KbError | HTTPException) -> int:
    """The HTTP status that the error means."""
    return error.status if isinstance(error, KbError) else error.code or HTTPStatus.INTERNAL_SERVER_ERROR


# one by one: Flask asks for a handler of the very status first, in the app too, before one for all of them
for _status in default_exceptions:
    bp.register_error_handler(_status, problem_response)
bp.register_error_handler(KbError, problem_response)


@bp.before_app_request
def refuse() -> Response | None:
    """Answer what leads to no view under `/api/`; redirects go their way."""
    error = request.routing_exception
    if error is None or isinstance(error, RoutingException) or not is_api_path(request.path):
        return None
    return problem_response(error)


@bp.before_request
def identify() -> None:
    """Know who asks before anything is done, so that a token that is not good is told everywhere."""
    current_actor()


@bp.after_app_request
def open_to_all(response: Response) -> Response:
    """Let pages of other sites read what anyone may read: without credentials, so never what a person may."""
    if is_api_path(request.path):
        headers = response.headers
        headers["Access-Control-Allow-Origin"] = "*"
        headers["Access-Control-Expose-Headers"] = "ETag"
        if request.method == "OPTIONS":
            headers["Access-Control-Allow-Methods"] = "GET, HEAD, OPTIONS"
            headers["Access-Control-Allow-Headers"] = "If-None-Match"
            headers["Access-Control-Max-Age"] = "86400"
        headers.pop("Set-Cookie", None)  # the pages remember a chosen language; machines say it each time
    return response
