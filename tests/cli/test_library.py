"""Import and export: good files come in, each broken one is told in one line, and everything comes back the same."""

from __future__ import annotations

import datetime as dt
import zipfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kb.cli.library import import_folder
from kb.cli.setup import set_up
from kb.runtime import Runtime
from kb.services.library_source import Result
from tests.conftest import make_settings
from tests.factories import case_header, profile_header, research_header
from tests.library import exported, run, vocabularies, write

PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360000002000001e221bc330000000049454e44ae426082"
)


@pytest.fixture
def library(tmp_path: Path) -> Path:
    """A small library with every kind, a translation, a picture, a page."""
    root = tmp_path / "library"
    vocabularies(root)
    write(root, "vocabularies/NOTICE.md", content=b"Made up.\n")
    write(root, "pages/about/en.md", {"title": "About"}, "See [the case](/cases/a).\n")
    write(root, "cities/testville/en.md", profile_header(names={"ko": "시험", "en": "Testville"}, lat=51.9, lon=-8.5))
    body = "## What did not work\n\nNothing.\n\n![A pixel](pixel.png)\n\nSee [the study](/research/s).\n"
    write(root, "cases/a/en.md", case_header(period={"start": "2015"}, contact={"unit": "Office"}), body)
    ko = {"kind": "case", "title": "사례", "summary": "지어냄.", "translation_of": "en",
          "translation": {"by": "machine", "date": dt.date(2026, 11, 23)}}  # fmt: skip
    write(root, "cases/a/ko.md", ko, "지어낸 글.\n")
    write(root, "cases/a/pixel.png", content=PIXEL)
    write(root, "research/s/en.md", research_header(supports=["a"], findings=["One.", "Two."]))
    write(root, "cases/hidden/en.md", case_header(visibility="network"))
    return root


def test_a_library_comes_in_and_goes_out_the_same(library: Path, empty: Runtime, tmp_path: Path) -> None:
    report = import_folder(empty, library, publish=True)
    assert report.rejected == []
    first = exported(empty)
    assert "cases/hidden/en.md" not in first
    assert b"contact" not in first["cases/a/en.md"]
    assert first["cases/a/pixel.png"] == PIXEL
    assert b"contact" in exported(empty, everything=True)["cases/a/en.md"]

    out = tmp_path / "out"
    for path, content in first.items():
        write(out, path, content=content)
    again = set_up(make_settings(tmp_path / "second", content_dir=str(tmp_path / "none")))
    assert import_folder(again, out, publish=True).rejected == []
    assert exported(again) == first
    assert import_folder(again, out, publish=True).counts == {Result.UNCHANGED: len(first)}
    again.database.close()


def test_the_shipped_library_goes_round(parts: Runtime, tmp_path: Path) -> None:
    first = exported(parts)
    for path, content in first.items():
        write(tmp_path / "out", path, content=content)
    again = set_up(make_settings(tmp_path / "second", content_dir=str(tmp_path / "none")))
    report = import_folder(again, tmp_path / "out", publish=True)
    assert report.rejected == []
    assert exported(again) == first
    again.database.close()


