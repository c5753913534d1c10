"""Generated jobs as a report lists them: with their input and output."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from pandadb.core.jobs.files.file_status import OUTPUTS, same_file
from pandadb.core.sql.id_arrays import is_given, written
from pandadb.core.tasks.search.pages import TaskNotFound
from pandadb.models import FilesTable4, JediDatasetContents, JediTasks
from pandadb.models.types import EPOCH

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Select

    from pandadb.core.sql.transaction import Transaction

FILE, CONTENTS = FilesTable4.__table__.c, JediDatasetContents.__table__.c


@dataclass(frozen=True)
class GeneratedInput:
    """An input file of a job."""

    name: str
    first_event: int | None = None
    """Of a range of its events; None for all events."""
    last_event: int | None = None


@dataclass(frozen=True)
class GeneratedJob:
    """A job that was generated."""

    pandaid: int
    inputs: list[GeneratedInput] = field(default_factory=list)
    """In the order of its files: datasets of the task, a library, a random seed."""
    outputs: list[str] = field(default_factory=list)
    """Names of outputs and the log, sorted."""


def state(session: Transaction, task: int) -> tuple[str, str | None]:
    """Return the state of a task, and the reason if it is on hold.

    Raises:
        TaskNotFound: There is no such task.
    """
    columns = (JediTasks.status, JediTasks.errordialog)
    found = session.execute(select(*columns).where(JediTasks.jeditaskid == task)).one_or_none()
    if found is None:
        raise TaskNotFound(f"there is no task {task}")
    return found.status, found.errordialog


def read(session: Transaction, pandaids: Sequence[int]) -> list[GeneratedJob]:
    """Return jobs that have just been stored, by PandaID."""
    found = {pandaid: GeneratedJob(pandaid) for pandaid in sorted(pandaids)}
    rows = session.execute(_files(), {"pandaids": written(pandaids)}).all()
    for pandaid, lfn, kind, start, end in rows:
        job = found[pandaid]
        if kind in OUTPUTS:
            job.outputs.append(lfn)
        else:
            job.inputs.append(GeneratedInput(lfn, start, end))
    for job in found.values():
        job.outputs.sort()
    return [*found.values()]


@cache
def _files() -> Select[Any]:
    return (
        select(FILE.pandaid, FILE.lfn, FILE.type, CONTENTS.startevent, CONTENTS.endevent)
        .join(CONTENTS.fileid.table, same_file(CONTENTS, FILE), isouter=True)
        .where(is_given(FILE.pandaid), FILE.modificationtime == EPOCH)
        .order_by(FILE.pandaid, FILE.row_id)
    )
