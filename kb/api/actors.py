"""Who changes something through the API: the bearer of a token, never the owner of a cookie.

A cookie is sent along with what any other site makes a browser send; a token is not. So forms carry a CSRF token of
their own, and the API, which takes none, looks at no cookie where something is changed (`kb.runtime.current_actor`).
"""

from __future__ import annotations

from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import Unauthorized

from kb.domain.roles import Actor
from kb.runtime import current_actor


def bearer_actor() -> Actor:
    """The bearer of the token; to read, the one who is signed in will do.

    Raises:
        Unauthorized: there is no token, and nobody who reads.
    """
    actor = current_actor()
    if not actor.signed_in:
        raise Unauthorized(www_authenticate=WWWAuthenticate("bearer"))
    return actor
