"""Ends of tasks: inputs that have ended, scouts, final states, children."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event, select, text

from pandadb.core.sql.validation import InvalidValue
from pandadb.database import Database
from pandadb.models import (
    Config,
    Datasets,
    JediEvents,
    JobsArchived4,
    ResourceTypes,
    SchedconfigJSON,
    TaskAttempts,
    TaskMetrics,
    TasksStatusLog,
)
from pandadb.services.tasks import ends
from pandadb.services.tasks.ends import end_tasks, prepare_ends
from pandadb.services.tasks.progress import task_progress
from pandadb.services.transaction import VerbOptions
from tests.factories import make_job
from tests.task_rows import (
    FINISHED,
    LONG_AGO,
    SPENT,
    dataset_row,
    deft_row,
    file_columns,
    give_dataset,
    give_task,
    task_row,
)

NOW = datetime.now(UTC).replace(tzinfo=None, microsecond=0)
SCOUTING = {
    "splitrule": "US=2,FT=1", "walltime": 0, "walltimeunit": "kSI2kseconds", "basewalltime": 60,
    "cpuefficiency": 100, "cputime": 10, "cputimeunit": "HS06sPerEvent", "outdiskcount": 100,
    "outdiskunit": "kB", "workdiskcount": 0, "baseramcount": 0,
}  # fmt: skip


def give_ended(
    database: Database,
    jeditaskid: int,
    files: list[dict[str, Any]],
    status: str = "running",
    **columns: Any,
) -> int:
    """Make a task whose input has ended, with as much output."""
    give_task(database, jeditaskid, status, **columns)
    give_dataset(database, jeditaskid, 1, files)
    give_dataset(database, jeditaskid, 2, [one for one in files if one is FINISHED], "output")
    return jeditaskid


def give_scouting(
    database: Database, jeditaskid: int, states: list[str], files: int = 5, **columns: Any
) -> None:
    """Make a task with scouts in those states, and files that wait for them."""
    columns = {"status": "scouting", **SCOUTING, **columns}
    give_task(database, jeditaskid, **columns)
    as_file = {
        "finished": FINISHED, "failed": SPENT, "running": {"status": "running"},
    }  # fmt: skip
    scouts = [{**as_file[state], "pandaid": jeditaskid * 10 + n} for n, state in enumerate(states)]
    rest: list[dict[str, Any]] = [{} for _ in range(files - len(states))]
    give_dataset(database, jeditaskid, 1, [*scouts, *rest], nfilestobeused=len(states))
    with database.session() as session:
        for n, state in enumerate(states):
            if state == "finished":
                make_job(
                    session, "finished", jeditaskid * 10 + n, jeditaskid=jeditaskid,
                    computingsite="QUEUE", starttime=NOW - timedelta(minutes=60),
                    endtime=NOW - timedelta(minutes=10), cpuconsumptiontime=2700,
                    actualcorecount=1, maxpss=1_500_000, outputfilebytes=5 * 1024 * 1024,
                    modificationtime=NOW, jobmetrics="a=1 scout=old",
                )  # fmt: skip


def logged(database: Database, jeditaskid: int) -> list[tuple[str, str | None]]:
    log = TasksStatusLog
    query = select(log.status, log.reason).where(log.jeditaskid == jeditaskid)
    with database.session() as session:
        return [tuple(row) for row in session.execute(query.order_by(log.modificationtime))]


@pytest.mark.parametrize(
    ("files", "inputs", "outputs", "state"),
    [
        ([FINISHED, FINISHED], "done", "done", "done"),
        ([FINISHED, SPENT], "finished", "done", "finished"),
        ([SPENT, SPENT], "failed", "failed", "failed"),
    ],
)
def test_a_task_ends_by_the_part_of_its_input_that_succeeded(
    database: Database, files: list[dict[str, Any]], inputs: str, outputs: str, state: str
) -> None:
    give_ended(database, 1, files)

    assert prepare_ends(database, "wlcg", "managed") == {1: "prepared"}
    assert dataset_row(database, 11).status == inputs
    assert dataset_row(database, 12).status == "prepared"
    assert end_tasks(database, "wlcg", "managed").ended == {1: state}

    task, deft = task_row(database, 1), deft_row(database, 1)
    assert (task.status, task.superstatus, deft.status) == (state, state, state)
    assert task.endtime is not None
    assert task.lockedby is None
    assert dataset_row(database, 12).status == outputs
    assert [status for status, _ in logged(database, 1)] == ["prepared", state]


def test_a_task_ends_its_attempt_and_counts_its_finished_jobs(database: Database) -> None:
    files = [{**FINISHED, "pandaid": 501}, {**FINISHED, "pandaid": 501}, {**SPENT, "pandaid": 502}]
    give_task(database, 1, "prepared")
    give_dataset(database, 1, 1, files)
    with database.session() as session:
        session.add(TaskAttempts(jeditaskid=1, attemptnr=0, starttime=LONG_AGO))

    end_tasks(database)

    assert deft_row(database, 1).total_done_jobs == 1
    with database.session() as session:
        attempt = session.scalars(select(TaskAttempts)).one()
        assert (attempt.endstatus, attempt.endtime is not None) == ("finished", True)


def test_a_task_with_files_left_or_an_agent_at_work_goes_on(database: Database) -> None:
    give_ended(database, 1, [FINISHED, {}])
    give_ended(database, 2, [FINISHED], lockedby="agent", lockedtime=NOW + timedelta(hours=1))
    give_ended(database, 3, [FINISHED], vo="atlas")
    give_ended(database, 4, [FINISHED], status="pending")
    give_task(database, 5, "running")
    give_dataset(database, 5, 1, [FINISHED, {"status": "pending"}], nfilestobeused=1)

    assert prepare_ends(database, "wlcg", "managed") == {}
    assert prepare_ends(database) == {3: "prepared"}


def test_a_task_that_its_parent_may_still_feed_looks_its_input_up_again(
    database: Database,
) -> None:
    give_ended(database, 1, [FINISHED])
    with database.session() as session:
        session.execute(text("UPDATE doma_panda.jedi_datasets SET state = 'mutable'"))

    assert prepare_ends(database) == {1: "defined"}
    assert dataset_row(database, 11).status == "toupdate"


def test_merging_comes_before_the_end(database: Database) -> None:
    give_ended(database, 1, [FINISHED])
    give_dataset(database, 1, 3, [{}], "trn_log")

    assert prepare_ends(database) == {}

    with database.session() as session:
        session.execute(
            text("UPDATE doma_panda.jedi_datasets SET nfilesfinished = 1, nfilesused = 1")
        )
    assert prepare_ends(database) == {1: "prepared"}
    end_tasks(database)
    assert dataset_row(database, 13).status == "done"


@pytest.mark.parametrize(("files", "state"), [([FINISHED], "registered"), ([SPENT], "prepared")])
def test_a_task_begins_anew_after_its_preprocessing(
    database: Database, files: list[dict[str, Any]], state: str
) -> None:
    give_task(database, 1, "preprocessing", splitrule="UP=1,NF=2")
    give_dataset(database, 1, 1, files, "pp_input")

    assert prepare_ends(database) == {1: state}

    done = state == "registered"
    assert task_row(database, 1).splitrule == ("UP=2,NF=2" if done else "UP=1,NF=2")
    if not done:
        assert end_tasks(database).ended == {1: "failed"}
        assert (task_row(database, 1).errordialog or "").endswith("Preprocessing step failed")


def test_scouts_give_their_task_values_and_have_the_other_jobs_follow(
    database: Database,
) -> None:
    give_scouting(database, 1, ["finished", "finished"])
    with database.session() as session:
        session.add(SchedconfigJSON(panda_queue="QUEUE", data={"corepower": 10}))
        for name, least, most in (("SCORE", 0, 1500), ("SCORE_HIMEM", 1501, None)):
            session.add(
                ResourceTypes(
                    resource_name=name, mincore=1, maxcore=1, minrampercore=least,
                    maxrampercore=most,
                )
            )  # fmt: skip

    assert prepare_ends(database, "wlcg", "managed") == {1: "scouted"}

    task = task_row(database, 1)
    assert (task.cputime, task.outdiskcount, task.ramcount) == (441, 51, 1611)
    assert (task.iointensity, task.iointensityunit) == (36, "kBPerS")
    assert (task.splitrule, task.resource_type) == ("US=3,FT=1", "SCORE")
    assert dataset_row(database, 11).nfilestobeused == 5
    assert task.queuedtime is not None
    assert task.activatedtime is not None
    with database.session() as session:
        metrics = dict(
            session.execute(select(JobsArchived4.pandaid, JobsArchived4.jobmetrics)).all()
        )
    first = "outDiskCount|walltime|cpuTime|ioIntensity|ramCount|cpuEfficiency"
    assert metrics == {10: f"a=1 scout={first}", 11: "a=1 scout=old"}

    assert end_tasks(database, "wlcg", "managed").running == [1]
    task = task_row(database, 1)
    assert (task.status, task.superstatus) == ("running", "running")
    assert task.modificationtime < NOW - timedelta(hours=5)


@pytest.mark.parametrize(
    ("states", "columns", "state"),
    [
        (["failed", "failed"], {}, "tobroken"),
        (["finished", "failed", "failed"], {"splitrule": "US=2,SS=5"}, "tobroken"),
        (["finished", "failed"], {"splitrule": "US=2,SS=5"}, "scouted"),
        (["finished", "running"], {}, "scouted"),
        (["finished", "running", "running"], {}, None),
        (["running"], {"walltimeunit": "ava"}, "scouted"),
        (["running"], {}, None),
        (["finished", "finished"], {"status": "ready"}, "scouted"),
        (["finished", "finished"], {"status": "ready", "splitrule": "US=3"}, None),
    ],
)
def test_scouts_decide_whether_their_task_goes_on(
    database: Database, states: list[str], columns: dict[str, Any], state: str | None
) -> None:
    give_scouting(database, 1, states, **columns)

    assert prepare_ends(database) == ({} if state is None else {1: state})


def test_a_task_is_assessed_again_after_ten_minutes(database: Database) -> None:
    half, now = ["finished", "running"], datetime.now(UTC).replace(tzinfo=None)
    give_scouting(database, 1, half, assessmenttime=now - timedelta(minutes=5))
    give_scouting(database, 2, half, assessmenttime=now - timedelta(minutes=15))

    assert prepare_ends(database) == {2: "scouted"}


def test_a_running_task_without_values_gets_them_and_runs_on(database: Database) -> None:
    give_scouting(
        database, 1, ["finished", "running"], status="running", walltimeunit=None, splitrule="US=3"
    )

    assert prepare_ends(database) == {}

    task = task_row(database, 1)
    assert (task.status, task.cputime, task.walltimeunit) == ("running", 441, "kSI2kseconds")
    assert (task.modificationtime, logged(database, 1)) == (LONG_AGO, [])
    assert dataset_row(database, 11).nfilestobeused == 2


@pytest.mark.parametrize(
    ("settings", "changes", "columns", "reason"),
    [
        ({}, "maxpss = 8000000", {}, "a core, more than 4000 MB"),
        ({}, "cpuconsumptiontime = 20000", {}, "of CPU on 1 cores"),
        ({}, "cpuconsumptiontime = 300", {"splitrule": "US=2,NF=1,MC=30"}, "is 10 %, 30 % are"),
        (
            {"NUM_CPU_INEFFICIENT": 5, "THR_CPU_INEFFICIENT": 5, "LOW_CPU_EFFICIENCY": 50},
            "cpuconsumptiontime = 300", {}, "efficiency below 50 %",
        ),
        ({}, "starttime = starttime - interval '2 days'", {}, "cputime of"),
    ],
)  # fmt: skip
def test_scouts_that_need_too_much_exhaust_their_task(
    database: Database, settings: dict[str, int], changes: str, columns: dict[str, Any], reason: str
) -> None:
    columns = {"splitrule": "US=2,NF=1", **columns}
    give_scouting(database, 1, ["finished", "finished"], files=60, **columns)
    asked = json.dumps({"ramCount": 2000, "cpuTime": 10})
    with database.session() as session:
        for key, value in settings.items():
            session.add(
                Config(
                    app="jedi", component="dbproxy", key=f"SCOUT_{key}_managed", value=str(value),
                    type="int", vo="wlcg", descr="",
                )
            )  # fmt: skip
        session.execute(text(f"UPDATE doma_panda.jobsarchived4 SET {changes}"))
        session.execute(text("UPDATE doma_panda.jedi_taskparams SET taskparams = :p"), {"p": asked})

    assert prepare_ends(database) == {1: "exhausted"}

    task, deft = task_row(database, 1), deft_row(database, 1)
    assert reason in (task.errordialog or "")
    assert (task.oldstatus, task.superstatus, deft.status) == ("scouting", "exhausted", "exhausted")
    assert task.splitrule is not None
    assert task.splitrule.startswith("US=3")


def test_a_few_jobs_to_come_exhaust_no_task(database: Database) -> None:
    give_scouting(database, 1, ["finished", "finished"], files=20, splitrule="US=2,NF=1")
    with database.session() as session:
        session.execute(text("UPDATE doma_panda.jobsarchived4 SET cpuconsumptiontime = 20000"))

    assert prepare_ends(database) == {1: "scouted"}


@pytest.mark.parametrize(
    ("columns", "used", "state"),
    [
        ({"splitrule": "FG=1"}, 99, "failed"),
        ({"splitrule": "FG=1", "goal": 500}, 100, "finished"),
        ({"splitrule": "FG=1", "goal": 500}, 99, "failed"),
        ({"splitrule": "FG=1,UX=1", "goal": 900, "status": "passed"}, 100, "failed"),
        ({"splitrule": "FG=1,UX=1", "goal": 900}, 100, "exhausted"),
        ({"splitrule": "UX=1", "goal": 500}, 100, "finished"),
        ({"splitrule": "UX=1"}, 100, "exhausted"),
        ({"splitrule": "UX=1", "status": "passed"}, 100, "finished"),
    ],
)
def test_a_goal_in_per_mille_decides_about_tasks_that_are_not_complete(
    database: Database, columns: dict[str, Any], used: int, state: str
) -> None:
    give_task(database, 1, **{"status": "prepared", **columns})
    give_dataset(database, 1, 1, [FINISHED, SPENT], neventsused=used)

    assert end_tasks(database).ended == {1: state}

    task = task_row(database, 1)
    assert (task.endtime is None) is (state == "exhausted")
    if state == "failed":
        goal = f"{columns.get('goal', 1000):.1f}"
        assert f"less than the goal {goal}" in (task.errordialog or "")


def test_the_general_agent_does_not_exhaust_tasks(database: Database) -> None:
    give_task(database, 1, "prepared", splitrule="UX=1")
    give_dataset(database, 1, 1, [FINISHED, SPENT])

    assert end_tasks(database, may_exhaust=False).ended == {1: "finished"}


def test_tasks_that_optimize_parameters_finish_with_one_finished_event(
    database: Database,
) -> None:
    for task in (1, 2):
        give_task(database, task, "prepared", splitrule="HO=1")
        give_dataset(database, task, 1, [SPENT])
    with database.session() as session:
        session.add(
            JediEvents(jeditaskid=1, pandaid=1, fileid=1, job_processid=1, datasetid=11, status=3)
        )

    assert end_tasks(database).ended == {1: "finished", 2: "failed"}


@pytest.mark.parametrize(
    ("parent", "state", "ends"),
    [
        ("done", "closed", "done"),
        ("done", "mutable", "finished"),
        ("running", "closed", "finished"),
        ("failed", "closed", "failed"),
        (None, "closed", "finished"),
    ],
)
def test_a_parent_that_is_not_done_makes_less_of_a_task(
    database: Database, parent: str | None, state: str, ends: str
) -> None:
    give_task(database, 2, "prepared", parent_tid=1)
    give_dataset(database, 2, 1, [FINISHED], state=state)
    if parent:
        give_task(database, 1, parent)

    assert end_tasks(database).ended == {2: ends}


def test_a_parent_and_its_child_end_together(database: Database) -> None:
    give_ended(database, 1, [FINISHED], status="prepared")
    give_ended(database, 2, [FINISHED], status="prepared", parent_tid=1)

    assert end_tasks(database).ended == {1: "done", 2: "done"}


def test_children_of_a_failed_task_are_aborted_and_so_are_theirs(database: Database) -> None:
    give_task(database, 1, "toabort", errordialog="kill by ann")
    give_dataset(database, 1, 1, [FINISHED])
    for task, status, parent in [
        (2, "running", 1),
        (3, "pending", 2),
        (4, "done", 1),
        (5, "ready", 4),
    ]:
        give_task(database, task, status, parent_tid=parent)

    assert end_tasks(database).ended == {1: "aborted"}

    found = {task: task_row(database, task) for task in range(1, 6)}
    assert {task: (row.status, row.errordialog) for task, row in found.items()} == {
        1: ("aborted", "kill by ann"),
        2: ("toabort", "parent task is aborted"),
        3: ("toabort", "parent task is toabort"),
        4: ("done", None),
        5: ("ready", None),
    }
    assert [dataset_row(database, 11).status, found[2].modificationtime] == ["failed", LONG_AGO]
    assert logged(database, 2) == [("toabort", "parent task is aborted")]
    assert end_tasks(database).ended == {2: "aborted", 3: "aborted"}


def test_children_of_a_done_task_are_looked_at_at_once(database: Database) -> None:
    give_ended(database, 1, [FINISHED], status="prepared")
    give_task(database, 2, "pending", parent_tid=1, oldstatus="running")
    give_task(database, 3, "running", parent_tid=1)
    give_dataset(database, 3, 1, [FINISHED, {}], state="mutable", statechecktime=LONG_AGO)

    end_tasks(database)

    assert task_row(database, 2).modificationtime < LONG_AGO - timedelta(hours=1)
    checked = dataset_row(database, 31).statechecktime
    assert checked is not None
    assert checked < LONG_AGO
    assert logged(database, 2) == logged(database, 3) == []  # their states are the same


def test_dispatch_blocks_of_an_ended_task_are_deleted(database: Database) -> None:
    give_ended(database, 1, [FINISHED], status="prepared")
    with database.session() as session:
        for number, status in enumerate(("defined", "completed", "running")):
            session.add(
                Datasets(
                    vuid=f"v{number}", name=f"d{number}", type="dispatch", status=status, moverid=1,
                    modificationdate=LONG_AGO,
                )
            )  # fmt: skip

    end_tasks(database)

    with database.session() as session:
        states = session.scalars(select(Datasets.status).order_by(Datasets.vuid))
        assert [*states] == ["deleting", "deleting", "running"]


def test_periods_of_queuing_and_activity_end_with_the_task(database: Database) -> None:
    give_ended(database, 1, [FINISHED], queuedtime=LONG_AGO, activatedtime=LONG_AGO)

    prepare_ends(database)
    end_tasks(database)

    task = task_row(database, 1)
    assert (task.queuedtime, task.activatedtime) == (None, None)
    with database.session() as session:
        metrics = json.loads(session.scalars(select(TaskMetrics.data)).one() or "")
    (queuing,), (active,) = metrics["queuingPeriods"], metrics["activePeriod"]
    began = {"_datetime_object": LONG_AGO.strftime("%Y-%m-%d %H:%M:%S.%f")}
    assert (queuing["start"], queuing["status"]) == (began, "prepared")
    assert (active["start"], active["status"]) == (began, "done")


def test_a_stale_agent_does_not_keep_a_task_from_its_end(database: Database) -> None:
    give_ended(
        database,
        1,
        [FINISHED],
        status="prepared",
        lockedby="x",
        lockedtime=NOW + timedelta(hours=1),
    )
    give_ended(database, 2, [FINISHED], status="prepared", lockedby="x", lockedtime=LONG_AGO)

    assert end_tasks(database).ended == {2: "done"}


def test_two_agents_share_the_tasks_between_them(database: Database) -> None:
    for task in range(1, 41):
        give_ended(database, task, [FINISHED, SPENT])
    prepared: list[dict[int, str]] = []
    ended: list[dict[int, str]] = []

    def work() -> None:
        prepared.append(prepare_ends(database))
        ended.append(end_tasks(database).ended)

    threads = [threading.Thread(target=work) for _ in range(2)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    end_tasks(database)

    assert not prepared[0].keys() & prepared[1].keys()
    assert not ended[0].keys() & ended[1].keys()
    assert {task_row(database, task).status for task in range(1, 41)} == {"finished"}
    assert len(logged(database, 7)) == 2


def test_the_number_of_statements_does_not_grow_with_the_number_of_tasks(
    database: Database,
) -> None:
    def statements() -> int:
        sent: list[str] = []

        def note(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
            sent.append(statement)

        event.listen(database.engine, "before_cursor_execute", note)
        prepare_ends(database)
        end_tasks(database)
        event.remove(database.engine, "before_cursor_execute", note)
        return len(sent)

    give_ended(database, 1, [FINISHED])
    give_scouting(database, 2, ["finished"])
    few = statements()
    for task in range(10, 40, 2):
        give_ended(database, task, [FINISHED])
        give_scouting(database, task + 1, ["finished"])

    assert statements() == few


def test_a_dry_run_and_a_limit(database: Database) -> None:
    for task in (1, 2, 3):
        give_ended(database, task, [FINISHED])

    assert len(prepare_ends(database, options=VerbOptions(dry_run=True))) == 3
    assert prepare_ends(database, limit=2) == {1: "prepared", 2: "prepared"}
    assert end_tasks(database, limit=1).ended == {1: "done"}
    with pytest.raises(InvalidValue, match="limit has to be from 1"):
        ends.end_tasks(database, limit=0)


def test_every_file_of_a_done_task_is_finished(database: Database) -> None:
    outcomes = [FINISHED, SPENT]
    task = 0
    for first in outcomes:
        for second in outcomes:
            task += 1
            give_ended(database, task, [first, second])

    prepare_ends(database)
    ended = end_tasks(database).ended

    for one, state in ended.items():
        states = {status for (status,) in file_columns(database, one * 10 + 1, "status")}
        assert (state == "done") is (states == {"finished"})


def test_the_progress_of_a_task_counts_its_files_and_jobs(database: Database) -> None:
    give_task(database, 1, "running")
    give_dataset(database, 1, 1, [FINISHED, FINISHED, SPENT, {}, {"status": "running"}])
    give_dataset(database, 1, 2, [FINISHED], "output")
    give_dataset(database, 1, 3, [FINISHED], masterid=11)
    with database.session() as session:
        for jobstatus in ("running", "finished", "finished", "defined"):
            make_job(session, jobstatus, jeditaskid=1)

    found = task_progress(database, [1, 2])

    assert found[1].files == {"finished": 2, "failed": 1, "ready": 1, "running": 1}
    assert found[1].jobs == {"running": 1, "finished": 2, "defined": 1}
    assert (found[1].events, found[1].finished_events, found[1].share) == (500, 200, 0.4)
    assert (found[2].files, found[2].jobs, found[2].share) == ({}, {}, 0.0)


def test_a_task_with_a_locked_descendant_ends_next_time(database: Database) -> None:
    """It is not waited for: another call may hold it, and wait for a task that ends."""
    for task, parent in ((10, 10), (20, 10), (25, 20), (30, 30)):
        status = "prepared" if task in (10, 30) else "running"
        give_ended(database, task, [FINISHED], status=status, parent_tid=parent)
    with database.engine.connect() as holder:
        holder.execute(text("SELECT FROM doma_panda.jedi_tasks WHERE jeditaskid = 25 FOR UPDATE"))
        assert end_tasks(database).ended == {30: "done"}
    assert end_tasks(database).ended == {10: "done"}
