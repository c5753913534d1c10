"""An index for dispatch: what comes next of each label and share of a queue.

It holds only what can be dispatched, so that it costs nothing elsewhere.
"""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
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
    with op.get_context().autocommit_block():
        op.drop_index(
            "jobsactive4_dispatch_idx",
            schema="doma_panda",
            postgresql_concurrently=True,
            if_exists=True,
        )
