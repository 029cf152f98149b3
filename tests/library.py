"""Writing a library's files for tests, and running the command on them."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from kb.cli import kb
from kb.runtime import Runtime
from kb.services import exporting
from kb.text import frontmatter


def write(root: Path, path: str, header: dict[str, Any] | None = None, body: str = "Made up.\n", **raw: bytes) -> Path:
    """Write one file of a library; `content=` writes the bytes as they are."""
    target = root / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(raw["content"] if "content" in raw else frontmatter.dump(header or {}, body).encode())
    return target


def run(folder: Path, *arguments: str, stdin: str = "", **settings: str) -> Result:
    """Run `kb` on the instance in the folder."""
    names = {f"KB_{name.upper()}": value for name, value in settings.items()}
    environment = {"KB_DATA_DIR": str(folder), "KB_SECRET_KEY": "a key for tests only", **names}
    return CliRunner().invoke(kb, list(arguments), env=environment, input=io.BytesIO(stdin.encode()))


def exported(parts: Runtime, *, everything: bool = False) -> dict[str, bytes]:
    """Path → content of everything that an export holds."""
    with parts.database.reading() as session:
        return dict(exporting.export_files(session, parts.storage, everything=everything))


def vocabularies(root: Path) -> None:
    """The few schemes that made-up entries need."""
    from kb.domain.vocabularies import dump_scheme
    from tests.factories import VOCABULARIES

    for scheme in VOCABULARIES:
        write(root, f"vocabularies/{scheme.name}.csv", content=dump_scheme(scheme).encode())
