"""The application on the database of a test, and clients of each role."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pandadb.web.accounts import password_file
from pandadb.web.accounts.users import Role, User
from pandadb.web.application import create_app
from pandadb.web.options import WebOptions
from tests.web.browsers import PASSWORD, SECRET, Browser

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pandadb.database import Database


@pytest.fixture
def client_of(database: Database) -> Callable[[Role], Browser]:
    """Return a client whose user has a role."""

    def new(role: Role) -> Browser:
        name = None if role is Role.ANYONE else role.name.lower()
        options = WebOptions(SECRET, form_rate="1000/minute")
        return Browser(create_app(database, options, lambda _: User(name, role)))

    return new


@pytest.fixture
def reader(client_of: Callable[[Role], Browser]) -> Browser:
    return client_of(Role.READER)


@pytest.fixture
def operator(client_of: Callable[[Role], Browser]) -> Browser:
    return client_of(Role.OPERATOR)


@pytest.fixture
def passwords(tmp_path: Path) -> Path:
    """A password file with a reader and an operator."""
    path = tmp_path / "passwords"
    password_file.set_account(path, "ada", "operator", PASSWORD)
    password_file.set_account(path, "rita", "reader", PASSWORD)
    return path
