"""The index for dispatch, where 0022 has left an invalid one: a lock timeout had ended its building."""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.build_index(
        "jobsactive4_dispatch_idx",
        "jobsactive4",
        [
            "computingsite",
            sa.text("coalesce(prodsourcelabel, '')"),
            sa.text("coalesce(gshare, '')"),
            sa.text("currentpriority DESC"),
            "pandaid",
        ],
        schema="doma_panda",
        postgresql_where=sa.text("jobstatus = 'activated'"),
    )


def downgrade() -> None:
    pass  # it is what 0022 makes
