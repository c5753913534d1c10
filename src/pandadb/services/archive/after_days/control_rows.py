"""The job queue's rows follow their jobs to the archive, after the days of a run.

Days that were swapped, or copied and dropped, leave the rows behind; a later run takes up what an
interrupted one has left. Jobs that go by rows take theirs along in their own transactions.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from pandadb.core.archive.transfer import control_rows
from pandadb.core.sql.spool import in_batches
from pandadb.services.archive.transactions import lift_timeouts
from pandadb.services.failures import isolated
from pandadb.services.grants import act_as_owner

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from pandadb.core.archive.transfer.control_rows import Numbers
    from pandadb.database import Database
    from pandadb.services.archive.report import RunReport
    from pandadb.services.archive.throttle import Throttle


def follow(database: Database, report: RunReport, throttle: Throttle) -> None:
    """Take control rows of jobs that are no longer live to the archive, and enter their numbers.

    Each batch is a transaction. It ends with the time of the run, and waits as days do.
    """
    with isolated(report.failed, "rows of the job queue"):
        left = left_behind(database)
        for batch in in_batches(left, control_rows.BATCH):
            if not throttle.wait(lambda _: None, begun=True):
                break
            for table, number in database.retrying(partial(_take, pandaids=batch)).items():
                if number:
                    report.control_rows[table] = report.control_rows.get(table, 0) + number


def left_behind(database: Database) -> list[int]:
    """Return the jobs with live control rows that are not live themselves."""
    with database.session() as session:
        act_as_owner(session.connection(), local=True)
        lift_timeouts(session)
        return control_rows.left_behind(session)


def _take(session: Session, pandaids: list[int]) -> Numbers:
    act_as_owner(session.connection(), local=True)
    return control_rows.to_archive(session, pandaids)
