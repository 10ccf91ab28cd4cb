"""Tokens as a Label Studio gives them out, for tests of what a client makes of them."""

import base64
import json

URL = "http://studio.example/"


def jwt(expires: int) -> str:
    """A refresh token that says when it ends and holds no real signature."""
    parts = [{"alg": "HS256", "typ": "JWT"}, {"token_type": "refresh", "exp": expires, "user_id": "1"}]
    text = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts]
    return ".".join([*text, "c2lnbmF0dXJl"])


TOKEN = jwt(9_000_000_000)
