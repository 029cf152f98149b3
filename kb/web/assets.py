"""Static files: addresses that change with the content, so that browsers may keep them for a year."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

from flask import Flask, url_for

STATIC = Path(__file__).resolve().parent.parent / "static"


@lru_cache(maxsize=64)
def _digest(name: str) -> str:
    return hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]


def static_url(name: str) -> str:
    """The address of a static file with the hash of its content."""
    return url_for("static", filename=name, v=_digest(name))


def init_app(app: Flask) -> None:
    """Give templates `static_url`."""
    app.add_template_global(static_url)
