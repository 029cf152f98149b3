"""What a storage can do. Content is kept under its SHA-256, so the same file is stored once."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol


class Storage(Protocol):
    """Keeps bytes by their hash."""

    def put(self, content: bytes) -> str:
        """Keep the content; its SHA-256 in hexadecimal. Durable when this returns."""

    def get(self, digest: str) -> bytes:
        """The content.

        Raises:
            Unavailable: it is not there or cannot be read.
        """

    def path(self, digest: str) -> Path | None:
        """A local file with the content where there is one, for sending it without reading it."""
