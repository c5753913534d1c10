"""Counts of SITEDATA: the numbers are those of the unmodified server."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import insert, select

from pandadb.core.sql.validation import InvalidValue
from pandadb.models import SiteData
from pandadb.services import sites
from tests.factories import make_job

if TYPE_CHECKING:
    from pandadb.database import Database

TABLE = SiteData.__table__
NOW = datetime.now(UTC).replace(tzinfo=None)


def give(database: Database, *rows: dict[str, Any]) -> None:
    with database.transaction() as connection:
        for row in rows:
            connection.execute(insert(TABLE).values(row))


def rows(database: Database, *columns: str) -> list[tuple[Any, ...]]:
    names = ("site", "flag", "hours", *columns)
    with database.transaction() as connection:
        found = connection.execute(select(*(TABLE.c[name] for name in names)).order_by(*names[:3]))
        return [tuple(row) for row in found]


def test_requests_are_counted_by_host_and_averaged_over_hosts(database: Database) -> None:
    asked = {"A": {"getJob": {"n1": 3, "n2": 4}, "updateJob": {"n1": 1}}}
    sites.count_requests(database, "h1", asked)
    sites.count_requests(database, "h2", {"A": {"getJob": {"n1": 1}, "noJob": {"z": 3, "y": 0}}})
    counts = ("getjob", "getjobabs", "updatejob", "updatejobabs", "nojob", "nojobabs")
    assert rows(database, *counts) == [
        ("A", "h1", 3, 2, 7, 1, 1, 0, 0),
        ("A", "h2", 3, 1, 1, 0, 0, 2, 3),
        ("A", "production", 3, 2, 4, 1, 1, 1, 2),
    ]


def test_an_analysis_site_has_its_average_even_with_one_for_production(database: Database) -> None:
    """The server updates a row that is not there [bug]."""
    give(database, {"site": "ANALY_A", "flag": "production", "hours": 3, "lastmod": NOW})
    sites.count_requests(database, "h1", {"ANALY_A": {"getJob": {"n": 5}}})
    assert [row[1:] for row in rows(database, "getjobabs")] == [
        ("analysis", 3, 5),
        ("h1", 3, 5),
        ("production", 3, None),
    ]


def test_counts_older_than_the_period_are_0_and_those_of_days_are_gone(database: Database) -> None:
    old = [
        {"site": f"S{hours}", "flag": "h", "hours": 3, "getjob": 5,
         "lastmod": NOW - timedelta(hours=hours)}
        for hours in (1, 4, 49)
    ]  # fmt: skip
    give(database, *old)
    sites.count_requests(database, "h", {})
    assert rows(database, "getjob") == [("S1", "h", 3, 5), ("S4", "h", 3, 0)]


def test_running_user_jobs_of_analysis_sites_are_counted_with_the_largest_of_a_day(
    database: Database,
) -> None:
    give(
        database,
        {"site": "ANALY_A", "flag": "max", "hours": 0, "running": 50, "lastmod": NOW},
        {"site": "ANALY_A", "flag": "snapshot", "hours": 7, "running": 9, "lastmod": NOW},
        {"site": "ANALY_Z", "flag": "max", "hours": 0, "running": 5,
         "lastmod": NOW - timedelta(days=3)},
    )  # fmt: skip
    with database.session() as session:
        for site, label in (
            ("ANALY_A", "user"), ("ANALY_A", "panda"), ("ANALY_A", "managed"), ("A", "user"),
            ("ANALYXB", "user"), ("ANALY_B", "user"),
        ):  # fmt: skip
            make_job(session, "running", computingsite=site, prodsourcelabel=label)
    sites.count_running(database)
    found = rows(database, "running", "nojob")
    assert [row for row in found if row[1] == "max"] == [
        ("ANALY_A", "max", 0, 9, None),
        ("ANALY_B", "max", 0, 1, None),
    ]
    taken = [
        (site, running)
        for site, flag, hours, running, _ in found
        if flag == "snapshot" and hours > 7
    ]
    assert taken == [("ANALY_A", 2), ("ANALY_B", 1)]


@pytest.mark.parametrize(
    ("host", "requests", "words"),
    [
        ("h" * 10_000, {}, "flag is too long"),
        ("h", {"A\0": {}}, "site cannot have a NUL character"),
        ("h", {"A": {"getJob": {"n": 2**63}}}, "getjobabs is too large"),
    ],
)
def test_what_does_not_fit_is_a_sentence(
    database: Database, host: str, requests: Any, words: str
) -> None:
    with pytest.raises(InvalidValue, match=words):
        sites.count_requests(database, host, requests)
    assert rows(database) == []
