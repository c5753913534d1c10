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
        sa.Column("harvester_id", sa.String(50), nullable=False),
        sa.Column("computingsite", sa.String(128), nullable=False),
        sa.Column("resourcetype", sa.String(56), nullable=False),
        sa.Column("command", sa.String(200), nullable=False),
        sa.Column("lockedtime", TIMESTAMP()),
        sa.Column("lockedby", sa.String(56)),
        sa.PrimaryKeyConstraint(
            "harvester_id",
            "computingsite",
            "resourcetype",
            "command",
            name="harvester_command_lock_pkey",
        ),
        schema=PANDA,
        comment="TODO doma_panda.harvester_command_lock.",
    )
    op.create_table(
        "harvester_commands",
        sa.Column("command_id", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("command", sa.String(200)),
        sa.Column("harvester_id", sa.String(50)),
        sa.Column("ack_requested", sa.SmallInteger()),
        sa.Column("creation_date", TIMESTAMP()),
        sa.Column("status", sa.String(32)),
        sa.Column("status_date", TIMESTAMP()),
        sa.Column("params", sa.Text()),
        sa.PrimaryKeyConstraint("command_id", name="harvester_commands_pkey"),
        sa.CheckConstraint("ack_requested IN (0, 1)", name="harvester_commands_ack_req_chk"),
        schema=PANDA,
        comment="TODO doma_panda.harvester_commands.",
    )
    op.create_table(
        "harvester_dialogs",
        sa.Column("harvester_id", sa.String(50), nullable=False),
        sa.Column("diagid", sa.BigInteger(), nullable=False),
        sa.Column("modulename", sa.String(100)),
        sa.Column("identifier", sa.String(100)),
        sa.Column("creationtime", TIMESTAMP(), nullable=False),
        sa.Column("messagelevel", sa.String(10)),
        sa.Column("diagmessage", sa.String(500)),
        schema=PANDA,
        comment="TODO doma_panda.harvester_dialogs.",
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
        sa.Column("harvester_id", sa.String(50), nullable=False),
        sa.Column("description", sa.String(200)),
        sa.Column("starttime", TIMESTAMP()),
        sa.Column("owner", sa.String(100)),
        sa.Column("hostname", sa.String(100)),
        sa.Column("lastupdate", TIMESTAMP()),
        sa.Column("sw_version", sa.String(50)),
        sa.Column("commit_stamp", sa.String(100)),
        sa.PrimaryKeyConstraint("harvester_id", name="harvester_instances_pkey"),
        schema=PANDA,
        comment="TODO doma_panda.harvester_instances.",
    )
    op.create_table(
        "harvester_metrics",
        sa.Column("harvester_id", sa.String(50), nullable=False),
        sa.Column("creation_time", TIMESTAMP(), nullable=False, server_default=UTC_NOW),
        sa.Column("harvester_host", sa.String(100)),
        sa.Column("metrics", sa.String(4000)),
        schema=PANDA,
        comment="TODO doma_panda.harvester_metrics.",
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
        sa.Column("harvesterid", sa.String(50), nullable=False),
        sa.Column("workerid", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("pandaid", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("lastupdate", TIMESTAMP(), nullable=False),
        sa.PrimaryKeyConstraint(
            "harvesterid", "workerid", "pandaid", name="harvester_rel_jobs_workers_pkey"
        ),
        schema=PANDA,
        comment="TODO doma_panda.harvester_rel_jobs_workers.",
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
        sa.Column("pandaqueuename", sa.String(128), nullable=False),
        sa.Column("gshare", sa.String(32)),
        sa.Column("resourcetype", sa.String(56)),
        sa.Column("numslots", sa.BigInteger(), nullable=False),
        sa.Column("modificationtime", TIMESTAMP(), nullable=False),
        sa.Column("expirationtime", TIMESTAMP()),
        sa.UniqueConstraint(
            "pandaqueuename",
            "gshare",
            "resourcetype",
            name="harvester_slots_pandaqueuename_gshare_resourcetype_key",
        ),
        schema=PANDA,
        comment="TODO doma_panda.harvester_slots.",
    )
    op.create_table(
        "harvester_worker_stats",
        sa.Column("harvester_id", sa.String(50), nullable=False),
        sa.Column("computingsite", sa.String(128), nullable=False),
        sa.Column("resourcetype", sa.String(56), nullable=False),
        sa.Column("status", sa.String(80), nullable=False),
        sa.Column("jobtype", sa.String(52), nullable=False),
        sa.Column("n_workers", sa.Integer()),
        sa.Column("lastupdate", TIMESTAMP(), nullable=False),
        sa.PrimaryKeyConstraint(
            "harvester_id",
            "computingsite",
            "resourcetype",
            "status",
            "jobtype",
            name="harvester_worker_stats_pkey",
        ),
        schema=PANDA,
        comment="TODO doma_panda.harvester_worker_stats.",
    )
    op.create_table(
        "harvester_workers",
        sa.Column("harvesterid", sa.String(50), nullable=False),
        sa.Column("workerid", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("lastupdate", TIMESTAMP(), nullable=False),
        sa.Column("status", sa.String(80), nullable=False),
        sa.Column("batchid", sa.String(80)),
        sa.Column("nodeid", sa.String(80)),
        sa.Column("queuename", sa.String(80)),
        sa.Column("computingsite", sa.String(128)),
        sa.Column("submittime", TIMESTAMP()),
        sa.Column("starttime", TIMESTAMP()),
        sa.Column("endtime", TIMESTAMP()),
        sa.Column("ncore", sa.Integer()),
        sa.Column("errorcode", sa.Integer()),
        sa.Column("stdout", sa.String(250)),
        sa.Column("stderr", sa.String(250)),
        sa.Column("batchlog", sa.String(250)),
        sa.Column("resourcetype", sa.String(56)),
        sa.Column("nativeexitcode", sa.Integer()),
        sa.Column("nativestatus", sa.String(80)),
        sa.Column("diagmessage", sa.String(500)),
        sa.Column("computingelement", sa.String(128)),
        sa.Column("njobs", sa.Integer()),
        sa.Column("submissionhost", sa.String(128)),
        sa.Column("harvesterhost", sa.String(128)),
        sa.Column("jdl", sa.String(250)),
        sa.Column("jobtype", sa.String(52)),
        sa.Column("pilotstarttime", TIMESTAMP()),
        sa.Column("pilotendtime", TIMESTAMP()),
        sa.Column("pilotstatus", sa.String(80)),
        sa.Column("pilotstatussynctime", TIMESTAMP()),
        sa.Column("minramcount", sa.Integer()),
        sa.PrimaryKeyConstraint(
            "harvesterid", "workerid", "lastupdate", name="harvester_workers_pkey"
        ),
        schema=PANDA,
        comment="TODO doma_panda.harvester_workers.",
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
