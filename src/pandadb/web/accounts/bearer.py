"""Bearer tokens in requests (RFC 6750): the token of a script, and the challenge of an answer."""

from fastapi import HTTPException, Request

CREDENTIALS = "Authorization"
SCHEME = "bearer"
CHALLENGE = 'Bearer realm="pandadb"'
REFUSED = "The token is unknown, has expired or was revoked."


def token_in(request: Request) -> str | None:
    """Return the text of the token of a request; None without one, or with another scheme."""
    scheme, _, given = request.headers.get(CREDENTIALS, "").partition(" ")
    return given.strip() if scheme.lower() == SCHEME else None


def refusal(request: Request) -> HTTPException:
    """Return the answer to a request without a user, with the scheme of scripts."""
    if token_in(request) is None:
        return HTTPException(401, "Log in first.", {"WWW-Authenticate": CHALLENGE})
    challenge = f'{CHALLENGE}, error="invalid_token"'
    return HTTPException(401, REFUSED, {"WWW-Authenticate": challenge})
