"""Dispatch: which jobs, in which order, to whom; and through which index."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event, func, insert, literal, select, text, update

from pandadb.core.jobs.dispatch.dispatches import DispatchRequest, take
from pandadb.models import (
    FilesTable4,
    HarvesterInstances,
    HarvesterRelJobsWorkers,
    HarvesterWorkers,
    JobsActive4,
    JobsStatusLog,
)
from tests.factories import make_job, make_satellites

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from pandadb.database import Database


def dispatched(
    session: Session, njobs: int = 10, shares: tuple[str, ...] = (), **wanted: Any
) -> list[int]:
    found = take(session, DispatchRequest("CERN", njobs, **wanted), shares, "node")
    return [one.pandaid for one in found]


def job(session: Session, **columns: Any) -> int:
    return make_job(session, "activated", computingsite="CERN", **columns)


def test_jobs_of_the_site_are_sent(session: Session) -> None:
    mine = job(session)
    make_job(session, "activated", computingsite="DESY")
    make_job(session, "throttled", computingsite="CERN")

    assert dispatched(session) == [mine]

    sent = session.get_one(JobsActive4, mine, populate_existing=True)
    assert (sent.jobstatus, sent.modificationhost, sent.jobexecutionid) == ("sent", "node", 0)
    assert sent.starttime == sent.modificationtime == sent.statechangetime
    assert session.scalars(select(JobsStatusLog.jobstatus)).all() == ["sent"]
    assert dispatched(session) == []


def test_the_order_is_share_then_priority_then_pandaid(session: Session) -> None:
    low = job(session, gshare="Production", currentpriority=1)
    other = job(session, gshare="Unheard of", currentpriority=9)
    high = job(session, gshare="Production", currentpriority=5)
    first = job(session, gshare="Analysis", currentpriority=0)
    second = job(session, gshare="Analysis", currentpriority=0)
    test = job(session, gshare="Test")
    none = job(session, gshare=None, currentpriority=8)

    order = dispatched(session, shares=("Analysis", "Production"))

    assert order == [test, first, second, high, low, other, none]


def test_no_more_are_taken_than_asked_for(session: Session) -> None:
    jobs = [job(session, currentpriority=n) for n in range(5)]

    assert dispatched(session, 0) == []
    assert dispatched(session, 2) == [jobs[4], jobs[3]]


@pytest.mark.parametrize(
    ("wanted", "fits", "too_much"),
    [
        ({"labels": ["user", "panda"]}, {"prodsourcelabel": "user"}, {"prodsourcelabel": "test"}),
        ({"memory": 2000}, {"minramcount": 2000}, {"minramcount": 2001}),
        ({"disk": 10}, {"maxdiskcount": 10}, {"maxdiskcount": 11}),
        ({"walltime": 3600}, {"maxwalltime": None}, {"maxwalltime": 3601}),
        ({"resource_type": "SCORE"}, {"resource_type": "SCORE"}, {"resource_type": "MCORE"}),
        ({"produsername": "me"}, {"produsername": "me"}, {"produsername": "you"}),
        ({"jeditaskid": 5}, {"jeditaskid": 5}, {"jeditaskid": 6}),
    ],
)
def test_a_worker_gets_what_it_can_run(
    session: Session, wanted: dict[str, Any], fits: dict[str, Any], too_much: dict[str, Any]
) -> None:
    mine = job(session, **fits)
    job(session, currentpriority=99, **too_much)

    assert dispatched(session, **wanted) == [mine]


def test_jobs_that_others_take_are_skipped_however_many_they_are(database: Database) -> None:
    with database.session() as session:
        jobs = [job(session) for _ in range(100)]
    with database.session() as other, database.session() as session:
        assert dispatched(other, 70) == jobs[:70]
        assert dispatched(session, 1) == jobs[70:71]
        assert dispatched(session, 99) == jobs[71:]


def test_eight_workers_never_get_the_same_job(database: Database) -> None:
    with database.session() as session:
        rows = select(func.generate_series(1, 400), literal("activated"), literal("CERN"))
        names = ["pandaid", "jobstatus", "computingsite"]
        session.execute(insert(JobsActive4).from_select(names, rows))

    def work(_: int) -> list[int]:
        got: list[int] = []
        while True:
            with database.session() as session:
                more = dispatched(session, 7)
            if not more:
                return got
            got += more

    with ThreadPoolExecutor(8) as pool:
        taken = [one for got in pool.map(work, range(8)) for one in got]

    assert sorted(taken) == [*range(1, 401)]


def test_a_worker_is_related_to_its_jobs_if_its_harvester_is_known(session: Session) -> None:
    mine = job(session)
    session.add(HarvesterInstances(harvester_id="H1", description="-"))
    session.flush()

    for harvester in ("H1", "H1", "H2"):
        take(session, DispatchRequest("CERN"), (), "node", (harvester, 5))
        session.execute(update(JobsActive4).values(jobstatus="activated"))

    related = select(HarvesterRelJobsWorkers.harvesterid, HarvesterRelJobsWorkers.pandaid)
    assert session.execute(related).all() == [("H1", mine)]


def test_jobs_come_as_they_are_now_with_their_files_and_parameters(session: Session) -> None:
    odd = {"jobname": "'1\\2\" é", "gco2_global": Decimal("0.125"), "currentpriority": 5}
    bare, whole = job(session), job(session, **odd)
    make_satellites(session, whole)
    time = datetime(2026, 1, 2, 3, 4, 5, 60)
    session.execute(update(FilesTable4).values(creationtime=time, lfn=odd["jobname"]))

    first, second = take(session, DispatchRequest("CERN", 2), (), "node")

    assert [first.pandaid, second.pandaid] == [whole, bare]
    for one in (first, second):
        row = select(JobsActive4.__table__).where(JobsActive4.pandaid == one.pandaid)
        assert one.job == session.execute(row).mappings().one()
    files = select(FilesTable4.__table__).order_by(FilesTable4.row_id)
    assert [file["type"] for file in first.files] == ["input", "output", "log"]
    assert first.files == session.execute(files).mappings().all()
    assert first.parameters == "--events 10"
    assert (second.files, second.parameters) == ([], None)


def test_a_worker_may_want_to_know_less(session: Session) -> None:
    mine = job(session, jobname="j", cloud="US")
    make_satellites(session, mine)

    wanted = DispatchRequest("CERN", columns=["cloud", "jobname"], satellites=False)
    (taken,) = take(session, wanted, (), "node")

    assert taken.job == {"pandaid": mine, "cloud": "US", "jobname": "j"}
    assert (taken.files, taken.parameters) == ([], None)


def test_labels_that_are_named_twice_are_one(session: Session) -> None:
    jobs = [job(session, prodsourcelabel="user") for _ in range(80)]

    assert dispatched(session, 80, labels=["user", "panda", "user"]) == jobs


def test_jobs_of_the_labels_come_from_all_shares(session: Session) -> None:
    kinds = [(share, label) for share in ("A", "B", "C") for label in ("user", "test", "panda")]
    jobs = {kind: job(session, gshare=kind[0], prodsourcelabel=kind[1]) for kind in kinds}

    order = dispatched(session, shares=("C", "A", "B"), labels=["user", "panda"])

    wanted = [(share, label) for share in "CAB" for label in ("user", "panda")]
    assert order == [jobs[kind] for kind in wanted]


@pytest.mark.parametrize("labels", [None, ["user"]])
def test_a_dispatch_is_planned_no_more_after_a_while(
    session: Session, labels: list[str] | None
) -> None:
    for _ in range(12):
        dispatched(session, shares=("Analysis",), labels=labels)

    plans = "SELECT generic_plans FROM pg_prepared_statements WHERE statement LIKE :dispatch"
    assert session.scalars(text(plans), {"dispatch": "WITH RECURSIVE%"}).all() == [7]


def fill(session: Session, jobstatus: str, first: int) -> None:
    """Put 20,000 jobs of five shares into a queue."""
    n = func.generate_series(first, first + 19_999).column_valued("n")
    share = func.concat("share ", n % 5)
    rows = select(n, literal(jobstatus), literal("CERN"), literal("user"), share)
    names = ["pandaid", "jobstatus", "computingsite", "prodsourcelabel", "gshare"]
    session.execute(insert(JobsActive4).from_select(names, rows))


def explained(database: Database) -> str:
    """Return the plan of a dispatch of ten jobs."""
    plan: list[str] = []

    def explain(*said: Any) -> None:
        cursor, statement, parameters = said[1:4]
        if "WITH RECURSIVE" in statement:
            cursor.execute(f"EXPLAIN (ANALYZE) {statement}", parameters)
            plan.extend(row[0] for row in cursor.fetchall())

    with database.session() as session:
        event.listen(session.connection(), "before_cursor_execute", explain)
        dispatched(session, 10, ("share 3", "share 1"))
    return "\n".join(plan)


def test_a_queue_of_many_jobs_is_read_through_the_index(database: Database) -> None:
    with database.session() as session:
        fill(session, "activated", 1)
        session.execute(text("ANALYZE doma_panda.jobsactive4"))

    said = explained(database)

    assert "Incremental Sort" in said  # shares that come later are not looked at
    assert "Seq Scan on jobsactive4" not in said
    assert said.count("using jobsactive4_dispatch_idx") >= 2


def test_a_job_is_locked_by_its_id_even_if_no_activated_ones_were_known(database: Database) -> None:
    with database.session() as session:
        fill(session, "sent", 1)
        session.execute(text("ANALYZE doma_panda.jobsactive4"))
        fill(session, "activated", 20_001)

    lock = (
        r"-> +LockRows .*\n( +Buffers.*\n)?"
        r"( +InitPlan.*\n +-> +Result.*\n)* +-> +Index Scan using jobsactive4_pkey"
    )
    assert re.search(lock, explained(database))


def worker_rows(session: Session) -> list[tuple[Any, ...]]:
    columns = (HarvesterWorkers.harvesterid, HarvesterWorkers.workerid, HarvesterWorkers.status)
    rows = select(*columns, HarvesterWorkers.njobs).order_by(HarvesterWorkers.lastupdate)
    return [tuple(row) for row in session.execute(rows)]


def test_a_worker_with_a_job_runs_if_its_harvester_is_known(session: Session) -> None:
    for _ in range(4):
        job(session)
    session.add(HarvesterInstances(harvester_id="H1", description="-"))
    session.flush()

    for worker in (("H1", 7), ("H1", 7), ("H2", 8)):
        take(session, DispatchRequest("CERN"), (), "here", worker=worker)

    assert worker_rows(session) == [("H1", 7, "running", 1)]


def test_a_worker_without_a_job_is_not_noted(session: Session) -> None:
    session.add(HarvesterInstances(harvester_id="H1", description="-"))
    session.flush()

    take(session, DispatchRequest("NOWHERE"), (), "here", worker=("H1", 7))

    assert worker_rows(session) == []


@pytest.mark.parametrize(
    ("minutes", "status", "wanted"),
    [(10, "finished", "finished"), (200, "finished", "running"), (10, "submitted", "running")],
)
def test_a_worker_that_has_just_ended_keeps_its_state(
    session: Session, minutes: int, status: str, wanted: str
) -> None:
    job(session)
    session.add(HarvesterInstances(harvester_id="H1", description="-"))
    when = datetime.now(UTC).replace(tzinfo=None) - timedelta(minutes=minutes)
    session.add(HarvesterWorkers(harvesterid="H1", workerid=7, lastupdate=when, status=status))
    session.flush()

    take(session, DispatchRequest("CERN"), (), "here", worker=("H1", 7))

    assert worker_rows(session) == [("H1", 7, wanted, 1)]


def test_of_two_rows_of_a_worker_the_newest_takes_the_job(session: Session) -> None:
    job(session)
    session.add(HarvesterInstances(harvester_id="H1", description="-"))
    for minutes, status in ((20, "submitted"), (10, "ready")):
        when = datetime.now(UTC).replace(tzinfo=None) - timedelta(minutes=minutes)
        session.add(HarvesterWorkers(harvesterid="H1", workerid=7, lastupdate=when, status=status))
    session.flush()

    take(session, DispatchRequest("CERN"), (), "here", worker=("H1", 7))

    assert worker_rows(session) == [("H1", 7, "submitted", None), ("H1", 7, "running", 1)]
