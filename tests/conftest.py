"""Real parts for every test: both databases, one rendered shipped library a run."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from config import Settings
from kb.app import create_app, wire
from kb.cli.meaning import embed_all
from kb.cli.setup import set_up
from kb.db import Database
from kb.runtime import Runtime
from kb.text.renderer import Renderer
from tests.postgres import Cluster, find_binaries


def require(there: bool, what: str) -> None:
    """Skip where something is missing on a developer's machine; in CI that is a failure."""
    if there:
        return
    if os.environ.get("CI"):
        pytest.fail(f"{what} is missing: CI must have it")
    pytest.skip(f"{what} is missing")


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A PostgreSQL of this run's own, on a free port."""
    binaries = find_binaries()
    require(binaries is not None, "PostgreSQL")
    assert binaries
    with Cluster(binaries) as running:
        yield running


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def empty_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database without tables, of each kind."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'kb.sqlite3'}"
    else:
        url = request.getfixturevalue("cluster").new_database()
    database = Database(url)
    yield database
    database.close()


@pytest.fixture
def database(empty_database: Database) -> Database:
    """A migrated database, of each kind."""
    empty_database.migrate()
    return empty_database


@pytest.fixture(scope="session")
def renderer() -> Iterator[Renderer]:
    """One pool of renderers for the run."""
    with Renderer(sections={"what did not work": "what-did-not-work"}) as pool:
        yield pool


def make_settings(folder: Path, **changes: str) -> Settings:
    """Settings of an instance in a folder."""
    names = {f"KB_{name.upper()}": value for name, value in changes.items()}
    return Settings.from_env({"KB_DATA_DIR": str(folder), "KB_SECRET_KEY": "a key for tests only", **names})


@pytest.fixture(scope="session")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """An instance with the shipped library, set up once a run; tests must not change it."""
    settings = make_settings(tmp_path_factory.mktemp("shipped"))
    parts = set_up(settings)
    parts.database.close()
    parts.engine.close()
    return settings


@pytest.fixture(scope="session")
def parts(shipped: Settings) -> Iterator[Runtime]:
    """The wired parts of the shipped instance."""
    wired = wire(shipped)
    yield wired
    wired.engine.close()
    wired.database.close()


@pytest.fixture(scope="session")
def embedded(shipped: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runtime]:
    """A copy of the shipped instance with the vectors of all its texts: a minute's work, done once a run."""
    folder = tmp_path_factory.mktemp("embedded") / "data"
    shutil.copytree(shipped.data_dir, folder)
    wired = wire(make_settings(folder))
    embed_all(wired)
    yield wired
    wired.engine.close()
    wired.database.close()


@pytest.fixture(scope="session")
def app(shipped: Settings, parts: Runtime) -> Flask:
    """The app over the shipped library."""
    made = create_app(shipped, parts)
    made.testing = True
    return made


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A signed-out reader."""
    return app.test_client()


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Runtime]:
    """An instance of one's own without a library."""
    wired = set_up(make_settings(tmp_path / "data", content_dir=str(tmp_path / "none")))
    yield wired
    wired.engine.close()
    wired.database.close()
