"""Workers as Harvester reports them: what a report changes, and what a late one does not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select, text, update

from pandadb.core.harvester.worker_reports import PILOT_COLUMNS, read_reports
from pandadb.models import HarvesterWorkers, HarvesterWorkerTime, JobOutputReport, JobsActive4
from tests.factories import make_job
from tests.harvester_workers import related, report, rows, send

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

NOON = datetime(2026, 1, 2, 12)


def now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


def at(minute: int) -> str:
    return f"datetime/{NOON + timedelta(minutes=minute):%Y-%m-%d %H:%M:%S.%f}"


def count(session: Session, model: Any) -> int:
    return session.scalar(select(func.count()).select_from(model)) or 0


def test_a_report_begins_a_worker_and_the_next_changes_what_it_names(session: Session) -> None:
    first = send(session, report(1, "submitted", diagMessage="waits"), report(2, "submitted"))
    next_ = send(session, {"workerID": 1, "status": "running", "startTime": at(5)})

    assert (first.new, next_.updated) == ([0, 1], [0])
    one = rows(session)[1]
    assert (one.status, one.batchid, one.starttime) == (
        "running",
        "b1",
        NOON + timedelta(minutes=5),
    )
    assert one.diagmessage == "waits"


def test_null_in_a_report_is_a_value(session: Session) -> None:
    send(session, report(1, diagMessage="waits"))
    send(session, report(1, diagMessage=None))

    assert rows(session)[1].diagmessage is None


def test_what_pilots_report_is_not_harvesters_to_change(session: Session) -> None:
    done = send(session, report(1, pilotStatus="finished", pilotEndTime=at(1), harvesterID="H2"))

    assert done.refused == {}
    assert [getattr(rows(session)[1], name) for name in PILOT_COLUMNS] == [None] * 4


@pytest.mark.parametrize("minutes", [None, 10])
def test_a_report_that_is_late_changes_nothing(session: Session, minutes: int | None) -> None:
    newer = {} if minutes is None else {"lastUpdate": at(minutes)}
    send(session, report(1, "running", pandaid_list=[1], **newer))

    late = send(session, report(1, "submitted", lastUpdate=at(5), pandaid_list=[2], nCore=1))

    assert (late.late, late.updated) == ([0], [])
    assert (rows(session)[1].status, rows(session)[1].ncore) == ("running", 8)
    assert related(session) == {(1, 1)}


def test_a_late_report_does_not_move_the_workers_own_time(session: Session) -> None:
    for minute, status in ((10, "running"), (5, "ready"), (8, "ready"), (11, "idle")):
        send(session, report(1, status, lastUpdate=at(minute)))

    assert rows(session)[1].status == "idle"
    time = session.scalars(select(HarvesterWorkerTime)).one()
    assert time.reported_at == NOON + timedelta(minutes=11)


def test_a_clock_that_is_ahead_does_not_hold_a_worker_for_ever(session: Session) -> None:
    send(session, report(1, "submitted", lastUpdate="2999-01-01 00:00:00"))
    send(session, report(1, "running"))

    assert rows(session)[1].status == "running"


def test_the_times_of_a_row_that_another_server_wrote_do_not_count(session: Session) -> None:
    send(session, report(1, "running", lastUpdate=at(10)))
    session.execute(update(HarvesterWorkers).values(lastupdate=NOON))

    assert send(session, report(1, "idle", lastUpdate=at(5))).updated == [0]


def test_lastupdate_is_the_servers_time(session: Session) -> None:
    before = now() - timedelta(seconds=5)
    send(session, report(1, lastUpdate=at(1)))

    assert rows(session)[1].lastupdate > before


@pytest.mark.parametrize("status", ["finished", "failed", "cancelled", "missed"])
def test_a_worker_that_has_ended_keeps_its_state_for_three_hours(
    session: Session, status: str
) -> None:
    send(session, report(1, status), report(2, status))
    earlier = {HarvesterWorkers.lastupdate: now() - timedelta(hours=3, minutes=1)}
    session.execute(update(HarvesterWorkers).where(HarvesterWorkers.workerid == 2).values(earlier))

    send(session, report(1, "running", nodeID="n"), report(2, "running"))

    found = rows(session)
    assert [found[1].status, found[1].nodeid, found[2].status] == [status, "n", "running"]


def test_reports_on_one_worker_in_a_call_count_in_its_own_time(session: Session) -> None:
    done = send(
        session,
        report(1, "running", lastUpdate=at(3), nodeID="n"),
        report(1, "submitted", lastUpdate=at(1), batchLog="log"),
        report(2, "submitted"),
        report(2, "running"),
    )

    found = rows(session)
    assert [found[1].status, found[1].nodeid, found[1].batchlog] == ["running", "n", "log"]
    assert found[2].status == "running"
    assert (done.new, done.updated, done.late) == ([1, 2], [0, 3], [])


STATES = st.sampled_from(["submitted", "ready", "running", "idle"])
REPORTS = st.lists(
    st.tuples(st.integers(1, 3), st.integers(0, 59), STATES),
    min_size=1,
    max_size=12,
    unique_by=lambda one: one[:2],
)


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(reports=REPORTS, cuts=st.sets(st.integers(0, 12)))
def test_the_newest_by_the_workers_own_time_wins_in_whatever_order(
    session: Session, reports: list[tuple[int, int, str]], cuts: set[int]
) -> None:
    given_ = [
        report(worker, status, lastUpdate=at(minute), nCore=minute)
        for worker, minute, status in reports
    ]
    with session.begin_nested() as undone:
        edges = [0, *sorted(cuts), len(given_)]
        for first, last in pairwise(edges):
            send(session, *given_[first:last])

        newest = {worker: (minute, status) for worker, minute, status in sorted(reports)}
        found = {one.workerid: (one.ncore, one.status) for one in rows(session).values()}
        undone.rollback()
    assert found == newest


def test_rows_that_a_server_beside_ours_has_doubled_become_one(session: Session) -> None:
    for minutes, status in ((20, "submitted"), (10, "running")):
        when = now() - timedelta(minutes=minutes)
        row = HarvesterWorkers(harvesterid="H1", workerid=1, lastupdate=when, status=status)
        session.add(row)
    session.flush()

    done = send(session, report(1, nodeID="n", status="idle"))

    assert (done.updated, rows(session)[1].status) == ([0], "idle")


def test_a_worker_moves_between_partitions_and_stays_one(session: Session) -> None:
    days = [
        f"CREATE TABLE doma_panda.harvester_workers_old PARTITION OF doma_panda.harvester_workers"
        f" FOR VALUES FROM ('{NOON:%Y-%m-%d}') TO ('{NOON + timedelta(1):%Y-%m-%d}')"
    ]
    for day in days:
        session.execute(text(day))
    session.add(HarvesterWorkers(harvesterid="H1", workerid=1, lastupdate=NOON, status="ready"))
    session.flush()

    send(session, report(1, "running"))

    assert rows(session)[1].status == "running"
    assert session.scalar(text("SELECT count(*) FROM doma_panda.harvester_workers_old")) == 0


def test_a_list_of_jobs_is_authoritative_and_an_empty_one_says_nothing(session: Session) -> None:
    send(session, report(1, pandaid_list=[1, 2, 2]), report(2, pandaid_list=[9]))
    send(session, report(1, pandaid_list=[2, 3]), report(2, pandaid_list=[]))

    assert related(session) == {(1, 2), (1, 3), (2, 9)}


def job_row(session: Session, pandaid: int) -> Any:
    return session.execute(
        select(JobsActive4.__table__).where(JobsActive4.pandaid == pandaid)
    ).one()


def test_jobs_fail_with_their_worker_if_it_is_in_step(session: Session) -> None:
    states = ("running", "starting", "holding", "sent")
    jobs = [make_job(session, status, attemptnr=2, starttime=NOON) for status in states]
    send(session, report(1, pandaid_list=jobs))

    done = send(session, report(1, "failed", syncLevel=1, diagMessage="gone"))

    found = {one: job_row(session, one) for one in jobs}
    assert done.failed_jobs == jobs[:2]
    assert [found[one].taskbuffererrorcode for one in jobs] == [300, 300, 0, 0]
    assert "gone" in found[jobs[0]].taskbuffererrordiag
    assert [found[one].starttime for one in jobs] == [NOON, None, NOON, NOON]
    reports = session.execute(
        select(JobOutputReport.pandaid, JobOutputReport.attemptnr, JobOutputReport.jobstatus)
    ).all()
    assert sorted(map(tuple, reports)) == [(one, 2, "failed") for one in jobs[:2]]


def test_the_error_of_a_worker_has_the_time_of_now_not_of_midnight(session: Session) -> None:
    """PanDA's server stores midnight, by its translation of CURRENT_DATE: semantics 9."""
    job = make_job(session, "running", modificationtime=now())
    before = session.scalar(select(func.timezone("UTC", func.statement_timestamp())))
    send(session, report(1, pandaid_list=[job]))

    send(session, report(1, "missed", errorCode=7, diagMessage="x" * 500))

    found = job_row(session, job)
    assert found.statechangetime >= before
    assert (found.superrorcode, len(found.superrordiag)) == (7, 250)


