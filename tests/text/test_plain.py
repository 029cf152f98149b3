"""The words of a text, as index and snippets need them."""

from __future__ import annotations

import pytest

from kb.text.markdown import render


@pytest.mark.parametrize(
    ("source", "plain"),
    [
        ("# A *b*\n\nOne\ntwo  \nthree.\n\n- x\n- y\n    - z", "A b\nOne two\nthree.\nx\ny\nz"),
        ("| a | b |\n|---|---|\n| 1 | **2** |\n| 3 |", "a b\n1 2\n3"),
        ("1 < 2 & `<b>` &amp;lt; **un**done", "1 < 2 & <b> &lt; undone"),
        ("a[^1] b.\n\n[^1]: Note *c*.", "a b.\nNote c."),
        ("[x](/cases/y) ![alt](p.png) ![far](https://a.example/p.png)", "x far"),
        ("```\na  b\n  c\n```", "a b c"),
        ("> q\n\n---\n\n1. n", "q\nn"),
        ("- [x] done", "done"),
        ("평생&nbsp;학습\u3000도시", "평생 학습 도시"),
        ("", ""),
    ],
)
def test_words(source: str, plain: str) -> None:
    assert render(source, sections={}, base="/").plain == plain
