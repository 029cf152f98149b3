"""The web workers and the background worker."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from types import FrameType
from urllib.parse import urlsplit

import click
import structlog
from filelock import FileLock, Timeout

from config import Settings
from kb.app import wire
from kb.cli.mailing import post
from kb.cli.setup import set_up
from kb.domain.errors import KbError, Unavailable
from kb.domain.roles import COMMAND_LINE
from kb.logs import set_up_logs
from kb.runtime import Runtime
from kb.services import indexing, invitations, people

_POLL_SECONDS = 0.25


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535))
@click.option("--workers", default=2, show_default=True, type=click.IntRange(1, 64))
def serve(host: str, port: int, workers: int) -> None:
    """Serve the site: web workers and one background worker; stops cleanly on SIGTERM."""
    settings = Settings.from_env()
    parts = set_up(settings)
    link = _first_link(parts)
    parts.database.close()
    parts.engine.close()
    metrics = settings.data_dir / "metrics"
    shutil.rmtree(metrics, ignore_errors=True)
    metrics.mkdir()
    environment = os.environ | {"PROMETHEUS_MULTIPROC_DIR": str(metrics)}
    address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    gunicorn = [sys.executable, "-m", "gunicorn", "kb.app:create_app()", "--bind", address]
    gunicorn += ["--workers", str(workers), "--worker-class", "gthread", "--threads", "4", "--log-level", "warning"]
    gunicorn += ["--max-requests", "20000", "--max-requests-jitter", "2000", "--graceful-timeout", "20"]
    web = subprocess.Popen(gunicorn, env=environment)  # noqa: S603  # our own command line
    at_home = urlsplit(settings.base_url).hostname in {"127.0.0.1", "localhost"}
    _announce(f"http://{address}" if at_home else settings.base_url, link)
    _supervise(web)


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


def _supervise(web: subprocess.Popen[bytes]) -> None:
    """Keep a background worker beside the web workers until one is told to stop or the web workers end."""
    stopping = threading.Event()

    def stop(_number: int, _frame: FrameType | None) -> None:
        stopping.set()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    background: subprocess.Popen[bytes] | None = None
    while not stopping.is_set() and web.poll() is None:
        if background is None or background.poll() is not None:
            background = subprocess.Popen([sys.executable, "-m", "kb", "worker"])
        stopping.wait(1)
    for process in filter(None, (web, background)):
        if process.poll() is None:
            process.terminate()
    for process in filter(None, (background, web)):
        try:
            process.wait(25)
        except subprocess.TimeoutExpired:
            process.kill()
    if not stopping.is_set():
        raise Unavailable(f"The web workers ended with status {web.returncode}; see the lines above.")


@click.command()
def worker() -> None:
    """The background worker alone: brings what was published to the index, sends mails."""
    settings = Settings.from_env()
    set_up_logs()
    stopping = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopping.set())
    signal.signal(signal.SIGINT, lambda *_: stopping.set())
    lock = FileLock(settings.data_dir / "worker.lock")
    while not stopping.is_set():
        try:
            with lock.acquire(timeout=1):
                parts = wire(settings)
                posting = threading.Thread(target=post, args=(parts, stopping), daemon=True)
                posting.start()
                work(parts, stopping)
                posting.join(5)  # what a slow mail server keeps comes again
        except Timeout:
            continue  # another worker has the lock: wait for its turn


def work(parts: Runtime, stopping: threading.Event) -> None:
    """Bring waiting works to the index until told to stop; build it anew when it is broken."""
    log = structlog.get_logger()
    pause = _POLL_SECONDS
    while not stopping.is_set():
        try:
            started = time.perf_counter()
            with parts.database.reading() as session:
                done = indexing.drain(session, parts.engine)
                position = parts.engine.position()
            if done:
                with parts.database.transaction() as session:
                    indexing.forget_applied(session, position)
                log.info("indexed", works=done, ms=round((time.perf_counter() - started) * 1000))
            pause = _POLL_SECONDS
        except KbError as error:
            log.warning("index", problem=str(error))
            _mend(parts)
            pause = min(pause * 2, 30)  # a full disk is not mended by trying hard
            done = 0
        if not done:
            stopping.wait(pause)


def _mend(parts: Runtime) -> None:
    log = structlog.get_logger()
    try:
        with parts.database.reading() as session:
            indexing.rebuild(session, parts.engine)
        log.info("index built anew")
    except KbError as error:
        log.warning("index not built", problem=str(error))
