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
        sa.Column("id", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("taskname", sa.String(128)),
        sa.Column("taskid", sa.Integer()),
        sa.Column("cloud", sa.String(20)),
        sa.Column("status", sa.String(20)),
        sa.Column("tmod", TIMESTAMP(), nullable=False),
        sa.Column("tenter", TIMESTAMP(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="cloudtasks_id_pk"),
        schema=PANDA,
        comment="TODO doma_panda.cloudtasks.",
    )
    op.create_index("cloudtasks_task_idx", "cloudtasks", ["taskname", "taskid"], schema=PANDA)
    op.create_table(
        "jedi_aux_status_mintaskid",
        sa.Column("status", sa.String(64), nullable=False),
        sa.Column("min_jeditaskid", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("status", name="jedi_aux_status_mintaskid_pkey"),
        schema=PANDA,
        comment="TODO doma_panda.jedi_aux_status_mintaskid.",
    )
    op.create_table(
        "jedi_jobparams_template",
        sa.Column("jeditaskid", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("jobparamstemplate", sa.Text()),
        sa.PrimaryKeyConstraint("jeditaskid", name="jedi_jobparams_template_pkey"),
        schema=PANDA,
        comment="TODO doma_panda.jedi_jobparams_template.",
        postgresql_partition_by="RANGE (jeditaskid)",
    )
    op.create_partition("doma_panda.jedi_jobparams_template")
    op.create_table(
        "jedi_output_template",
        sa.Column("jeditaskid", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("datasetid", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("outtempid", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("filenametemplate", sa.String(256), nullable=False),
        sa.Column("maxserialnr", sa.Integer()),
        sa.Column("serialnr", sa.Integer()),
        sa.Column("sourcename", sa.String(256)),
        sa.Column("streamname", sa.String(20)),
        sa.Column("outtype", sa.String(20)),
        sa.PrimaryKeyConstraint(
            "jeditaskid", "datasetid", "outtempid", name="jedi_output_template_pkey"
        ),
        schema=PANDA,
        comment="TODO doma_panda.jedi_output_template.",
        postgresql_partition_by="RANGE (jeditaskid)",
    )
    op.create_partition("doma_panda.jedi_output_template")
    op.create_table(
        "jedi_taskparams",
        sa.Column("jeditaskid", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("taskparams", sa.Text()),
        sa.PrimaryKeyConstraint("jeditaskid", name="jedi_taskparams_pkey"),
        schema=PANDA,
        comment="TODO doma_panda.jedi_taskparams.",
        postgresql_partition_by="RANGE (jeditaskid)",
    )
    op.create_partition("doma_panda.jedi_taskparams")
    op.create_table(
        "jedi_tasks",
        sa.Column("jeditaskid", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("taskname", sa.String(256)),
        sa.Column("status", sa.String(64), nullable=False),
        sa.Column("username", sa.String(128), nullable=False),
        sa.Column("creationdate", TIMESTAMP(), nullable=False),
        sa.Column("modificationtime", TIMESTAMP(), nullable=False),
        sa.Column("reqid", sa.Integer()),
        sa.Column("oldstatus", sa.String(64)),
        sa.Column("cloud", sa.String(10)),
        sa.Column("site", sa.String(60)),
        sa.Column("starttime", TIMESTAMP()),
        sa.Column("endtime", TIMESTAMP()),
        sa.Column("frozentime", TIMESTAMP()),
        sa.Column("prodsourcelabel", sa.String(20)),
        sa.Column("workinggroup", sa.String(32)),
        sa.Column("vo", sa.String(32)),
        sa.Column("corecount", sa.Integer()),
        sa.Column("tasktype", sa.String(64)),
        sa.Column("processingtype", sa.String(64)),
        sa.Column("taskpriority", sa.Integer()),
        sa.Column("currentpriority", sa.Integer()),
        sa.Column("architecture", sa.String(256)),
        sa.Column("transuses", sa.String(64)),
        sa.Column("transhome", sa.String(128)),
        sa.Column("transpath", sa.String(128)),
        sa.Column("lockedby", sa.String(56)),
        sa.Column("lockedtime", TIMESTAMP()),
        sa.Column("termcondition", sa.String(100)),
        sa.Column("splitrule", sa.String(200)),
        sa.Column("walltime", sa.Integer()),
        sa.Column("walltimeunit", sa.String(32)),
        sa.Column("outdiskcount", sa.Integer()),
        sa.Column("outdiskunit", sa.String(32)),
        sa.Column("workdiskcount", sa.Integer()),
        sa.Column("workdiskunit", sa.String(32)),
        sa.Column("ramcount", sa.Integer()),
        sa.Column("ramunit", sa.String(32)),
        sa.Column("iointensity", sa.Integer()),
        sa.Column("iointensityunit", sa.String(32)),
        sa.Column("workqueue_id", sa.Integer()),
        sa.Column("progress", sa.SmallInteger()),
        sa.Column("failurerate", sa.SmallInteger()),
        sa.Column("errordialog", sa.String(510)),
        sa.Column("countrygroup", sa.String(20)),
        sa.Column("parent_tid", sa.BigInteger()),
        sa.Column("eventservice", sa.SmallInteger()),
        sa.Column("ticketid", sa.String(50)),
        sa.Column("ticketsystemtype", sa.String(32)),
        sa.Column("statechangetime", TIMESTAMP()),
        sa.Column("superstatus", sa.String(64)),
        sa.Column("campaign", sa.String(32)),
        sa.Column("mergeramcount", sa.Integer()),
        sa.Column("mergeramunit", sa.String(32)),
        sa.Column("mergewalltime", sa.Integer()),
        sa.Column("mergewalltimeunit", sa.String(32)),
        sa.Column("throttledtime", TIMESTAMP()),
        sa.Column("numthrottled", sa.SmallInteger()),
        sa.Column("mergecorecount", sa.Integer()),
        sa.Column("goal", sa.SmallInteger()),
        sa.Column("assessmenttime", TIMESTAMP()),
        sa.Column("cputime", sa.Integer()),
        sa.Column("cputimeunit", sa.String(32)),
        sa.Column("cpuefficiency", sa.SmallInteger()),
        sa.Column("basewalltime", sa.Integer()),
        sa.Column("amiflag_old", sa.String(10)),
        sa.Column("amiflag", sa.Integer(), server_default="1"),
        sa.Column("nucleus", sa.String(52)),
        sa.Column("baseramcount", sa.Integer()),
        sa.Column("ttcrequested", TIMESTAMP()),
        sa.Column("ttcpredicted", TIMESTAMP()),
        sa.Column("ttcpredictiondate", TIMESTAMP()),
        sa.Column("rescuetime", TIMESTAMP()),
        sa.Column("requesttype", sa.String(32)),
        sa.Column("gshare", sa.String(32)),
        sa.Column("usejumbo", sa.CHAR(1)),
        sa.Column("resource_type", sa.String(56)),
        sa.Column("diskio", sa.Integer()),
        sa.Column("diskiounit", sa.String(32)),
        sa.Column("memory_leak_core", sa.BigInteger()),
        sa.Column("memory_leak_x2", sa.Numeric(14, 3)),
        sa.Column("attemptnr", sa.SmallInteger()),
        sa.Column("container_name", sa.String(200)),
        sa.Column("job_label", sa.String(20)),
        sa.Column("realmodificationtime", TIMESTAMP()),
        sa.Column("framework", sa.String(50)),
        sa.Column("activatedtime", TIMESTAMP()),
        sa.Column("queuedtime", TIMESTAMP()),
        sa.Column("actiontime", TIMESTAMP()),
        sa.PrimaryKeyConstraint("jeditaskid", name="jedi_tasks_pkey"),
        schema=PANDA,
        comment="TODO doma_panda.jedi_tasks.",
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
        sa.Column("jeditaskid", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("attemptnr", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("starttime", TIMESTAMP(), nullable=False),
        sa.Column("endtime", TIMESTAMP()),
        sa.Column("startstatus", sa.String(32)),
        sa.Column("endstatus", sa.String(32)),
        sa.PrimaryKeyConstraint("jeditaskid", "attemptnr", "starttime", name="task_attempts_pkey"),
        schema=PANDA,
        comment="TODO doma_panda.task_attempts.",
        postgresql_partition_by="RANGE (starttime)",
    )
    op.create_partition("doma_panda.task_attempts")
    op.create_table(
        "task_evaluation",
        sa.Column("jeditaskid", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("metric", sa.String(128), nullable=False),
        sa.Column("value_json", sa.Text()),
        sa.Column("timestamp", TIMESTAMP()),
        sa.PrimaryKeyConstraint("jeditaskid", "metric", name="task_evaluation_pkey"),
        schema=PANDA,
        comment="TODO doma_panda.task_evaluation.",
    )
    op.create_table(
        "task_metrics",
        sa.Column("jeditaskid", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("creationtime", TIMESTAMP()),
        sa.Column("modificationtime", TIMESTAMP(), nullable=False),
        sa.Column("data", sa.Text()),
        sa.PrimaryKeyConstraint("jeditaskid", "modificationtime", name="task_metrics_pkey"),
        schema=PANDA,
        comment="TODO doma_panda.task_metrics.",
        postgresql_partition_by="RANGE (modificationtime)",
    )
    op.create_partition("doma_panda.task_metrics")
    op.create_table(
        "tasks_statuslog",
        sa.Column("jeditaskid", sa.BigInteger(), nullable=False),
        sa.Column("modificationtime", TIMESTAMP(), nullable=False),
        sa.Column("status", sa.String(64), nullable=False),
        sa.Column("modificationhost", sa.String(128)),
        sa.Column("attemptnr", sa.SmallInteger()),
        sa.Column("reason", sa.String(255)),
        schema=PANDA,
        comment="TODO doma_panda.tasks_statuslog.",
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