def test_a_job_that_has_a_report_already_keeps_it_and_its_worker_is_written(
    session: Session,
) -> None:
    """The insert fails in PanDA's server, and on PostgreSQL its whole transaction: semantics 9."""
    job = make_job(session, "running", attemptnr=1)
    session.add(JobOutputReport(pandaid=job, attemptnr=1, jobstatus="finished", timestamp=NOON))
    session.flush()

    done = send(session, report(1, "failed", syncLevel=1, pandaid_list=[job]), report(2))

    assert (done.new, done.failed_jobs) == ([0, 1], [job])
    assert session.scalars(select(JobOutputReport.jobstatus)).one() == "finished"


@pytest.mark.parametrize(
    ("age", "status"), [(timedelta(days=31), "running"), (timedelta(0), "finished")]
)
def test_old_and_finished_jobs_get_no_error_of_their_worker(
    session: Session, age: timedelta, status: str
) -> None:
    job = make_job(session, "running", modificationtime=now() - age)
    session.execute(update(JobsActive4).values(jobstatus=status))

    send(session, report(1, "failed", errorCode=7, pandaid_list=[job]))

    assert job_row(session, job).superrorcode == 0


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"diagMessage": "x" * 501}, "diagmessage is too long: 501 characters, 500 fit"),
        ({"batchID": "a\0b"}, "batchid cannot have a NUL character in it"),
        ({"batchID": 17}, "batchid has to be text, not 17"),
        ({"nCore": "many"}, "ncore has to be a whole number, not 'many'"),
        ({"nCore": 2**31}, "ncore is too large: 2147483648, the limit is 2147483647"),
        ({"nCore": float("nan")}, "ncore has to be a whole number, not nan"),
        ({"nCore": True}, "ncore has to be a whole number, not True"),
        ({"stdOut": "\ud800"}, "stdout has bytes in it that are not UTF-8"),
        ({"status": None}, "status has to have a value: it cannot be NULL"),
        ({"submitTime": "yesterday"}, "submittime has to be a time, not 'yesterday'"),
        ({"submitTime": 5}, "submittime has to be a time, not 5"),
        ({"lastUpdate": "soon"}, "lastupdate has to be a time, not 'soon'"),
        ({"pandaid_list": "12"}, "pandaid_list has to be a list of jobs, not '12'"),
        ({"pandaid_list": [1.5]}, "pandaid has to be a whole number, not 1.5"),
        ({"workerID": None}, "workerid has to have a value: it cannot be NULL"),
        ({"workerID": 2**63}, "workerid is too large: 9223372036854775808"),
    ],
)
def test_one_bad_worker_is_refused_with_its_reason_and_the_others_are_written(
    session: Session, wrong: dict[str, Any], why: str
) -> None:
    done = send(session, report(1), report(2, **wrong) | wrong, report(3))

    assert {*done.refused} == {1}
    assert done.refused[1].startswith(why)
    assert {*rows(session)} == {1, 3}


