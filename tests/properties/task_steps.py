"""Steps of the lives of tasks, from JSON on; each is what an agent, an operator or a pilot does."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select, union_all

from pandadb.demo import examples
from pandadb.demo.sample_records import SITES
from pandadb.demo.task_life import LABEL, VO
from pandadb.models import JediTasks, JobsArchived4
from pandadb.models.jobs.all_tables import LIVE_TABLES
from pandadb.services import datasets, jobs, tasks
from pandadb.services.jobs import DispatchRequest, Heartbeat

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy.orm import Session

    from pandadb.core.datasets.catalogue import Catalogue
    from pandadb.database import Database

QUEUES = [tasks.Queue(name) for name in SITES]
OPERATOR = tasks.Requester("an operator", production_role=True)
OUTPUT_EVENTS = 2000
REPORT: dict[str, Any] = {"output": {"fsize": 1000, "nevents": OUTPUT_EVENTS}, "log": {"fsize": 10}}
FILE_EVENTS = 100
MANY = 1000


def submit(database: Database, name: str, **more: Any) -> int:
    """Submit the task of the examples under a name of its own, and with other parameters."""
    parameters = json.loads((examples.home() / "task.json").read_text())
    parameters |= {"taskName": name, **more}
    parameters = {key: value for key, value in parameters.items() if value is not None}
    parameters["jobParameters"][0]["dataset"] = input_of(name)
    answer, refined = tasks.enter(database, parameters, requester=OPERATOR)
    assert answer.jeditaskid is not None, answer
    assert refined is not None
    assert refined.status == "defined", refined
    return answer.jeditaskid


def input_of(name: str) -> str:
    """Return the input dataset of a task."""
    return f"demo:{name}.in"


def catalogue_of(name: str, files: int, state: str = "closed") -> Catalogue:
    """Return a catalogue with the input of a task."""
    listed = [
        {"lfn": f"{name}.{n:05d}", "guid": f"{name}-{n}", "fsize": 10**8, "events": FILE_EVENTS}
        for n in range(files)
    ]
    return datasets.JsonCatalogue({input_of(name): {"state": state, "files": listed}})


def generate(database: Database, task: int) -> list[int]:
    """Generate jobs of a task, one slice; the caller is the brokerage of a task that needs one."""
    (made,) = tasks.generate_rounds(database, [task], QUEUES, nfiles=100, rounds=1)
    return [job.pandaid for job in made.jobs]


def start(database: Database, pandaids: Sequence[int]) -> None:
    """Have new jobs wait at their sites."""
    jobs.reset(database, pandaids)
    jobs.activate(database, pandaids)


def run(database: Database, task: int, number: int = MANY) -> None:
    """Have pilots take jobs of a task, and run them."""
    for site in SITES:
        jobs.dispatch(database, DispatchRequest(site, njobs=number, jeditaskid=task))
    sent = live(database, task, "sent", "starting")
    jobs.heartbeat(database, [Heartbeat(job, "running") for job in sent])


def finish(database: Database, pandaids: Iterable[int]) -> None:
    jobs.finish(database, pandaids, files=REPORT)


def command(database: Database, task: int, name: str, **more: Any) -> None:
    """Give a command to a task, and carry it out."""
    tasks.command(database, task, tasks.CommandRequest(name, OPERATOR, **more))


def advance(database: Database) -> None:
    tasks.advance(database, VO, LABEL)


def live(database: Database, task: int, *states: str) -> list[int]:
    """Return the live jobs of a task, in some states or in any."""
    with database.session() as session:
        found = [
            select(table.pandaid).where(
                table.jeditaskid == task, table.jobstatus.in_(states) if states else True
            )
            for table in LIVE_TABLES
        ]
        return sorted(session.scalars(union_all(*found)))


def ended(database: Database, task: int) -> list[int]:
    """Return jobs of a task that have ended without success."""
    job = JobsArchived4
    with database.session() as session:
        found = select(job.pandaid).where(job.jeditaskid == task, job.jobstatus != "finished")
        return [*session.scalars(found.order_by(job.pandaid))]


def status(session: Session, task: int) -> str | None:
    return session.scalar(select(JediTasks.status).where(JediTasks.jeditaskid == task))


def unfinished(database: Database) -> list[int]:
    """Return the tasks that have not ended."""
    ends = ("done", "finished", "failed", "aborted", "broken")
    with database.session() as session:
        found = select(JediTasks.jeditaskid).where(JediTasks.status.not_in(ends))
        return [*session.scalars(found.order_by(func.random()))]
