"""The search page without a browser: every state is an address."""

from __future__ import annotations

import re
import shutil
from html import unescape
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from kb.app import create_app
from kb.runtime import Runtime
from tests.conftest import make_settings


def read(client: FlaskClient, path: str, status: int = 200) -> str:
    answer = client.get(path)
    assert answer.status_code == status
    return answer.text


def total(page: str) -> int:
    found = re.search(r"<h1>([\d,]+)", page)
    assert found
    return int(found[1].replace(",", ""))


def test_filters_alone_work_and_are_or_inside_and_and_between(client: FlaskClient) -> None:
    ireland = total(read(client, "/search?country=IE"))
    korea = total(read(client, "/search?country=KR"))
    both = total(read(client, "/search?country=IE&country=KR"))
    assert both == ireland + korea > 0
    assert 0 < total(read(client, "/search?country=IE&country=KR&kind=case")) < both


def test_ticked_boxes_stay_ticked_and_have_chips_that_take_them_away(client: FlaskClient) -> None:
    page = read(client, "/search?q=learning&kind=case&country=IE&year_from=2010")
    assert re.search(r'id="kind-case" name="kind" value="case" checked>', page)
    assert re.search(r'id="country-KR" name="country" value="KR">', page)
    chips = {
        re.sub(r"<[^>]+>|Remove|×", "", words).strip(): unescape(url)
        for url, words in re.findall(r'<a class="chip" href="(/search[^"]*)">(.*?)</a>', page, re.DOTALL)
    }
    assert chips["Kind: Policy case"] == "/search?q=learning&country=IE&year_from=2010"
    assert chips["Country: Ireland"] == "/search?q=learning&kind=case&year_from=2010"
    assert chips["from 2010"] == "/search?q=learning&kind=case&country=IE"
    assert chips["all"] == "/search?q=learning"


def test_a_choice_without_results_can_still_be_taken_away(client: FlaskClient) -> None:
    page = read(client, "/search?q=zzqqxx&kind=case")
    assert "Nothing in the library fits all of that." in page
    assert 'href="/search?q=zzqqxx"' in page


def test_what_is_typed_is_shown_never_run(client: FlaskClient) -> None:
    page = read(client, "/search?q=%3Cscript%3Ealert(1)%3C/script%3E%22%27&kind=%3Cb%3E")
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;&#34;&#39;" in page
    assert "<b>" not in page.replace("<b>City profile", "").split('id="found"')[1].split('<ol class="works')[0]


def test_words_are_marked_in_the_snippets(client: FlaskClient) -> None:
    assert re.search(r"<mark>librar(?:y|ies)</mark>", read(client, "/search?q=library"), re.I)


def test_sorting_keeps_the_choice_and_pages_are_turned(client: FlaskClient) -> None:
    page = read(client, "/search?kind=profile&sort=title")
    assert '<a href="/search?kind=profile&amp;sort=title" aria-current="true">Title</a>' in page
    assert 'href="/search?kind=profile&amp;sort=title&amp;page=2" rel="next"' in page
    second = read(client, "/search?kind=profile&sort=title&page=2")
    assert '<ol class="works hits" start="11">' in second
    first_titles, second_titles = (re.findall(r'href="(/cities/[^"]+)"', text) for text in (page, second))
    assert set(first_titles).isdisjoint(second_titles)


def test_the_box_of_the_header_belongs_to_the_form_with_the_filters(client: FlaskClient) -> None:
    page = read(client, "/search?q=library")
    assert re.search(r'<input id="q" name="q"[^>]* value="library"[^>]* form="filters">', page)
    assert page.count("<form") == 1


def test_long_facets_fold_without_script(client: FlaskClient) -> None:
    page = read(client, "/search")
    country = page[page.index('id="facet-country"') : page.index('id="facet-region"')]
    first, more = country.split('id="more-country"')
    assert first.count("checkbox") == 8
    assert more.count("checkbox") >= 20


def test_htmx_gets_the_short_address(client: FlaskClient) -> None:
    answer = client.get("/search?q=library&year_from=&year_to=&kind=case", headers={"HX-Request": "true"})
    assert answer.headers["HX-Push-Url"] == "/search?q=library&kind=case"
    assert "HX-Push-Url" not in client.get("/search?q=library").headers


def test_the_thesaurus_shows_what_it_added_and_can_be_sent_away(client: FlaskClient) -> None:
    page = read(client, "/search?q=library")
    assert "Also looking for" in page
    assert re.search(r'href="/search\?q=library&amp;without=[^"]+"', page)
    own = read(client, "/search?q=library&across=false")
    assert "Also looking for" not in own
    assert "only my words" in own


def test_labels_of_other_languages_are_marked_as_such(client: FlaskClient) -> None:
    page = read(client, "/search?q=library")
    chip = re.search(r'<a class="chip" href="[^"]*without=ring[^"]*"[^>]*>(.*?)</a>', page)
    assert chip and '<bdi lang="ko">도서관</bdi>' in chip[1]
    assert '<bdi lang="ar" dir="rtl">' in read(client, "/search?q=aswan")
    assert '<bdi lang="en">' in read(client, "/search?q=도서관&locale=ko")


@pytest.mark.parametrize("query", ["page=x", "sort=nope", "year_from=12", "per_page=1000", "page=9999"])
def test_parameters_that_cannot_be_used_are_named(client: FlaskClient, query: str) -> None:
    page = read(client, f"/search?{query}", 422)
    assert f"<li>{query.split('=')[0]}: " in page or query == "page=9999"


def test_a_broken_index_is_said_and_everything_else_works(tmp_path: Path, empty: Runtime) -> None:
    settings = make_settings(tmp_path / "data", content_dir=str(tmp_path / "none"))
    app: Flask = create_app(settings, empty)
    empty.engine.close()
    shutil.rmtree(Path(settings.search_url.removeprefix("whoosh:")))
    client = app.test_client()
    answer = client.get("/search?q=library")
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]
    assert "Out of order for the moment" in answer.text
    for path in ("/", "/cities", "/themes", "/map", "/login"):
        assert client.get(path).status_code == 200
