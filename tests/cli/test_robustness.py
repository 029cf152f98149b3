"""What can happen to the worker, the index and the disk; nothing that was acknowledged may be lost."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from filelock import FileLock
from sqlalchemy import select

from config import Settings
from kb.app import create_app, wire
from kb.cli.serving import work
from kb.domain.errors import Unavailable
from kb.models import Mark, Work
from kb.runtime import Runtime
from kb.services import indexing, outbox
from tests.conftest import make_settings
from tests.factories import case_header, profile_header
from tests.library import run, vocabularies, write
from tests.search.test_whoosh_writing import small_disk  # noqa: F401  # a fixture


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """An instance with a few entries."""
    root = tmp_path / "library"
    vocabularies(root)
    write(root, "cities/testville/en.md", profile_header())
    for number in range(5):
        write(root, f"cases/case-{number}/en.md", case_header(title=f"Walking {number}"), "People walk and learn.\n")
    assert run(tmp_path / "data", "init", content_dir=str(root)).exit_code == 0
    return make_settings(tmp_path / "data", content_dir=str(root))


def ask_for_all(parts: Runtime) -> None:
    with parts.database.transaction() as session:
        for found in session.scalars(select(Work)).all():
            outbox.request_indexing(session, found)


def drain_for_ever(settings: Settings) -> None:
    parts = wire(settings)
    while True:
        with parts.database.reading() as session:
            indexing.drain(session, parts.engine, 1)


def test_a_worker_killed_a_hundred_times(settings: Settings) -> None:
    rng = random.Random(7)
    context = multiprocessing.get_context("fork")
    parts = wire(settings)
    for _ in range(100):
        ask_for_all(parts)
        parts.database.close()
        killed = context.Process(target=drain_for_ever, args=(settings,))
        killed.start()
        time.sleep(rng.uniform(0, 0.12))
        killed.kill()
        killed.join()
        assert killed.exitcode == -signal.SIGKILL
        assert wire(settings).engine.position() >= 0  # opens
    with parts.database.reading() as session:
        while indexing.drain(session, parts.engine):
            pass
        assert not indexing.verify(session, parts.engine)
        assert indexing.count_waiting(session, parts.engine) == 0


def test_of_two_workers_one_waits(settings: Settings) -> None:
    parts = wire(settings)
    environment = os.environ | {"KB_DATA_DIR": str(settings.data_dir), "KB_SECRET_KEY": "a key for tests only"}
    with FileLock(settings.data_dir / "worker.lock"):  # the first one
        second = subprocess.Popen([sys.executable, "-m", "kb", "worker"], env=environment, stdout=subprocess.DEVNULL)
        ask_for_all(parts)
        before = parts.engine.position()
        time.sleep(2)
        assert second.poll() is None
        assert parts.engine.position() == before
    try:
        end = time.monotonic() + 30
        while parts.engine.position() == before:
            assert time.monotonic() < end, "the second worker has not taken over"
            time.sleep(0.05)
    finally:
        second.send_signal(signal.SIGTERM)
        assert second.wait(30) == 0


@pytest.mark.parametrize("harm", ["missing", "broken"])
def test_without_an_index_only_searching_waits(settings: Settings, harm: str) -> None:
    """Then the worker builds it anew by itself."""
    for file in (settings.data_dir / "index").rglob("*"):
        if file.is_file() and harm == "missing":
            file.unlink()
        elif file.suffix in {".trm", ".pst"}:
            data = bytearray(file.read_bytes())
            data[len(data) // 2] ^= 1
            file.write_bytes(data)
    parts = wire(settings)
    client = create_app(settings, parts).test_client()
    for path in ("/search?q=walking", "/api/v1/search?q=walking"):
        assert client.get(path).status_code == 503, path
    pages = ["/", "/cases/case-1", "/cities", "/cities/testville", "/themes", "/login", "/healthz",
             "/api/v1/entries", "/api/v1/cities", "/api/v1/vocabularies", "/api/v1/openapi.json"]  # fmt: skip
    assert {path: client.get(path).status_code for path in pages} == dict.fromkeys(pages, 200)

    stopping = threading.Event()
    worker = threading.Thread(target=work, args=(wire(settings), stopping))
    worker.start()
    end = time.monotonic() + 30
    while client.get("/search?q=walking").status_code != 200:
        assert time.monotonic() < end, "the worker has not built the index anew"
        time.sleep(0.05)
    stopping.set()
    worker.join()
    with parts.database.reading() as session:
        assert not indexing.verify(session, parts.engine)


def test_a_locked_database_costs_no_index(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """The worker that can't forget what it has applied goes on later, and builds nothing anew."""
    monkeypatch.setattr("kb.db._BUSY_MILLISECONDS", 20)
    parts, other = wire(settings), wire(settings)
    ask_for_all(parts)
    folder = (settings.data_dir / "index" / "current.json").read_bytes()
    stopping = threading.Event()
    with other.database.transaction() as session:
        session.add(Mark(name="locked", value="now"))
        session.flush()
        worker = threading.Thread(target=work, args=(parts, stopping))
        worker.start()
        end = time.monotonic() + 20
        while other.engine.position() < outbox.last_number(session) and time.monotonic() < end:
            time.sleep(0.05)
    stopping.set()
    worker.join()
    assert (settings.data_dir / "index" / "current.json").read_bytes() == folder
    with parts.database.reading() as session:
        assert indexing.count_waiting(session, parts.engine) == 0


def test_a_full_disk_loses_nothing_that_was_acknowledged(small_disk: Path) -> None:  # noqa: F811  # the fixture
    from kb.db import Database

    database = Database(f"sqlite:///{small_disk / 'kb.sqlite3'}")
    database.migrate()
    free = os.statvfs(small_disk).f_bavail * os.statvfs(small_disk).f_frsize
    filler = small_disk / "filler"
    filler.write_bytes(bytes(free - 400_000))
    kept = 0
    with pytest.raises(Unavailable, match="nothing was changed"):  # one of them is refused
        for number in range(100_000):
            with database.transaction() as session:
                session.add_all(Mark(name=f"{number}-{part}", value="x" * 200) for part in range(50))
            kept = number + 1
    assert kept
    filler.unlink()
    with database.transaction() as session:
        session.add(Mark(name="after", value="x"))
    with database.reading() as session:
        assert len(session.scalars(select(Mark.name)).all()) == kept * 50 + 1
    database.close()
