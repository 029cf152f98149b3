"""Bringing libraries in and taking them out."""

from __future__ import annotations

import sys
import zipfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TypeVar

import click
from rich.console import Console
from rich.progress import track
from sqlalchemy.orm import Session

from config import Settings
from kb.app import wire
from kb.domain.errors import N_, Invalid
from kb.domain.roles import COMMAND_LINE
from kb.runtime import Runtime
from kb.services import exporting, importing, library_source
from kb.services.library_source import Library, Result, Source, Verdict
from kb.text.renderer import Renderer

T = TypeVar("T")
_BATCH = 200


@dataclass
class Report:
    """How many files became what, and the verdicts on those that were rejected."""

    counts: Counter[Result] = field(default_factory=Counter)
    rejected: list[Verdict] = field(default_factory=list)

    def take(self, verdicts: Iterable[Verdict]) -> None:
        """Count the verdicts."""
        for verdict in verdicts:
            self.counts[verdict.result] += 1
            if verdict.result is Result.REJECTED:
                self.rejected.append(verdict)


@click.command("import")
@click.argument("path", type=click.Path(exists=True, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Check and report, change nothing.")
@click.option("--publish", is_flag=True, help="Make the texts public at once instead of drafts.")
def import_(path: Path, dry_run: bool, publish: bool) -> None:
    """Bring in a folder or ZIP of Markdown, or a CSV of cities."""
    report = import_folder(wire(Settings.from_env()), path, publish=publish, dry_run=dry_run)
    for verdict in sorted(report.rejected, key=lambda verdict: verdict.path):
        click.echo(str(verdict), err=True)
    click.echo(" · ".join(f"{report.counts[result]} {result}" for result in Result))
    if report.rejected:
        sys.exit(1)


def import_folder(
    parts: Runtime, path: Path, *, publish: bool, dry_run: bool = False, keep_edited: bool = False
) -> Report:
    """Import with progress on a terminal, in transactions of some hundred works."""
    report, library = Report(), Library()
    session_of: Callable[[], AbstractContextManager[Session]]
    # a reading session drops what was changed in it: a dry run does everything but keep it
    session_of = parts.database.reading if dry_run else parts.database.transaction
    source = _read(parts, path, library)
    with session_of() as session:
        report.take(importing.import_vocabularies(session, COMMAND_LINE, library))
    with parts.database.reading() as session:
        schemes = importing.merge_vocabularies(session, library)
        known = importing.check_references(session, library)
    report.take(library.rejected)
    keys = library.works()
    with Renderer(workers=2, sections=schemes.section_codes) as renderer:
        with session_of() as session:
            report.take(importing.import_pages(session, COMMAND_LINE, library, renderer))
        texts = importing.render_texts(library, renderer, keys)
        works = ((key, next(texts), library.attachments.get(key, [])) for key in keys)
        for batch in _batches(_progress(works, "Saving", len(keys))):
            with session_of() as session:
                report.take(
                    importing.import_works(
                        session, COMMAND_LINE, batch, source=source, storage=parts.storage, known=known,
                        schemes=schemes, publish=publish, keep_edited=keep_edited,
                    )
                )  # fmt: skip
    return report


def _read(parts: Runtime, path: Path, library: Library) -> Source:
    if path.suffix.lower() == ".csv":
        with parts.database.reading() as session:
            schemes = importing.merge_vocabularies(session, library)
        library_source.read_cities(path, library, schemes)
        return library_source.Folder(path.parent)
    source = library_source.open_source(path)
    library_source.read_vocabularies(source, library)
    with parts.database.reading() as session:
        schemes = importing.merge_vocabularies(session, library)
    count = sum(1 for _ in source.names())
    for _ in _progress(library_source.read_texts(source, library, schemes), "Reading", count):
        pass
    return source


def _progress(items: Iterable[T], what: str, total: int) -> Iterable[T]:
    """A progress bar on standard error, on a terminal and for more than a moment's work only."""
    console = Console(stderr=True)
    return track(items, what, total=total, console=console, disable=not console.is_terminal or total < 200)


def _batches(items: Iterable[T]) -> Iterator[Sequence[T]]:
    iterator = iter(items)
    while batch := list(islice(iterator, _BATCH)):
        yield batch


@click.command()
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--all", "everything", is_flag=True, help="Also what only the network may read, and contacts.")
def export(path: Path, everything: bool) -> None:
    """Write the library as Markdown: into a folder, or a ZIP where the name ends so."""
    parts = wire(Settings.from_env())
    to_archive = path.suffix.lower() == ".zip"
    if path.exists() and (to_archive or not path.is_dir() or any(path.iterdir())):
        raise Invalid.of(N_("“%(path)s” is there already; name a new one or an empty folder."), path=str(path))
    count = 0
    with parts.database.reading() as session:
        files = exporting.export_files(session, parts.storage, everything=everything)
        if to_archive:
            with zipfile.ZipFile(path, "x", zipfile.ZIP_DEFLATED) as archive:
                for name, content in files:
                    # no time of its own: the same library gives the same bytes
                    info = zipfile.ZipInfo(name)
                    info.compress_type, info.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
                    archive.writestr(info, content)
                    count += 1
        else:
            for name, content in files:
                target = path / name
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(content)
                count += 1
    click.echo(f"{count} files written to {path}")
