"""What a reader sees: nothing cut off, a case on one screen, no barriers that axe-core knows of."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import OpenTab
from tests.browser.pages import PAGES

pytestmark = pytest.mark.browser

AXE = Path(__file__).with_name("vendor") / "axe.min.js"
RUN_AXE = """async only => {
    const found = await axe.run(document, {runOnly: only, resultTypes: ["violations"], preload: false});
    return found.violations.flatMap(rule => rule.nodes.map(
        node => `${rule.id}: ${node.target.join(" ")}: ${node.failureSummary.replace(/\\s+/g, " ")}`));
}"""
ALL = {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


def find_barriers(tab: Page, mode: str) -> list[str]:
    return [f"{mode}: {barrier}" for barrier in tab.evaluate(RUN_AXE, ALL)]


@pytest.mark.parametrize("name", PAGES)
def test_no_barriers(open_tab: OpenTab, screenshots: Path, name: str) -> None:
    # axe-core is put into the page from outside, which the page's own policy rightly forbids
    with open_tab(bypass_csp=True, viewport={"width": 1280, "height": 900}) as tab:
        tab.goto(PAGES[name])
        tab.evaluate(AXE.read_text("utf-8"))
        tab.screenshot(path=screenshots / f"{name}-light.png")
        barriers = find_barriers(tab, "light")
        tab.emulate_media(color_scheme="dark")
        tab.screenshot(path=screenshots / f"{name}-dark.png")
        barriers += find_barriers(tab, "dark")
        tab.emulate_media(color_scheme="light")
        tab.evaluate("document.documentElement.dir = 'rtl'")
        tab.screenshot(path=screenshots / f"{name}-rtl.png")
        barriers += find_barriers(tab, "rtl")
    assert barriers == []


def test_axe_finds_a_barrier(open_tab: OpenTab) -> None:
    with open_tab(bypass_csp=True) as tab:
        tab.goto("/about")
        tab.evaluate(AXE.read_text("utf-8"))
        tab.evaluate("document.querySelector('label[for=q]').remove()")
        tab.evaluate("document.getElementById('q').removeAttribute('placeholder')")
        assert [barrier.split(":")[1].strip() for barrier in find_barriers(tab, "light")] == ["label"]


@pytest.mark.parametrize("locale", ["en", "ko"])
def test_nothing_is_wider_than_a_small_telephone(open_tab: OpenTab, screenshots: Path, locale: str) -> None:
    """Nor does any page, under its own policy, ask others for something or complain: `open_tab` sees to that."""
    with open_tab(locale=locale, viewport={"width": 320, "height": 640}) as tab:
        widths = {}
        for name, path in PAGES.items():
            answer = tab.goto(path)
            assert answer
            assert answer.status == (404 if name == "missing" else 200), path
            tab.screenshot(path=screenshots / f"{name}-320-{locale}.png")
            widths[name] = tab.evaluate("document.documentElement.scrollWidth")
    assert {name: width for name, width in widths.items() if width > 320} == {}


def test_a_case_is_judged_from_one_screen(open_tab: OpenTab, screenshots: Path) -> None:
    with open_tab(viewport={"width": 1366, "height": 768}) as tab:
        tab.goto(PAGES["case"])
        tab.screenshot(path=screenshots / "case-one-screen.png")
        ends = {}
        for name in ("h1", "aside.facts", ".honest", ".judge > :has(> #contact)", ".judge > :has(> #sources)"):
            box = tab.locator(name).bounding_box()
            assert box, name
            ends[name] = box["y"] + box["height"]
    assert {name: end for name, end in ends.items() if end > 768} == {}
