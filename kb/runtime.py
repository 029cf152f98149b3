"""What a running app holds, and what a request knows of its reader. Shared by the page and the API side."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from flask import Flask, current_app, g, request
from flask_login import LoginManager, UserMixin, current_user
from sqlalchemy.orm import Session

from kb.db import Database
from kb.domain.errors import N_, NotPermitted, NotSignedIn, Unavailable
from kb.domain.languages import INTERFACE_LANGUAGES
from kb.domain.roles import ANYONE, Actor
from kb.domain.visibility import Sight, sight_of
from kb.domain.vocabularies import Vocabularies
from kb.mail.port import Mailer
from kb.search.embedders import load_embedder
from kb.search.meaning import Embedder, Meaning
from kb.search.port import SearchEngine
from kb.services import embedding, sign_ins, tokens
from kb.services.search import SearchQuery, SearchResult, find
from kb.services.suggesting import Completions, completions_version, renew_completions
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
    mailer: Mailer
    data_dir: Path
    base_url: str
    home_city: str
    locale: str
    complete_every: float = 2.0
    _version: str = ""
    _vocabularies: Vocabularies = field(default_factory=Vocabularies)
    _words_version: str = ""
    _words: Words | None = None
    _meaning: Meaning | None = None
    _means_version: str = ""
    _lock: threading.RLock = field(default_factory=threading.RLock)
    _completions: Completions | None = None
    _completed_at: float = 0.0
    _completing: threading.Lock = field(default_factory=threading.Lock)
    _renderer: Renderer | None = None
    _sections: Mapping[str, str] = field(default_factory=dict)
    _making: threading.Lock = field(default_factory=threading.Lock)

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
            # some hundred thousand objects that stay: a collection that walks them stops a page for a tenth of a second
            gc.collect()
            gc.freeze()
        return self._words

    @cached_property
    def embedder(self) -> Embedder | None:
        """The model for nearness in meaning, None where none is installed. Made after a fork: it would not survive."""
        return load_embedder()

    def meaning(self, session: Session) -> Meaning | None:
        """The second arm of the search with all vectors there are; None before the worker has made the first."""
        with self._lock:
            if self.embedder is None or not (version := embedding.means_version(session)):
                return None
            if self._meaning is None or version != self._means_version:
                means = embedding.load_means(session, self.embedder)
                self._meaning = Meaning(self.embedder, means)
                self._means_version = version
            if embedding.last_serial(session) != self._meaning.shelf.serial:
                embedding.put_new(session, self._meaning)
            return self._meaning

    def search(
        self, session: Session, actor: Actor, query: SearchQuery, languages: Sequence[str], locale: str
    ) -> SearchResult:
        """Search with all that this process has: engine, words, vectors.

        Raises:
            Unavailable: the index is missing or broken.
        """
        return find(
            session,
            self.engine,
            actor,
            query,
            vocabularies=self.vocabularies(session),
            words=self.words(session),
            meaning=self.meaning(session),
            languages=languages,
            locale=locale,
        )

    def completions(self, session: Session) -> Completions:
        """What may be suggested, renewed by one request at a time and not more often than `complete_every` seconds."""
        kept, version = self._completions, completions_version(session)
        if kept and (kept.version == version or time.monotonic() - self._completed_at < self.complete_every):
            return kept
        if not self._completing.acquire(blocking=kept is None) and kept:
            return kept
        try:
            if self._completions is None or self._completions is kept:
                before = kept or Completions()
                self._completions = renew_completions(session, before, self.vocabularies(session), version)
                self._completed_at = time.monotonic()
            return self._completions
        finally:
            self._completing.release()

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
    found: Vocabularies | None = g.get("vocabularies")  # one look: a page of facets asks some hundred times
    if found is None:
        found = g.vocabularies = runtime().vocabularies(session())
    return found


def renderer() -> Renderer:
    """What lays texts out."""
    return runtime().renderer(session())


class SignedIn(UserMixin):  # type: ignore[misc]  # Flask-Login has no types
    """What Flask-Login keeps of a person: the session's secret in the cookie, the actor for this request."""

    def __init__(self, secret: str, found: sign_ins.Found) -> None:
        self.id = secret
        self.sign_in = found.id
        self.actor = found.actor


def client_address() -> str:
    """Where the request comes from: the network's address, behind as many proxies as the setting says."""
    return request.remote_addr or ""


def _load_user(secret: str) -> SignedIn | None:
    found = sign_ins.find_sign_in(session(), secret, client_address())
    if found is None:
        return None
    if found.stale:
        _note(lambda changing: sign_ins.note_use(changing, found.id))
    return SignedIn(secret, found)


def _note(change: Callable[[Session], None]) -> None:
    """Write down that something was used; a reader does not wait for a database that can't take it now."""
    with suppress(Unavailable), transaction() as changing:
        change(changing)


def is_api_path(path: str) -> bool:
    """Whether machines ask there."""
    return path == "/api" or path.startswith("/api/")


def current_actor() -> Actor:
    """Who asks: by a personal token or the session; under `/api/` only a token may change something.

    Raises:
        NotSignedIn: by a token that is not good, or, to change something under `/api/`, by none.
        NotPermitted: to change something by a token for reading.
    """
    if "actor" not in g:
        g.actor = _machine() if is_api_path(request.path) else _reader()
    found: Actor = g.actor
    return found


def _reader() -> Actor:
    return current_user.actor if current_user and current_user.is_authenticated else ANYONE


def _machine() -> Actor:
    changes = request.method not in {"GET", "HEAD", "OPTIONS"}
    kind, _, text = request.headers.get("Authorization", "").partition(" ")
    if kind.casefold() != "bearer":
        if changes:  # a cookie would be sent along from any page: the API asks for no CSRF token
            raise NotSignedIn(N_("This needs a personal token: Authorization: Bearer …"))
        return _reader()
    found = tokens.find_token(session(), text.strip(), client_address())
    if found.stale:
        _note(lambda changing: tokens.note_use(changing, found.id))
    if changes and found.actor.read_only:
        raise NotPermitted(N_("This token is for reading only. Please make one for writing."))
    return found.actor


def sight() -> Sight:
    """What the one who asks may see."""
    return sight_of(current_actor())


def interface_language() -> str:
    """By the address (`?locale=`), the cookie, the browser, the setting: in that order."""
    found: str | None = g.get("interface_language")
    if found is None:
        chosen = [request.args.get("locale"), request.cookies.get(LOCALE_COOKIE)]
        browser = request.accept_languages.best_match(INTERFACE_LANGUAGES)
        found = next((tag for tag in [*chosen, browser] if tag in INTERFACE_LANGUAGES), runtime().locale)
        g.interface_language = found
    return found


def reader_languages() -> tuple[str, ...]:
    """The languages that the reader reads, best first: the interface's, then the browser's."""
    accepted = [tag for tag, quality in request.accept_languages if quality > 0 and tag != "*"][:10]
    return tuple(dict.fromkeys([interface_language(), *accepted]))


def search_as_reader(query: SearchQuery) -> SearchResult:
    """Search with the rights and the languages of the one who asks."""
    return runtime().search(session(), current_actor(), query, reader_languages(), interface_language())


def init_app(app: Flask, parts: Runtime) -> None:
    """Hang the parts on the app; close what a request has opened when it ends."""
    app.extensions["kb"] = parts
    manager = LoginManager()
    manager.login_message = None  # the page for signing in says why
    manager.user_loader(_load_user)
    manager.init_app(app)

    @app.teardown_appcontext
    def close_session(_error: BaseException | None) -> None:
        stack: Any = g.pop("stack", None)
        if stack is not None:
            stack.close()
