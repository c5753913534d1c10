"""Tasks with many files, made by the database itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.ready_tasks import make_ready_task

if TYPE_CHECKING:
    import psycopg
    from sqlalchemy.orm import Session

FILES_PER_JOB = 10
FILL = """
INSERT INTO doma_panda.jedi_dataset_contents (jeditaskid, datasetid, fileid, creationdate, lfn,
    guid, scope, type, status, fsize, checksum, attemptnr, maxattempt, failedattempt, nevents,
    keeptrack, ramcount)
SELECT %(task)s, %(dataset)s, nextval('doma_panda.jedi_dataset_cont_fileid_seq'), localtimestamp,
    'EVNT.00000001._' || lpad(n::text, 6, '0') || '.pool.root.1',
    '01234567-89ab-cdef-0123-' || lpad(n::text, 12, '0'), 'mc23', 'input', {status},
    100000000 + n, 'ad:01234567', 0, 5, 0, 1000, 1, 0
FROM generate_series(1, %(number)s) AS n
"""
COUNT = """
UPDATE doma_panda.jedi_datasets SET nfiles = %(number)s, nfilestobeused = %(number)s
WHERE jeditaskid = %(task)s AND datasetid = %(dataset)s
"""


def make_task(session: Session, task: int) -> int:
    """Make a task that has ten files a job, an output and a log; return its input dataset."""
    return make_ready_task(session, task, f"NF={FILES_PER_JOB}")


def dataset_of(task: int) -> int:
    """Return the input dataset of a task."""
    return 10 * task + 1


def fill_files(
    connection: psycopg.Connection, task: int, number: int, status: str = "'ready'"
) -> None:
    """Fill the input dataset of a task; `status` is the SQL of the state of file number `n`."""
    given = {"task": task, "dataset": dataset_of(task), "number": number}
    with connection.transaction():
        connection.execute(FILL.format(status=status).encode(), given)
        connection.execute(COUNT, given)
