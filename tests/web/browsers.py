"""Clients of the application: they send forms as a browser does."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from fastapi.testclient import TestClient

from pandadb.web.accounts import csrf

if TYPE_CHECKING:
    import httpx2
    from fastapi import FastAPI

SECRET = "of tests"
PASSWORD = "a long enough password"
TOKEN = re.compile(r'"X-Form-Token": "(\w+)"')


class Browser(TestClient):
    """A client that does not follow redirects, and sends forms with their token."""

    def __init__(self, app: FastAPI) -> None:
        super().__init__(app, follow_redirects=False, raise_server_exceptions=False)

    def token(self, page: str = "/jobs") -> str:
        """Return the token of the forms of a page."""
        found = TOKEN.search(self.get(page).text)
        assert found, page
        return found[1]

    def submit(self, path: str, page: str = "/jobs", **fields: Any) -> httpx2.Response:
        """Send a form that a page has shown."""
        return self.post(path, data={csrf.FIELD: self.token(page), **fields})
