"""Applications of tests, and browsers that send their forms."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from fastapi.testclient import TestClient

from pandadb.demo import examples
from pandadb.services.applications import read_applications
from pandadb.web.accounts.users import Role, User
from pandadb.web.application import create_app
from pandadb.web.options import WebOptions
from tests.worker.worker_processes import Q

if TYPE_CHECKING:
    from pathlib import Path

    from httpx import Response

    from pandadb.database import Database
    from pandadb.services.applications import Application

SECRET = "of tests"
PUBLIC_URL = "https://jobs.example.org"
ADDRESS = "ada@example.org"
NOBODY = User(None, Role.ANYONE)


def declared(folder: Path, text: str) -> dict[str, Application]:
    """Return the applications of a TOML text."""
    file = folder / "applications.toml"
    file.write_text(text, encoding="utf-8")
    return read_applications(file)


def slow_div(seconds: float = 0, queue: str = Q) -> dict[str, Application]:
    """Return the example of applications, with another queue and another sleep."""
    found = read_applications(examples.home() / "applications.toml")
    env = {"SLOW_DIV_SECONDS": str(seconds)}
    changes = {"queue": queue, "env": env}
    return {name: one.model_copy(update=changes) for name, one in found.items()}


class Browser:
    """A browser with cookies of its own."""

    def __init__(
        self,
        database: Database,
        applications: dict[str, Application],
        user: User = NOBODY,
        secret: str = SECRET,
    ) -> None:
        options = WebOptions(secret, PUBLIC_URL, applications=applications, form_rate="1000/minute")
        app = create_app(database, options, lambda _: user)
        self.client = TestClient(app, PUBLIC_URL, follow_redirects=False)

    def get(self, path: str, **words: Any) -> Response:
        return self.client.get(path, **words)  # type: ignore[return-value]

    def post(self, path: str, form: str, **fields: str) -> Response:
        """Send a form with the token of the page that has it."""
        token = re.search(r'name="form_token" value="(\w+)"', self.get(form).text)
        assert token, "the page has no form"
        return self.client.post(path, data={"form_token": token[1], **fields})  # type: ignore[return-value]

    def submit(self, x: str = "8", y: str = "2", email: str = ADDRESS) -> Response:
        return self.post("/submit/slow_div", "/submit/slow_div", x=x, y=y, email=email)

    def submitted(self, **fields: str) -> str:
        """Submit a job; return its public id."""
        return result_of(self.submit(**fields))


def result_of(answer: Response) -> str:
    """Return the public id that a page has a link to."""
    found = re.search(r'href="/results/([a-z]{12})"', answer.text)
    assert found, answer.text
    return found[1]
