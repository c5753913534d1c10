"""Reports of Harvester and pilots side by side, dry runs, numbers of workers, killed processes."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event, func, select, text, update
from sqlalchemy.exc import ProgrammingError

from pandadb.core.harvester import worker_counts, worker_updates
from pandadb.core.harvester.worker_reports import read_reports
from pandadb.core.sql.transaction import Lock
from pandadb.core.sql.validation import InvalidValue
from pandadb.models import (
    HarvesterRelJobsWorkers,
    HarvesterWorkers,
    HarvesterWorkerStats,
)
from pandadb.services import harvester, jobs
from pandadb.services.harvester import PilotState
from pandadb.services.jobs import DispatchRequest
from pandadb.services.transaction import VerbOptions
from tests.factories import make_job
from tests.harvester_workers import report, rows
from tests.properties.test_crashes import how_many_work, wait_until
from tests.waiting import meanwhile

if TYPE_CHECKING:
    from pandadb.database import Database

DRY = VerbOptions(dry_run=True)
NOWAIT = VerbOptions(lock=Lock.NOWAIT)
KILLED = """
import json, sys
from pandadb.database import Database
from pandadb.services import harvester

with Database(sys.argv[1]) as database:
    number = int(sys.argv[2])
    while True:
        number += 1
        reports = [
            {
                "workerID": n,
                "status": "running",
                "nCore": number,
                "pandaid_list": [number * 100 + n],
            }
            for n in range(50)
        ]
        harvester.update_workers(database, "H1", reports)
        print(number, flush=True)
"""


def now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


def found(database: Database, name: str = "H1") -> dict[int, Any]:
    with database.session() as session:
        return rows(session, name)


def statements_of(database: Database, work: Any) -> int:
    sent: list[str] = []

    def note(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
        sent.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    work()
    event.remove(database.engine, "before_cursor_execute", note)
    return len(sent)


def test_the_number_of_statements_does_not_grow_with_the_workers(database: Database) -> None:
    def call(number: int) -> int:
        reports = [report(n, "failed", syncLevel=1, pandaid_list=[n]) for n in range(number)]
        return statements_of(database, lambda: harvester.update_workers(database, "H1", reports))

    assert call(1) == call(1000)


def test_a_dry_run_writes_nothing(database: Database) -> None:
    done = harvester.update_workers(database, "H1", [report(1), report(2)], options=DRY)

    assert (done.new, found(database)) == ([0, 1], {})


def test_two_harvesters_with_one_name_leave_one_row_for_each_worker(database: Database) -> None:
    def send(place: int) -> None:
        order = [*range(100)]
        random.Random(place).shuffle(order)
        reports = [report(n, nCore=place, pandaid_list=[place]) for n in order]
        harvester.update_workers(database, "H1", reports)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(send, range(8)))

    (last,) = {one.ncore for one in found(database).values()}
    with database.session() as session:
        jobs_of = select(HarvesterRelJobsWorkers.pandaid).distinct()
        assert session.scalars(jobs_of).all() == [last]
    assert len(found(database)) == 100


def test_a_second_harvester_waits_for_the_first(database: Database) -> None:
    with database.session() as session:
        worker_updates.write(session, "H1", read_reports([report(1, "running")]))
        work = lambda: harvester.update_workers(database, "H1", [report(1, "idle")])  # noqa: E731
        with meanwhile(database, work):
            session.commit()

    assert {one.status for one in found(database).values()} == {"idle"}


def test_a_row_that_a_server_changes_meanwhile_is_written_after_it(database: Database) -> None:
    """PanDA's server knows no turns: its update moves the time that our statement has seen."""
    harvester.update_workers(database, "H1", [report(1, "submitted", nCore=1)])
    with database.session() as session:
        change = update(HarvesterWorkers).values(lastupdate=now(), status="ready", nodeid="n")
        session.execute(change)
        again = {"workerID": 1, "status": "running"}
        with meanwhile(database, lambda: harvester.update_workers(database, "H1", [again])):
            session.commit()

    one = found(database)[1]
    assert (one.status, one.nodeid, one.ncore) == ("running", "n", 1)


def test_dispatches_beside_reports_leave_one_row_after_the_next_report(
    database: Database,
) -> None:
    harvester.register(database, "H1")
    with database.session() as session:
        for _ in range(60):
            make_job(session, "activated", computingsite="CERN", prodsourcelabel="managed")

    def dispatch(worker: int) -> None:
        jobs.dispatch(database, DispatchRequest("CERN", 1), worker=("H1", worker))

    def send(_: int) -> None:
        harvester.update_workers(database, "H1", [report(n) for n in range(20)])

    with ThreadPoolExecutor(4) as pool:
        work = [pool.submit(dispatch, n % 20) for n in range(60)]
        work += [pool.submit(send, n) for n in range(10)]
        for one in work:
            one.result()
    send(0)

    assert {*found(database)} == {*range(20)}


