"""Filters of the controller: each condition, invalid ones, the query, the tables, the indexes."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import exists, func, text

from pandadb.controller import JobFilter
from pandadb.core.jobs.search.job_choices import pandaids_of
from pandadb.core.jobs.search.job_filters.regexes import SearchTimeout, bounded
from pandadb.core.jobs.search.pages import count, find
from pandadb.core.sql.validation import InvalidValue
from pandadb.core.statemachine.machine import UnknownState
from pandadb.models import FilesTable4, JobsActive4
from tests.factories import make_archived, make_job, make_retry, make_satellites
from tests.plans import plans

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

DAY = datetime(2026, 11, 20)


def ids(session: Session, chosen: JobFilter) -> list[int]:
    return pandaids_of(session, chosen)


@pytest.mark.parametrize(
    ("chosen", "column", "matching", "other"),
    [
        ({"tasks": 7}, "jeditaskid", 7, 8),
        ({"tasks": [6, 7]}, "jeditaskid", 7, None),
        ({"status": "running"}, "jobstatus", "running", "sent"),
        ({"status": ["failed", "sent"]}, "jobstatus", "failed", "running"),
        ({"name": "evgen.*"}, "jobname", "evgen.001", "xevgen.001"),
        ({"owner": "ann"}, "produsername", "ann", "anna"),
        ({"owner": ["ann", "b*"]}, "produsername", "bob", None),
        ({"queue": "CERN_?"}, "computingsite", "CERN_A", "CERNXA"),
        ({"queue": "CERN_[!AB]"}, "computingsite", "CERN_C", "CERN_A"),
        ({"label": "user"}, "prodsourcelabel", "user", "managed"),
        ({"error_code": "pilot=1305"}, "piloterrorcode", 1305, 1306),
        ({"error_code": 1305}, "ddmerrorcode", 1305, 1306),
        ({"error": r"(?i)lost \w+beat"}, "ddmerrordiag", "Lost heartbeat", "late heartbeat"),
        ({"cloud": "US"}, "cloud", "US", "DE"),
        ({"gshare": None}, "gshare", None, "User"),
        ({"attemptnr": [2, 3]}, "attemptnr", 3, 1),
        ({"gshare": ["User", None]}, "gshare", None, "Test"),
        ({"where": JobsActive4.attemptnr > 2}, "attemptnr", 3, 2),
        ({"where": func.upper(JobsActive4.cloud) == "US"}, "cloud", "us", "de"),
    ],
    ids=lambda value: ", ".join(value) if isinstance(value, dict) else "",
)
def test_a_condition_chooses(
    session: Session, chosen: dict[str, Any], column: str, matching: Any, other: Any
) -> None:
    wanted = make_job(session, **{"jobstatus": "failed", column: matching})
    make_job(session, **{"jobstatus": "failed", column: other})

    assert ids(session, JobFilter(**chosen)) == [wanted]
    assert count(session, JobFilter(**chosen)) == [{"jobs": 1}]


def test_jobs_are_named_by_one_id_or_by_several(session: Session) -> None:
    made = [make_job(session, state) for state in ("defined", "running", "finished")]

    assert ids(session, JobFilter(pandaids=made[1])) == made[1:2]
    assert ids(session, JobFilter(pandaids=made[:2]) & JobFilter(pandaids=made[1:])) == made[1:2]
    assert ids(session, JobFilter(pandaids=[])) == ids(session, JobFilter(status=[])) == []


def test_both_ends_of_a_time_are_in_it(session: Session) -> None:
    hours = [DAY + timedelta(hours=hour) for hour in range(4)]
    made = [make_job(session, "finished", modificationtime=hour) for hour in hours]

    assert ids(session, JobFilter(since=hours[1], until=hours[2])) == made[1:3]
    assert ids(session, JobFilter(since=hours[3])) == made[3:]


def test_an_origin_has_all_attempts_at_its_work(session: Session) -> None:
    first, second, third, other = (make_job(session, "failed") for _ in range(4))
    make_retry(session, first, second)
    make_retry(session, second, third, first)
    make_retry(session, first, other, first, "jobset_retry")

    assert ids(session, JobFilter(origin=first)) == [first, second, third]
    assert ids(session, JobFilter(origin=[other])) == [other]


def test_the_archive_is_searched_if_asked(session: Session) -> None:
    archived = make_archived(session, "finished", computingsite="CERN")
    live = make_job(session, "running", computingsite="CERN")
    here = JobFilter(queue="CERN")

    assert ids(session, here) == [live]
    assert ids(session, here | JobFilter(status="running", archived=True)) == [archived, live]
    assert ids(session, ~JobFilter(status="running", archived=True)) == [archived]


def test_an_expression_may_have_a_subquery(session: Session) -> None:
    wanted, other = (make_job(session, "running") for _ in range(2))
    make_satellites(session, wanted)
    make_job(session, "finished", pandaid=other + 1)
    has_files = exists().where(FilesTable4.pandaid == JobsActive4.pandaid)

    assert ids(session, JobFilter(where=has_files)) == [wanted]
    assert ids(session, ~JobFilter(where=has_files)) == [other, other + 1]


def test_a_filter_is_a_value() -> None:
    one = JobFilter(status="failed", tasks=[5, 6])

    assert one == JobFilter(tasks=(5, 6), status=["failed"]) or one != JobFilter()
    assert hash(one) == hash(JobFilter(status="failed", tasks=[5, 6]))
    assert ~~one == one
    with pytest.raises(AttributeError):
        one.archived = True  # type: ignore[misc]


def test_what_matches_all_is_known() -> None:
    every, failed = JobFilter(), JobFilter(status="failed")

    assert every.is_unconditional
    assert (every | failed).is_unconditional
    assert (every & every).is_unconditional
    assert not (every & failed).is_unconditional
    assert every & failed == failed
    assert (~every | failed) == failed
    assert not (~every).is_unconditional


def test_states_decide_which_tables_are_read() -> None:
    sql = JobFilter(status="running", tasks=5).as_sql()

    assert "jobsactive4" in sql
    assert "jobsarchived4" not in sql
    assert "= 'running'" in sql or "IN ('running')" in sql


def test_the_query_as_sql_runs_as_it_is(session: Session) -> None:
    made = make_job(session, "failed", piloterrordiag="it's lost", modificationtime=DAY)
    make_job(session, "running")
    chosen = (
        JobFilter(pandaids=[made], error="it's", since=DAY, until=DAY)
        & ~JobFilter(name=["a%'*", "[!b]"], tasks=[5, 6])
        & JobFilter(where=JobsActive4.attemptnr == 0, origin=made)
    )

    assert session.execute(text(chosen.as_sql().replace(":", "\\:"))).all() == [
        ("jobsarchived4", made)
    ]
    assert session.execute(text(JobFilter(status=[]).as_sql())).all() == []


@pytest.mark.parametrize(
    ("chosen", "sentence"),
    [
        ({"status": "runing"}, "There is no state 'runing'"),
        ({"tasks": "seven"}, "jeditaskid has to be a whole number"),
        ({"pandaids": [2**63]}, "pandaid is too large"),
        ({"owner": 5}, "owner has to be text"),
        ({"name": ["a\0b"]}, "name cannot have a NUL"),
        ({"since": DAY.astimezone()}, "since has to be a time, naive UTC"),
        ({"until": "yesterday"}, "until has to be a time"),
        ({"error_code": "pilto=5"}, "No component 'pilto' reports errors: is it pilot?"),
        ({"computingsit": "CERN"}, "has no column 'computingsit': is it computingsite?"),
        ({"attemptnr": "two"}, "attemptnr has to be a whole number"),
        ({"where": "1 = 1"}, "where has to be an expression of SQLAlchemy"),
        ({"where": FilesTable4.lfn == "x"}, "has to be on the columns of jobs"),
        ({"error": 5}, "error has to be text"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_invalid_filter_is_a_sentence(chosen: dict[str, Any], sentence: str) -> None:
    with pytest.raises((InvalidValue, UnknownState), match=sentence.replace("?", r"\?")):
        JobFilter(**chosen)


def test_a_malformed_regular_expression_is_a_sentence(session: Session) -> None:
    with pytest.raises(InvalidValue, match=r"error '\(' is no regular expression: paren"):
        find(session, JobFilter(status="failed") & ~JobFilter(error="("))


def test_a_catastrophic_regular_expression_ends_at_the_timeout(session: Session) -> None:
    make_job(session, "failed", piloterrordiag="a" * 400 + "x")
    session.execute(text("SET LOCAL statement_timeout = '300ms'"))

    with pytest.raises(SearchTimeout, match="took longer than 300ms: add conditions"):
        find(session, JobFilter(error=r"^((a|b)*)((a|b)*)((a|b)*)\5\3\1x$"))


def test_a_search_by_text_has_a_timeout_and_leaves_none_behind(session: Session) -> None:
    def timeout() -> Any:
        return session.scalar(text("SHOW statement_timeout"))

    assert timeout() == "0"
    with bounded(session, JobFilter(error="x").to_filter()):
        assert timeout() == "1min"
    assert timeout() == "0"
    with bounded(session, JobFilter(status="failed").to_filter()):
        assert timeout() == "0"


def test_values_are_never_sql(session: Session) -> None:
    make_job(session, "running")

    assert ids(session, JobFilter(owner="x' OR '1'='1", error="'", queue="';*")) == []


INDEXED: list[tuple[dict[str, Any], str]] = [
    ({"pandaids": [5, 6]}, "pandaid"),
    ({"tasks": 5}, "jeditaskid"),
    ({"owner": "ann"}, "produsername"),
    ({"queue": "CERN", "status": "activated"}, "computingsite"),
    ({"name": "evgen"}, "jobname"),
    ({"since": DAY, "status": "finished"}, "modificationtime"),
]


@pytest.mark.parametrize(("chosen", "column"), INDEXED, ids=str)
def test_common_filters_use_an_index_in_each_table(
    session: Session, chosen: dict[str, Any], column: str
) -> None:
    (plan,) = plans(session, lambda: find(session, JobFilter(**chosen), limit=10))

    for part in plan.split("Append")[-1].split("->  Limit"):
        if " on jobs" in part:
            assert f"({column} " in part or f"(({column}" in part, plan
    assert "Seq Scan" not in plan.replace("Seq Scan on jobswaiting4", "")


def test_the_attempts_at_a_work_are_found_by_indexes(session: Session) -> None:
    (plan,) = plans(session, lambda: find(session, JobFilter(origin=5), limit=10))

    assert "originpandaid = ANY" in plan
    assert "Seq Scan" not in plan
