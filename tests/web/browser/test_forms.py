"""Forms of applications in a real browser: results refresh themselves, with and without scripts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pandadb.services import queue
from pandadb.services.queue import Success
from pandadb.web.options import WebOptions
from pandadb.web.pages import results
from tests.web.applications.forms import slow_div
from tests.web.browsers import SECRET
from tests.web.serving import serving

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

    from pandadb.database import Database

pytestmark = [pytest.mark.any_server, pytest.mark.slow]


@pytest.fixture
def address(database: Database) -> Iterator[str]:
    """The address of pages with a form, for a person without an account."""
    options = WebOptions(SECRET, applications=slow_div(), form_rate="1000/minute")
    with serving(database, options) as (host, port):
        yield f"http://{host}:{port}"


def started(page: Page) -> None:
    """Fill in the form, and go to the page of the results."""
    page.goto("/applications")
    page.get_by_role("link", name="Slow division").click()
    page.get_by_label("x", exact=True).fill("8")
    page.get_by_label("y", exact=True).fill("2")
    page.get_by_label("When finished send results to").fill("ada@example.org")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="the results page").click()
    page.get_by_text("Still working on it").wait_for()


def end(database: Database) -> None:
    """Finish the job as a worker does."""
    (lease,) = queue.claim(database, "demo", 1, owner="w")
    queue.finish(database, Success(lease, {"stdout": "The answer is: 4\n"}))


def test_a_result_appears_by_itself(page: Page, database: Database) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    started(page)
    wrong = axe.run(page).response["violations"]
    end(database)
    page.get_by_text("8 / 2 == 4").wait_for()
    assert page.locator("[hx-trigger]").count() == 0  # it asks no more
    address = page.url
    for path in (address, "/submit/slow_div", "/my-jobs"):
        page.goto(path)
        wrong += axe.run(page).response["violations"]
    assert not wrong
    page.get_by_role("button", name="Forget me").click()
    page.get_by_text("has submitted no such jobs").wait_for()


def test_a_result_appears_without_scripts(
    chromium: Browser, database: Database, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(results, "REFRESH", 1)
    with chromium.new_context(base_url=address, java_script_enabled=False) as context:
        page = context.new_page()
        started(page)
        end(database)
        page.get_by_text("8 / 2 == 4").wait_for()
        page.goto("/submit/slow_div")
        assert page.get_by_label("When finished").input_value() == "ada@example.org"
