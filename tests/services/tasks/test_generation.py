"""Jobs generated of tasks' input, stored: job generation 3 to 6."""

from __future__ import annotations

import threading
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event, func, select, text, update
from sqlalchemy.orm import Session

from pandadb.core.generation.slices import Queue
from pandadb.core.sql.validation import InvalidValue
from pandadb.core.tasks.search.pages import TaskNotFound
from pandadb.models import (
    FilesTable4,
    JediDatasetContents,
    JediDatasets,
    JediJobRetryHistory,
    JediOutputTemplate,
    JediTasks,
    JobParamsTable,
    JobsDefined4,
    TTask,
    Users,
)
from pandadb.services.tasks.agents import advance
from pandadb.services.tasks.generation import (
    generate,
    generate_rounds,
    generate_waiting,
    release_unmerged,
)
from pandadb.services.transaction import VerbOptions
from tests import ready_tasks
from tests.ready_tasks import QUEUE, make_queue, make_ready_task, make_user

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pandadb.database import Database
    from pandadb.services.tasks.generation import GeneratedTask

TASK = 2001
QUEUES = [Queue(QUEUE)]


@pytest.fixture
def given_rows(database: Database) -> Iterator[Session]:
    """A session that commits what is given, with a queue."""
    with Session(database.engine) as session:
        make_queue(session)
        session.commit()
        yield session


def generated(database: Database, *tasks: int, **values: Any) -> GeneratedTask:
    return generate(database, tasks or (TASK,), QUEUES, **values)[0]


def jobs_of(session: Session) -> list[JobsDefined4]:
    session.expire_all()
    return [*session.scalars(select(JobsDefined4).order_by(JobsDefined4.pandaid))]


def again(session: Session, task: int = TASK) -> None:
    """Let the task be picked again."""
    change = {"modificationtime": ready_tasks.before()}
    session.execute(update(JediTasks).where(JediTasks.jeditaskid == task).values(change))
    session.commit()


def task_row(session: Session, task: int = TASK) -> JediTasks:
    session.expire_all()
    return session.get_one(JediTasks, task)


def test_jobs_have_input_output_and_parameters(database: Database, given_rows: Session) -> None:
    make_ready_task(given_rows, TASK, "NF=2", 3)
    given_rows.commit()
    found = generated(database)
    assert (found.status, found.text) == ("running", None)
    assert [[one.name for one in job.inputs] for job in found.jobs] == [
        ["in._00001.root", "in._00002.root"],
        ["in._00003.root"],
    ]
    assert [job.outputs for job in found.jobs] == [
        ["log.000001.tgz", "out.000001.root"],
        ["log.000002.tgz", "out.000002.root"],
    ]
    texts = given_rows.scalars(
        select(JobParamsTable.jobparameters).order_by(JobParamsTable.pandaid)
    )
    assert [*texts] == [
        "-i in._[00001,00002].root -o out.000001.root",
        "-i in._00003.root -o out.000002.root",
    ]
    assert {job.jobstatus for job in jobs_of(given_rows)} == {"pending"}
    assert given_rows.get_one(TTask, TASK).total_req_jobs == 2


def test_files_of_jobs_run_and_belong_to_them(database: Database, given_rows: Session) -> None:
    dataset = make_ready_task(given_rows, TASK, "NF=2", 3)
    given_rows.commit()
    found = generated(database)
    rows = given_rows.scalars(
        select(JediDatasetContents).where(JediDatasetContents.datasetid == dataset)
    ).all()
    assert {row.status for row in rows} == {"running"}
    assert Counter(row.pandaid for row in rows) == {
        found.jobs[0].pandaid: 2,
        found.jobs[1].pandaid: 1,
    }
    made = given_rows.scalars(
        select(JediDatasetContents).where(JediDatasetContents.datasetid != dataset)
    ).all()
    assert {(row.status, row.pandaid == row.outpandaid) for row in made} == {("running", True)}
    assert given_rows.get_one(JediDatasets, (TASK, dataset)).nfilesused == 3


