"""Signing in where one's city has an account for one already (OpenID Connect, with PKCE and nonce)."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING, Any

import flask
from flask import Flask, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound

from kb.domain.errors import N_, InvalidSettings, NotPermitted, Unavailable
from kb.runtime import client_address, runtime, transaction
from kb.services import identities
from kb.services.identities import Identity
from kb.web.signing_in import bp, let_in, own_path

if TYPE_CHECKING:
    from authlib.integrations.flask_client import FlaskOAuth2App

_SECONDS = 10
_NEXT = "oidc_next"


def init_app(app: Flask) -> None:
    """Know the issuer, where there is one.

    Raises:
        InvalidSettings: the package for it is missing.
    """
    issuer = app.config["OIDC_ISSUER"]
    if not issuer:
        return
    if importlib.util.find_spec("authlib") is None:
        raise InvalidSettings(N_("KB_OIDC_ISSUER needs one more package: pip install -e '.[oidc]'"))
    from authlib.integrations.flask_client import OAuth

    app.extensions["kb-oidc"] = OAuth(app).register(
        "city",
        client_id=app.config["OIDC_CLIENT_ID"],
        client_secret=app.config["OIDC_CLIENT_SECRET"],
        server_metadata_url=f"{issuer.rstrip('/')}/.well-known/openid-configuration",
        client_kwargs={"scope": "openid email profile", "code_challenge_method": "S256", "default_timeout": _SECONDS},
    )


def _client() -> FlaskOAuth2App:
    if "kb-oidc" not in flask.current_app.extensions:
        raise NotFound
    return flask.current_app.extensions["kb-oidc"]


@bp.get("/login/oidc")
def go_to_city() -> ResponseReturnValue:
    """To the city's own sign-in."""
    from requests import RequestException

    client = _client()
    flask.session[_NEXT] = own_path(request.args.get("next"))
    try:
        answer: ResponseReturnValue = client.authorize_redirect(runtime().base_url + url_for("account.come_from_city"))
    except (RequestException, ValueError) as error:
        raise _not_now() from error
    return answer


@bp.get("/login/oidc/answer")
def come_from_city() -> ResponseReturnValue:
    """Back from there: let in whom the city vouches for and who was invited."""
    from authlib.common.errors import AuthlibBaseError
    from joserfc.errors import JoseError
    from requests import RequestException

    client = _client()
    try:
        claims: dict[str, Any] = client.authorize_access_token()["userinfo"]
    except (AuthlibBaseError, JoseError, KeyError) as error:  # refused there, forged, or played once more
        raise NotPermitted(N_("The sign-in of your city could not be confirmed. Please try again.")) from error
    except (RequestException, ValueError) as error:
        raise _not_now() from error
    verified = claims.get("email_verified") is True
    identity = Identity(
        str(claims["iss"]), str(claims["sub"]), str(claims["email"]) if verified and claims.get("email") else None,
        str(claims.get("name") or ""),
    )  # fmt: skip
    target = flask.session.get(_NEXT)
    with transaction() as changing:
        person = identities.sign_in(changing, identity, client_address())
    return let_in(person.id, target)


def _not_now() -> Unavailable:
    return Unavailable(N_("The sign-in of your city does not answer now. Please try again, or sign in by password."))
