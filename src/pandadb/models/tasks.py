"""Tasks: what is to be done, cut into jobs, and how far it is."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from sqlalchemy import CHAR, Index, Numeric, PrimaryKeyConstraint, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from pandadb.models.base import Base, related, sequence
from pandadb.models.jobs.links import HasJobs
from pandadb.models.types import BigInt, SmallInt

if TYPE_CHECKING:
    from pandadb.models.datasets import JediDatasetContents, JediDatasets
    from pandadb.models.deft import TTask
    from pandadb.models.events import JediEvents
    from pandadb.models.jobs.history import JediJobRetryHistory
    from pandadb.models.queues import GlobalShares, JediWorkQueue
    from pandadb.models.workflow import DataCarouselRelations

JEDI_OUTPUT_TEMPLATE_SEQ = sequence("jedi_output_template_id_seq")


class JediTasks(HasJobs, Base):
    """TODO doma_panda.jedi_tasks."""

    job_side = "task"
    job_link = ("jeditaskid", "jeditaskid")
    __tablename__ = "jedi_tasks"
    __table_args__ = (
        Index("jedi_tasks_amiflag_idx", "amiflag"),
        Index("jedi_tasks_creation_idx", "creationdate"),
        Index("jedi_tasks_lockedby_idx", "lockedby"),
        Index("jedi_tasks_modiftime_idx", "modificationtime"),
        Index("jedi_tasks_nametaskid_idx", "taskname", "jeditaskid"),
        Index("jedi_tasks_parent_tid_idx", "parent_tid"),
        Index("jedi_tasks_realmodtime_idx", "realmodificationtime"),
        Index("jedi_tasks_reqid_idx", "reqid", "username"),
        Index(
            "jedi_tasks_status3attr_idx", "status", "workqueue_id", "prodsourcelabel", "jeditaskid"
        ),
        Index("jedi_upper_tasks_name_idx", text("upper(taskname)")),
        {"postgresql_partition_by": "RANGE (jeditaskid)"},
    )

    jeditaskid: Mapped[BigInt] = mapped_column(primary_key=True, autoincrement=False)
    taskname: Mapped[str | None] = mapped_column(String(256))
    status: Mapped[str] = mapped_column(String(64))
    username: Mapped[str] = mapped_column(String(128))
    creationdate: Mapped[datetime]
    modificationtime: Mapped[datetime]
    reqid: Mapped[int | None]
    oldstatus: Mapped[str | None] = mapped_column(String(64))
    cloud: Mapped[str | None] = mapped_column(String(10))
    site: Mapped[str | None] = mapped_column(String(60))
    starttime: Mapped[datetime | None]
    endtime: Mapped[datetime | None]
    frozentime: Mapped[datetime | None]
    prodsourcelabel: Mapped[str | None] = mapped_column(String(20))
    workinggroup: Mapped[str | None] = mapped_column(String(32))
    vo: Mapped[str | None] = mapped_column(String(32))
    corecount: Mapped[int | None]
    tasktype: Mapped[str | None] = mapped_column(String(64))
    processingtype: Mapped[str | None] = mapped_column(String(64))
    taskpriority: Mapped[int | None]
    currentpriority: Mapped[int | None]
    architecture: Mapped[str | None] = mapped_column(String(256))
    transuses: Mapped[str | None] = mapped_column(String(64))
    transhome: Mapped[str | None] = mapped_column(String(128))
    transpath: Mapped[str | None] = mapped_column(String(128))
    lockedby: Mapped[str | None] = mapped_column(String(56))
    lockedtime: Mapped[datetime | None]
    termcondition: Mapped[str | None] = mapped_column(String(100))
    splitrule: Mapped[str | None] = mapped_column(String(200))
    walltime: Mapped[int | None]
    walltimeunit: Mapped[str | None] = mapped_column(String(32))
    outdiskcount: Mapped[int | None]
    outdiskunit: Mapped[str | None] = mapped_column(String(32))
    workdiskcount: Mapped[int | None]
    workdiskunit: Mapped[str | None] = mapped_column(String(32))
    ramcount: Mapped[int | None]
    ramunit: Mapped[str | None] = mapped_column(String(32))
    iointensity: Mapped[int | None]
    iointensityunit: Mapped[str | None] = mapped_column(String(32))
    workqueue_id: Mapped[int | None]
    progress: Mapped[SmallInt | None]
    failurerate: Mapped[SmallInt | None]
    errordialog: Mapped[str | None] = mapped_column(String(510))
    countrygroup: Mapped[str | None] = mapped_column(String(20))
    parent_tid: Mapped[BigInt | None]
    eventservice: Mapped[SmallInt | None]
    ticketid: Mapped[str | None] = mapped_column(String(50))
    ticketsystemtype: Mapped[str | None] = mapped_column(String(32))
    statechangetime: Mapped[datetime | None]
    superstatus: Mapped[str | None] = mapped_column(String(64))
    campaign: Mapped[str | None] = mapped_column(String(32))
    mergeramcount: Mapped[int | None]
    mergeramunit: Mapped[str | None] = mapped_column(String(32))
    mergewalltime: Mapped[int | None]
    mergewalltimeunit: Mapped[str | None] = mapped_column(String(32))
    throttledtime: Mapped[datetime | None]
    numthrottled: Mapped[SmallInt | None]
    mergecorecount: Mapped[int | None]
    goal: Mapped[SmallInt | None]
    assessmenttime: Mapped[datetime | None]
    cputime: Mapped[int | None]
    cputimeunit: Mapped[str | None] = mapped_column(String(32))
    cpuefficiency: Mapped[SmallInt | None]
    basewalltime: Mapped[int | None]
    amiflag_old: Mapped[str | None] = mapped_column(String(10))
    amiflag: Mapped[int | None] = mapped_column(server_default="1")
    nucleus: Mapped[str | None] = mapped_column(String(52))
    baseramcount: Mapped[int | None]
    ttcrequested: Mapped[datetime | None]
    ttcpredicted: Mapped[datetime | None]
    ttcpredictiondate: Mapped[datetime | None]
    rescuetime: Mapped[datetime | None]
    requesttype: Mapped[str | None] = mapped_column(String(32))
    gshare: Mapped[str | None] = mapped_column(String(32))
    usejumbo: Mapped[str | None] = mapped_column(CHAR(1))
    resource_type: Mapped[str | None] = mapped_column(String(56))
    diskio: Mapped[int | None]
    diskiounit: Mapped[str | None] = mapped_column(String(32))
    memory_leak_core: Mapped[BigInt | None]
    memory_leak_x2: Mapped[Decimal | None] = mapped_column(Numeric(14, 3))
    attemptnr: Mapped[SmallInt | None]
    container_name: Mapped[str | None] = mapped_column(String(200))
    job_label: Mapped[str | None] = mapped_column(String(20))
    realmodificationtime: Mapped[datetime | None]
    framework: Mapped[str | None] = mapped_column(String(50))
    activatedtime: Mapped[datetime | None]
    queuedtime: Mapped[datetime | None]
    actiontime: Mapped[datetime | None]

    datasets: Mapped[list[JediDatasets]] = related(
        "foreign(JediDatasets.jeditaskid) == JediTasks.jeditaskid", "task"
    )
    dataset_contents: Mapped[list[JediDatasetContents]] = related(
        "foreign(JediDatasetContents.jeditaskid) == JediTasks.jeditaskid", "task"
    )
    events: Mapped[list[JediEvents]] = related(
        "foreign(JediEvents.jeditaskid) == JediTasks.jeditaskid", "task"
    )
    job_retry_history: Mapped[list[JediJobRetryHistory]] = related(
        "foreign(JediJobRetryHistory.jeditaskid) == JediTasks.jeditaskid", "task"
    )
    task_params: Mapped[JediTaskParams | None] = related(
        "foreign(JediTaskParams.jeditaskid) == JediTasks.jeditaskid", "task"
    )
    jobparams_template: Mapped[JediJobParamsTemplate | None] = related(
        "foreign(JediJobParamsTemplate.jeditaskid) == JediTasks.jeditaskid", "task"
    )
    output_templates: Mapped[list[JediOutputTemplate]] = related(
        "foreign(JediOutputTemplate.jeditaskid) == JediTasks.jeditaskid", "task"
    )
    attempts: Mapped[list[TaskAttempts]] = related(
        "foreign(TaskAttempts.jeditaskid) == JediTasks.jeditaskid", "task"
    )
    statuslog: Mapped[list[TasksStatusLog]] = related(
        "foreign(TasksStatusLog.jeditaskid) == JediTasks.jeditaskid", "task"
    )
    metrics: Mapped[list[TaskMetrics]] = related(
        "foreign(TaskMetrics.jeditaskid) == JediTasks.jeditaskid", "task"
    )
    evaluations: Mapped[list[TaskEvaluation]] = related(
        "foreign(TaskEvaluation.jeditaskid) == JediTasks.jeditaskid", "task"
    )
    parent_task: Mapped[JediTasks | None] = related(
        "foreign(JediTasks.parent_tid) == remote(JediTasks.jeditaskid)", "child_tasks"
    )
    child_tasks: Mapped[list[JediTasks]] = related(
        "remote(foreign(JediTasks.parent_tid)) == JediTasks.jeditaskid", "parent_task"
    )
    deft_task: Mapped[TTask | None] = related(
        "foreign(JediTasks.jeditaskid) == TTask.taskid", "jedi_task"
    )
    work_queue: Mapped[JediWorkQueue | None] = related(
        "foreign(JediTasks.workqueue_id) == JediWorkQueue.queue_id", "tasks"
    )
    share: Mapped[GlobalShares | None] = related(
        "foreign(JediTasks.gshare) == GlobalShares.name", "tasks"
    )
    data_carousel_relations: Mapped[list[DataCarouselRelations]] = related(
        "foreign(DataCarouselRelations.task_id) == JediTasks.jeditaskid", "task"
    )


class JediTaskParams(Base):
    """TODO doma_panda.jedi_taskparams."""

    __tablename__ = "jedi_taskparams"
    __table_args__ = {"postgresql_partition_by": "RANGE (jeditaskid)"}

    jeditaskid: Mapped[BigInt] = mapped_column(primary_key=True, autoincrement=False)
    taskparams: Mapped[str | None] = mapped_column(Text)

    task: Mapped[JediTasks | None] = related(
        "foreign(JediTaskParams.jeditaskid) == JediTasks.jeditaskid", "task_params"
    )


class JediJobParamsTemplate(Base):
    """TODO doma_panda.jedi_jobparams_template."""

    __tablename__ = "jedi_jobparams_template"
    __table_args__ = {"postgresql_partition_by": "RANGE (jeditaskid)"}

    jeditaskid: Mapped[BigInt] = mapped_column(primary_key=True, autoincrement=False)
    jobparamstemplate: Mapped[str | None] = mapped_column(Text)

    task: Mapped[JediTasks | None] = related(
        "foreign(JediJobParamsTemplate.jeditaskid) == JediTasks.jeditaskid", "jobparams_template"
    )


class JediOutputTemplate(Base):
    """TODO doma_panda.jedi_output_template."""

    __tablename__ = "jedi_output_template"
    __table_args__ = {"postgresql_partition_by": "RANGE (jeditaskid)"}

    jeditaskid: Mapped[BigInt] = mapped_column(primary_key=True)
    datasetid: Mapped[BigInt] = mapped_column(primary_key=True)
    outtempid: Mapped[BigInt] = mapped_column(JEDI_OUTPUT_TEMPLATE_SEQ, primary_key=True)
    filenametemplate: Mapped[str] = mapped_column(String(256))
    maxserialnr: Mapped[int | None]
    serialnr: Mapped[int | None]
    sourcename: Mapped[str | None] = mapped_column(String(256))
    streamname: Mapped[str | None] = mapped_column(String(20))
    outtype: Mapped[str | None] = mapped_column(String(20))

    task: Mapped[JediTasks | None] = related(
        "foreign(JediOutputTemplate.jeditaskid) == JediTasks.jeditaskid", "output_templates"
    )
    jedi_dataset: Mapped[JediDatasets | None] = related(
        "and_(foreign(JediOutputTemplate.jeditaskid) == JediDatasets.jeditaskid, "
        "foreign(JediOutputTemplate.datasetid) == JediDatasets.datasetid)",
        "output_templates",
    )


class TaskAttempts(Base):
    """TODO doma_panda.task_attempts."""

    __tablename__ = "task_attempts"
    __table_args__ = {"postgresql_partition_by": "RANGE (starttime)"}

    jeditaskid: Mapped[BigInt] = mapped_column(primary_key=True)
    attemptnr: Mapped[int] = mapped_column(primary_key=True)
    starttime: Mapped[datetime] = mapped_column(primary_key=True)
    endtime: Mapped[datetime | None]
    startstatus: Mapped[str | None] = mapped_column(String(32))
    endstatus: Mapped[str | None] = mapped_column(String(32))

    task: Mapped[JediTasks | None] = related(
        "foreign(TaskAttempts.jeditaskid) == JediTasks.jeditaskid", "attempts"
    )


class TasksStatusLog(Base):
    """TODO doma_panda.tasks_statuslog."""

    __tablename__ = "tasks_statuslog"
    __table_args__ = (
        Index("task_statuslog_jeditaskid_idx", "jeditaskid"),
        {"postgresql_partition_by": "RANGE (modificationtime)"},
    )
    __mapper_args__ = {"primary_key": ["jeditaskid", "modificationtime", "status"]}

    jeditaskid: Mapped[BigInt]
    modificationtime: Mapped[datetime]
    status: Mapped[str] = mapped_column(String(64))
    modificationhost: Mapped[str | None] = mapped_column(String(128))
    attemptnr: Mapped[SmallInt | None]
    reason: Mapped[str | None] = mapped_column(String(255))

    task: Mapped[JediTasks | None] = related(
        "foreign(TasksStatusLog.jeditaskid) == JediTasks.jeditaskid", "statuslog"
    )


class TaskMetrics(Base):
    """TODO doma_panda.task_metrics."""

    __tablename__ = "task_metrics"
    __table_args__ = {"postgresql_partition_by": "RANGE (modificationtime)"}

    jeditaskid: Mapped[BigInt] = mapped_column(primary_key=True)
    creationtime: Mapped[datetime | None]
    modificationtime: Mapped[datetime] = mapped_column(primary_key=True)
    data: Mapped[str | None] = mapped_column(Text)

    task: Mapped[JediTasks | None] = related(
        "foreign(TaskMetrics.jeditaskid) == JediTasks.jeditaskid", "metrics"
    )


class TaskEvaluation(Base):
    """TODO doma_panda.task_evaluation."""

    __tablename__ = "task_evaluation"

    jeditaskid: Mapped[BigInt] = mapped_column(primary_key=True)
    metric: Mapped[str] = mapped_column(String(128), primary_key=True)
    value_json: Mapped[str | None] = mapped_column(Text)
    timestamp: Mapped[datetime | None]

    task: Mapped[JediTasks | None] = related(
        "foreign(TaskEvaluation.jeditaskid) == JediTasks.jeditaskid", "evaluations"
    )


class JediAuxStatusMinTaskID(Base):
    """TODO doma_panda.jedi_aux_status_mintaskid."""

    __tablename__ = "jedi_aux_status_mintaskid"

    status: Mapped[str] = mapped_column(String(64), primary_key=True)
    min_jeditaskid: Mapped[BigInt]


class CloudTasks(Base):
    """TODO doma_panda.cloudtasks."""

    __tablename__ = "cloudtasks"
    __table_args__ = (
        PrimaryKeyConstraint("id", name="cloudtasks_id_pk"),
        Index("cloudtasks_task_idx", "taskname", "taskid"),
    )

    id: Mapped[int]
    taskname: Mapped[str | None] = mapped_column(String(128))
    taskid: Mapped[int | None]
    cloud: Mapped[str | None] = mapped_column(String(20))
    status: Mapped[str | None] = mapped_column(String(20))
    tmod: Mapped[datetime]
    tenter: Mapped[datetime]
