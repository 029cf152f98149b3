"""An instance of one's own whose people, mails and sessions a test may change."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from kb.app import create_app
from kb.cli.mailing import send_due
from kb.db import Database
from kb.mail.smtp import SmtpMailer
from kb.runtime import Runtime
from tests.conftest import make_settings
from tests.mail.server import Postbox, running


@dataclass
class House:
    """The app, its parts, and the mail server that it sends to."""

    app: Flask
    parts: Runtime
    postbox: Postbox

    @property
    def database(self) -> Database:
        return self.parts.database

    def visitor(self) -> FlaskClient:
        """A browser of its own."""
        return self.app.test_client()

    def letters(self) -> list[str]:
        """The texts of all mails that arrived, after the worker's next round."""
        while send_due(self.parts):
            pass
        return [body.get_content() for mail in self.postbox.mails if (body := mail.get_body(("plain",)))]


@pytest.fixture
def house(tmp_path: Path, empty: Runtime) -> Iterator[House]:
    """An instance that sends mails."""
    postbox = Postbox()
    with running(postbox) as port:
        empty.mailer = SmtpMailer(f"smtp://127.0.0.1:{port}", "kb.example.org")
        settings = make_settings(tmp_path / "data", content_dir=str(tmp_path / "none"))
        yield House(create_app(settings, empty), empty, postbox)
