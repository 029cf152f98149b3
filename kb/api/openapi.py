"""The API's description (https://spec.openapis.org/oas/v3.1.1.html), made from the table of operations."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, models_json_schema

from kb import __version__
from kb.api.operations import OPERATIONS, Operation
from kb.api.parameters import PathParameters
from kb.api.schemas import ProblemDocument

_TEXT: Final = """\
What is read with GET (HEAD and OPTIONS work too) needs no key, drafts excepted. What changes something needs a \
personal token: `Authorization: Bearer …`. Parameters that an operation does not know are ignored; fields that a text \
does not have are refused by name. Every answer to GET has an `ETag`: as `If-None-Match` it saves the answer where \
nothing has changed, as `If-Match` it saves a draft from being written over. Errors are problem documents (RFC 9457). \
Pages of other sites may read everything that anyone may read."""
_PLACE: Final = re.compile(r"<(?:\w+:)?(\w+)>")
HEADERS: Final[Mapping[str, str]] = {
    "If-Match": "The ETag of the draft that the change was made to; `*` for whatever it is.",
    "Idempotency-Key": "A name of your own for this request: sent again, it is answered the same and done once.",
}


class UntitledSchema(GenerateJsonSchema):
    """JSON Schema without the titles that only repeat the fields' names."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        """Never."""
        return False


def describe_api(base_url: str) -> dict[str, Any]:
    """The OpenAPI document.

    Args:
        base_url: of this instance.
    """
    taken = {operation.parameters for operation in OPERATIONS if operation.parameters} | {PathParameters}
    given = {operation.answer for operation in OPERATIONS} | {ProblemDocument}
    sent = {operation.takes for operation in OPERATIONS if operation.takes}
    models = sorted(taken | given | sent, key=lambda model: model.__name__)
    _, found = models_json_schema(
        [(model, "validation") for model in models],
        ref_template="#/components/schemas/{model}",
        schema_generator=UntitledSchema,
    )
    schemas: dict[str, Any] = found["$defs"]
    properties = {model: schemas.pop(model.__name__)["properties"] for model in taken}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Learning Cities Knowledge Base",
            "version": __version__,
            "description": _TEXT,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": base_url}],
        "paths": _paths(properties),
        "components": {
            "schemas": schemas,
            "parameters": {
                "IfNoneMatch": {
                    "name": "If-None-Match",
                    "in": "header",
                    "description": "ETags of answers that are at hand.",
                    "schema": {"type": "string"},
                }
            },
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "description": "A personal token, made on `/account`."}
            },
            "headers": {"ETag": {"description": "Tells this answer from another.", "schema": {"type": "string"}}},
            "responses": {
                "Problem": {
                    "description": "What went wrong.",
                    "content": {"application/problem+json": {"schema": _reference(ProblemDocument)}},
                }
            },
        },
    }


def _paths(properties: Mapping[type[BaseModel], Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    paths: dict[str, dict[str, Any]] = {}
    for operation in OPERATIONS:
        path = paths.setdefault("/api/v1" + _PLACE.sub(r"{\1}", operation.rule), {})
        path[operation.method.lower()] = _describe(operation, properties)
    return paths


def _reference(model: type[BaseModel]) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{model.__name__}"}


def _describe(operation: Operation, properties: Mapping[type[BaseModel], Mapping[str, Any]]) -> dict[str, Any]:
    summary, _, text = operation.text.partition("\n\n")
    problem = {"$ref": "#/components/responses/Problem"}
    reads = operation.method == "GET"
    return {
        "operationId": operation.name,
        "summary": summary.rstrip("."),
        **({"description": " ".join(text.split())} if text else {}),
        "parameters": [*_parameters(operation, properties), *_headers(operation)],
        **_request(operation),
        **({} if reads else {"security": [{"token": []}]}),
        "responses": {
            str(operation.status): {
                "description": (operation.answer.__doc__ or "").strip(),
                "headers": {"ETag": {"$ref": "#/components/headers/ETag"}},
                "content": {operation.media_type: {"schema": _reference(operation.answer)}},
            },
            **({"304": {"description": "Nothing has changed."}} if reads else {}),
            **{str(status): problem for status in operation.refusals},
            "default": problem,
        },
    }


def _headers(operation: Operation) -> Iterator[dict[str, Any]]:
    if operation.method == "GET":
        yield {"$ref": "#/components/parameters/IfNoneMatch"}
    for name in operation.headers:
        yield {"name": name, "in": "header", "description": HEADERS[name], "schema": {"type": "string"}}


def _request(operation: Operation) -> dict[str, Any]:
    if operation.takes is None:
        return {}
    return {
        "requestBody": {"required": True, "content": {operation.media_taken: {"schema": _reference(operation.takes)}}}
    }


def _parameters(
    operation: Operation, properties: Mapping[type[BaseModel], Mapping[str, Any]]
) -> Iterator[dict[str, Any]]:
    for name in _PLACE.findall(operation.rule):
        yield _parameter("path", name, properties[PathParameters][name]) | {"required": True}
    if operation.parameters:
        for name, schema in properties[operation.parameters].items():
            yield _parameter("query", name, schema)


def _parameter(place: str, name: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    # what is left out is neither null nor an empty list: it is not there
    choices = [choice for choice in schema.get("anyOf", ()) if choice != {"type": "null"}]
    rest = {key: value for key, value in schema.items() if key not in {"description", "anyOf"}}
    if rest.get("default") in (None, []):
        rest.pop("default", None)
    return {"name": name, "in": place, "description": schema["description"], "schema": {**rest, **(choices or [{}])[0]}}
