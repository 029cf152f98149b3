"""Files of writers: made anew, refused, hidden until a public text names them."""

from __future__ import annotations

import io
import zipfile

import pytest
from PIL import Image

from kb.db import Database
from kb.domain.errors import Invalid, NotFound, NotPermitted
from kb.domain.kinds import Kind
from kb.domain.roles import ANYONE, Actor
from kb.services import editing, review, uploads
from kb.services.attachments import get_attachment
from kb.storage.files import FileStorage
from kb.text.files import prepare
from kb.text.renderer import Renderer
from tests.factories import VOCABULARIES
from tests.writers import PLACE, Staff, begin, bring_to_public, compose

WORK = (Kind.CASE, "lanterns")


def picture(kind: str = "JPEG", size: tuple[int, int] = (40, 20), mode: str = "RGB") -> bytes:
    out = io.BytesIO()
    exif = Image.Exif()
    exif[0x010E] = "secretplace"
    Image.new(mode, size).save(out, kind, **({"exif": exif} if kind != "PNG" else {}))
    return out.getvalue()


def office(part: str, *more: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in ("[Content_Types].xml", part, *more):
            archive.writestr(name, "x")
    return out.getvalue()


@pytest.mark.parametrize(("name", "kind", "mode"), [("a.jpg", "JPEG", "RGB"), ("a.JPEG", "JPEG", "CMYK"),
                                                    ("a.png", "PNG", "P"), ("a.png", "PNG", "RGBA"),
                                                    ("a.webp", "WEBP", "RGB")])  # fmt: skip
def test_pictures_are_made_anew(name: str, kind: str, mode: str) -> None:
    made = prepare(name, picture(kind, mode=mode) + b"<script>trailer</script>")
    assert made.picture
    assert b"secretplace" not in made.content
    assert b"script" not in made.content
    with Image.open(io.BytesIO(made.content)) as again:
        assert (again.format, again.size, dict(again.getexif())) == (kind, (40, 20), {})


def test_large_pictures_become_smaller() -> None:
    with Image.open(io.BytesIO(prepare("a.png", picture("PNG", (5000, 50))).content)) as made:
        assert max(made.size) == 2400


@pytest.mark.parametrize(
    ("name", "content"),
    [("a.svg", b"<svg/>"), ("a.html", b"<p>"), ("a.exe", b"MZ"), ("a.png", b"<svg/>"), ("a.pdf", b"<html>"),
     ("a.docx", b"PK"), ("a.docx", office("xl/workbook.xml")),
     ("a.xlsx", office("xl/workbook.xml", "xl/vbaProject.bin")),
     ("a.csv", b"\xff\x00"), ("a.csv", b"<html>"), ("a.gif", b"GIF89a"), ("a", b"x"), ("a.jpg", picture()[:60])],
)  # fmt: skip
def test_what_is_not_what_it_says_is_refused(name: str, content: bytes) -> None:
    with pytest.raises(Invalid) as raised:
        prepare(name, content)
    assert raised.value.problems[0].field == "file"


def test_too_many_pixels_and_too_many_bytes() -> None:
    with pytest.raises(Invalid, match="pixels"):
        prepare("a.png", picture("PNG", (9000, 9000), "1"))
    with pytest.raises(Invalid, match="too large"):
        prepare("a.pdf", b"%PDF-" + bytes(26 * 2**20))
    with pytest.raises(Invalid, match="too large"):
        prepare("a.png", bytes(16 * 2**20))


@pytest.mark.parametrize(
    ("name", "content"),
    [("a.pdf", b"%PDF-1.7"), ("a.docx", office("word/document.xml")), ("a.xlsx", office("xl/workbook.xml")),
     ("a.csv", b"a,b\n")],
)  # fmt: skip
def test_documents_are_kept_as_they_are(name: str, content: bytes) -> None:
    made = prepare(name, content)
    assert (made.content, made.picture) == (content, False)


def attach(database: Database, actor: Actor, storage: FileStorage, name: str, alt: str = "A lantern") -> str:
    with database.transaction() as session:
        file = prepare(name, picture() if name.endswith("jpg") else b"%PDF-" + alt.encode())
        return uploads.attach(session, actor, *WORK, name, alt, file, storage=storage).name


def test_a_file_is_seen_with_the_text_that_names_it(
    database: Database, renderer: Renderer, staff: Staff, tmp_path: object
) -> None:
    storage = FileStorage(tmp_path / "files")  # type: ignore[operator]
    bring_to_public(database, renderer, staff, compose(renderer))
    name = attach(database, staff.ana, storage, "C:\\my pictures\\등불 <1>.jpg")
    assert name == "등불 -1.jpg"
    assert attach(database, staff.ana, storage, "등불 -1.jpg") == name  # the same file once more
    unused = attach(database, staff.ana, storage, "plan.pdf", "one")
    assert attach(database, staff.ana, storage, "plan.pdf", "two") == "plan-2.pdf"
    for other in (ANYONE, staff.rae, staff.olga):
        with database.reading() as session, pytest.raises(NotFound):
            get_attachment(session, other, *WORK, name)
    for other in (staff.rae, staff.olga):
        with pytest.raises(NotPermitted):
            attach(database, other, storage, "a.jpg")
    with pytest.raises(Invalid, match="what the picture shows"):
        attach(database, staff.ana, storage, "b.jpg", " ")
    with database.transaction() as session:
        assert get_attachment(session, staff.ben, *WORK, name).alt == "A lantern"
        editing.revise(session, staff.ana, *PLACE)
        text = compose(renderer, f"![A lantern](<{name}>)\n")
        editing.save(session, staff.ana, text, base=editing.WHATEVER)
        review.submit(session, staff.ana, *PLACE, vocabularies=VOCABULARIES)
    with database.reading() as session, pytest.raises(NotFound):
        get_attachment(session, ANYONE, *WORK, name)
    with database.transaction() as session:
        review.publish(session, staff.eva, *PLACE, vocabularies=VOCABULARIES)
    with database.reading() as session:
        assert get_attachment(session, ANYONE, *WORK, name).media_type == "image/jpeg"
        with pytest.raises(NotFound):
            get_attachment(session, ANYONE, *WORK, unused)


def test_files_of_a_draft_are_the_writers_own(
    database: Database, renderer: Renderer, staff: Staff, tmp_path: object
) -> None:
    storage = FileStorage(tmp_path / "files")  # type: ignore[operator]
    begin(database, staff.ana, compose(renderer))
    name = attach(database, staff.ana, storage, "..jpg")
    assert name == "file.jpg"
    with pytest.raises(NotFound):
        attach(database, staff.olga, storage, "a.jpg")
    with database.reading() as session:
        assert get_attachment(session, staff.eva, *WORK, name)
        with pytest.raises(NotFound):
            get_attachment(session, staff.olga, *WORK, name)
