"""A real Chromium, and the pages of a database that has lived; skipped where there is none."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest

from pandadb.web.accounts.users import Role, User
from pandadb.web.options import WebOptions
from tests.web.browsers import SECRET
from tests.web.serving import serving

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

    from pandadb.database import Database

NAMES = ("chromium", "chromium-browser", "google-chrome")
OPTIONS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update",
)  # fmt: skip


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A headless Chromium: PANDADB_TEST_CHROMIUM, or one on the PATH.

    It ends with each module: while it lives, Playwright's event loop runs in the thread of the
    tests, and tests of other modules could not run theirs.
    """
    sync_api = pytest.importorskip("playwright.sync_api")
    found = os.environ.get("PANDADB_TEST_CHROMIUM") or next(
        filter(None, map(shutil.which, NAMES)), None
    )
    if not found:
        pytest.skip("there is no Chromium: set PANDADB_TEST_CHROMIUM, or install the package")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=[*OPTIONS])
        yield browser
        browser.close()


@pytest.fixture
def address(database: Database) -> Iterator[str]:
    """The address of pages whose user is an operator."""
    options = WebOptions(SECRET, form_rate="1000/minute")
    with serving(database, options, lambda _: User("olga", Role.OPERATOR)) as (host, port):
        yield f"http://{host}:{port}"


@pytest.fixture
def page(chromium: Browser, address: str) -> Iterator[Page]:
    """A page of a new profile; an error of a script is one of the test."""
    with chromium.new_context(base_url=address) as context:
        new, errors = context.new_page(), []
        new.on("pageerror", lambda error: errors.append(str(error)))
        yield new
        assert not errors
