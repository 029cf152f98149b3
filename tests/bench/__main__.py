"""Measure over HTTP as a reader would, and the import as an administrator would; print a table."""

from __future__ import annotations

import gzip
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import quote

import click
from rich.console import Console
from rich.table import Table

from config import ROOT
from tests.bench.entries import write_library

PAGES = {
    "first page": "/",
    "case": "/cases/cork-learning-neighbourhoods",
    "city": "/cities/cork",
    "cities": "/cities",
    "themes": "/themes",
    "theme": "/themes/key_features/2.2.1",
    "map": "/map",
    "help": "/help/how-to-search",
}
SEARCHES = {
    "search: all": "/search",
    "search: words": f"/search?q={quote('learning neighbourhoods')}",
    "search: Korean": f"/search?q={quote('평생학습 도서관')}",
    "search: phrase": "/search?q=%22learning+city%22",
    "search: star": f"/search?q={quote('learn*')}",
    "search: typing error": f"/search?q={quote('lerning~ neigbourhood~')}",
    "search: facets": f"/search?q={quote('adult education')}&kind=case&key_feature=2.2&region=europe-north-america",
    "search: API": f"/api/v1/search?q={quote('learning')}",
    "suggest: API": "/api/v1/suggest?q=lea",
}


def _environment(folder: Path, **settings: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("KB_")}
    return kept | {"KB_DATA_DIR": str(folder), "KB_SECRET_KEY": "a key for measurements only", **settings}