def test_pilots_report_starts_and_ends(database: Database) -> None:
    harvester.update_workers(database, "H1", [report(1), report(2)])

    known = harvester.note_pilots(
        database,
        "H1",
        [PilotState(1, "started", "node"), PilotState(2, "finished"), PilotState(9, "running")],
    )

    one, two = found(database)[1], found(database)[2]
    assert known == [1, 2]
    assert (one.pilotstatus, one.nodeid, one.pilotendtime) == ("started", "node", None)
    assert one.pilotstarttime is not None
    assert (two.pilotstatus, two.pilotstarttime) == ("finished", None)
    assert two.pilotendtime is not None


def test_what_a_pilot_cannot_report_is_refused(database: Database) -> None:
    for odd in (PilotState(1, "x" * 81), PilotState(1, "a\0"), PilotState(1, "run", 7)):  # type: ignore[arg-type]
        with pytest.raises(InvalidValue):
            harvester.note_pilots(database, "H1", [odd])


def behind(database: Database, workerid: int, **columns: Any) -> None:
    """Make a worker that runs by its pilot since two hours, and is submitted by Harvester."""
    hours = timedelta(hours=2)
    row = {
        "harvesterid": "H1", "workerid": workerid, "status": "submitted", "lastupdate": now(),
        "submittime": now() - hours, "pilotstatus": "running", "pilotstarttime": now() - hours,
    }  # fmt: skip
    with database.session() as session:
        session.add(HarvesterWorkers(**row | columns))


def test_workers_behind_their_pilots_are_found_once_in_half_an_hour(database: Database) -> None:
    """PanDA's server has inverted the filter, and finds those just found: semantics 9."""
    behind(database, 1)
    behind(database, 2, pilotstatussynctime=now() - timedelta(minutes=31))
    behind(database, 3, pilotstatussynctime=now() - timedelta(minutes=29))

    first, again = harvester.synchronise(database), harvester.synchronise(database)

    assert [(one.command, one.workers) for one in first] == [("SYNC_WORKERS_ACTIVATE", [1, 2])]
    assert again == []


def test_all_conditions_hold_for_workers_of_both_kinds(database: Database) -> None:
    """An OR binds wider in PanDA's server: of one kind workers are of any age; semantics 9."""
    old = {"lastupdate": now() - timedelta(days=8)}
    behind(database, 1, **old)
    behind(database, 2, submittime=now() - timedelta(days=15))
    ended = {"pilotstatus": "finished", "pilotendtime": now() - timedelta(hours=2)}
    behind(database, 3, **ended, **old)
    behind(database, 4, **ended, status="running")
    behind(database, 5, pilotstarttime=now() - timedelta(minutes=59))
    behind(database, 6, status="running")
    behind(database, 7, **ended, status="finished")

    done = harvester.synchronise(database)

    assert [(one.command, one.workers) for one in done] == [("SYNC_WORKERS_KILL", [4])]


def test_one_command_has_all_workers_of_an_instance(database: Database) -> None:
    """PanDA's server sends a hundred in each command, and each replaces the one before."""
    with database.session() as session:
        for n in range(250):
            hours = now() - timedelta(hours=2)
            session.add(
                HarvesterWorkers(
                    harvesterid="H1",
                    workerid=n,
                    status="ready",
                    lastupdate=now(),
                    submittime=hours,
                    pilotstatus="running",
                    pilotstarttime=hours,
                )
            )

    (done,) = harvester.synchronise(database)

    (taken,) = harvester.take_commands(database, "H1", 10)
    assert taken.params == done.workers == [*range(250)]
    assert taken.ack_requested == 0


def test_two_looks_at_once_find_different_workers(database: Database) -> None:
    for n in range(40):
        behind(database, n)

    with ThreadPoolExecutor(2) as pool:
        looks = list(pool.map(lambda _: harvester.synchronise(database), range(2)))

    workers = [worker for look in looks for one in look for worker in one.workers]
    assert sorted(workers) == [*range(40)]


COUNTS = {"managed": {"SCORE": {"running": 3, "submitted": 1}, "Undefined": {"running": 9}}}


def stats(database: Database) -> set[tuple[Any, ...]]:
    table = HarvesterWorkerStats
    columns = (table.harvester_id, table.computingsite, table.jobtype, table.resourcetype)
    with database.session() as session:
        return {
            tuple(row) for row in session.execute(select(*columns, table.status, table.n_workers))
        }


