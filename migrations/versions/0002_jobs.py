"""The four tables of jobs and their archive: one set of columns, in one order."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.schema import CreateSequence, DropSequence

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

PANDA = "doma_panda"
ARCHIVE = "doma_pandaarch"
EPOCH = sa.text("'1970-01-01 00:00:00'")
UTC_NOW = sa.text("(now() AT TIME ZONE 'UTC')")

JOB = [
    (
        "pandaid",
        sa.BigInteger(),
        {
            "nullable": False,
            "server_default": "0",
            "autoincrement": False,
            "comment": "PandaID of the job, drawn from one sequence for all job tables",
        },
    ),
    (
        "jobdefinitionid",
        sa.BigInteger(),
        {
            "nullable": False,
            "server_default": "0",
            "comment": "Number the client gave a group of jobs, 0 for jobs made by JEDI",
        },
    ),
    ("jobname", sa.String(256), {"comment": "Name given to the job by its submitter or JEDI"}),
    (
        "jeditaskid",
        sa.BigInteger(),
        {"comment": "Task, JEDI_TASKS; NULL for jobs not made by JEDI"},
    ),
    (
        "taskid",
        sa.Integer(),
        {"comment": "Task number as the submitter sees it, for JEDI jobs the JEDI task"},
    ),
    ("reqid", sa.Integer(), {"comment": "Production request the task belongs to"}),
    (
        "jobsetid",
        sa.BigInteger(),
        {"comment": "Set the job belongs to; for event service drawn from the PandaID sequence"},
    ),
    ("parentid", sa.BigInteger(), {"comment": "Job this one replaces, its PandaID"}),
    ("batchid", sa.String(80), {"comment": "Id of the pilot in the batch system"}),
    (
        "schedulerid",
        sa.String(128),
        {"comment": "What submitted the pilot, e.g. a Harvester instance"},
    ),
    (
        "pilotid",
        sa.String(200),
        {"comment": "Pilot's identity: batch log URLs, type and version, separated by bars"},
    ),
    (
        "jobexecutionid",
        sa.BigInteger(),
        {"server_default": "0", "comment": "Set to 0 when the job is dispatched, otherwise legacy"},
    ),
    ("workqueue_id", sa.Integer(), {"comment": "Work queue, JEDI_WORK_QUEUE"}),
    ("vo", sa.String(32), {"comment": "Virtual organization"}),
    (
        "produserid",
        sa.String(250),
        {"comment": "Submitter's identity, the certificate DN or a user id"},
    ),
    ("produsername", sa.String(60), {"comment": "Submitter's clean name"}),
    (
        "jobstatus",
        sa.String(15),
        {
            "nullable": False,
            "server_default": "activated",
            "comment": "State of the job, from pending to finished, failed, cancelled or closed",
        },
    ),
    (
        "jobsubstatus",
        sa.String(80),
        {
            "comment": "Finer state or reason of the state, e.g. toreassign, taskdone, es_merge, fg_partial"
        },
    ),
    (
        "commandtopilot",
        sa.String(250),
        {"comment": "Command the pilot gets with its next heartbeat; tobekilled ends the job"},
    ),
    (
        "lockedby",
        sa.String(128),
        {"comment": "Component that owns the job's bookkeeping, jedi for JEDI jobs"},
    ),
    (
        "relocationflag",
        sa.SmallInteger(),
        {
            "server_default": "0",
            "comment": "1 site given at submission, 2 must not be reassigned, 3 throttled with its user, else 0",
        },
    ),
    (
        "creationtime",
        TIMESTAMP(),
        {
            "nullable": False,
            "server_default": EPOCH,
            "comment": "When the job was inserted, set anew for each new PandaID",
        },
    ),
    (
        "modificationtime",
        TIMESTAMP(),
        {
            "nullable": False,
            "server_default": EPOCH,
            "comment": "Last heartbeat, move or lock; partition key once archived, then the time it became final",
        },
    ),
    (
        "statechangetime",
        TIMESTAMP(),
        {"server_default": EPOCH, "comment": "When jobstatus changed last"},
    ),
    (
        "starttime",
        TIMESTAMP(),
        {
            "server_default": EPOCH,
            "comment": "When a pilot took the job, then when its payload was first seen running",
        },
    ),
    (
        "endtime",
        TIMESTAMP(),
        {"server_default": EPOCH, "comment": "When the payload ended or the job was killed"},
    ),
    (
        "proddbupdatetime",
        TIMESTAMP(),
        {"server_default": EPOCH, "comment": "Set at creation, later the Activator's lock"},
    ),
    ("creationhost", sa.String(128), {"comment": "Host the job was submitted from"}),
    (
        "modificationhost",
        sa.String(128),
        {"comment": "Host that changed the job last: a server or a worker node"},
    ),
    (
        "prodserieslabel",
        sa.String(20),
        {
            "server_default": "Rome",
            "comment": "Production series the job belongs to, mostly legacy",
        },
    ),
    (
        "prodsourcelabel",
        sa.String(20),
        {
            "server_default": "managed",
            "comment": "Kind of job: managed production, user analysis, panda build, test, ptest, rc_test and others",
        },
    ),
    ("workinggroup", sa.String(20), {"comment": "Physics or production group the job runs for"}),
    ("countrygroup", sa.String(20), {"comment": "Country group whose share the job may use"}),
    ("gshare", sa.String(32), {"comment": "Global share, GLOBAL_SHARES"}),
    (
        "processingtype",
        sa.String(64),
        {
            "comment": "What the job does, e.g. evgen, simul, reco, pmerge, or the client it came from"
        },
    ),
    ("job_label", sa.String(20), {"comment": "Family of the source label: managed or user"}),
    (
        "specialhandling",
        sa.String(80),
        {
            "comment": "Comma-separated flags that change how the job is handled, e.g. debug, localpool"
        },
    ),
    (
        "assignedpriority",
        sa.Integer(),
        {"nullable": False, "server_default": "0", "comment": "Priority given at submission"},
    ),
    (
        "currentpriority",
        sa.Integer(),
        {
            "nullable": False,
            "server_default": "0",
            "comment": "Priority used for dispatch, higher first; 10 less after each pilot retry",
        },
    ),
    (
        "attemptnr",
        sa.SmallInteger(),
        {"nullable": False, "server_default": "0", "comment": "Number of this attempt"},
    ),
    (
        "maxattempt",
        sa.SmallInteger(),
        {
            "nullable": False,
            "server_default": "0",
            "comment": "Attempts allowed; -1 at submission means no retry",
        },
    ),
    ("failedattempt", sa.SmallInteger(), {"comment": "Number of attempts that failed"}),
    (
        "eventservice",
        sa.SmallInteger(),
        {
            "comment": "1 ES, 2 ES merge, 3 clone, 4 jumbo, 5 co-jumbo, 6 fine-grained; NULL or 0 for plain jobs"
        },
    ),
    ("atlasrelease", sa.String(64), {"comment": "Software release the payload needs"}),
    ("homepackage", sa.String(80), {"comment": "Software package or cache the payload runs in"}),
    ("transformation", sa.String(250), {"comment": "Payload script, by name or URL"}),
    (
        "cmtconfig",
        sa.String(250),
        {"comment": "Platform the software was built for, with hardware constraints if any"},
    ),
    ("container_name", sa.String(200), {"comment": "Container image the payload runs in"}),
    ("jobparameters", sa.Text(), {"comment": "Always NULL, the parameters are in JOBPARAMSTABLE"}),
    ("metadata", sa.Text(), {"comment": "Always NULL, the metadata is in METATABLE"}),
    (
        "nevents",
        sa.BigInteger(),
        {
            "nullable": False,
            "server_default": "0",
            "comment": "Events to process; for event service the events processed so far",
        },
    ),
    ("transexitcode", sa.String(128), {"comment": "Exit code of the payload script"}),
    (
        "pilottiming",
        sa.String(100),
        {"comment": "Durations of the pilot's stages in seconds, separated by bars"},
    ),
    ("jobmetrics", sa.String(500), {"comment": "Pilot's measurements as key=value words"}),
    ("corecount", sa.SmallInteger(), {"comment": "Cores asked for; NULL counts as 1"}),
    (
        "maxcpucount",
        sa.BigInteger(),
        {
            "nullable": False,
            "server_default": "0",
            "comment": "CPU time limit in seconds, 0 is unknown",
        },
    ),
    ("maxcpuunit", sa.String(32), {"comment": "Unit of maxcpucount"}),
    (
        "minramcount",
        sa.BigInteger(),
        {"nullable": False, "server_default": "0", "comment": "Memory needed, MB"},
    ),
    ("minramunit", sa.CHAR(4), {"comment": "Unit of minramcount, normally MB"}),
    (
        "maxdiskcount",
        sa.BigInteger(),
        {"nullable": False, "server_default": "0", "comment": "Scratch disk space needed, MB"},
    ),
    ("maxdiskunit", sa.CHAR(4), {"comment": "Unit of maxdiskcount, normally MB"}),
    (
        "ipconnectivity",
        sa.CHAR(5),
        {"comment": "Whether the worker node needs outbound network, yes or no"},
    ),
    ("maxwalltime", sa.BigInteger(), {"comment": "Expected or allowed wall time, seconds"}),
    (
        "resource_type",
        sa.String(56),
        {"comment": "Class by cores and memory, RESOURCE_TYPES, e.g. SCORE, MCORE, SCORE_HIMEM"},
    ),
    ("diskio", sa.Integer(), {"comment": "Expected disk traffic, kB/s"}),
    ("computingsite", sa.String(128), {"comment": "PanDA queue the job is assigned to"}),
    (
        "computingelement",
        sa.String(128),
        {"comment": "CE the job runs through, from its latest Harvester worker"},
    ),
    ("cloud", sa.String(50), {"comment": "Region of the queue, a cloud in ATLAS"}),
    ("grid", sa.String(50), {"comment": "Grid the job belongs to, mostly legacy"}),
    ("nucleus", sa.String(52), {"comment": "Main site of the task, collects its outputs"}),
    ("sourcesite", sa.String(36), {"comment": "Site the inputs come from"}),
    ("destinationsite", sa.String(36), {"comment": "Site the outputs go to"}),
    (
        "cpu_architecture_level",
        sa.String(20),
        {"comment": "Microarchitecture level of the worker node's CPU, e.g. x86_64-v3"},
    ),
    ("proddblock", sa.String(255), {"comment": "Input dataset"}),
    (
        "dispatchdblock",
        sa.String(255),
        {"comment": "Dataset that moves the inputs to the site, NULL if nothing is moved"},
    ),
    ("destinationdblock", sa.String(255), {"comment": "Output dataset"}),
    (
        "destinationse",
        sa.String(250),
        {"comment": "Where the outputs go: a site, a storage element or a nucleus"},
    ),
    (
        "transfertype",
        sa.String(10),
        {"comment": "How the payload gets its inputs, e.g. direct access"},
    ),
    ("ninputfiles", sa.Integer(), {"comment": "Number of input files"}),
    (
        "ninputdatafiles",
        sa.Integer(),
        {"comment": "Number of input files that hold data, without libraries and the like"},
    ),
    ("inputfiletype", sa.String(32), {"comment": "Data type of the inputs, e.g. AOD, EVNT"}),
    (
        "inputfileproject",
        sa.String(64),
        {"comment": "Project of the inputs, the first part of the dataset name"},
    ),
    ("inputfilebytes", sa.BigInteger(), {"comment": "Size of the data inputs in bytes"}),
    ("noutputdatafiles", sa.Integer(), {"comment": "Number of output files made, without logs"}),
    ("outputfilebytes", sa.BigInteger(), {"comment": "Size of the outputs in bytes, without logs"}),
    ("outputfiletype", sa.String(32), {"comment": "Data types of the outputs"}),
    (
        "piloterrorcode",
        sa.Integer(),
        {"nullable": False, "server_default": "0", "comment": "Error seen by the pilot, 0 is none"},
    ),
    ("piloterrordiag", sa.String(500), {"comment": "What the pilot says about its error"}),
    (
        "exeerrorcode",
        sa.Integer(),
        {"nullable": False, "server_default": "0", "comment": "Error of the payload, 0 is none"},
    ),
    ("exeerrordiag", sa.String(500), {"comment": "What is known about the payload's error"}),
    (
        "superrorcode",
        sa.Integer(),
        {
            "nullable": False,
            "server_default": "0",
            "comment": "Error of the supervising layer, 0 is none; 1 invalid batch id, 2 worker already done",
        },
    ),
    (
        "superrordiag",
        sa.String(250),
        {"comment": "What is known about the supervising layer's error"},
    ),
    (
        "ddmerrorcode",
        sa.Integer(),
        {
            "nullable": False,
            "server_default": "0",
            "comment": "Error of data management, 0 is none",
        },
    ),
    ("ddmerrordiag", sa.String(700), {"comment": "What is known about the data management error"}),
    (
        "brokerageerrorcode",
        sa.Integer(),
        {"nullable": False, "server_default": "0", "comment": "Error of the brokerage, 0 is none"},
    ),
    ("brokerageerrordiag", sa.String(250), {"comment": "What is known about the brokerage error"}),
    (
        "jobdispatchererrorcode",
        sa.Integer(),
        {
            "nullable": False,
            "server_default": "0",
            "comment": "Error of the dispatcher, 0 is none; 100 lost heartbeat, 102-105 timeouts",
        },
    ),
    (
        "jobdispatchererrordiag",
        sa.String(250),
        {"comment": "What is known about the dispatcher's error"},
    ),
    (
        "taskbuffererrorcode",
        sa.Integer(),
        {
            "nullable": False,
            "server_default": "0",
            "comment": "Error of the server, 0 is none; 100 killed, 102 expired, 105-107 replaced by another job",
        },
    ),
    ("taskbuffererrordiag", sa.String(300), {"comment": "What is known about the server's error"}),
    (
        "cpuconsumptiontime",
        sa.Numeric(20, 0),
        {
            "nullable": False,
            "server_default": "0",
            "comment": "CPU time used, in seconds unless cpuconsumptionunit says otherwise",
        },
    ),
    (
        "cpuconsumptionunit",
        sa.String(128),
        {"comment": "Unit of cpuconsumptiontime, sometimes with the CPU model"},
    ),
    (
        "cpuconversion",
        sa.Numeric(9, 4),
        {"comment": "Factor from CPU time used to normalized CPU time, reported by the pilot"},
    ),
    ("actualcorecount", sa.Integer(), {"comment": "Cores really given, reported by the pilot"}),
    (
        "meancorecount",
        sa.Numeric(8, 2),
        {"comment": "Average number of cores the payload used, reported by the pilot"},
    ),
    (
        "hs06",
        sa.BigInteger(),
        {"comment": "HS06 power the job occupies: cores by the core power of the queue"},
    ),
    (
        "hs06sec",
        sa.BigInteger(),
        {"comment": "HS06 seconds used: wall time by cores by the core power of the queue"},
    ),
    ("maxrss", sa.BigInteger(), {"comment": "Highest resident memory, kB"}),
    ("maxvmem", sa.BigInteger(), {"comment": "Highest virtual memory, kB"}),
    ("maxswap", sa.BigInteger(), {"comment": "Highest swap use, kB"}),
    ("maxpss", sa.BigInteger(), {"comment": "Highest proportional set size, kB"}),
    ("avgrss", sa.BigInteger(), {"comment": "Average resident memory, kB"}),
    ("avgvmem", sa.BigInteger(), {"comment": "Average virtual memory, kB"}),
    ("avgswap", sa.BigInteger(), {"comment": "Average swap use, kB"}),
    ("avgpss", sa.BigInteger(), {"comment": "Average proportional set size, kB"}),
    (
        "memory_leak",
        sa.BigInteger(),
        {"comment": "Slope of memory over time, unit not known, parsed from jobmetrics"},
    ),
    (
        "memory_leak_x2",
        sa.Numeric(14, 3),
        {"comment": "Chi-square of the memory fit, parsed from jobmetrics"},
    ),
    (
        "totrchar",
        sa.BigInteger(),
        {"comment": "Read by the payload through system calls in total, kB"},
    ),
    (
        "totwchar",
        sa.BigInteger(),
        {"comment": "Written by the payload through system calls in total, kB"},
    ),
    ("totrbytes", sa.BigInteger(), {"comment": "Read from storage in total, kB"}),
    ("totwbytes", sa.BigInteger(), {"comment": "Written to storage in total, kB"}),
    (
        "raterchar",
        sa.BigInteger(),
        {"comment": "Average rate of reads through system calls, bytes/s"},
    ),
    (
        "ratewchar",
        sa.BigInteger(),
        {"comment": "Average rate of writes through system calls, bytes/s"},
    ),
    ("raterbytes", sa.BigInteger(), {"comment": "Average rate of reads from storage, bytes/s"}),
    ("ratewbytes", sa.BigInteger(), {"comment": "Average rate of writes to storage, bytes/s"}),
    (
        "gco2_regional",
        sa.Numeric(10, 2),
        {"comment": "CO2 emitted, in grams, by the carbon intensity of the site's region"},
    ),
    (
        "gco2_global",
        sa.Numeric(10, 2),
        {"comment": "CO2 emitted, in grams, by a worldwide average carbon intensity"},
    ),
]


def columns(declared: list, changes: dict | None = None) -> list[sa.Column]:
    """Return the columns of one table: as declared, but for its own defaults and nullability."""
    changes = changes or {}
    return [
        sa.Column(name, kind, **{**options, **changes.get(name, {})})
        for name, kind, options in declared
    ]


def upgrade() -> None:
    op.execute(
        CreateSequence(sa.Sequence("group_jobid_seq", schema=PANDA, data_type=sa.BigInteger()))
    )
    op.execute(
        CreateSequence(
            sa.Sequence("jobsdefined4_pandaid_seq", schema=PANDA, data_type=sa.BigInteger())
        )
    )
    op.create_table(
        "jobsdefined4",
        *columns(JOB, {"jobstatus": {"server_default": "defined"}}),
        sa.PrimaryKeyConstraint("pandaid", name="jobsdefined4_pkey"),
        schema=PANDA,
        comment="Jobs not yet ready to run: pending, defined, waiting or assigned.",
    )
    op.create_index(
        "jobsdef_statechangetime_idx", "jobsdefined4", ["statechangetime"], schema=PANDA
    )
    op.create_index(
        "jobsdefined4_jeditaskid_idx",
        "jobsdefined4",
        ["jeditaskid", "pandaid"],
        schema=PANDA,
        unique=True,
    )
    op.create_index("jobsdefined4_jobname_idx", "jobsdefined4", ["jobname"], schema=PANDA)
    op.create_index("jobsdefined4_jobsetid_idx", "jobsdefined4", ["jobsetid"], schema=PANDA)
    op.create_index(
        "jobsdefined4_label_csite_stat",
        "jobsdefined4",
        ["prodsourcelabel", "computingsite", "jobstatus"],
        schema=PANDA,
    )
    op.create_index("jobsdefined4_produsername_idx", "jobsdefined4", ["produsername"], schema=PANDA)
    op.create_index("jobsdefined4_reqid_idx", "jobsdefined4", ["reqid"], schema=PANDA)
    op.create_index(
        "jobsdefined4_workqueue_idx",
        "jobsdefined4",
        ["workqueue_id", "cloud", "jobstatus", "prodsourcelabel", "currentpriority"],
        schema=PANDA,
    )
    op.create_table(
        "jobswaiting4",
        *columns(JOB, {"jobstatus": {"server_default": "waiting"}}),
        sa.PrimaryKeyConstraint("pandaid", name="jobswaiting4_pkey"),
        schema=PANDA,
        comment="Legacy table of jobs waiting for input; the current server keeps them in JOBSDEFINED4.",
    )
    op.create_index(
        "jobswait_statechangetime_idx", "jobswaiting4", ["statechangetime"], schema=PANDA
    )
    op.create_index(
        "jobswaiting4_jeditaskid_idx",
        "jobswaiting4",
        ["jeditaskid", "pandaid"],
        schema=PANDA,
        unique=True,
    )
    op.create_index("jobswaiting4_jobexecid_idx", "jobswaiting4", ["jobexecutionid"], schema=PANDA)
    op.create_index("jobswaiting4_reqid_idx", "jobswaiting4", ["reqid"], schema=PANDA)
    op.create_index(
        "jobswaiting4_workqueue_idx",
        "jobswaiting4",
        ["workqueue_id", "cloud", "jobstatus", "prodsourcelabel", "currentpriority"],
        schema=PANDA,
    )
    op.create_table(
        "jobsactive4",
        *columns(JOB),
        sa.PrimaryKeyConstraint("pandaid", name="jobsactive4_pkey"),
        schema=PANDA,
        comment="Jobs ready to run, with a pilot or finishing, from activated to transferring and merging.",
    )
    op.create_index(
        "jobsactive4_compsitestatus_idx",
        "jobsactive4",
        ["computingsite", "jobstatus"],
        schema=PANDA,
    )
    op.create_index(
        "jobsactive4_csite_label_prior3",
        "jobsactive4",
        [
            "computingsite",
            "prodsourcelabel",
            "currentpriority",
            "jobstatus",
            "maxdiskcount",
            "commandtopilot",
        ],
        schema=PANDA,
    )
    op.create_index(
        "jobsactive4_jeditaskid_idx",
        "jobsactive4",
        ["jeditaskid", "pandaid"],
        schema=PANDA,
        unique=True,
    )
    op.create_index(
        "jobsactive4_jeditaskidstat_idx", "jobsactive4", ["jeditaskid", "jobstatus"], schema=PANDA
    )
    op.create_index("jobsactive4_jobdefid_idx", "jobsactive4", ["jobdefinitionid"], schema=PANDA)
    op.create_index("jobsactive4_jobname_idx", "jobsactive4", ["jobname"], schema=PANDA)
    op.create_index("jobsactive4_modtime_idx", "jobsactive4", ["modificationtime"], schema=PANDA)
    op.create_index(
        "jobsactive4_prior_idx", "jobsactive4", ["currentpriority", "pandaid"], schema=PANDA
    )
    op.create_index(
        "jobsactive4_proddblock_st_idx", "jobsactive4", ["proddblock", "jobstatus"], schema=PANDA
    )
    op.create_index(
        "jobsactive4_produsernamest_idx", "jobsactive4", ["produsername", "jobstatus"], schema=PANDA
    )
    op.create_index("jobsactive4_reqid_idx", "jobsactive4", ["reqid"], schema=PANDA)
    op.create_index(
        "jobsactive4_stat_label_wgr_idx",
        "jobsactive4",
        ["jobstatus", "prodsourcelabel", "workinggroup"],
        schema=PANDA,
    )
    op.create_index(
        "jobsactive4_workqueue_idx",
        "jobsactive4",
        ["workqueue_id", "cloud", "jobstatus", "prodsourcelabel", "currentpriority"],
        schema=PANDA,
    )
    op.create_index(
        "jobsactive_statechangetime_idx", "jobsactive4", ["statechangetime"], schema=PANDA
    )
    op.create_table(
        "jobsarchived4",
        *columns(JOB, {"modificationtime": {"server_default": None}}),
        sa.PrimaryKeyConstraint("pandaid", "modificationtime", name="jobsarchived4_pkey"),
        schema=PANDA,
        comment="Jobs in a final state, partitioned by the time they became final.",
        postgresql_partition_by="RANGE (modificationtime)",
    )
    op.create_index(
        "jobs_destinationdblock_idx", "jobsarchived4", ["destinationdblock"], schema=PANDA
    )
    op.create_index("jobs_statechangetime_idx", "jobsarchived4", ["statechangetime"], schema=PANDA)
    op.create_index(
        "jobs_upper_produsername_idx",
        "jobsarchived4",
        [sa.text("upper(produsername)")],
        schema=PANDA,
    )
    op.create_index(
        "jobsarc4_jeditaskid3attr_idx",
        "jobsarchived4",
        ["jeditaskid", "jobstatus", "prodsourcelabel", "pandaid"],
        schema=PANDA,
    )
    op.create_index(
        "jobsarch4_compsite_5attr_idx",
        "jobsarchived4",
        [
            "computingsite",
            "cloud",
            "jobstatus",
            "prodsourcelabel",
            "processingtype",
            "modificationtime",
        ],
        schema=PANDA,
    )
    op.create_index(
        "jobsarch4_mtimeprodslabel_idx",
        "jobsarchived4",
        ["modificationtime", "prodsourcelabel"],
        schema=PANDA,
    )
    op.create_index("jobsarch4_piloterrcode_idx", "jobsarchived4", ["piloterrorcode"], schema=PANDA)
    op.create_index(
        "jobsarch4_produsernamest_idx", "jobsarchived4", ["produsername", "jobstatus"], schema=PANDA
    )
    op.create_index(
        "jobsarch4_specialhandling_idx", "jobsarchived4", ["specialhandling"], schema=PANDA
    )
    op.create_index(
        "jobsarch4_taskid_3attr_idx",
        "jobsarchived4",
        ["taskid", "prodsourcelabel", "jobstatus", "processingtype"],
        schema=PANDA,
    )
    op.create_index(
        "jobsarch4_workgroup_status_idx",
        "jobsarchived4",
        ["workinggroup", "jobstatus"],
        schema=PANDA,
    )
    op.create_index("jobsarchived4_batchid_idx", "jobsarchived4", ["batchid"], schema=PANDA)
    op.create_index(
        "jobsarchived4_changetime",
        "jobsarchived4",
        [
            "lockedby",
            "prodsourcelabel",
            sa.text(
                "(\nCASE\n    WHEN statechangetime > proddbupdatetime THEN 1\n"
                "    ELSE NULL::integer\nEND)"
            ),
        ],
        schema=PANDA,
    )
    op.create_index(
        "jobsarchived4_jobdefid_idx", "jobsarchived4", ["jobdefinitionid"], schema=PANDA
    )
    op.create_index("jobsarchived4_jobname_idx", "jobsarchived4", ["jobname"], schema=PANDA)
    op.create_index("jobsarchived4_jobsetid_idx", "jobsarchived4", ["jobsetid"], schema=PANDA)
    op.create_index("jobsarchived4_reqid_idx", "jobsarchived4", ["reqid"], schema=PANDA)
    op.create_index(
        "jobsarchived4_workqueue_idx",
        "jobsarchived4",
        ["workqueue_id", "cloud", "jobstatus", "prodsourcelabel", "currentpriority"],
        schema=PANDA,
    )
    op.create_partition("doma_panda.jobsarchived4")
    op.create_table(
        "jobsarchived",
        *columns(
            JOB,
            {
                "jobstatus": {"server_default": "unknown"},
                "creationtime": {"server_default": UTC_NOW},
                "modificationtime": {"server_default": UTC_NOW},
                "statechangetime": {"server_default": UTC_NOW},
                "starttime": {"server_default": UTC_NOW},
                "endtime": {"server_default": UTC_NOW},
                "proddbupdatetime": {"server_default": UTC_NOW},
                "prodserieslabel": {"server_default": None},
                "prodsourcelabel": {"server_default": None},
                "nevents": {"nullable": True, "server_default": None},
                "cpuconsumptiontime": {"nullable": True, "server_default": None},
            },
        ),
        sa.PrimaryKeyConstraint("pandaid", "modificationtime", name="jobsarchived_pkey"),
        schema=ARCHIVE,
        comment="Archive of final jobs, copied from JOBSARCHIVED4.",
        postgresql_partition_by="RANGE (modificationtime)",
    )
    op.create_index(
        "job_prodlabel_status_idx", "jobsarchived", ["prodsourcelabel", "jobstatus"], schema=ARCHIVE
    )
    op.create_index("jobs_batchid_idx", "jobsarchived", ["batchid"], schema=ARCHIVE)
    op.create_index(
        "jobs_comsite_3attr_pandaid_idx",
        "jobsarchived",
        ["computingsite", "jobstatus", "prodsourcelabel", "processingtype", "pandaid"],
        schema=ARCHIVE,
    )
    op.create_index("jobs_exeerrorcode_idx", "jobsarchived", ["exeerrorcode"], schema=ARCHIVE)
    op.create_index(
        "jobs_jeditaskid_pandaid_idx", "jobsarchived", ["jeditaskid", "pandaid"], schema=ARCHIVE
    )
    op.create_index(
        "jobs_jobdefid_produsername_idx",
        "jobsarchived",
        ["jobdefinitionid", "produsername"],
        schema=ARCHIVE,
    )
    op.create_index("jobs_jobname_idx", "jobsarchived", ["jobname"], schema=ARCHIVE)
    op.create_index(
        "jobs_jobsetid_produsername_idx",
        "jobsarchived",
        ["jobsetid", "produsername"],
        schema=ARCHIVE,
    )
    op.create_index("jobs_pandaid_idx", "jobsarchived", ["pandaid"], schema=ARCHIVE)
    op.create_index(
        "jobs_produsername_4attr_idx",
        "jobsarchived",
        ["produsername", "jobstatus", "prodsourcelabel", "jobsetid", "jobdefinitionid"],
        schema=ARCHIVE,
    )
    op.create_index("jobs_specialhandling_idx", "jobsarchived", ["specialhandling"], schema=ARCHIVE)
    op.create_index("jobs_statechangetime_idx", "jobsarchived", ["statechangetime"], schema=ARCHIVE)
    op.create_index(
        "jobs_taskid_3attr_pandaid_idx",
        "jobsarchived",
        ["taskid", "prodsourcelabel", "jobstatus", "processingtype", "pandaid"],
        schema=ARCHIVE,
    )
    op.create_index(
        "jobs_upper_produsername_idx",
        "jobsarchived",
        [sa.text("upper(produsername)")],
        schema=ARCHIVE,
    )
    op.create_index("jobsarchived_reqid_idx", "jobsarchived", ["reqid"], schema=ARCHIVE)
    op.create_partition("doma_pandaarch.jobsarchived")


def downgrade() -> None:
    op.drop_table("jobsarchived", schema=ARCHIVE)
    op.drop_table("jobsarchived4", schema=PANDA)
    op.drop_table("jobsactive4", schema=PANDA)
    op.drop_table("jobswaiting4", schema=PANDA)
    op.drop_table("jobsdefined4", schema=PANDA)
    op.execute(DropSequence(sa.Sequence("group_jobid_seq", schema=PANDA)))
    op.execute(DropSequence(sa.Sequence("jobsdefined4_pandaid_seq", schema=PANDA)))
