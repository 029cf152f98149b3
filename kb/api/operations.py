"""The table of operations: what each address takes and answers, told once for Flask and for OpenAPI."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import wraps
from typing import Final, ParamSpec

from flask import Blueprint, Response, request
from pydantic import BaseModel

bp = Blueprint("api", __name__, url_prefix="/api/v1")
P = ParamSpec("P")
View = Callable[P, BaseModel]


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
    """

    name: str
    rule: str
    text: str
    answer: type[BaseModel]
    parameters: type[BaseModel] | None
    refusals: tuple[int, ...]
    media_type: str


OPERATIONS: Final[list[Operation]] = []


def operation(
    rule: str,
    answer: type[BaseModel],
    *,
    parameters: type[BaseModel] | None = None,
    refusals: tuple[int, ...] = (),
    passing: Collection[str] = (),
    media_type: str = "application/json",
) -> Callable[[View[P]], View[P]]:
    """Serve a view at an address, and enter it in the table.

    Args:
        passing: fields that differ between answers that say the same; the ETag leaves them out, and is weak then.
    """

    def register(view: View[P]) -> View[P]:
        text = inspect.getdoc(view) or ""
        OPERATIONS.append(Operation(view.__name__, rule, text, answer, parameters, refusals, media_type))

        @wraps(view)
        def respond(*args: P.args, **kwargs: P.kwargs) -> Response:
            return _respond(view(*args, **kwargs), set(passing), media_type)

        bp.add_url_rule(rule, view.__name__, respond)
        return view

    return register


def _respond(answer: BaseModel, passing: set[str], media_type: str) -> Response:
    content = answer.model_dump_json(exclude_unset=True)
    lasting = answer.model_dump_json(exclude_unset=True, exclude=passing) if passing else content
    response = Response(content, content_type=media_type)
    response.set_etag(hashlib.sha256(lasting.encode()).hexdigest()[:32], weak=bool(passing))
    response.make_conditional(request)
    return response
