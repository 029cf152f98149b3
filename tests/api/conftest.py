"""A small instance of one's own beside the shipped one, and readers of it."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient

from kb.app import create_app
from kb.cli.setup import set_up
from kb.domain.roles import COMMAND_LINE, Role
from kb.runtime import Runtime
from kb.services import indexing, people, sign_ins, vocabularies
from kb.text.renderer import Renderer
from tests.conftest import make_settings
from tests.factories import VOCABULARIES, case_header, profile_header, research_header, save

TRANSLATION = {"kind": "case", "title": "지어낸 사례", "summary": "시험용입니다.", "translation_of": "en"}


@pytest.fixture(scope="session")
def site_parts(tmp_path_factory: pytest.TempPathFactory, renderer: Renderer) -> Iterator[Runtime]:
    """A city, a public case with a Korean translation, a study, a case for the network, a draft."""
    folder = tmp_path_factory.mktemp("site")
    parts = set_up(make_settings(folder, content_dir=str(folder / "none")))
    with parts.database.transaction() as session:
        for scheme in VOCABULARIES:
            vocabularies.save_scheme(session, COMMAND_LINE, scheme)
        profile = profile_header(
            names={"ko": "시험시"}, languages=["en", "ga"], gnlc={"status": "member", "joined": 2015}
        )
        save(session, renderer, profile, slug="testville")
        open_case = case_header(
            contact={"unit": "Office", "email": "ask@example.org"},
            evidence={"level": 2, "reason": "Counted."},
            cost_band=3,
            period={"start": "2019", "end": "2021-05"},
        )
        save(session, renderer, open_case, "Lanterns & <b>lamps</b>.\n", slug="open")
        save(session, renderer, TRANSLATION, "등불입니다.\n", slug="open", language="ko")
        save(session, renderer, research_header(url="https://example.org/study", year=2020), slug="study")
        save(session, renderer, case_header(visibility="network"), "Lanterns inside.\n", slug="inside")
        save(session, renderer, case_header(), "Lanterns to come.\n", slug="to-come", publish=False)
    with parts.database.reading() as session:
        indexing.drain(session, parts.engine)
    yield parts
    parts.engine.close()
    parts.database.close()


@pytest.fixture(scope="session")
def site(site_parts: Runtime) -> Flask:
    """The app over the small instance."""
    made = create_app(make_settings(site_parts.data_dir), site_parts)
    made.testing = True
    return made


@pytest.fixture
def anyone(site: Flask) -> FlaskClient:
    """A signed-out reader of the small instance."""
    return site.test_client()


@pytest.fixture(scope="session")
def reader_id(site_parts: Runtime) -> UUID:
    """Somebody of the network."""
    with site_parts.database.transaction() as session:
        return people.create_person(
            session, COMMAND_LINE, email="reader@example.org", name="Reader", role=Role.READER, city=None,
            password="correct horse",
        ).id  # fmt: skip


@pytest.fixture
def reader(site: Flask, site_parts: Runtime, reader_id: UUID) -> FlaskClient:
    """The same, signed in."""
    client = site.test_client()
    with site_parts.database.transaction() as session:
        person = people.get_person(session, reader_id)
        secret = sign_ins.open_sign_in(session, person, whole=True, address="127.0.0.1", browser="tests")
    with client.session_transaction() as cookie:
        cookie["_user_id"] = secret
    return client
