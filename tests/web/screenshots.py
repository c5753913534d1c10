"""Draw the screenshots of the docs: `python -m tests.web.screenshots`, with a Chromium."""

from __future__ import annotations

import shutil
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from playwright.sync_api import sync_playwright

from pandadb.database import Database
from pandadb.demo import grid, job_lives, queue_life, task_life, tour
from pandadb.services import jobs, schema
from pandadb.web.accounts.users import Role, User
from pandadb.web.options import WebOptions
from tests.databases import temporary_database
from tests.servers import running_server
from tests.web.browser.conftest import NAMES, OPTIONS
from tests.web.serving import serving

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page

FOLDER = Path(__file__).parents[2] / "docs/images"
SIZE = {"width": 1200, "height": 750}


def main() -> None:
    """Fill a database as the demo does, serve it, and store a picture of each page."""
    chromium = next(filter(None, map(shutil.which, NAMES)), None)
    if chromium is None:
        sys.exit("There is no Chromium.")
    FOLDER.mkdir(exist_ok=True)
    with (
        running_server("") as server,
        temporary_database(server) as url,
        Database(url) as database,
    ):
        pages = dict(_pages(database))
        with (
            serving(database, WebOptions("of pictures"), _operator) as (host, port),
            sync_playwright() as playwright,
        ):
            browser = playwright.chromium.launch(executable_path=chromium, args=[*OPTIONS])
            new = browser.new_page(base_url=f"http://{host}:{port}", viewport=SIZE)
            for name, path in pages.items():
                _draw(new, name, path)
            browser.close()


def _operator(_: object) -> User:
    return User("olga", Role.OPERATOR)


def _pages(database: Database) -> Iterator[tuple[str, str]]:
    """Yield names and addresses of pages of a database that has lived."""
    schema.upgrade(database)
    yesterday = datetime.now(UTC).date() - timedelta(1)
    tour.run(database, [], yesterday)
    grid.prepare(database)
    job_lives.live(database)
    task = task_life.run_task(database, lambda _: None)
    with TemporaryDirectory() as folder:
        queue_life.run_queue(database, Path(folder))
    tour.put_away(database, yesterday)
    failed = jobs.find(database, jobs.Filter(jobstatus="failed"), columns=["pandaid"], limit=1)
    yield "overview", "/"
    yield "jobs", "/jobs?jobstatus=failed"
    yield "job", f"/jobs/{failed.jobs[0]['pandaid']}"
    yield "task", f"/tasks/{task.jeditaskid}"
    yield "archive", "/archive"


def _draw(page: Page, name: str, path: str) -> None:
    page.goto(path)
    page.screenshot(path=FOLDER / f"web_{name}.png")
    print(f"{name}: {page.title()}")  # noqa: T201  # this is its report


if __name__ == "__main__":
    main()
