"""Serving: the web workers and the background worker.

All of them are forked from one process that has read code, templates and word lists once: the first page comes sooner,
and what never changes lies in memory once.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import shutil
import signal
import sys
import threading
import time
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from types import FrameType
from typing import Any
from urllib.parse import urlsplit

import click
import structlog
from filelock import FileLock, Timeout
from flask import Flask
from gunicorn.app.base import BaseApplication

from config import Settings
from kb.app import create_app, share_metrics, warm, wire
from kb.cli.mailing import post
from kb.cli.meaning import keep_embedding
from kb.cli.mistakes import told
from kb.cli.setup import set_up
from kb.domain.errors import KbError, Unavailable
from kb.domain.roles import ANYONE, COMMAND_LINE
from kb.logs import set_up_logs
from kb.runtime import Runtime
from kb.services import indexing, invitations, people, review
from kb.services.search import SearchQuery

_POLL_SECONDS = 0.25
_READY_SECONDS = 1.5
_FORK = multiprocessing.get_context("fork")


class _Site(BaseApplication):  # type: ignore[misc]  # gunicorn has no types
    """The app under gunicorn, with the settings given here and no others."""

    def __init__(self, app: Flask, **options: object) -> None:
        self._app, self._options = app, options
        super().__init__()

    def load_config(self) -> None:
        for name, value in self._options.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        return self._app


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535))
@click.option("--workers", default=2, show_default=True, type=click.IntRange(1, 64))
def serve(host: str, port: int, workers: int) -> None:
    """Serve the site: web workers and one background worker; stops cleanly on SIGTERM."""
    settings = Settings.from_env()
    stopping = _told_to_stop()
    # apart: the threads and models of an import must be in no process that others are forked from
    preparing = _start(set_up, settings)
    while preparing.is_alive() and not stopping.is_set():
        preparing.join(1)
    if stopping.is_set():
        preparing.terminate()
        return
    if preparing.exitcode:
        sys.exit(preparing.exitcode)  # it has said why
    parts = wire(settings)
    link = _first_link(parts)
    metrics = settings.data_dir / "metrics"
    shutil.rmtree(metrics, ignore_errors=True)
    metrics.mkdir()
    share_metrics(metrics)
    app = create_app(settings, parts)
    warm(app)
    parts.database.close()  # no connection survives a fork
    address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    site = _Site(
        app, bind=address, workers=workers, worker_class="gthread", threads=4, loglevel="warning",
        max_requests=20_000, max_requests_jitter=2_000, graceful_timeout=20, post_worker_init=_get_ready,
    )  # fmt: skip
    at_home = urlsplit(settings.base_url).hostname in {"127.0.0.1", "localhost"}
    _announce(f"http://{address}" if at_home else settings.base_url, link)
    _supervise(_start(site.run), settings, stopping)


def _first_link(parts: Runtime) -> str | None:
    """The path that leads to the first administrator's account, None where there is one."""
    with parts.database.transaction() as session:
        return None if people.has_admin(session) else invitations.invite_first_admin(session, COMMAND_LINE)


def _announce(address: str, link: str | None) -> None:
    click.echo(f"Learning Cities Knowledge Base: {address}")
    if link:
        click.echo(
            "No administrator yet. Open this link within 72 hours to become it; it works once:\n"
            f"  {address}{link}\n"
            "Or make one here, then sign in at /login:\n"
            "  kb user create you@example.org --name 'Your Name' --role admin --password-stdin"
        )


def _get_ready(worker: Any) -> None:
    """Open the index and the model of a new web worker soon after the first pages, before somebody waits for them."""
    timer = threading.Timer(_READY_SECONDS, _search_once, (worker.wsgi.extensions["kb"],))
    timer.daemon = True
    timer.start()


def _search_once(parts: Runtime) -> None:
    with contextlib.suppress(KbError), parts.database.reading() as session:  # a missing index is told to who searches
        parts.search(session, ANYONE, SearchQuery(q="learning"), ("en",), "en")


