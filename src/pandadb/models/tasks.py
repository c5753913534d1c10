"""Tasks: units of work on datasets, cut into jobs, with their progress."""

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
    from pandadb.models.events import JediEvents
    from pandadb.models.jobs.history import JediJobRetryHistory
    from pandadb.models.queues import GlobalShares, JediWorkQueue
    from pandadb.models.schemas.deft import TTask
    from pandadb.models.views import Jobs
    from pandadb.models.workflow import DataCarouselRelations

JEDI_OUTPUT_TEMPLATE_SEQ = sequence("jedi_output_template_id_seq")


class JediTasks(HasJobs, Base):
    """Tasks: what is to be done with datasets, cut into jobs by JEDI."""

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

    jeditaskid: Mapped[BigInt] = mapped_column(
        primary_key=True, autoincrement=False, comment="Task, the same number as in T_TASK"
    )
    taskname: Mapped[str | None] = mapped_column(
        String(256), comment="Name of the task; a random one until the task is refined"
    )
    status: Mapped[str] = mapped_column(
        String(64),
        comment=(
            "State of the task: registered, defined, ready, scouting, running, paused, done, "
            "failed and others"
        ),
    )
    username: Mapped[str] = mapped_column(String(128), comment="Who submitted the task")
    creationdate: Mapped[datetime] = mapped_column(comment="When the task came into this table")
    modificationtime: Mapped[datetime] = mapped_column(
        comment=(
            "Last change; servers date it back on purpose, so that an agent takes the task at once"
        ),
    )
    reqid: Mapped[int | None] = mapped_column(comment="Production request that the task belongs to")
    oldstatus: Mapped[str | None] = mapped_column(
        String(64),
        comment=(
            "State to come back to from pending, throttled, paused or staging, and during commands"
        ),
    )
    cloud: Mapped[str | None] = mapped_column(
        String(10), comment="Cloud that the task is assigned to, WORLD for any"
    )
    site: Mapped[str | None] = mapped_column(
        String(60), comment="Queue that the task has to run at, NULL for any"
    )
    starttime: Mapped[datetime | None] = mapped_column(
        comment="When the first jobs were made; NULL again after a retry"
    )
    endtime: Mapped[datetime | None] = mapped_column(comment="When the task became final")
    frozentime: Mapped[datetime | None] = mapped_column(
        comment="Since when the task is pending, NULL if it is not"
    )
    prodsourcelabel: Mapped[str | None] = mapped_column(
        String(20), comment="Kind of work: managed, user, test and others"
    )
    workinggroup: Mapped[str | None] = mapped_column(
        String(32), comment="Physics group that the task is for"
    )
    vo: Mapped[str | None] = mapped_column(String(32), comment="Virtual organization")
    corecount: Mapped[int | None] = mapped_column(comment="Cores per job, 0 for any number")
    tasktype: Mapped[str | None] = mapped_column(
        String(64), comment="Type of the task: prod, anal and others"
    )
    processingtype: Mapped[str | None] = mapped_column(
        String(64), comment="What the jobs do, e.g. evgen, simul, reco, merge"
    )
    taskpriority: Mapped[int | None] = mapped_column(comment="Priority given at submission")
    currentpriority: Mapped[int | None] = mapped_column(
        comment="Priority in use, the higher the sooner"
    )
    architecture: Mapped[str | None] = mapped_column(
        String(256), comment="Platform that the software needs"
    )
    transuses: Mapped[str | None] = mapped_column(String(64), comment="Software release")
    transhome: Mapped[str | None] = mapped_column(
        String(128), comment="Software package, with its cache"
    )
    transpath: Mapped[str | None] = mapped_column(String(128), comment="Program that the jobs run")
    lockedby: Mapped[str | None] = mapped_column(
        String(56), comment="Agent that works on the task, NULL for none"
    )
    lockedtime: Mapped[datetime | None] = mapped_column(
        comment="When the agent took the task or said that it still works on it"
    )
    termcondition: Mapped[str | None] = mapped_column(
        String(100), comment="Condition under which the task ends early"
    )
    splitrule: Mapped[str | None] = mapped_column(
        String(200), comment="How the task is cut into jobs: codes with values, separated by commas"
    )
    walltime: Mapped[int | None] = mapped_column(
        comment="Wall time per event or file, in walltimeunit"
    )
    walltimeunit: Mapped[str | None] = mapped_column(
        String(32),
        comment=(
            "Unit of walltime, e.g. kHS06sPerEvent; NULL has it estimated again, ava starts the "
            "avalanche"
        ),
    )
    outdiskcount: Mapped[int | None] = mapped_column(
        comment="Size of the output per event or file, in outdiskunit"
    )
    outdiskunit: Mapped[str | None] = mapped_column(
        String(32), comment="Unit of outdiskcount, e.g. kBPerEvent"
    )
    workdiskcount: Mapped[int | None] = mapped_column(
        comment="Scratch space of a job, in workdiskunit"
    )
    workdiskunit: Mapped[str | None] = mapped_column(
        String(32), comment="Unit of workdiskcount, usually MB"
    )
    ramcount: Mapped[int | None] = mapped_column(comment="Memory per core or per job, in ramunit")
    ramunit: Mapped[str | None] = mapped_column(
        String(32), comment="Unit of ramcount, e.g. MBPerCore"
    )
    iointensity: Mapped[int | None] = mapped_column(
        comment="Rate of input and output, in iointensityunit"
    )
    iointensityunit: Mapped[str | None] = mapped_column(
        String(32), comment="Unit of iointensity, kBPerS"
    )
    workqueue_id: Mapped[int | None] = mapped_column(comment="Work queue, JEDI_WORK_QUEUE")
    progress: Mapped[SmallInt | None] = mapped_column(
        comment="Progress in per cent; not written by current servers"
    )
    failurerate: Mapped[SmallInt | None] = mapped_column(
        comment="Rate of failures in per cent; not written by current servers"
    )
    errordialog: Mapped[str | None] = mapped_column(
        String(510), comment="Why the task is where it is, for people"
    )
    countrygroup: Mapped[str | None] = mapped_column(
        String(20), comment="Country group that the task is charged to"
    )
    parent_tid: Mapped[BigInt | None] = mapped_column(
        comment="Task whose output this one reads; its own number without a parent"
    )
    eventservice: Mapped[SmallInt | None] = mapped_column(
        comment="Whether and how jobs take ranges of events: 0 not, 1 to 3 kinds of event service"
    )
    ticketid: Mapped[str | None] = mapped_column(String(50), comment="Ticket about the task")
    ticketsystemtype: Mapped[str | None] = mapped_column(
        String(32), comment="System of the ticket, e.g. ggus"
    )
    statechangetime: Mapped[datetime | None] = mapped_column(comment="When the state last changed")
    superstatus: Mapped[str | None] = mapped_column(String(64), comment="State last told to T_TASK")
    campaign: Mapped[str | None] = mapped_column(String(32), comment="Campaign of the task")
    mergeramcount: Mapped[int | None] = mapped_column(
        comment="Memory of a merge job, in mergeramunit"
    )
    mergeramunit: Mapped[str | None] = mapped_column(String(32), comment="Unit of mergeramcount")
    mergewalltime: Mapped[int | None] = mapped_column(
        comment="Wall time of a merge job, in mergewalltimeunit"
    )
    mergewalltimeunit: Mapped[str | None] = mapped_column(
        String(32), comment="Unit of mergewalltime"
    )
    throttledtime: Mapped[datetime | None] = mapped_column(
        comment="When a throttled task is released"
    )
    numthrottled: Mapped[SmallInt | None] = mapped_column(
        comment="How often the task was throttled for failures"
    )
    mergecorecount: Mapped[int | None] = mapped_column(comment="Cores of a merge job")
    goal: Mapped[SmallInt | None] = mapped_column(
        comment="Success that is asked for, per mille of events or files; 1000 without a value"
    )
    assessmenttime: Mapped[datetime | None] = mapped_column(
        comment="When the progress was last looked at"
    )
    cputime: Mapped[int | None] = mapped_column(comment="CPU time per event, in cputimeunit")
    cputimeunit: Mapped[str | None] = mapped_column(
        String(32), comment="Unit of cputime, e.g. HS06sPerEvent"
    )
    cpuefficiency: Mapped[SmallInt | None] = mapped_column(
        comment="CPU efficiency assumed, per cent"
    )
    basewalltime: Mapped[int | None] = mapped_column(
        comment="Wall time of a job whatever its input, seconds"
    )
    amiflag_old: Mapped[str | None] = mapped_column(String(10), comment="Former amiflag")
    amiflag: Mapped[int | None] = mapped_column(
        server_default="1",
        comment="Bits that say what the metadata catalogue AMI has still to read",
    )
    nucleus: Mapped[str | None] = mapped_column(
        String(52), comment="Site that collects the output of a WORLD task"
    )
    baseramcount: Mapped[int | None] = mapped_column(
        comment="Memory of a job whatever its cores, MB"
    )
    ttcrequested: Mapped[datetime | None] = mapped_column(
        comment="When the task should be complete"
    )
    ttcpredicted: Mapped[datetime | None] = mapped_column(
        comment="When the task is predicted to be complete"
    )
    ttcpredictiondate: Mapped[datetime | None] = mapped_column(comment="When that was predicted")
    rescuetime: Mapped[datetime | None] = mapped_column(
        comment="When the task was last rescued from being stuck"
    )
    requesttype: Mapped[str | None] = mapped_column(
        String(32), comment="Type of the request that the task comes from"
    )
    gshare: Mapped[str | None] = mapped_column(String(32), comment="Global share, GLOBAL_SHARES")
    usejumbo: Mapped[str | None] = mapped_column(
        CHAR(1), comment="Whether jumbo jobs are used: W, R, P, L or D, NULL for no"
    )
    resource_type: Mapped[str | None] = mapped_column(
        String(56), comment="Type of resource that the jobs ask for, RESOURCE_TYPES"
    )
    diskio: Mapped[int | None] = mapped_column(
        comment="Expected disk traffic per core, in diskiounit"
    )
    diskiounit: Mapped[str | None] = mapped_column(String(32), comment="Unit of diskio, kBPerS")
    memory_leak_core: Mapped[BigInt | None] = mapped_column(
        comment="Memory that a job leaks per core, unit not known"
    )
    memory_leak_x2: Mapped[Decimal | None] = mapped_column(
        Numeric(14, 3), comment="How well the leak was fitted, chi square"
    )
    attemptnr: Mapped[SmallInt | None] = mapped_column(
        comment="Attempt of the task, one more with each retry"
    )
    container_name: Mapped[str | None] = mapped_column(
        String(200), comment="Image of the container that the jobs run in"
    )
    job_label: Mapped[str | None] = mapped_column(
        String(20), comment="Label of the jobs, as their prodsourcelabel"
    )
    realmodificationtime: Mapped[datetime | None] = mapped_column(
        comment="True time of the last change of modificationtime, set by a trigger"
    )
    framework: Mapped[str | None] = mapped_column(
        String(50), comment="System that submitted the task"
    )
    activatedtime: Mapped[datetime | None] = mapped_column(
        comment="Since when the task has been active, until it goes into TASK_METRICS"
    )
    queuedtime: Mapped[datetime | None] = mapped_column(
        comment="Since when the task has had input to process, NULL if it has none"
    )
    actiontime: Mapped[datetime | None] = mapped_column(
        comment="When an agent should next act on the task"
    )

    datasets: Mapped[list[JediDatasets]] = related(
        "foreign(JediDatasets.jeditaskid) == JediTasks.jeditaskid", "task"
    )
    dataset_contents: Mapped[list[JediDatasetContents]] = related(
        "foreign(JediDatasetContents.jeditaskid) == JediTasks.jeditaskid", "task"
    )
    jobs: Mapped[list[Jobs]] = related("foreign(Jobs.jeditaskid) == JediTasks.jeditaskid", "task")
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
    """Parameters of tasks, as they were submitted."""

    __tablename__ = "jedi_taskparams"
    __table_args__ = {"postgresql_partition_by": "RANGE (jeditaskid)"}

    jeditaskid: Mapped[BigInt] = mapped_column(
        primary_key=True, autoincrement=False, comment="Task, JEDI_TASKS"
    )
    taskparams: Mapped[str | None] = mapped_column(Text, comment="Parameters, JSON")

    task: Mapped[JediTasks | None] = related(
        "foreign(JediTaskParams.jeditaskid) == JediTasks.jeditaskid", "task_params"
    )


