"""What describes the rest: the JSON Schema of each header, and the API itself."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema

from kb.api.openapi import UntitledSchema, describe_api
from kb.api.operations import operation
from kb.api.schemas import JsonSchema, OpenApiDocument
from kb.domain.errors import N_, NotFound
from kb.domain.kinds import MODELS, TranslationHeader
from kb.runtime import runtime

_MODELS: Final[dict[str, type[BaseModel]]] = {
    **{kind.value: model for kind, model in MODELS.items()},
    "translation": TranslationHeader,
}


@operation("/schemas/<schema>.json", JsonSchema, refusals=(404,), media_type="application/schema+json")
def read_schema(schema: str) -> JsonSchema:
    """Read the JSON Schema of a header."""
    if schema not in _MODELS:
        raise NotFound(N_("There is nothing at this address."))
    return _schema_of(schema, runtime().base_url)


@lru_cache(maxsize=16)
def _schema_of(name: str, base_url: str) -> JsonSchema:
    schema = _MODELS[name].model_json_schema(schema_generator=UntitledSchema)
    address = f"{base_url}/api/v1/schemas/{name}.json"
    return JsonSchema({"$schema": GenerateJsonSchema.schema_dialect, "$id": address, **schema})


@operation("/openapi.json", OpenApiDocument)
def read_openapi() -> OpenApiDocument:
    """Read the description of this API."""
    return _document(runtime().base_url)


@lru_cache(maxsize=2)
def _document(base_url: str) -> OpenApiDocument:
    return OpenApiDocument(describe_api(base_url))
