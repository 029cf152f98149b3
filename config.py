"""Settings: read from the environment here and nowhere else."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from kb.domain.errors import N_, InvalidSettings
from kb.domain.identifiers import is_slug
from kb.domain.languages import INTERFACE_LANGUAGES

ROOT = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Settings:
    """Everything that differs from one installation to the next (public contract, section 2)."""

    data_dir: Path
    database_url: str
    search_url: str
    storage_url: str
    secret_key: str
    base_url: str
    mail_url: str
    content_dir: Path
    home_city: str
    locale: str
    proxies: int
    oidc_issuer: str
    oidc_client_id: str
    oidc_client_secret: str

    @classmethod
    def from_env(cls, environ: Mapping[str, str] = os.environ) -> Settings:
        """Read the settings; the data folder and the signing key are made where they are missing.

        Raises:
            InvalidSettings: all mistakes together, each with the variable's name.
        """

        def get(name: str, default: str) -> str:
            return environ.get(name, "").strip() or default

        mistakes: list[str] = []

        def demand(right: bool, name: str, sentence: str) -> None:
            if not right:
                mistakes.append(f"{name}: {sentence}")

        data_dir = Path(get("KB_DATA_DIR", "./instance")).absolute()
        try:
            data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
            writable = os.access(data_dir, os.W_OK)
        except OSError:
            writable = False
        demand(writable, "KB_DATA_DIR", f"the folder {data_dir} can't be made or written to.")

        database_url = get("KB_DATABASE_URL", f"sqlite:///{data_dir / 'kb.sqlite3'}")
        demand(
            urlsplit(database_url).scheme.split("+")[0] in {"sqlite", "postgresql"},
            "KB_DATABASE_URL",
            "must begin with sqlite:/// or postgresql+psycopg://.",
        )
        search_url = get("KB_SEARCH_URL", f"whoosh:{data_dir / 'index'}")
        demand(search_url.startswith("whoosh:"), "KB_SEARCH_URL", "must begin with whoosh: (the only engine so far).")
        storage_url = get("KB_STORAGE_URL", f"file:{data_dir / 'attachments'}")
        demand(storage_url.startswith("file:"), "KB_STORAGE_URL", "must begin with file: (the only storage so far).")
        base_url = get("KB_BASE_URL", "http://127.0.0.1:8000").rstrip("/")
        base = urlsplit(base_url)
        demand(
            base.scheme in {"http", "https"} and bool(base.hostname) and not (base.path or base.query or base.fragment),
            "KB_BASE_URL",
            "must be an address like https://kb.example.org, without a path.",
        )
        mail_url = get("KB_MAIL_URL", "log:")
        demand(
            urlsplit(mail_url).scheme in {"log", "smtp"},
            "KB_MAIL_URL",
            "must be log: or smtp://user:password@host:587.",
        )
        home_city = get("KB_HOME_CITY", "yangcheon-gu-seoul")
        demand(is_slug(home_city), "KB_HOME_CITY", "must be a city's slug, like yangcheon-gu-seoul.")
        locale = get("KB_LOCALE", "en")
        demand(locale in INTERFACE_LANGUAGES, "KB_LOCALE", f"must be one of {', '.join(INTERFACE_LANGUAGES)}.")
        secret_key = environ.get("KB_SECRET_KEY", "").strip()
        demand(not secret_key or len(secret_key) >= 16, "KB_SECRET_KEY", "must have at least 16 characters.")
        proxies = get("KB_PROXIES", "0")
        demand(
            proxies.isascii() and proxies.isdigit() and int(proxies) < 10, "KB_PROXIES", "must be a number from 0 to 9."
        )
        oidc = [get(f"KB_OIDC_{name}", "") for name in ("ISSUER", "CLIENT_ID", "CLIENT_SECRET")]
        issuer = urlsplit(oidc[0])
        demand(
            not oidc[0] or issuer.scheme == "https" or issuer.hostname in {"127.0.0.1", "localhost"},
            "KB_OIDC_ISSUER",
            "must be an address that begins with https://.",
        )
        demand(
            all(oidc) or not any(oidc),
            "KB_OIDC_CLIENT_ID",
            "goes with KB_OIDC_ISSUER and KB_OIDC_CLIENT_SECRET: all or none.",
        )
        if mistakes:
            raise InvalidSettings(N_("These settings can't be used:\n%(mistakes)s"), mistakes="\n".join(mistakes))
        return cls(
            data_dir=data_dir,
            database_url=database_url,
            search_url=search_url,
            storage_url=storage_url,
            secret_key=secret_key or _kept_key(data_dir / "secret_key"),
            base_url=base_url,
            mail_url=mail_url,
            content_dir=Path(get("KB_CONTENT_DIR", str(ROOT / "content"))).absolute(),
            home_city=home_city,
            locale=locale,
            proxies=int(proxies),
            oidc_issuer=oidc[0],
            oidc_client_id=oidc[1],
            oidc_client_secret=oidc[2],
        )


def _kept_key(path: Path) -> str:
    """The key in the file, made on first use; two processes that start at once end with the same one."""
    with contextlib.suppress(FileExistsError):
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(48))
    return path.read_text().strip()
