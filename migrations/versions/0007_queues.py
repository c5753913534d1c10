"""Work queues, global shares, resource types and process locks."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.schema import CreateSequence, DropSequence

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

PANDA = "doma_panda"


def upgrade() -> None:
    op.execute(
        CreateSequence(
            sa.Sequence("jedi_work_queue_id_seq", schema=PANDA, data_type=sa.BigInteger())
        )
    )
    op.create_table(
        "global_shares",
        sa.Column("name", sa.String(32), nullable=False),
        sa.Column("value", sa.SmallInteger(), nullable=False),
        sa.Column("parent", sa.String(32)),
        sa.Column("prodsourcelabel", sa.String(100)),
        sa.Column("workinggroup", sa.String(100)),
        sa.Column("campaign", sa.String(100)),
        sa.Column("processingtype", sa.String(100)),
        sa.Column("vo", sa.String(32)),
        sa.Column("queue_id", sa.Integer()),
        sa.Column("throttled", sa.CHAR(1)),
        sa.Column("transpath", sa.String(128)),
        sa.Column("rtype", sa.String(32)),
        sa.PrimaryKeyConstraint("name", name="global_shares_pkey"),
        sa.UniqueConstraint("queue_id", name="global_shares_queue_id_key"),
        schema=PANDA,
        comment="TODO doma_panda.global_shares.",
    )
    op.create_table(
        "jedi_process_lock",
        sa.Column("vo", sa.String(32), nullable=False),
        sa.Column("prodsourcelabel", sa.String(20), nullable=False),
        sa.Column("workqueue_id", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("cloud", sa.String(10), nullable=False),
        sa.Column("lockedby", sa.String(56)),
        sa.Column("lockedtime", TIMESTAMP()),
        sa.Column("resource_type", sa.String(56), nullable=False),
        sa.Column("component", sa.String(56), nullable=False),
        sa.PrimaryKeyConstraint(
            "vo",
            "prodsourcelabel",
            "workqueue_id",
            "cloud",
            "resource_type",
            "component",
            name="jedi_process_lock_pkey",
        ),
        schema=PANDA,
        comment="TODO doma_panda.jedi_process_lock.",
    )
    op.create_table(
        "jedi_work_queue",
        sa.Column("queue_id", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("queue_name", sa.String(32), nullable=False),
        sa.Column("queue_type", sa.String(32), nullable=False),
        sa.Column("vo", sa.String(32), nullable=False),
        sa.Column("status", sa.String(64)),
        sa.Column("partitionid", sa.Integer()),
        sa.Column("stretchable", sa.SmallInteger()),
        sa.Column("queue_share", sa.SmallInteger()),
        sa.Column("queue_order", sa.SmallInteger()),
        sa.Column("criteria", sa.String(256)),
        sa.Column("variables", sa.String(256)),
        sa.Column("queue_function", sa.String(32)),
        sa.PrimaryKeyConstraint("queue_id", name="jedi_work_queue_pkey"),
        sa.UniqueConstraint(
            "queue_name", "queue_type", "vo", name="jedi_work_queue_queue_name_queue_type_vo_key"
        ),
        schema=PANDA,
        comment="TODO doma_panda.jedi_work_queue.",
    )
    op.create_index(
        "jedi_work_queue_qfunc_idx", "jedi_work_queue", ["queue_function", "queue_id"], schema=PANDA
    )
    op.create_table(
        "resource_types",
        sa.Column("resource_name", sa.String(56), nullable=False),
        sa.Column("mincore", sa.Integer()),
        sa.Column("maxcore", sa.Integer()),
        sa.Column("minrampercore", sa.Integer()),
        sa.Column("maxrampercore", sa.Integer()),
        sa.PrimaryKeyConstraint("resource_name", name="resource_types_pkey"),
        schema=PANDA,
        comment="TODO doma_panda.resource_types.",
    )


def downgrade() -> None:
    op.drop_table("resource_types", schema=PANDA)
    op.drop_table("jedi_work_queue", schema=PANDA)
    op.drop_table("jedi_process_lock", schema=PANDA)
    op.drop_table("global_shares", schema=PANDA)
    op.execute(DropSequence(sa.Sequence("jedi_work_queue_id_seq", schema=PANDA)))
