"""The description of the API (OpenAPI), with the ways in which a request names its user."""

from typing import Any

from fastapi import FastAPI

from pandadb.web.accounts import sessions

TOKEN = {
    "type": "http",
    "scheme": "bearer",
    "description": "A token of a script: pandadb web users token NAME",
}
SESSION = {"type": "apiKey", "in": "cookie", "name": sessions.COOKIE,
           "description": "A log-in by the form"}  # fmt: skip
NO_USER: dict[str, list[str]] = {}
OPEN = ("/healthz",)


def describe_accounts(app: FastAPI) -> None:
    """Let the description of an application have the accounts of a password file."""
    without = app.openapi

    def with_accounts() -> dict[str, Any]:
        found = without()
        schemes = found.setdefault("components", {}).setdefault("securitySchemes", {})
        schemes |= {"token": TOKEN, "session": SESSION}
        found["security"] = [{"token": []}, {"session": []}]
        for path in OPEN:
            for operation in found["paths"][path].values():
                operation["security"] = [NO_USER]
        return found

    app.openapi = with_accounts  # type: ignore[method-assign]
