"""A real server and a real browser, one of each for the folder; every tab is watched."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask import Flask
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright
from werkzeug.serving import make_server

from config import ROOT
from tests.conftest import require

CHROMIUM = "/usr/bin/chromium"
SWITCHES = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
OpenTab = Callable[..., AbstractContextManager[Page]]


@pytest.fixture(scope="package")
def base_url(app: Flask) -> Iterator[str]:
    """Where the shipped library is served."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """One Chromium; it ends with the folder, for its event loop must not run under other tests."""
    require(shutil.which(CHROMIUM) is not None, "Chromium")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=SWITCHES)
        yield running
        running.close()


@pytest.fixture
def open_tab(browser: Browser, base_url: str) -> OpenTab:
    """`with open_tab(locale="ko") as tab`: no cookies, and nothing asked of others or complained about at its end."""
    own = urlsplit(base_url).netloc

    @contextmanager
    def opened(**options: Any) -> Iterator[Page]:
        strangers: list[str] = []
        complaints: list[str] = []

        def hear(message: ConsoleMessage) -> None:
            missing = "404" in message.text and message.location["url"].endswith("/no-such-page")  # it is meant to be
            mistaken = "status of 422" in message.text  # a form that came back with what is wrong in it
            if message.type in {"error", "warning"} and not (missing or mistaken):
                complaints.append(f"{message.location['url']}: {message.text}")

        context = browser.new_context(base_url=base_url, **{"locale": "en", "reduced_motion": "reduce", **options})
        context.set_default_timeout(8_000)
        context.on("request", lambda one: strangers.append(one.url) if urlsplit(one.url).netloc != own else None)
        context.on("console", hear)
        context.on("weberror", lambda one: complaints.append(one.error.stack or str(one.error)))
        try:
            yield context.new_page()
        finally:
            context.close()
        assert strangers == []
        assert complaints == []

    return opened


@pytest.fixture(scope="session")
def screenshots() -> Path:
    """The folder in which pictures of the pages are kept, to look at."""
    folder = ROOT / "build" / "screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    return folder
