"""Pages in a real browser: for eyes, keyboards, phones, and with or without JavaScript."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from pandadb.demo import grid, tour
from pandadb.services import jobs, queue
from pandadb.services.queue import NewQueueJob

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from pandadb.database import Database

pytestmark = [pytest.mark.any_server, pytest.mark.slow]
PATHS = (
    "/", "/jobs", "/jobs?jobstatus=none", "/tasks", "/workers", "/archive", "/partitions",
    "/shares", "/sites", "/harvester", "/applications", "/nothing",
)  # fmt: skip
PHONE = {"width": 390, "height": 844}


def lived(database: Database) -> None:
    """Fill a database as the demo does, and add a flow of a queue."""
    yesterday = datetime.now(UTC).date() - timedelta(1)
    tour.run(database, [], yesterday)
    grid.prepare(database)
    queue.submit(database, [NewQueueJob("q", "A"), NewQueueJob("q", "B", parents=["A"])])


CONTENTS = {"page": lived}


def paths(database: Database) -> list[str]:
    """Return the addresses of all kinds of pages."""
    found = jobs.find(database, columns=["pandaid", "jeditaskid"], descending=True, limit=500).jobs
    task = next(job["jeditaskid"] for job in found if job["jeditaskid"])
    return [*PATHS, f"/jobs/{found[0]['pandaid']}", f"/tasks/{task}"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_are_accessible_and_fit_a_phone(page: Page, database: Database, scheme: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size(PHONE)
    wrong = {}
    for path in paths(database):
        page.goto(path)
        found = axe.run(page).response["violations"]
        wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        ids = page.evaluate("[...document.querySelectorAll('[id]')].map(one => one.id)")
        if found or wide > 0 or len({*ids}) < len(ids):
            where = {one["id"]: [node["html"][:120] for node in one["nodes"]][:3] for one in found}
            wrong[path] = (where, wide, ids)
    assert not wrong


def test_table_is_filtered_while_typing_and_the_address_is_shared(page: Page) -> None:
    page.goto("/jobs")
    page.get_by_label("State", exact=True).fill("pending")
    page.wait_for_url(re.compile("jobstatus=pending"))
    states = page.locator("#result td.state")
    states.first.wait_for()
    assert {*states.all_inner_texts()} == {"pending"}
    address = page.url
    page.goto("/")
    page.goto(address)
    assert page.get_by_label("State", exact=True).input_value() == "pending"


def test_pages_work_without_javascript(chromium: Browser, page: Page, address: str) -> None:
    with chromium.new_context(base_url=address, java_script_enabled=False) as context:
        plain = context.new_page()
        plain.goto("/jobs")
        plain.get_by_label("State", exact=True).fill("pending")
        plain.get_by_role("button", name="Filter").click()
        assert "jobstatus=pending" in plain.url
        assert plain.locator("#result td.state").count() == 1
        plain.locator("#result a").first.click()
        assert re.search(r"/jobs/\d+$", plain.url)


def test_keyboard_reaches_the_content(page: Page) -> None:
    page.goto("/jobs")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    page.keyboard.press("Enter")
    assert page.url.endswith("#content")
    page.keyboard.press("Tab")
    assert page.evaluate("document.getElementById('content').contains(document.activeElement)")


def test_verb_is_tried_before_it_is_done(page: Page, database: Database) -> None:
    (job,) = jobs.find(database, jobs.Filter(jobstatus="pending"), columns=["pandaid"]).jobs
    page.goto(f"/jobs/{job['pandaid']}")
    page.get_by_role("button", name=re.compile("^cancel", re.IGNORECASE)).first.click()
    assert jobs.get(database, job["pandaid"])["jobstatus"] == "pending"
    page.get_by_role("button", name=re.compile("confirm|cancel 1", re.IGNORECASE)).first.click()
    page.wait_for_load_state()
    assert jobs.get(database, job["pandaid"])["jobstatus"] in ("cancelled", "closed")
