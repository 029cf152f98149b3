"""The way that most readers go: home, search, a facet, a case, its city."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import OpenTab

pytestmark = pytest.mark.browser

CORK = ("/cases/cork-learning-neighbourhoods", "/cities/cork")
OSAN = ("/cases/osan-learning-within-ten-minutes", "/cities/osan")


@pytest.mark.parametrize("javascript", [True, False], ids=["script", "no-script"])
@pytest.mark.parametrize(
    ("language", "words", "paths", "kind", "titles"),
    [
        ("en", "learning neighbourhoods cork", CORK, "Policy case", ("Learning neighbourhoods in Cork", "Cork")),
        ("ko", "오산 학습", OSAN, "정책", ("걸어서 10분", "오산시")),
    ],
    ids=["en", "ko"],
)
def test_from_home_to_a_city(
    open_tab: OpenTab,
    javascript: bool,
    language: str,
    words: str,
    paths: tuple[str, str],
    kind: str,
    titles: tuple[str, str],
) -> None:
    case, city = paths
    with open_tab(java_script_enabled=javascript) as tab:
        tab.goto(f"/?locale={language}")
        tab.locator("#q").fill(words)
        tab.locator("#q").press("Enter")
        tab.wait_for_url("**/search?q=*")
        expect(tab.locator("html")).to_have_attribute("lang", language)
        expect(tab.locator("#kind-profile")).to_have_count(1)  # more than cases is found

        tab.locator("#kind-case").check()
        if not javascript:
            tab.locator("button.apply").click()
        tab.wait_for_url(re.compile("[?&]kind=case"))
        expect(tab.locator("#kind-case")).to_be_checked()
        expect(tab.locator(".hits .over b").filter(has_not_text=kind)).to_have_count(0)

        tab.locator(f".hits a[href='{case}']").click()
        expect(tab.locator("h1")).to_contain_text(titles[0])
        expect(tab.locator("html")).to_have_attribute("lang", language)

        tab.locator(f".record header a[href='{city}']").click()
        tab.wait_for_url(f"**{city}")
        expect(tab.locator("h1")).to_contain_text(titles[1])
        expect(tab.locator(f"#works ~ ol a[href='{case}']")).to_be_visible()


def test_back_returns_to_the_search_before_the_facet(open_tab: OpenTab) -> None:
    with open_tab() as tab:
        tab.goto("/search?q=cork")
        before = tab.locator("h1").inner_text()
        tab.locator("#kind-research").check()
        tab.wait_for_url(re.compile("[?&]kind=research"))
        tab.go_back()
        tab.wait_for_url(re.compile(r"/search\?q=cork$"))
        expect(tab.locator("h1")).to_have_text(before)
        expect(tab.locator("#kind-research")).not_to_be_checked()


def test_slash_goes_to_the_search_box(open_tab: OpenTab) -> None:
    with open_tab() as tab:
        for path in ("/", "/search?q=cork", CORK[0]):
            tab.goto(path)
            tab.keyboard.press("/")
            expect(tab.locator("#q")).to_be_focused()
            tab.keyboard.press("End")
            typed = tab.locator("#q").input_value()
            tab.keyboard.press("/")
            expect(tab.locator("#q")).to_have_value(f"{typed}/")  # in the box it is a letter like any other
