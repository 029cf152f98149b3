"""The files of a Whoosh index: each sealed with a checksum, on disk before the commit that names it.

Whoosh's files are pickles and offsets, which answer nonsense or run off when a byte is wrong. So every file ends with
the CRC-32 of what stands before, checked whenever it is opened; sealing and `fsync` hook into the rename by which
Whoosh commits. Without its seal each is a plain file of Whoosh.
"""

from __future__ import annotations

import contextlib
import os
import struct
import zlib
from itertools import groupby
from pathlib import Path
from typing import Any, Final

from whoosh.codec.whoosh3 import W3Codec
from whoosh.filedb.filestore import FileStorage
from whoosh.filedb.structfile import BufferFile

LIST: Final = ".list"  # ends the name of the file that names all others of a segment
_SEAL: Final = struct.Struct("<I")
_START: Final = 0x6B62  # of the check sum: from 0, four zero bytes would be a sealed file of nothing
_CHUNK: Final = 1 << 20


class Broken(Exception):
    """A file is not what was written."""


def sync_folder(folder: Path) -> None:
    """Make the names in a folder last."""
    number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


class SealedStorage(FileStorage):  # type: ignore[misc]  # whoosh has no types
    """A folder of sealed files; what it opens lies in memory, save posting files, by far the largest.

    It remembers what was written to it, since Whoosh leaves files open when it fails.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(str(folder))
        self._written: dict[str, Any] = {}
        self._postings: dict[str, PostingFile] = {}

    def create_file(self, name: str, **options: Any) -> Any:
        """A file to write."""
        self._written[name] = super().create_file(name, **options)
        return self._written[name]

    def abandon(self) -> None:
        """Close whatever is still open."""
        for file in self._written.values():
            with contextlib.suppress(OSError, ValueError):  # what it still holds in memory may not fit the disk
                file.raw_file().close()

    def seal(self) -> list[str]:
        """Bring all that was written since to the disk, sealed; the names of the files."""
        folder = Path(self.folder)
        written = sorted(name for name in self._written if (folder / name).exists())
        for segment, names in groupby(written, key=lambda name: name.split(".")[0]):
            for name in (files := list(names)):
                _seal(folder / name)
            if not segment.startswith("_"):
                (folder / (segment + LIST)).write_text("\n".join(files))
                _seal(folder / (segment + LIST))
                written.append(segment + LIST)
        self._written.clear()
        sync_folder(folder)
        return written

    def rename_file(self, oldname: str, newname: str, safe: bool = False) -> None:
        """The last step of a commit: all that was written since lies sealed on the disk before it."""
        self.seal()
        super().rename_file(oldname, newname, safe)
        sync_folder(Path(self.folder))

    def open_file(self, name: str, **options: Any) -> Any:
        """The content of a file; for a posting file always the same `PostingFile`.

        Raises:
            Broken: its seal doesn't fit.
            OSError: there is no such file.
        """
        if name.endswith(W3Codec.POSTS_EXT):
            if name not in self._postings:
                self._postings[name] = PostingFile(Path(self.folder, name))
            return self._postings[name]
        data = Path(self.folder, name).read_bytes()
        if name in self._written:  # a writer reads what it has just written
            return BufferFile(data, name=name, **options)
        content, seal = data[: -_SEAL.size], data[-_SEAL.size :]
        if len(seal) < _SEAL.size or _SEAL.unpack(seal)[0] != zlib.crc32(content, _START):
            raise Broken(name)
        return BufferFile(content, name=name, **options)

    def file_length(self, name: str) -> int:
        """Bytes of content."""
        return int(super().file_length(name)) - (0 if name in self._written else _SEAL.size)

    def check(self, segment: str) -> None:
        """Look at every file of a segment.

        Raises:
            Broken: one is not what was written.
            OSError: one isn't there.
        """
        names = self.open_file(segment + LIST).read().decode()
        for name in names.split("\n"):
            self.open_file(name)


def _seal(path: Path) -> None:
    with path.open("r+b") as file:
        checksum = _START
        while chunk := file.read(_CHUNK):
            checksum = zlib.crc32(chunk, checksum)
        file.write(_SEAL.pack(checksum))
        file.flush()
        os.fsync(file.fileno())


class PostingFile:
    """An open posting file, read by position: threads don't disturb each other, deletion doesn't matter."""

    def __init__(self, path: Path) -> None:
        self._number = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        self._name = path.name
        length, checksum = os.fstat(self._number).st_size - _SEAL.size, _START
        for start in range(0, length, _CHUNK):
            checksum = zlib.crc32(self.get(start, min(_CHUNK, length - start)), checksum)
        if length < 0 or _SEAL.unpack(self.get(length, _SEAL.size))[0] != checksum:
            raise Broken(path.name)

    def get(self, position: int, length: int) -> bytes:
        """So many bytes from a position.

        Raises:
            Broken: the file is shorter than it was.
        """
        data = os.pread(self._number, length, position)
        if len(data) != length:
            raise Broken(self._name)
        return data

    def read_all(self) -> bytes:
        """All of it, the seal too."""
        return self.get(0, os.fstat(self._number).st_size)

    def close(self) -> None:
        """Let go of the file."""
        number, self._number = self._number, -1
        if number >= 0:
            os.close(number)

    def __del__(self) -> None:
        if hasattr(self, "_number"):
            self.close()
