"""Harvester: instances, workers, commands, statistics."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.schema import CreateSequence, DropSequence

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

PANDA = "doma_panda"
UTC_NOW = sa.text("(now() AT TIME ZONE 'UTC')")


def upgrade() -> None:
    op.execute(
        CreateSequence(
            sa.Sequence("harvester_command_id_seq", schema=PANDA, data_type=sa.BigInteger())
        )
    )
    op.create_table(
        "harvester_command_lock",
        sa.Column(
            "harvester_id",
            sa.String(50),
            nullable=False,
            comment="Harvester instance, HARVESTER_INSTANCES",
        ),
        sa.Column(
            "computingsite", sa.String(128), nullable=False, comment="PanDA queue, SCHEDCONFIG_JSON"
        ),
        sa.Column(
            "resourcetype", sa.String(56), nullable=False, comment="Resource type, RESOURCE_TYPES"
        ),
        sa.Column("command", sa.String(200), nullable=False, comment="Command the lock paces"),
        sa.Column(
            "lockedtime", TIMESTAMP(), comment="Time the lock was last taken, kept on release"
        ),
        sa.Column("lockedby", sa.String(56), comment="Process that holds the lock, NULL if free"),
        sa.PrimaryKeyConstraint(
            "harvester_id",
            "computingsite",
            "resourcetype",
            "command",
            name="harvester_command_lock_pkey",
        ),
        schema=PANDA,
        comment="Locks that pace the issue of a command to an instance, queue and resource type.",
    )
    op.create_table(
        "harvester_commands",
        sa.Column(
            "command_id",
            sa.BigInteger(),
            nullable=False,
            autoincrement=False,
            comment="Number of the command, from a sequence, the key",
        ),
        sa.Column(
            "command",
            sa.String(200),
            comment="Command, such as KILL_WORKERS or SET_N_WORKERS_JOBTYPE:<queue>",
        ),
        sa.Column(
            "harvester_id", sa.String(50), comment="Harvester instance to obey, HARVESTER_INSTANCES"
        ),
        sa.Column(
            "ack_requested",
            sa.SmallInteger(),
            comment="1 if the instance has to acknowledge, 0 if not",
        ),
        sa.Column("creation_date", TIMESTAMP(), comment="Time the command was issued"),
        sa.Column(
            "status",
            sa.String(32),
            comment="State of the command: new, lock, retrieved or acknowledged",
        ),
        sa.Column("status_date", TIMESTAMP(), comment="Time the state last changed"),
        sa.Column("params", sa.Text(), comment="Parameters as JSON text, NULL if none"),
        sa.PrimaryKeyConstraint("command_id", name="harvester_commands_pkey"),
        sa.CheckConstraint("ack_requested IN (0, 1)", name="harvester_commands_ack_req_chk"),
        schema=PANDA,
        comment="Commands for Harvester instances, fetched by them through the API.",
    )
    op.create_table(
        "harvester_dialogs",
        sa.Column(
            "harvester_id",
            sa.String(50),
            nullable=False,
            comment="Harvester instance, HARVESTER_INSTANCES",
        ),
        sa.Column(
            "diagid",
            sa.BigInteger(),
            nullable=False,
            comment="Number of the message within its instance",
        ),
        sa.Column(
            "modulename", sa.String(100), comment="Module of Harvester that wrote the message"
        ),
        sa.Column(
            "identifier",
            sa.String(100),
            comment="What the message is about, such as a worker or a job",
        ),
        sa.Column(
            "creationtime", TIMESTAMP(), nullable=False, comment="Time the message was written"
        ),
        sa.Column(
            "messagelevel", sa.String(10), comment="Level of the message, such as WARNING or ERROR"
        ),
        sa.Column("diagmessage", sa.String(500), comment="Text of the message"),
        schema=PANDA,
        comment="Messages from the logs of Harvester instances, mostly errors.",
        postgresql_partition_by="RANGE (creationtime)",
    )
    op.create_index(
        "harv_dialogs_harv_diagid_idx",
        "harvester_dialogs",
        ["harvester_id", "diagid"],
        schema=PANDA,
    )
    op.create_index(
        "harv_dialogs_module_harv_idx",
        "harvester_dialogs",
        ["modulename", "harvester_id"],
        schema=PANDA,
    )
    op.create_partition("doma_panda.harvester_dialogs")
    op.create_table(
        "harvester_instances",
        sa.Column(
            "harvester_id", sa.String(50), nullable=False, comment="Name of the instance, the key"
        ),
        sa.Column(
            "description",
            sa.String(200),
            comment="Free text, automatic if the instance was registered by its first heartbeat",
        ),
        sa.Column("starttime", TIMESTAMP(), comment="Time the instance was started"),
        sa.Column(
            "owner",
            sa.String(100),
            comment="User, as a DN or name, whose credentials sent the heartbeat",
        ),
        sa.Column("hostname", sa.String(100), comment="Host the heartbeat came from"),
        sa.Column("lastupdate", TIMESTAMP(), comment="Time of the last heartbeat"),
        sa.Column("sw_version", sa.String(50), comment="Version of the Harvester software"),
        sa.Column(
            "commit_stamp", sa.String(100), comment="Commit the Harvester software was built from"
        ),
        sa.PrimaryKeyConstraint("harvester_id", name="harvester_instances_pkey"),
        schema=PANDA,
        comment="Registered Harvester instances and their last heartbeat.",
    )
    op.create_table(
        "harvester_metrics",
        sa.Column(
            "harvester_id",
            sa.String(50),
            nullable=False,
            comment="Harvester instance, HARVESTER_INSTANCES",
        ),
        sa.Column(
            "creation_time",
            TIMESTAMP(),
            nullable=False,
            server_default=UTC_NOW,
            comment="Time the metrics were taken",
        ),
        sa.Column("harvester_host", sa.String(100), comment="Host the metrics are about"),
        sa.Column(
            "metrics",
            sa.String(4000),
            comment="Metrics as JSON text, such as CPU, memory and disk use and proxy validity",
        ),
        schema=PANDA,
        comment="Service metrics of the hosts of Harvester instances, appended.",
        postgresql_partition_by="RANGE (creation_time)",
    )
    op.create_index(
        "harvester_metrics_idx",
        "harvester_metrics",
        ["harvester_id", "creation_time", "harvester_host"],
        schema=PANDA,
    )
    op.create_index(
        "harvester_metrics_ihc_idx",
        "harvester_metrics",
        ["harvester_id", "harvester_host", "creation_time"],
        schema=PANDA,
    )
    op.create_partition("doma_panda.harvester_metrics")
    op.create_table(
        "harvester_rel_jobs_workers",
        sa.Column(
            "harvesterid",
            sa.String(50),
            nullable=False,
            comment="Harvester instance, HARVESTER_INSTANCES",
        ),
        sa.Column(
            "workerid",
            sa.BigInteger(),
            nullable=False,
            autoincrement=False,
            comment="Worker, HARVESTER_WORKERS",
        ),
        sa.Column(
            "pandaid",
            sa.BigInteger(),
            nullable=False,
            autoincrement=False,
            comment="Job, the jobs tables",
        ),
        sa.Column(
            "lastupdate",
            TIMESTAMP(),
            nullable=False,
            comment="Time the relation was last confirmed, by Harvester or a job heartbeat",
        ),
        sa.PrimaryKeyConstraint(
            "harvesterid", "workerid", "pandaid", name="harvester_rel_jobs_workers_pkey"
        ),
        schema=PANDA,
        comment="Which jobs each worker processes; a worker may take many.",
        postgresql_partition_by="RANGE (pandaid)",
    )
    op.create_index(
        "harv_work_reljobs_lastupd_idx", "harvester_rel_jobs_workers", ["lastupdate"], schema=PANDA
    )
    op.create_index(
        "harvrel_jobworkers_pandaid_idx", "harvester_rel_jobs_workers", ["pandaid"], schema=PANDA
    )
    op.create_partition("doma_panda.harvester_rel_jobs_workers")
    op.create_table(
        "harvester_slots",
        sa.Column(
            "pandaqueuename",
            sa.String(128),
            nullable=False,
            comment="PanDA queue, SCHEDCONFIG_JSON",
        ),
        sa.Column("gshare", sa.String(32), comment="Global share, GLOBAL_SHARES; NULL if for any"),
        sa.Column(
            "resourcetype", sa.String(56), comment="Resource type, RESOURCE_TYPES; NULL if for any"
        ),
        sa.Column("numslots", sa.BigInteger(), nullable=False, comment="Number of slots to fill"),
        sa.Column(
            "modificationtime", TIMESTAMP(), nullable=False, comment="Time the entry was last set"
        ),
        sa.Column(
            "expirationtime",
            TIMESTAMP(),
            comment="Time until which the entry holds, NULL if without limit",
        ),
        sa.UniqueConstraint(
            "pandaqueuename",
            "gshare",
            "resourcetype",
            name="harvester_slots_pandaqueuename_gshare_resourcetype_key",
        ),
        schema=PANDA,
        comment="Slots that Harvester should fill on a queue, for workload provisioning.",
    )
    op.create_table(
        "harvester_worker_stats",
        sa.Column(
            "harvester_id",
            sa.String(50),
            nullable=False,
            comment="Harvester instance, HARVESTER_INSTANCES",
        ),
        sa.Column(
            "computingsite", sa.String(128), nullable=False, comment="PanDA queue, SCHEDCONFIG_JSON"
        ),
        sa.Column(
            "resourcetype", sa.String(56), nullable=False, comment="Resource type, RESOURCE_TYPES"
        ),
        sa.Column(
            "status",
            sa.String(80),
            nullable=False,
            comment="State of the workers counted, as in HARVESTER_WORKERS",
        ),
        sa.Column(
            "jobtype",
            sa.String(52),
            nullable=False,
            comment="Job type, the prodSourceLabel, or ANY",
        ),
        sa.Column("n_workers", sa.Integer(), comment="Number of workers"),
        sa.Column("lastupdate", TIMESTAMP(), nullable=False, comment="Time of the report"),
        sa.PrimaryKeyConstraint(
            "harvester_id",
            "computingsite",
            "resourcetype",
            "status",
            "jobtype",
            name="harvester_worker_stats_pkey",
        ),
        schema=PANDA,
        comment="Number of workers by queue, type and state, read by Unified Pilot Streaming.",
    )
    op.create_table(
        "harvester_workers",
        sa.Column(
            "harvesterid",
            sa.String(50),
            nullable=False,
            comment="Harvester instance, HARVESTER_INSTANCES",
        ),
        sa.Column(
            "workerid",
            sa.BigInteger(),
            nullable=False,
            autoincrement=False,
            comment="Number of the worker, unique within its Harvester instance",
        ),
        sa.Column(
            "lastupdate",
            TIMESTAMP(),
            nullable=False,
            comment="Time of the last update by the server; also the partition key",
        ),
        sa.Column(
            "status",
            sa.String(80),
            nullable=False,
            comment="State of the worker: submitted, ready, running, idle, finished, failed, cancelled or missed",
        ),
        sa.Column("batchid", sa.String(80), comment="Identifier of the worker in the batch system"),
        sa.Column(
            "nodeid",
            sa.String(80),
            comment="Host the worker runs on, as reported by the pilot or Harvester",
        ),
        sa.Column("queuename", sa.String(80), comment="Queue of the batch system"),
        sa.Column(
            "computingsite",
            sa.String(128),
            comment="PanDA queue the worker serves, SCHEDCONFIG_JSON",
        ),
        sa.Column("submittime", TIMESTAMP(), comment="Time the worker was submitted"),
        sa.Column("starttime", TIMESTAMP(), comment="Time the worker started, as Harvester saw it"),
        sa.Column("endtime", TIMESTAMP(), comment="Time the worker ended, as Harvester saw it"),
        sa.Column("ncore", sa.Integer(), comment="Number of cores of the worker"),
        sa.Column(
            "errorcode",
            sa.Integer(),
            comment="Harvester error code, copied to supErrorCode of its unfinished jobs",
        ),
        sa.Column("stdout", sa.String(250), comment="Address of the standard output"),
        sa.Column("stderr", sa.String(250), comment="Address of the standard error"),
        sa.Column("batchlog", sa.String(250), comment="Address of the log of the batch system"),
        sa.Column(
            "resourcetype", sa.String(56), comment="Resource type of the worker, RESOURCE_TYPES"
        ),
        sa.Column("nativeexitcode", sa.Integer(), comment="Exit code given by the batch system"),
        sa.Column("nativestatus", sa.String(80), comment="State as named by the batch system"),
        sa.Column(
            "diagmessage",
            sa.String(500),
            comment="Diagnostic message, usually why the worker failed",
        ),
        sa.Column(
            "computingelement",
            sa.String(128),
            comment="Computing element the worker was submitted to",
        ),
        sa.Column("njobs", sa.Integer(), comment="Number of jobs the worker has taken"),
        sa.Column(
            "submissionhost",
            sa.String(128),
            comment="Host that submitted the worker, such as the schedd",
        ),
        sa.Column(
            "harvesterhost",
            sa.String(128),
            comment="Host of the Harvester process in charge of the worker",
        ),
        sa.Column(
            "jdl",
            sa.String(250),
            comment="Name or address of the job description used for submission",
        ),
        sa.Column(
            "jobtype",
            sa.String(52),
            comment="Job type, the prodSourceLabel the worker was submitted for, or ANY",
        ),
        sa.Column("pilotstarttime", TIMESTAMP(), comment="Time the pilot reported its start"),
        sa.Column("pilotendtime", TIMESTAMP(), comment="Time the pilot reported its end"),
        sa.Column(
            "pilotstatus",
            sa.String(80),
            comment="State reported by the pilot itself, such as running or finished",
        ),
        sa.Column(
            "pilotstatussynctime",
            TIMESTAMP(),
            comment="Time Harvester was last asked to catch up with pilotStatus, NULL if never",
        ),
        sa.Column("minramcount", sa.Integer(), comment="Memory requested for the worker in MB"),
        sa.PrimaryKeyConstraint(
            "harvesterid", "workerid", "lastupdate", name="harvester_workers_pkey"
        ),
        schema=PANDA,
        comment="Workers, the batch jobs or pilots that Harvester submits.",
        postgresql_partition_by="RANGE (lastupdate)",
    )
    op.create_index(
        "harv_workers_harv_submtime_idx",
        "harvester_workers",
        ["harvesterid", "submittime"],
        schema=PANDA,
    )
    op.create_index("harv_workers_lastupd_idx", "harvester_workers", ["lastupdate"], schema=PANDA)
    op.create_index(
        "harv_workers_submittime_idx", "harvester_workers", ["submittime"], schema=PANDA
    )
    op.create_index(
        "harvester_workers_compsite_idx", "harvester_workers", ["computingsite"], schema=PANDA
    )
    op.create_index(
        "harvester_workers_status_idx", "harvester_workers", ["status", "pilotstatus"], schema=PANDA
    )
    op.create_partition("doma_panda.harvester_workers")


def downgrade() -> None:
    op.drop_table("harvester_workers", schema=PANDA)
    op.drop_table("harvester_worker_stats", schema=PANDA)
    op.drop_table("harvester_slots", schema=PANDA)
    op.drop_table("harvester_rel_jobs_workers", schema=PANDA)
    op.drop_table("harvester_metrics", schema=PANDA)
    op.drop_table("harvester_instances", schema=PANDA)
    op.drop_table("harvester_dialogs", schema=PANDA)
    op.drop_table("harvester_commands", schema=PANDA)
    op.drop_table("harvester_command_lock", schema=PANDA)
    op.execute(DropSequence(sa.Sequence("harvester_command_id_seq", schema=PANDA)))
