"""Files that a job has several times, as ranges of events: FILESTABLE4 has the first of them only.

The others are noted in JEDI_EVENTS, by the row of the first; the job's end changes them as well.
Only jobs with a dynamic number of events have such files.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import literal_column, select, union_all

from pandadb.core.events.creation import NO_EVENT
from pandadb.core.events.special_handling import Flag
from pandadb.core.sql.expressions import constant
from pandadb.models import FilesTable4, JediEvents

if TYPE_CHECKING:
    from sqlalchemy import FromClause

    from pandadb.core.statemachine.effects import Columns

FILE, EVENT = FilesTable4.__table__.c, JediEvents.__table__.c


def inputs_of_file(job: Columns) -> FromClause:
    """Return the key and the attempt of a job's file, and of those that it is noted for."""
    own = select(FILE.jeditaskid, FILE.datasetid, FILE.fileid, FILE.attemptnr)
    others = select(
        FILE.jeditaskid, FILE.datasetid, EVENT.fileid, (EVENT.attemptnr - 1).label("attemptnr")
    ).where(
        job["specialhandling"].regexp_match(constant(f"(^|,){Flag.DYNAMIC}(,|$)")),
        EVENT.jeditaskid == FILE.jeditaskid,
        EVENT.pandaid == FILE.pandaid,
        EVENT.job_processid == FILE.row_id,
        EVENT.processed_upto_eventid == literal_column(str(NO_EVENT)),
    )
    one = FilesTable4.__table__, job["pandaid"].table
    both = union_all(own.correlate(*one), others.correlate(*one))
    return both.lateral("of_file")
