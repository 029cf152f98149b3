"""Writing the embedded engine's index: by several processes, merged beside, on a full disk, killed."""

from __future__ import annotations

import os
import random
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from kb.domain.errors import Unavailable
from kb.search import whoosh_builders, whoosh_segments, whoosh_writer
from kb.search.port import Document, Everything, Phrase, Prefix, Request, Term
from kb.search.whoosh_builders import FEW
from kb.search.whoosh_engine import WhooshEngine
from kb.search.whoosh_writer import Merge
from tests.conftest import require
from tests.search.corpus import ALL, make_document, make_library
from tests.search.test_whoosh_engine import answer, index_of


def everything_of(engine: WhooshEngine) -> object:
    """What an index answers, however it is laid out."""
    trees = (Term("w01"), Term("w39", "title"), Phrase("w01 w02"), Prefix("w1"), Everything())
    pages = [engine.search(Request(tree=tree, visibilities=ALL, facets=("city", "year"), limit=3000)) for tree in trees]
    found = [
        (page.total, page.facets, {(hit.work, hit.id, frozenset(hit.matched)) for hit in page.hits}) for page in pages
    ]
    return found, dict(engine.ids()), engine.position()


def sizes(engine: WhooshEngine) -> list[int]:
    with engine._reading() as snapshot:
        return [segment.size for segment in snapshot.segments]


