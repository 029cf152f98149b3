"""Settings come from the environment, and all mistakes are told at once."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from config import Settings
from kb.domain.errors import InvalidSettings


def test_defaults_lie_in_the_data_folder(tmp_path: Path) -> None:
    settings = Settings.from_env({"KB_DATA_DIR": str(tmp_path / "data")})
    assert settings.database_url == f"sqlite:///{tmp_path}/data/kb.sqlite3"
    assert settings.search_url == f"whoosh:{tmp_path}/data/index"
    assert settings.base_url == "http://127.0.0.1:8000"
    assert settings.home_city == "yangcheon-gu-seoul"
    assert settings.content_dir.name == "content"


def test_the_key_is_made_once_and_is_nobody_elses(tmp_path: Path) -> None:
    first = Settings.from_env({"KB_DATA_DIR": str(tmp_path)})
    assert Settings.from_env({"KB_DATA_DIR": str(tmp_path)}).secret_key == first.secret_key
    assert len(first.secret_key) >= 48
    assert stat.S_IMODE((tmp_path / "secret_key").stat().st_mode) == 0o600


def test_all_mistakes_are_told_together_by_name(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    wrong = {
        "KB_DATA_DIR": str(tmp_path / "file" / "below"),
        "KB_DATABASE_URL": "mysql://x",
        "KB_SEARCH_URL": "elastic:x",
        "KB_STORAGE_URL": "s3:x",
        "KB_SECRET_KEY": "short",
        "KB_BASE_URL": "kb.example.org/path",
        "KB_MAIL_URL": "pigeon:",
        "KB_HOME_CITY": "Seoul!",
        "KB_LOCALE": "fr",
    }
    with pytest.raises(InvalidSettings) as caught:
        Settings.from_env(wrong)
    assert all(f"{name}:" in str(caught.value) for name in wrong)
    assert "short" not in str(caught.value).replace("at least 16", "")
