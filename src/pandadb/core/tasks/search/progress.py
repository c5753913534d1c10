"""Progress of tasks: their input files and their jobs by state, in one query."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, case, func, literal_column, select, union_all
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.types import String

from pandadb.core.datasets.dataset_types import INPUTS
from pandadb.core.datasets.file_keys import same_dataset
from pandadb.core.sql.id_arrays import is_given
from pandadb.core.sql.transaction import connection_of
from pandadb.core.tasks.files.new_attempts import is_spent
from pandadb.models import JediDatasetContents, JediDatasets
from pandadb.models.jobs.all_tables import JOB_TABLES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import CompoundSelect

    from pandadb.core.sql.transaction import Transaction

FILE, DATASET = JediDatasetContents.__table__.c, JediDatasets.__table__.c


@dataclass(frozen=True)
class TaskProgress:
    """Input files and jobs of a task, by state."""

    files: dict[str, int] = field(default_factory=dict)
    """Files of master datasets; those without attempts left count as `failed`."""
    events: int = 0
    """Events of those files."""
    finished_events: int = 0
    jobs: dict[str, int] = field(default_factory=dict)
    """Jobs of all tables, live and archived; a job that is in two counts once."""

    @property
    def share(self) -> float:
        """The share of files that are finished; 0 without files."""
        total = sum(self.files.values())
        return self.files.get("finished", 0) / total if total else 0.0


def read(session: Transaction, tasks: Sequence[int]) -> dict[int, TaskProgress]:
    """Return the progress of tasks; of a task without files and jobs an empty one."""
    files: dict[int, dict[str, int]] = {task: {} for task in tasks}
    jobs: dict[int, dict[str, int]] = {task: {} for task in tasks}
    events: dict[int, dict[str, int]] = {task: {} for task in tasks}
    for row in connection_of(session).execute(_query(), {"pandaids": [*tasks]}):
        (files if row.kind == "file" else jobs)[row.jeditaskid][row.state] = row.number
        if row.kind == "file":
            events[row.jeditaskid][row.state] = int(row.events)
    return {
        task: TaskProgress(
            files[task],
            sum(events[task].values()),
            events[task].get("finished", 0),
            jobs[task],
        )
        for task in tasks
    }


@cache
def _query() -> CompoundSelect[Any]:
    failed = and_(FILE.status == "ready", is_spent(FILE))
    state = case((failed, "failed"), else_=FILE.status)
    in_range = FILE.endevent - FILE.startevent + 1
    events = case((FILE.endevent.is_not(None), in_range), else_=FILE.nevents)
    files = (
        select(
            literal_column("'file'", String()).label("kind"),
            FILE.jeditaskid,
            state.label("state"),
            func.count().label("number"),
            func.coalesce(func.sum(events), 0).label("events"),
        )
        .join_from(DATASET.datasetid.table, FILE.fileid.table, same_dataset(FILE, DATASET))
        .where(is_given(DATASET.jeditaskid), DATASET.type.in_(INPUTS), DATASET.masterid.is_(None))
        .group_by(FILE.jeditaskid, state)
    )
    return union_all(files, _jobs())


def _jobs() -> Any:
    """Select the jobs by state; of a job that is in two tables the earlier table's row."""
    tables = [
        select(
            job.__table__.c.pandaid,
            job.__table__.c.jeditaskid,
            job.__table__.c.jobstatus,
            literal_column(str(place)).label("place"),
        ).where(is_given(job.__table__.c.jeditaskid))
        for place, job in enumerate(JOB_TABLES)
    ]
    every = union_all(*tables).subquery("every")
    once = (
        select(every.c.pandaid, every.c.jeditaskid, every.c.jobstatus)
        .ext(distinct_on(every.c.pandaid))
        .order_by(every.c.pandaid, every.c.place)
        .subquery("once")
    )
    return select(
        literal_column("'job'", String()),
        once.c.jeditaskid,
        once.c.jobstatus,
        func.count(),
        literal_column("0"),
    ).group_by(once.c.jeditaskid, once.c.jobstatus)
