"""The columns of a job: declared once, in groups, for the four tables of jobs and the archive."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from sqlalchemy import CHAR, Numeric, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from pandadb.models.base import sequence
from pandadb.models.types import EPOCH, BigInt, SmallInt

JOBSDEFINED4_PANDAID_SEQ = sequence("jobsdefined4_pandaid_seq")
GROUP_JOBID_SEQ = sequence("group_jobid_seq")


class JobIdentity:
    """Identity of the job, and keys of related objects."""

    pandaid: Mapped[BigInt] = mapped_column(
        JOBSDEFINED4_PANDAID_SEQ,
        primary_key=True,
        server_default="0",
        comment="PandaID of the job, drawn from one sequence for all job tables",
    )
    jobdefinitionid: Mapped[BigInt] = mapped_column(
        server_default="0",
        comment="Number the client gave a group of jobs, 0 for jobs made by JEDI",
    )
    jobname: Mapped[str | None] = mapped_column(
        String(256), comment="Name given to the job by its submitter or JEDI"
    )
    jeditaskid: Mapped[BigInt | None] = mapped_column(
        comment="Task, JEDI_TASKS; NULL for jobs not made by JEDI"
    )
    taskid: Mapped[int | None] = mapped_column(
        comment="Task number as the submitter sees it, for JEDI jobs the JEDI task"
    )
    reqid: Mapped[int | None] = mapped_column(comment="Production request the task belongs to")
    jobsetid: Mapped[BigInt | None] = mapped_column(
        comment="Set the job belongs to; for event service drawn from the PandaID sequence"
    )
    parentid: Mapped[BigInt | None] = mapped_column(comment="Job this one replaces, its PandaID")
    batchid: Mapped[str | None] = mapped_column(
        String(80), comment="Id of the pilot in the batch system"
    )
    schedulerid: Mapped[str | None] = mapped_column(
        String(128), comment="What submitted the pilot, e.g. a Harvester instance"
    )
    pilotid: Mapped[str | None] = mapped_column(
        String(200), comment="Pilot's identity: batch log URLs, type and version, separated by bars"
    )
    jobexecutionid: Mapped[BigInt | None] = mapped_column(
        server_default="0", comment="Set to 0 when the job is dispatched, otherwise legacy"
    )
    workqueue_id: Mapped[int | None] = mapped_column(comment="Work queue, JEDI_WORK_QUEUE")
    vo: Mapped[str | None] = mapped_column(String(32), comment="Virtual organization")
    produserid: Mapped[str | None] = mapped_column(
        String(250), comment="Submitter's identity, the certificate DN or a user id"
    )
    produsername: Mapped[str | None] = mapped_column(String(60), comment="Submitter's clean name")


class JobState:
    """State of the job in its life cycle, and the component in charge of the next one."""

    jobstatus: Mapped[str] = mapped_column(
        String(15),
        comment="State of the job, from pending to finished, failed, cancelled or closed",
    )
    jobsubstatus: Mapped[str | None] = mapped_column(
        String(80),
        comment=(
            "Finer state or reason of the state, e.g. toreassign, taskdone, es_merge, fg_partial"
        ),
    )
    commandtopilot: Mapped[str | None] = mapped_column(
        String(250),
        comment="Command the pilot gets with its next heartbeat; tobekilled ends the job",
    )
    lockedby: Mapped[str | None] = mapped_column(
        String(128), comment="Component that owns the job's bookkeeping, jedi for JEDI jobs"
    )
    relocationflag: Mapped[SmallInt | None] = mapped_column(
        server_default="0",
        comment=(
            "1 site given at submission, 2 must not be reassigned, 3 throttled with its user, "
            "else 0"
        ),
    )


class JobTimes:
    """Times of events in the life of the job."""

    creationtime: Mapped[datetime] = mapped_column(
        server_default=EPOCH, comment="When the job was inserted, set anew for each new PandaID"
    )
    modificationtime: Mapped[datetime] = mapped_column(
        server_default=EPOCH,
        comment=(
            "Last heartbeat, move or lock; partition key once archived, then the time it became "
            "final"
        ),
    )
    statechangetime: Mapped[datetime | None] = mapped_column(
        server_default=EPOCH, comment="When jobstatus changed last"
    )
    starttime: Mapped[datetime | None] = mapped_column(
        server_default=EPOCH,
        comment="When a pilot took the job, then when its payload was first seen running",
    )
    endtime: Mapped[datetime | None] = mapped_column(
        server_default=EPOCH, comment="When the payload ended or the job was killed"
    )
    proddbupdatetime: Mapped[datetime | None] = mapped_column(
        server_default=EPOCH, comment="Set at creation, later the Activator's lock"
    )
    creationhost: Mapped[str | None] = mapped_column(
        String(128), comment="Host the job was submitted from"
    )
    modificationhost: Mapped[str | None] = mapped_column(
        String(128), comment="Host that changed the job last: a server or a worker node"
    )


class JobAccounting:
    """Accounting of the job."""

    prodserieslabel: Mapped[str | None] = mapped_column(
        String(20),
        server_default="Rome",
        comment="Production series the job belongs to, mostly legacy",
    )
    prodsourcelabel: Mapped[str | None] = mapped_column(
        String(20),
        server_default="managed",
        comment=(
            "Kind of job: managed production, user analysis, panda build, test, ptest, rc_test "
            "and others"
        ),
    )
    workinggroup: Mapped[str | None] = mapped_column(
        String(20), comment="Physics or production group the job runs for"
    )
    countrygroup: Mapped[str | None] = mapped_column(
        String(20), comment="Country group whose share the job may use"
    )
    gshare: Mapped[str | None] = mapped_column(String(32), comment="Global share, GLOBAL_SHARES")
    processingtype: Mapped[str | None] = mapped_column(
        String(64),
        comment="What the job does, e.g. evgen, simul, reco, pmerge, or the client it came from",
    )
    job_label: Mapped[str | None] = mapped_column(
        String(20), comment="Family of the source label: managed or user"
    )
    specialhandling: Mapped[str | None] = mapped_column(
        String(80),
        comment="Comma-separated flags that change how the job is handled, e.g. debug, localpool",
    )


class JobPriority:
    """Priority of the job, and limits of its attempts."""

    assignedpriority: Mapped[int] = mapped_column(
        server_default="0", comment="Priority given at submission"
    )
    currentpriority: Mapped[int] = mapped_column(
        server_default="0",
        comment="Priority used for dispatch, higher first; 10 less after each pilot retry",
    )
    attemptnr: Mapped[SmallInt] = mapped_column(
        server_default="0", comment="Number of this attempt"
    )
    maxattempt: Mapped[SmallInt] = mapped_column(
        server_default="0", comment="Attempts allowed; -1 at submission means no retry"
    )
    failedattempt: Mapped[SmallInt | None] = mapped_column(comment="Number of attempts that failed")
    eventservice: Mapped[SmallInt | None] = mapped_column(
        comment=(
            "1 ES, 2 ES merge, 3 clone, 4 jumbo, 5 co-jumbo, 6 fine-grained; NULL or 0 for plain "
            "jobs"
        ),
    )


class JobPayload:
    """Payload of the job."""

    atlasrelease: Mapped[str | None] = mapped_column(
        String(64), comment="Software release the payload needs"
    )
    homepackage: Mapped[str | None] = mapped_column(
        String(80), comment="Software package or cache the payload runs in"
    )
    transformation: Mapped[str | None] = mapped_column(
        String(250), comment="Payload script, by name or URL"
    )
    cmtconfig: Mapped[str | None] = mapped_column(
        String(250), comment="Platform the software was built for, with hardware constraints if any"
    )
    container_name: Mapped[str | None] = mapped_column(
        String(200), comment="Container image the payload runs in"
    )
    jobparameters: Mapped[str | None] = mapped_column(
        Text, comment="Always NULL, the parameters are in JOBPARAMSTABLE"
    )
    metadata_: Mapped[str | None] = mapped_column(
        "metadata", Text, comment="Always NULL, the metadata is in METATABLE"
    )
    nevents: Mapped[BigInt] = mapped_column(
        server_default="0",
        comment="Events to process; for event service the events processed so far",
    )
    transexitcode: Mapped[str | None] = mapped_column(
        String(128), comment="Exit code of the payload script"
    )
    pilottiming: Mapped[str | None] = mapped_column(
        String(100), comment="Durations of the pilot's stages in seconds, separated by bars"
    )
    jobmetrics: Mapped[str | None] = mapped_column(
        String(500), comment="Pilot's measurements as key=value words"
    )


class JobRequirements:
    """Requirements of the job on a machine."""

    corecount: Mapped[SmallInt | None] = mapped_column(comment="Cores asked for; NULL counts as 1")
    maxcpucount: Mapped[BigInt] = mapped_column(
        server_default="0", comment="CPU time limit in seconds, 0 is unknown"
    )
    maxcpuunit: Mapped[str | None] = mapped_column(String(32), comment="Unit of maxcpucount")
    minramcount: Mapped[BigInt] = mapped_column(server_default="0", comment="Memory needed, MB")
    minramunit: Mapped[str | None] = mapped_column(
        CHAR(4), comment="Unit of minramcount, normally MB"
    )
    maxdiskcount: Mapped[BigInt] = mapped_column(
        server_default="0", comment="Scratch disk space needed, MB"
    )
    maxdiskunit: Mapped[str | None] = mapped_column(
        CHAR(4), comment="Unit of maxdiskcount, normally MB"
    )
    ipconnectivity: Mapped[str | None] = mapped_column(
        CHAR(5), comment="Whether the worker node needs outbound network, yes or no"
    )
    maxwalltime: Mapped[BigInt | None] = mapped_column(
        comment="Expected or allowed wall time, seconds"
    )
    resource_type: Mapped[str | None] = mapped_column(
        String(56),
        comment="Class by cores and memory, RESOURCE_TYPES, e.g. SCORE, MCORE, SCORE_HIMEM",
    )
    diskio: Mapped[int | None] = mapped_column(comment="Expected disk traffic, kB/s")


class JobPlacement:
    """Location of the job."""

    computingsite: Mapped[str | None] = mapped_column(
        String(128), comment="PanDA queue the job is assigned to"
    )
    computingelement: Mapped[str | None] = mapped_column(
        String(128), comment="CE the job runs through, from its latest Harvester worker"
    )
    cloud: Mapped[str | None] = mapped_column(
        String(50), comment="Region of the queue, a cloud in ATLAS"
    )
    grid: Mapped[str | None] = mapped_column(
        String(50), comment="Grid the job belongs to, mostly legacy"
    )
    nucleus: Mapped[str | None] = mapped_column(
        String(52), comment="Main site of the task, collects its outputs"
    )
    sourcesite: Mapped[str | None] = mapped_column(String(36), comment="Site the inputs come from")
    destinationsite: Mapped[str | None] = mapped_column(
        String(36), comment="Site the outputs go to"
    )
    cpu_architecture_level: Mapped[str | None] = mapped_column(
        String(20), comment="Microarchitecture level of the worker node's CPU, e.g. x86_64-v3"
    )


class JobData:
    """Data that the job reads and writes."""

    proddblock: Mapped[str | None] = mapped_column(String(255), comment="Input dataset")
    dispatchdblock: Mapped[str | None] = mapped_column(
        String(255), comment="Dataset that moves the inputs to the site, NULL if nothing is moved"
    )
    destinationdblock: Mapped[str | None] = mapped_column(String(255), comment="Output dataset")
    destinationse: Mapped[str | None] = mapped_column(
        String(250), comment="Where the outputs go: a site, a storage element or a nucleus"
    )
    transfertype: Mapped[str | None] = mapped_column(
        String(10), comment="How the payload gets its inputs, e.g. direct access"
    )
    ninputfiles: Mapped[int | None] = mapped_column(comment="Number of input files")
    ninputdatafiles: Mapped[int | None] = mapped_column(
        comment="Number of input files that hold data, without libraries and the like"
    )
    inputfiletype: Mapped[str | None] = mapped_column(
        String(32), comment="Data type of the inputs, e.g. AOD, EVNT"
    )
    inputfileproject: Mapped[str | None] = mapped_column(
        String(64), comment="Project of the inputs, the first part of the dataset name"
    )
    inputfilebytes: Mapped[BigInt | None] = mapped_column(
        comment="Size of the data inputs in bytes"
    )
    noutputdatafiles: Mapped[int | None] = mapped_column(
        comment="Number of output files made, without logs"
    )
    outputfilebytes: Mapped[BigInt | None] = mapped_column(
        comment="Size of the outputs in bytes, without logs"
    )
    outputfiletype: Mapped[str | None] = mapped_column(
        String(32), comment="Data types of the outputs"
    )


class JobErrors:
    """Errors reported by each component: a code, and a sentence."""

    piloterrorcode: Mapped[int] = mapped_column(
        server_default="0", comment="Error seen by the pilot, 0 is none"
    )
    piloterrordiag: Mapped[str | None] = mapped_column(
        String(500), comment="What the pilot says about its error"
    )
    exeerrorcode: Mapped[int] = mapped_column(
        server_default="0", comment="Error of the payload, 0 is none"
    )
    exeerrordiag: Mapped[str | None] = mapped_column(
        String(500), comment="What is known about the payload's error"
    )
    superrorcode: Mapped[int] = mapped_column(
        server_default="0",
        comment=(
            "Error of the supervising layer, 0 is none; 1 invalid batch id, 2 worker already done"
        ),
    )
    superrordiag: Mapped[str | None] = mapped_column(
        String(250), comment="What is known about the supervising layer's error"
    )
    ddmerrorcode: Mapped[int] = mapped_column(
        server_default="0", comment="Error of data management, 0 is none"
    )
    ddmerrordiag: Mapped[str | None] = mapped_column(
        String(700), comment="What is known about the data management error"
    )
    brokerageerrorcode: Mapped[int] = mapped_column(
        server_default="0", comment="Error of the brokerage, 0 is none"
    )
    brokerageerrordiag: Mapped[str | None] = mapped_column(
        String(250), comment="What is known about the brokerage error"
    )
    jobdispatchererrorcode: Mapped[int] = mapped_column(
        server_default="0",
        comment="Error of the dispatcher, 0 is none; 100 lost heartbeat, 102-105 timeouts",
    )
    jobdispatchererrordiag: Mapped[str | None] = mapped_column(
        String(250), comment="What is known about the dispatcher's error"
    )
    taskbuffererrorcode: Mapped[int] = mapped_column(
        server_default="0",
        comment=(
            "Error of the server, 0 is none; 100 killed, 102 expired, 105-107 replaced by another "
            "job"
        ),
    )
    taskbuffererrordiag: Mapped[str | None] = mapped_column(
        String(300), comment="What is known about the server's error"
    )


class JobUsage:
    """Resource usage of the job: CPU, memory, IO, carbon."""

    cpuconsumptiontime: Mapped[Decimal] = mapped_column(
        Numeric(20, 0),
        server_default="0",
        comment="CPU time used, in seconds unless cpuconsumptionunit says otherwise",
    )
    cpuconsumptionunit: Mapped[str | None] = mapped_column(
        String(128), comment="Unit of cpuconsumptiontime, sometimes with the CPU model"
    )
    cpuconversion: Mapped[Decimal | None] = mapped_column(
        Numeric(9, 4),
        comment="Factor from CPU time used to normalized CPU time, reported by the pilot",
    )
    actualcorecount: Mapped[int | None] = mapped_column(
        comment="Cores really given, reported by the pilot"
    )
    meancorecount: Mapped[Decimal | None] = mapped_column(
        Numeric(8, 2), comment="Average number of cores the payload used, reported by the pilot"
    )
    hs06: Mapped[BigInt | None] = mapped_column(
        comment="HS06 power the job occupies: cores by the core power of the queue"
    )
    hs06sec: Mapped[BigInt | None] = mapped_column(
        comment="HS06 seconds used: wall time by cores by the core power of the queue"
    )
    maxrss: Mapped[BigInt | None] = mapped_column(comment="Highest resident memory, kB")
    maxvmem: Mapped[BigInt | None] = mapped_column(comment="Highest virtual memory, kB")
    maxswap: Mapped[BigInt | None] = mapped_column(comment="Highest swap use, kB")
    maxpss: Mapped[BigInt | None] = mapped_column(comment="Highest proportional set size, kB")
    avgrss: Mapped[BigInt | None] = mapped_column(comment="Average resident memory, kB")
    avgvmem: Mapped[BigInt | None] = mapped_column(comment="Average virtual memory, kB")
    avgswap: Mapped[BigInt | None] = mapped_column(comment="Average swap use, kB")
    avgpss: Mapped[BigInt | None] = mapped_column(comment="Average proportional set size, kB")
    memory_leak: Mapped[BigInt | None] = mapped_column(
        comment="Slope of memory over time, unit not known, parsed from jobmetrics"
    )
    memory_leak_x2: Mapped[Decimal | None] = mapped_column(
        Numeric(14, 3), comment="Chi-square of the memory fit, parsed from jobmetrics"
    )
    totrchar: Mapped[BigInt | None] = mapped_column(
        comment="Read by the payload through system calls in total, kB"
    )
    totwchar: Mapped[BigInt | None] = mapped_column(
        comment="Written by the payload through system calls in total, kB"
    )
    totrbytes: Mapped[BigInt | None] = mapped_column(comment="Read from storage in total, kB")
    totwbytes: Mapped[BigInt | None] = mapped_column(comment="Written to storage in total, kB")
    raterchar: Mapped[BigInt | None] = mapped_column(
        comment="Average rate of reads through system calls, bytes/s"
    )
    ratewchar: Mapped[BigInt | None] = mapped_column(
        comment="Average rate of writes through system calls, bytes/s"
    )
    raterbytes: Mapped[BigInt | None] = mapped_column(
        comment="Average rate of reads from storage, bytes/s"
    )
    ratewbytes: Mapped[BigInt | None] = mapped_column(
        comment="Average rate of writes to storage, bytes/s"
    )
    gco2_regional: Mapped[Decimal | None] = mapped_column(
        Numeric(10, 2),
        comment="CO2 emitted, in grams, by the carbon intensity of the site's region",
    )
    gco2_global: Mapped[Decimal | None] = mapped_column(
        Numeric(10, 2), comment="CO2 emitted, in grams, by a worldwide average carbon intensity"
    )


class JobColumns(
    JobIdentity,
    JobState,
    JobTimes,
    JobAccounting,
    JobPriority,
    JobPayload,
    JobRequirements,
    JobPlacement,
    JobData,
    JobErrors,
    JobUsage,
):
    """Every column of a job, once, as wide as the widest of the five tables of jobs has it."""
