"""Tables of counts that are computed in the background."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSON, TIMESTAMP

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

PANDA = "doma_panda"


def upgrade() -> None:
    op.create_table(
        "job_stats_hp",
        sa.Column("ts", TIMESTAMP()),
        sa.Column("prodsourcelabel", sa.String(20)),
        sa.Column("cloud", sa.String(50)),
        sa.Column("resource_type", sa.String(56)),
        sa.Column("gshare", sa.String(32)),
        sa.Column("jobstatus", sa.String(15)),
        sa.Column("workqueue_id", sa.Integer()),
        sa.Column("vo", sa.String(32)),
        sa.Column("max_priority", sa.BigInteger()),
        sa.Column("max_priority_count", sa.BigInteger()),
        schema=PANDA,
        comment="TODO doma_panda.job_stats_hp.",
    )
    op.create_table(
        "jobs_share_stats",
        sa.Column("ts", TIMESTAMP()),
        sa.Column("gshare", sa.String(32)),
        sa.Column("computingsite", sa.String(128)),
        sa.Column("jobstatus", sa.String(15), nullable=False),
        sa.Column("maxpriority", sa.BigInteger()),
        sa.Column("prorated_diskio_avg", sa.Numeric(11, 2)),
        sa.Column("prorated_mem_avg", sa.Numeric(11, 2)),
        sa.Column("njobs", sa.BigInteger()),
        sa.Column("hs", sa.BigInteger()),
        sa.Column("vo", sa.String(32)),
        sa.Column("workqueue_id", sa.Integer()),
        sa.Column("resource_type", sa.String(56)),
        sa.Column("nucleus", sa.String(52)),
        schema=PANDA,
        comment="TODO doma_panda.jobs_share_stats.",
    )
    op.create_index(
        "jobs_share_stats_compsite_idx", "jobs_share_stats", ["computingsite"], schema=PANDA
    )
    op.create_index(
        "jobssharestats_gsharestatusidx", "jobs_share_stats", ["gshare", "jobstatus"], schema=PANDA
    )
    op.create_table(
        "jobsdefined_share_stats",
        sa.Column("ts", TIMESTAMP()),
        sa.Column("gshare", sa.String(32)),
        sa.Column("computingsite", sa.String(128)),
        sa.Column("jobstatus", sa.String(15), nullable=False),
        sa.Column("maxpriority", sa.BigInteger()),
        sa.Column("prorated_diskio_avg", sa.Numeric(11, 2)),
        sa.Column("prorated_mem_avg", sa.Numeric(11, 2)),
        sa.Column("njobs", sa.BigInteger()),
        sa.Column("hs", sa.BigInteger()),
        sa.Column("vo", sa.String(32)),
        sa.Column("workqueue_id", sa.Integer()),
        sa.Column("resource_type", sa.String(56)),
        sa.Column("nucleus", sa.String(52)),
        schema=PANDA,
        comment="TODO doma_panda.jobsdefined_share_stats.",
    )
    op.create_index(
        "jobsdef_share_stats_site_idx", "jobsdefined_share_stats", ["computingsite"], schema=PANDA
    )
    op.create_index(
        "jobsdef_share_stats_ss_idx",
        "jobsdefined_share_stats",
        ["gshare", "jobstatus"],
        schema=PANDA,
    )
    op.create_table(
        "metrics",
        sa.Column("computingsite", sa.String(128)),
        sa.Column("gshare", sa.String(32)),
        sa.Column("metric", sa.String(128)),
        sa.Column("value_json", JSON()),
        sa.Column("timestamp", TIMESTAMP()),
        sa.UniqueConstraint(
            "computingsite", "gshare", "metric", name="metrics_computingsite_gshare_metric_key"
        ),
        schema=PANDA,
        comment="TODO doma_panda.metrics.",
    )
    op.create_table(
        "mv_jobsactive4_stats",
        sa.Column("cur_date", TIMESTAMP()),
        sa.Column("cloud", sa.String(50)),
        sa.Column("computingsite", sa.String(128)),
        sa.Column("countrygroup", sa.String(20)),
        sa.Column("workinggroup", sa.String(20)),
        sa.Column("relocationflag", sa.SmallInteger()),
        sa.Column("jobstatus", sa.String(15), nullable=False),
        sa.Column("processingtype", sa.String(64)),
        sa.Column("prodsourcelabel", sa.String(20)),
        sa.Column("currentpriority", sa.BigInteger()),
        sa.Column("num_of_jobs", sa.BigInteger()),
        sa.Column("vo", sa.String(32)),
        sa.Column("workqueue_id", sa.Integer()),
        sa.Column("num_of_cores", sa.BigInteger()),
        sa.Column("resource_type", sa.String(56)),
        schema=PANDA,
        comment="TODO doma_panda.mv_jobsactive4_stats.",
    )
    op.create_table(
        "mv_running_jumbo_task_count",
        sa.Column("cur_date", TIMESTAMP()),
        sa.Column("vo", sa.String(32)),
        sa.Column("cloud", sa.String(10)),
        sa.Column("prodsourcelabel", sa.String(20)),
        sa.Column("usejumbo", sa.CHAR(1)),
        sa.Column("status", sa.String(64)),
        sa.Column("gshare", sa.String(32)),
        sa.Column("workqueue_id", sa.Integer()),
        sa.Column("task_count", sa.BigInteger()),
        schema=PANDA,
        comment="TODO doma_panda.mv_running_jumbo_task_count.",
    )
    op.create_table(
        "total_walltime_cache",
        sa.Column("vo", sa.String(32), nullable=False),
        sa.Column("agg_type", sa.String(32), nullable=False),
        sa.Column("agg_key", sa.String(32), nullable=False),
        sa.Column("prodsourcelabel", sa.String(20), nullable=False),
        sa.Column("resource_type", sa.String(56), nullable=False),
        sa.Column("total_walltime", sa.BigInteger()),
        sa.Column("n_has_value", sa.Integer()),
        sa.Column("n_no_value", sa.Integer()),
        sa.PrimaryKeyConstraint(
            "vo",
            "agg_type",
            "agg_key",
            "prodsourcelabel",
            "resource_type",
            name="total_walltime_cache_pkey",
        ),
        schema=PANDA,
        comment="TODO doma_panda.total_walltime_cache.",
    )
    op.create_table(
        "typical_num_input",
        sa.Column("vo", sa.String(32), nullable=False),
        sa.Column("agg_type", sa.String(32), nullable=False),
        sa.Column("agg_key", sa.String(32), nullable=False),
        sa.Column("prodsourcelabel", sa.String(20), nullable=False),
        sa.Column("processingtype", sa.String(64), nullable=False),
        sa.Column("ninputdatafiles", sa.Integer()),
        sa.PrimaryKeyConstraint(
            "vo",
            "agg_type",
            "agg_key",
            "prodsourcelabel",
            "processingtype",
            name="typical_num_input_pkey",
        ),
        schema=PANDA,
        comment="TODO doma_panda.typical_num_input.",
    )


def downgrade() -> None:
    op.drop_table("typical_num_input", schema=PANDA)
    op.drop_table("total_walltime_cache", schema=PANDA)
    op.drop_table("mv_running_jumbo_task_count", schema=PANDA)
    op.drop_table("mv_jobsactive4_stats", schema=PANDA)
    op.drop_table("metrics", schema=PANDA)
    op.drop_table("jobsdefined_share_stats", schema=PANDA)
    op.drop_table("jobs_share_stats", schema=PANDA)
    op.drop_table("job_stats_hp", schema=PANDA)
