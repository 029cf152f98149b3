"""Words, days and languages as readers see them."""

from __future__ import annotations

import datetime as dt
from urllib.parse import urljoin, urlsplit

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.urls import iri_to_uri

from kb.domain.kinds import Period
from kb.web import display
from kb.web.account import own_path
from kb.web.cities import fold


@pytest.mark.parametrize(
    ("locale", "text", "shown"),
    [
        ("en", "2024", "2024"),
        ("en", "2024-05", "May 2024"),
        ("en", "2024-05-31", "31 May 2024"),
        ("ko", "2024", "2024년"),
        ("ko", "2024-05", "2024년 5월"),
        ("ko", "2024-05-31", "2024년 5월 31일"),
    ],
)
def test_dates_are_as_precise_as_they_are_given(app: Flask, locale: str, text: str, shown: str) -> None:
    with app.test_request_context(f"/?locale={locale}"):
        assert display.partial_date(text) == shown


@pytest.mark.parametrize(
    ("start", "end", "stage", "shown"),
    [
        ("2015", "2018", "ended", "2015 to 2018"),
        ("2015", "2015", None, "2015"),
        ("2015", None, "running", "since 2015"),
        ("2015", None, "stopped", "from 2015, end not stated"),
        (None, "2018-03", "ended", "until March 2018"),
    ],
)
def test_an_open_end_is_not_called_today(
    app: Flask, start: str | None, end: str | None, stage: str | None, shown: str
) -> None:
    with app.test_request_context("/?locale=en"):
        assert display.period_text(Period(start=start, end=end), stage) == shown


def test_how_long_ago(app: Flask) -> None:
    today = dt.datetime.now(dt.UTC).date()
    with app.test_request_context("/?locale=en"):
        assert display.ago(today) == "today"
        assert display.ago(today - dt.timedelta(days=92)) == "3 months ago"
    with app.test_request_context("/?locale=ko"):
        assert display.ago(today - dt.timedelta(days=92)) == "3개월 전"


@pytest.mark.parametrize(
    ("locale", "tag", "attributes"),
    [("en", "en", ""), ("en", "es", ' lang="es"'), ("en", "ar", ' lang="ar" dir="rtl"'), ("ko", "en", ' lang="en"')],
)
def test_foreign_parts_say_so(app: Flask, locale: str, tag: str, attributes: str) -> None:
    with app.test_request_context(f"/?locale={locale}"):
        assert display.foreign(tag) == attributes


def test_known_licences_are_links_and_others_plain_words(app: Flask) -> None:
    assert 'href="https://creativecommons.org/licenses/by/4.0/"' in display.licence("CC-BY-4.0")
    assert display.licence("X<b>") == "X&lt;b&gt;"


def test_a_switch_of_language_keeps_the_address(app: Flask) -> None:
    with app.test_request_context("/search?q=a+b&country=KR&country=IE&locale=en"):
        assert display.locale_url("ko") == "/search?q=a+b&country=KR&country=IE&locale=ko"


@pytest.mark.parametrize("text", ["Medellín", "MEDELLIN", "medellín"])
def test_folding_takes_case_and_accents_away_and_leaves_hangul_whole(text: str) -> None:
    assert fold(text) == "medellin"
    assert fold("오산시") == "오산시"


@given(st.text() | st.from_regex(r"[/\\]{0,3}(https?:)?[/\\@]{0,3}[a-z.]{0,9}[\t\n /\\?#]{0,3}[a-z]*", fullmatch=True))
def test_nobody_is_sent_to_another_site_after_signing_in(app: Flask, target: str) -> None:
    with app.test_request_context("/"):
        goal = urljoin("http://here.example/login", iri_to_uri(own_path(target)))
    assert urlsplit(goal).netloc == "here.example"


def test_a_path_of_this_site_is_kept(app: Flask) -> None:
    with app.test_request_context("/"):
        assert own_path("/search?q=a&country=KR") == "/search?q=a&country=KR"
