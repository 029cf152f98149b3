"""Text goes out packed (gzip) to those who take it so."""

from __future__ import annotations

import gzip
from functools import lru_cache

from flask import Flask, Response, request, session

from kb.runtime import LOCALE_COOKIE

_SMALLEST = 1000  # bytes; below, the packing costs more than it saves
_LEVEL = 5
_SUFFIX = "-gzip"
_TYPES = frozenset({"application/javascript", "application/xml", "image/svg+xml"})


def init_app(app: Flask) -> None:
    """Pack answers; called before others hang their `after_request` on the app, for what comes first runs last."""

    @app.before_request
    def forget_packing() -> None:
        # the packed form has an ETag of its own (RFC 9110, 8.8.3.3); the views know one for both
        for name in ("HTTP_IF_NONE_MATCH", "HTTP_IF_MATCH"):
            if name in request.environ:
                request.environ[name] = request.environ[name].replace(f'{_SUFFIX}"', '"')

    @app.after_request
    def pack(response: Response) -> Response:
        static = request.endpoint == "static"
        if response.status_code != 200 or not _is_text(response.mimetype) or "Content-Encoding" in response.headers:
            return response
        if not static and (response.direct_passthrough or response.is_streamed):
            return response
        response.vary.add("Accept-Encoding")
        if not request.accept_encodings["gzip"] or not (static or _is_for_all()):
            return response
        response.direct_passthrough = False
        plain = response.get_data()
        if len(plain) < _SMALLEST:
            return response
        response.set_data(_pack_file(plain) if static else gzip.compress(plain, _LEVEL, mtime=0))
        response.headers["Content-Encoding"] = "gzip"
        response.headers.pop("Accept-Ranges", None)
        tag, weak = response.get_etag()
        if tag is not None and weak is not None:
            response.set_etag(f"{tag}{_SUFFIX}", weak)
        return response


def _is_text(mimetype: str | None) -> bool:
    return mimetype is not None and (
        mimetype.startswith("text/") or mimetype.endswith(("json", "+xml")) or mimetype in _TYPES
    )


def _is_for_all() -> bool:
    """Whether the answer holds nothing that belongs to one person.

    The length of a packed page tells whether words in its address also stand elsewhere in it (BREACH). So what is made
    for somebody signed in, or brings a form's token along, goes out as it is.
    """
    return (
        not session.modified and not (set(request.cookies) - {LOCALE_COOKIE}) and "Authorization" not in request.headers
    )


@lru_cache(maxsize=32)
def _pack_file(content: bytes) -> bytes:
    return gzip.compress(content, 9, mtime=0)