class JediJobParamsTemplate(Base):
    """Templates of the parameters of a task's jobs."""

    __tablename__ = "jedi_jobparams_template"
    __table_args__ = {"postgresql_partition_by": "RANGE (jeditaskid)"}

    jeditaskid: Mapped[BigInt] = mapped_column(
        primary_key=True, autoincrement=False, comment="Task, JEDI_TASKS"
    )
    jobparamstemplate: Mapped[str | None] = mapped_column(
        Text, comment="Command line with placeholders for files, seeds and numbers"
    )

    task: Mapped[JediTasks | None] = related(
        "foreign(JediJobParamsTemplate.jeditaskid) == JediTasks.jeditaskid", "jobparams_template"
    )


class JediOutputTemplate(Base):
    """Templates of the names of a task's output files."""

    __tablename__ = "jedi_output_template"
    __table_args__ = {"postgresql_partition_by": "RANGE (jeditaskid)"}

    jeditaskid: Mapped[BigInt] = mapped_column(primary_key=True, comment="Task, JEDI_TASKS")
    datasetid: Mapped[BigInt] = mapped_column(
        primary_key=True, comment="Output dataset, JEDI_DATASETS"
    )
    outtempid: Mapped[BigInt] = mapped_column(
        JEDI_OUTPUT_TEMPLATE_SEQ, primary_key=True, comment="Number of the template"
    )
    filenametemplate: Mapped[str] = mapped_column(
        String(256), comment="File name with a placeholder for the serial number"
    )
    maxserialnr: Mapped[int | None] = mapped_column(comment="Last serial number to be used")
    serialnr: Mapped[int | None] = mapped_column(comment="Next serial number")
    sourcename: Mapped[str | None] = mapped_column(
        String(256), comment="Name that the program gives the file"
    )
    streamname: Mapped[str | None] = mapped_column(
        String(20), comment="Placeholder of the stream in the parameters"
    )
    outtype: Mapped[str | None] = mapped_column(
        String(20), comment="Type of the files: output or log"
    )

    task: Mapped[JediTasks | None] = related(
        "foreign(JediOutputTemplate.jeditaskid) == JediTasks.jeditaskid", "output_templates"
    )
    jedi_dataset: Mapped[JediDatasets | None] = related(
        "and_(foreign(JediOutputTemplate.jeditaskid) == JediDatasets.jeditaskid, "
        "foreign(JediOutputTemplate.datasetid) == JediDatasets.datasetid)",
        "output_templates",
    )


