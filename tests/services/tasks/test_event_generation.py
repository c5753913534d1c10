"""Jobs of tasks by events: consumers and clones, searches for hyper-parameters, stored."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event, func, select, update
from sqlalchemy.orm import Session

from pandadb.core.generation.slices import Queue
from pandadb.core.sql.validation import InvalidValue
from pandadb.models import (
    FilesTable4,
    JediDatasetContents,
    JediDatasets,
    JediEvents,
    JediTasks,
    JobParamsTable,
    JobsDefined4,
    ProdSysComm,
    TTask,
)
from pandadb.services import jobs
from pandadb.services.tasks.generation import generate
from pandadb.services.transaction import VerbOptions
from tests import ready_tasks
from tests.ready_tasks import QUEUE, make_queue, make_ready_task, make_user

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pandadb.database import Database

TASK = 2001
OTHER = "QUEUE_B"
QUEUES = [Queue(QUEUE, weight=0), Queue(OTHER)]
READY, SENT = 0, 1
FEW = settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture
def given_rows(database: Database) -> Iterator[Session]:
    """A session that commits what is given, with two queues."""
    with Session(database.engine) as session:
        make_queue(session)
        make_queue(session, OTHER, corecount=8, maxtime=3600)
        session.commit()
        yield session


def jobs_of(session: Session, task: int = TASK) -> list[JobsDefined4]:
    session.expire_all()
    jobs = select(JobsDefined4).where(JobsDefined4.jeditaskid == task)
    return [*session.scalars(jobs.order_by(JobsDefined4.pandaid))]


def ranges_of(session: Session, task: int = TASK) -> dict[tuple[int, int], list[JediEvents]]:
    """The ranges of each file of each jobset, in their order."""
    found: dict[tuple[int, int], list[JediEvents]] = defaultdict(list)
    rows = select(JediEvents).where(JediEvents.jeditaskid == task)
    for row in session.scalars(rows.order_by(JediEvents.def_min_eventid)):
        found[row.pandaid, row.fileid].append(row)
    return found


def files_of(session: Session, job: JobsDefined4, *kinds: str) -> list[FilesTable4]:
    files = select(FilesTable4).where(
        FilesTable4.pandaid == job.pandaid, FilesTable4.type.in_(kinds)
    )
    return [*session.scalars(files.order_by(FilesTable4.row_id))]


@FEW
@given(
    consumers=st.integers(1, 3),
    queues=st.integers(1, 2),
    length=st.integers(1, 40),
    per_job=st.integers(1, 3),
    sizes=st.lists(st.integers(1, 90), min_size=1, max_size=5),
)
def test_each_event_is_in_one_range_of_one_jobset_whatever_its_consumers(
    database: Database,
    given_rows: Session,
    *,
    consumers: int,
    queues: int,
    length: int,
    per_job: int,
    sizes: Sequence[int],
) -> None:
    task = (given_rows.scalar(select(func.max(JediTasks.jeditaskid))) or TASK) + 1
    rules = f"NF={per_job},ES={length},EC={consumers},NS={queues},IF=1"
    files = [{"lfn": f"f{n}", "nevents": size} for n, size in enumerate(sizes)]
    dataset = make_ready_task(given_rows, task, rules, files, eventservice=1)
    given_rows.commit()
    generate(database, [task], QUEUES)
    of_jobset: dict[int, list[JobsDefined4]] = defaultdict(list)
    for job in jobs_of(given_rows, task):
        of_jobset[job.jobsetid or 0].append(job)
    assert all(len(jobs) == consumers for jobs in of_jobset.values())
    inputs = {
        jobset: {tuple(file.lfn for file in files_of(given_rows, job, "input")) for job in jobs}
        for jobset, jobs in of_jobset.items()
    }
    assert all(len(one) == 1 for one in inputs.values()), "all consumers have the same input"
    taken = Counter(lfn for one in inputs.values() for names in one for lfn in names)
    assert taken == {f"f{n}": 1 for n in range(len(sizes))}
    logs = [
        file.lfn for job in jobs_of(given_rows, task) for file in files_of(given_rows, job, "log")
    ]
    assert len({*logs}) == len(logs) == consumers * len(of_jobset)

    found = ranges_of(given_rows, task)
    assert {jobset for jobset, _ in found} == {*of_jobset}
    names = given_rows.execute(
        select(JediDatasetContents.fileid, JediDatasetContents.lfn).where(
            JediDatasetContents.jeditaskid == task, JediDatasetContents.datasetid == dataset
        )
    )
    size_of = {number: sizes[int(lfn.removeprefix("f"))] for number, lfn in names}
    assert {number for _, number in found} == {*size_of}
    for (_, number), rows in found.items():
        events = [n for row in rows for n in range(row.def_min_eventid, row.def_max_eventid + 1)]
        assert events == [*range(1, size_of[number] + 1)]
        assert all(row.def_max_eventid - row.def_min_eventid < length for row in rows)


def test_clones_are_at_several_queues_with_one_range(
    database: Database, given_rows: Session
) -> None:
    make_ready_task(given_rows, TASK, "NF=2,UC=1,ES=1,NS=2,EC=2", 4, eventservice=2)
    given_rows.commit()
    generate(database, [TASK], QUEUES)
    jobs = jobs_of(given_rows)
    assert [job.computingsite for job in jobs] == [QUEUE, QUEUE, OTHER, OTHER]
    assert [job.jobsetid for job in jobs[:2]] == [job.jobsetid for job in jobs[2:]]
    assert {job.specialhandling for job in jobs} == {"eventservice,sc:1,hc:XX"}
    found = ranges_of(given_rows)
    assert [len(rows) for rows in found.values()] == [1, 1]
    assert {(row.def_min_eventid, row.def_max_eventid) for (row,) in found.values()} == {(1, 100)}


def test_consumers_have_outputs_libraries_and_parameters_of_their_queue(
    database: Database, given_rows: Session
) -> None:
    build = {
        "transPath": "build", "prodSourceLabel": "panda", "archiveName": "s.tgz",
        "jobParameters": "-o ${OUT}",
    }  # fmt: skip
    make_user(given_rows)
    make_ready_task(
        given_rows, TASK, "NF=1,UB=1,UC=2,ES=1,NS=2,EC=2,IT=1,IA=1", 1, eventservice=2,
        prodsourcelabel="user", tasktype="anal", parameters="-l ${LIB} -i ${IN} -o ${OUTPUT0}",
        taskparams={"buildSpec": build, "sourceURL": "https://cache.example.org"}, outputs=(),
    )  # fmt: skip
    ready_tasks.make_output(
        given_rows, TASK, 5, "out.${SN}.root", "OUTPUT0", "output", type="tmpl_output"
    )
    given_rows.commit()
    generate(database, [TASK], QUEUES)
    builds = {
        job.computingsite: job for job in jobs_of(given_rows) if job.prodsourcelabel == "panda"
    }
    assert {*builds} == {QUEUE, OTHER}
    jobs = [job for job in jobs_of(given_rows) if job.prodsourcelabel == "user"]
    assert len({job.destinationdblock for job in jobs}) == 2
    assert [job.computingsite for job in jobs] == [QUEUE, OTHER]
    for job in jobs:
        (output,) = files_of(given_rows, job, "output")
        (library,) = (
            file for file in files_of(given_rows, job, "input") if file.dispatchdblock is not None
        )
        built = files_of(given_rows, builds[job.computingsite or ""], "output")
        assert library.lfn == built[0].lfn
        assert output.destinationdblock == job.destinationdblock
        text = given_rows.scalar(
            select(JobParamsTable.jobparameters).where(JobParamsTable.pandaid == job.pandaid)
        )
        assert text == f"-l {library.lfn} -i in._00001.root -o {output.lfn}"


def test_a_task_without_the_length_of_a_range_goes_on_hold(
    database: Database, given_rows: Session
) -> None:
    make_ready_task(given_rows, TASK, "NF=1,EC=2", 2, eventservice=1)
    given_rows.commit()
    (found,) = generate(database, [TASK], QUEUES)
    assert (found.status, found.jobs) == ("pending", [])
    assert "events of a range (ES)" in (found.text or "")
    assert jobs_of(given_rows) == [] == [*ranges_of(given_rows)]
    ready = select(func.count()).where(JediDatasetContents.status == "ready")
    assert given_rows.scalar(ready) == 2


@pytest.mark.parametrize(
    ("rules", "columns", "reason"),
    [
        ("NF=1,LX=3,GB=4", {}, r"LX \(loadXML\) with the value '3' is not supported"),
        ("NF=1,UP=1", {}, r"UP \(usePrePro\) with the value '1' is not supported"),
        ("NF=1,NJ=2,ES=1", {"eventservice": 1, "usejumbo": "R"}, "jumbo jobs"),
        ("NF=1,ES=1,EC=0", {"eventservice": 1}, "no input has a consumer"),
    ],
)
def test_what_is_not_supported_is_refused_by_name_and_nothing_changes(
    database: Database, given_rows: Session, rules: str, columns: dict[str, Any], reason: str
) -> None:
    make_ready_task(given_rows, TASK, rules, 1, **columns)
    given_rows.commit()
    with pytest.raises(InvalidValue, match=rf"task {TASK} has no jobs generated: .*{reason}"):
        generate(database, [TASK], QUEUES)
    task = given_rows.get_one(JediTasks, TASK)
    assert (task.status, task.lockedby, jobs_of(given_rows)) == ("ready", None, [])


def test_the_number_of_statements_does_not_grow_with_the_consumers(
    database: Database, given_rows: Session
) -> None:
    for task, files in ((TASK, 2), (TASK + 1, 60)):
        rules = "NF=1,ES=10,EC=3,NS=2,SC=1"
        make_ready_task(given_rows, task, rules, files, eventservice=1)
    given_rows.commit()
    counts = []
    for task in (TASK, TASK + 1):
        sent: list[str] = []
        listener = lambda *given: sent.append(given[2])  # noqa: B023, E731
        event.listen(database.engine, "before_cursor_execute", listener)
        generate(database, [task], QUEUES)
        event.remove(database.engine, "before_cursor_execute", listener)
        counts.append(len(sent))
    assert counts[0] == counts[1]


def test_a_dry_run_of_consumers_leaves_nothing(database: Database, given_rows: Session) -> None:
    make_ready_task(given_rows, TASK, "NF=1,ES=10,EC=2", 1, eventservice=1)
    given_rows.commit()
    (found,) = generate(database, [TASK], QUEUES, options=VerbOptions(dry_run=True))
    assert len(found.jobs) == 2
    assert jobs_of(given_rows) == [] == [*ranges_of(given_rows)]


def make_search(session: Session, rules: str, files: int, points: int = 0, **columns: Any) -> int:
    """A search for hyper-parameters, with files for its jobs and points that wait."""
    rows = [{"lfn": str(n), "fsize": 0, "nevents": 1} for n in range(files)]
    make_ready_task(session, TASK, rules, 0, parameters="-o ${OUTPUT0}", **columns)
    dataset = ready_tasks.make_dataset(
        session, TASK, 2, rows, type="pseudo_input", datasetname="pseudo_dataset"
    )
    make_points(session, dataset, points)
    session.commit()
    return dataset


def make_points(session: Session, dataset: int, number: int, first: int = 1) -> None:
    session.add_all(
        JediEvents(
            jeditaskid=TASK, datasetid=dataset, pandaid=0, fileid=0, job_processid=n, attemptnr=5,
            status=READY, def_min_eventid=n, def_max_eventid=n,
        )
        for n in range(first, first + number)
    )  # fmt: skip


def again(session: Session) -> None:
    changed = update(JediTasks).values(modificationtime=ready_tasks.before())
    session.execute(changed)
    session.commit()


def test_each_point_of_a_search_has_a_job(database: Database, given_rows: Session) -> None:
    dataset = make_search(given_rows, "NF=1,HO=1", 9, points=3)
    (found,) = generate(database, [TASK], QUEUES)
    assert len(found.jobs) == 3
    again(given_rows)
    (found,) = generate(database, [TASK], QUEUES)
    assert (found.jobs, found.text) == ([], "no point of the search lacks a job")
    make_points(given_rows, dataset, 2, first=4)
    again(given_rows)
    (found,) = generate(database, [TASK], QUEUES)
    assert len(found.jobs) == 2
    assert all((job.specialhandling or "").startswith("hc:XX,ho") for job in jobs_of(given_rows))


def test_a_job_that_has_a_point_takes_no_other(database: Database, given_rows: Session) -> None:
    make_search(given_rows, "NF=1,HO=1", 9, points=2)
    generate(database, [TASK], QUEUES)
    jobs = [job.pandaid for job in jobs_of(given_rows)]
    one = JediEvents.job_processid == 1
    taken = update(JediEvents).where(one).values(status=SENT, pandaid=jobs[0])
    given_rows.execute(taken)
    again(given_rows)
    (found,) = generate(database, [TASK], QUEUES)
    assert found.jobs == [], "the other job takes the point that is left"
    make_points(given_rows, 10 * TASK + 2, 1, first=3)
    again(given_rows)
    assert len(generate(database, [TASK], QUEUES)[0].jobs) == 1


def test_a_search_without_points_is_frozen_and_finished_after_a_day(
    database: Database, given_rows: Session
) -> None:
    make_search(given_rows, "NF=1,HO=1", 3)
    (found,) = generate(database, [TASK], QUEUES)
    assert (found.status, found.text) == ("ready", "no points of the search wait for a job")
    given_rows.expire_all()
    task = given_rows.get_one(JediTasks, TASK)
    assert (task.lockedby, task.frozentime is None) == (None, False)
    assert given_rows.get(ProdSysComm, (TASK, "finish")) is None
    early = (task.frozentime or ready_tasks.before()) - timedelta(hours=25)
    given_rows.execute(update(JediTasks).values(frozentime=early, status="running"))
    again(given_rows)
    generate(database, [TASK], QUEUES)
    command = given_rows.get_one(ProdSysComm, (TASK, "finish"))
    assert (command.comm_comment or "").startswith("soft finish by")


def test_a_search_that_has_had_all_its_jobs_is_finished(
    database: Database, given_rows: Session
) -> None:
    make_search(given_rows, "NF=1,HO=1,MN=4", 9, points=5, status="running")
    given_rows.execute(update(TTask).values(total_req_jobs=4))
    given_rows.commit()
    (found,) = generate(database, [TASK], QUEUES)
    assert (found.jobs, found.text) == (
        [],
        "no further jobs: the search has had all that it may have (MN)",
    )
    assert given_rows.get_one(ProdSysComm, (TASK, "finish")).comm_comment


def test_jobs_of_a_search_go_to_queues_by_twos(database: Database, given_rows: Session) -> None:
    make_search(given_rows, "NF=1,HO=1", 9, points=4)
    generate(database, [TASK], QUEUES)
    assert [job.computingsite for job in jobs_of(given_rows)] == [QUEUE] * 2 + [OTHER] * 2


@FEW
@given(ranges=st.lists(st.integers(1, 9), min_size=1, max_size=12), seconds=st.integers(0, 60))
def test_ranges_of_a_dynamic_number_are_each_in_one_job_long_enough(
    database: Database, given_rows: Session, ranges: list[int], seconds: int
) -> None:
    task = (given_rows.scalar(select(func.max(JediTasks.jeditaskid))) or TASK) + 1
    bounds = [sum(ranges[:n]) for n in range(len(ranges) + 1)]
    files = [
        {"lfn": "f", "nevents": bounds[-1], "startevent": start, "endevent": end - 1}
        for start, end in pairwise(bounds)
    ]
    make_queue(given_rows, f"Q{task}", mintime=max(seconds, 1), maxtime=100)
    make_ready_task(given_rows, task, "DY=5,NE=3", files, cputime=10, basewalltime=0)
    given_rows.commit()
    generate(database, [task], [Queue(f"Q{task}")])
    columns = (JediDatasetContents.status, JediDatasetContents.pandaid, JediDatasetContents.fileid)
    rows = given_rows.execute(
        select(*columns, JediDatasetContents.startevent, JediDatasetContents.endevent)
        .where(JediDatasetContents.jeditaskid == task, JediDatasetContents.type == "input")
        .order_by(JediDatasetContents.fileid)
    ).all()
    of_job: dict[int, list[Any]] = defaultdict(list)
    for row in rows:
        if row.status == "running":
            of_job[row.pandaid].append(row)
    left = [row for row in rows if row.status == "ready"]
    assert len(left) + sum(map(len, of_job.values())) == len(rows)
    for parts in of_job.values():
        events = sum(row.endevent - row.startevent + 1 for row in parts)
        assert events >= max(seconds, 1), "an event takes a second"
        assert all(one.endevent + 1 == two.startevent for one, two in pairwise(parts))
    assert sum(row.endevent - row.startevent + 1 for row in left) < max(seconds, 1)


def test_ranges_of_a_file_end_with_the_job_that_has_them(
    database: Database, given_rows: Session
) -> None:
    files = [
        {"lfn": "f", "nevents": 40, "startevent": n, "endevent": n + 9} for n in range(0, 40, 10)
    ]
    make_queue(given_rows, "LONG", mintime=1, maxtime=20)
    dataset = make_ready_task(given_rows, TASK, "DY=10", files, cputime=10, basewalltime=0)
    given_rows.commit()
    generate(database, [TASK], [Queue("LONG")])
    done, failed = (job.pandaid for job in jobs_of(given_rows))
    jobs.reset(database, [done, failed])
    jobs.activate(database, [done, failed])
    jobs.dispatch(database, jobs.DispatchRequest("LONG", njobs=2, jeditaskid=TASK))
    jobs.heartbeat(database, [jobs.Heartbeat(one, "running") for one in (done, failed)])
    jobs.finish(database, [done])
    jobs.fail(database, [failed])
    given_rows.expire_all()
    columns = (JediDatasetContents.startevent, JediDatasetContents.status)
    found = given_rows.execute(
        select(*columns, JediDatasetContents.attemptnr, JediDatasetContents.failedattempt)
        .where(JediDatasetContents.datasetid == dataset)
        .order_by(JediDatasetContents.startevent)
    )
    assert [tuple(row) for row in found] == [
        (0, "finished", 1, 0), (10, "finished", 1, 0), (20, "ready", 1, 1), (30, "ready", 1, 1),
    ]  # fmt: skip
    row = given_rows.get_one(JediDatasets, (TASK, dataset))
    assert (row.nfilesused, row.nfilesfinished, row.nfilesfailed) == (2, 2, 0)
    again(given_rows)
    (found_again,) = generate(database, [TASK], [Queue("LONG")])
    assert [[one.first_event for one in job.inputs] for job in found_again.jobs] == [[20]]