class TestSeveralProcesses:
    def test_build_what_one_does(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        documents = make_library(800)
        assert len(documents) > FEW
        told: list[int] = []
        several, one = WhooshEngine(tmp_path / "several"), WhooshEngine(tmp_path / "one")
        several.rebuild(iter(documents), 7, told.append)
        assert len(sizes(several)) == min(len(os.sched_getaffinity(0)), 4)
        monkeypatch.setattr(whoosh_builders, "FEW", 10**6)
        monkeypatch.setattr(whoosh_builders, "_TOKENS", 10_000)
        one.rebuild(iter(documents), 7)
        assert len(sizes(one)) > 1
        assert everything_of(several) == everything_of(one)
        assert several.ids() == {document.id: document.digest() for document in documents}
        assert told == sorted(told)
        assert told[-1] == len(documents)

    def test_one_that_ends_is_told_and_leaves_nothing(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        engine = WhooshEngine(tmp_path)
        engine.rebuild([make_document("a")], 1)
        before = sorted(path.name for path in tmp_path.iterdir())
        started: list[subprocess.Popen[bytes]] = []
        popen = subprocess.Popen

        def start(*arguments: object, **options: object) -> subprocess.Popen[bytes]:
            started.append(popen(*arguments, **options))  # type: ignore[call-overload]  # handed on
            return started[-1]

        def documents() -> Iterator[Document]:
            for number in range(FEW * 5):
                if number == FEW * 3:
                    started[0].kill()
                yield make_document(str(number))

        monkeypatch.setattr(whoosh_builders.subprocess, "Popen", start)
        with pytest.raises(Unavailable, match="ended"):
            engine.rebuild(documents(), 2)
        assert all(process.poll() is not None for process in started)
        assert sorted(path.name for path in tmp_path.iterdir()) == before
        assert engine.ids().keys() == {"a"}

    def test_a_failing_source_ends_them(self, tmp_path: Path) -> None:
        def documents() -> Iterator[Document]:
            yield from (make_document(str(number)) for number in range(FEW + 500))
            raise Unavailable("The database can't be read.")

        with pytest.raises(Unavailable, match="database"):
            WhooshEngine(tmp_path).rebuild(documents(), 2)
        assert not list(tmp_path.glob("index-*"))
        assert threading.active_count() < 10


class TestMergingBeside:
    @pytest.fixture
    def engine(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> WhooshEngine:
        """An index in twenty pieces."""
        monkeypatch.setattr(whoosh_writer, "_SMALL", 0)  # so that commits leave them
        engine = WhooshEngine(tmp_path)
        documents = make_library(200)
        engine.rebuild(documents[:10], 1)
        for number in range(10, 200, 10):
            engine.update(documents[number : number + 10], [documents[number - 3].id], number)
        return engine

    def test_changes_nothing_but_the_pieces(self, engine: WhooshEngine) -> None:
        before = everything_of(engine)
        assert len(sizes(engine)) > 12
        assert engine.tidy()
        assert len(sizes(engine)) <= 12
        assert everything_of(engine) == everything_of(WhooshEngine(engine._folder)) == before
        while engine.tidy():
            pass
        assert not engine.tidy()
        assert everything_of(engine) == before
        assert not list(engine._folder.glob("merge-*"))

    def test_keeps_what_is_written_meanwhile(self, engine: WhooshEngine, tmp_path: Path) -> None:
        (beside := engine._folder / "merge-1").mkdir()
        merge = Merge(index_of(engine), beside)
        merge.prepare()
        known = sorted(engine.ids())
        engine.update([make_document(known[3], title="Changed meanwhile")], known[:3], 900)
        before = everything_of(engine)
        assert merge.apply()
        assert everything_of(engine) == everything_of(WhooshEngine(engine._folder)) == before
        assert engine.position() == 900
        assert not engine.ids().keys() & set(known[:3])
        assert engine.search(Request(tree=Term("meanwhile"), visibilities=ALL)).total == 1

    def test_gives_way_when_its_pieces_are_gone(self, engine: WhooshEngine) -> None:
        (beside := engine._folder / "merge-1").mkdir()
        merge = Merge(index_of(engine), beside)
        merge.prepare()
        assert engine.tidy()
        before = everything_of(engine)
        assert not merge.apply()
        assert everything_of(engine) == before
        with engine._writing():
            pass
        engine.rebuild([make_document("a")], 1)
        assert not engine.tidy()

    def test_without_an_index_says_so(self, tmp_path: Path) -> None:
        with pytest.raises(Unavailable, match="not built"):
            WhooshEngine(tmp_path / "none").tidy()


def test_one_process_that_finds_it_broken_tells_the_others(tmp_path: Path) -> None:
    """A reader has the files in memory; another one, started later, sees that they are damaged."""
    early, late = WhooshEngine(tmp_path), WhooshEngine(tmp_path)
    early.rebuild(make_library(15), 4)
    expected = answer(early)
    (terms,) = index_of(early).glob("*.trm")
    data = bytearray(terms.read_bytes())
    data[len(data) // 2] ^= 1
    terms.write_bytes(data)
    assert answer(early) == expected
    with pytest.raises(Unavailable, match="broken"):
        late.position()
    with pytest.raises(Unavailable, match="broken"):
        early.position()
    early.rebuild(make_library(15), 4)
    assert answer(early) == answer(late) == expected


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 48 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=48m", "tmpfs", folder], check=False)
    require(mounted.returncode == 0, "the right to mount")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # files that Whoosh can't flush any more
@pytest.mark.parametrize("told", ["before", "by the disk"])
def test_a_full_disk(small_disk: Path, monkeypatch: pytest.MonkeyPatch, told: str) -> None:
    """The old state serves on, nothing is left behind, and with room again it goes on."""
    engine = WhooshEngine(small_disk / "index")
    engine.rebuild(make_library(15), 4)
    before, files = answer(engine), sorted(path.name for path in index_of(engine).iterdir())
    folders = sorted(path.name for path in engine._folder.iterdir() if path.is_dir())
    if told == "by the disk":
        monkeypatch.setattr(whoosh_segments, "_SPARE", 0)
        monkeypatch.setattr(whoosh_segments, "_GROWTH", 0)
        monkeypatch.setattr(whoosh_segments, "_COLUMNS", 0)
    filler = small_disk / "filler"
    free = os.statvfs(small_disk).f_bavail * os.statvfs(small_disk).f_frsize
    filler.write_bytes(bytes(free - 200_000))
    more = make_library(600, seed=9)
    with pytest.raises(Unavailable, match="can't be written"):
        engine.update(more, [], 5)
    with pytest.raises(Unavailable, match="can't be written"):
        engine.rebuild(more, 5)
    assert sorted(path.name for path in index_of(engine).iterdir()) == files
    assert sorted(path.name for path in engine._folder.iterdir() if path.is_dir()) == folders
    assert answer(engine) == answer(WhooshEngine(engine._folder)) == before
    filler.unlink()
    engine.update(more[:20], [], 6)
    assert engine.position() == 6
    assert engine.ids().keys() == {one.id for one in [*make_library(15), *more[:20]]}


def test_any_mix_of_updates_and_merges_holds_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Small merges within commits and large ones beside, at random, against a fresh build."""
    monkeypatch.setattr(whoosh_writer, "_SMALL", 20)
    rng = random.Random(5)
    engine = WhooshEngine(tmp_path / "worn")
    pool, present = make_library(120), {}
    engine.rebuild([], 0)
    for position in range(1, 61):
        added = rng.sample(pool, rng.randint(0, 9))
        gone = rng.sample(sorted(present), min(len(present), rng.randint(0, 4)))
        engine.update(added, gone, position)
        for key in gone:
            del present[key]
        present |= {document.id: document for document in added}
        if rng.random() < 0.2:
            engine.tidy()
    fresh = WhooshEngine(tmp_path / "fresh")
    fresh.rebuild(present.values(), 60)
    assert everything_of(engine) == everything_of(fresh)