class TaskAttempts(Base):
    """Attempts of tasks: when each began and how it ended."""

    __tablename__ = "task_attempts"
    __table_args__ = {"postgresql_partition_by": "RANGE (starttime)"}

    jeditaskid: Mapped[BigInt] = mapped_column(primary_key=True, comment="Task, JEDI_TASKS")
    attemptnr: Mapped[int] = mapped_column(primary_key=True, comment="Attempt, from 0 or 1 on")
    starttime: Mapped[datetime] = mapped_column(
        primary_key=True, comment="When the attempt began; partition key"
    )
    endtime: Mapped[datetime | None] = mapped_column(comment="When it ended, NULL while it goes on")
    startstatus: Mapped[str | None] = mapped_column(
        String(32), comment="State in which the attempt began"
    )
    endstatus: Mapped[str | None] = mapped_column(String(32), comment="State in which it ended")

    task: Mapped[JediTasks | None] = related(
        "foreign(TaskAttempts.jeditaskid) == JediTasks.jeditaskid", "attempts"
    )


class TasksStatusLog(Base):
    """States that tasks have been in, a row per change."""

    __tablename__ = "tasks_statuslog"
    __table_args__ = (
        Index("task_statuslog_jeditaskid_idx", "jeditaskid"),
        {"postgresql_partition_by": "RANGE (modificationtime)"},
    )
    __mapper_args__ = {"primary_key": ["jeditaskid", "modificationtime", "status"]}

    jeditaskid: Mapped[BigInt] = mapped_column(comment="Task, JEDI_TASKS")
    modificationtime: Mapped[datetime] = mapped_column(
        comment="When the state changed; partition key"
    )
    status: Mapped[str] = mapped_column(String(64), comment="State that the task changed to")
    modificationhost: Mapped[str | None] = mapped_column(
        String(128), comment="Machine that changed it"
    )
    attemptnr: Mapped[SmallInt | None] = mapped_column(comment="Attempt of the task")
    reason: Mapped[str | None] = mapped_column(
        String(255), comment="Beginning of the task's errordialog at that time"
    )

    task: Mapped[JediTasks | None] = related(
        "foreign(TasksStatusLog.jeditaskid) == JediTasks.jeditaskid", "statuslog"
    )


