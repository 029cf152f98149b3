"""What is shown of a text, and what is marked in it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.search.analysis import clean
from kb.search.port import leaves
from kb.search.querytext import parse
from kb.search.snippets import _find_words, _Text, snippet


def cut(typed: str, text: str, language: str = "en", width: int = 220) -> str:
    """A snippet with its marks in brackets."""
    parts = snippet(text, leaves(parse(typed).tree), language, width)
    return "".join(f"[{part}]" if marked else part for part, marked in parts)


@pytest.mark.parametrize(
    ("typed", "text", "language", "shown"),
    [
        ("learn museum", "Museums, where people learn.", "en", "[Museums], where people [learn]."),
        ('"learning city"', "A learning city; city learning.", "en", "A [learning city]; city learning."),
        ("adul* musuem~", "An adult in a museum.", "en", "An [adult] in a [museum]."),
        ("l'apprentissage", "Les apprentissages, l’apprentissage", "fr", "Les [apprentissages], l’[apprentissage]"),
        ("ciudades", "La ciudad", "es", "La [ciudad]"),
        ("bucher", "Viele Bücher", "de", "Viele [Bücher]"),
        ("للكتب", "فيها كتب كثيرة", "ar", "فيها [كتب] كثيرة"),
        ("평생학습도시에서", "양천은 평생 학습 도시로서", "ko", "양천은 [평생 학습 도시]로서"),
        ("책 읽기", "어린이가 책을 읽는 곳", "ko", "어린이가 [책]을 [읽는] 곳"),
        ("终身学习城市", "上海是终身学习型城市", "zh-Hans", "上海是[终身学习]型[城市]"),
        ("istanbul", "İstanbul'da öğrenme", "tr", "[İstanbul]'da öğrenme"),
        ("ISPARTA", "Isparta'da kurs", "tr", "[Isparta]'da kurs"),
        ("kütüphane", "Şehir kütüphaneleri", "tr", "Şehir [kütüphaneleri]"),
        ("図書館", "市立図書館で学ぶ", "ja", "市立[図書館]で学ぶ"),
        ("学習都市", "学習する都市", "ja", "[学習]する[都市]"),
        ("デジタル学習", "デジタルで学習する", "ja", "[デジタル]で[学習]する"),
        ("老年人", "为老年人开设", "zh-Hans", "为[老年人]开设"),
        ("المدينة", "في مدينة التعلم", "ar", "في [مدينة] التعلم"),
        ("городов", "обучающийся город", "ru", "обучающийся [город]"),
        ("école", "l’École d'été", "fr", "l’[École] d'été"),
        ("cafe", "Cafe\u0301 cafe", "fr", "[Cafe\u0301] [cafe]"),
        ("어르신", "어르신들에게 책을", "ko", "[어르신]들에게 책을"),
        ("도서관에서", "작은도서관은", "ko", "작은[도서관]은"),
        ("디지털교육", "디지털 교육을", "ko", "[디지털 교육]을"),
        ("도와", "서로 돕는 이웃", "ko", "서로 [돕는] 이웃"),
        ("AI 교육", "AI교육과 AI", "ko", "[AI교육]과 [AI]"),
        ('"평생 학습"', "평생학습과 학습", "ko", "[평생학습]과 학습"),
        ('"lifelong learning"', "평생(lifelong learning), lifelong", "ko", "평생([lifelong learning]), lifelong"),
        ('"lifelong museum"', "lifelong learning", "en", "lifelong learning"),
        ("learn* museem~", "배움 Learners 뮤지엄 museum", "ko", "배움 [Learners] 뮤지엄 [museum]"),
        ("museum -war", "war museum", "en", "war [museum]"),
        ("title:museum", "a museum", "en", "a [museum]"),
        ("nothing", "A museum.", "en", "A museum."),
        ("<b>", "a <b>bold</b> & <i>", "en", "a <[b]>bold</[b]> & <i>"),
        ("museum", "", "en", ""),
    ],
)
def test_marks_words_in_their_own_forms(typed: str, text: str, language: str, shown: str) -> None:
    assert cut(typed, text, language).replace("][", "") == shown


def test_shows_the_window_with_most_of_the_query() -> None:
    text = "museum " + "filler " * 80 + "the museum of a learning city here " + "filler " * 80
    shown = cut("museum learning city", text, width=100)
    assert "[museum] of a [learning] [city]" in shown
    assert shown.startswith("…filler") and shown.endswith("filler…")
    assert len(shown) < 120


def test_a_very_long_text_is_looked_at_from_its_beginning_only() -> None:
    text = "filler " * 20_000 + "museum"
    assert "[" not in cut("museum", text)
    assert "[museum]" in cut("museum", text[-50_000:])


def test_without_a_match_it_is_the_beginning() -> None:
    shown = cut("nothing", "word " * 100, width=50)
    assert shown == ("word " * 100)[:49].rstrip() + "…"


@given(
    st.lists(
        st.sampled_from(
            [
                "learning",
                "learn",
                "learns",
                "cities",
                "city",
                "l'école",
                "d’une",
                "Bücher",
                "buch",
                "straße",
                "naïve",
                "e\u0301a",
                "mother's",
                "IŞIK",
                "ısı",
                "a_b",
                "-",
                "o'clock",
                "x'",
                "'y",
                "3rd",
                "city's.",
                "æon",
                "лет",
                "города",
                "город",
                "İl",
                "qu'il",
                "dying",
                "die",
                "ﬁn",
                "aujourd'hui",
                "(city)",
                "l'l'ami",
                "ʼt",
                "학습",
                "학습city",
                "学习",
                "كتب",
                "الكتب",
            ]
        ),
        max_size=7,
    ),
    st.lists(
        st.sampled_from(
            [
                "learning",
                "city",
                "ecole",
                "bucher",
                "strasse",
                "naive",
                "mother",
                "isik",
                "il",
                "die",
                "aeon",
                "город",
                "x",
                "y",
                "l",
                "clock",
                "learn*",
                "citty~",
                "ci*",
                "hui",
                '"city"',
                "3rd",
                "ʼt",
                "t",
                '"d\'une ecole"',
                '"city city"',
                '"il learn"',
                '"city 학습"',
                "학습",
                "كتب",
            ]
        ),
        min_size=1,
        max_size=4,
    ),
    st.sampled_from(["en", "fr", "de", "tr", "ru", "ko", "ar", "zh"]),
)
def test_looking_at_few_words_marks_as_looking_at_all(text: list[str], typed: list[str], language: str) -> None:
    whole = clean(" ".join(" ".join(text).split()))
    sought = list(dict.fromkeys(leaves(parse(" ".join(typed)).tree)))
    quick = _find_words(whole, language, sought)
    assert quick is None or quick == _Text(whole, language).find(sought)


@given(
    st.text(alphabet=st.sampled_from("ab 가나학습漢字é\u0301İ.\n🙂"), max_size=300),
    st.text(alphabet=st.sampled_from('ab 가학습漢字é*~"'), max_size=20),
    st.integers(1, 80),
)
def test_parts_are_of_the_text(text: str, typed: str, width: int) -> None:
    parts = snippet(text, leaves(parse(typed).tree), "ko", width)
    assert all(part for part, _ in parts)
    shown = "".join(part for part, _ in parts)
    assert shown.strip("…") in " ".join(text.split())
    assert len(shown) <= width + 2
