"""Who may import whom, one commit place, nothing that prints, no environment read behind the settings' back."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MODULES = sorted((ROOT / "kb").rglob("*.py"))
SOURCES = {path: path.read_text() for path in MODULES if "migrations" not in path.parts}


def test_layers_hold() -> None:
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_one_place_commits() -> None:
    committing = {
        path.relative_to(ROOT).as_posix() for path, text in SOURCES.items() if re.search(r"\.commit\(|\.begin\(", text)
    }
    # the engine commits its own index, which is no database
    assert {path for path in committing if not path.startswith("kb/search/")} == {"kb/db.py"}


def test_the_environment_is_read_in_one_place() -> None:
    reading = {
        path.relative_to(ROOT).as_posix()
        for path, text in SOURCES.items()
        if re.search(r"os\.getenv|os\.environ(?! \||\[[^]]+\] = )", text)
    }
    assert reading == set()  # config.py lies beside kb/; `kb serve` only says more to its own processes


@pytest.mark.parametrize("path", [*SOURCES, ROOT / "config.py"], ids=lambda path: path.relative_to(ROOT).as_posix())
def test_modules_say_what_they_are_and_stay_small(path: Path) -> None:
    text = path.read_text()
    assert ast.get_docstring(ast.parse(text)), "a module without a docstring"
    assert text.count("\n") <= 450, "a file much over 400 lines"


def test_no_silent_catch_alls() -> None:
    for path, text in SOURCES.items():
        assert not re.search(r"except:|except Exception:\s*\n\s*pass", text), path
