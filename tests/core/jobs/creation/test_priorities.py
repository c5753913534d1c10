"""Priorities of users' jobs fall with their number; those of some are fixed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event, select

from pandadb.core.jobs.creation.priorities import Standing, priority
from pandadb.core.jobs.creation.submission import NewJob, submit
from pandadb.models import Config, JobsDefined4
from tests.factories import make_job

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

USER = {"prodsourcelabel": "user", "produsername": "U"}
BUILD = {"prodsourcelabel": "panda", "produsername": "U"}


@pytest.mark.parametrize(
    ("job", "wanted"),
    [
        (USER, 1000),
        ({**USER, "assignedpriority": 900}, 1000),
        ({**USER, "assignedpriority": 1500}, 1500),
        ({**USER, "assignedpriority": 7, "currentpriority": 1600}, 1000),
        ({**USER, "currentpriority": 1600}, 1600),
        ({**USER, "assignedpriority": 900, "specialhandling": "a,sj"}, 900),
        ({**USER, "specialhandling": "sj"}, 1000),
        ({**USER, "specialhandling": "express,x"}, 6000),
        ({**USER, "assignedpriority": 5000, "processingtype": "pmerge"}, 5000),
        ({**USER, "processingtype": "pmerge"}, 1000),
        ({**USER, "produsername": "artprod"}, 7000),
        (BUILD, 2000),
        ({**BUILD, "assignedpriority": 5}, 2000),
        ({**BUILD, "specialhandling": "express"}, 6500),
        ({**BUILD, "produsername": "artprod"}, 7000),
    ],
)
def test_the_first_job_of_a_user_has_a_priority_by_its_kind(
    job: dict[str, Any], wanted: int
) -> None:
    assert priority(job, Standing(), 0) == wanted


@pytest.mark.parametrize(
    ("job", "wanted"),
    [
        (USER, 50),
        ({**USER, "specialhandling": "sj"}, 51),
        ({**USER, "specialhandling": "express"}, 50),
        (BUILD, 2050),
    ],
)
def test_a_boost_is_the_priority_of_all_jobs_of_its_user(job: dict[str, Any], wanted: int) -> None:
    assert priority(job, Standing(3, boost=50), 9) == wanted


@given(st.integers(0, 10**6), st.integers(0, 10**4))
def test_more_jobs_never_have_a_higher_priority(jobs: int, serial: int) -> None:
    one, other = (priority(USER, Standing(jobs + more), serial) for more in (0, 1))
    assert one - 1 <= other <= one


@pytest.mark.parametrize("kind", ["hammercloud", "gangarobot", "gangarobot-pft", "hammercloud-fax"])
def test_tests_of_sites_do_not_pay_for_the_number_of_jobs(kind: str) -> None:
    assert priority({**USER, "processingtype": kind}, Standing(jobs=500), 0) == 1000


def submitted(session: Session, *columns: dict[str, Any]) -> list[int]:
    ids = submit(session, [NewJob(one) for one in columns], "defined", "here")
    rows = select(JobsDefined4.pandaid, JobsDefined4.currentpriority)
    found = {row.pandaid: row.currentpriority for row in session.execute(rows)}
    return [found[pandaid] for pandaid in ids]


def test_jobs_that_have_not_ended_count_with_those_of_the_call(session: Session) -> None:
    for n in range(4):
        make_job(session, "activated" if n % 2 else "defined", **USER)
    make_job(session, "merging", **USER)
    make_job(session, "activated", **{**USER, "produsername": "V"})
    make_job(session, "activated", **USER, workinggroup="higgs")
    make_job(session, "activated", **BUILD)

    assert submitted(session, BUILD, USER, USER) == [2000, 999, 998]


def test_jobs_of_a_working_group_are_counted_by_themselves(session: Session) -> None:
    make_job(session, "activated", **USER)

    assert submitted(session, {**USER, "workinggroup": "higgs"}) == [1000]


def test_production_keeps_its_priority_and_asks_for_no_count(session: Session) -> None:
    sent: list[str] = []
    event.listen(session.connection(), "before_cursor_execute", lambda *a: sent.append(a[2]))

    assert submitted(session, {"prodsourcelabel": "managed", "currentpriority": 5}) == [5]
    assert not any("dbproxy" in one or ("unnest" in one and "owner" in one) for one in sent)


@pytest.mark.parametrize(
    ("boosts", "wanted"),
    [
        ([{"type": "user", "name": "U", "prio": 70}], 70),
        ([{"type": "user", "name": "U", "prio": "70", "expire": "29990101"}], 70),
        ([{"type": "user", "name": "U", "prio": 70, "expire": "20200101"}], 1000),
        ([{"type": "group", "name": "U", "prio": 70}], 1000),
        ([5, {"type": "user"}, {"type": "user", "name": "U", "prio": "high"}], 1000),
        ({"type": "user"}, 1000),
    ],
)
def test_the_servers_settings_boost_users(session: Session, boosts: Any, wanted: int) -> None:
    key = {
        "app": "pandaserver",
        "vo": "atlas",
        "component": "dbproxy",
        "key": "USER_JOB_PRIO_BOOST_DICTS",
    }
    session.add(Config(**key, value=json.dumps(boosts), type="json", descr="-"))
    session.flush()

    assert submitted(session, USER) == [wanted]


def test_a_setting_may_have_its_json_in_a_column_of_its_own(session: Session) -> None:
    key = {"app": "pandaserver", "component": "dbproxy", "key": "USER_JOB_PRIO_BOOST_DICTS"}
    boosts = [{"type": "user", "name": USER["produsername"], "prio": 1234}]
    session.add(Config(**key, vo="wlcg", value_json=boosts, type="json", descr="-"))
    session.flush()

    assert submitted(session, USER) == [1234]
