"""Tasks, their parameters, templates, attempts and logs."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.schema import CreateSequence, DropSequence

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

PANDA = "doma_panda"


def upgrade() -> None:
    op.execute(
        CreateSequence(
            sa.Sequence("jedi_output_template_id_seq", schema=PANDA, data_type=sa.BigInteger())
        )
    )
    op.create_table(
        "cloudtasks",
        sa.Column(
            "id", sa.Integer(), nullable=False, autoincrement=False, comment="Number of the row"
        ),
        sa.Column("taskname", sa.String(128), comment="Name of the task"),
        sa.Column("taskid", sa.Integer(), comment="Number of the task"),
        sa.Column("cloud", sa.String(20), comment="Cloud that it was sent to"),
        sa.Column("status", sa.String(20), comment="State of that"),
        sa.Column("tmod", TIMESTAMP(), nullable=False, comment="Last change"),
        sa.Column("tenter", TIMESTAMP(), nullable=False, comment="When the row was made"),
        sa.PrimaryKeyConstraint("id", name="cloudtasks_id_pk"),
        schema=PANDA,
        comment="Which cloud a task was sent to, before JEDI.",
    )
    op.create_index("cloudtasks_task_idx", "cloudtasks", ["taskname", "taskid"], schema=PANDA)
    op.create_table(
        "jedi_aux_status_mintaskid",
        sa.Column("status", sa.String(64), nullable=False, comment="State of tasks"),
        sa.Column(
            "min_jeditaskid",
            sa.BigInteger(),
            nullable=False,
            comment="Lowest task in that state; too low does no harm",
        ),
        sa.PrimaryKeyConstraint("status", name="jedi_aux_status_mintaskid_pkey"),
        schema=PANDA,
        comment="The lowest task of each state; agents join it to leave out old partitions.",
    )
    op.create_table(
        "jedi_jobparams_template",
        sa.Column(
            "jeditaskid",
            sa.BigInteger(),
            nullable=False,
            autoincrement=False,
            comment="Task, JEDI_TASKS",
        ),
        sa.Column(
            "jobparamstemplate",
            sa.Text(),
            comment="Command line with placeholders for files, seeds and numbers",
        ),
        sa.PrimaryKeyConstraint("jeditaskid", name="jedi_jobparams_template_pkey"),
        schema=PANDA,
        comment="Templates of the parameters of a task's jobs.",
        postgresql_partition_by="RANGE (jeditaskid)",
    )
    op.create_partition("doma_panda.jedi_jobparams_template")
    op.create_table(
        "jedi_output_template",
        sa.Column(
            "jeditaskid",
            sa.BigInteger(),
            nullable=False,
            autoincrement=False,
            comment="Task, JEDI_TASKS",
        ),
        sa.Column(
            "datasetid",
            sa.BigInteger(),
            nullable=False,
            autoincrement=False,
            comment="Output dataset, JEDI_DATASETS",
        ),
        sa.Column(
            "outtempid",
            sa.BigInteger(),
            nullable=False,
            autoincrement=False,
            comment="Number of the template",
        ),
        sa.Column(
            "filenametemplate",
            sa.String(256),
            nullable=False,
            comment="File name with a placeholder for the serial number",
        ),
        sa.Column("maxserialnr", sa.Integer(), comment="Last serial number to be used"),
        sa.Column("serialnr", sa.Integer(), comment="Next serial number"),
        sa.Column("sourcename", sa.String(256), comment="Name that the program gives the file"),
        sa.Column(
            "streamname", sa.String(20), comment="Placeholder of the stream in the parameters"
        ),
        sa.Column("outtype", sa.String(20), comment="Type of the files: output or log"),
        sa.PrimaryKeyConstraint(
            "jeditaskid", "datasetid", "outtempid", name="jedi_output_template_pkey"
        ),
        schema=PANDA,
        comment="Templates of the names of a task's output files.",
        postgresql_partition_by="RANGE (jeditaskid)",
    )
    op.create_partition("doma_panda.jedi_output_template")
    op.create_table(
        "jedi_taskparams",
        sa.Column(
            "jeditaskid",
            sa.BigInteger(),
            nullable=False,
            autoincrement=False,
            comment="Task, JEDI_TASKS",
        ),
        sa.Column("taskparams", sa.Text(), comment="Parameters, JSON"),
        sa.PrimaryKeyConstraint("jeditaskid", name="jedi_taskparams_pkey"),
        schema=PANDA,
        comment="Parameters of tasks, as they were submitted.",
        postgresql_partition_by="RANGE (jeditaskid)",
    )
    op.create_partition("doma_panda.jedi_taskparams")
    op.create_table(
        "jedi_tasks",
        sa.Column(
            "jeditaskid",
            sa.BigInteger(),
            nullable=False,
            autoincrement=False,
            comment="Task, the same number as in T_TASK",
        ),
        sa.Column(
            "taskname",
            sa.String(256),
            comment="Name of the task; a random one until the task is refined",
        ),
        sa.Column(
            "status",
            sa.String(64),
            nullable=False,
            comment="State of the task: registered, defined, ready, scouting, running, paused, done, failed and others",
        ),
        sa.Column("username", sa.String(128), nullable=False, comment="Who submitted the task"),
        sa.Column(
            "creationdate",
            TIMESTAMP(),
            nullable=False,
            comment="When the task came into this table",
        ),
        sa.Column(
            "modificationtime",
            TIMESTAMP(),
            nullable=False,
            comment="Last change; servers date it back on purpose, so that an agent takes the task at once",
        ),
        sa.Column("reqid", sa.Integer(), comment="Production request that the task belongs to"),
        sa.Column(
            "oldstatus",
            sa.String(64),
            comment="State to come back to from pending, throttled, paused or staging, and during commands",
        ),
        sa.Column(
            "cloud", sa.String(10), comment="Cloud that the task is assigned to, WORLD for any"
        ),
        sa.Column("site", sa.String(60), comment="Queue that the task has to run at, NULL for any"),
        sa.Column(
            "starttime",
            TIMESTAMP(),
            comment="When the first jobs were made; NULL again after a retry",
        ),
        sa.Column("endtime", TIMESTAMP(), comment="When the task became final"),
        sa.Column(
            "frozentime", TIMESTAMP(), comment="Since when the task is pending, NULL if it is not"
        ),
        sa.Column(
            "prodsourcelabel", sa.String(20), comment="Kind of work: managed, user, test and others"
        ),
        sa.Column("workinggroup", sa.String(32), comment="Physics group that the task is for"),
        sa.Column("vo", sa.String(32), comment="Virtual organization"),
        sa.Column("corecount", sa.Integer(), comment="Cores per job, 0 for any number"),
        sa.Column("tasktype", sa.String(64), comment="Type of the task: prod, anal and others"),
        sa.Column(
            "processingtype",
            sa.String(64),
            comment="What the jobs do, e.g. evgen, simul, reco, merge",
        ),
        sa.Column("taskpriority", sa.Integer(), comment="Priority given at submission"),
        sa.Column(
            "currentpriority", sa.Integer(), comment="Priority in use, the higher the sooner"
        ),
        sa.Column("architecture", sa.String(256), comment="Platform that the software needs"),
        sa.Column("transuses", sa.String(64), comment="Software release"),
        sa.Column("transhome", sa.String(128), comment="Software package, with its cache"),
        sa.Column("transpath", sa.String(128), comment="Program that the jobs run"),
        sa.Column("lockedby", sa.String(56), comment="Agent that works on the task, NULL for none"),
        sa.Column(
            "lockedtime",
            TIMESTAMP(),
            comment="When the agent took the task or said that it still works on it",
        ),
        sa.Column(
            "termcondition", sa.String(100), comment="Condition under which the task ends early"
        ),
        sa.Column(
            "splitrule",
            sa.String(200),
            comment="How the task is cut into jobs: codes with values, separated by commas",
        ),
        sa.Column("walltime", sa.Integer(), comment="Wall time per event or file, in walltimeunit"),
        sa.Column(
            "walltimeunit",
            sa.String(32),
            comment="Unit of walltime, e.g. kHS06sPerEvent; NULL has it estimated again, ava starts the avalanche",
        ),
        sa.Column(
            "outdiskcount",
            sa.Integer(),
            comment="Size of the output per event or file, in outdiskunit",
        ),
        sa.Column("outdiskunit", sa.String(32), comment="Unit of outdiskcount, e.g. kBPerEvent"),
        sa.Column("workdiskcount", sa.Integer(), comment="Scratch space of a job, in workdiskunit"),
        sa.Column("workdiskunit", sa.String(32), comment="Unit of workdiskcount, usually MB"),
        sa.Column("ramcount", sa.Integer(), comment="Memory per core or per job, in ramunit"),
        sa.Column("ramunit", sa.String(32), comment="Unit of ramcount, e.g. MBPerCore"),
        sa.Column(
            "iointensity", sa.Integer(), comment="Rate of input and output, in iointensityunit"
        ),
        sa.Column("iointensityunit", sa.String(32), comment="Unit of iointensity, kBPerS"),
        sa.Column("workqueue_id", sa.Integer(), comment="Work queue, JEDI_WORK_QUEUE"),
        sa.Column(
            "progress",
            sa.SmallInteger(),
            comment="Progress in per cent; not written by current servers",
        ),
        sa.Column(
            "failurerate",
            sa.SmallInteger(),
            comment="Rate of failures in per cent; not written by current servers",
        ),
        sa.Column("errordialog", sa.String(510), comment="Why the task is where it is, for people"),
        sa.Column(
            "countrygroup", sa.String(20), comment="Country group that the task is charged to"
        ),
        sa.Column(
            "parent_tid",
            sa.BigInteger(),
            comment="Task whose output this one reads; its own number without a parent",
        ),
        sa.Column(
            "eventservice",
            sa.SmallInteger(),
            comment="Whether and how jobs take ranges of events: 0 not, 1 to 3 kinds of event service",
        ),
        sa.Column("ticketid", sa.String(50), comment="Ticket about the task"),
        sa.Column("ticketsystemtype", sa.String(32), comment="System of the ticket, e.g. ggus"),
        sa.Column("statechangetime", TIMESTAMP(), comment="When the state last changed"),
        sa.Column("superstatus", sa.String(64), comment="State last told to T_TASK"),
        sa.Column("campaign", sa.String(32), comment="Campaign of the task"),
        sa.Column("mergeramcount", sa.Integer(), comment="Memory of a merge job, in mergeramunit"),
        sa.Column("mergeramunit", sa.String(32), comment="Unit of mergeramcount"),
        sa.Column(
            "mergewalltime", sa.Integer(), comment="Wall time of a merge job, in mergewalltimeunit"
        ),
        sa.Column("mergewalltimeunit", sa.String(32), comment="Unit of mergewalltime"),
        sa.Column("throttledtime", TIMESTAMP(), comment="When a throttled task is released"),
        sa.Column(
            "numthrottled",
            sa.SmallInteger(),
            comment="How often the task was throttled for failures",
        ),
        sa.Column("mergecorecount", sa.Integer(), comment="Cores of a merge job"),
        sa.Column(
            "goal",
            sa.SmallInteger(),
            comment="Success that is asked for, per mille of events or files; 1000 without a value",
        ),
        sa.Column("assessmenttime", TIMESTAMP(), comment="When the progress was last looked at"),
        sa.Column("cputime", sa.Integer(), comment="CPU time per event, in cputimeunit"),
        sa.Column("cputimeunit", sa.String(32), comment="Unit of cputime, e.g. HS06sPerEvent"),
        sa.Column("cpuefficiency", sa.SmallInteger(), comment="CPU efficiency assumed, per cent"),
        sa.Column(
            "basewalltime", sa.Integer(), comment="Wall time of a job whatever its input, seconds"
        ),
        sa.Column("amiflag_old", sa.String(10), comment="Former amiflag"),
        sa.Column(
            "amiflag",
            sa.Integer(),
            server_default="1",
            comment="Bits that say what the metadata catalogue AMI has still to read",
        ),
        sa.Column(
            "nucleus", sa.String(52), comment="Site that collects the output of a WORLD task"
        ),
        sa.Column("baseramcount", sa.Integer(), comment="Memory of a job whatever its cores, MB"),
        sa.Column("ttcrequested", TIMESTAMP(), comment="When the task should be complete"),
        sa.Column("ttcpredicted", TIMESTAMP(), comment="When the task is predicted to be complete"),
        sa.Column("ttcpredictiondate", TIMESTAMP(), comment="When that was predicted"),
        sa.Column(
            "rescuetime", TIMESTAMP(), comment="When the task was last rescued from being stuck"
        ),
        sa.Column(
            "requesttype", sa.String(32), comment="Type of the request that the task comes from"
        ),
        sa.Column("gshare", sa.String(32), comment="Global share, GLOBAL_SHARES"),
        sa.Column(
            "usejumbo",
            sa.CHAR(1),
            comment="Whether jumbo jobs are used: W, R, P, L or D, NULL for no",
        ),
        sa.Column(
            "resource_type",
            sa.String(56),
            comment="Type of resource that the jobs ask for, RESOURCE_TYPES",
        ),
        sa.Column("diskio", sa.Integer(), comment="Expected disk traffic per core, in diskiounit"),
        sa.Column("diskiounit", sa.String(32), comment="Unit of diskio, kBPerS"),
        sa.Column(
            "memory_leak_core",
            sa.BigInteger(),
            comment="Memory that a job leaks per core, unit not known",
        ),
        sa.Column(
            "memory_leak_x2", sa.Numeric(14, 3), comment="How well the leak was fitted, chi square"
        ),
        sa.Column(
            "attemptnr", sa.SmallInteger(), comment="Attempt of the task, one more with each retry"
        ),
        sa.Column(
            "container_name", sa.String(200), comment="Image of the container that the jobs run in"
        ),
        sa.Column(
            "job_label", sa.String(20), comment="Label of the jobs, as their prodsourcelabel"
        ),
        sa.Column(
            "realmodificationtime",
            TIMESTAMP(),
            comment="True time of the last change of modificationtime, set by a trigger",
        ),
        sa.Column("framework", sa.String(50), comment="System that submitted the task"),
        sa.Column(
            "activatedtime",
            TIMESTAMP(),
            comment="Since when the task has been active, until it goes into TASK_METRICS",
        ),
        sa.Column(
            "queuedtime",
            TIMESTAMP(),
            comment="Since when the task has had input to process, NULL if it has none",
        ),
        sa.Column("actiontime", TIMESTAMP(), comment="When an agent should next act on the task"),
        sa.PrimaryKeyConstraint("jeditaskid", name="jedi_tasks_pkey"),
        schema=PANDA,
        comment="Tasks: what is to be done with datasets, cut into jobs by JEDI.",
        postgresql_partition_by="RANGE (jeditaskid)",
    )
    op.create_index("jedi_tasks_amiflag_idx", "jedi_tasks", ["amiflag"], schema=PANDA)
    op.create_index("jedi_tasks_creation_idx", "jedi_tasks", ["creationdate"], schema=PANDA)
    op.create_index("jedi_tasks_lockedby_idx", "jedi_tasks", ["lockedby"], schema=PANDA)
    op.create_index("jedi_tasks_modiftime_idx", "jedi_tasks", ["modificationtime"], schema=PANDA)
    op.create_index(
        "jedi_tasks_nametaskid_idx", "jedi_tasks", ["taskname", "jeditaskid"], schema=PANDA
    )
    op.create_index("jedi_tasks_parent_tid_idx", "jedi_tasks", ["parent_tid"], schema=PANDA)
    op.create_index(
        "jedi_tasks_realmodtime_idx", "jedi_tasks", ["realmodificationtime"], schema=PANDA
    )
    op.create_index("jedi_tasks_reqid_idx", "jedi_tasks", ["reqid", "username"], schema=PANDA)
    op.create_index(
        "jedi_tasks_status3attr_idx",
        "jedi_tasks",
        ["status", "workqueue_id", "prodsourcelabel", "jeditaskid"],
        schema=PANDA,
    )
    op.create_index(
        "jedi_upper_tasks_name_idx", "jedi_tasks", [sa.text("upper(taskname)")], schema=PANDA
    )
    op.create_partition("doma_panda.jedi_tasks")
    op.create_table(
        "task_attempts",
        sa.Column(
            "jeditaskid",
            sa.BigInteger(),
            nullable=False,
            autoincrement=False,
            comment="Task, JEDI_TASKS",
        ),
        sa.Column(
            "attemptnr",
            sa.Integer(),
            nullable=False,
            autoincrement=False,
            comment="Attempt, from 0 or 1 on",
        ),
        sa.Column(
            "starttime",
            TIMESTAMP(),
            nullable=False,
            comment="When the attempt began; partition key",
        ),
        sa.Column("endtime", TIMESTAMP(), comment="When it ended, NULL while it goes on"),
        sa.Column("startstatus", sa.String(32), comment="State in which the attempt began"),
        sa.Column("endstatus", sa.String(32), comment="State in which it ended"),
        sa.PrimaryKeyConstraint("jeditaskid", "attemptnr", "starttime", name="task_attempts_pkey"),
        schema=PANDA,
        comment="Attempts of tasks: when each began and how it ended.",
        postgresql_partition_by="RANGE (starttime)",
    )
    op.create_partition("doma_panda.task_attempts")
    op.create_table(
        "task_evaluation",
        sa.Column(
            "jeditaskid",
            sa.BigInteger(),
            nullable=False,
            autoincrement=False,
            comment="Task, JEDI_TASKS",
        ),
        sa.Column("metric", sa.String(128), nullable=False, comment="What is judged"),
        sa.Column("value_json", sa.Text(), comment="Result, JSON"),
        sa.Column("timestamp", TIMESTAMP(), comment="When it was computed"),
        sa.PrimaryKeyConstraint("jeditaskid", "metric", name="task_evaluation_pkey"),
        schema=PANDA,
        comment="Judgements on tasks that are computed now and then.",
    )
    op.create_table(
        "task_metrics",
        sa.Column(
            "jeditaskid",
            sa.BigInteger(),
            nullable=False,
            autoincrement=False,
            comment="Task, JEDI_TASKS",
        ),
        sa.Column("creationtime", TIMESTAMP(), comment="When the row was made"),
        sa.Column(
            "modificationtime", TIMESTAMP(), nullable=False, comment="Last change; partition key"
        ),
        sa.Column("data", sa.Text(), comment="Measurements, JSON"),
        sa.PrimaryKeyConstraint("jeditaskid", "modificationtime", name="task_metrics_pkey"),
        schema=PANDA,
        comment="Measurements of tasks, such as periods of queuing and running.",
        postgresql_partition_by="RANGE (modificationtime)",
    )
    op.create_partition("doma_panda.task_metrics")
    op.create_table(
        "tasks_statuslog",
        sa.Column("jeditaskid", sa.BigInteger(), nullable=False, comment="Task, JEDI_TASKS"),
        sa.Column(
            "modificationtime",
            TIMESTAMP(),
            nullable=False,
            comment="When the state changed; partition key",
        ),
        sa.Column(
            "status", sa.String(64), nullable=False, comment="State that the task changed to"
        ),
        sa.Column("modificationhost", sa.String(128), comment="Machine that changed it"),
        sa.Column("attemptnr", sa.SmallInteger(), comment="Attempt of the task"),
        sa.Column(
            "reason", sa.String(255), comment="Beginning of the task's errordialog at that time"
        ),
        schema=PANDA,
        comment="States that tasks have been in, a row per change.",
        postgresql_partition_by="RANGE (modificationtime)",
    )
    op.create_index(
        "task_statuslog_jeditaskid_idx", "tasks_statuslog", ["jeditaskid"], schema=PANDA
    )
    op.create_partition("doma_panda.tasks_statuslog")


def downgrade() -> None:
    op.drop_table("tasks_statuslog", schema=PANDA)
    op.drop_table("task_metrics", schema=PANDA)
    op.drop_table("task_evaluation", schema=PANDA)
    op.drop_table("task_attempts", schema=PANDA)
    op.drop_table("jedi_tasks", schema=PANDA)
    op.drop_table("jedi_taskparams", schema=PANDA)
    op.drop_table("jedi_output_template", schema=PANDA)
    op.drop_table("jedi_jobparams_template", schema=PANDA)
    op.drop_table("jedi_aux_status_mintaskid", schema=PANDA)
    op.drop_table("cloudtasks", schema=PANDA)
    op.execute(DropSequence(sa.Sequence("jedi_output_template_id_seq", schema=PANDA)))
