"""The API is as it describes itself."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import schemathesis
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, Phase, given, settings
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate
from schemathesis import Case
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance
from schemathesis.specs.openapi.schemas import OpenApiSchema

import kb.api.schemas
import kb.api.writing
import kb.domain.kinds
from config import ROOT
from kb.api.openapi import describe_api
from kb.api.parameters import SearchParameters
from kb.domain.kinds import FOLDERS, MODELS, TranslationHeader
from kb.services.search import PARAMETERS
from kb.text import frontmatter

LISTED = {"/api/v1/entries/{kind}/{slug}", "/api/v1/entries/{kind}/{slug}/{language}", "/api/v1/cities/{slug}",
          "/api/v1/vocabularies/{scheme}", "/api/v1/schemas/{schema}.json"}  # fmt: skip
FILES = sorted(path for folder in FOLDERS for path in (ROOT / "content" / folder).glob("*/*.md"))

PLAIN = {"Accept-Encoding": "identity"}  # schemathesis does not unpack what a WSGI app answers


@pytest.fixture(scope="session")
def document(app: Flask) -> dict[str, Any]:
    """The description."""
    found: dict[str, Any] = app.test_client().get("/api/v1/openapi.json").get_json()
    return found


def test_the_description_is_valid(document: dict[str, Any]) -> None:
    validate(document)
    assert document["openapi"].startswith("3.1")
    assert set(document["paths"]) > LISTED


def test_everything_is_described(document: dict[str, Any]) -> None:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            assert operation["summary"], (path, method)
            for parameter in operation["parameters"]:
                assert parameter.get("description") or parameter["$ref"], (path, method)
            assert ("security" in operation) == (method != "get"), (path, method)
    # what headers hold is described where files are: in the README
    headers = {field for model in (*MODELS.values(), TranslationHeader) for field in model.model_fields}
    for name, schema in document["components"]["schemas"].items():
        for field, facts in schema.get("properties", {}).items():
            own = hasattr(kb.api.schemas, name) or hasattr(kb.api.writing, name)
            own = own and not hasattr(kb.domain.kinds, name)
            if own and field not in headers:
                assert facts["description"], f"{name}.{field}"


def test_the_description_and_the_search_know_the_same_parameters() -> None:
    assert set(SearchParameters.model_fields) == set(PARAMETERS)


@pytest.mark.parametrize("language", ["en", "ko"])
def test_the_help_page_tells_every_parameter_of_the_search(language: str) -> None:
    text = (ROOT / "content" / "pages" / "how-to-search" / f"{language}.md").read_text()
    table = "\n".join(line for line in text.splitlines() if line.startswith("| `"))
    told = set(re.findall(r"`(\w+)`", "\n".join(line.split("|")[1] for line in table.splitlines())))
    assert set(SearchParameters.model_fields) <= told


@pytest.fixture(scope="session")
def api(app: Flask) -> OpenApiSchema:
    """The description as schemathesis drives it."""
    return schemathesis.openapi.from_wsgi("/api/v1/openapi.json", app)


# what is changed needs a token: see `test_drafts`
ASKED = [(path, GenerationMode.POSITIVE) for path, item in describe_api("http://kb.example")["paths"].items()
         if "get" in item and not path.endswith("/draft")]  # fmt: skip
# the others can't be asked for anything wrong
ASKED += [(f"/api/v1/{name}", GenerationMode.NEGATIVE) for name in ("search", "entries", "cities")]
# to the search an unknown code is one without works, and ten thousand works may be paged through, not pages
EXCEPTIONS = {
    "/api/v1/search": [negative_data_rejection, positive_data_acceptance],
    "/api/v1/entries": [negative_data_rejection],  # a parameter without a value is as good as none
}
QUICK = settings(
    max_examples=15,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],  # shrinking takes minutes where a search fails
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.parametrize(("path", "mode"), ASKED)
def test_whatever_is_asked_the_answer_is_as_described(api: OpenApiSchema, path: str, mode: GenerationMode) -> None:
    # schemathesis' own way into pytest does not work with pytest 9.2
    @QUICK
    @given(case=api[path]["GET"].as_strategy(mode))
    def ask(case: Case) -> None:
        case.call_and_validate(headers=PLAIN, excluded_checks=EXCEPTIONS.get(path))

    ask()


def _known(client: FlaskClient) -> list[tuple[str, dict[str, str]]]:
    entries = [
        entry
        for kind in ("case", "research", "profile")
        for entry in client.get(f"/api/v1/entries?kind={kind}&per_page=100").get_json()["entries"][::8]
    ]
    places = [("/api/v1/entries/{kind}/{slug}", {"kind": entry["kind"], "slug": entry["slug"]}) for entry in entries]
    places += [
        ("/api/v1/entries/{kind}/{slug}/{language}", {"kind": entry["kind"], "slug": entry["slug"], "language": tag})
        for entry in entries
        for tag in entry["languages"][1:]
    ]
    places += [("/api/v1/cities/{slug}", {"slug": slug}) for slug in ("medellin", "yangcheon-gu-seoul", "cork")]
    schemes = client.get("/api/v1/vocabularies").get_json()["vocabularies"]
    places += [("/api/v1/vocabularies/{scheme}", {"scheme": scheme["name"]}) for scheme in schemes]
    return places + [
        ("/api/v1/schemas/{schema}.json", {"schema": name}) for name in ("case", "research", "profile", "translation")
    ]


def test_what_the_library_holds_is_answered_as_described(api: OpenApiSchema, client: FlaskClient) -> None:
    known = _known(client)
    assert {path for path, _ in known} == LISTED
    for path, places in known:
        answer = api[path]["GET"].Case(path_parameters=places).call_and_validate(headers=PLAIN)
        assert answer.status_code == 200, places


@pytest.mark.parametrize("query", ["q=어르신", "q=library&country=KR&locale=ko", "sort=evidence&per_page=100"])
def test_found_works_are_answered_as_described(api: OpenApiSchema, query: str) -> None:
    parameters = dict(pair.split("=") for pair in query.replace("+", " ").split("&"))
    answer = api["/api/v1/search"]["GET"].Case(query=parameters).call_and_validate(headers=PLAIN)
    assert answer.json()["hits"]


def test_shipped_headers_follow_the_served_schemas(client: FlaskClient) -> None:
    validators = {}
    for name in ("case", "research", "profile", "translation"):
        schema = client.get(f"/api/v1/schemas/{name}.json").get_json()
        assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
        assert schema["$id"].endswith(f"/api/v1/schemas/{name}.json")
        Draft202012Validator.check_schema(schema)
        validators[name] = Draft202012Validator(schema)
    for path in FILES[::5]:
        header = json.loads(json.dumps(frontmatter.parse(path.read_bytes()).header, default=str))
        name = "translation" if "translation_of" in header else header["kind"]
        assert not list(validators[name].iter_errors(header)), path
    assert list(validators["case"].iter_errors({**header, "kind": "case", "surprise": 1}))