def _run(*arguments: str, environment: Mapping[str, str]) -> float:
    """Run `kb`; how many seconds it took."""
    started = time.perf_counter()
    subprocess.run([sys.executable, "-m", "kb", *arguments], env=environment, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started


@contextmanager
def _serving(environment: Mapping[str, str]) -> Iterator[tuple[int, float]]:
    """`kb serve` on a free port: the port, and the seconds from its start to its first page."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    started = time.perf_counter()
    command = [sys.executable, "-m", "kb", "serve", "--port", str(port)]
    quiet = subprocess.DEVNULL
    with subprocess.Popen(command, env=dict(environment), stdout=quiet, stderr=quiet) as process:
        try:
            while True:
                if process.poll() is not None or time.perf_counter() - started > 120:
                    sys.exit("kb serve does not answer.")
                try:
                    with closing(HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
                        _ask(connection, "/")
                    break
                except ConnectionError:
                    time.sleep(0.02)
            yield port, time.perf_counter() - started
        finally:
            process.terminate()


def _ask(connection: HTTPConnection, path: str) -> bytes:
    connection.request("GET", path, headers={"Accept-Encoding": "gzip"})  # as every browser says
    answer = connection.getresponse()
    body = answer.read()
    if answer.status != 200:
        sys.exit(f"{path} answers {answer.status}.")
    return body


def _time(port: int, path: str, times: int, warm: int) -> list[float]:
    """Milliseconds of each request, over one connection that is kept open."""
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    measured = []
    for _ in range(warm + times):
        started = time.perf_counter()
        _ask(connection, path)
        measured.append((time.perf_counter() - started) * 1000)
    connection.close()
    return measured[warm:]


def _size_of_first_page(port: int) -> dict[str, int]:
    """Bytes over the wire, headers apart: the page, and the files of this site that it loads."""
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    page = _ask(connection, "/")
    plain = gzip.decompress(page) if page.startswith(b"\x1f\x8b") else page
    names = {part for part in plain.decode().split('"') if part.startswith("/static/")}
    return {"/": len(page)} | {name.split("?")[0]: len(_ask(connection, name)) for name in sorted(names)}


def _measure_reading(console: Console, folder: Path, times: int, warm: int) -> None:
    environment = _environment(folder)
    setup = _run("init", environment=environment)
    with _serving(environment) as (port, start):
        table = Table("over HTTP, ms", "p50", "p95", "slowest", title=f"{times} requests each, after {warm} to warm up")
        for name, path in (PAGES | SEARCHES).items():
            found = sorted(_time(port, path, times, warm))
            p95 = statistics.quantiles(found, n=20, method="inclusive")[-1]
            table.add_row(name, f"{statistics.median(found):.1f}", f"{p95:.1f}", f"{found[-1]:.1f}")
        sizes = _size_of_first_page(port)
    console.print(table)
    once = Table("once", "")
    once.add_row("shipped library set up (kb init)", f"{setup:.1f} s")
    once.add_row("start to first page (kb serve)", f"{start:.2f} s")
    once.add_row("first page over the wire", f"{sum(sizes.values()) / 1024:.1f} KB")
    for name, size in sizes.items():
        once.add_row(f"  {name}", f"{size / 1024:.1f} KB")
    console.print(once)


def _measure_import(console: Console, folder: Path, entries: int) -> None:
    library, data = folder / "library", folder / "data"
    write_library(library, entries)
    # themes and stages are known from the shipped vocabularies; none of the shipped entries is there
    shutil.copytree(ROOT / "content" / "vocabularies", library / "vocabularies")
    environment = _environment(data, KB_CONTENT_DIR=str(folder / "none"))
    _run("init", environment=environment)
    seconds, peak = _run_and_weigh("import", "--publish", str(library), environment=environment)
    rebuild, rebuild_peak = _run_and_weigh("index", "rebuild", environment=environment)
    table = Table(f"{entries} generated entries of 450 words", "s", "entries/s", "peak MB")
    table.add_row("kb import", f"{seconds:.1f}", f"{entries / seconds:.0f}", f"{peak:.0f}")
    table.add_row("kb index rebuild", f"{rebuild:.1f}", f"{entries / rebuild:.0f}", f"{rebuild_peak:.0f}")
    console.print(table)


def _run_and_weigh(*arguments: str, environment: dict[str, str]) -> tuple[float, float]:
    """Run `kb`: seconds, and the peak resident MB of its largest process."""
    # a process between, for the kernel keeps one peak for all the children that a process ever had
    weigh = "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True, stdout=sys.stderr); "
    weigh += "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    command: list[Any] = [sys.executable, "-c", weigh, sys.executable, "-m", "kb", *arguments]
    started = time.perf_counter()
    done = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True)
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return time.perf_counter() - started, int(done.stdout) / unit


RESULTS = Path(__file__).with_name("RESULTS.md")


def _measure_engines(console: Console, sizes: Sequence[int], folder: Path) -> None:
    from tests.bench.engines import report  # tantivy need not be there for the other part

    lines = []
    for line in report(sizes, folder):
        console.print(line, markup=False, highlight=False, soft_wrap=True)
        lines.append(line)
    RESULTS.write_text("\n".join(lines) + "\n", "utf-8")


@click.command()
@click.option(
    "--part",
    "parts",
    multiple=True,
    default=["site", "engines"],
    show_default=True,
    type=click.Choice(["site", "engines"]),
    help="What to measure.",
)
@click.option(
    "--documents",
    "sizes",
    multiple=True,
    default=[2_000, 20_000],
    show_default=True,
    type=click.IntRange(400),
    help="Sizes of the indexes that engines search.",
)
@click.option("--keep", type=click.Path(path_type=Path), help="Folder in which the engines' indexes stay.")
@click.option(
    "--entries", default=2_000, show_default=True, type=click.IntRange(1), help="Generated entries to import."
)
@click.option("--times", default=40, show_default=True, type=click.IntRange(2), help="Requests for each address.")
@click.option("--warm", default=10, show_default=True, help="Requests before those, which are not counted.")
def bench(parts: Sequence[str], sizes: Sequence[int], keep: Path | None, entries: int, times: int, warm: int) -> None:
    """Measure pages, searches, start and import on this machine, and the search engine beside its peers."""
    console = Console()
    cores, load = os.cpu_count(), os.getloadavg()[0]
    console.print(f"Python {sys.version.split()[0]}, {cores} cores, load {load:.1f} before the measurement")
    with tempfile.TemporaryDirectory() as folder:
        if "site" in parts:
            _measure_reading(console, Path(folder) / "shipped", times, warm)
            _measure_import(console, Path(folder), entries)
        if "engines" in parts:
            _measure_engines(console, sizes, keep or Path(folder) / "engines")


bench()
