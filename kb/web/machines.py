"""For machines that read pages: sitemap, robots, the browser's search box."""

from __future__ import annotations

from flask import Blueprint, Response, render_template, url_for

from kb.domain.roles import ANYONE
from kb.runtime import runtime, session
from kb.services.holdings import list_holdings

bp = Blueprint("machines", __name__)
_ENDPOINTS = ("home.show", "cities.index", "themes.index", "cities.chart", "pages.about")


@bp.get("/sitemap.xml")
def sitemap() -> Response:
    """Every public page; what only the network reads is not in it, whoever asks."""
    text = render_template(
        "machines/sitemap.xml",
        pages=[url_for(endpoint) for endpoint in _ENDPOINTS],
        holdings=list_holdings(session(), ANYONE),
    )
    return Response(text, mimetype="application/xml")


@bp.get("/robots.txt")
def robots() -> Response:
    """Everything may be read; result lists would only repeat it."""
    lines = ["User-agent: *", "Disallow: /search", "Disallow: /login", f"Sitemap: {runtime().base_url}/sitemap.xml", ""]
    return Response("\n".join(lines), mimetype="text/plain")


@bp.get("/opensearch.xml")
def opensearch() -> Response:
    """So that a browser can search here from its own box (https://github.com/dewitt/opensearch)."""
    return Response(render_template("machines/opensearch.xml"), mimetype="application/opensearchdescription+xml")
