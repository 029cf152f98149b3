"""The one place that wires engine, store and blueprints to an app."""

from __future__ import annotations

import os
import secrets
import time
from pathlib import Path
from urllib.parse import urlsplit

import structlog
from flask import Flask, Response, g, request
from flask_wtf.csrf import CSRFProtect
from prometheus_client import REGISTRY, CollectorRegistry, Counter, Histogram, generate_latest, multiprocess, values
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from werkzeug.middleware.proxy_fix import ProxyFix

import kb.api
import kb.web
from config import ROOT, Settings
from kb import compression
from kb.db import Database
from kb.domain.errors import KbError
from kb.logs import set_up_logs
from kb.mail.log import LogMailer
from kb.mail.port import Mailer
from kb.mail.smtp import SmtpMailer
from kb.runtime import Runtime, init_app
from kb.search.whoosh_engine import WhooshEngine
from kb.services import sign_ins
from kb.services.marks import database_id
from kb.storage.files import FileStorage
from kb.text.files import DOCUMENT_BYTES

_UPLOADS = {"api.add_attachment", "contribute.upload"}
_YEAR = 365 * 24 * 3600
_REQUESTS = Counter("kb_requests", "Requests answered", ["endpoint", "status"])
_SECONDS = Histogram("kb_request_seconds", "Time from request to answer", ["endpoint"])


def wire(settings: Settings) -> Runtime:
    """The parts as the settings want them; nothing is opened yet that a fork would not survive."""
    database = Database(settings.database_url)
    return Runtime(
        database=database,
        engine=WhooshEngine(Path(settings.search_url.removeprefix("whoosh:")), _database_id(database)),
        storage=FileStorage(Path(settings.storage_url.removeprefix("file:"))),
        mailer=_mailer(settings),
        data_dir=settings.data_dir,
        base_url=settings.base_url,
        home_city=settings.home_city,
        locale=settings.locale,
    )


def _mailer(settings: Settings) -> Mailer:
    if settings.mail_url.startswith("log:"):
        return LogMailer()
    return SmtpMailer(settings.mail_url, urlsplit(settings.base_url).hostname or "localhost")


def _database_id(database: Database) -> str:
    if not database.has_tables():
        return ""  # `kb init` has yet to make them
    with database.reading() as session:
        return database_id(session) or ""


def create_app(settings: Settings | None = None, parts: Runtime | None = None) -> Flask:
    """The WSGI app.

    Args:
        settings: from the environment where none are given.
        parts: wired already, for tests and commands that share them.
    """
    settings = settings or Settings.from_env()
    set_up_logs()
    app = Flask("kb", root_path=str(ROOT / "kb"), template_folder=str(ROOT / "templates"), static_folder="static")
    secure = settings.base_url.startswith("https://")
    app.config.update(
        SECRET_KEY=settings.secret_key,
        SESSION_COOKIE_NAME="__Host-session" if secure else "session",
        SESSION_COOKIE_SECURE=secure,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        PERMANENT_SESSION_LIFETIME=sign_ins.LONGEST,
        SEND_FILE_MAX_AGE_DEFAULT=_YEAR,  # addresses of static files carry their hash
        MAX_CONTENT_LENGTH=2 * 2**20,
        MAX_FORM_MEMORY_SIZE=2 * 2**20,  # 512 KiB of Korean are three times as much in a form
        TRUSTED_HOSTS=[urlsplit(settings.base_url).hostname, "127.0.0.1", "localhost", "[::1]"],
        WTF_CSRF_TIME_LIMIT=None,
        TEMPLATES_AUTO_RELOAD=False,
        OIDC_ISSUER=settings.oidc_issuer,
        OIDC_CLIENT_ID=settings.oidc_client_id,
        OIDC_CLIENT_SECRET=settings.oidc_client_secret,
        BABEL_DEFAULT_LOCALE=settings.locale,
        BABEL_TRANSLATION_DIRECTORIES=str(ROOT / "kb" / "translations"),
    )
    app.json.ensure_ascii = False  # type: ignore[attr-defined]  # the default provider has it
    app.json.sort_keys = False  # type: ignore[attr-defined]  # as above
    app.jinja_options = {"trim_blocks": True, "lstrip_blocks": True, "autoescape": True}
    compression.init_app(app)
    if settings.proxies:
        proxied = ProxyFix(app.wsgi_app, x_for=settings.proxies, x_proto=0)
        app.wsgi_app = proxied  # type: ignore[method-assign]  # how Flask says to wrap it
    init_app(app, parts or wire(settings))
    csrf = CSRFProtect(app)
    for blueprint in [*kb.web.blueprints(), *kb.api.blueprints()]:
        app.register_blueprint(blueprint)
    csrf.exempt(kb.api.bp)  # the API takes no cookies
    kb.web.init_app(app)
    _add_headers(app, secure=secure)
    _add_operations(app)
    return app


