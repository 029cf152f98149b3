"""Every page of the reading side, over the shipped library."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import pytest
from flask import Flask
from flask.testing import FlaskClient

CASE = "/cases/cork-learning-neighbourhoods"
PAGES = [
    "/", "/search", "/search?q=library", "/cities", "/cities/cork", "/cities/yangcheon-gu-seoul", CASE,
    "/research/wyndham-steady-progress", "/themes", "/themes/key_features/2.2.1", "/themes/values/healthy", "/map",
    "/map?region=africa", "/about", "/help/how-to-search", "/help/how-to-read-a-case", "/help/evidence-levels",
    "/help/privacy", "/help/credits", "/login",
]  # fmt: skip


def read(client: FlaskClient, path: str, status: int = 200) -> str:
    answer = client.get(path)
    assert answer.status_code == status, path
    return answer.get_data(as_text=True)


@pytest.mark.parametrize("locale", ["en", "ko"])
@pytest.mark.parametrize("path", PAGES)
def test_page(client: FlaskClient, path: str, locale: str) -> None:
    page = read(client, f"{path}{'&' if '?' in path else '?'}locale={locale}")
    assert f'<html lang="{locale}" dir="ltr">' in page
    assert re.search(r"<title>[^<]{4,}</title>", page)
    assert page.count("<h1") == 1
    assert page.count('name="q"') == 1  # the search box in the header
    assert " style=" not in page
    assert re.search(r"<script(?![^>]* src=)", page) is None
    assert not re.search(r'(?:src|<link[^>]* href)="https?://(?!127\.0\.0\.1:8000/)', page)  # nothing of other hosts
    ids = re.findall(r' id="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    if locale == "ko":
        assert "학습도시 교류" in page
        assert "Learning Cities Exchange" not in page


def test_the_language_goes_by_address_then_cookie_then_browser(client: FlaskClient) -> None:
    assert '<html lang="en"' in read(client, "/about")
    korean = client.get("/about", headers={"Accept-Language": "ko-KR,ko;q=0.9,en;q=0.5"})
    assert '<html lang="ko"' in korean.text
    client.get("/about?locale=ko")
    assert '<html lang="ko"' in client.get("/about", headers={"Accept-Language": "en"}).text
    assert '<html lang="en"' in read(client, "/about?locale=en")
    assert '<html lang="en"' in read(client, "/about?locale=xx")


def test_home_says_how_much_there_is(client: FlaskClient) -> None:
    page = read(client, "/")
    assert re.search(r"<dd><a href=\"/cities\">346</a></dd>", page)
    assert page.count('<li class="value v') == 4
    assert 'href="/themes/values/sustainable"' in page


def test_a_case_is_judged_from_its_top(client: FlaskClient) -> None:
    page = read(client, CASE)
    top = page[page.index('<div class="record">') : page.index('<div class="text">')]
    for words in ("What did not work", "Not stated in the sources.", "Ask the city", "Whom to ask", "Sources",
                  "since 2015", "Scaled up", "Cork", "Ireland", "Evidence", "Cost"):  # fmt: skip
        assert words in top
    assert "Learning neighbourhoods set up" in page[page.index('id="results"') :]
    assert re.search(r"In common: [^<]+ · ", page)
    assert "CC BY 4.0" in page


def test_what_did_not_work_stands_at_the_top_and_only_there(client: FlaskClient) -> None:
    page = read(client, "/cases/yangcheon-learning-portal")
    assert page.count('id="what-did-not-work"') == 1


def test_a_translation_says_who_made_it_and_of_what(client: FlaskClient) -> None:
    page = read(client, f"{CASE}/ko?locale=en")
    assert '<h1 lang="ko">' in page.replace("<h1  ", "<h1 ")
    assert "Translated by machine from English on 23 November 2026" in page
    assert f'href="{CASE}/en" hreflang="en">Read the original' in page
    arabic = read(client, "/cases/damietta-departments-learn-together/ar?locale=en")
    assert re.search(r'<h1\s+lang="ar" dir="rtl">', arabic)


def test_a_reader_gets_their_language_where_there_is_one(client: FlaskClient) -> None:
    assert "코크의 학습마을" in read(client, f"{CASE}?locale=ko")
    assert "Learning neighbourhoods in Cork" in read(client, f"{CASE}?locale=en")


def test_a_city_shows_figures_with_day_and_source(client: FlaskClient) -> None:
    page = read(client, "/cities/osan?locale=en")
    assert re.search(r"Population</th><td class=\"number\">238,788 people</td><td>undated</td><td[^>]*>GeoNames", page)
    assert "37.152° N, 127.071° E" in page
    assert 'id="similar"' in page


@pytest.mark.parametrize(
    ("query", "there", "gone"),
    [
        ("region=africa", "Nairobi", "Cork"),
        ("country=IE", "Cork", "Nairobi"),
        ("name=medellin", "Medellín", "Cork"),
        ("name=%EC%98%A4%EC%82%B0", "Osan", "Cork"),
    ],
)
def test_cities_are_narrowed(client: FlaskClient, query: str, there: str, gone: str) -> None:
    page = read(client, f"/cities?{query}")
    assert f">{there}</a>" in page
    assert f">{gone}</a>" not in page


def test_no_city_is_no_error(client: FlaskClient) -> None:
    assert "No city of the library fits that." in read(client, "/cities?name=zzqqxx")


def test_the_map_has_every_placed_city_and_the_table_all(client: FlaskClient) -> None:
    page = read(client, "/map")
    assert page.count('<circle class="dot') == 340 + 2  # and two in the legend
    assert page.count('<th scope="row">') == 346
    assert "6 cities without a known place are in the table only." in page


def test_a_theme_counts_its_narrower_ones(client: FlaskClient) -> None:
    entries = {
        code: read(client, f"/themes/key_features/{code}").count('<li class="work">') for code in ("2.2", "2.2.1")
    }
    assert entries["2.2"] >= entries["2.2.1"] > 0
    assert '/themes/key_features/2.2">' in read(client, "/themes")


@pytest.mark.parametrize(
    "path",
    ["/nope", "/cases/nope", "/cases/Nope", f"{CASE}/fr", f"{CASE}/not-a-tag", "/cities/nope", "/themes/nope/1",
     "/themes/key_features/9", "/themes/values/nope", "/help/nope", f"{CASE}/files/none.pdf",
     f"{CASE}/files/..%2Fen.md", "/research/cork-learning-neighbourhoods"],
)  # fmt: skip
def test_what_is_not_there(client: FlaskClient, path: str) -> None:
    page = read(client, path, 404)
    assert "There is nothing at this address." in page


def test_errors_speak_the_readers_language(client: FlaskClient) -> None:
    assert "이 주소에는 아무것도 없습니다." in read(client, "/cases/nope?locale=ko", 404)
    refused = client.post("/about?locale=ko", data={})
    assert refused.status_code in {400, 405}


def test_method_and_size(client: FlaskClient) -> None:
    assert client.delete("/login").status_code in {400, 405}
    assert client.put("/").status_code in {400, 405}


def test_sitemap_has_every_public_work(client: FlaskClient) -> None:
    tree = ET.fromstring(read(client, "/sitemap.xml"))
    places = [node.text or "" for node in tree.iter("{http://www.sitemaps.org/schemas/sitemap/0.9}loc")]
    assert len(places) == 346 + 102 + 11 + 5
    assert all(place.startswith("http://127.0.0.1:8000/") for place in places)


def test_robots_and_the_browsers_search_box(client: FlaskClient) -> None:
    assert "Sitemap: http://127.0.0.1:8000/sitemap.xml" in read(client, "/robots.txt")
    box = ET.fromstring(read(client, "/opensearch.xml"))
    url = box.find("{http://a9.com/-/spec/opensearch/1.1/}Url")
    assert url is not None
    assert url.get("template") == "http://127.0.0.1:8000/search?q={searchTerms}"


def test_static_files_carry_their_hash(app: Flask, client: FlaskClient) -> None:
    page = read(client, "/about")
    for address in re.findall(r'(?:href|src)="(/static/[^"]+)"', page):
        assert re.search(r"\?v=[0-9a-f]{12}$", address)
        with client.get(address) as answer:
            assert answer.status_code == 200


def test_the_first_page_is_light(client: FlaskClient) -> None:
    page = read(client, "/")
    size = len(page.encode())
    for address in re.findall(r'(?:href|src)="(/static/[^"]+)"', page):
        with client.get(address) as answer:
            size += len(answer.data)
    assert size < 100_000  # before compression
