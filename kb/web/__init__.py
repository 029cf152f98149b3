"""The pages: parse, call one service, answer. One module a noun."""

from __future__ import annotations

from flask import Blueprint, Flask

from kb.web import (
    account,
    admin,
    assets,
    catalogues,
    cities,
    contribute,
    display,
    entries,
    errors,
    home,
    machines,
    oidc,
    pages,
    review,
    search,
    signing_in,
    themes,
)


def blueprints() -> tuple[Blueprint, ...]:
    """All of them."""
    return tuple(
        module.bp
        for module in (
            home,
            search,
            cities,
            entries,
            review,
            themes,
            pages,
            signing_in,
            account,
            admin,
            contribute,
            machines,
        )
    )


def init_app(app: Flask) -> None:
    """Language, template functions, error pages, the city's own sign-in, the desk of those who write."""
    for module in (catalogues, assets, display, errors, oidc, contribute):
        module.init_app(app)
