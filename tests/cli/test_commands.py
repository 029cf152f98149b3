"""The other commands, run as people run them."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from kb.app import create_app
from kb.cli import main
from kb.cli.setup import set_up
from kb.domain.errors import Unavailable
from kb.runtime import Runtime
from tests.conftest import make_settings
from tests.factories import case_header, profile_header
from tests.library import run, vocabularies, write

PASSWORD = "long enough for a test"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """The data folder of an instance with two entries."""
    root = tmp_path / "library"
    vocabularies(root)
    write(root, "cities/testville/en.md", profile_header())
    write(root, "cases/a/en.md", case_header(title="Learning by walking"), "People walk and learn.\n")
    assert run(tmp_path / "data", "init", content_dir=str(root)).exit_code == 0
    return tmp_path / "data"


def test_init_twice_changes_nothing(data: Path, tmp_path: Path) -> None:
    before = run(data, "index", "status").stdout
    assert run(data, "init", content_dir=str(tmp_path / "library")).exit_code == 0
    assert run(data, "index", "status").stdout == before
    assert "documents 2" in before
    assert "lag 0" in before


def test_search_in_the_terminal(data: Path) -> None:
    found = run(data, "search", "walking")
    assert "1 found" in found.stdout
    assert "Learning by walking" in found.stdout
    answer = json.loads(run(data, "search", "walking", "--json", "--kind", "case").stdout)
    assert answer["total"] == 1
    assert answer["hits"][0]["url"] == "/cases/a"
    served = create_app(make_settings(data)).test_client().get("/api/v1/search?q=walking&kind=case").get_json()
    assert served | {"took_ms": 0} == answer | {"took_ms": 0}
    assert json.loads(run(data, "search", "walking", "--json", "--kind", "profile").stdout)["total"] == 0
    assert json.loads(run(data, "search", "--json").stdout)["total"] == 2
    hit = json.loads(run(data, "search", "walking", "--json", "--explain", "--kind", "case").stdout)["hits"][0]
    assert hit["explanation"]["matches"] == ["walk"]
    assert "words" in hit["explanation"]["matched_by"]
    assert "matches: walk" in run(data, "search", "walking", "--explain").stdout
    wrong = run(data, "search", "walking", "--page", "none")
    assert wrong.exit_code == 2
    assert "page" in wrong.output


def test_index_commands(data: Path) -> None:
    assert run(data, "index", "verify").exit_code == 0
    assert "2 texts" in run(data, "index", "rebuild").stdout
    assert run(data, "index", "verify").exit_code == 0


def test_a_backup_comes_back_in_another_place(data: Path, tmp_path: Path) -> None:
    file = tmp_path / "kb.tar.gz"
    assert run(data, "backup", str(file)).exit_code == 0
    other = tmp_path / "other"
    assert run(other, "restore", str(file), "--yes").exit_code == 0
    assert "1 found" in run(other, "search", "walking").stdout
    assert run(other, "index", "verify").exit_code == 0


@pytest.mark.parametrize("place", [30, 2000, -30])
def test_a_damaged_backup_changes_nothing(data: Path, tmp_path: Path, place: int) -> None:
    file = tmp_path / "kb.tar.gz"
    run(data, "backup", str(file))
    content = bytearray(file.read_bytes())
    content[place] ^= 0xFF
    file.write_bytes(content)
    done = run(data, "restore", str(file), "--yes")
    assert done.exit_code == 1
    assert "1 found" in run(data, "search", "walking").stdout


def test_people_from_the_terminal(data: Path) -> None:
    made = run(data, "user", "create", "a@example.org", "--name", "A", "--role", "editor", "--city", "testville",
               "--password-stdin", stdin=PASSWORD + "\n")  # fmt: skip
    assert made.exit_code == 0
    assert "editor of testville" in made.stdout
    assert PASSWORD not in made.output
    again = run(data, "user", "create", "a@example.org", "--name", "A", "--role", "reader", "--password-stdin",
                stdin=PASSWORD + "\n")  # fmt: skip
    assert again.exit_code == 1


def test_doctor_says_what_is_wrong(data: Path, tmp_path: Path) -> None:
    well = run(data, "doctor")
    assert well.exit_code == 0
    assert well.stdout.count("ok ") == 8
    ill = run(data, "doctor", locale="xx")
    assert ill.exit_code == 1
    assert "KB_LOCALE" in ill.stdout
    fresh = run(tmp_path / "fresh", "doctor")
    assert fresh.exit_code == 1


def test_errors_are_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def ended(*arguments: str, **environment: str) -> tuple[object, str]:
        monkeypatch.setattr(sys, "argv", ["kb", *arguments])
        monkeypatch.setenv("KB_DATA_DIR", str(tmp_path))
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        with pytest.raises(SystemExit) as stopped:
            main()
        return stopped.value.code, capsys.readouterr().err

    assert ended("fly")[0] == 2
    assert ended("import", str(tmp_path / "none"))[0] == 2
    code, _ = ended("doctor", KB_LOCALE="xx")
    assert code == 1
    code, said = ended("index", "status", KB_LOCALE="xx")
    assert "KB_LOCALE" in str(code) + said


def test_the_library_of_a_damaged_index_comes_back(data: Path, tmp_path: Path) -> None:
    for file in (data / "index").rglob("*"):
        if file.is_file() and file.stat().st_size > 200:
            file.write_bytes(file.read_bytes()[:100])
    settings = make_settings(data, content_dir=str(tmp_path / "library"))
    parts: Runtime = set_up(settings)
    assert parts.engine.status().documents == 2
    parts.database.close()
    parts.engine.close()


def _get(url: str) -> tuple[int, bytes]:
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


def _wait_for(url: str, status: int = 200, seconds: float = 30) -> bytes:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            found, content = _get(url)
            if found == status:
                return content
        except OSError:
            pass
        time.sleep(0.1)
    raise AssertionError(f"{url} did not answer {status} within {seconds} s")


@pytest.mark.slow
def test_serve_answers_indexes_mends_and_stops(data: Path, tmp_path: Path) -> None:
    """The real thing: two web workers, one background worker, an import meanwhile, a lost index, SIGTERM."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = os.environ | {"KB_DATA_DIR": str(data), "KB_SECRET_KEY": "a key for tests only",
                                "KB_CONTENT_DIR": str(tmp_path / "library")}  # fmt: skip
    command = [sys.executable, "-m", "kb", "serve", "--port", str(port)]
    with (tmp_path / "log").open("wb") as log:
        served = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    try:
        base = f"http://127.0.0.1:{port}"
        _wait_for(f"{base}/readyz")
        assert b"Learning by walking" in _wait_for(f"{base}/search?q=walking")
        assert b"kb_requests_total" in _wait_for(f"{base}/metrics")

        write(tmp_path / "library", "cases/b/en.md", case_header(title="Learning by swimming"))
        assert run(data, "import", str(tmp_path / "library"), "--publish").exit_code == 0
        end = time.monotonic() + 10
        while b"Learning by swimming" not in _get(f"{base}/search?q=swimming")[1]:
            assert time.monotonic() < end, "the worker did not bring it to the index"
            time.sleep(0.1)

        for file in (data / "index").rglob("*"):
            if file.is_file():
                file.unlink()
        _wait_for(f"{base}/search?q=swimming", seconds=20)
        assert _get(f"{base}/cases/a")[0] == 200
    finally:
        served.send_signal(signal.SIGTERM)
        assert served.wait(30) == 0
    text = (tmp_path / "log").read_text()
    assert "kb user create" in text
    assert "Traceback" not in text


def test_a_search_without_an_index_is_told(data: Path) -> None:
    for file in (data / "index").rglob("*"):
        if file.is_file():
            file.unlink()
    done = run(data, "search", "walking")
    assert isinstance(done.exception, Unavailable)
