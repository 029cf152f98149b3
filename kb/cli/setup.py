"""Setting an instance up, and looking whether all is well."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from config import Settings
from kb.app import wire
from kb.cli.index import rebuild_index
from kb.cli.library import import_folder
from kb.cli.meaning import embed_all
from kb.domain.errors import KbError, Unavailable
from kb.runtime import Runtime
from kb.services import embedding, health, indexing, marks

_LOADED = "library"


@click.command()
def init() -> None:
    """Migrate the database, load the library, build the index and the vectors. Running it again changes nothing."""
    embed_all(set_up(Settings.from_env()))


def set_up(settings: Settings) -> Runtime:
    """Make everything ready to serve but the vectors, which a worker makes meanwhile; quick where it is already."""
    parts = wire(settings)
    if not parts.database.is_current():
        parts.database.migrate()
    with parts.database.transaction() as session:
        marks.name_database(session)
    parts = wire(settings)  # the index belongs to the database, which has its id only now
    digest = _digest_of(settings.content_dir)
    with parts.database.reading() as session:
        loaded = marks.get_mark(session, _LOADED)
    if digest and digest != loaded:
        verdicts = import_folder(parts, settings.content_dir, publish=True, keep_edited=True)
        for verdict in verdicts.rejected:
            click.echo(str(verdict), err=True)
        with parts.database.transaction() as session:
            marks.set_mark(session, _LOADED, digest)
    try:
        with parts.database.reading() as session:
            while indexing.drain(session, parts.engine):
                pass
    except Unavailable:
        rebuild_index(parts)
    return parts


def _digest_of(folder: Path) -> str | None:
    """SHA-256 of all that lies in the folder, None where there is none."""
    if not folder.is_dir():
        return None
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            digest.update(f"{path.relative_to(folder)}\0".encode())
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _examine_meaning(parts: Runtime) -> str:
    """How far the search goes beyond words; without a model it does less, but nothing is wrong."""
    if parts.embedder is None:
        return "no model installed (pip install 'kb[semantic]'): the search goes by words and thesaurus"
    with parts.database.reading() as session:
        expected, waiting = indexing.count_documents(session), embedding.count_waiting(session, parts.embedder)
        means = len(embedding.load_means(session, parts.embedder).passage)
    return f"{parts.embedder.name}, {expected - waiting} of {expected} texts, {means} languages levelled"


@click.command()
def doctor() -> None:
    """Check settings, database, index, storage and mail; one line each."""
    healthy = True
    for name, sentence, right in _examine():
        healthy &= right
        click.echo(f"{'ok ' if right else 'BAD'} {name}: {sentence}")
    if not healthy:
        sys.exit(1)


def _examine() -> Iterator[tuple[str, str, bool]]:
    try:
        settings = Settings.from_env()
    except KbError as error:
        yield "settings", " ".join(str(error).split()), False
        return
    yield "settings", f"data in {settings.data_dir}, served as {settings.base_url}", True
    try:
        parts = wire(settings)
        current = parts.database.is_current()
        with parts.database.reading() as session:
            checks = list(health.examine(session, parts.engine, settings.data_dir))
    except KbError as error:
        yield "database or index", str(error), False
        return
    name = parts.database.url.get_backend_name()
    yield "database", f"{name}, {'newest form' if current else 'run kb init to bring it to the newest form'}", current
    for check in checks:
        yield check.name, str(check), check.well
    yield "meaning", _examine_meaning(parts), True
    try:
        yield "mail", parts.mailer.check(), True
    except KbError as error:
        yield "mail", str(error), False
