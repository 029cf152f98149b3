"""Files that people hand in: what they are by their content, and pictures made anew without what they carry along."""

from __future__ import annotations

import io
import warnings
import zipfile
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

from PIL import Image, ImageOps, UnidentifiedImageError

from kb.domain.errors import N_, Invalid

PICTURE_BYTES: Final = 15 * 2**20
DOCUMENT_BYTES: Final = 25 * 2**20
_PIXELS: Final = 40_000_000
_SIDE: Final = 2400  # pixels of the longer side; larger pictures are made smaller
_PICTURES: Final = {"PNG": (".png", "image/png"), "JPEG": (".jpg", "image/jpeg"), "WEBP": (".webp", "image/webp")}
_OFFICE: Final = "application/vnd.openxmlformats-officedocument."
_ZIPPED: Final = {
    ".docx": ("word/document.xml", f"{_OFFICE}wordprocessingml.document"),
    ".xlsx": ("xl/workbook.xml", f"{_OFFICE}spreadsheetml.sheet"),
}
_WRONG: Final = N_("Only pictures (PNG, JPEG, WebP), PDF, DOCX, XLSX and CSV can be taken, each as its ending says.")


@dataclass(frozen=True)
class Prepared:
    """A file as it may be kept.

    Attributes:
        ending: that fits the content.
        picture: whether it is shown in the text.
    """

    content: bytes
    ending: str
    media_type: str
    picture: bool


def prepare(name: str, content: bytes) -> Prepared:
    """Find out what a file is, and make pictures anew.

    Args:
        name: as its owner calls it; its ending must agree with the content.

    Raises:
        Invalid: too large, of another kind, or not what its ending says.
    """
    if len(content) > DOCUMENT_BYTES:
        raise Invalid.of(N_("is too large: at most %(limit)s MB."), field="file", limit=DOCUMENT_BYTES // 2**20)
    ending = PurePosixPath(name).suffix.lower()
    if ending in {".png", ".jpg", ".jpeg", ".webp"}:
        return _prepare_picture(content)
    if ending == ".pdf" and content.startswith(b"%PDF-"):
        return Prepared(content, ending, "application/pdf", False)
    if ending in _ZIPPED and _is_office(content, _ZIPPED[ending][0]):
        return Prepared(content, ending, _ZIPPED[ending][1], False)
    if ending == ".csv" and _is_text(content):
        return Prepared(content, ending, "text/csv", False)
    raise Invalid.of(_WRONG, field="file")


def _prepare_picture(content: bytes) -> Prepared:
    if len(content) > PICTURE_BYTES:
        raise Invalid.of(N_("is too large: at most %(limit)s MB."), field="file", limit=PICTURE_BYTES // 2**20)
    try:
        with warnings.catch_warnings(), Image.open(io.BytesIO(content), formats=list(_PICTURES)) as opened:
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # the number of pixels is checked here
            kind = opened.format or ""
            if opened.width * opened.height > _PIXELS:
                raise Invalid.of(N_("has too many pixels: at most 40 million."), field="file")
            picture = ImageOps.exif_transpose(opened)
            picture.thumbnail((_SIDE, _SIDE))
            if kind == "JPEG" and picture.mode not in ("RGB", "L"):
                picture = picture.convert("RGB")
            bare = Image.frombytes(picture.mode, picture.size, picture.tobytes())  # pixels, and nothing else
            if picture.mode == "P":
                bare = picture.convert("RGBA")
                bare.info.clear()
            out = io.BytesIO()
            bare.save(out, kind, **({"quality": 88} if kind != "PNG" else {"optimize": True}))
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, ValueError, SyntaxError) as error:
        raise Invalid.of(N_("This picture can't be read; save it anew as PNG or JPEG."), field="file") from error
    ending, media_type = _PICTURES[kind]
    return Prepared(out.getvalue(), ending, media_type, True)


def _is_office(content: bytes, part: str) -> bool:
    """Whether it is a document of that kind, without programs in it."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = set(archive.namelist())
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        return False
    return part in names and "[Content_Types].xml" in names and not any("vbaproject" in name.lower() for name in names)


def _is_text(content: bytes) -> bool:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return False
    return "\x00" not in text and not text.lstrip().startswith("<")
