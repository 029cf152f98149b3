"""Attachments as files in a folder."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path

from kb.domain.errors import N_, Unavailable


class FileStorage:
    """Files named by their hash, in 256 folders."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, content: bytes) -> str:
        """Keep the content; written beside and renamed, so that no half file is ever seen."""
        digest = hashlib.sha256(content).hexdigest()
        target = self._target(digest)
        if target.exists():
            return digest
        try:
            target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with tempfile.NamedTemporaryFile(dir=target.parent, prefix=".new-", delete=False) as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            Path(file.name).replace(target)
        except OSError as error:
            raise Unavailable(N_("The file can't be stored now: %(reason)s."), reason=error.strerror) from error
        return digest

    def get(self, digest: str) -> bytes:
        """The content of that hash."""
        try:
            return self._target(digest).read_bytes()
        except OSError as error:
            raise Unavailable(N_("An attachment is missing from the storage.")) from error

    def path(self, digest: str) -> Path | None:
        """The file with the content, None where it is missing."""
        target = self._target(digest)
        return target if target.is_file() else None

    def _target(self, digest: str) -> Path:
        return self._folder / digest[:2] / digest
