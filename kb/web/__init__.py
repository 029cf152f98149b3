"""The pages: parse, call one service, answer. One module a noun."""

from __future__ import annotations

from flask import Blueprint, Flask

from kb.web import (
    account,
    assets,
    catalogues,
    cities,
    contribute,
    display,
    entries,
    errors,
    home,
    machines,
    pages,
    review,
    search,
    themes,
)


def blueprints() -> tuple[Blueprint, ...]:
    """All of them."""
    return tuple(
        module.bp for module in (home, search, cities, entries, review, themes, pages, account, contribute, machines)
    )


def init_app(app: Flask) -> None:
    """Language, template functions, error pages, limits."""
    for module in (catalogues, assets, display, errors, account, contribute):
        module.init_app(app)
