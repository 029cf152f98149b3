"""The database: engine, pragmas, one session a request, and the only commit in the code."""

from __future__ import annotations

import contextlib
import random
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Engine, ExceptionContext, create_engine, event, inspect, make_url
from sqlalchemy.exc import DatabaseError, DBAPIError, InterfaceError, OperationalError
from sqlalchemy.orm import Session

from kb.domain.errors import N_, Unavailable
from kb.models import Mark

if TYPE_CHECKING:  # Alembic is read by those who migrate, not by every web worker: a tenth of a second
    from alembic.config import Config

_BUSY_MILLISECONDS = 10_000


class Database:
    """One engine of a process; hands out sessions.

    SQLite runs in WAL with foreign keys; a transaction that writes takes the write lock at its start (`BEGIN
    IMMEDIATE`), since one that reads first and writes later may lose its place and fail
    (https://docs.sqlalchemy.org/en/21/dialects/sqlite.html#pysqlite-serializable).
    """

    def __init__(self, url: str) -> None:
        self.url = make_url(url)
        options: dict[str, Any] = {}
        if self.is_sqlite:
            if self.url.database and self.url.database != ":memory:":
                Path(self.url.database).parent.mkdir(parents=True, exist_ok=True)
            options["connect_args"] = {"timeout": _BUSY_MILLISECONDS / 1000, "check_same_thread": False}
        else:
            options |= {"pool_pre_ping": True, "pool_size": 8}
        self.engine: Engine = create_engine(self.url, **options)
        if self.is_sqlite:
            event.listen(self.engine, "connect", _set_up_sqlite)
            event.listen(self.engine, "begin", _begin_sqlite)
        event.listen(self.engine, "handle_error", _speak)
        self._writing = self.engine.execution_options(kb_writing=True)

    @property
    def is_sqlite(self) -> bool:
        """Whether the embedded default is in use."""
        return self.url.get_backend_name() == "sqlite"

    @contextlib.contextmanager
    def transaction(self) -> Iterator[Session]:
        """A session whose changes become permanent together at the end, or not at all.

        Raises:
            Unavailable: locked, full or out of reach; nothing was changed.
        """
        with _spoken(), Session(self._writing, expire_on_commit=False) as session, session.begin():
            yield session

    @contextlib.contextmanager
    def reading(self) -> Iterator[Session]:
        """A session for looking only; whatever is changed in it is dropped.

        Raises:
            Unavailable: out of reach.
        """
        with _spoken(), Session(self.engine, autoflush=False) as session:
            yield session

    def migrate(self) -> None:
        """Bring the tables to the newest form."""
        from alembic import command

        with _spoken(), self._writing.connect() as connection:
            command.upgrade(migrations(connection), "head")
            connection.commit()

    def has_tables(self) -> bool:
        """Whether the tables were ever made, in the newest form or an older one."""
        with _spoken():
            return inspect(self.engine).has_table(Mark.__tablename__)

    def is_current(self) -> bool:
        """Whether the tables have the newest form."""
        from alembic.runtime.migration import MigrationContext
        from alembic.script import ScriptDirectory

        with _spoken(), self.engine.connect() as connection:
            heads = set(ScriptDirectory.from_config(migrations(connection)).get_heads())
            return set(MigrationContext.configure(connection).get_current_heads()) == heads

    def close(self) -> None:
        """Let go of all connections."""
        self.engine.dispose()


def migrations(connection: Connection) -> Config:
    """Alembic's configuration, working on this connection."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    return config


@contextlib.contextmanager
def _spoken() -> Iterator[None]:
    """Turn what comes before or after statements, as when a connection is opened, into one sentence too."""
    try:
        yield
    except DBAPIError as error:
        raise _sentence_for(error) or error from error


def _speak(context: ExceptionContext) -> None:
    """Turn what a statement ran into into one sentence, wherever it is caught."""
    error = context.sqlalchemy_exception
    if isinstance(error, DBAPIError) and (unavailable := _sentence_for(error)):
        raise unavailable from error


def _sentence_for(error: DBAPIError) -> Unavailable | None:
    """What to say of locks, full disks, lost connections and files that are no database; nothing of other mistakes."""
    if isinstance(error, OperationalError | InterfaceError):
        return Unavailable(N_("The database can't take this now; nothing was changed. Please try again."))
    if error.connection_invalidated or type(error) is DatabaseError:
        return Unavailable(N_("The database can't be read. Please tell those who run this site."))
    return None


def _set_up_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # the driver would begin by itself, and too late
    for pragma in ("journal_mode=WAL", "foreign_keys=ON", f"busy_timeout={_BUSY_MILLISECONDS}", "synchronous=NORMAL"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    if not connection.get_execution_options().get("kb_writing"):
        connection.exec_driver_sql("BEGIN")
        return
    try:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    except Unavailable:
        time.sleep(random.uniform(0.05, 0.5))  # noqa: S311  # jitter, no secret: one more try after those that wait too
        connection.exec_driver_sql("BEGIN IMMEDIATE")
