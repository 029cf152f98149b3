"""The people who write, on each database."""

from __future__ import annotations

import pytest

from kb.db import Database
from kb.text.renderer import Renderer
from tests.writers import Staff, settle_in


@pytest.fixture
def staff(database: Database, renderer: Renderer) -> Staff:
    """Two cities and their people."""
    return settle_in(database, renderer)
