"""Queries that nobody should type, and that somebody will."""

from __future__ import annotations

from typing import Final

_MARKS = r"""
" "" \"\"\" '"' ' '' ` \ \\ ( ) )( (() ()) (()) [ ] [] { } [TO] {TO} [a TO b] * ** ? ?? ~ ~~ ~2 ^ ^2 - -- --- + ++ :
:: ::: ! !! && || & | ; , . .. ... / // # % %% @ $ =
== < > <> _ __ *:* **:** -*:* +- -+ "(" (")") "* *" ~"a" "a"~ "a"~2 "a"^3
(-) (- -(a -() -"" --a ---a -:a :a a: a:: "a"b"c" (a)b(c) )a( ]a[ a"b"c -a-b- "-a" "-" *-* ~*~ *~ ~* a*~ a~* a~*~*
""".replace(r"\"\"\"", '"""').split()

_OPERATORS = (
    """
AND|OR|NOT|AND AND|OR OR|NOT NOT NOT|AND OR NOT|NOT AND|OR AND|a AND|AND a|a OR|OR a|a AND AND b|a OR OR b|a AND OR b
NOT (NOT)|(AND)|(OR a)|(a OR)|(a AND)|-AND|-OR a|-NOT a|NOT -a|NOT -NOT -a|-(-(-a))|NOT(a)|(NOT)a|AND(a)OR|a AND NOT
a AND (|a OR )|( OR )|"AND"|"OR" OR "OR"|TITLE:AND|title:NOT a|NOT title:|and or not|And Or Not|a and|&& a|a || b
""".strip()
    .replace("\n", "|")
    .split("|")
)

_FIELDS = (
    """
title:|title::|title:title:|title:title:a|title:*|title:~|title:"|title:""|title:(|title:)|title:()|title:-a|title:a:b
title:(a OR|title:(title:(title:a))|title:"a" OR city:|-title:|-title:-a|city:*|city:"|theme:*|theme:~2|country:
country:*|country:(KR OR FI)|-country:KR|country:"KR|country:<b>
kind:*|kind:profile kind:case kind:x|language:xx|stage:;|region:\\
year:|year:-|year:..|year:1-|year:0|year:99999|year:-2019|year:2021-2019|year:2021..2019..|year:(2019)|year:"2019"
year:२०१९|year:*|year:2019*|year:2019~|-year:2019|year:[2019 TO 2020]|year:>2019|year:NaN|year:1e9
nofield:a|a.b:c|1:2
""".strip()
    .replace("\n", "|")
    .split("|")
)

# What the index or the database knows and a query must not.
HIDDEN: Final = (
    """
state:draft|state:published|state:*|-state:published|STATE:draft|ｓｔａｔｅ：draft|state:(draft OR review)|state:"draft"
visibility:network|visibility:*|visibility:private|-visibility:public|NOT visibility:public|Visibility:network
contact:*|contact:kim|contact:"@"|contact:(a OR b)|email:*|email:example.org|phone:*|owner:*|author:*|person:*|actor:*
id:1|key:a|work:a|slug:a|digest:a|position:1|original:1|published:1|order:a|completeness:stub|evidence:5|cost_band:1
body.word:a|title.word:a|names.gram:가|title.stem:en:a|visibility.word:a|_stored:a|_stored_title:a|__class__:a|body:a|summary:a
""".strip()
    .replace("\n", "|")
    .split("|")
)

_PAYLOADS = r"""
' OR 1=1 --
'; DROP TABLE work; --
" OR ""="
1) UNION SELECT password FROM person --
%27%20OR%201=1
\x00\x27
<script>alert(1)</script>
"><img src=x onerror=alert(1)>
</title><svg/onload=alert(1)>
javascript:alert(1)
<!--#exec cmd="ls"-->
&lt;b&gt;&amp;&#0;&#x110000;
{{ 7*7 }}{% for a in b %}
${jndi:ldap://a.b/c}
#{a} <%= a %> @(a)
{0} {a.__class__} {!r} {
%s %n %d %(x)s %(x %
%(count)s%(word)s%%
$(a) `a` | a && a; a > a
../../etc/passwd
..\..\windows\system32
/dev/null file:///etc/passwd
http://a.b/c?d=e#f
//a.b@c.d:80/e
a@b.c mailto:a@b.c
(a+)+$ ^(a|a)*$ (?=a)
[a-z]{1,99999} \1 \p{L}
.*.*.*.*.*x
a\
\
\u0000 \N{BULLET} \ud800
=cmd|' /C calc'!A0
{"$gt": ""} [1,2] null undefined NaN
true false None self __import__('os')
Set-Cookie: a=b
constructor __proto__ toString
""".strip().splitlines()

