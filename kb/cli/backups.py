"""Backup and restore from the terminal."""

from __future__ import annotations

from pathlib import Path

import click
from rich.console import Console

from config import Settings
from kb.app import wire
from kb.cli.index import rebuild_index
from kb.services import backups


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def backup(file: Path) -> None:
    """Write one archive of database and attachments; the site may run on."""
    parts = wire(Settings.from_env())
    with Console(stderr=True).status("Writing the backup"), parts.database.reading() as session:
        backups.write_backup(session, parts.storage, file)
    click.echo(f"{file}: {file.stat().st_size // 1024} kB")


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.confirmation_option("--yes", prompt="Everything in the present database is replaced. Go on?")
def restore(file: Path) -> None:
    """Verify the archive, then put it in the place of everything there is."""
    settings = Settings.from_env()
    parts = wire(settings)
    if not parts.database.is_current():
        parts.database.migrate()
    with Console(stderr=True).status("Restoring"), parts.database.transaction() as session:
        backups.restore_backup(session, parts.storage, file)
    rebuild_index(wire(settings))  # the index belongs to the database that came back
    click.echo("Restored.")
