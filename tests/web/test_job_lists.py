"""The list of jobs: filters in the address, pages, CSV, JSON, and the API."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pandadb.services import jobs

if TYPE_CHECKING:
    from fastapi.testclient import TestClient

    from pandadb.database import Database

pytestmark = pytest.mark.any_server


def submitted(database: Database, number: int) -> list[int]:
    """Submit jobs whose site is markup, and whose user is a formula."""
    values = [{"computingsite": "<b>", "produsername": f"=name {n}"} for n in range(number)]
    return jobs.submit(database, [jobs.NewJob(job) for job in values])


def test_filter_is_in_the_address_and_texts_are_escaped(
    reader: TestClient, database: Database
) -> None:
    submitted(database, 2)
    page = reader.get("/jobs?computingsite=%3Cb%3E").text
    assert page.count("&lt;b&gt;") >= 2
    assert "<b>" not in page
    assert "No job matches" in reader.get("/jobs?computingsite=other").text


def test_pages_follow_each_other(reader: TestClient, database: Database) -> None:
    ids = submitted(database, 3)
    first = reader.get("/jobs?limit=2&format=json").json()
    rest = reader.get("/jobs", params={"limit": 2, "format": "json", "after": first["next"]}).json()
    assert [row["pandaid"] for row in (*first["rows"], *rest["rows"])] == sorted(ids, reverse=True)
    assert rest["next"] is None


def test_csv_has_no_formulas(reader: TestClient, database: Database) -> None:
    submitted(database, 1)
    lines = reader.get("/jobs?format=csv").text.splitlines()
    assert lines[0].startswith("pandaid,jobstatus")
    assert "'=name 0" in lines[1]


def test_api_refuses_unknown_conditions_by_name(reader: TestClient) -> None:
    answer = reader.get("/api/v1/jobs?jobstate=failed")
    assert answer.status_code == 400
    assert "jobstate" in answer.json()["error"]
