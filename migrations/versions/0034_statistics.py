"""Procedures that refresh the tables of statistics, and the last refresh of each."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TIMESTAMP

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None

OWN = "pandadb"
FUNCTIONS = {
    "pandadb.begin_refresh": "text",
    "pandadb.end_refresh": "text, timestamp, bigint",
    "pandadb.count_active_jobs": "",
    "pandadb.count_share_jobs": "boolean",
    "pandadb.count_highest_priorities": "",
    "pandadb.sum_queued_walltime": "",
    "pandadb.typical_num_inputs": "",
    "pandadb.worker_host": "text",
    "pandadb.refresh_worker_node_view": "text",
}
PROCEDURES = (
    "doma_panda.update_jobsactive_stats",
    "doma_panda.update_jobsact_stats_by_gshare",
    "doma_panda.update_jobsdef_stats_by_gshare",
    "doma_panda.update_job_stats_hp",
    "doma_panda.update_run_jumbo_count",
    "doma_panda.update_total_walltime",
    "doma_panda.update_num_input_data_files",
    "doma_panda.update_worker_node_metrics",
)
TABLES = (
    "jedi_aux_status_mintaskid",
    "job_stats_hp",
    "jobs_share_stats",
    "jobsdefined_share_stats",
    "mv_jobsactive4_stats",
    "mv_running_jumbo_task_count",
    "mv_worker_node_gpu_summary",
    "mv_worker_node_summary",
    "total_walltime_cache",
    "typical_num_input",
    "worker_node_metrics",
)
LOWEST_TASKS = (
    "procedures/doma_panda.jedi_refr_mintaskids_bystatus.v1.sql",
    "procedures/doma_panda.jedi_refr_mintaskids_bystatus.v2.sql",
)
NODES = (
    "views/doma_panda.mv_worker_node_summary.v1.sql",
    "views/doma_panda.mv_worker_node_summary.v2.sql",
)


def upgrade() -> None:
    op.create_table(
        "statistics_run",
        sa.Column(
            "name",
            sa.String(63),
            nullable=False,
            comment="The table, or view, without its schema",
        ),
        sa.Column(
            "refreshed_at",
            TIMESTAMP(),
            comment="Time of the last refresh, which its rows have; NULL if there was none",
        ),
        sa.Column("took_ms", sa.Integer(), comment="Milliseconds that the refresh took"),
        sa.Column(
            "row_count",
            sa.BigInteger(),
            comment="Rows after the refresh; of WORKER_NODE_METRICS, rows that it added",
        ),
        sa.Column("run_by", sa.String(63), comment="Role that had logged in for the refresh"),
        sa.PrimaryKeyConstraint("name", name="statistics_run_pkey"),
        schema=OWN,
        comment="The last refresh of each table of statistics; a refresh locks its row.",
    )
    runs = sa.table("statistics_run", sa.column("name", sa.String()), schema=OWN)
    op.bulk_insert(runs, [{"name": name} for name in TABLES])
    for function in FUNCTIONS:
        op.apply_sql(f"functions/{function}.v1.sql")
    op.execute("REVOKE ALL ON FUNCTION pandadb.refresh_worker_node_view(text) FROM PUBLIC")
    for procedure in PROCEDURES:
        op.apply_sql(f"procedures/{procedure}.v1.sql")
    op.apply_sql(LOWEST_TASKS[1])
    with op.without_views(NODES[0], again=[NODES[1]]):
        pass


def downgrade() -> None:
    with op.without_views(NODES[1], again=[NODES[0]]):
        pass
    op.execute("DROP PROCEDURE doma_panda.jedi_refr_mintaskids_bystatus()")
    op.apply_sql(LOWEST_TASKS[0])
    for procedure in reversed(PROCEDURES):
        op.execute(f"DROP PROCEDURE {procedure}()")
    for function, arguments in reversed(FUNCTIONS.items()):
        op.execute(f"DROP FUNCTION {function}({arguments})")
    op.drop_table("statistics_run", schema=OWN)
