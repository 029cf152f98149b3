"""The table of operations: what each address takes and answers, told once for Flask and for OpenAPI."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import wraps
from http import HTTPStatus
from typing import Final, ParamSpec

from flask import Blueprint, Response, request
from pydantic import BaseModel

bp = Blueprint("api", __name__, url_prefix="/api/v1")
P = ParamSpec("P")


@dataclass(frozen=True)
class Reply:
    """An answer with what else must be told.

    Attributes:
        etag: of the thing that was answered or made; it outlives other changes of the answer.
        location: of what was made.
    """

    answer: BaseModel
    etag: str | None = None
    location: str | None = None


View = Callable[P, BaseModel | Reply]


@dataclass(frozen=True)
class Operation:
    """One address.

    Attributes:
        name: of the view, and the `operationId`.
        rule: Flask's, below `/api/v1`; its places are fields of `kb.api.parameters.PathParameters`.
        text: what it does; the first line is the summary.
        answer: model of what a reader gets.
        parameters: model of the query string, None where it takes none.
        refusals: statuses of the problems that it may answer instead.
        media_type: of the answer.
        method: of HTTP; everything but GET changes something and needs a token.
        status: of what is answered when all went well.
        takes: model of what is sent, None where nothing is.
        media_taken: of what is sent.
        headers: those that it reads, in the words of `kb.api.openapi.HEADERS`.
    """

    name: str
    rule: str
    text: str
    answer: type[BaseModel]
    parameters: type[BaseModel] | None
    refusals: tuple[int, ...]
    media_type: str
    method: str = "GET"
    status: int = 200
    takes: type[BaseModel] | None = None
    headers: tuple[str, ...] = ()
    media_taken: str = "application/json"


OPERATIONS: Final[list[Operation]] = []


def operation(
    rule: str,
    answer: type[BaseModel],
    *,
    parameters: type[BaseModel] | None = None,
    refusals: tuple[int, ...] = (),
    passing: Collection[str] = (),
    media_type: str = "application/json",
    method: str = "GET",
    status: int = 200,
    takes: type[BaseModel] | None = None,
    headers: tuple[str, ...] = (),
    media_taken: str = "application/json",
) -> Callable[[View[P]], View[P]]:
    """Serve a view at an address, and enter it in the table.

    Args:
        passing: fields that differ between answers that say the same; the ETag leaves them out, and is weak then.
    """

    def register(view: View[P]) -> View[P]:
        text = inspect.getdoc(view) or ""
        OPERATIONS.append(
            Operation(
                view.__name__,
                rule,
                text,
                answer,
                parameters,
                refusals,
                media_type,
                method,
                status,
                takes,
                headers,
                media_taken,
            )
        )

        @wraps(view)
        def respond(*args: P.args, **kwargs: P.kwargs) -> Response:
            reply = view(*args, **kwargs)
            if isinstance(reply, BaseModel):
                reply = Reply(reply)
            response = _respond(reply, set(passing), media_type, readable=method == "GET")
            if response.status_code == HTTPStatus.OK:
                response.status_code = status
            return response

        bp.add_url_rule(rule, view.__name__, respond, methods=[method])
        return view

    return register


def _respond(reply: Reply, passing: set[str], media_type: str, *, readable: bool) -> Response:
    content = reply.answer.model_dump_json(exclude_unset=True)
    response = Response(content, content_type=media_type)
    if reply.etag:
        response.set_etag(reply.etag)
    elif readable:
        lasting = reply.answer.model_dump_json(exclude_unset=True, exclude=passing) if passing else content
        response.set_etag(hashlib.sha256(lasting.encode()).hexdigest()[:32], weak=bool(passing))
    if reply.location:
        response.headers["Location"] = reply.location
    response.make_conditional(request)
    return response
