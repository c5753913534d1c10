"""Ranges of events, which jobs of the event service take one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import CHAR, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from pandadb.models.base import Base, related
from pandadb.models.types import BigInt, SmallInt

if TYPE_CHECKING:
    from pandadb.models.tasks import JediTasks


class JediEvents(Base):
    """TODO doma_panda.jedi_events."""

    __tablename__ = "jedi_events"
    __table_args__ = (
        Index("jedi_events_file_notdel_idx", "file_not_deleted"),
        Index("jedi_events_fileid_idx", "fileid"),
        Index("jedi_events_pandaid_status_idx", "pandaid", "status"),
        {"postgresql_partition_by": "RANGE (jeditaskid)"},
    )

    jeditaskid: Mapped[BigInt] = mapped_column(primary_key=True)
    pandaid: Mapped[BigInt] = mapped_column(primary_key=True)
    fileid: Mapped[BigInt] = mapped_column(primary_key=True)
    job_processid: Mapped[BigInt] = mapped_column(primary_key=True)
    datasetid: Mapped[BigInt]
    status: Mapped[SmallInt]
    def_min_eventid: Mapped[BigInt | None]
    def_max_eventid: Mapped[BigInt | None]
    processed_upto_eventid: Mapped[BigInt | None]
    attemptnr: Mapped[SmallInt | None]
    objstore_id: Mapped[BigInt | None]
    event_offset: Mapped[BigInt | None]
    is_jumbo: Mapped[SmallInt | None]
    ziprow_id: Mapped[BigInt | None]
    file_not_deleted: Mapped[str | None] = mapped_column(CHAR(1))
    error_code: Mapped[int | None]
    path_convention: Mapped[SmallInt | None]
    error_diag: Mapped[str | None] = mapped_column(String(500))

    task: Mapped[JediTasks | None] = related(
        "foreign(JediEvents.jeditaskid) == JediTasks.jeditaskid", "events"
    )