def _told_to_stop() -> threading.Event:
    """What is set by SIGTERM, or by control and C."""
    stopping = threading.Event()

    def stop(_number: int, _frame: FrameType | None) -> None:
        stopping.set()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    return stopping


def _start(target: Callable[..., object], *arguments: object) -> BaseProcess:
    """Run a function in a process of its own; what goes wrong there is told in one sentence."""

    def run() -> None:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        with told():
            target(*arguments)

    process = _FORK.Process(target=run)
    process.start()
    return process


def _supervise(web: BaseProcess, settings: Settings, stopping: threading.Event) -> None:
    """Keep a background worker beside the web workers until one is told to stop or the web workers end."""
    background: BaseProcess | None = None
    while not stopping.is_set() and web.is_alive():
        if background is None or not background.is_alive():
            background = _start(_keep_working, settings)
        stopping.wait(1)
    running = [process for process in (background, web) if process]
    for process in running:
        process.terminate()
    for process in running:
        process.join(25)
        if process.is_alive():
            process.kill()
    if not stopping.is_set():
        raise Unavailable(f"The web workers ended with status {web.exitcode}; see the lines above.")


@click.command()
def worker() -> None:
    """The background worker alone: brings what was published to the index, sends mails."""
    _keep_working(Settings.from_env())


def _keep_working(settings: Settings) -> None:
    """Work while no other worker does, until told to stop."""
    set_up_logs()
    stopping = _told_to_stop()
    lock = FileLock(settings.data_dir / "worker.lock")
    while not stopping.is_set():
        try:
            with lock.acquire(timeout=1):
                parts = wire(settings)
                vectors = threading.Thread(target=keep_embedding, args=(parts, stopping), name="vectors")
                posting = threading.Thread(target=post, args=(parts, stopping), name="mails", daemon=True)
                vectors.start()
                posting.start()
                work(parts, stopping)
                vectors.join()
                posting.join(5)  # what a slow mail server keeps comes again
        except Timeout:
            continue  # another worker has the lock: wait for its turn


def work(parts: Runtime, stopping: threading.Event) -> None:
    """Bring waiting works to the index until told to stop; build it anew when it is broken."""
    log = structlog.get_logger()
    pause = _POLL_SECONDS
    tidying = threading.Thread()
    while not stopping.is_set():
        try:
            started = time.perf_counter()
            with parts.database.reading() as session:
                due = review.is_due(session)
            if due:
                with parts.database.transaction() as session:
                    review.publish_due(session)
            with parts.database.reading() as session:
                done = indexing.drain(session, parts.engine)
                position = parts.engine.position()
            if done:
                with parts.database.transaction() as session:
                    indexing.forget_applied(session, position)
                log.info("indexed", works=done, ms=round((time.perf_counter() - started) * 1000))
                if not tidying.is_alive():
                    tidying = threading.Thread(target=_tidy, args=(parts,), daemon=True)  # what it leaves is swept up
                    tidying.start()
            pause = _POLL_SECONDS
        except KbError as error:
            log.warning("index", problem=str(error))
            if not _is_readable(parts):
                _mend(parts)
            pause = min(pause * 2, 30)  # a full disk is not mended by trying hard
            done = 0
        if not done:
            stopping.wait(pause)


def _is_readable(parts: Runtime) -> bool:
    try:
        parts.engine.position()
    except KbError:
        return False
    return True


def _tidy(parts: Runtime) -> None:
    log = structlog.get_logger()
    try:
        while parts.engine.tidy():
            log.info("index tidied")
    except KbError as error:
        log.warning("index not tidied", problem=str(error))


def _mend(parts: Runtime) -> None:
    log = structlog.get_logger()
    try:
        with parts.database.reading() as session:
            indexing.rebuild(session, parts.engine)
        log.info("index built anew")
    except KbError as error:
        log.warning("index not built", problem=str(error))
