"""Writing in a real browser: a draft, an interruption, review, public; by keyboard where it matters; no barriers."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from flask import Flask, redirect, session
from playwright.sync_api import Browser, BrowserContext, Page, expect
from werkzeug.serving import make_server
from werkzeug.wrappers import Response

from kb.app import create_app
from kb.runtime import Runtime
from kb.text.renderer import Renderer
from tests.browser.test_appearance import AXE, find_barriers
from tests.conftest import make_settings
from tests.people import open_session
from tests.writers import Staff, begin, compose, settle_in

pytestmark = pytest.mark.browser
EDITOR = "/contribute/cases/lanterns/en"
SignIn = Callable[..., BrowserContext]


@pytest.fixture
def staff(empty: Runtime, renderer: Renderer) -> Staff:
    """Two cities and their people."""
    return settle_in(empty.database, renderer)


@pytest.fixture
def served(empty: Runtime, staff: Staff) -> Iterator[str]:
    """A site that lets its people in by an address of this test."""
    app: Flask = create_app(make_settings(empty.data_dir, content_dir=str(empty.data_dir / "none")), empty)

    @app.get("/let-in/<name>")
    def let_in(name: str) -> Response:
        session["_user_id"] = open_session(empty.database, getattr(staff, name))
        return redirect("/contribute")

    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def sign_in(browser: Browser, served: str) -> Iterator[Callable[..., Page]]:
    """A tab in which that person is signed in; nothing is complained about in it, or asked of others."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def opened(name: str, **options: object) -> Page:
        context = browser.new_context(base_url=served, **{"locale": "en", "reduced_motion": "reduce", **options})  # type: ignore[arg-type]
        context.set_default_timeout(8_000)
        own = urlsplit(served).netloc
        context.on("request", lambda one: complaints.append(one.url) if urlsplit(one.url).netloc != own else None)
        context.on("console", lambda one: complaints.append(one.text) if one.type in {"error", "warning"} else None)
        context.on("weberror", lambda one: complaints.append(str(one.error)))
        contexts.append(context)
        tab = context.new_page()
        tab.goto(f"/let-in/{name}")
        return tab

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.mark.parametrize("javascript", [True, False], ids=["script", "no-script"])
def test_from_draft_to_public(sign_in: Callable[..., Page], javascript: bool) -> None:
    ana, eva = (sign_in(name, java_script_enabled=javascript) for name in ("ana", "eva"))
    ana.goto("/contribute")
    ana.get_by_label("Title").fill("Lanterns")
    ana.get_by_label("Summary").fill("They were hung.")
    ana.get_by_role("button", name="Begin").click()
    ana.wait_for_url(f"**{EDITOR}")
    ana.locator("#field-body").fill("Forty *lanterns*.")
    if javascript:
        expect(ana.locator("#preview em")).to_have_text("lanterns")
        expect(ana.locator("#field-title + small")).to_have_text("8 / 200")
        ana.locator("#field-body").press("End")
        ana.locator("md-bold button").click()
        expect(ana.locator("#field-body")).to_have_value("Forty *lanterns*.****")
        ana.locator("#field-body").fill("Forty *lanterns*.")
    else:
        ana.get_by_role("button", name="Preview").click()
        expect(ana.locator("#preview em")).to_have_text("lanterns")
    ana.get_by_text("Sustainable Development Goals").first.click()
    ana.get_by_label("4 sdgs 4").check()
    ana.get_by_role("button", name="Save and submit for review").press("Enter")
    ana.wait_for_url("**/review/cases/lanterns/en")

    eva.goto("/review")
    eva.get_by_role("link", name="Lanterns").click()
    expect(eva.locator("ins").first).to_be_visible()
    eva.get_by_label("What must be changed").fill("Say where.")
    eva.get_by_role("button", name="Ask for changes").click()
    expect(eva.get_by_role("status").last).to_contain_text("Sent back")
    ana.goto(EDITOR)
    ana.locator("#field-body").fill("Forty lanterns on the bridge.")
    ana.get_by_role("button", name="Save and submit for review").click()
    ana.wait_for_url("**/review/cases/lanterns/en")
    eva.goto("/review/cases/lanterns/en")
    eva.get_by_role("button", name="Publish now").click()
    eva.wait_for_url("**/cases/lanterns/en")
    expect(eva.locator(".prose").first).to_contain_text("on the bridge")


def test_an_interruption(sign_in: Callable[..., Page], empty: Runtime, renderer: Renderer, staff: Staff) -> None:
    begin(empty.database, staff.ana, compose(renderer))
    ana = sign_in("ana")
    ana.goto(EDITOR)
    ana.locator("#field-body").fill("Half a sentence, then the")
    with ana.expect_response("**/autosave"):
        ana.evaluate("Object.defineProperty(document, 'visibilityState', {value: 'hidden'});"
                     "document.dispatchEvent(new Event('visibilitychange'))")  # as when the tab goes  # fmt: skip
    elsewhere = sign_in("ana")
    elsewhere.goto(EDITOR)
    expect(elsewhere.locator("#field-body")).to_have_value("Half a sentence, then the")
    expect(elsewhere.get_by_text("did not save")).to_be_visible()


def test_no_barriers_at_the_desk(
    sign_in: Callable[..., Page], empty: Runtime, renderer: Renderer, staff: Staff, screenshots: Path
) -> None:
    begin(empty.database, staff.ana, compose(renderer, "## What was done\n\nForty lanterns.\n", sdgs=[4]))
    barriers: list[str] = []
    for locale in ("en", "ko"):
        tab = sign_in("eva", bypass_csp=True, viewport={"width": 1280, "height": 900}, locale=locale)
        for name, path in {"desk": "/contribute", "editor": EDITOR, "review": "/review/cases/lanterns/en",
                           "queue": "/review", "history": "/cases/lanterns/en/history"}.items():  # fmt: skip
            tab.goto(f"{path}?locale={locale}")
            tab.evaluate(AXE.read_text("utf-8"))
            tab.screenshot(path=screenshots / f"{name}-{locale}.png", full_page=True)
            barriers += [f"{name} {one}" for one in find_barriers(tab, "light")]
            tab.emulate_media(color_scheme="dark")
            barriers += [f"{name} {one}" for one in find_barriers(tab, "dark")]
            tab.emulate_media(color_scheme="light")
            tab.set_viewport_size({"width": 320, "height": 700})
            if (width := tab.evaluate("document.documentElement.scrollWidth")) > 320:
                barriers.append(f"{name} is {width} wide on a telephone")
            tab.set_viewport_size({"width": 1280, "height": 900})
    assert barriers == []
