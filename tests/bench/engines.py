"""Our search engine beside its peers, over the same generated entries in one process; CPU time, not the clock's."""

from __future__ import annotations

import gc
import os
import platform
import random
import sqlite3
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

from kb.search.port import Document
from tests.bench.entries import make_documents, vocabulary
from tests.bench.peers import Fts5, Ours, Peer, PlainWhoosh, Question, Tantivy, neighbours

RESULTS = Path(__file__).with_name("RESULTS.md")
CLASSES = ("rare", "common", "and", "or", "phrase", "prefix", "fuzzy", "word + 2 filters", "all by date")
_QUESTIONS = 20  # of each class
_TIMES = 7  # that each is asked when warm
_SLOW = 100  # milliseconds from which a peer is asked fewer questions, fewer times


def make_questions(documents: Sequence[Document]) -> dict[str, list[Question]]:
    """The same questions for every engine, from the ranks of words and from real texts."""
    chance, words = random.Random(99), vocabulary()
    english = [document for document in documents[:400] if document.language == "en"]

    def pick(first: int, last: int, least: int = 2) -> str:
        return next(word for word in iter(lambda: chance.choice(words[first:last]), "") if len(word) >= least)

    def misspell(word: str) -> str:
        at = chance.randrange(2, len(word))
        return f"{word[:at]}q{word[at + 1 :]}"

    def phrase(number: int) -> tuple[str, ...]:
        pairs = list(neighbours(english[number * 3]))[:90]
        return max(chance.sample(pairs, 4), key=lambda pair: len("".join(pair)))

    make: dict[str, Callable[[int], Question]] = {
        "rare": lambda _: Question("term", (pick(8_000, 16_000),)),
        "common": lambda _: Question("term", (pick(50, 150),)),
        "and": lambda _: Question("and", (pick(100, 400), pick(100, 400))),
        "or": lambda _: Question("or", (pick(100, 400), pick(400, 1_500), pick(1_500, 5_000))),
        "phrase": lambda number: Question("phrase", phrase(number)),
        "prefix": lambda _: Question("prefix", (pick(2_000, 9_000, 4)[:4],)),
        "fuzzy": lambda _: Question("fuzzy", (misspell(pick(1_000, 6_000, 6)),)),
        "word + 2 filters": lambda number: Question(
            "term", (pick(50, 400),), {"country": f"country-{number % 5 * 7919 % 79}", "kind": "case"}
        ),
        "all by date": lambda number: Question("all", (), {"kind": "case"} if number % 2 else {}),
    }
    return {name: [make[name](number) for number in range(_QUESTIONS)] for name in CLASSES}


def _time(peer: Peer, question: Question) -> float:
    started = time.process_time()
    peer.ask(question)
    return (time.process_time() - started) * 1000


class Figures:
    """Milliseconds of one engine for one class: the first time each question is asked, and when warm."""

    def __init__(self, peer: Peer, questions: Sequence[Question]) -> None:
        self.first = [_time(peer, question) for question in questions]
        slow = statistics.median(self.first) > _SLOW
        chosen = questions[: 6 if slow else None]
        runs = [[_time(peer, question) for _ in range(2 if slow else _TIMES)] for question in chosen]
        self.every = [one for run in runs for one in run]
        self.p50 = statistics.median(min(run) for run in runs)  # the rest is what else the machine did
        self.p95 = statistics.quantiles((statistics.median(run) for run in runs), n=20, method="inclusive")[-1]


def measure(size: int, folder: Path, report: Callable[[str], None]) -> None:
    """Build or open the indexes of so many documents, ask everything, report a table in Markdown."""
    documents = list(make_documents(size))
    ours = folder / f"kb-{size}"
    peers: list[Peer] = [
        Ours(ours, documents),
        Tantivy(folder / f"tantivy-{size}", documents),
        Fts5(folder / f"fts5-{size}", documents),
    ]
    if size <= 20_000:
        peers.append(PlainWhoosh(folder / f"whoosh-{size}", ours, documents))
    found: dict[str, dict[str, Figures]] = {}
    gc.collect()
    gc.freeze()  # the texts of all documents, which no engine holds
    for name, questions in make_questions(documents).items():
        for peer in peers:
            peer.restart()
            peer.ask(Question("all"))
            if peer.ask(questions[0]) is not None:
                peer.restart()
                peer.ask(Question("all"))  # opened and its columns read, no word asked for yet
                found.setdefault(name, {})[peer.name] = Figures(peer, questions)
    for line in _table(size, found):
        report(line)
    gc.unfreeze()


def _table(size: int, found: dict[str, dict[str, Figures]]) -> Iterator[str]:
    yield f"\n## {size:,} documents\n"
    yield "| query | kb p50 | kb p95 | kb first p50 | kb first max | tantivy p50 | p95 | FTS5 p50 | p95 | Whoosh p50 "
    yield "| kb : tantivy | FTS5 : kb |"
    yield "|---" * 12 + "|"
    ratios = []
    for name, by in found.items():
        kb, rust, sql, plain = by["kb"], by["tantivy"], by.get("SQLite FTS5"), by.get("plain Whoosh")
        ratios.append(kb.p50 / rust.p50)
        cells = [f"{kb.p50:.2f}", f"{kb.p95:.2f}", f"{statistics.median(kb.first):.1f}", f"{max(kb.first):.1f}"]
        cells += [f"{rust.p50:.2f}", f"{rust.p95:.2f}"]
        cells += [f"{sql.p50:.1f}", f"{sql.p95:.1f}"] if sql else ["–", "–"]
        cells += [f"{plain.p50:.1f}" if plain else "–", f"{ratios[-1]:.2f}", f"{sql.p50 / kb.p50:.0f}" if sql else "–"]
        yield f"| {name} | {' | '.join(cells)} |"
    yield f"\nkb : tantivy, median of the classes {statistics.median(ratios):.2f}, worst {max(ratios):.2f}."


def header() -> str:
    """Date, machine and versions."""
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in ("tantivy", "Whoosh-Reloaded", "numpy"))
    processor = next(
        (line.split(":")[1].strip() for line in _cpuinfo() if line.startswith("model name")), platform.machine()
    )
    return (
        f"{datetime.now(UTC):%Y-%m-%d}; {processor}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; "
        f"Python {platform.python_version()}, {versions}, SQLite {sqlite3.sqlite_version}"
    )


def _cpuinfo() -> list[str]:
    path = Path("/proc/cpuinfo")
    return path.read_text().splitlines() if path.exists() else []