def test_a_second_generation_makes_nothing_more(database: Database, given_rows: Session) -> None:
    make_ready_task(given_rows, TASK, "NF=2", 3)
    given_rows.commit()
    generated(database)
    assert generated(database).jobs == []
    assert len(jobs_of(given_rows)) == 2
    assert task_row(given_rows).lockedby is None


def test_a_dry_run_lists_jobs_and_leaves_nothing(database: Database, given_rows: Session) -> None:
    make_ready_task(given_rows, TASK, "NF=2", 3)
    given_rows.commit()
    found = generated(database, options=VerbOptions(dry_run=True))
    assert len(found.jobs) == 2
    assert jobs_of(given_rows) == []
    assert task_row(given_rows).status == "ready"


def test_an_unknown_placeholder_puts_the_task_on_hold_and_everything_back(
    database: Database, given_rows: Session
) -> None:
    """The server keeps the output files and uses up the serial numbers [bug]."""
    dataset = make_ready_task(given_rows, TASK, "NF=2", 3, parameters="-i ${IN} -x ${NOWHERE}")
    given_rows.commit()
    found = generated(database)
    assert found.status == "pending"
    assert "${NOWHERE}" in (found.text or "")
    assert jobs_of(given_rows) == []
    row = task_row(given_rows)
    assert (row.oldstatus, row.lockedby) == ("ready", None)
    assert row.frozentime is not None
    serials = given_rows.scalars(select(JediOutputTemplate.serialnr).distinct()).all()
    assert serials == [1]
    files = given_rows.execute(
        select(JediDatasetContents.datasetid, JediDatasetContents.status).distinct()
    ).all()
    assert files == [(dataset, "ready")]
    assert given_rows.get_one(JediDatasets, (TASK, dataset)).nfilesused == 0
    assert given_rows.get_one(TTask, TASK).status == "ready"


def test_memory_by_core_without_a_base_makes_jobs(database: Database, given_rows: Session) -> None:
    """The server adds NULL to a number and makes none [bug]."""
    make_ready_task(given_rows, TASK, "NF=2", 2, baseramcount=None)
    given_rows.commit()
    generated(database)
    assert [job.minramcount for job in jobs_of(given_rows)] == [1800]


def test_a_first_attribute_stands_alone(database: Database, given_rows: Session) -> None:
    """The server begins with the word NULL where there was nothing [bug]."""
    make_ready_task(given_rows, TASK, "NF=2,PC=1", 2, cloud="XX")
    given_rows.commit()
    generated(database)
    assert [job.specialhandling for job in jobs_of(given_rows)] == ["pc"]


def test_a_task_whose_counters_are_wrong_is_not_left_locked(
    database: Database, given_rows: Session
) -> None:
    """The server leaves it locked, until a watchdog comes [bug]."""
    make_ready_task(given_rows, TASK, "NF=2", [{"attemptnr": 3}, {"attemptnr": 3}])
    given_rows.commit()
    assert generated(database).jobs == []
    assert task_row(given_rows).lockedby is None


def test_a_dataset_of_a_template_has_its_number_once(
    database: Database, given_rows: Session
) -> None:
    """The server appends it twice to a name that ends with a slash [bug]."""
    make_ready_task(given_rows, TASK, "NF=1,IT=1,IA=1", 2, outputs=())
    names = {"datasetname": "user.me.out/", "type": "tmpl_output", "destination": None}
    ready_tasks.make_output(given_rows, TASK, 5, "o.${SN}", "OUTPUT0", "output", **names)
    given_rows.commit()
    generated(database)
    made = given_rows.scalars(select(JediDatasets).where(JediDatasets.templateid.is_not(None)))
    (dataset,) = made.all()
    assert dataset.datasetname == f"user.me.out.{dataset.datasetid}"
    assert (dataset.site, dataset.destination, dataset.type) == (QUEUE, QUEUE, "output")


