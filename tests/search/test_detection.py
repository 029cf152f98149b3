"""The language of a query: by script, by py3langid, by what the reader reads."""

from __future__ import annotations

import pytest

from kb.search import detection
from kb.search.detection import detect


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("어르신 디지털 교육", "ko"), ("AI 교육", "ko"), ("学習都市とは", "ja"), ("学习型城市", "zh"),
        ("تعليم الكبار", "ar"),
        ("обучение взрослых", "ru"), ("εκπαίδευση ενηλίκων", "el"), ("การเรียนรู้ตลอดชีวิต", "th"),
        ("बुज़ुर्गों के लिए शिक्षा", "hi"), ("digital literacy for older adults", "en"),
        ("alfabetización de adultos", "es"),
        ("formation des adultes", "fr"), ("lernende Stadt für Jugendliche", "de"), ("cidade educadora", "pt"),
        ("okuma yazma kursları", "tr"), ("elimu ya watu wazima", "sw"),
    ],
)  # fmt: skip
def test_whole_queries_are_told_apart(text: str, language: str) -> None:
    found = detect(text)
    assert next(iter(found)) == language
    assert sum(found.values()) == pytest.approx(1)


def test_the_reader_breaks_ties() -> None:
    assert next(iter(detect("museum"))) == "en"
    assert next(iter(detect("museum", ["nl"]))) == "nl"
    assert detect("museum", ["de-AT"])["de"] > detect("museum")["de"]


@pytest.mark.parametrize(
    ("text", "preferred", "language"), [("", [], "en"), ("2024 !?", ["ko"], "ko"), ("ᚠᚢᚦ", ["fr"], "fr")]
)
def test_what_tells_nothing_is_taken_as_the_readers_own(text: str, preferred: list[str], language: str) -> None:
    assert next(iter(detect(text, preferred))) == language


def test_without_the_package_scripts_and_the_reader_decide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(detection, "_identifier", lambda: None)
    assert next(iter(detect("formation des adultes", ["fr"]))) == "fr"
    assert next(iter(detect("formation des adultes"))) == "en"
    assert next(iter(detect("어르신"))) == "ko"
