"""Jobs that merge the outputs of events end, and with them the consumers of these events."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, func, or_, select

from pandadb.core.jobs.calls import take
from pandadb.core.jobs.event_service import (
    consumer_ranges,
    end_marks,
    given_jobs,
    related_jobs,
    unreadable_inputs,
)
from pandadb.core.jobs.event_service.end_marks import MARKS
from pandadb.core.jobs.files.file_status import MASTER_TYPES, RETRIED_BY_PILOT
from pandadb.core.jobs.mover import MoveResult
from pandadb.models import JediDatasetContents, JediDatasets

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Select

    from pandadb.core.jobs.calls import Call
    from pandadb.core.sql.transaction import Transaction

    Rows = Sequence[Mapping[str, Any]]

CONTENTS, DATASET = JediDatasetContents.__table__.c, JediDatasets.__table__.c
INCONSISTENT = 124
INCONSISTENT_DIAG = "Its input is not with it in JEDI: another attempt has it, or none"


def end(session: Transaction, given: Call, jobs: Rows) -> MoveResult:
    """End merge jobs; one that has finished on input that is not its own any more has failed.

    The consumers of its events end with it, unless its pilot has tried it again.
    """
    consumer_ranges.lock(session, jobs)
    wrong: set[int] = set()
    if given.goal == "finished":
        wrong = {*session.scalars(_inconsistent(), given_jobs.parameters(jobs))}
    marks = {
        job["pandaid"]: (job["jobsubstatus"], INCONSISTENT, INCONSISTENT_DIAG)
        for job in jobs
        if job["pandaid"] in wrong
    }
    end_marks.mark(session, marks)
    values = {name: value for name, value in given.values.items() if name not in MARKS}
    parts = (
        (given, [job for job in jobs if job["pandaid"] not in wrong]),
        (given.by("fail", values=values), [job for job in jobs if job["pandaid"] in wrong]),
    )
    done = MoveResult()
    for call, chosen in parts:
        if not chosen:
            continue
        consumer_ranges.mark_outputs(session, chosen, call.goal)
        done.add(take(session, call, given_jobs.ids(chosen)))
        if call.goal == "failed":
            unreadable_inputs.corrupt(session, given_jobs.ids(chosen))
        counted = [job for job in chosen if job["taskbuffererrorcode"] != RETRIED_BY_PILOT]
        related_jobs.follow(session, counted, call.goal)
    return done


@cache
def _inconsistent() -> Select[Any]:
    """Select the jobs with a master input that is of another attempt, or is not being used."""
    given = given_jobs.table()
    files = given_jobs.inputs(given).cte("files")
    is_used = or_(
        CONTENTS.status == "running",
        and_(CONTENTS.status != "finished", CONTENTS.is_waiting.is_not(None)),
    )
    return (
        select(files.c.pandaid)
        .distinct()
        .join(
            DATASET.datasetid.table,
            and_(
                DATASET.jeditaskid == files.c.jeditaskid,
                DATASET.datasetid == files.c.datasetid,
                DATASET.type.in_(MASTER_TYPES),
                DATASET.masterid.is_(None),
            ),
        )
        .outerjoin(
            CONTENTS.fileid.table,
            and_(
                CONTENTS.jeditaskid == files.c.jeditaskid,
                CONTENTS.datasetid == files.c.datasetid,
                CONTENTS.fileid == files.c.fileid,
            ),
        )
        .where(
            or_(
                CONTENTS.fileid.is_(None),
                and_(
                    CONTENTS.keeptrack == 1,
                    CONTENTS.attemptnr.is_not(None),
                    or_(
                        func.coalesce(files.c.attemptnr, -1) != CONTENTS.attemptnr,
                        ~is_used,
                    ),
                ),
            )
        )
    )
