"""Cities and vocabularies."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient


def test_cities(anyone: FlaskClient) -> None:
    assert anyone.get("/api/v1/cities?locale=ko").get_json() == {
        "total": 1,
        "cities": [
            {
                "slug": "testville",
                "name": "시험시",
                "country": "IE",
                "region": None,
                "gnlc": {"status": "member", "joined": 2015},
                "population": None,
                "lat": None,
                "lon": None,
                "url": "/cities/testville",
            }
        ],
    }


@pytest.mark.parametrize(
    ("query", "total"),
    [
        ("country=KR", 20),
        ("country=KR&region=africa", 0),
        ("gnlc=preparing&country=KR", 1),
        ("region=africa&region=arab-states", 20),
        ("", 300),
    ],
)
def test_cities_can_be_narrowed(client: FlaskClient, query: str, total: int) -> None:
    found = client.get(f"/api/v1/cities?{query}").get_json()
    assert found["total"] == len(found["cities"])
    assert found["total"] >= total if total > 1 else found["total"] == total


def test_a_city(anyone: FlaskClient, reader: FlaskClient) -> None:
    found = anyone.get("/api/v1/cities/testville").get_json()
    assert (found["name"], found["names"], found["aliases"]) == ("Testville", {"ko": "시험시"}, [])
    assert [work["slug"] for work in found["works"]] == ["open", "study"]
    assert len(reader.get("/api/v1/cities/testville").get_json()["works"]) == 3


@pytest.mark.parametrize("slug", ["nowhere", "%00", "Testville"])
def test_no_such_city(anyone: FlaskClient, slug: str) -> None:
    assert anyone.get(f"/api/v1/cities/{slug}").status_code == 404


def test_a_country_is_two_letters(anyone: FlaskClient) -> None:
    answer = anyone.get("/api/v1/cities?country=Korea")
    assert answer.status_code == 422
    assert answer.get_json()["errors"][0]["field"] == "country"


def test_vocabularies(client: FlaskClient) -> None:
    found = client.get("/api/v1/vocabularies").get_json()["vocabularies"]
    assert [scheme["name"] for scheme in found] == sorted(scheme["name"] for scheme in found)
    features = next(scheme for scheme in found if scheme["name"] == "key_features")
    assert features["languages"] == ["en", "ko"]
    concepts = client.get(features["url"] + "?locale=ko").get_json()["concepts"]
    assert len(concepts) == features["concepts"]
    first = next(concept for concept in concepts if concept["code"] == "1.1")
    assert first["parent"] == "1"
    assert first["label"] == first["labels"]["ko"] == "개인 역량 강화와 사회통합"


def test_other_columns_of_a_vocabulary(client: FlaskClient) -> None:
    concepts = client.get("/api/v1/vocabularies/yangcheon_values").get_json()["concepts"]
    assert concepts[0]["extra"]["key_features"] == "1.3|3.1.3"


def test_no_such_vocabulary(client: FlaskClient) -> None:
    assert client.get("/api/v1/vocabularies/nothing").status_code == 404


def test_inhabitants_are_whole(client: FlaskClient) -> None:
    assert b'"population":1999979,' in client.get("/api/v1/cities/medellin").data
