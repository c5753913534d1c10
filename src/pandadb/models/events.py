"""Ranges of events, processed one by one by jobs of the event service."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import CHAR, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from pandadb.models.base import Base, related
from pandadb.models.types import BigInt, SmallInt

if TYPE_CHECKING:
    from pandadb.models.tasks import JediTasks


class JediEvents(Base):
    """Ranges of events that jobs of the event service take one by one."""

    __tablename__ = "jedi_events"
    __table_args__ = (
        Index("jedi_events_file_notdel_idx", "file_not_deleted"),
        Index("jedi_events_fileid_idx", "fileid"),
        Index("jedi_events_pandaid_status_idx", "pandaid", "status"),
        {"postgresql_partition_by": "RANGE (jeditaskid)"},
    )

    jeditaskid: Mapped[BigInt] = mapped_column(primary_key=True, comment="Task, JEDI_TASKS")
    pandaid: Mapped[BigInt] = mapped_column(
        primary_key=True, comment="Job that has the range; the job set until one takes it"
    )
    fileid: Mapped[BigInt] = mapped_column(
        primary_key=True, comment="Input file, JEDI_DATASET_CONTENTS"
    )
    job_processid: Mapped[BigInt] = mapped_column(
        primary_key=True, comment="Number of the range in its file"
    )
    datasetid: Mapped[BigInt] = mapped_column(comment="Dataset of the file, JEDI_DATASETS")
    status: Mapped[SmallInt] = mapped_column(
        comment=(
            "0 ready, 1 sent, 2 running, 3 finished, 4 cancelled, 5 discarded, 6 done, 7 failed, "
            "8 fatal, 9 merged, 10 corrupted"
        ),
    )
    def_min_eventid: Mapped[BigInt | None] = mapped_column(comment="First event of the range")
    def_max_eventid: Mapped[BigInt | None] = mapped_column(comment="Last event of the range")
    processed_upto_eventid: Mapped[BigInt | None] = mapped_column(
        comment="Last event that is done, 0 for none"
    )
    attemptnr: Mapped[SmallInt | None] = mapped_column(comment="Attempts that are left")
    objstore_id: Mapped[BigInt | None] = mapped_column(comment="Object store that has the output")
    event_offset: Mapped[BigInt | None] = mapped_column(
        comment="Offset of the events, the job set at the beginning"
    )
    is_jumbo: Mapped[SmallInt | None] = mapped_column(comment="1 if a jumbo job took it")
    ziprow_id: Mapped[BigInt | None] = mapped_column(
        comment="Row of FILESTABLE4 of the archive file that holds the output"
    )
    file_not_deleted: Mapped[str | None] = mapped_column(
        CHAR(1), comment="Y if the output file could not be deleted"
    )
    error_code: Mapped[int | None] = mapped_column(comment="Error of the last attempt")
    path_convention: Mapped[SmallInt | None] = mapped_column(
        comment="How the path in the object store is made"
    )
    error_diag: Mapped[str | None] = mapped_column(
        String(500), comment="What went wrong in the last attempt"
    )

    task: Mapped[JediTasks | None] = related(
        "foreign(JediEvents.jeditaskid) == JediTasks.jeditaskid", "events"
    )
