"""What is the embedded engine's own: its files, its scores, what can go wrong with them."""

from __future__ import annotations

import json
import multiprocessing
import random
import resource
import shutil
import signal
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from filelock import FileLock
from whoosh import query, scoring
from whoosh.index import open_dir
from whoosh.searching import Searcher

from kb.domain.errors import Unavailable
from kb.search.port import (
    FACETS,
    And,
    Document,
    Everything,
    Fuzzy,
    Hit,
    Or,
    Phrase,
    Prefix,
    Query,
    Request,
    Sort,
    Term,
)
from kb.search.whoosh_columns import FIELDS
from kb.search.whoosh_engine import WhooshEngine
from kb.search.whoosh_match import Matcher
from kb.search.whoosh_schema import WEIGHTS, make_schema
from tests.search.corpus import ALL, PUBLIC, WORDS, expect, make_document, make_library, make_request
from tests.search.reference import Reference


@pytest.fixture
def engine(tmp_path: Path) -> WhooshEngine:
    engine = WhooshEngine(tmp_path / "index", "this")
    engine.rebuild(make_library(15), 4)
    return engine


def index_of(engine: WhooshEngine) -> Path:
    return engine._folder / json.loads((engine._folder / "current.json").read_text())["folder"]


def answer(engine: WhooshEngine) -> object:
    trees = (Term("w01"), Phrase("w01 w02"), Prefix("w1"), Everything())
    pages = [engine.search(Request(tree=tree, visibilities=ALL, facets=("city", "year"), limit=50)) for tree in trees]
    return [(page.total, page.facets, page.hits) for page in pages]


class TestScores:
    def test_are_whooshs_own(self, tmp_path: Path) -> None:
        """The files stay Whoosh's, and BM25F is the same, with several segments and deletions."""
        engine = WhooshEngine(tmp_path)
        documents = make_library(80)
        engine.rebuild(documents[:60], 1)
        engine.update(documents[50:90], [documents[3].id], 2)
        engine.update(documents[90:], [documents[60].id], 3)
        with engine._reading() as snapshot:
            pass
        assert len(snapshot.segments) == 3
        checked = 0
        with plain_searcher(engine, tmp_path / "plain") as searcher:
            for name, weight in WEIGHTS.items():
                for word in WORDS:
                    found = Matcher(snapshot, ()).find(Term(word, name))
                    theirs = searcher.search(query.Term(f"{name}.word", word, boost=weight), limit=None)
                    assert {hit.docnum: pytest.approx(hit.score, rel=1e-4) for hit in theirs} == {
                        int(number): float(found.score[number]) for number in (found.mask & snapshot.live).nonzero()[0]
                    }
                    checked += len(theirs)
            phrase = query.Phrase("body.word", ["w01", "w02"])
            mine = Matcher(snapshot, ()).find(Phrase("w01 w02", "body"))
            assert {hit.docnum for hit in searcher.search(phrase, limit=None)} == set(
                (mine.mask & snapshot.live).nonzero()[0].tolist()
            )
        assert checked > 1000