def test_numbers_of_a_queue_replace_its_last_ones(database: Database) -> None:
    harvester.report_counts(database, "H1", {"A": {"user": {"S": {"ready": 1}}}, "B": COUNTS})
    refused = harvester.report_counts(
        database, "H1", {"A": COUNTS, "B": {"managed": {"SCORE": {"running": "many"}}}}
    )

    assert refused == {"B": "n_workers has to be a whole number, not 'many'"}
    both = {(queue, state, n) for _, queue, _, _, state, n in stats(database)}
    assert both == {(q, s, n) for q in "AB" for s, n in COUNTS["managed"]["SCORE"].items()}


@pytest.mark.parametrize("odd", [None, 5, [], {"managed": 3}, {"managed": {"S": [1]}}])
def test_numbers_that_are_none_are_refused(database: Database, odd: Any) -> None:
    assert {*harvester.report_counts(database, "H1", {"A": odd, "B": COUNTS})} == {"A"}
    assert {row[1] for row in stats(database)} == {"B"}


def test_of_two_reports_at_once_the_second_is_refused_or_waits(database: Database) -> None:
    with database.session() as session:
        worker_counts.report(session, "H1", {"A": COUNTS})
        refused = harvester.report_counts(database, "H1", {"A": {}, "B": COUNTS}, options=NOWAIT)
        other = {"A": {"user": {"S": {"idle": 2}}}}
        with meanwhile(database, lambda: harvester.report_counts(database, "H1", other)):
            session.commit()

    assert {*refused} == {"A"}
    assert {row[1:] for row in stats(database) if row[1] == "A"} == {("A", "user", "S", "idle", 2)}


def test_numbers_are_counted_from_workers_and_are_theirs(database: Database) -> None:
    states = ["submitted", "running", "running", "finished", "idle"]
    reports = [
        report(n, status, computingSite=f"Q{n % 2}", jobType="managed" if n % 3 else None)
        for n, status in enumerate(states * 4)
    ]
    harvester.report_counts(database, "H1", {"GONE": COUNTS})
    harvester.update_workers(database, "H1", reports)

    harvester.count_workers(database, "H1")

    table = HarvesterWorkers
    with database.session() as session:
        kind = func.coalesce(table.jobtype, "ANY")
        key = (table.computingsite, kind, table.resourcetype, table.status)
        plain = select(table.harvesterid, *key, func.count()).where(table.status != "finished")
        right = {tuple(row) for row in session.execute(plain.group_by(table.harvesterid, *key))}
    assert stats(database) == right


def test_numbers_of_more_than_four_hours_ago_do_not_count(database: Database) -> None:
    harvester.report_counts(database, "H1", {"A": COUNTS, "B": COUNTS})
    old = update(HarvesterWorkerStats).where(HarvesterWorkerStats.computingsite == "A")
    with database.session() as session:
        session.execute(old.values(lastupdate=now() - timedelta(hours=4, minutes=1)))

    known = harvester.worker_counts_of(database)

    assert known == {"B": {"H1": {"managed": {"SCORE": {"running": 3, "submitted": 1}}}}}


@pytest.mark.slow
def test_calls_that_are_killed_are_whole_or_not_there(
    database: Database, database_url: str, pytestconfig: pytest.Config
) -> None:
    chance = random.Random(7)
    for number in range(max(pytestconfig.getoption("--kills") // 4, 1)):
        process = subprocess.Popen(
            [sys.executable, "-c", KILLED, database_url, str(number * 1000)],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        heard = [int(process.stdout.readline()) for _ in range(2)]
        time.sleep(chance.uniform(0, 0.05))
        process.kill()
        process.wait()
        process.stdout.close()
        database.engine.dispose()
        wait_until(lambda: how_many_work(database) == 0)

        (last,) = {one.ncore for one in found(database).values()}
        assert len(found(database)) == 50
        assert last >= heard[-1]
        with database.session() as session:
            columns = (HarvesterRelJobsWorkers.workerid, HarvesterRelJobsWorkers.pandaid)
            pairs = {tuple(row) for row in session.execute(select(*columns))}
        assert pairs == {(n, last * 100 + n) for n in range(50)}


def test_a_name_that_does_not_fit_is_refused(database: Database) -> None:
    for name in ("", "x" * 51, "a\0b", 5):
        with pytest.raises(InvalidValue):
            harvester.update_workers(database, name, [report(1)])  # type: ignore[arg-type]


def test_a_reason_shows_no_credentials(database: Database) -> None:
    done = harvester.update_workers(
        database, "H1", [report(1, nCore={"token": "abc"}), report(2, startTime="password=abc")]
    )

    assert "abc" not in json.dumps(done.refused)
    assert {*done.refused} == {0, 1}


def test_an_error_of_the_database_shows_no_credentials(database: Database) -> None:
    with database.session() as session:
        session.execute(text("DROP TABLE pandadb.harvester_worker_time"))

    with pytest.raises(ProgrammingError) as raised:
        harvester.update_workers(database, "H1", [report(1, stdOut="https://u:hunter2@host")])

    assert "hunter2" not in str(raised.value)
    assert found(database) == {}
