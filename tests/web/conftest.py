"""The application on the database of a test, and clients of each role."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from fastapi.testclient import TestClient

from pandadb.web.accounts.users import Role, User
from pandadb.web.application import create_app
from pandadb.web.options import WebOptions

if TYPE_CHECKING:
    from collections.abc import Callable

    from pandadb.database import Database

SECRET = "of tests"


@pytest.fixture
def client_of(database: Database) -> Callable[[Role], TestClient]:
    """Return a client whose user has a role."""

    def new(role: Role) -> TestClient:
        name = None if role is Role.ANYONE else role.name.lower()
        app = create_app(database, WebOptions(SECRET), lambda _: User(name, role))
        return TestClient(app, follow_redirects=False, raise_server_exceptions=False)

    return new


@pytest.fixture
def reader(client_of: Callable[[Role], TestClient]) -> TestClient:
    return client_of(Role.READER)


@pytest.fixture
def operator(client_of: Callable[[Role], TestClient]) -> TestClient:
    return client_of(Role.OPERATOR)
