"""Forms of pages that are sent, and what the answers have."""

from __future__ import annotations

import hashlib
import re
from html import unescape
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

if TYPE_CHECKING:
    import httpx2

    from pandadb.database import Database
    from tests.web.browsers import Browser

TABLES = (
    "doma_panda.jobsdefined4", "doma_panda.jobsactive4", "doma_panda.jobsarchived4",
    "doma_panda.jobswaiting4", "doma_panda.filestable4", "doma_panda.jobs_statuslog",
    "doma_panda.jedi_tasks", "doma_panda.jedi_datasets", "doma_deft.prodsys_comm",
    "doma_panda.jedi_job_retry_history", "pandadb.job_control", "pandadb.job_lease",
    "pandadb.job_dependency", "pandadb.job_group_member", "pandadb.worker", "pandadb.outbox",
)  # fmt: skip
"""The tables that verbs change."""


def send(browser: Browser, path: str, **fields: Any) -> httpx2.Response:
    """Send a form, with the token of a page that was loaded before."""
    return browser.submit(path, "/workers", **fields)


def hidden(page: str) -> dict[str, str]:
    """Return the hidden fields of the forms of a page."""
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page)
    return {name: unescape(value) for name, value in found}


def sentence(page: str) -> str:
    """Return the sentence of an outcome."""
    found = re.search(r'<p class="sentence" role="status">(.*?)</p>', page)
    assert found, page
    return unescape(found[1])


def buttons(page: str) -> list[str]:
    """Return the verbs of the buttons of a page."""
    return [unescape(one) for one in re.findall(r'<button name="verb" value="([^"]+)"', page)]


def snapshot(database: Database) -> dict[str, str]:
    """Return a fingerprint of each table that verbs change."""
    query = "SELECT coalesce(string_agg(t::text, '|' ORDER BY t::text), '') FROM {} t"
    with database.session() as session:
        rows = {table: session.scalar(text(query.format(table))) for table in TABLES}
    return {name: hashlib.md5(str(rows[name]).encode()).hexdigest() for name in rows}