def test_a_concrete_dataset_is_used_again_until_it_is_closed(
    database: Database, given_rows: Session
) -> None:
    make_ready_task(given_rows, TASK, "NF=1,IT=1,IA=1", 3, outputs=())
    ready_tasks.make_output(given_rows, TASK, 5, "o.${SN}", "OUTPUT0", "output", type="tmpl_output")
    given_rows.execute(update(JediDatasets).values(nfilestobeused=1))
    for number in (1, 2, 3):
        given_rows.execute(update(JediDatasets).values(nfilestobeused=number))
        if number == 3:
            given_rows.execute(update(JediDatasets).values(state="closed"))
        again(given_rows)
        assert len(generated(database).jobs) == 1
    made = select(func.count()).where(JediDatasets.templateid.is_not(None))
    assert given_rows.scalar(made) == 2


def unmerged_task(session: Session, rules: str = "NF=1,MO=1,ZF=2") -> None:
    """Make a task whose outputs are merged."""
    spec = {"transPath": "merge.sh", "jobParameters": "${TRN_OUTPUT:OUTPUT} -j ${TRN_LOG0}"}
    make_ready_task(session, TASK, rules, 3, taskparams={"mergeSpec": spec})
    log = ready_tasks.make_output(
        session, TASK, 7, "panda.um.log.${SN}", "LOG0", "log", type="tmpl_trn_log",
        storagetoken="TOMERGE",
    )  # fmt: skip
    ready_tasks.make_output(
        session, TASK, 8, "panda.um.out.${SN}", "OUTPUT0", "output", type="tmpl_trn_output",
        storagetoken="TOMERGE", masterid=log,
    )  # fmt: skip
    session.commit()


def test_the_destination_of_a_job_is_its_output_to_be_merged(
    database: Database, given_rows: Session
) -> None:
    """The server takes the log's: its rule does not know the type trn_log [bug]."""
    unmerged_task(given_rows)
    generated(database)
    (name,) = {job.destinationdblock for job in jobs_of(given_rows)}
    row = given_rows.scalars(select(JediDatasets).where(JediDatasets.datasetname == name)).one()
    assert row.type == "trn_output"


def test_unmerged_outputs_are_released_when_their_jobs_have_ended(
    database: Database, given_rows: Session
) -> None:
    unmerged_task(given_rows)
    generated(database)
    given_rows.execute(
        update(JediDatasetContents)
        .where(JediDatasetContents.lfn.like("panda.um.%.00000_"))
        .values(status="ready")
    )
    given_rows.commit()
    found = release_unmerged(database, TASK, "panda.um.out.000001")
    rows = given_rows.scalars(select(JediDatasets).where(JediDatasets.datasetid.in_(found))).all()
    assert {(r.type, r.nfiles, r.nfilestobeused, r.nfilesused, r.status) for r in rows} == {
        ("trn_log", 3, 3, 0, "ready"),
        ("trn_output", 3, 3, 0, "ready"),
    }
    again(given_rows)
    merging = generated(database)
    assert len(merging.jobs) == 2
    merge = [job for job in jobs_of(given_rows) if job.processingtype == "pmerge"]
    assert {(job.currentpriority, job.transformation) for job in merge} == {(5000, "merge.sh")}
    history = select(JediJobRetryHistory.relationtype)
    assert given_rows.scalars(history).all() == ["merge"] * 3


def test_an_advance_releases_unmerged_outputs_once_all_their_jobs_have_ended(
    database: Database, given_rows: Session
) -> None:
    unmerged_task(given_rows)
    generated(database)
    unmerged = JediDatasetContents.lfn.like("panda.um.%.00000_")
    of_task = select(JediDatasets.status).where(JediDatasets.type.like("trn_%"))
    for lfn, states in ((r"panda.um.%.000001", {"defined"}), ("panda.um.%", {"ready"})):
        given_rows.execute(
            update(JediDatasetContents)
            .where(unmerged, JediDatasetContents.lfn.like(lfn))
            .values(status="ready")
        )
        given_rows.commit()
        advance(database, options=VerbOptions(dry_run=True))
        assert "ready" not in {*given_rows.scalars(of_task)}
        given_rows.rollback()
        advance(database)
        assert {*given_rows.scalars(of_task)} == states
        given_rows.rollback()
    again(given_rows)
    assert len(generated(database).jobs) == 2


