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
        sa.Column("ts", TIMESTAMP(), comment="Time the figures were computed"),
        sa.Column(
            "prodsourcelabel",
            sa.String(20),
            comment="Label of the jobs, such as managed, user or test",
        ),
        sa.Column("cloud", sa.String(50), comment="Cloud the jobs are assigned to"),
        sa.Column("resource_type", sa.String(56), comment="Resource type, RESOURCE_TYPES"),
        sa.Column("gshare", sa.String(32), comment="Global share, GLOBAL_SHARES"),
        sa.Column(
            "jobstatus", sa.String(15), comment="State of the jobs: activated, assigned or defined"
        ),
        sa.Column("workqueue_id", sa.Integer(), comment="Work queue, JEDI_WORK_QUEUE"),
        sa.Column("vo", sa.String(32), comment="Virtual organisation"),
        sa.Column("max_priority", sa.BigInteger(), comment="Highest current priority"),
        sa.Column(
            "max_priority_count", sa.BigInteger(), comment="Number of jobs with that priority"
        ),
        schema=PANDA,
        comment="Highest priority of the waiting jobs and how many have it; recomputed each minute.",
    )
    op.create_table(
        "jobs_share_stats",
        sa.Column("ts", TIMESTAMP(), comment="Time the counts were computed"),
        sa.Column("gshare", sa.String(32), comment="Global share, GLOBAL_SHARES"),
        sa.Column("computingsite", sa.String(128), comment="PanDA queue, SCHEDCONFIG_JSON"),
        sa.Column("jobstatus", sa.String(15), nullable=False, comment="State of the jobs counted"),
        sa.Column(
            "maxpriority", sa.BigInteger(), comment="Highest current priority among the jobs"
        ),
        sa.Column(
            "prorated_diskio_avg", sa.Numeric(11, 2), comment="Average disk I/O per core in kB/s"
        ),
        sa.Column(
            "prorated_mem_avg", sa.Numeric(11, 2), comment="Average requested memory per core in MB"
        ),
        sa.Column("njobs", sa.BigInteger(), comment="Number of jobs"),
        sa.Column(
            "hs",
            sa.BigInteger(),
            comment="Computing power of the jobs in HS06: jobs times cores times corepower",
        ),
        sa.Column("vo", sa.String(32), comment="Virtual organisation"),
        sa.Column("workqueue_id", sa.Integer(), comment="Work queue, JEDI_WORK_QUEUE"),
        sa.Column("resource_type", sa.String(56), comment="Resource type, RESOURCE_TYPES"),
        sa.Column(
            "nucleus",
            sa.String(52),
            comment="Nucleus of the tasks, the site that collects the output",
        ),
        schema=PANDA,
        comment="Jobs in JOBSACTIVE4 by global share and queue. The basis of share balancing; recomputed each minute.",
    )
    op.create_index(
        "jobs_share_stats_compsite_idx", "jobs_share_stats", ["computingsite"], schema=PANDA
    )
    op.create_index(
        "jobssharestats_gsharestatusidx", "jobs_share_stats", ["gshare", "jobstatus"], schema=PANDA
    )
    op.create_table(
        "jobsdefined_share_stats",
        sa.Column("ts", TIMESTAMP(), comment="Time the counts were computed"),
        sa.Column("gshare", sa.String(32), comment="Global share, GLOBAL_SHARES"),
        sa.Column("computingsite", sa.String(128), comment="PanDA queue, SCHEDCONFIG_JSON"),
        sa.Column("jobstatus", sa.String(15), nullable=False, comment="State of the jobs counted"),
        sa.Column(
            "maxpriority", sa.BigInteger(), comment="Highest current priority among the jobs"
        ),
        sa.Column(
            "prorated_diskio_avg", sa.Numeric(11, 2), comment="Average disk I/O per core in kB/s"
        ),
        sa.Column(
            "prorated_mem_avg", sa.Numeric(11, 2), comment="Average requested memory per core in MB"
        ),
        sa.Column("njobs", sa.BigInteger(), comment="Number of jobs"),
        sa.Column(
            "hs",
            sa.BigInteger(),
            comment="Computing power of the jobs in HS06: jobs times cores times corepower",
        ),
        sa.Column("vo", sa.String(32), comment="Virtual organisation"),
        sa.Column("workqueue_id", sa.Integer(), comment="Work queue, JEDI_WORK_QUEUE"),
        sa.Column("resource_type", sa.String(56), comment="Resource type, RESOURCE_TYPES"),
        sa.Column(
            "nucleus",
            sa.String(52),
            comment="Nucleus of the tasks, the site that collects the output",
        ),
        schema=PANDA,
        comment="Jobs in JOBSDEFINED4 by global share and queue; recomputed each minute.",
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
        sa.Column(
            "computingsite",
            sa.String(128),
            comment="PanDA queue, or the text NULL if the metric is not per queue",
        ),
        sa.Column(
            "gshare",
            sa.String(32),
            comment="Global share, or the text NULL if the metric is not per share",
        ),
        sa.Column(
            "metric", sa.String(128), comment="Name of the metric, such as gshare_preference"
        ),
        sa.Column("value_json", JSON(), comment="Value of the metric as JSON"),
        sa.Column("timestamp", TIMESTAMP(), comment="Time the metric was last updated"),
        sa.UniqueConstraint(
            "computingsite", "gshare", "metric", name="metrics_computingsite_gshare_metric_key"
        ),
        schema=PANDA,
        comment="Metrics kept by JEDI's daemons per queue and global share, as JSON.",
    )
    op.create_table(
        "mv_jobsactive4_stats",
        sa.Column("cur_date", TIMESTAMP(), comment="Time the counts were computed"),
        sa.Column("cloud", sa.String(50), comment="Cloud the jobs are assigned to"),
        sa.Column("computingsite", sa.String(128), comment="PanDA queue, SCHEDCONFIG_JSON"),
        sa.Column("countrygroup", sa.String(20), comment="Country group of the jobs"),
        sa.Column("workinggroup", sa.String(20), comment="Working group of the jobs"),
        sa.Column(
            "relocationflag",
            sa.SmallInteger(),
            comment="1 site given at submission, 2 must not be reassigned, 3 throttled user",
        ),
        sa.Column("jobstatus", sa.String(15), nullable=False, comment="State of the jobs counted"),
        sa.Column("processingtype", sa.String(64), comment="Processing type of the jobs"),
        sa.Column(
            "prodsourcelabel",
            sa.String(20),
            comment="Label of the jobs, such as managed, user or test",
        ),
        sa.Column(
            "currentpriority",
            sa.BigInteger(),
            comment="Current priority of the jobs, truncated to tens",
        ),
        sa.Column("num_of_jobs", sa.BigInteger(), comment="Number of jobs"),
        sa.Column("vo", sa.String(32), comment="Virtual organisation"),
        sa.Column("workqueue_id", sa.Integer(), comment="Work queue, JEDI_WORK_QUEUE"),
        sa.Column(
            "num_of_cores",
            sa.BigInteger(),
            comment="Sum of actual, else requested cores; NULL if neither is known",
        ),
        sa.Column("resource_type", sa.String(56), comment="Resource type, RESOURCE_TYPES"),
        schema=PANDA,
        comment="Counts of the jobs in JOBSACTIVE4 by their main attributes, recomputed every few minutes.",
    )
    op.create_table(
        "mv_running_jumbo_task_count",
        sa.Column("cur_date", TIMESTAMP(), comment="Time the counts were computed"),
        sa.Column("vo", sa.String(32), comment="Virtual organisation"),
        sa.Column("cloud", sa.String(10), comment="Cloud of the tasks"),
        sa.Column(
            "prodsourcelabel", sa.String(20), comment="Label of the tasks, such as managed or user"
        ),
        sa.Column(
            "usejumbo", sa.CHAR(1), comment="State of the jumbo jobs of the tasks: W, R, P, L or D"
        ),
        sa.Column("status", sa.String(64), comment="State of the tasks counted"),
        sa.Column("gshare", sa.String(32), comment="Global share, GLOBAL_SHARES"),
        sa.Column("workqueue_id", sa.Integer(), comment="Work queue, JEDI_WORK_QUEUE"),
        sa.Column("task_count", sa.BigInteger(), comment="Number of tasks"),
        schema=PANDA,
        comment="Number of tasks by their use of jumbo jobs; recomputed every few minutes.",
    )
    op.create_table(
        "total_walltime_cache",
        sa.Column("vo", sa.String(32), nullable=False, comment="Virtual organisation"),
        sa.Column(
            "agg_type",
            sa.String(32),
            nullable=False,
            comment="What the figures are grouped by: gshare or workqueue",
        ),
        sa.Column(
            "agg_key",
            sa.String(32),
            nullable=False,
            comment="Name of the global share, or id of the work queue as text",
        ),
        sa.Column(
            "prodsourcelabel",
            sa.String(20),
            nullable=False,
            comment="Label of the jobs, such as managed, user or test",
        ),
        sa.Column(
            "resource_type", sa.String(56), nullable=False, comment="Resource type, RESOURCE_TYPES"
        ),
        sa.Column(
            "total_walltime",
            sa.BigInteger(),
            comment="Sum of maxWalltime in seconds, jobs without it count 0",
        ),
        sa.Column("n_has_value", sa.Integer(), comment="Number of jobs that have a maxWalltime"),
        sa.Column("n_no_value", sa.Integer(), comment="Number of jobs without a maxWalltime"),
        sa.PrimaryKeyConstraint(
            "vo",
            "agg_type",
            "agg_key",
            "prodsourcelabel",
            "resource_type",
            name="total_walltime_cache_pkey",
        ),
        schema=PANDA,
        comment="Walltime requested by queued jobs per global share or work queue; recomputed regularly.",
    )
    op.create_table(
        "typical_num_input",
        sa.Column("vo", sa.String(32), nullable=False, comment="Virtual organisation"),
        sa.Column(
            "agg_type",
            sa.String(32),
            nullable=False,
            comment="What the figures are grouped by: gshare or workqueue",
        ),
        sa.Column(
            "agg_key",
            sa.String(32),
            nullable=False,
            comment="Name of the global share, or id of the work queue as text",
        ),
        sa.Column(
            "prodsourcelabel",
            sa.String(20),
            nullable=False,
            comment="Label of the jobs, such as managed, user or test",
        ),
        sa.Column(
            "processingtype", sa.String(64), nullable=False, comment="Processing type of the jobs"
        ),
        sa.Column(
            "ninputdatafiles", sa.Integer(), comment="Median number of input data files, rounded"
        ),
        sa.PrimaryKeyConstraint(
            "vo",
            "agg_type",
            "agg_key",
            "prodsourcelabel",
            "processingtype",
            name="typical_num_input_pkey",
        ),
        schema=PANDA,
        comment="Typical number of input files of active jobs; recomputed regularly.",
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
