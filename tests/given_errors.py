"""Rules and failed jobs to put into a test database."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from pandadb.models import (
    ErrorClassification,
    FilesTable4,
    JediDatasetContents,
    JobsArchived4,
    RetryActions,
    RetryErrors,
)
from tests.factories import ROW_IDS
from tests.task_rows import LONG_AGO, give_dataset, give_task

if TYPE_CHECKING:
    from pandadb.database import Database

ACTIONS = (
    "no_retry", "limit_retry", "increase_memory", "increase_memory_xtimes", "increase_cputime",
    "reduce_input_per_job",
)  # fmt: skip
JOB_TIMES = {"starttime": LONG_AGO, "endtime": LONG_AGO + timedelta(hours=1)}


def give_actions(database: Database) -> None:
    """Make the actions of rules, numbered from 1 on in the order of `ACTIONS`."""
    with database.session() as session:
        for number, name in enumerate(ACTIONS, start=1):
            session.add(RetryActions(retryaction_id=number, retry_action=name, active="Y"))


def give_rule(database: Database, number: int, code: int, action: str, **columns: Any) -> None:
    """Make a rule for an error of the pilot."""
    row = {"errorsource": "pilotErrorCode", "active": "Y", **columns}
    with database.session() as session:
        session.add(
            RetryErrors(
                retryerror_id=number,
                errorcode=code,
                retryaction=ACTIONS.index(action) + 1,
                **row,
            )
        )


def give_class(database: Database, code: int, error_class: str, **columns: Any) -> int:
    """Make a rule that classifies an error of the pilot, whatever its text; return its number."""
    row = {"error_source": "pilotErrorCode", "error_diag": ".*", "active": "Y", **columns}
    rule = ErrorClassification(error_code=code, error_class=error_class, **row)
    with database.session() as session:
        session.add(rule)
        session.flush()
        return rule.id


def give_failed(database: Database, pandaid: int, code: int, **columns: Any) -> int:
    """Make a task of the same number with a failed job, whose file still runs, and a ready file."""
    task = columns.pop("task", {})
    give_task(database, pandaid, "running", **task)
    running = {"status": "running", "pandaid": pandaid, "attemptnr": 1, "maxattempt": 5}
    datasetid = give_dataset(database, pandaid, 1, [running, {}])
    row = {
        "jeditaskid": pandaid, "jobstatus": "failed", "modificationtime": LONG_AGO,
        "piloterrorcode": code, "piloterrordiag": "out of memory", "attemptnr": 1, "maxattempt": 5,
        "minramcount": 2000, "computingsite": "QUEUE_A", "corecount": 1, "transformation": "run",
        "lockedby": "jedi", **JOB_TIMES, **columns,
    }  # fmt: skip
    with database.session() as session:
        session.add(JobsArchived4(pandaid=pandaid, **row))
        session.add(
            FilesTable4(
                row_id=next(ROW_IDS), pandaid=pandaid, jeditaskid=pandaid, datasetid=datasetid,
                fileid=datasetid * 100, lfn="input", type="input", status="ready", attemptnr=1,
                fsize=3 * 1024**3,
            )
        )  # fmt: skip
    return pandaid


def running_file(database: Database, pandaid: int) -> JediDatasetContents:
    """Return the input file of a job that `give_failed` has made, as it is now."""
    datasetid = pandaid * 10 + 1
    with database.session() as session:
        file = session.get_one(JediDatasetContents, (pandaid, datasetid, datasetid * 100))
        session.expunge(file)
        return file
