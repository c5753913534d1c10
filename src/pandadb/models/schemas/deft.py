"""Schema doma_deft: tasks and commands from production systems."""

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
    """Tasks as production systems hand them over; JEDI takes those that wait."""

    __tablename__ = "t_task"
    __table_args__ = (
        Index("t_task_pk_part", "taskid", unique=True),
        Index("t_task_status_prodlabel_idx", "status", "prodsourcelabel"),
        Index("t_task_taskname_idx", "taskname"),
        Index("t_task_username_idx", "username"),
        {"schema": DEFT},
    )
    __mapper_args__ = {"primary_key": ["taskid"]}

    taskid: Mapped[BigInt] = mapped_column(
        PRODSYS2_TASK_SEQ, comment="Task, the number that becomes jeditaskid"
    )
    parent_tid: Mapped[BigInt | None] = mapped_column(
        comment="Task whose output this one reads; its own number without a parent"
    )
    status: Mapped[str | None] = mapped_column(
        String(12), comment="State, waiting until JEDI takes it"
    )
    total_done_jobs: Mapped[BigInt | None] = mapped_column(comment="Jobs that finished")
    submit_time: Mapped[datetime] = mapped_column(
        Timestamp(precision=0), comment="When the task was submitted"
    )
    start_time: Mapped[datetime | None] = mapped_column(
        Timestamp(precision=0), comment="When the first jobs were made"
    )
    timestamp: Mapped[datetime | None] = mapped_column(
        Timestamp(precision=0), comment="Last change"
    )
    vo: Mapped[str | None] = mapped_column(String(32), comment="Virtual organization")
    prodsourcelabel: Mapped[str | None] = mapped_column(
        String(20), comment="Kind of work: managed, user, test and others"
    )
    taskname: Mapped[str | None] = mapped_column(String(256), comment="Name of the task")
    username: Mapped[str | None] = mapped_column(String(128), comment="Who submitted it")
    priority: Mapped[BigInt | None] = mapped_column(comment="Priority given at submission")
    current_priority: Mapped[BigInt | None] = mapped_column(comment="Priority in use")
    total_req_jobs: Mapped[BigInt | None] = mapped_column(comment="Jobs that were made")
    chain_tid: Mapped[BigInt | None] = mapped_column(
        comment="First task of the chain that this one belongs to"
    )
    total_events: Mapped[BigInt | None] = mapped_column(
        comment="Events that finished jobs have processed"
    )
    jedi_task_parameters: Mapped[str | None] = mapped_column(
        Text, comment="Parameters for JEDI, JSON"
    )
    total_input_events: Mapped[BigInt | None] = mapped_column(comment="Events to be processed")

    jedi_task: Mapped[JediTasks | None] = related(
        "foreign(JediTasks.jeditaskid) == TTask.taskid", "deft_task"
    )
    commands: Mapped[list[ProdSysComm]] = related(
        "foreign(ProdSysComm.comm_task) == TTask.taskid", "task"
    )


class ProdSysComm(Base):
    """Commands to tasks, at most one per task."""

    __tablename__ = "prodsys_comm"
    __table_args__ = {"schema": DEFT}
    __mapper_args__ = {"primary_key": ["comm_task", "comm_cmd"]}

    comm_task: Mapped[BigInt] = mapped_column(comment="Task, T_TASK")
    comm_meta: Mapped[BigInt | None] = mapped_column(comment="Number that goes with the command")
    comm_owner: Mapped[str | None] = mapped_column(String(32), comment="Who has to act on it, DEFT")
    comm_cmd: Mapped[str | None] = mapped_column(
        String(256),
        comment=(
            "Command: kill, finish, retry, incexec, reassign, pause, resume, avalanche or "
            "release; then what became of it"
        ),
    )
    comm_ts: Mapped[BigInt | None] = mapped_column(
        comment="When the command was given, seconds since 1970"
    )
    comm_comment: Mapped[str | None] = mapped_column(
        String(128), comment="Explanation, or values for the command"
    )
    comm_parameters: Mapped[str | None] = mapped_column(
        Text, comment="Parameters of the command, JSON"
    )

    task: Mapped[TTask | None] = related(
        "foreign(ProdSysComm.comm_task) == TTask.taskid", "commands"
    )
