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
        sa.Column("name", sa.String(32), nullable=False, comment="Name of the share"),
        sa.Column("value", sa.SmallInteger(), nullable=False, comment="Weight among its siblings"),
        sa.Column("parent", sa.String(32), comment="Share above it, NULL at the top"),
        sa.Column(
            "prodsourcelabel", sa.String(100), comment="Pattern for the kind of work, of a leaf"
        ),
        sa.Column(
            "workinggroup", sa.String(100), comment="Pattern for the working group, of a leaf"
        ),
        sa.Column("campaign", sa.String(100), comment="Pattern for the campaign, of a leaf"),
        sa.Column(
            "processingtype", sa.String(100), comment="Pattern for the processing type, of a leaf"
        ),
        sa.Column("vo", sa.String(32), comment="Virtual organization"),
        sa.Column(
            "queue_id",
            sa.Integer(),
            comment="Number as a work queue; must differ from those in JEDI_WORK_QUEUE",
        ),
        sa.Column("throttled", sa.CHAR(1), comment="N for a share that JEDI does not throttle"),
        sa.Column("transpath", sa.String(128), comment="Pattern for the program, of a leaf"),
        sa.Column(
            "rtype", sa.String(32), comment="Pattern for the resource type of the site, of a leaf"
        ),
        sa.PrimaryKeyConstraint("name", name="global_shares_pkey"),
        sa.UniqueConstraint("queue_id", name="global_shares_queue_id_key"),
        schema=PANDA,
        comment="Global shares: a tree of targets that says how much of which work is done.",
    )
    op.create_table(
        "jedi_process_lock",
        sa.Column(
            "vo", sa.String(32), nullable=False, comment="Virtual organization, default for any"
        ),
        sa.Column(
            "prodsourcelabel",
            sa.String(20),
            nullable=False,
            comment="Kind of work, default for any",
        ),
        sa.Column(
            "workqueue_id",
            sa.Integer(),
            nullable=False,
            autoincrement=False,
            comment="Work queue, 0 for any",
        ),
        sa.Column("cloud", sa.String(10), nullable=False, comment="Cloud, default for any"),
        sa.Column("lockedby", sa.String(56), comment="Agent that holds the lock"),
        sa.Column("lockedtime", TIMESTAMP(), comment="Since when"),
        sa.Column(
            "resource_type",
            sa.String(56),
            nullable=False,
            comment="Type of resource, default for any",
        ),
        sa.Column(
            "component",
            sa.String(56),
            nullable=False,
            comment="Part of JEDI that the lock is for, default for any",
        ),
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
        comment="Locks that agents hold on pieces of the work of a queue.",
    )
    op.create_table(
        "jedi_work_queue",
        sa.Column(
            "queue_id",
            sa.Integer(),
            nullable=False,
            autoincrement=False,
            comment="Number of the queue; must differ from those in GLOBAL_SHARES",
        ),
        sa.Column("queue_name", sa.String(32), nullable=False, comment="Name of the queue"),
        sa.Column(
            "queue_type",
            sa.String(32),
            nullable=False,
            comment="Label of the work that it is for, such as managed or user",
        ),
        sa.Column("vo", sa.String(32), nullable=False, comment="Virtual organization"),
        sa.Column(
            "status",
            sa.String(64),
            comment="inactive for a queue that is not used, NULL for an active one",
        ),
        sa.Column(
            "partitionid", sa.Integer(), comment="Group of queues; not used for selection any more"
        ),
        sa.Column(
            "stretchable",
            sa.SmallInteger(),
            comment="Whether the queue may take unused shares; not used for selection any more",
        ),
        sa.Column(
            "queue_share",
            sa.SmallInteger(),
            comment="Share within the group; not used for selection any more",
        ),
        sa.Column(
            "queue_order", sa.SmallInteger(), comment="Place in which queues are tried, NULL last"
        ),
        sa.Column(
            "criteria", sa.String(256), comment="Condition that a task has to meet, empty for all"
        ),
        sa.Column(
            "variables",
            sa.String(256),
            comment="Values of the condition's names, key:value separated by commas",
        ),
        sa.Column(
            "queue_function",
            sa.String(32),
            comment="Resource for a queue with a pipe of its own, outside of the shares",
        ),
        sa.PrimaryKeyConstraint("queue_id", name="jedi_work_queue_pkey"),
        sa.UniqueConstraint(
            "queue_name", "queue_type", "vo", name="jedi_work_queue_queue_name_queue_type_vo_key"
        ),
        schema=PANDA,
        comment="Work queues: parallel pipes in which tasks are processed.",
    )
    op.create_index(
        "jedi_work_queue_qfunc_idx", "jedi_work_queue", ["queue_function", "queue_id"], schema=PANDA
    )
    op.create_table(
        "resource_types",
        sa.Column("resource_name", sa.String(56), nullable=False, comment="Name of the type"),
        sa.Column("mincore", sa.Integer(), comment="Fewest cores, NULL for no limit"),
        sa.Column("maxcore", sa.Integer(), comment="Most cores, NULL for no limit"),
        sa.Column(
            "minrampercore", sa.Integer(), comment="Least memory per core, MB, NULL for no limit"
        ),
        sa.Column(
            "maxrampercore", sa.Integer(), comment="Most memory per core, MB, NULL for no limit"
        ),
        sa.PrimaryKeyConstraint("resource_name", name="resource_types_pkey"),
        schema=PANDA,
        comment="Types of resources by cores and memory, e.g. SCORE or MCORE_HIMEM.",
    )


def downgrade() -> None:
    op.drop_table("resource_types", schema=PANDA)
    op.drop_table("jedi_work_queue", schema=PANDA)
    op.drop_table("jedi_process_lock", schema=PANDA)
    op.drop_table("global_shares", schema=PANDA)
    op.execute(DropSequence(sa.Sequence("jedi_work_queue_id_seq", schema=PANDA)))
