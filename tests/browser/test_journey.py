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


@pytest.mark.parametrize("path", ["/", "/search?q=cork"])
def test_what_is_being_typed_leads_to_a_city(open_tab: OpenTab, path: str) -> None:
    with open_tab() as tab:
        tab.goto(path)
        tab.locator("#q").fill("")
        tab.locator("#q").press_sequentially("medel")
        options = tab.get_by_role("option")
        expect(options.first).to_have_text("Medellín")
        expect(tab.get_by_role("combobox")).to_have_attribute("aria-expanded", "true")
        tab.keyboard.press("Escape")
        expect(tab.get_by_role("listbox")).to_be_hidden()
        expect(tab.locator("#q")).to_have_value("medel")
        tab.keyboard.type("l")
        expect(options.first).to_be_visible()
        tab.keyboard.press("ArrowDown")
        expect(options.first).to_have_attribute("aria-selected", "true")
        tab.keyboard.press("Enter")
        tab.wait_for_url("**/cities/medellin")


def test_a_suggestion_that_is_not_chosen_is_not_taken(open_tab: OpenTab) -> None:
    with open_tab() as tab:
        tab.goto("/")
        tab.locator("#q").press_sequentially("메데")
        expect(tab.get_by_role("option").first).to_be_visible()
        tab.keyboard.press("Enter")
        tab.wait_for_url("**/search?q=*")
