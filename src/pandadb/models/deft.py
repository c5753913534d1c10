"""Schema doma_deft: the tasks and commands that production systems hand over."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from pandadb.models.base import DEFT, Base, related, sequence
from pandadb.models.types import BigInt, Timestamp

if TYPE_CHECKING:
    from pandadb.models.tasks import JediTasks

PRODSYS2_TASK_SEQ = sequence("prodsys2_task_id_seq", DEFT)


class TTask(Base):
    """TODO doma_deft.t_task."""

    __tablename__ = "t_task"
    __table_args__ = (
        Index("t_task_pk_part", "taskid", unique=True),
        Index("t_task_status_prodlabel_idx", "status", "prodsourcelabel"),
        Index("t_task_taskname_idx", "taskname"),
        Index("t_task_username_idx", "username"),
        {"schema": DEFT},
    )
    __mapper_args__ = {"primary_key": ["taskid"]}

    taskid: Mapped[BigInt] = mapped_column(PRODSYS2_TASK_SEQ)
    parent_tid: Mapped[BigInt | None]
    status: Mapped[str | None] = mapped_column(String(12))
    total_done_jobs: Mapped[BigInt | None]
    submit_time: Mapped[datetime] = mapped_column(Timestamp(precision=0))
    start_time: Mapped[datetime | None] = mapped_column(Timestamp(precision=0))
    timestamp: Mapped[datetime | None] = mapped_column(Timestamp(precision=0))
    vo: Mapped[str | None] = mapped_column(String(32))
    prodsourcelabel: Mapped[str | None] = mapped_column(String(20))
    taskname: Mapped[str | None] = mapped_column(String(256))
    username: Mapped[str | None] = mapped_column(String(128))
    priority: Mapped[BigInt | None]
    current_priority: Mapped[BigInt | None]
    total_req_jobs: Mapped[BigInt | None]
    chain_tid: Mapped[BigInt | None]
    total_events: Mapped[BigInt | None]
    jedi_task_parameters: Mapped[str | None] = mapped_column(Text)
    total_input_events: Mapped[BigInt | None]

    jedi_task: Mapped[JediTasks | None] = related(
        "foreign(JediTasks.jeditaskid) == TTask.taskid", "deft_task"
    )
    commands: Mapped[list[ProdSysComm]] = related(
        "foreign(ProdSysComm.comm_task) == TTask.taskid", "task"
    )


class ProdSysComm(Base):
    """TODO doma_deft.prodsys_comm."""

    __tablename__ = "prodsys_comm"
    __table_args__ = {"schema": DEFT}
    __mapper_args__ = {"primary_key": ["comm_task", "comm_cmd"]}

    comm_task: Mapped[BigInt]
    comm_meta: Mapped[BigInt | None]
    comm_owner: Mapped[str | None] = mapped_column(String(32))
    comm_cmd: Mapped[str | None] = mapped_column(String(256))
    comm_ts: Mapped[BigInt | None]
    comm_comment: Mapped[str | None] = mapped_column(String(128))
    comm_parameters: Mapped[str | None] = mapped_column(Text)

    task: Mapped[TTask | None] = related(
        "foreign(ProdSysComm.comm_task) == TTask.taskid", "commands"
    )
