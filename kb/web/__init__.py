"""The pages: parse, call one service, answer. One module a noun."""

from __future__ import annotations

from flask import Blueprint, Flask

from kb.web import (
    account,
    admin,
    assets,
    catalogues,
    cities,
    display,
    entries,
    errors,
    home,
    machines,
    oidc,
    pages,
    search,
    signing_in,
    themes,
)


def blueprints() -> tuple[Blueprint, ...]:
    """All of them."""
    return tuple(
        module.bp for module in (home, search, cities, entries, themes, pages, signing_in, account, admin, machines)
    )


def init_app(app: Flask) -> None:
    """Language, template functions, error pages, the city's own sign-in."""
    for module in (catalogues, assets, display, errors, oidc):
        module.init_app(app)
