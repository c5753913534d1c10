"""Forms of pages, sent as a browser does: with the cookie and the token of the form."""

from __future__ import annotations

import hashlib
import re
from html import unescape
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

if TYPE_CHECKING:
    from fastapi.testclient import TestClient
    from httpx import Response

    from pandadb.database import Database

TABLES = (
    "doma_panda.jobsdefined4", "doma_panda.jobsactive4", "doma_panda.jobsarchived4",
    "doma_panda.jobswaiting4", "doma_panda.filestable4", "doma_panda.jobs_statuslog",
    "doma_panda.jedi_tasks", "doma_panda.jedi_datasets", "doma_deft.prodsys_comm",
    "doma_panda.jedi_job_retry_history", "pandadb.job_control", "pandadb.job_lease",
    "pandadb.job_dependency", "pandadb.job_group_member", "pandadb.worker", "pandadb.outbox",
)  # fmt: skip
"""The tables that verbs change."""


def send(client: TestClient, path: str, **fields: Any) -> Response:
    """Send a form, with the token of a page that was loaded before."""
    page = client.get("/workers").text
    token = re.search(r'"X-Form-Token": "([0-9a-f]+)"', unescape(page))
    assert token
    answer: Response = client.post(path, data={**fields, "form_token": token[1]})
    return answer


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