def test_a_file_without_unmerged_outputs_releases_nothing(
    database: Database, given_rows: Session
) -> None:
    make_ready_task(given_rows, TASK, "NF=1", 1)
    given_rows.commit()
    generated(database)
    assert release_unmerged(database, TASK, "out.000001.root") == []


def user_task(session: Session, rules: str, **values: Any) -> None:
    spec = {
        "transPath": "buildGen", "prodSourceLabel": "panda", "archiveName": "a.tgz",
        "jobParameters": "-i ${IN} -o ${OUT} --url ${SURL}",
    }  # fmt: skip
    label = {"prodsourcelabel": "user", "tasktype": "anal"}
    params = {"buildSpec": spec, "sourceURL": "https://x"}
    make_ready_task(
        session, TASK, rules, 4, parameters="-l ${LIB} -i ${IN}", taskparams=params,
        **{**label, **values},
    )  # fmt: skip
    session.commit()


def test_a_library_is_built_once(database: Database, given_rows: Session) -> None:
    make_user(given_rows)
    user_task(given_rows, "NF=2,UB=1")
    found = generated(database)
    build, *jobs = jobs_of(given_rows)
    assert (build.prodsourcelabel, build.currentpriority, build.transformation) == (
        "panda", 2000, "buildGen",
    )  # fmt: skip
    assert [job.currentpriority for job in jobs] == [999, 999]
    library = found.jobs[0].outputs[0]
    assert [job.inputs[-1].name for job in found.jobs[1:]] == [library, library]
    assert {job.taskid for job in (build, *jobs)} == {5}
    assert {job.jobdefinitionid for job in (build, *jobs)} == {11}
    given_rows.execute(
        update(JediDatasetContents)
        .where(JediDatasetContents.lfn == "in._00001.root")
        .values(status="ready", attemptnr=1)
    )
    given_rows.execute(
        update(JediDatasets).where(JediDatasets.type == "input").values(nfilesused=3)
    )
    again(given_rows)
    (retry,) = generated(database).jobs
    assert [one.name for one in retry.inputs] == ["in._00001.root", library]
    assert jobs_of(given_rows)[-1].jobname == f"task.{TASK}.{jobs[0].pandaid}"


@pytest.mark.parametrize(
    ("status", "job"), [("finished", True), ("failed", True), ("running", False)]
)
def test_a_library_that_is_lost_is_built_again(
    database: Database, given_rows: Session, status: str, job: bool
) -> None:
    make_user(given_rows)
    user_task(given_rows, "NF=2,UB=1")
    given_rows.execute(
        update(JediDatasets).where(JediDatasets.type == "input").values(nfilestobeused=2)
    )
    given_rows.commit()
    generated(database)
    given_rows.execute(
        update(JediDatasetContents).where(JediDatasetContents.type == "lib").values(status=status)
    )
    if not job:
        given_rows.execute(
            text("DELETE FROM doma_panda.jobsdefined4 WHERE prodsourcelabel='panda'")
        )
    given_rows.execute(
        update(JediDatasets).where(JediDatasets.type == "input").values(nfilestobeused=4)
    )
    again(given_rows)
    assert len(generated(database).jobs) == (1 if status == "finished" else 2)


def test_a_disabled_user_gets_no_jobs(database: Database, given_rows: Session) -> None:
    make_user(given_rows, status="disabled")
    user_task(given_rows, "NF=2", cloud="XX")
    found = generated(database)
    assert found.status == "pending"
    assert "disabled" in (found.text or "")
    assert given_rows.scalar(select(Users.jobid)) == 10


