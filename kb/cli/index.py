"""The search index from the terminal."""

from __future__ import annotations

import sys

import click
from rich.console import Console
from rich.progress import Progress

from config import Settings
from kb.app import wire
from kb.runtime import Runtime
from kb.services import embedding, indexing


@click.group()
def index() -> None:
    """Build, compare and look at the search index."""


@index.command()
def rebuild() -> None:
    """Build it anew beside the present one, then swap."""
    click.echo(f"{rebuild_index(wire(Settings.from_env()))} texts in the index")


def rebuild_index(parts: Runtime) -> int:
    """Build the index anew with a progress bar on a terminal; the number of texts."""
    console = Console(stderr=True)
    with parts.database.reading() as session:
        total = indexing.count_documents(session)
        with Progress(console=console, disable=not console.is_terminal) as progress:
            task = progress.add_task("Indexing", total=total)
            indexing.rebuild(session, parts.engine, lambda done: progress.update(task, completed=done))
    return total


@index.command()
@click.option("--repair", is_flag=True, help="Also put right what differs.")
def verify(repair: bool) -> None:
    """Compare database and index; exit 1 when they differ."""
    parts = wire(Settings.from_env())
    with parts.database.reading() as session:
        difference = indexing.verify(session, parts.engine, repair=repair)
    if not difference:
        click.echo("Database and index agree.")
        return
    click.echo(
        f"{len(difference.missing)} missing, {len(difference.surplus)} too many, {len(difference.stale)} out of date"
        f"{': put right' if repair else ': the worker catches up, or run kb index verify --repair'}"
    )
    sys.exit(0 if repair else 1)


@index.command()
def status() -> None:
    """Engine, number of texts, how far behind."""
    parts = wire(Settings.from_env())
    found = parts.engine.status()
    with parts.database.reading() as session:
        lag = indexing.count_waiting(session, parts.engine)
        vectors = found.documents - embedding.count_waiting(session, parts.embedder) if parts.embedder else 0
    click.echo(f"engine {found.engine}\ndocuments {found.documents}\nlag {lag}\nanalysis {found.analysis}")
    click.echo(f"model {parts.embedder.name if parts.embedder else 'none'}\nvectors {vectors}")
