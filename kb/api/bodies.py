"""What programs send: one JSON object, read as strictly as a header in a file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, TypeVar

from flask import request
from pydantic import BaseModel, ValidationError
from werkzeug.exceptions import BadRequest, UnsupportedMediaType

from kb.domain.errors import N_, Invalid
from kb.domain.mistakes import explain

M = TypeVar("M", bound=BaseModel)
_DIGITS = 18  # of a whole number; databases take no longer ones


def read_object() -> dict[str, Any]:
    """The object that was sent.

    Raises:
        UnsupportedMediaType: it is not said to be JSON.
        BadRequest: it is none.
        Invalid: it names a field twice, or can't be kept as text.
    """
    if not request.is_json:
        raise UnsupportedMediaType
    try:
        found = json.loads(
            request.get_data(cache=False), object_pairs_hook=_once, parse_constant=_no_number, parse_int=_whole
        )
        json.dumps(found, ensure_ascii=False).encode()  # half a surrogate pair is no text
    except (ValueError, RecursionError) as error:
        raise BadRequest from error
    if not isinstance(found, dict):
        raise Invalid.of(N_("must be a group of fields."))
    return found


def read_model(model: type[M]) -> M:
    """The object as the model.

    Raises:
        as `read_object`.
        Invalid: one problem for each field that is unknown, missing or can't be used.
    """
    try:
        return model.model_validate(read_object())
    except ValidationError as error:
        raise explain(error) from error


def take_text(fields: dict[str, Any], name: str, default: str | None = None) -> str:
    """Take a text out of the fields.

    Raises:
        Invalid: it is missing and has no default, or is no text.
    """
    value = fields.pop(name, default)
    if value is None:
        raise Invalid.of(N_("is missing."), field=name)
    if not isinstance(value, str):
        raise Invalid.of(N_("must be text; put it in quotation marks."), field=name)
    return value


def _once(pairs: list[tuple[str, Any]]) -> Mapping[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise Invalid.of(N_("stands here a second time: keep one."), field=twice[:100])
    return found


def _no_number(word: str) -> float:
    raise ValueError(word)


def _whole(digits: str) -> int:
    if len(digits) > _DIGITS:
        raise ValueError("too long")
    return int(digits)