@contextmanager
def plain_searcher(engine: WhooshEngine, folder: Path) -> Iterator[Searcher]:
    """Whoosh's own searcher over the index as it stands."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for path in index_of(engine).iterdir():
        (folder / path.name).write_bytes(path.read_bytes()[:-4])  # without the seal
    with open_dir(folder, "KB").searcher(weighting=scoring.BM25F()) as searcher:
        yield searcher


class TestAgainstReference:
    @pytest.mark.parametrize("seed", range(10))
    def test_any_search_of_any_index(self, tmp_path: Path, seed: int) -> None:
        """Hits, order, scores and counts, after commits, deletions and merges in any order."""
        rng = random.Random(seed)
        engine = WhooshEngine(tmp_path / "index")
        known = {document.id: document for document in make_library(40, seed=seed)}
        engine.rebuild(list(known.values()), 0)
        for number in range(rng.choice((0, 3, 16))):
            some = make_library(rng.randint(1, 60), seed=rng.randrange(999))[-rng.randint(1, 9) :]
            gone = rng.sample(sorted(known), rng.randint(0, 6))
            known = {key: one for key, one in known.items() if key not in gone} | {one.id: one for one in some}
            engine.update(some, [key for key in gone if key not in {one.id for one in some}], number)
        with engine._reading() as snapshot, plain_searcher(engine, tmp_path / "plain") as searcher:
            reference = Reference(searcher, snapshot.books.values["language"].texts)
            ids = searcher.reader().column_reader("id")
            for _ in range(25):
                request = make_request(rng, facets=FACETS, limit=1_000, sort=rng.choice(list(Sort)))
                found = reference.find(request.tree).items()
                scores = {ids[at].decode(): score for at, score in found if snapshot.live[at]}
                _compare(engine, request, known, scores)


def _compare(engine: WhooshEngine, request: Request, known: dict[str, Document], scores: dict[str, float]) -> None:
    page = engine.search(request)
    expected = expect(known.values(), request)
    assert {hit.work: hit.id for hit in page.hits} == {work: one.id for work, one in expected.shown.items()}
    assert (page.total, page.facets) == (len(expected.shown), expected.facets)
    passing = expect(known.values(), replace(request, tree=Everything())).shown.keys()
    best: dict[str, float] = {}
    for document in known.values():
        if document.work in passing and document.id in scores and _passes(document, request):
            best[document.work] = max(scores[document.id], best.get(document.work, 0.0))
    top = max(best.values(), default=0.0) or 1.0
    for hit in page.hits:
        assert hit.score == pytest.approx(best[hit.work] / top if any(best.values()) else 1.0, rel=1e-4)
    keys = [_key(request.sort, hit, known[hit.id]) for hit in page.hits]
    assert keys == sorted(keys)
    for offset in (0, 3, len(page.hits) - 2):
        part = engine.search(replace(request, offset=max(offset, 0), limit=4))
        assert part.hits == page.hits[max(offset, 0) :][:4]


def _passes(document: Document, request: Request) -> bool:
    return bool(expect([document], replace(request, tree=Everything())).shown)


def _key(sort: Sort, hit: Hit, shown: Document) -> tuple[object, ...]:
    first: object = {
        Sort.RELEVANCE: -hit.score,
        Sort.NEWEST: -shown.published,
        Sort.TITLE: shown.title,
        Sort.EVIDENCE: -(-1 if shown.evidence is None else shown.evidence),
    }[sort]
    return first, -hit.score, -shown.published


class TestFiles:
    def test_are_closed_to_others(self, engine: WhooshEngine) -> None:
        for folder in (engine._folder, index_of(engine)):
            assert stat.S_IMODE(folder.stat().st_mode) == 0o700

    def test_hold_no_text(self, tmp_path: Path) -> None:
        engine = WhooshEngine(tmp_path)
        engine.rebuild([make_document("a", body="Of the Unmistakable Sentence nothing remains")], 1)
        assert not any(b"Unmistakable" in path.read_bytes() for path in index_of(engine).iterdir())

    @pytest.mark.parametrize("harm", ["deleted", "emptied", "truncated", "flipped", "garbage"])
    def test_any_broken_file_is_told_and_mended_by_a_rebuild(self, engine: WhooshEngine, harm: str) -> None:
        expected = answer(engine)
        engine.close()
        rng = random.Random(harm)
        paths = [path for path in engine._folder.rglob("*") if path.is_file() and "lock" not in path.name.lower()]
        assert len(paths) > 15
        for path in paths:
            data = path.read_bytes()
            at = rng.randrange(len(data))
            match harm:
                case "deleted":
                    path.unlink()
                case "emptied":
                    path.write_bytes(b"")
                case "truncated":
                    path.write_bytes(data[:at])
                case "flipped":
                    path.write_bytes(data[:at] + bytes([data[at] ^ (1 << rng.randrange(8))]) + data[at + 1 :])
                case "garbage":
                    path.write_bytes(rng.randbytes(len(data)))
            fresh = WhooshEngine(engine._folder, "this")
            with pytest.raises(Unavailable, match="index"):
                answer(fresh)
            with pytest.raises(Unavailable, match="index"):
                fresh.update([make_document("a")], [], 1)
            path.write_bytes(data)
            assert answer(fresh) == expected
        path.write_bytes(b"")
        engine.rebuild(make_library(15), 4)
        assert answer(engine) == answer(WhooshEngine(engine._folder, "this")) == expected

    def test_what_breaks_under_a_reader_is_told(self, engine: WhooshEngine) -> None:
        engine.search(Request(tree=Everything(), visibilities=PUBLIC))
        (postings,) = index_of(engine).glob("*.pst")
        postings.write_bytes(b"")
        with pytest.raises(Unavailable, match="broken"):
            engine.search(Request(tree=Term("w01"), visibilities=PUBLIC))

    @pytest.mark.parametrize("change", [{"schema": 0}, {"analysis": "other"}, {"database": "that"}, {"more": 1}])
    def test_an_index_of_others_is_not_read(self, engine: WhooshEngine, change: dict[str, object]) -> None:
        pointer = engine._folder / "current.json"
        pointer.write_text(json.dumps(json.loads(pointer.read_text()) | change))
        with pytest.raises(Unavailable, match="another"):
            engine.status()
        engine.rebuild([], 0)
        assert engine.status().documents == 0

    @pytest.mark.parametrize("text", ["", "[]", "7", '{"folder": 3}', "{}", "\xff"])
    def test_a_pointer_that_points_nowhere(self, engine: WhooshEngine, text: str) -> None:
        (engine._folder / "current.json").write_text(text, encoding="latin-1")
        with pytest.raises(Unavailable):
            engine.position()

    def test_only_the_index_in_use_is_kept(self, engine: WhooshEngine) -> None:
        (engine._folder / "index-left-behind").mkdir()
        engine.rebuild([], 0)
        assert [path.name for path in engine._folder.glob("index-*")] == [index_of(engine).name]


class TestWriting:
    def test_a_full_disk_leaves_the_old_state_and_no_orphans(self, engine: WhooshEngine) -> None:
        before = answer(engine)
        files = sorted(path.name for path in index_of(engine).iterdir())
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (2_000, hard))
        try:
            with pytest.raises(Unavailable, match="can't be written"):
                engine.update(make_library(30, seed=9), [], 5)
            with pytest.raises(Unavailable, match="can't be written"):
                engine.rebuild(make_library(30, seed=9), 5)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert sorted(path.name for path in index_of(engine).iterdir()) == files
        assert (answer(engine), engine.position()) == (before, 4)
        engine.update([make_document("a")], [], 6)
        assert engine.position() == 6

    def test_a_busy_writer_is_waited_for_but_not_for_ever(self, engine: WhooshEngine) -> None:
        hasty = WhooshEngine(engine._folder, "this", wait=0.05)
        with FileLock(engine._folder / "write.lock"), pytest.raises(Unavailable, match="Another process"):
            hasty.update([], [], 1)
        hasty.update([], [], 1)
        assert engine.position() == 1

    def test_segments_stay_few(self, engine: WhooshEngine) -> None:
        for number in range(30):
            engine.update(
                [make_document(f"n{number}", title="many")], [f"n{number // 2}"] if number % 5 == 4 else [], number
            )
            with engine._reading() as snapshot:
                assert len(snapshot.segments) <= 13
        assert engine.search(Request(tree=Term("many"), visibilities=PUBLIC)).total == 30 - 6

    def test_memory_for_postings_is_bounded(self, engine: WhooshEngine) -> None:
        frugal = WhooshEngine(engine._folder, "this", cache_megabytes=0)
        assert answer(frugal) == answer(frugal) == answer(engine)
        with frugal._reading() as snapshot:
            assert not snapshot.books.kept and not snapshot.leaves

    @pytest.mark.parametrize("after", [0.02, 0.06, 0.11])
    def test_a_killed_writer_does_no_harm(self, engine: WhooshEngine, after: float) -> None:
        context = multiprocessing.get_context("fork")
        started = context.Event()
        writer = context.Process(target=_write_for_ever, args=(engine._folder, started))
        writer.start()
        started.wait(10)
        time.sleep(after)
        writer.kill()
        writer.join()
        assert writer.exitcode == -signal.SIGKILL
        fresh = WhooshEngine(engine._folder, "this")
        position = fresh.position()
        assert set(fresh.ids()) == {"only"} | {one.id for one in make_library(15)} if position > 4 else True
        fresh.update([make_document("last")], ["only"], position + 1)
        assert "last" in fresh.ids() and "only" not in fresh.ids()


def _write_for_ever(folder: Path, started: object) -> None:
    engine = WhooshEngine(folder, "this")
    number = engine.position()
    started.set()  # type: ignore[attr-defined]  # an event of multiprocessing
    while True:
        number += 1
        engine.update([make_document("only", title=str(number))], [], number)


class TestBounds:
    @pytest.mark.parametrize(
        "tree",
        [
            Term("x" * 100_000),
            Term("字" * 1_000),
            Phrase("word " * 500),
            Phrase("평생학습 " * 200),
            Or(tuple(Term(f"w{number}") for number in range(500))),
            And(()),
            Or(()),
            Term(""),
            Phrase("..."),
            Prefix(""),
            Prefix("."),
            Fuzzy("", 2),
            Fuzzy("🙂", 2),
            Term("\ud800"),
            Term("title.word\0"),
        ],
    )
    def test_any_tree_is_answered(self, engine: WhooshEngine, tree: Query) -> None:
        start = time.perf_counter()
        engine.search(Request(tree=tree, visibilities=PUBLIC))
        assert time.perf_counter() - start < 2

    @pytest.mark.parametrize(("offset", "limit"), [(0, 0), (10_000, 10), (0, 10_000), (3, 1)])
    def test_any_page_is_answered(self, engine: WhooshEngine, offset: int, limit: int) -> None:
        page = engine.search(Request(tree=Everything(), visibilities=ALL, offset=offset, limit=limit))
        assert len(page.hits) == max(min(limit, page.total - offset), 0)

    def test_every_text_field_has_every_index(self) -> None:
        assert set(FIELDS) < set(make_schema().names())
