"""What a running app holds, and what a request knows of its reader. Shared by the page and the API side."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from flask import Flask, current_app, g, request
from flask_login import LoginManager, UserMixin, current_user
from sqlalchemy.orm import Session

from kb.db import Database
from kb.domain.languages import INTERFACE_LANGUAGES
from kb.domain.roles import ANYONE, Actor
from kb.domain.visibility import Sight, sight_of
from kb.domain.vocabularies import Vocabularies
from kb.search.port import SearchEngine
from kb.services.people import load_actor
from kb.services.vocabularies import load_vocabularies, vocabularies_version
from kb.services.words import Words, load_words, words_version
from kb.storage.port import Storage
from kb.text.renderer import Renderer

LOCALE_COOKIE = "locale"


@dataclass
class Runtime:
    """The parts of the house that are wired once a process, and what is kept from the database between requests."""

    database: Database
    engine: SearchEngine
    storage: Storage
    data_dir: Path
    base_url: str
    home_city: str
    locale: str
    _version: str = ""
    _vocabularies: Vocabularies = field(default_factory=Vocabularies)
    _words_version: str = ""
    _words: Words | None = None
    _renderer: Renderer | None = None
    _sections: Mapping[str, str] = field(default_factory=dict)
    _making: Lock = field(default_factory=Lock)

    def vocabularies(self, session: Session) -> Vocabularies:
        """All schemes, read again when one was changed."""
        version = vocabularies_version(session)
        if version != self._version:
            self._vocabularies, self._version = load_vocabularies(session), version
        return self._vocabularies

    def words(self, session: Session) -> Words:
        """The words of the search, read again when one was changed."""
        version = words_version(session)
        if self._words is None or version != self._words_version:
            self._words, self._words_version = load_words(session), version
        return self._words

    def renderer(self, session: Session) -> Renderer:
        """What lays texts out; made with the first text, so after a fork, and again when sections were renamed."""
        sections = self.vocabularies(session).section_codes
        with self._making:
            if self._renderer is None or sections != self._sections:
                self._renderer, self._sections = Renderer(sections), sections
            return self._renderer


def runtime() -> Runtime:
    """The parts of the running app."""
    found: Runtime = current_app.extensions["kb"]
    return found


def session() -> Session:
    """The request's session for reading, opened on first use."""
    if "session" not in g:
        g.stack = ExitStack()
        g.session = g.stack.enter_context(runtime().database.reading())
    found: Session = g.session
    return found


@contextmanager
def transaction() -> Iterator[Session]:
    """A session for one change, permanent when the block ends well."""
    with runtime().database.transaction() as changing:
        yield changing


def vocabularies() -> Vocabularies:
    """All schemes, for this request."""
    if "vocabularies" not in g:
        g.vocabularies = runtime().vocabularies(session())
    found: Vocabularies = g.vocabularies
    return found


def renderer() -> Renderer:
    """What lays texts out."""
    return runtime().renderer(session())


class SignedIn(UserMixin):  # type: ignore[misc]  # Flask-Login has no types
    """What Flask-Login keeps of a person: the key in the session cookie, the actor for this request."""

    def __init__(self, actor: Actor) -> None:
        self.actor = actor
        self.id = str(actor.person)


def _load_user(key: str) -> SignedIn | None:
    try:
        actor = load_actor(session(), UUID(key))
    except ValueError:
        return None
    return SignedIn(actor) if actor else None


def current_actor() -> Actor:
    """Who asks."""
    return current_user.actor if current_user and current_user.is_authenticated else ANYONE


def sight() -> Sight:
    """What the one who asks may see."""
    return sight_of(current_actor())


def interface_language() -> str:
    """By the address (`?locale=`), the cookie, the browser, the setting: in that order."""
    if "interface_language" not in g:
        chosen = [request.args.get("locale"), request.cookies.get(LOCALE_COOKIE)]
        browser = request.accept_languages.best_match(INTERFACE_LANGUAGES)
        g.interface_language = next((tag for tag in [*chosen, browser] if tag in INTERFACE_LANGUAGES), runtime().locale)
    found: str = g.interface_language
    return found


def reader_languages() -> tuple[str, ...]:
    """The languages that the reader reads, best first: the interface's, then the browser's."""
    accepted = [tag for tag, quality in request.accept_languages if quality > 0 and tag != "*"][:10]
    return tuple(dict.fromkeys([interface_language(), *accepted]))


def init_app(app: Flask, parts: Runtime) -> None:
    """Hang the parts on the app; close what a request has opened when it ends."""
    app.extensions["kb"] = parts
    manager = LoginManager()
    manager.login_view = "account.login"
    manager.user_loader(_load_user)
    manager.init_app(app)

    @app.teardown_appcontext
    def close_session(_error: BaseException | None) -> None:
        stack: Any = g.pop("stack", None)
        if stack is not None:
            stack.close()


def host_of(base_url: str) -> str:
    """Host and port of an address."""
    return urlsplit(base_url).netloc
