"""The views that PanDA's server and monitor read."""

from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


VIEWS = (
    "doma_panda.mv_worker_node_summary",
    "doma_panda.mv_worker_node_gpu_summary",
    "doma_panda.worker_node_metrics_by_queue",
    "doma_pandabigmon.requests_view",
    "doma_pandabigmon.geteventsfortask",
    "doma_pandabigmon.combined_wait_act_def_arch4",
    "doma_pandaarch.jobsarchview",
)
WINDOWS = (7, 15, 30, 60, 90, 120, 180, 365)


def upgrade() -> None:
    for name in VIEWS:
        op.apply_sql(f"views/{name}.v1.sql")


def downgrade() -> None:
    for days in WINDOWS:
        op.execute(f"DROP VIEW doma_pandaarch.jobsarchview_{days}days")
    op.execute("DROP VIEW doma_pandabigmon.combined_wait_act_def_arch4")
    op.execute("DROP VIEW doma_pandabigmon.geteventsfortask")
    op.execute("DROP VIEW doma_pandabigmon.requests_view")
    op.execute("DROP VIEW doma_panda.worker_node_metrics_by_queue")
    op.execute("DROP MATERIALIZED VIEW doma_panda.mv_worker_node_gpu_summary")
    op.execute("DROP MATERIALIZED VIEW doma_panda.mv_worker_node_summary")
