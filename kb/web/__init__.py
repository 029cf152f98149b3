"""The pages: parse, call one service, answer. One module a noun."""

from __future__ import annotations

from flask import Blueprint, Flask

from kb.web import (
    account,
    assets,
    catalogues,
    cities,
    display,
    entries,
    errors,
    home,
    machines,
    pages,
    search,
    themes,
)


def blueprints() -> tuple[Blueprint, ...]:
    """All of them."""
    return tuple(module.bp for module in (home, search, cities, entries, themes, pages, account, machines))


def init_app(app: Flask) -> None:
    """Language, template functions, error pages, limits."""
    for module in (catalogues, assets, display, errors, account):
        module.init_app(app)
