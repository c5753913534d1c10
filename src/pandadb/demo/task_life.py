"""A task from JSON to `done`: submitted, fed, its jobs generated, run, one file tried again."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import insert, select
from sqlalchemy.dialects.postgresql import insert as insert_new

from pandadb.demo import examples
from pandadb.demo.sample_records import SITES
from pandadb.models import JediDatasetContents, JediWorkQueue, SchedconfigJSON
from pandadb.models.queues import JEDI_WORK_QUEUE_SEQ
from pandadb.services import datasets, jobs, shares, tasks
from pandadb.services.jobs import DispatchRequest, Heartbeat

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pandadb.core.tasks.search.progress import TaskProgress
    from pandadb.database import Database
    from pandadb.job_types import JobColumns

VO, LABEL = "atlas", "managed"
CONFIGURATION = {
    "status": "online", "cloud": "WORLD", "corecount": 1, "corepower": 10, "maxtime": 345_600,
    "maxwdir": 20_000, "maxrss": 4_000,
}  # fmt: skip
"""Of the demo's queues: seconds, MB, MB."""
CRASH: JobColumns = {"piloterrorcode": 1305, "piloterrordiag": "the payload has failed"}
ROUNDS = 20
"""More than the task needs."""


class TaskStuck(RuntimeError):
    """The task of the demo has not ended; it is a defect."""


@dataclass(frozen=True)
class TaskLife:
    """A task that has ended."""

    jeditaskid: int
    status: str
    failed_file: str
    """The first input of the job that has failed."""
    attempts: int
    """The number of attempts of that file."""
    progress: TaskProgress


def run_task(database: Database, on_step: Callable[[str], None] = lambda _step: None) -> TaskLife:
    """Take the task of the examples from JSON to its end; its second job fails and is retried.

    Each call makes another task.
    """
    prepare_site(database)
    prepare_shares(database)
    task = _submit(database, on_step)
    queues = [tasks.Queue(name) for name in SITES]
    failed: list[int] = []
    for _ in range(ROUNDS):
        made = [*tasks.generate_rounds(database, [task], queues, nfiles=100, rounds=10)]
        pandaids = _pandaids(database, task)
        on_step(f"{sum(len(one.jobs) for one in made)} jobs generated")
        failed += _run(database, task, pandaids, [] if failed else pandaids[1:2])
        tasks.advance(database, VO, LABEL)
        progress = tasks.task_progress(database, task)[task]
        on_step(_words(progress))
        status = tasks.get(database, task)["status"]
        if status not in ("ready", "scouting", "running", "prepared"):
            return TaskLife(task, status, *_failed_file(database, failed), progress)
    raise TaskStuck(f"task {task} is {status} after {ROUNDS} rounds")


def prepare_site(database: Database) -> None:
    """Insert what a task needs of the site: a work queue, and PanDA queues."""
    with database.transaction() as connection:
        found = select(JediWorkQueue.queue_id).where(
            JediWorkQueue.vo == VO, JediWorkQueue.queue_type == LABEL
        )
        if connection.scalar(found.limit(1)) is None:
            row = {
                "queue_id": JEDI_WORK_QUEUE_SEQ.next_value(), "queue_name": f"{VO} {LABEL}",
                "queue_type": LABEL, "vo": VO, "status": "active", "queue_order": 1,
                "queue_share": 100, "queue_function": "Resource",
            }  # fmt: skip
            connection.execute(insert(JediWorkQueue.__table__).values(row))
        rows = [{"panda_queue": name, "data": CONFIGURATION} for name in SITES]
        new = insert_new(SchedconfigJSON.__table__).values(rows)
        connection.execute(new.on_conflict_do_nothing())


def prepare_shares(database: Database) -> None:
    """Load the shares of the examples, unless there are others."""
    if not shares.tree(database).tree.root.children:
        shares.load(database, (examples.home() / "shares.yaml").read_text())


def _submit(database: Database, on_step: Callable[[str], None]) -> int:
    parameters = json.loads((examples.home() / "task.json").read_text())
    catalogue = datasets.read_catalogue((examples.home() / "catalogue.json").read_text())
    requester = tasks.Requester(parameters["userName"], production_role=True)
    answer, refined = tasks.enter(database, parameters, requester=requester)
    if answer.jeditaskid is None or refined is None:
        raise TaskStuck(answer.text)
    task = answer.jeditaskid
    fed = datasets.feed(database, task, catalogue).fed[task]
    files = sum(one.new for one in fed.datasets)
    on_step(f"task {task} submitted: {refined.status}; {files} input files fed: {fed.status}")
    return task


def _pandaids(database: Database, task: int) -> list[int]:
    page = jobs.find(
        database, jobs.Filter(jeditaskid=task, jobstatus="pending"), columns=["pandaid"], limit=1000
    )
    return [job["pandaid"] for job in page.jobs]


def _run(database: Database, task: int, pandaids: Sequence[int], bad: Sequence[int]) -> list[int]:
    """Run jobs on their sites to their end; return those that have failed."""
    jobs.reset(database, pandaids)
    jobs.activate(database, pandaids)
    taken = [
        job.pandaid
        for site in SITES
        for job in jobs.dispatch(database, DispatchRequest(site, njobs=1000, jeditaskid=task))
    ]
    jobs.heartbeat(database, [Heartbeat(job, "running") for job in taken])
    good = [job for job in taken if job not in bad]
    report = {"output": {"fsize": 1_000_000, "nevents": 2000}, "log": {"fsize": 10_000}}
    jobs.finish(database, good, files=report)
    return [*jobs.fail(database, bad, **CRASH).jobs]


def _failed_file(database: Database, failed: Sequence[int]) -> tuple[str, int]:
    """Return the first input of a failed job, and its attempts by now."""
    job = jobs.get(database, failed[0])
    file = next(one for one in job["files"] if one["type"] == "input")
    key = (file["jeditaskid"], file["datasetid"], file["fileid"])
    with database.session() as session:
        return file["lfn"], session.get_one(JediDatasetContents, key).attemptnr or 0


def _words(progress: TaskProgress) -> str:
    files = ", ".join(f"{number} {state}" for state, number in sorted(progress.files.items()))
    return f"input files: {files}"
