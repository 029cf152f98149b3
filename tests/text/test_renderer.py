"""Processes that lay texts out: stopped in time, replaced, and gone in the end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from kb.domain.errors import Invalid, Unavailable
from kb.text.markdown import render
from kb.text.renderer import Renderer

SECTIONS = {"what did not work": "what-did-not-work"}
RICH = "## What did not work\n\n[a](plan.pdf) ![b](p.png) *한글* \u2028 😀[^1]\n\n[^1]: note\n\n### More"
SLOW = "[" * 60_000


@pytest.fixture
def renderer() -> Iterator[Renderer]:
    with Renderer(SECTIONS, workers=2, seconds=0.5) as pool:
        yield pool


def children() -> set[int]:
    """Processes that this one has started, also those that nobody has waited for."""
    tasks = Path("/proc/self/task").glob("*/children")
    return {int(pid) for task in tasks for pid in task.read_text().split()}


def open_files() -> set[str]:
    return {file.name for file in Path("/proc/self/fd").iterdir()}


def wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def test_the_same_as_without_a_process(renderer: Renderer) -> None:
    assert renderer.render(RICH, base="/a/") == render(RICH, sections=SECTIONS, base="/a/")


def test_nothing_starts_before_it_is_needed() -> None:
    before = children()
    with Renderer(SECTIONS):
        assert children() == before


def test_a_slow_text_is_cut_off_and_the_next_one_is_laid_out(renderer: Renderer) -> None:
    assert renderer.render("a", base="/").html == "<p>a</p>"
    start = time.monotonic()
    with pytest.raises(Invalid, match="takes too long"):
        renderer.render(SLOW, base="/")
    assert time.monotonic() - start < 2
    assert renderer.render("b", base="/").html == "<p>b</p>"


def test_five_kilobytes_of_brackets() -> None:
    with Renderer(SECTIONS, seconds=0.3) as renderer:
        with pytest.raises(Invalid, match="takes too long"):
            renderer.render("[" * 5_000, base="/")
        assert renderer.render("b", base="/").html == "<p>b</p>"


def test_a_text_that_takes_too_much_memory() -> None:
    with Renderer(SECTIONS, seconds=20, memory_mb=40) as renderer:
        with pytest.raises(Invalid, match="too much memory"):
            renderer.render("a *b*\n\n" * 100_000, base="/")
        assert renderer.render("b", base="/").html == "<p>b</p>"


def test_a_text_that_is_nested_too_deeply(renderer: Renderer) -> None:
    with Renderer(SECTIONS) as patient, pytest.raises(Invalid, match="nested too deeply"):
        patient.render("".join(" " * 4 * depth + "- a\n" for depth in range(300)), base="/")


def test_many_in_order_with_bad_ones_between(renderer: Renderer) -> None:
    texts = [(SLOW if number == 30 else f"text {number}", f"/{number}/") for number in range(100)]
    results = list(renderer.render_many(iter(texts)))
    assert isinstance(results.pop(30), Invalid)
    assert [result.plain for result in results if not isinstance(result, Invalid)] == [
        text for text, _ in texts if text != SLOW
    ]


def test_many_can_be_left_off_in_the_middle(renderer: Renderer) -> None:
    taken: list[int] = []

    def texts() -> Iterator[tuple[str, str]]:
        for number in range(100_000):
            taken.append(number)
            yield f"text {number}", "/"

    results = renderer.render_many(texts())
    next(results)
    results.close()  # type: ignore[attr-defined]  # it is a generator
    assert len(taken) < 200
    assert renderer.render("a", base="/").html == "<p>a</p>"


def test_many_threads_share_it(renderer: Renderer) -> None:
    def lay_out(number: int) -> bool:
        return renderer.render(f"text {number}", base="/").plain == f"text {number}"

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(lay_out, range(200)))
    assert len(children()) >= 1


def test_a_process_that_died_while_idle_is_replaced(renderer: Renderer) -> None:
    before = children()
    renderer.render("a", base="/")
    (pid,) = children() - before
    os.kill(pid, signal.SIGKILL)
    assert wait_until(lambda: Path(f"/proc/{pid}/stat").read_text().split()[2] == "Z", 2)
    assert renderer.render("b", base="/").html == "<p>b</p>"
    assert pid not in children()


def test_a_process_that_does_not_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with Renderer(SECTIONS) as renderer, pytest.raises(Unavailable):
        renderer.render("a", base="/")


def test_nothing_is_left_behind() -> None:
    before, files = children(), open_files()
    with Renderer(SECTIONS, workers=2, seconds=0.2) as renderer:
        list(renderer.render_many((text, "/") for text in ("a", "b", SLOW, "c")))
        renderer.close()
        assert children() == before
        with pytest.raises(RuntimeError):
            renderer.render("a", base="/")
    assert open_files() == files


def test_a_forgotten_one_ends_with_the_object() -> None:
    before = children()
    renderer = Renderer(SECTIONS)
    renderer.render("a", base="/")
    del renderer
    assert wait_until(lambda: children() == before, 2)


PROGRAM = """
import sys, threading
from pathlib import Path
from kb.text.renderer import Renderer
renderer = Renderer({}, seconds=1)
renderer.render("a", base="/")
if sys.argv[1] == "busy":
    threading.Thread(target=renderer.render, args=("[" * 60_000,), kwargs={"base": "/"}, daemon=True).start()
print(Path("/proc/self/task/%d/children" % threading.get_native_id()).read_text(), flush=True)
if sys.argv[1] != "end":
    threading.Event().wait()
"""


@pytest.mark.parametrize("state", ["idle", "busy", "end"])
def test_a_process_ends_with_its_parent(state: str) -> None:
    command = [sys.executable, "-W", "error", "-X", "dev", "-c", PROGRAM, state]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as parent:
        assert parent.stdout and parent.stderr
        pid = int(parent.stdout.readline())
        if state != "end":
            parent.kill()
        assert wait_until(lambda: not Path(f"/proc/{pid}").exists(), 3)
        assert parent.stderr.read() == ""


def test_processes_start_quickly() -> None:
    with Renderer(SECTIONS) as renderer:
        start = time.monotonic()
        renderer.render("a", base="/")
        assert time.monotonic() - start < 1  # 0.15 s on an idle machine