_CHARACTERS = [
    *(
        "\0",
        "\0\0a\0",
        "a\0b",
        "\r\n",
        "a\r\nSet-Cookie: b",
        "\t",
        "\x0b\x0c",
        "\x1b[31m",
        "\x7f",
        "\x85",
        "\u2028",
        "\xa0",
    ),
    *("\u200f\u200e", "\u202ea", "\u2066a\u2069", "\u202a\u202b\u202c", "مدينة\u200f learning", "\u061c", "שלום (a"),
    *(
        "\ufeff",
        "\ufffd",
        "\uffff",
        "\ue000",
        "\ud800",
        "a\udfff",
        "\udc80\ud83d",
        "\U0010ffff",
        "\U000e0001\U000e0061",
    ),
    *("\u200b", "\u200d\u200d", "a\u00adb", "\u2060*", "AN\u200bD", "ti\u00adtle:a", "sta\u200bte:draft"),
    *("🙂", "👨‍👩‍👧‍👦", "🇰🇷", "🇰", "❤️", "🙂*", "🙂~", "title:🙂", '"🙂"', "-🙂", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "🙂 AND 🙂"),
    *("\u0301", "e\u0301" * 50, "\u0301" * 100, "a" + "\u0301" * 900, "Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢", "\u0e33" * 300, "\u0e47" * 50),
    *(
        "가" * 500,
        "字" * 999,
        "ก" * 999,
        "ﷺ" * 100,
        "ᄀ",
        "ㅍㅅ",
        "ㅋㅋㅋ",
        "ᅟ",
        "ᄀ" * 300,
        "ﾃﾞ",
        "ｶﾞ",
        "ーーーー",
        "々",
        "〇",
        "㍿",
    ),
    *(
        "Ⅷ",
        "½",
        "ǅ",
        "ﬁ",
        "İ",
        "ı",
        "ß",
        "ẞ",
        "ſ",
        "ŉ",
        "Å",
        "㎏",
        "①",
        "٢٠٢١",
        "２０２１",
        "๒๕",
        "𝓪𝓫",
        "𒀀",
        "ꙮ",
        "ʼ",
        "’",
        "a’b’c’d",
    ),
]
_LOOKALIKES = [
    *("“", "”", "“a", "a”", "„a“", "«", "»", "«a", "「」", "「a", "『a』", "〝a〞", "‘a’", "″a″", "＂a＂", "”“”“"),
    *(
        "（a）",
        "（（a",
        "：",
        "ｔｉｔｌｅ：",
        "title：a",
        "＊",
        "ａ＊",
        "～",
        "a～",
        "－ａ",
        "—a",
        "–",
        "−a",
        "＋",
        "［TO］",
        "｛｝",
    ),
    *(
        "ＡＮＤ",
        "ＯＲ ａ",
        "ＮＯＴ",
        "ＮＯＴ ＮＯＴ",
        "ａ ＡＮＤ",
        "АND",
        "ОR",
        "\u3000",
        "\u3000AND\u3000",
        "、。",
        "؛ ؟ ،",
    ),
    *(
        "그리고",
        "또는",
        "및",
        "어르신 AND",
        "평생*",
        "학습~",
        "제목:평생",
        "國家:KR",
        "제목:(",
        "終身*",
        "학습 -",
        "NOT 학습 NOT",
    ),
]
_FLOODS = [
    *(
        "a" * 100_000,
        "가" * 100_000,
        "word " * 100_000,
        '"' * 100_000,
        "(" * 100_000,
        "\0" * 100_000,
        "\u0301" * 100_000,
    ),
    *("* " * 500, "a* " * 500, "ab* " * 300, "a~ " * 500, "abcd~2 " * 150, "-a " * 500, "*a* " * 250, "a? " * 300),
    *(
        "(" * 1000,
        ")" * 1000,
        "()" * 500,
        "(a " * 300,
        "a) " * 300,
        '"' * 999,
        '"a" ' * 250,
        '"a ' * 300,
        "[" * 500,
        "{a}" * 300,
    ),
    *(
        "(a OR " * 200,
        "(" * 50 + "a" + ")" * 50,
        "NOT " * 250,
        "-" * 1000,
        "- " * 500,
        "a AND " * 160,
        "AND " * 250,
        "OR " * 333,
    ),
    *(" OR ".join(f"w{number}" for number in range(1000)), " OR ".join("학습" for _ in range(1000)), "a OR " * 1000),
    *(" ".join(f"w{number}*" for number in range(300)), " ".join(f"-w{number}" for number in range(300)), "the " * 250),
    *("title:" * 200, "title:a " * 125, "a:" * 300, ":" * 1000, "~2" * 300, "~" * 1000, "*" * 1000, "year:2019- " * 90),
    *('"' + "the " * 240 + '"', '"' + "of the " * 100 + '"', '"' + "학습 도시 " * 150 + '"', '"' + "字" * 990 + '"'),
    *(
        " ".join("가나다라마바사아자차카타파하"[at % 14] + "도시" for at in range(240)),
        "평생학습도시" * 160,
        "ab~0",
        "ab~-1",
        "x~",
    ),
    *(
        "ab~99999999999999999999",
        "~ab",
        "*ab*",
        "a*b*c",
        "a?b",
        "ab~2~2~2",
        "de* co* in*",
        "co~2 in~2 de~2",
        "in* OR de* OR co*",
    ),
    *("theme:literacy " * 60, "city:(" * 100, "library~2 museum~2 learning~2 city~2", "e* a* i* o*", "an* th* to* of*"),
]

HOSTILE: Final = list(
    dict.fromkeys(["", " ", *_MARKS, *_OPERATORS, *_FIELDS, *HIDDEN, *_PAYLOADS, *_CHARACTERS, *_LOOKALIKES, *_FLOODS])
)
