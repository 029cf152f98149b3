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

_ABOUT = """# Search engines side by side

`make bench` writes this file. Milliseconds of CPU time for one search: the first ten hits, each with a snippet, and the
counts of eight facets over all hits. The documents are generated (tests/bench/entries.py): ten languages, about 450
words each, frequencies by Zipf's law, one in ten a second version of a work. All engines run in one process and get the
same 20 questions of each class; kb also looks for stems, keeps hidden entries apart and counts works, not versions.
tantivy searches the same five fields with the same weights and counts by aggregations on fast fields; FTS5 counts in
SQL; plain Whoosh reads our own index with its own searcher (up to 20,000 documents).

p50 is over the best of several runs of each question, p95 over their medians; kb keeps what single words matched, as it
does in the site. "First" is the first time that a question is asked after opening, of 20.
"""
CLASSES = ("rare", "common", "and", "or", "phrase", "prefix", "fuzzy", "word + 2 filters", "all by date")
_QUESTIONS = 20  # of each class
_TIMES = 7  # that each is asked when warm
_LEAST = 3  # questions at least
_SLOW = 2_000  # milliseconds that a class may take a peer before it is asked no more


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
        self.first = []
        for question in questions:
            self.first.append(_time(peer, question))
            slow = sum(self.first) > _SLOW
            if slow and len(self.first) >= _LEAST:
                break
        chosen = questions[: len(self.first)]
        runs = [[_time(peer, question) for _ in range(2 if slow else _TIMES)] for question in chosen]
        self.p50 = statistics.median(min(run) for run in runs)  # the rest is what else the machine did
        self.p95 = statistics.quantiles((statistics.median(run) for run in runs), n=20, method="inclusive")[-1]


def measure(size: int, folder: Path) -> Iterator[str]:
    """Build or open the indexes of so many documents, ask everything, give a table in Markdown."""
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
    gc.unfreeze()
    yield from _table(size, found)


def _table(size: int, found: dict[str, dict[str, Figures]]) -> Iterator[str]:
    yield f"\n## {size:,} documents\n"
    yield (
        "| query | kb p50 | kb p95 | kb first p50 | kb first max | tantivy p50 | p95 | FTS5 p50 | p95 | Whoosh p50 "
        "| kb : tantivy | FTS5 : kb |"
    )
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


def report(sizes: Sequence[int], folder: Path) -> Iterator[str]:
    """All tables as lines of Markdown, with what must be known of them."""
    yield _ABOUT
    yield _header()
    for size in sizes:
        yield from measure(size, folder)


def _header() -> str:
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
