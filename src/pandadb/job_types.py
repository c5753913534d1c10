"""Types of a job for type checkers: its states, its verbs and its columns.

Written from the models and the states by `pandadb docs types`. Light to import: no SQLAlchemy.
"""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 - typing.get_type_hints reads them
from decimal import Decimal  # noqa: TC003
from typing import Literal, TypedDict

JobStatus = Literal[
    "pending",
    "defined",
    "waiting",
    "assigned",
    "activated",
    "throttled",
    "sent",
    "starting",
    "stagein",
    "running",
    "stageout",
    "holding",
    "transferring",
    "merging",
    "finished",
    "failed",
    "cancelled",
    "closed",
]
"""A state of a job."""
JobVerb = Literal[
    "reset",
    "assign",
    "wait",
    "activate",
    "throttle",
    "release",
    "hold",
    "transfer",
    "merge",
    "finish",
    "fail",
    "cancel",
]
"""A verb of `jobs.advance`."""
JobTable = Literal[
    "jobsdefined4",
    "jobswaiting4",
    "jobsactive4",
    "jobsarchived4",
    "jobsarchived",
]
"""A table of jobs."""


class JobColumns(TypedDict, total=False):
    """Columns of a job. Times are naive UTC; `docs/dictionary` has the meanings."""

    pandaid: int
    jobdefinitionid: int
    jobname: str | None
    jeditaskid: int | None
    taskid: int | None
    reqid: int | None
    jobsetid: int | None
    parentid: int | None
    batchid: str | None
    schedulerid: str | None
    pilotid: str | None
    jobexecutionid: int | None
    workqueue_id: int | None
    vo: str | None
    produserid: str | None
    produsername: str | None
    jobstatus: str
    jobsubstatus: str | None
    commandtopilot: str | None
    lockedby: str | None
    relocationflag: int | None
    creationtime: datetime
    modificationtime: datetime
    statechangetime: datetime | None
    starttime: datetime | None
    endtime: datetime | None
    proddbupdatetime: datetime | None
    creationhost: str | None
    modificationhost: str | None
    prodserieslabel: str | None
    prodsourcelabel: str | None
    workinggroup: str | None
    countrygroup: str | None
    gshare: str | None
    processingtype: str | None
    job_label: str | None
    specialhandling: str | None
    assignedpriority: int
    currentpriority: int
    attemptnr: int
    maxattempt: int
    failedattempt: int | None
    eventservice: int | None
    atlasrelease: str | None
    homepackage: str | None
    transformation: str | None
    cmtconfig: str | None
    container_name: str | None
    jobparameters: str | None
    metadata: str | None
    nevents: int
    transexitcode: str | None
    pilottiming: str | None
    jobmetrics: str | None
    corecount: int | None
    maxcpucount: int
    maxcpuunit: str | None
    minramcount: int
    minramunit: str | None
    maxdiskcount: int
    maxdiskunit: str | None
    ipconnectivity: str | None
    maxwalltime: int | None
    resource_type: str | None
    diskio: int | None
    computingsite: str | None
    computingelement: str | None
    cloud: str | None
    grid: str | None
    nucleus: str | None
    sourcesite: str | None
    destinationsite: str | None
    cpu_architecture_level: str | None
    proddblock: str | None
    dispatchdblock: str | None
    destinationdblock: str | None
    destinationse: str | None
    transfertype: str | None
    ninputfiles: int | None
    ninputdatafiles: int | None
    inputfiletype: str | None
    inputfileproject: str | None
    inputfilebytes: int | None
    noutputdatafiles: int | None
    outputfilebytes: int | None
    outputfiletype: str | None
    piloterrorcode: int
    piloterrordiag: str | None
    exeerrorcode: int
    exeerrordiag: str | None
    superrorcode: int
    superrordiag: str | None
    ddmerrorcode: int
    ddmerrordiag: str | None
    brokerageerrorcode: int
    brokerageerrordiag: str | None
    jobdispatchererrorcode: int
    jobdispatchererrordiag: str | None
    taskbuffererrorcode: int
    taskbuffererrordiag: str | None
    cpuconsumptiontime: Decimal | int
    cpuconsumptionunit: str | None
    cpuconversion: Decimal | int | None
    actualcorecount: int | None
    meancorecount: Decimal | int | None
    hs06: int | None
    hs06sec: int | None
    maxrss: int | None
    maxvmem: int | None
    maxswap: int | None
    maxpss: int | None
    avgrss: int | None
    avgvmem: int | None
    avgswap: int | None
    avgpss: int | None
    memory_leak: int | None
    memory_leak_x2: Decimal | int | None
    totrchar: int | None
    totwchar: int | None
    totrbytes: int | None
    totwbytes: int | None
    raterchar: int | None
    ratewchar: int | None
    raterbytes: int | None
    ratewbytes: int | None
    gco2_regional: Decimal | int | None
    gco2_global: Decimal | int | None


class JobRow(JobColumns, total=False):
    """A job as `jobs.iterate` yields it: columns, and the table that has it."""

    table: JobTable
