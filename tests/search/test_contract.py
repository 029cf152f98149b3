"""What every search engine must do; a new engine is added to `ENGINES` and passes, or is none."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kb.domain.errors import Unavailable
from kb.search.port import (
    FACETS,
    And,
    AtLeast,
    Best,
    Document,
    Everything,
    Fuzzy,
    Not,
    Page,
    Phrase,
    Prefix,
    Query,
    Request,
    SearchEngine,
    Sort,
    Term,
    Value,
    Weighted,
)
from kb.search.whoosh_engine import WhooshEngine
from tests.search.corpus import ALL, PUBLIC, expect, make_document, make_library, make_request

ENGINES: dict[str, Callable[[Path], SearchEngine]] = {"whoosh": lambda folder: WhooshEngine(folder / "index")}


@pytest.fixture(params=ENGINES)
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], SearchEngine]:
    """Opens the same index again and again, as several processes do."""
    return lambda: ENGINES[request.param](tmp_path)


@pytest.fixture
def engine(make: Callable[[], SearchEngine]) -> Iterator[SearchEngine]:
    engine = make()
    engine.rebuild([], 0)
    yield engine
    engine.close()


@pytest.fixture(scope="module", params=ENGINES)
def library(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[SearchEngine, list[Document]]:
    """A library that came about in many steps, deletions and replacements among them."""
    documents = make_library(120)
    engine = ENGINES[request.param](tmp_path_factory.mktemp("library"))
    engine.rebuild(documents[:60] + make_library(10, seed=2), 1)
    for at in range(60, len(documents), 12):
        engine.update(documents[at : at + 12], [], at)
    stale = [document for document in make_library(120, seed=3) if document.id in {one.id for one in documents[:40]}]
    engine.update(stale, [], 2)
    engine.update(documents[:40], set(engine.ids()) - {document.id for document in documents}, 3)
    return engine, documents


def find(engine: SearchEngine, tree: Query, **chosen: object) -> Page:
    whole: dict[str, object] = {"visibilities": PUBLIC, "limit": 100, "facets": FACETS}
    return engine.search(Request(tree=tree, **(whole | chosen)))  # type: ignore[arg-type]  # see make_document


def ids(page: Page) -> list[str]:
    return [hit.id for hit in page.hits]


class TestFinding:
    @pytest.mark.parametrize("seed", range(60))
    def test_equals_reading_everything(self, library: tuple[SearchEngine, list[Document]], seed: int) -> None:
        engine, documents = library
        request = make_request(random.Random(seed), facets=FACETS, limit=1000)
        expected = expect(documents, request)
        page = engine.search(request)
        assert page.total == len(expected.shown)
        assert {hit.work: hit.id for hit in page.hits} == {work: shown.id for work, shown in expected.shown.items()}
        assert page.facets == expected.facets

    @pytest.mark.parametrize("sort", Sort)
    def test_pages_hold_every_hit_once_and_in_order(
        self, library: tuple[SearchEngine, list[Document]], sort: Sort
    ) -> None:
        engine, documents = library
        request = {"tree": Term("w03"), "visibilities": ALL, "sort": sort}
        whole = engine.search(Request(**request, limit=1000)).hits  # type: ignore[arg-type]
        paged = [
            hit
            for offset in range(0, len(whole) + 7, 7)
            for hit in engine.search(Request(**request, limit=7, offset=offset)).hits  # type: ignore[arg-type]
        ]
        assert tuple(paged) == whole
        assert len({hit.work for hit in whole}) == len(whole) > 30
        by_id = {document.id: document for document in documents}
        shown = [by_id[hit.id] for hit in whole]
        keys: list[object] = {
            Sort.RELEVANCE: [-hit.score for hit in whole],
            Sort.NEWEST: [-document.published for document in shown],
            Sort.TITLE: [document.title for document in shown],
            Sort.EVIDENCE: [-1 if document.evidence is None else document.evidence for document in shown][::-1],
        }[sort]
        assert keys == sorted(keys)  # type: ignore[type-var]

    def test_every_text_is_searched_and_a_title_weighs_most(self, engine: SearchEngine) -> None:
        fields = ("title", "names", "summary", "body", "topics")
        engine.update([make_document(name, **{name: "museum"}) for name in fields], [], 1)
        page = find(engine, Term("museum"))
        assert set(ids(page)) == set(fields)
        assert set(ids(page)[:2]) == {"title", "names"}
        assert ids(find(engine, Term("museum", "summary"))) == ["summary"]

    def test_all_words_come_before_some_words(self, engine: SearchEngine) -> None:
        engine.update(
            [
                make_document("two", title="museum museum library", summary="museum library"),
                make_document("all", body="a library, far away a museum, and then a park"),
                make_document("one", title="park"),
            ],
            [],
            1,
        )
        page = find(engine, AtLeast(2, (Term("museum"), Term("library"), Term("park"))))
        assert ids(page) == ["all", "two"]
        assert page.hits[0].score == 1.0 > page.hits[1].score > 0

    def test_exact_words_score_above_stems(self, engine: SearchEngine) -> None:
        engine.update([make_document("stem", title="museums"), make_document("exact", title="museum")], [], 1)
        assert ids(find(engine, Term("museum"))) == ["exact", "stem"]

    def test_says_by_what_it_matched(self, engine: SearchEngine) -> None:
        engine.update([make_document("a", title="elders"), make_document("b", title="ancianos")], [], 1)
        tree = Best((Term("elders"), Weighted(Term("ancianos"), 0.5, "thesaurus")))
        page = find(engine, And((tree, Not(Term("nothing")))))
        assert [(hit.id, hit.matched_by) for hit in page.hits] == [("a", ("words",)), ("b", ("thesaurus",))]
        assert page.hits[1].score == pytest.approx(0.5)
        for tree in (Everything(), Not(Not(Term("elders")))):
            assert find(engine, tree).hits[0].matched_by == ()

    def test_close_spellings_and_beginnings(self, engine: SearchEngine) -> None:
        engine.update([make_document("a", title="Medellín library")], [], 1)
        assert ids(find(engine, Fuzzy("medelin", 1))) == ["a"]
        assert ids(find(engine, Fuzzy("modelin", 1))) == []
        assert ids(find(engine, Prefix("medel"))) == ["a"]
        assert ids(find(engine, Prefix("ellin"))) == []

    @pytest.mark.parametrize(
        ("text", "language", "query"),
        [
            ("평생 학습 도시", "ko", "평생학습도시에서"),
            ("평생학습도시에서 만나다", "ko", "학습 도시"),
            ("终身学习型城市", "zh-Hans", "终身学习"),
            ("生涯学習のまち", "ja", "生涯学習"),
            ("การเรียนรู้ตลอดชีวิต", "th", "ตลอดชีวิต"),
        ],
    )
    def test_phrases_and_words_without_spaces(self, engine: SearchEngine, text: str, language: str, query: str) -> None:
        engine.update([make_document("a", summary=text, language=language)], [], 1)
        assert ids(find(engine, And(tuple(Term(word) for word in query.split())))) == ["a"]
        assert ids(find(engine, Term(query.replace(" ", "")))) == ["a"]

    def test_phrases_keep_their_order_and_stay_in_one_field(self, engine: SearchEngine) -> None:
        engine.update(
            [
                make_document("right", body="the learning city of AI 교육 in Seoul"),
                make_document("turned", body="a city, learning"),
                make_document("parted", title="learning", summary="city"),
            ],
            [],
            1,
        )
        assert ids(find(engine, Phrase("Learning City"))) == ["right"]
        assert ids(find(engine, Phrase("learning cities"))) == []
        assert ids(find(engine, Phrase("learning cities", loose=True))) == ["right"]
        assert ids(find(engine, Phrase("AI 교육"))) == ["right"]


class TestFolding:
    def test_versions_are_one_hit_in_the_readers_language(self, engine: SearchEngine) -> None:
        engine.update(
            [
                make_document("en", work="w", language="en", title="library", original=False),
                make_document("ko", work="w", language="ko", title="도서관"),
                make_document("zh", work="w", language="zh-Hans", title="图书馆", original=False),
            ],
            [],
            1,
        )
        for languages, shown in (((), "en"), (("ko",), "ko"), (("fr", "zh"), "zh"), (("fr",), "en")):
            (hit,) = find(engine, Term("도서관"), languages=languages).hits
            assert (hit.id, hit.languages, hit.matched) == (shown, ("en", "ko", "zh-Hans"), ("ko",))
        page = find(engine, Everything(), filters={"language": frozenset({"ko", "zh-Hans"})})
        assert (page.total, ids(page), page.hits[0].languages) == (1, ["ko"], ("ko", "zh-Hans"))
        assert page.facets["language"] == {"en": 1, "ko": 1, "zh-Hans": 1}
        assert page.facets["kind"] == {"case": 1}


class TestVisibility:
    @pytest.mark.parametrize(
        "tree",
        [
            Term("secretword"),
            Term("secretword", "body"),
            Prefix("secret"),
            Fuzzy("secretwort", 1),
            Phrase("the secretword"),
            Best((Term("x"), Weighted(Term("secretword"), 0.5, "thesaurus"))),
            Value("city", frozenset({"hidden"})),
            Not(Term("open")),
        ],
    )
    def test_the_network_stays_hidden(self, engine: SearchEngine, tree: Query) -> None:
        engine.update(
            [
                make_document("open", title="open", city="seen"),
                make_document("shut", body="the secretword", city="hidden", visibility="network", year=1999),
                make_document("version", work="open", language="ko", body="the secretword", visibility="network"),
            ],
            [],
            1,
        )
        page = find(engine, tree)
        assert (page.total, page.hits, page.facets) == (0, (), {name: {} for name in FACETS})
        assert find(engine, tree, visibilities=frozenset()).total == 0
        assert find(engine, tree, visibilities=ALL).total >= 1
        assert find(engine, Everything(), filters={"city": frozenset({"hidden"})}).total == 0

    def test_hidden_versions_are_not_told_of(self, engine: SearchEngine) -> None:
        engine.update([make_document("a"), make_document("b", work="a", language="ko", visibility="network")], [], 1)
        (hit,) = find(engine, Everything(), languages=("ko",)).hits
        assert (hit.id, hit.languages, hit.matched) == ("a", ("en",), ("en",))


class TestWriting:
    def test_adds_replaces_and_deletes_in_one_commit(self, engine: SearchEngine) -> None:
        engine.update([make_document("a", title="first"), make_document("b")], ["unknown"], 5)
        before = engine.status()
        engine.update([make_document("a", title="other"), make_document("a", title="second")], ["b"], 9)
        assert engine.ids() == {"a": make_document("a", title="second").digest()}
        assert (find(engine, Term("first")).total, find(engine, Term("second")).total) == (0, 1)
        after = engine.status()
        assert (before.documents, before.position, after.documents, after.position) == (2, 5, 1, 9)
        assert engine.position() == 9
        assert before.generation != after.generation == find(engine, Everything()).generation

    def test_many_small_commits_read_like_one(self, engine: SearchEngine, make: Callable[[], SearchEngine]) -> None:
        documents = make_library(8)
        for number, document in enumerate(documents):
            engine.update([document], [], number)
            engine.update([document], [documents[number - 1].id] if number % 3 == 0 else [], number)
        kept = [one for number, one in enumerate(documents) if (number + 1) % 3 or number + 1 == len(documents)]
        assert engine.ids() == {one.id: one.digest() for one in kept}
        seen = find(engine, Term("w01"), visibilities=ALL, sort=Sort.NEWEST)
        again = make()
        again.rebuild(reversed(kept), 0)
        built = find(again, Term("w01"), visibilities=ALL, sort=Sort.NEWEST)
        assert ids(seen) == ids(built)
        assert (seen.total, seen.facets) == (built.total, built.facets)

    def test_equals_stand_in_the_same_order_in_every_index(
        self, engine: SearchEngine, make: Callable[[], SearchEngine]
    ) -> None:
        documents = [make_document(f"d{number}", title="same") for number in range(20)]
        engine.update(documents, [], 1)
        order = ids(find(engine, Term("same")))
        again = make()
        again.rebuild(reversed(documents), 1)
        assert ids(find(again, Term("same"))) == order
        assert order != [document.id for document in documents]

    def test_another_engine_sees_commits_and_rebuilds(
        self, engine: SearchEngine, make: Callable[[], SearchEngine]
    ) -> None:
        other = make()
        assert other.ids() == {}
        engine.update([make_document("a")], [], 1)
        assert set(other.ids()) == {"a"}
        done: list[int] = []
        engine.rebuild((make_document(str(number)) for number in range(450)), 7, done.append)
        assert (len(other.ids()), other.position()) == (450, 7)
        assert done[-1] == 450 and len(done) > 1
        other.update([], ["1"], 8)
        assert (len(engine.ids()), engine.position()) == (449, 8)

    def test_a_failing_rebuild_leaves_all_as_it_was(self, engine: SearchEngine) -> None:
        def broken() -> Iterator[Document]:
            yield make_document("b")
            raise LookupError

        engine.update([make_document("a")], [], 3)
        with pytest.raises(LookupError):
            engine.rebuild(broken(), 9)
        assert (set(engine.ids()), engine.position()) == ({"a"}, 3)

    def test_a_failing_update_leaves_all_as_it_was(self, engine: SearchEngine) -> None:
        engine.update([make_document("a")], [], 3)
        with pytest.raises(AttributeError):
            engine.update([make_document("a", title="new"), make_document("b", title=None)], [], 4)
        assert (engine.ids(), engine.position()) == ({"a": make_document("a").digest()}, 3)
        engine.update([make_document("c")], [], 5)
        assert set(engine.ids()) == {"a", "c"}

    def test_readers_go_on_while_it_writes(self, engine: SearchEngine, make: Callable[[], SearchEngine]) -> None:
        """Each commit adds one document, so position and number of documents must always agree."""
        stop = threading.Event()
        wrong: list[object] = []

        def read(reader: SearchEngine) -> None:
            last = 0
            try:
                while not stop.is_set():
                    status, total = reader.status(), find(reader, Term("word")).total
                    if not status.documents == status.position >= last or total < status.documents:
                        wrong.append((status, total, last))
                    last = total
                    time.sleep(0.01)
            except Exception as error:
                wrong.append(error)

        threads = [threading.Thread(target=read, args=(reader,)) for reader in (engine, engine, make())]
        for thread in threads:
            thread.start()
        writer = make()
        for number in range(1, 16):
            writer.update([make_document(f"d{number}", title="word")], [], number)
        writer.rebuild((make_document(f"d{number}", title="word") for number in range(1, 21)), 20)
        stop.set()
        for thread in threads:
            thread.join()
        assert not wrong
        assert engine.position() == 20


class TestSpelling:
    @pytest.fixture
    def spelt(self, engine: SearchEngine) -> SearchEngine:
        documents = [
            make_document("a", title="learning in Medellín", body="neighbourhoods"),
            make_document("b", summary="Learning", topics="평생학습"),
            make_document("c", body="leaning learning", names="Medellín"),
            make_document("d", title="leasing", visibility="network"),
        ]
        engine.update(documents[:2], [], 1)
        engine.update([*documents[2:], make_document("e", title="lending")], [], 2)
        engine.update([], ["e"], 3)
        return engine

    @staticmethod
    def near(engine: SearchEngine, word: str, sight: frozenset[str] = PUBLIC) -> list[tuple[str, int, int, int]]:
        (found,) = engine.spellings([word], sight)
        return [(one.word, one.errors, one.documents, one.named) for one in found.near]

    def test_close_words_with_what_has_them(self, spelt: SearchEngine) -> None:
        assert self.near(spelt, "lerning") == [("learning", 1, 3, 1), ("leaning", 1, 1, 0)]
        assert self.near(spelt, "learnign") == [("learning", 1, 3, 1), ("leaning", 2, 1, 0)]
        assert self.near(spelt, "Medelin") == [("medellin", 1, 2, 2)]
        assert self.near(spelt, "nieghbourhods") == [("neighbourhoods", 2, 1, 0)]
        assert self.near(spelt, "평셍학습") == [("평생학습", 1, 1, 0)]
        (found,) = spelt.spellings(["lerning"], PUBLIC)
        assert found.near[0].examples[0] == "a"  # in the title
        assert set(found.near[0].examples) == {"a", "b", "c"}

    def test_what_may_not_be_seen_or_is_gone_is_no_spelling(self, spelt: SearchEngine) -> None:
        assert ("leasing", 1, 1, 1) in self.near(spelt, "lesing", ALL)
        assert "leasing" not in {word for word, *_ in self.near(spelt, "lesing")}
        assert "lending" not in {word for word, *_ in self.near(spelt, "lendin", ALL)}
        assert self.near(spelt, "lerning", frozenset()) == []

    def test_a_word_that_is_there_in_any_form_is_counted(self, spelt: SearchEngine) -> None:
        found = spelt.spellings(["learning", "neighbourhood", "평생 학습", "leasing", "nothing"], PUBLIC)
        assert [one.documents for one in found] == [3, 1, 1, 0, 0]
        assert found[0].near == ()  # not rare

    def test_short_words_and_other_scripts_have_none(self, spelt: SearchEngine) -> None:
        for word in ("", "lea", "学习", "กรุง", "learning together", "x" * 100, "!"):
            assert self.near(spelt, word) == []


class TestMissing:
    @pytest.mark.parametrize(
        "call",
        [
            lambda engine: engine.search(Request(tree=Everything(), visibilities=PUBLIC)),
            lambda engine: engine.position(),
            lambda engine: engine.ids(),
            lambda engine: engine.spellings(["word"], PUBLIC),
            lambda engine: engine.status(),
            lambda engine: engine.update([make_document("a")], [], 1),
        ],
    )
    def test_without_an_index_everything_says_so(
        self, make: Callable[[], SearchEngine], call: Callable[[SearchEngine], object]
    ) -> None:
        engine = make()
        with pytest.raises(Unavailable, match="not built"):
            call(engine)
        engine.rebuild([], 0)
        call(engine)
