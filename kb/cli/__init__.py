"""The command `kb`: one module a noun."""

from __future__ import annotations

import click

from kb import __version__
from kb.cli.backups import backup, restore
from kb.cli.index import index
from kb.cli.library import export, import_
from kb.cli.mistakes import told
from kb.cli.people import user
from kb.cli.searching import search
from kb.cli.serving import serve, worker
from kb.cli.setup import doctor, init


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__)
def kb() -> None:
    """Learning Cities Knowledge Base: cities exchange policy cases, research and profiles."""


for command in (init, serve, worker, import_, export, search, index, user, backup, restore, doctor):
    kb.add_command(command)


def main() -> None:
    """Run a command; what goes wrong is one sentence on standard error.

    Exit status: 0 done, 1 the job failed, 2 wrong usage.
    """
    with told():
        kb(standalone_mode=False)
