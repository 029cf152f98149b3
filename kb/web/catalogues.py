"""The interface's languages: messages stand in English in the code, other languages in kb/translations/*.po.

The catalogues are compiled in memory when the app starts: no .mo file to forget.
"""

from __future__ import annotations

import io
from functools import lru_cache
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import Translations
from flask import Flask, Response, current_app, request
from flask_babel import Babel, get_domain, gettext

from kb.domain.languages import INTERFACE_LANGUAGES
from kb.runtime import LOCALE_COOKIE, interface_language

TRANSLATIONS = Path(__file__).resolve().parent.parent / "translations"
_YEAR = 365 * 24 * 3600


@lru_cache(maxsize=8)
def load_catalogue(tag: str) -> Translations:
    """The messages of one language; without a catalogue, those of the code."""
    path = TRANSLATIONS / tag / "LC_MESSAGES" / "messages.po"
    if not path.is_file():
        return Translations()
    compiled = io.BytesIO()
    with path.open("rb") as file:
        write_mo(compiled, read_po(file, locale=tag))
    compiled.seek(0)
    return Translations(compiled)


def translate(message: str, **places: object) -> str:
    """The message in the reader's language with its places filled; templates have the same as `_`."""
    text: str = gettext(message, **places)
    return text


def keep_language(response: Response, tag: str) -> None:
    """Remember the language in the browser."""
    secure = bool(current_app.config["SESSION_COOKIE_SECURE"])
    response.set_cookie(LOCALE_COOKIE, tag, max_age=_YEAR, samesite="Lax", secure=secure)


def init_app(app: Flask) -> None:
    """Let Flask-Babel speak the reader's language; keep a language that was chosen by the address."""
    Babel(app, locale_selector=interface_language)
    with app.app_context():
        domain = get_domain()
    for tag in INTERFACE_LANGUAGES:
        domain.cache[tag, domain.domain[0]] = load_catalogue(tag)

    @app.after_request
    def keep_choice(response: Response) -> Response:
        chosen = request.args.get("locale")
        if chosen in INTERFACE_LANGUAGES and chosen != request.cookies.get(LOCALE_COOKIE):
            keep_language(response, chosen)
        return response
