"""Processes that wait for ends of jobs; an index of events of tasks (revision 0040)."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TIMESTAMP

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None

OWN = "pandadb"


def upgrade() -> None:
    op.create_table(
        "end_listener",
        sa.Column(
            "listener_id",
            sa.String(64),
            nullable=False,
            comment="Machine, process and a random part, the key",
        ),
        sa.Column(
            "until",
            TIMESTAMP(),
            nullable=False,
            comment="Time at which it counts as gone, unless it gives a sign of life",
        ),
        sa.PrimaryKeyConstraint("listener_id", name="end_listener_pkey"),
        schema=OWN,
        comment="Processes that wait for ends of jobs: while there is one, ends are notified.",
    )
    op.create_index(
        "outbox_jeditaskid_idx",
        "outbox",
        ["jeditaskid", "kind"],
        schema=OWN,
        postgresql_where=sa.text("pandaid IS NULL"),
    )


def downgrade() -> None:
    op.drop_index("outbox_jeditaskid_idx", "outbox", schema=OWN)
    op.drop_table("end_listener", schema=OWN)
