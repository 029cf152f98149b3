"""The command `kb`: one module a noun."""

from __future__ import annotations

import sys

import click

from kb import __version__
from kb.cli.backups import backup, restore
from kb.cli.index import index
from kb.cli.library import export, import_
from kb.cli.people import user
from kb.cli.searching import search
from kb.cli.serving import serve, worker
from kb.cli.setup import doctor, init
from kb.domain.errors import KbError


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
    try:
        kb(standalone_mode=False)
    except click.UsageError as error:
        error.show()
        sys.exit(2)
    except click.exceptions.Exit as error:
        sys.exit(error.exit_code)
    except click.Abort:
        sys.exit("Stopped.")
    except (click.ClickException, KbError) as error:
        sys.exit(str(error.message) if isinstance(error, click.ClickException) else str(error))
    except OSError as error:
        sys.exit(f"{error.strerror or error}{f': {error.filename}' if error.filename else ''}")
