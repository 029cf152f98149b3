"""One archive of database and attachments, taken while the site runs.

A tar file: `manifest.json` first with the SHA-256 of every other member, then `tables/<table>.jsonl` with one row a
line, then `attachments/<digest>`. The same on every database, so a backup of one can be restored to another.
"""

from __future__ import annotations

import datetime as dt
import gzip
import hashlib
import io
import json
import tarfile
import tempfile
import uuid
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

from sqlalchemy import Table, Uuid, delete, func, insert, select, text
from sqlalchemy.orm import Session
from sqlalchemy.types import TypeEngine

from kb import __version__
from kb.domain.errors import N_, Invalid
from kb.models import Attachment, Base
from kb.models.base import UtcTime
from kb.storage.port import Storage

_FORMAT = 1
Progress = Callable[[str], object]


def write_backup(session: Session, storage: Storage, file: Path, progress: Progress = lambda _: None) -> None:
    """Write the archive; the file appears when it is whole.

    Args:
        session: one read transaction: all tables are of the same moment.
    """
    members: dict[str, str] = {}
    part = file.with_name(file.name + ".part")
    with tempfile.TemporaryDirectory(dir=file.parent) as folder:
        for table in _tables():
            progress(table.name)
            members[f"tables/{table.name}.jsonl"] = _dump_table(session, table, Path(folder) / table.name)
        digests = sorted(set(session.scalars(select(Attachment.digest))))
        members |= {f"attachments/{digest}": digest for digest in digests}
        manifest = {
            "format": _FORMAT,
            "version": __version__,
            "at": dt.datetime.now(dt.UTC).isoformat(),
            "members": members,
        }
        with tarfile.open(part, "w:gz") as archive:
            _add(archive, "manifest.json", json.dumps(manifest, indent=1).encode())
            for table in _tables():
                archive.add(Path(folder) / table.name, f"tables/{table.name}.jsonl")
            for digest in digests:
                progress(digest)
                _add(archive, f"attachments/{digest}", storage.get(digest))
    part.chmod(0o600)
    part.replace(file)


def restore_backup(session: Session, storage: Storage, file: Path, progress: Progress = lambda _: None) -> None:
    """Put the archive's content in the place of everything there is, in the session's transaction.

    Raises:
        Invalid: not an archive of ours, or damaged; nothing was changed.
    """
    _verify(file)
    for table in reversed(Base.metadata.sorted_tables):
        session.execute(delete(table))
    with _open(file) as archive:
        for member, content in _members(archive):
            progress(member)
            if member.startswith("tables/"):
                table = Base.metadata.tables[member.removeprefix("tables/").removesuffix(".jsonl")]
                _load_table(session, table, content)
            elif member.startswith("attachments/"):
                storage.put(content.read())
    if session.get_bind().dialect.name == "postgresql":
        session.execute(
            text("SELECT setval(pg_get_serial_sequence('outbox', 'number'), :last)"),
            {"last": max(session.scalar(select(func.max(Base.metadata.tables["outbox"].c.number))) or 0, 1)},
        )


def _tables() -> list[Table]:
    """Those that are kept, in an order in which they can be filled; sessions and one-time links end with a restore."""
    return [table for table in Base.metadata.sorted_tables if not table.info.get("passing")]


def _verify(file: Path) -> None:
    """Read the whole archive once and compare every hash, before anything is touched."""
    try:
        with gzip.open(file) as whole:  # to its very end, where the check sum stands: tar stops before
            while whole.read(2**20):
                pass
    except (OSError, EOFError, zlib.error) as error:
        raise Invalid.of(N_("The backup is damaged: parts are missing or changed.")) from error
    with _open(file) as archive:
        found: dict[str, str] = {}
        manifest: dict[str, Any] = {}
        for member, content in _members(archive):
            if member == "manifest.json":
                manifest = json.loads(content.read())
            else:
                found[member] = hashlib.sha256(content.read()).hexdigest()
        if manifest.get("format") != _FORMAT:
            raise Invalid.of(N_("This is no backup of this version."))
        expected = manifest["members"]
        tables = {f"tables/{table.name}.jsonl" for table in _tables()}
        if found != expected or not tables <= set(found):
            raise Invalid.of(N_("The backup is damaged: parts are missing or changed."))


def _open(file: Path) -> tarfile.TarFile:
    try:
        return tarfile.open(file, "r:gz")
    except (tarfile.TarError, OSError) as error:
        raise Invalid.of(N_("“%(file)s” is no backup that can be read."), file=file.name) from error


def _members(archive: tarfile.TarFile) -> Iterator[tuple[str, IO[bytes]]]:
    try:
        for info in archive:
            content = archive.extractfile(info)
            if content is not None:
                yield info.name, content
    except (tarfile.TarError, OSError, EOFError) as error:
        raise Invalid.of(N_("The backup is damaged: parts are missing or changed.")) from error


def _add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size = len(content)
    archive.addfile(info, io.BytesIO(content))


def _dump_table(session: Session, table: Table, path: Path) -> str:
    digest = hashlib.sha256()
    rows = session.execute(select(table).order_by(*table.primary_key).execution_options(yield_per=500))
    with path.open("wb") as out:
        for row in rows.mappings():
            line = json.dumps({name: _plain(value) for name, value in row.items()}, ensure_ascii=False).encode() + b"\n"
            digest.update(line)
            out.write(line)
    return digest.hexdigest()


def _plain(value: object) -> object:
    if isinstance(value, dt.datetime):
        return value.isoformat()
    return str(value) if isinstance(value, uuid.UUID) else value


def _load_table(session: Session, table: Table, content: IO[bytes]) -> None:
    types = {column.name: column.type for column in table.columns}
    rows: list[dict[str, Any]] = []
    for line in content:
        rows.append({name: _typed(value, types[name]) for name, value in json.loads(line).items()})
        if len(rows) == 500:
            session.execute(insert(table), rows)
            rows = []
    if rows:
        session.execute(insert(table), rows)


def _typed(value: Any, wanted: TypeEngine[Any]) -> Any:
    if value is None:
        return None
    if isinstance(wanted, UtcTime):
        return dt.datetime.fromisoformat(value)
    return uuid.UUID(value) if isinstance(wanted, Uuid) else value