@pytest.mark.parametrize("odd", [None, 5, "worker", [], {"status": "running"}])
def test_what_is_no_worker_is_refused(session: Session, odd: Any) -> None:
    done = send(session, odd, report(1))

    assert ({*done.refused}, {*rows(session)}) == ({0}, {1})


def test_a_new_worker_without_a_state_is_refused(session: Session) -> None:
    done = send(session, {"workerID": 1, "batchID": "b", "lastUpdate": at(1)}, report(2))

    assert done.refused == {0: "status has to have a value: the worker is new"}
    assert {*rows(session)} == {2}
    assert count(session, HarvesterWorkerTime) == 0


@pytest.mark.parametrize(
    ("given_number", "number"), [("8", 8), (8.0, 8), (2000.5, 2001), (-0.5, -1), ("-3", -3)]
)
def test_numbers_are_read_as_postgresql_reads_them(
    session: Session, given_number: Any, number: int
) -> None:
    send(session, report(1, nCore=given_number))

    assert rows(session)[1].ncore == number
    literal = text("SELECT CAST(CAST(:given AS numeric) AS integer)")
    assert session.scalar(literal, {"given": str(given_number)}) == number


def test_the_instances_have_workers_of_their_own(session: Session) -> None:
    send(session, report(1, "running", pandaid_list=[1]))
    send(session, report(1, "ready", pandaid_list=[2]), harvester="H2")

    assert rows(session)[1].status == "running"
    assert rows(session, "H2")[1].status == "ready"
    assert related(session) == {(1, 1), (1, 2)}


def test_reports_are_read_into_rounds_with_one_of_each_worker() -> None:
    given_ = [report(1), report(2), report(1, lastUpdate=at(1)), report(1)]

    rounds = [[one.place for one in part] for part in read_reports(given_).rounds()]

    assert rounds == [[2, 1], [0], [3]]