class TaskMetrics(Base):
    """Measurements of tasks, such as periods of queuing and running."""

    __tablename__ = "task_metrics"
    __table_args__ = {"postgresql_partition_by": "RANGE (modificationtime)"}

    jeditaskid: Mapped[BigInt] = mapped_column(primary_key=True, comment="Task, JEDI_TASKS")
    creationtime: Mapped[datetime | None] = mapped_column(comment="When the row was made")
    modificationtime: Mapped[datetime] = mapped_column(
        primary_key=True, comment="Last change; partition key"
    )
    data: Mapped[str | None] = mapped_column(Text, comment="Measurements, JSON")

    task: Mapped[JediTasks | None] = related(
        "foreign(TaskMetrics.jeditaskid) == JediTasks.jeditaskid", "metrics"
    )


class TaskEvaluation(Base):
    """Judgements on tasks that are computed now and then."""

    __tablename__ = "task_evaluation"

    jeditaskid: Mapped[BigInt] = mapped_column(primary_key=True, comment="Task, JEDI_TASKS")
    metric: Mapped[str] = mapped_column(String(128), primary_key=True, comment="What is judged")
    value_json: Mapped[str | None] = mapped_column(Text, comment="Result, JSON")
    timestamp: Mapped[datetime | None] = mapped_column(comment="When it was computed")

    task: Mapped[JediTasks | None] = related(
        "foreign(TaskEvaluation.jeditaskid) == JediTasks.jeditaskid", "evaluations"
    )


class JediAuxStatusMinTaskID(Base):
    """The lowest task of each state; agents join it to leave out old partitions."""

    __tablename__ = "jedi_aux_status_mintaskid"

    status: Mapped[str] = mapped_column(String(64), primary_key=True, comment="State of tasks")
    min_jeditaskid: Mapped[BigInt] = mapped_column(
        comment="Lowest task in that state; too low does no harm"
    )


class CloudTasks(Base):
    """Which cloud a task was sent to, before JEDI."""

    __tablename__ = "cloudtasks"
    __table_args__ = (
        PrimaryKeyConstraint("id", name="cloudtasks_id_pk"),
        Index("cloudtasks_task_idx", "taskname", "taskid"),
    )

    id: Mapped[int] = mapped_column(comment="Number of the row")
    taskname: Mapped[str | None] = mapped_column(String(128), comment="Name of the task")
    taskid: Mapped[int | None] = mapped_column(comment="Number of the task")
    cloud: Mapped[str | None] = mapped_column(String(20), comment="Cloud that it was sent to")
    status: Mapped[str | None] = mapped_column(String(20), comment="State of that")
    tmod: Mapped[datetime] = mapped_column(comment="Last change")
    tenter: Mapped[datetime] = mapped_column(comment="When the row was made")
