"""The last run of each command that cron runs."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TIMESTAMP

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

OWN = "pandadb"


def upgrade() -> None:
    op.create_table(
        "maintenance_run",
        sa.Column(
            "command",
            sa.String(63),
            nullable=False,
            comment="The command: archive run, partitions maintain, ...",
        ),
        sa.Column("began_at", TIMESTAMP(), nullable=False, comment="When its last run began"),
        sa.Column("ended_at", TIMESTAMP(), nullable=False, comment="When that ended"),
        sa.Column(
            "outcome",
            sa.String(30),
            nullable=False,
            comment="How: done, nothing to do, wrong, locks not free, paused, deferred, out of time",
        ),
        sa.Column(
            "why",
            sa.String(2000),
            comment="Why it ended so, in a sentence, NULL if there is no more to say",
        ),
        sa.Column(
            "good_at",
            TIMESTAMP(),
            comment="When a run last ended with something done or nothing to do, NULL if none has",
        ),
        sa.Column(
            "run_by",
            sa.String(63),
            nullable=False,
            server_default=sa.text("SESSION_USER"),
            comment="Role that has logged in for it",
        ),
        sa.Column("host", sa.String(255), comment="Machine on which it ran"),
        sa.PrimaryKeyConstraint("command", name="maintenance_run_pkey"),
        schema=OWN,
        comment="The last run of each command that cron runs, and when one last ended well.",
    )


def downgrade() -> None:
    op.drop_table("maintenance_run", schema=OWN)
