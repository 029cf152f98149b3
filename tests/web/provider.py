"""A small OpenID Connect provider, as a city would have: real keys, real tokens, PKCE checked."""

from __future__ import annotations

import base64
import hashlib
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from flask import Flask, jsonify, redirect, request
from flask.typing import ResponseReturnValue
from joserfc import jwt
from joserfc.jwk import RSAKey
from werkzeug.serving import make_server

CLIENT, SECRET = "kb", "a secret between the two"


@dataclass
class Provider:
    """Signs everybody in as the person in `claims`.

    Attributes:
        spoil: claims that take the place of the right ones in the next tokens.
    """

    issuer: str = ""
    claims: dict[str, Any] = field(default_factory=dict)
    spoil: dict[str, Any] = field(default_factory=dict)
    forge: bool = False
    waiting: dict[str, dict[str, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.key = RSAKey.generate_key(2048, {"kid": "1", "use": "sig", "alg": "RS256"})
        self.other = RSAKey.generate_key(2048, {"kid": "1", "use": "sig", "alg": "RS256"})

    def app(self) -> Flask:
        made = Flask("provider")

        @made.get("/.well-known/openid-configuration")
        def about() -> ResponseReturnValue:
            return jsonify(
                issuer=self.issuer,
                authorization_endpoint=f"{self.issuer}/authorize",
                token_endpoint=f"{self.issuer}/token",
                jwks_uri=f"{self.issuer}/keys",
                id_token_signing_alg_values_supported=["RS256"],
            )

        @made.get("/keys")
        def keys() -> ResponseReturnValue:
            return jsonify(keys=[self.key.as_dict(private=False)])

        @made.get("/authorize")
        def authorize() -> ResponseReturnValue:
            asked = request.args.to_dict()
            assert asked["client_id"] == CLIENT
            assert asked["code_challenge_method"] == "S256"
            code = secrets.token_urlsafe(16)
            self.waiting[code] = asked
            return redirect(f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}")

        @made.post("/token")
        def token() -> ResponseReturnValue:
            asked = self.waiting.pop(request.form.get("code", ""), None)
            right = request.authorization
            if asked is None or right is None or (right.username, right.password) != (CLIENT, SECRET):
                return jsonify(error="invalid_grant"), 400
            hashed = hashlib.sha256(request.form["code_verifier"].encode()).digest()
            if base64.urlsafe_b64encode(hashed).rstrip(b"=").decode() != asked["code_challenge"]:
                return jsonify(error="invalid_grant"), 400
            claims = {"iss": self.issuer, "aud": CLIENT, "iat": int(time.time()), "exp": int(time.time()) + 60,
                      "nonce": asked["nonce"], **self.claims, **self.spoil}  # fmt: skip
            signed = jwt.encode({"alg": "RS256", "kid": "1"}, claims, self.other if self.forge else self.key)
            return jsonify(access_token="x", token_type="Bearer", id_token=signed)

        return made


@contextmanager
def providing() -> Iterator[Provider]:
    """The provider on a free port of the loopback address."""
    provider = Provider()
    server = make_server("127.0.0.1", 0, provider.app())
    provider.issuer = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
