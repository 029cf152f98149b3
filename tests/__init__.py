"""Tests mirror `kb/`; `house/` checks the house itself, `browser/` uses a real Chromium, `bench/` measures."""