_line = st.text(st.characters(exclude_categories=["C", "Z"]) | st.just(" "), min_size=1, max_size=40).map(
    lambda text: " ".join(text.split())
).filter(bool)  # fmt: skip
_case = st.fixed_dictionaries(
    {"title": _line, "summary": _line},
    optional={
        "sdgs": st.lists(st.integers(1, 17), unique=True, max_size=4),
        "key_features": st.lists(st.sampled_from(["1", "1.1", "2.2.1"]), unique=True),
        "organisations": st.lists(_line, unique=True, max_size=3),
        "period": st.fixed_dictionaries({"start": st.integers(1950, 2020).map(str)}),
        "evidence": st.fixed_dictionaries({"level": st.integers(0, 5)}, optional={"reason": _line}),
        "results": st.lists(
            st.fixed_dictionaries({"indicator": _line, "value": st.integers() | st.floats(-1e9, 1e9) | _line}),
            max_size=2,
        ),
        "sources": st.lists(st.fixed_dictionaries({"title": _line}, optional={"accessed": st.dates()}), max_size=2),
        "confirmed": st.dates(),
    },
)
_folders = count()


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Runtime, Runtime, Path]]:
    """Two instances and a folder for the round trips of made-up entries."""
    root = tmp_path_factory.mktemp("round")
    made = [set_up(make_settings(root / name, content_dir=str(root / "none"))) for name in ("a", "b")]
    yield made[0], made[1], root
    for parts in made:
        parts.database.close()


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    cases=st.lists(_case, min_size=1, max_size=4),
    body=st.text(st.characters(exclude_categories=["Cc", "Cs"]) | st.just("\n"), max_size=80),
)
def test_any_entries_go_round_byte_for_byte(
    both: tuple[Runtime, Runtime, Path], cases: list[dict[str, Any]], body: str
) -> None:
    first, second, root = both
    folder = root / f"in{next(_folders)}"
    vocabularies(folder)
    write(folder, "cities/testville/en.md", profile_header())
    for number, fields in enumerate(cases):
        write(folder, f"cases/c{number}/en.md", case_header(**fields), body)
    report = import_folder(first, folder, publish=True)
    taken = {f"cases/c{number}/en.md" for number in range(len(cases))} - {line.path for line in report.rejected}
    out = root / f"out{next(_folders)}"
    one = {path: content for path, content in exported(first).items() if path in taken or "cities" in path}
    for path, content in one.items():
        write(out, path, content=content)
    vocabularies(out)
    assert import_folder(second, out, publish=True).rejected == []
    two = exported(second)
    assert {path: two[path] for path in one} == one


BROKEN: dict[str, tuple[bytes, str]] = {
    "cases/no-header/en.md": (b"Just text\n", "header"),
    "cases/unknown-key/en.md": (b"---\nkind: case\ntitle: a\ncity: testville\ncolour: red\n---\n", "colour"),
    "cases/duplicate/en.md": (b"---\nkind: case\nkind: case\n---\n", ":3:"),
    "cases/tag/en.md": (b"---\nkind: !!python/object:os.system x\n---\n", ":2:"),
    "cases/anchor/en.md": (b"---\nkind: &a case\ntitle: *a\n---\n", ":2:"),
    "cases/latin/en.md": ("---\nkind: case\ntitle: Málaga\n---\n".encode("latin-1"), "UTF-8"),
    "cases/wrong-type/en.md": (b"---\nkind: case\ntitle: a\nsummary: b\ncity: testville\nsdgs: [x]\n---\n", "sdgs"),
    "cases/nowhere/en.md": (b"---\nkind: case\ntitle: a\nsummary: b\ncity: nowhere\n---\n", "nowhere"),
    "cases/dead-link/en.md": (
        b"---\nkind: case\ntitle: a\nsummary: b\ncity: testville\n---\n[x](/cases/none)\n", "/cases/none"),
    "cases/no-picture/en.md": (
        b"---\nkind: case\ntitle: a\nsummary: b\ncity: testville\n---\n![x](none.png)\n", "none.png"),
    "cases/slow/en.md": (b"---\nkind: case\ntitle: a\nsummary: b\ncity: testville\n---\n" + b"[" * 60_000, "too long"),
    "cases/Upper_Case/en.md": (b"x", "small letters"),
    "cases/language/english.md": (b"x", "language tag"),
    "cases/orphan/ko.md": (b"---\nkind: case\ntitle: a\nsummary: b\ntranslation_of: en\n---\n", "original"),
    "cases/deep/one/en.md": (b"x", "place"),
    "cases/svg/evil.svg": (b"<svg/>", "attachment"),
    "cases/fake/fake.png": (b"<html>", "ending"),
    "elsewhere/a/en.md": (b"x", "place"),
    "research/kind/en.md": (b"---\nkind: case\n---\n", "kind"),
    "pages/help/en.md": (b"---\ntitle: a\ncolour: b\n---\n", "title"),
    "vocabularies/broken.csv": (b"code,en\na,A\na,A\n", "twice"),
}  # fmt: skip


