"""The pages of people in Chromium: no barriers, nothing too wide, and a way in by keyboard, without JavaScript too."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Page, expect
from werkzeug.serving import make_server

from kb.app import create_app
from kb.domain.roles import COMMAND_LINE, Role
from kb.runtime import Runtime
from kb.services import invitations, mailing, one_time_links
from tests.browser.conftest import OpenTab
from tests.browser.test_appearance import AXE, find_barriers
from tests.conftest import make_settings
from tests.people import PASSWORD, Device, make_city, make_person, person_of

pytestmark = pytest.mark.browser

SIGNED_IN = {
    "account": "/account",
    "second-factor": "/account/second-factor",
    "admin": "/admin",
    "invitations": "/admin/invitations",
    "people": "/admin/people",
    "audit": "/admin/audit",
    "jobs": "/admin/jobs",
}


@pytest.fixture
def base_url(tmp_path: Path, empty: Runtime) -> Iterator[str]:
    """Where an instance of one's own is served that has an administrator and some of everything."""
    with empty.database.transaction() as session:
        make_city(session)
    admin = make_person(empty.database, "root@example.org", Role.ADMIN, name="Root")
    make_person(empty.database, "mina@example.org", Role.EDITOR, "testville", name="Mina", demanded=True)
    with empty.database.transaction() as session:
        invitations.invite(session, admin, email="li@example.org", role=Role.EDITOR, city="testville")
        mailing.request(session, "roles-changed", person=person_of(session), path="/account")
        [letter] = mailing.claim(session)
        mailing.settle(session, letter, "The mail server refuses this address.", for_good=True)
    app: Flask = create_app(make_settings(tmp_path / "data", content_dir=str(tmp_path / "none")), empty)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def _sign_in(tab: Page, email: str) -> None:
    tab.goto("/login")
    tab.get_by_label("Mail address").fill(email)
    tab.get_by_label("Password", exact=True).fill(PASSWORD)
    tab.keyboard.press("Enter")
    tab.wait_for_url("**/")


def _invitation(parts: Runtime, email: str = "jo@example.org", role: Role = Role.EDITOR) -> str:
    with parts.database.transaction() as session:
        made = invitations.invite(
            session, COMMAND_LINE, email=email, role=role, city="testville" if role is Role.EDITOR else None
        )
        return one_time_links.link_to_invitation(session, made)


def _examine(tab: Page, screenshots: Path, name: str) -> list[str]:
    tab.set_viewport_size({"width": 1280, "height": 900})
    tab.evaluate(AXE.read_text("utf-8"))
    tab.screenshot(path=screenshots / f"{name}-light.png", full_page=True)
    found = find_barriers(tab, "light")
    tab.emulate_media(color_scheme="dark")
    tab.screenshot(path=screenshots / f"{name}-dark.png", full_page=True)
    found += find_barriers(tab, "dark")
    tab.emulate_media(color_scheme="light")
    tab.set_viewport_size({"width": 320, "height": 640})
    tab.screenshot(path=screenshots / f"{name}-320.png", full_page=True)
    found += find_barriers(tab, "narrow")
    width = tab.evaluate("document.documentElement.scrollWidth")
    return [f"{name}: {one}" for one in found + ([f"{width} px wide"] if width > 320 else [])]


def test_pages_of_administrators_have_no_barriers(open_tab: OpenTab, empty: Runtime, screenshots: Path) -> None:
    with empty.database.reading() as session:
        person = f"/admin/people/{person_of(session).id}"
    barriers = []
    with open_tab(bypass_csp=True) as tab:
        _sign_in(tab, "root@example.org")
        for name, path in (SIGNED_IN | {"person": person}).items():
            tab.goto(path)
            barriers += _examine(tab, screenshots, name)
        tab.goto("/account?locale=ko")
        barriers += _examine(tab, screenshots, "account-ko")
        tab.get_by_label("이름", exact=True).fill(" ")
        tab.get_by_role("button", name="저장").click()
        barriers += _examine(tab, screenshots, "account-mistake")
    assert barriers == []


def test_pages_before_the_door_have_no_barriers(open_tab: OpenTab, empty: Runtime, screenshots: Path) -> None:
    barriers = []
    with open_tab(bypass_csp=True) as tab:
        with empty.database.transaction() as session:
            reset = one_time_links.link_to_reset(session, person_of(session))
        pages = {
            "invitation": _invitation(empty),
            "reset": "/reset",
            "choose-password": reset,
            "login-people": "/login",
        }
        for name, path in pages.items():
            tab.goto(path)
            barriers += _examine(tab, screenshots, name)
    assert barriers == []


@pytest.mark.parametrize("javascript", [True, False], ids=["script", "no-script"])
def test_from_the_link_to_the_account_by_keyboard(
    open_tab: OpenTab, base_url: str, empty: Runtime, javascript: bool
) -> None:
    """Under the page's own policy: an editor is invited, chooses a password, sets up the second factor, comes back."""
    with open_tab(java_script_enabled=javascript) as tab:
        tab.goto(_invitation(empty))
        assert tab.url == f"{base_url}/invitation"  # the secret is out of the address
        tab.get_by_label("Your name").focus()
        tab.keyboard.type("Jo Doe")
        tab.keyboard.press("Tab")
        tab.keyboard.type(PASSWORD)
        tab.keyboard.press("Enter")
        tab.wait_for_url(re.compile("/account/second-factor"))
        device = Device(tab.locator("p .keys").inner_text())
        tab.get_by_label("Code").focus()
        tab.keyboard.type(device.code())
        tab.keyboard.press("Enter")
        expect(tab.locator("ul.keys li")).to_have_count(10)
        recovery = tab.locator("ul.keys li").first.inner_text()
        tab.get_by_role("link", name="I have kept them").focus()
        tab.keyboard.press("Enter")
        tab.goto("/account")
        expect(tab.get_by_text("You review and publish for the city.")).to_be_visible()
        tab.get_by_role("button", name="Sign out").focus()
        tab.keyboard.press("Enter")
        expect(tab.get_by_text("You are signed out.")).to_be_visible()
        tab.goto("/login?next=/account")
        tab.get_by_label("Mail address").focus()
        tab.keyboard.type("jo@example.org")
        tab.keyboard.press("Tab")
        tab.keyboard.type(PASSWORD)
        tab.keyboard.press("Enter")
        tab.wait_for_url("**/login/code")
        tab.get_by_label("Code").focus()
        tab.keyboard.type(recovery)
        tab.keyboard.press("Enter")
        tab.wait_for_url("**/account")
        expect(tab.get_by_text("9 recovery codes are left.")).to_be_visible()