def test_seeds_go_on_and_those_of_failed_jobs_come_again(
    database: Database, given_rows: Session
) -> None:
    make_ready_task(given_rows, TASK, "NF=1,RS=100", 3, parameters="${RNDMSEED}")
    seeds = {"type": "random_seed", "datasetname": "RNDMSEED", "status": "defined"}
    dataset = ready_tasks.make_dataset(given_rows, TASK, 9, 0, **seeds)
    given_rows.execute(
        update(JediDatasets).where(JediDatasets.type == "input").values(nfilestobeused=2)
    )
    given_rows.commit()
    generated(database)
    given_rows.execute(
        update(JediDatasetContents)
        .where(JediDatasetContents.datasetid == dataset, JediDatasetContents.firstevent == 1)
        .values(status="ready", attemptnr=1)
    )
    given_rows.execute(
        update(JediDatasets).where(JediDatasets.type == "input").values(nfilestobeused=3)
    )
    again(given_rows)
    generated(database)
    texts = given_rows.scalars(
        select(JobParamsTable.jobparameters).order_by(JobParamsTable.pandaid)
    )
    assert [*texts] == ["101", "102", "101"]


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(per_job=st.integers(1, 5), files=st.integers(1, 12))
def test_each_file_is_in_just_one_job(
    database: Database, given_rows: Session, per_job: int, files: int
) -> None:
    task = (given_rows.scalar(select(func.max(JediTasks.jeditaskid))) or TASK) + 1
    dataset = make_ready_task(given_rows, task, f"NF={per_job}", files)
    given_rows.commit()
    (found,) = generate(database, [task], QUEUES)
    names = Counter(one.name for job in found.jobs for one in job.inputs)
    assert names == {f"in._{number:05d}.root": 1 for number in range(1, files + 1)}
    assert len(found.jobs) == -(-files // per_job)
    row = given_rows.get_one(JediDatasets, (task, dataset))
    running = select(func.count()).where(
        JediDatasetContents.datasetid == dataset, JediDatasetContents.status == "running"
    )
    assert row.nfilesused == given_rows.scalar(running) == files


def test_generators_side_by_side_take_each_file_once(
    database: Database, given_rows: Session
) -> None:
    tasks = range(TASK, TASK + 6)
    for task in tasks:
        make_ready_task(given_rows, task, "NF=1", 5)
    given_rows.commit()
    failures: list[BaseException] = []

    def work(order: list[int]) -> None:
        try:
            generate(database, order, QUEUES)
        except BaseException as error:  # noqa: BLE001 - it is raised by the test
            failures.append(error)

    threads = [
        threading.Thread(target=work, args=(order,))
        for order in ([*tasks], [*reversed(tasks)], [*tasks], [*tasks][::2])
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert Counter(job.jeditaskid for job in jobs_of(given_rows)) == dict.fromkeys(tasks, 5)
    doubles = (
        select(FilesTable4.fileid)
        .where(FilesTable4.type == "input")
        .group_by(FilesTable4.fileid)
        .having(func.count() > 1)
    )
    assert given_rows.scalars(doubles).all() == []


def test_the_number_of_statements_does_not_grow_with_the_jobs(
    database: Database, given_rows: Session
) -> None:
    for task, files in ((TASK, 2), (TASK + 1, 90)):
        make_ready_task(given_rows, task, "NF=1,RS=1", files)
        seeds = {"type": "random_seed", "datasetname": "RNDMSEED", "status": "defined"}
        ready_tasks.make_dataset(given_rows, task, 9, 0, **seeds)
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


def test_waiting_tasks_are_found_by_urgency(database: Database, given_rows: Session) -> None:
    make_ready_task(given_rows, TASK, "NF=1", 1)
    make_ready_task(given_rows, TASK + 1, "NF=1", 1, currentpriority=900)
    make_ready_task(given_rows, TASK + 2, "NF=1", 1, cloud="OTHER")
    given_rows.commit()
    found = generate_waiting(
        database, QUEUES, vo="wlcg", label="managed", cloud="WORLD", beside=TASK
    )
    assert [one.jeditaskid for one in found] == [TASK + 1, TASK]


def test_a_queue_that_is_unknown_is_refused(database: Database, given_rows: Session) -> None:
    make_ready_task(given_rows, TASK, "NF=1", 1)
    given_rows.commit()
    with pytest.raises(InvalidValue, match="NOWHERE"):
        generate(database, [TASK], [Queue("NOWHERE")])
    assert task_row(given_rows).lockedby is None


def test_rounds_for_an_unknown_task_or_queue_leave_the_others_as_they_are(
    database: Database, given_rows: Session
) -> None:
    make_ready_task(given_rows, TASK, "NF=1", 5, status="assigning")
    given_rows.commit()
    for tasks, queues, error, words in (
        ([TASK, 4], QUEUES, TaskNotFound, "there is no task 4"),
        ([TASK], [Queue("NOWHERE")], InvalidValue, "has no queue 'NOWHERE'"),
    ):
        with pytest.raises(error, match=words):
            [*generate_rounds(database, tasks, queues, nfiles=100, rounds=9)]
    assert jobs_of(given_rows) == []
    assert task_row(given_rows).status == "assigning"


def test_rounds_go_on_without_a_task_that_is_refused(
    database: Database, given_rows: Session
) -> None:
    make_ready_task(given_rows, TASK, "NF=1,QQ=1", 5)
    make_ready_task(given_rows, TASK + 1, "NF=1", 5)
    given_rows.commit()
    made = [*generate_rounds(database, [TASK, TASK + 1], QUEUES, nfiles=100, rounds=9)]
    assert {one.jeditaskid: len(one.jobs) for one in made[:2]} == {TASK: 0, TASK + 1: 5}
    assert [one.is_refused for one in made] == [True, False, False]
    assert "QQ" in (made[0].text or "")


def test_a_task_that_is_unknown_is_refused(database: Database, given_rows: Session) -> None:
    with pytest.raises(TaskNotFound, match="no task 7"):
        generate(database, [7], QUEUES)
    with pytest.raises(TaskNotFound, match="no task 7"):
        generate_waiting(database, QUEUES, vo="wlcg", beside=7)


def test_outputs_of_a_vo_with_scopes_have_that_of_their_container(
    database: Database, given_rows: Session
) -> None:
    make_ready_task(given_rows, TASK, "NF=1", 1, vo="atlas")
    names = {"datasetname": "data18.x.y", "containername": "group.phys.x", "vo": "atlas"}
    given_rows.execute(update(JediDatasets).where(JediDatasets.type == "log").values(names))
    given_rows.commit()
    generated(database)
    log = select(FilesTable4.scope).where(FilesTable4.type == "log")
    assert given_rows.scalar(log) == "group.phys"
    kept = select(JediDatasetContents.scope).where(JediDatasetContents.type == "log")
    assert given_rows.scalar(kept) == "data18"


@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    per_job=st.integers(1, 60), sizes=st.lists(st.integers(1, 120), min_size=1, max_size=4)
)  # fmt: skip
def test_each_event_is_in_just_one_job(
    database: Database, given_rows: Session, per_job: int, sizes: list[int]
) -> None:
    task = (given_rows.scalar(select(func.max(JediTasks.jeditaskid))) or TASK) + 1
    files = [
        {"lfn": f"f{number}", "nevents": size, "startevent": start, "endevent": end}
        for number, size in enumerate(sizes)
        for start in range(0, size, per_job)
        for end in [min(start + per_job, size) - 1]
    ]
    make_ready_task(given_rows, task, f"NE={per_job}", files)
    given_rows.commit()
    (found,) = generate(database, [task], QUEUES, nfiles=len(files))
    events = Counter(
        (one.name, number)
        for job in found.jobs
        for one in job.inputs
        for number in range(one.first_event or 0, (one.last_event or 0) + 1)
    )
    taken = {(f"f{number}", event) for number, size in enumerate(sizes) for event in range(size)}
    assert set(events.values()) == {1}
    assert events.keys() <= taken
    ready = select(func.count()).where(
        JediDatasetContents.jeditaskid == task, JediDatasetContents.status == "ready"
    )
    if not given_rows.scalar(ready):
        assert events.keys() == taken
