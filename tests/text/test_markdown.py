"""What Markdown becomes: headings, sections, links, pictures, tables, tasks, footnotes, and never a harm."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kb.domain.errors import Invalid
from kb.text.markdown import Heading, Picture, Rendered, render, take_section
from tests.text.harm import harm

BASE = "/cases/cork-learning/"
FAILED = "what-did-not-work"
SECTIONS = {
    "what did not work": FAILED,
    "무엇이 잘 안 되었나": FAILED,
    "ce qui n'a pas marché": FAILED,
    "what was done": "what-was-done",
}
INJECTIONS = [
    line.replace("⏎", "\n").replace("␂", "\x02").replace("␃", "\x03")
    for line in (Path(__file__).parent / "injections.txt").read_text("utf-8").split("\n")
    if line and not line.startswith("%%")
]


def laid_out(source: str) -> Rendered:
    return render(source, sections=SECTIONS, base=BASE)


def html_of(source: str) -> str:
    return laid_out(source).html


# ---- headings and sections


def test_headings_shift_and_never_skip() -> None:
    headings = laid_out("# One\n\n## Two\n\n#### Four\n\n##### Five\n\n## Again\n\n###### Six").headings
    assert [(heading.level, heading.text) for heading in headings] == [
        (2, "One"), (2, "Two"), (3, "Four"), (4, "Five"), (2, "Again"), (3, "Six"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("words", "place"),
    [
        ("What was *found*, & why?", "what-was-found-why"),
        ("어르신 디지털 교육!", "어르신-디지털-교육"),
        ("हिन्दी में", "हिन्दी-में"),
        ("Γιατί; ما الذي تم", "γιατί-ما-الذي-تم"),
        ("Ｆull ½", "ｆull-½"),
        ("!!!", "part"),
        ("x" * 200, "x" * 80),
    ],
)
def test_places_of_headings(words: str, place: str) -> None:
    assert f'<h2 id="{place}">' in html_of(f"## {words}")


def test_places_are_unique_and_leave_those_of_sections_alone() -> None:
    headings = laid_out("## A\n\n## a\n\n## A 2\n\n### What-did-not-work\n\n## A").headings
    assert [heading.id for heading in headings] == ["a", "a-2", "a-2-2", f"{FAILED}-2", "a-3"]


def test_the_text_of_a_heading_is_what_a_reader_sees() -> None:
    source = "## *A* &amp; `<b>` [c](/cases/d) AT&T &lt;x&gt;[^1]\n\n[^1]: Note"
    assert laid_out(source).headings == (Heading(2, "a-b-c-at-t-x", "A & <b> c AT&T <x>"),)


def test_a_heading_without_words_is_none() -> None:
    rendered = laid_out("## \n\ntext")
    assert rendered.headings == ()
    assert "<h2" not in rendered.html


def test_a_known_section_is_wrapped_up_to_the_next_heading_of_its_level() -> None:
    rendered = laid_out("Intro\n\n## What  did NOT work\n\nCost.\n\n### Why\n\nTime.\n\n## Next\n\nMore.")
    assert rendered.sections == (FAILED,)
    assert rendered.headings[0] == Heading(2, FAILED, "What did NOT work")
    section, rest = take_section(rendered.html, FAILED)
    assert section == (
        f'<section id="{FAILED}">\n<h2>What  did NOT work</h2>\n<p>Cost.</p>\n'
        '<h3 id="why">Why</h3>\n<p>Time.</p>\n</section>'
    )
    assert rest == '<p>Intro</p>\n\n<h2 id="next">Next</h2>\n<p>More.</p>'
    assert take_section(rest, FAILED) == (None, rest)


@pytest.mark.parametrize("words", ["무엇이 잘 안 되었나", "Ce qui n’a pas marché", "CE QUI N'A PAS MARCHÉ"])
def test_sections_in_any_language(words: str) -> None:
    assert laid_out(f"## {words}\n\nx").sections == (FAILED,)


def test_two_sections_and_one_of_them_again() -> None:
    rendered = laid_out(
        "## What was done\n\na\n\n## What did not work\n\nb\n\n## What was done\n\nc\n\nd[^1]\n\n[^1]: e"
    )
    assert rendered.sections == ("what-was-done", FAILED)
    section, rest = take_section(rendered.html, FAILED)
    assert section is not None
    assert section.endswith("<p>b</p>\n</section>")
    assert '<h2 id="what-was-done-2">' in rest
    assert rest.count("<section") == 1


def test_footnotes_are_no_part_of_the_last_section() -> None:
    section, rest = take_section(html_of("## What did not work\n\na[^1]\n\n[^1]: Remark"), FAILED)
    assert section is not None
    assert "Remark" not in section
    assert "<p>Remark" in rest


@pytest.mark.parametrize(
    "source", ["> ## What did not work\n>\n> x", "- ## What did not work\n\n    x", "### x\n\n#### What did not work"]
)
def test_only_headings_of_the_text_itself_open_a_section(source: str) -> None:
    assert laid_out(source).sections == ()


def test_authors_can_not_write_the_marks_of_a_section() -> None:
    mark = f'<section id="{FAILED}">'
    rendered = laid_out(
        f'{mark}fake</section>\n\n![{mark}</section>](pic.png "{mark}</section>")\n\n'
        f'## What did not work\n\n</section> `{mark}` [x](/a "</section>")\n\n## Next'
    )
    assert rendered.html.count(mark) == 1
    section, rest = take_section(rendered.html, FAILED)
    assert section is not None
    assert section.count("</section>") == 1
    assert "fake" in rest
    assert '<h2 id="next">' in rest


# ---- links and pictures


@pytest.mark.parametrize(
    ("target", "address"),
    [
        ("/cases/medellin-x", "/cases/medellin-x"),
        ("/search?q=a&kind=case#top", "/search?q=a&amp;kind=case#top"),
        ("#why", "#why"),
        ("https://a.example/x?a=1&amp;b=2&c=%20", "https://a.example/x?a=1&amp;b=2&amp;c=%20"),
        ("HTTP://a.example/", "HTTP://a.example/"),
        ("mailto:a@b.example", "mailto:a@b.example"),
        ("plan.pdf", f"{BASE}files/plan.pdf"),
        ("./plan.pdf#page=2", f"{BASE}files/plan.pdf#page=2"),
        ("<the plan (2).pdf>", f"{BASE}files/the%20plan%20%282%29.pdf"),
        ("the%20plan.pdf", f"{BASE}files/the%20plan.pdf"),
        ("계획.pdf", f"{BASE}files/%EA%B3%84%ED%9A%8D.pdf"),
    ],
)
def test_where_links_lead(target: str, address: str) -> None:
    assert html_of(f"[x]({target})") == f'<p><a href="{address}" rel="noopener noreferrer">x</a></p>'


@pytest.mark.parametrize(
    "target",
    [
        "javascript:alert(1)", "data:text/html,x", "ftp://a.example/", "../plan.pdf", "a/b.pdf", "/a/../b",
        "/%2e%2e/b", "//a.example/", "/\\a.example", "\\\\a.example", "?q=1", ".htaccess", "plan.pdf%00",
        "%2fetc", "https:", "<a b>:c",
    ],
)  # fmt: skip
def test_where_links_do_not_lead(target: str) -> None:
    assert html_of(f"[some *words*]({target}) on") == "<p>some <em>words</em> on</p>"


def test_links_are_told_as_written() -> None:
    rendered = laid_out(
        "[a](/cases/x) ![p](pic.png) [b](plan.pdf#page=2) [a](/cases/x) [c](javascript:x) <https://a.example/> [d](#e)"
        " ![q](https://b.example/q.png) [e](my%20plan.pdf) [f][g] <a@b.example>\n\n[g]: /cities/cork"
    )
    assert rendered.links == (
        "/cases/x", "plan.pdf#page=2", "javascript:x", "https://a.example/", "my%20plan.pdf", "/cities/cork",
        "mailto:a@b.example", "https://b.example/q.png",
    )  # fmt: skip
    assert rendered.files == ("plan.pdf", "my plan.pdf", "pic.png")
    assert rendered.pictures == (Picture("pic.png", "p"),)


def test_a_picture_beside_the_text_is_shown() -> None:
    html = html_of('![A "library" & more](pic.png)')
    assert html == f'<p><img alt="A &quot;library&quot; &amp; more" src="{BASE}files/pic.png" loading="lazy"></p>'


@pytest.mark.parametrize("target", ["https://a.example/p.png", "/cases/other/files/p.png", "/logout"])
def test_any_other_picture_is_a_link(target: str) -> None:
    assert html_of(f"![A *map* & key]({target})") == (
        f'<p><a href="{target}" rel="noopener noreferrer">A *map* &amp; key</a></p>'
    )
    assert f">{target}</a>" in html_of(f"![]({target})")


def test_a_picture_within_a_link() -> None:
    assert html_of("[![remote](https://a.example/p.png)](/cases/x)").count("<a ") == 1
    assert "<img" in html_of("[![ours](p.png)](/cases/x)")


def test_every_link_has_words() -> None:
    assert html_of("[](/cases/x)") == '<p><a href="/cases/x" rel="noopener noreferrer">/cases/x</a></p>'
    assert ">/cases/x<img" in html_of("[![](p.png)](/cases/x)")


# ---- blocks


def test_html_is_shown_as_text() -> None:
    rendered = laid_out('<div onclick="x">\n*a*\n</div>\n\n<!-- c --> 1 < 2 &copy; &lt;b&gt; `&amp;`')
    assert rendered.html == (
        '<p>&lt;div onclick="x"&gt;\n<em>a</em>\n&lt;/div&gt;</p>\n'
        "<p>&lt;!-- c --&gt; 1 &lt; 2 © &lt;b&gt; <code>&amp;amp;</code></p>"
    )
    assert rendered.plain == '<div onclick="x"> a </div>\n<!-- c --> 1 < 2 © <b> &amp;'


def test_tables_can_be_scrolled_by_keyboard_and_read_by_ear() -> None:
    html = html_of("| a | b |\n|:--|--:|\n| 1 | 2 |")
    assert '<table tabindex="0">' in html
    assert '<th class="align-left" scope="col">a</th>' in html
    assert '<td class="align-right">2</td>' in html


def test_tasks_are_labelled_and_can_not_be_ticked() -> None:
    html = html_of("- [x] done *now*\n- [ ] open\n    - [ ] nested\n\n1. [ ] loose\n\n2. [x] list")
    assert html.count('<li class="task-list-item">') == 5
    assert '<label><input type="checkbox" checked="" disabled=""> done <em>now</em></label>' in html
    assert '<label><input type="checkbox" disabled=""> open</label><ul' in html
    assert '<p><label><input type="checkbox" disabled=""> loose</label></p>' in html


def test_footnotes() -> None:
    html = html_of("a[^x y] b[^x y] c[^2]\n\n[^x y]: First.\n[^2]: Second.\n[^3]: Never named.")
    assert '<sup id="fnref:1"><a href="#fn:1" role="doc-noteref" rel="noopener noreferrer">1</a></sup>' in html
    assert '<sup id="fnref2:1"><a href="#fn:1"' in html
    assert '<a aria-label="1" href="#fnref:1" role="doc-backlink" rel="noopener noreferrer">↩' in html
    assert '<a aria-label="1.2" href="#fnref2:1"' in html
    assert '<a aria-label="2" href="#fnref:2"' in html
    assert 'href="#fnref:3"' not in html
    assert html_of("a[^1]\n\n[^1]: b\n\n    [^2]: c\n\nd[^2]")


def test_other_blocks() -> None:
    assert html_of("1. a\n2. b\n\n- c") == "<ol>\n<li>a</li>\n<li>b</li>\n</ol>\n<ul>\n<li>c</li>\n</ul>"
    assert html_of("3. a") == '<ol start="3">\n<li>a</li>\n</ol>'
    assert html_of("```python\nx = '<b>'\n```") == "<pre><code>x = '&lt;b&gt;'\n</code></pre>"
    assert html_of("> a\n\n---\n\nb  \nc") == "<blockquote>\n<p>a</p>\n</blockquote>\n<hr>\n<p>b<br>\nc</p>"
    assert html_of("") == html_of(" \n") == ""


def test_nothing_of_one_text_is_left_in_the_next() -> None:
    html_of("[a]: https://a.example/\n\nx[^1]\n\n[^1]: note\n\n## A")
    assert html_of("[a] x[^1]\n\n## A") == '<p>[a] x[^1]</p>\n<h2 id="a">A</h2>'


def test_what_is_nested_too_deeply_is_refused() -> None:
    with pytest.raises(Invalid, match="nested too deeply"):
        html_of("".join(" " * 4 * depth + "- a\n" for depth in range(300)))


# ---- harm


@pytest.mark.parametrize("trick", INJECTIONS)
def test_injections_do_no_harm(trick: str) -> None:
    for source in (
        trick,
        f"a {trick} b",
        f"- {trick}\n\n> {trick}",
        f"# {trick}",
        f"| a | b |\n|---|---|\n| {trick} | b |",
    ):
        assert harm(html_of(source), BASE) == [], source


def test_there_are_enough_tricks_and_the_inspector_sees_them() -> None:
    assert len(INJECTIONS) >= 200
    seen = sum(bool(harm(trick, BASE)) for trick in INJECTIONS if trick.startswith("<"))
    assert seen > 90


MARKUP = r"""\n \n\n \n\n\x20\x20\x20\x20 \n#\x20 \n##\x20 -\x20 -\x20[x]\x20 1.\x20 >\x20 [a]( ) ![ ]( [^1] [^1]:\x20
    [ ] ]:\x20 ```\n ` * ** _ | |---|---|\n < > <script> <a\x20href= </section> <section\x20id="x"> javascript: // \\
    https://a.example/ " ' \x20onerror= & &lt; &#58; &Tab; pic.png { } : \x02 \x03 wzxhzdk:0 klzzwxh:0000 amp 60
    <!-- --> <? ]]> What\x20did\x20not\x20work"""
markup = st.sampled_from([piece.encode().decode("unicode_escape") for piece in MARKUP.split()])


@settings(deadline=None)  # other work shares the machine
@given(st.lists(markup | st.text(max_size=5), max_size=25).map("".join))
@example("x[^1]\n\n[^1]:")
def test_no_text_makes_a_tag_outside_the_list(source: str) -> None:
    rendered = laid_out(source)
    assert harm(rendered.html, BASE) == []
    assert rendered.html.count("<section") == rendered.html.count("</section>") == len(rendered.sections)
    for code in rendered.sections:
        section, rest = take_section(rendered.html, code)
        assert section is not None
        assert harm(section, BASE) == harm(rest, BASE) == []
    assert rendered.plain == "" or all(line.strip() for line in rendered.plain.split("\n"))