def share_metrics(folder: Path) -> None:
    """Let the processes that are forked from this one count together, in files of this folder."""
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)  # the library takes it from nowhere else
    # the library chose at its import, which was before
    values.ValueClass = values.MultiProcessValue()  # type: ignore[no-untyped-call]  # it has no types


def warm(app: Flask) -> None:
    """Make now what each process would make for itself at its first pages: those forked from this one share it."""
    for name in app.jinja_env.list_templates():
        app.jinja_env.get_template(name)
    parts: Runtime = app.extensions["kb"]
    with parts.database.reading() as session:
        parts.vocabularies(session)
        parts.words(session)


def _add_headers(app: Flask, *, secure: bool) -> None:
    @app.url_value_preprocessor
    def allow_files(endpoint: str | None, _values: object) -> None:
        if endpoint in _UPLOADS:  # before anything looks at the form
            request.max_content_length = DOCUMENT_BYTES + 2**20

    @app.before_request
    def prepare() -> None:
        g.started = time.perf_counter()
        g.csp_nonce = secrets.token_urlsafe(16)

    @app.after_request
    def protect(response: Response) -> Response:
        headers = response.headers
        headers.setdefault(
            "Content-Security-Policy",
            f"default-src 'none'; script-src 'self' 'nonce-{g.get('csp_nonce', '')}'; style-src 'self'; "
            "img-src 'self' data:; connect-src 'self'; font-src 'self'; manifest-src 'self'; form-action 'self'; "
            "base-uri 'none'; frame-ancestors 'none'",
        )
        headers.setdefault("X-Content-Type-Options", "nosniff")
        headers.setdefault("Referrer-Policy", "strict-origin-when-cross-origin")
        headers.setdefault("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
        headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
        if secure:
            headers.setdefault("Strict-Transport-Security", f"max-age={_YEAR}")
        if request.endpoint != "static":
            headers.setdefault("Cache-Control", "private, no-cache")
            headers.add("Vary", "Cookie, Authorization, Accept-Language")
        return response

    @app.after_request
    def measure(response: Response) -> Response:
        endpoint = request.endpoint or "none"
        seconds = time.perf_counter() - g.get("started", time.perf_counter())
        _REQUESTS.labels(endpoint, response.status_code).inc()
        _SECONDS.labels(endpoint).observe(seconds)
        if endpoint not in {"static", "healthz", "readyz", "metrics"}:
            # no query string: what people search for is theirs
            structlog.get_logger().info(
                "request", method=request.method, endpoint=endpoint, status=response.status_code,
                ms=round(seconds * 1000, 1),
            )  # fmt: skip
        return response


def _add_operations(app: Flask) -> None:
    parts: Runtime = app.extensions["kb"]

    @app.get("/healthz")
    def healthz() -> Response:
        """The process answers."""
        return Response("ok\n", mimetype="text/plain")

    @app.get("/readyz")
    def readyz() -> Response:
        """Database and index answer."""
        try:
            with parts.database.reading() as session:
                database_id(session)
            parts.engine.position()
        except KbError as error:
            return Response(f"{error}\n", status=503, mimetype="text/plain")
        return Response("ready\n", mimetype="text/plain")

    @app.get("/metrics")
    def metrics() -> Response:
        """Counters for Prometheus, of all worker processes together."""
        registry = REGISTRY
        if values.ValueClass is not values.MutexValue:  # `kb serve` named a folder that the processes share
            registry = CollectorRegistry()
            multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # it has no types
        return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)
