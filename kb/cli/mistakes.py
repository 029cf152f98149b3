"""What went wrong, as one sentence on standard error."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click

from kb.domain.errors import KbError


@contextmanager
def told() -> Iterator[None]:
    """Turn what goes wrong within into one sentence and the exit status 1; wrong usage has the status 2."""
    try:
        yield
    except click.UsageError as error:
        error.show()
        sys.exit(2)
    except click.exceptions.Exit as error:
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        sys.exit("Stopped.")
    except (click.ClickException, KbError) as error:
        sys.exit(str(error.message) if isinstance(error, click.ClickException) else str(error))
    except OSError as error:
        sys.exit(f"{error.strerror or error}{f': {error.filename}' if error.filename else ''}")
