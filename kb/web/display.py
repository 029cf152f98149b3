"""What templates say in the reader's words: labels, names, days, numbers, and the language of foreign parts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from functools import lru_cache
from typing import Final
from urllib.parse import urlencode, urlsplit

from babel.dates import format_date, format_skeleton, format_timedelta
from babel.lists import format_list
from babel.numbers import format_decimal
from flask import Flask, request
from markupsafe import Markup

from kb.domain.errors import Problem
from kb.domain.kinds import Period
from kb.domain.languages import INTERFACE_LANGUAGES, direction, language_name, native_name
from kb.models import City
from kb.runtime import current_actor, interface_language, runtime, vocabularies
from kb.web.catalogues import translate as _

_LICENCES: Final[Mapping[str, tuple[str, str]]] = {
    "CC-BY-4.0": ("CC BY 4.0", "https://creativecommons.org/licenses/by/4.0/"),
    "CC-BY-SA-4.0": ("CC BY-SA 4.0", "https://creativecommons.org/licenses/by-sa/4.0/"),
    "CC-BY-SA-3.0-IGO": ("CC BY-SA 3.0 IGO", "https://creativecommons.org/licenses/by-sa/3.0/igo/"),
    "CC0-1.0": ("CC0 1.0", "https://creativecommons.org/publicdomain/zero/1.0/"),
}
_FINISHED: Final = {"ended", "stopped"}


def _manner() -> str:
    """The locale of numbers and days: English as the world writes it, not as one country does."""
    language = interface_language()
    return "en_GB" if language == "en" else language


def label(scheme: str, code: object) -> str:
    """A code in the reader's words."""
    return vocabularies().label(scheme, str(code), interface_language())


def foreign(tag: str | None) -> Markup:
    """The attributes that a part needs whose language is not the interface's: `lang`, and `dir` where that differs."""
    own = interface_language()
    if not tag or tag == own:
        return Markup()
    turned = Markup(' dir="{}"').format(direction(tag)) if direction(tag) != direction(own) else Markup()
    return Markup(' lang="{}"{}').format(tag, turned)


def city_name(city: City) -> str:
    """A city's name in the interface's language, else as its profile has it."""
    return str(city.names.get(interface_language()) or city.name)


def country_name(code: str) -> str:
    """A country's name."""
    return label("countries", code)


def speak_name(tag: str) -> str:
    """A language's name in the interface's language."""
    return language_name(tag, interface_language())


def number(value: float) -> str:
    """A number with the reader's separators; years are no numbers."""
    return _format_number(value, _manner())


@lru_cache(maxsize=4096)  # a page of facets has hundreds, mostly the same small ones
def _format_number(value: float, locale: str) -> str:
    return str(format_decimal(value, locale=locale))


def partial_date(text: str) -> str:
    """A year, a month or a day of a header, as precise as it is given."""
    match text.split("-"):
        case [year]:
            return _("%(year)s", year=year)
        case [year, month]:
            return str(format_skeleton("yMMMM", dt.date(int(year), int(month), 1), locale=_manner()))
        case _:
            return day(dt.date.fromisoformat(text))


def day(value: dt.date | dt.datetime) -> str:
    """A day."""
    return str(format_date(value, format="long", locale=_manner()))


def ago(value: dt.date) -> str:
    """How long since a day, in one unit."""
    apart = dt.datetime.now(dt.UTC).date() - value
    if apart < dt.timedelta(days=1):
        return _("today")
    return str(format_timedelta(-apart, granularity="day", add_direction=True, locale=_manner()))


def period_text(period: Period, stage: str | None) -> str:
    """From when to when; an open end is not called “today” unless something still runs."""
    start, end = (partial_date(text) if text else None for text in (period.start, period.end))
    if start and end:
        return start if start == end else _("%(start)s to %(end)s", start=start, end=end)
    if end:
        return _("until %(end)s", end=end)
    if stage in _FINISHED:
        return _("from %(start)s, end not stated", start=start)
    return _("since %(start)s", start=start)


def listing(items: list[str]) -> str:
    """“a, b and c”."""
    return str(format_list(items, locale=_manner()))


def licence(code: str) -> Markup:
    """The licence with a link to its text where it is a known one."""
    name, url = _LICENCES.get(code, (code, ""))
    return Markup('<a href="{}" rel="license">{}</a>').format(url, name) if url else Markup.escape(name)


def unit_name(unit: str) -> str:
    """The unit of a figure; common ones in the reader's words, others as the source has them."""
    return {"people": _("people"), "km2": "km²", "km²": "km²", "%": "%"}.get(unit, unit)


def source_name(url: str) -> str:
    """The host of an address, as the words of a link."""
    return (urlsplit(url).hostname or url).removeprefix("www.")


def quoted(words: str) -> Markup:
    """What somebody typed, in any language and direction, apart from the sentence around it."""
    return Markup("<bdi>{}</bdi>").format(words)


def problem_text(problem: Problem) -> str:
    """A problem in the reader's words."""
    return _(problem.message) % dict(problem.params) if problem.params else _(problem.message)


def locale_url(tag: str) -> str:
    """This page in another interface language."""
    pairs = [(key, value) for key, value in request.args.items(multi=True) if key != "locale"]
    return f"{request.path}?{urlencode([*pairs, ('locale', tag)])}"


def absolute(path: str) -> str:
    """The full address, from the settings, never from the request."""
    return runtime().base_url + path


def init_app(app: Flask) -> None:
    """Give all of it to the templates."""
    for function in (
        label, foreign, city_name, country_name, speak_name, native_name, number, partial_date, day, ago, period_text,
        listing, licence, unit_name, quoted, problem_text, locale_url, absolute, interface_language, direction,
        current_actor,
    ):  # fmt: skip
        app.add_template_global(function)
    app.add_template_filter(speak_name)
    app.add_template_filter(source_name)
    app.jinja_env.globals["interface_languages"] = INTERFACE_LANGUAGES