def test_broken_files_are_told_one_by_one_and_stop_nothing(library: Path, tmp_path: Path) -> None:
    for path, (content, _) in BROKEN.items():
        write(library, path, content=content)
    write(library, "cases/large/en.md", content=b"---\n" + b"x" * (101 * 2**20))
    assert run(tmp_path / "data", "init", content_dir=str(tmp_path / "none")).exit_code == 0
    done = run(tmp_path / "data", "import", str(library), "--publish")
    assert done.exit_code == 1
    lines = [line for line in done.stderr.splitlines() if line.startswith("rejected")]
    assert len(lines) == len(BROKEN) + 1
    for path, (_, said) in BROKEN.items():
        line = next(line for line in lines if path in line)
        assert said in line.removeprefix(f"rejected: {path}"), line
    found = run(tmp_path / "data", "export", str(tmp_path / "out"))
    assert found.exit_code == 0
    assert (tmp_path / "out" / "cases" / "a" / "ko.md").exists()
    assert not (tmp_path / "out" / "cases" / "dead-link").exists()


def test_a_dry_run_says_the_same_and_changes_nothing(library: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    run(data, "init", content_dir=str(tmp_path / "none"))
    dry = run(data, "import", str(library), "--dry-run", "--publish")
    assert "created" in dry.stdout
    wet = run(data, "import", str(library), "--publish")
    assert wet.stdout == dry.stdout
    assert run(data, "import", str(library), "--publish").stdout.startswith("0 created")


def test_without_publish_texts_are_drafts(library: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    run(data, "init", content_dir=str(tmp_path / "none"))
    assert run(data, "import", str(library)).exit_code == 0
    run(data, "export", str(tmp_path / "out"), "--all")
    assert not (tmp_path / "out" / "cases").exists()


def test_archives_come_in_and_go_out_and_tricks_stay_out(library: Path, tmp_path: Path) -> None:
    data, archive = tmp_path / "data", tmp_path / "library.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        for path in library.rglob("*"):
            if path.is_file():
                packed.write(path, path.relative_to(library).as_posix())
        packed.writestr("../outside/en.md", "x")
        packed.writestr("cases/../../outside/en.md", "x")
        packed.writestr("cases/bomb/en.md", b"\0" * (50 * 2**20), zipfile.ZIP_DEFLATED)
    run(data, "init", content_dir=str(tmp_path / "none"))
    done = run(data, "import", str(archive), "--publish")
    assert done.stdout.endswith("3 rejected\n")
    assert not (tmp_path / "outside").exists()
    assert run(data, "export", str(tmp_path / "one.zip")).exit_code == 0
    assert run(data, "export", str(tmp_path / "two.zip")).exit_code == 0
    with zipfile.ZipFile(tmp_path / "one.zip") as one, zipfile.ZipFile(tmp_path / "two.zip") as two:
        assert one.namelist() == two.namelist()
        assert one.read("cases/a/en.md") == two.read("cases/a/en.md")
    refused = run(data, "export", str(tmp_path / "one.zip"))
    assert refused.exit_code == 1


def test_a_csv_of_cities(library: Path, tmp_path: Path) -> None:
    data, table = tmp_path / "data", tmp_path / "cities.csv"
    run(data, "init", content_dir=str(library))
    table.write_text(
        "slug,name,name_ko,country,lat,population,status,joined,source\n"
        "newtown,Newtown,뉴타운,IE,52.5,1200,member,2022,https://example.org/a\n"
        "Bad Slug,Bad,,IE,,,,,\n"
        "elsewhere,Elsewhere,,XX,,,,,\n"
        "latitude,Latitude,,IE,north,,,,\n"
    )
    done = run(data, "import", str(table), "--publish")
    assert done.exit_code == 1
    assert done.stdout == "1 created · 0 updated · 0 unchanged · 3 rejected\n"
    assert "cities.csv:3" in done.stderr
    table.write_text("name,colour\nx,red\n")
    assert "colour" in run(data, "import", str(table)).stderr


def test_what_is_no_library_is_one_sentence(tmp_path: Path) -> None:
    data = tmp_path / "data"
    run(data, "init", content_dir=str(tmp_path / "none"))
    (tmp_path / "file.zip").write_bytes(b"no archive")
    done = run(data, "import", str(tmp_path / "file.zip"))
    assert done.exit_code == 1
    assert "ZIP" in str(done.exception)
