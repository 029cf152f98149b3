"""What only SQLite needs care for: locks, lost updates, broken files."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from sqlalchemy import text

from kb.db import Database
from kb.domain.errors import Unavailable
from kb.models import Mark


def test_no_update_is_lost_between_writers(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'kb.sqlite3'}")
    database.migrate()
    with database.transaction() as session:
        session.add(Mark(name="count", value="0"))

    def count() -> None:
        for _ in range(20):
            with database.transaction() as session:
                mark = session.get_one(Mark, "count")
                mark.value = str(int(mark.value) + 1)

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.reading() as session:
        assert session.get_one(Mark, "count").value == "80"
    database.close()


def test_pragmas(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'kb.sqlite3'}")
    with database.reading() as session:
        found = [session.scalar(text(f"PRAGMA {name}")) for name in ("journal_mode", "foreign_keys", "busy_timeout")]
    assert found == ["wal", 1, 10000]
    database.close()


def test_a_locked_database_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kb.db._BUSY_MILLISECONDS", 50)
    database = Database(f"sqlite:///{tmp_path / 'kb.sqlite3'}")
    database.migrate()
    with database.transaction() as session:
        session.add(Mark(name="a", value="b"))
        session.flush()
        with pytest.raises(Unavailable, match="try again"), database.transaction() as other:
            other.add(Mark(name="c", value="d"))
    database.close()


def test_a_file_that_is_no_database_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "kb.sqlite3").write_bytes(b"not a database" * 100)
    database = Database(f"sqlite:///{tmp_path / 'kb.sqlite3'}")
    with pytest.raises(Unavailable), database.reading() as session:
        session.execute(text("SELECT 1 FROM sqlite_master"))
    database.close()


def test_postgresql_out_of_reach_is_one_sentence() -> None:
    database = Database("postgresql+psycopg://kb@127.0.0.1:1/kb")
    with pytest.raises(Unavailable), database.reading() as session:
        session.execute(text("SELECT 1"))
    database.close()
