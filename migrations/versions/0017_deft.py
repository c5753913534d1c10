"""Schema doma_deft: tasks and commands from production systems."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.schema import CreateSequence, DropSequence

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

DEFT = "doma_deft"


def upgrade() -> None:
    op.execute(
        CreateSequence(sa.Sequence("prodsys2_task_id_seq", schema=DEFT, data_type=sa.BigInteger()))
    )
    op.create_table(
        "prodsys_comm",
        sa.Column("comm_task", sa.BigInteger(), nullable=False),
        sa.Column("comm_meta", sa.BigInteger()),
        sa.Column("comm_owner", sa.String(32)),
        sa.Column("comm_cmd", sa.String(256)),
        sa.Column("comm_ts", sa.BigInteger()),
        sa.Column("comm_comment", sa.String(128)),
        sa.Column("comm_parameters", sa.Text()),
        schema=DEFT,
        comment="TODO doma_deft.prodsys_comm.",
    )
    op.create_table(
        "t_task",
        sa.Column("taskid", sa.BigInteger(), nullable=False),
        sa.Column("parent_tid", sa.BigInteger()),
        sa.Column("status", sa.String(12)),
        sa.Column("total_done_jobs", sa.BigInteger()),
        sa.Column("submit_time", TIMESTAMP(precision=0), nullable=False),
        sa.Column("start_time", TIMESTAMP(precision=0)),
        sa.Column("timestamp", TIMESTAMP(precision=0)),
        sa.Column("vo", sa.String(32)),
        sa.Column("prodsourcelabel", sa.String(20)),
        sa.Column("taskname", sa.String(256)),
        sa.Column("username", sa.String(128)),
        sa.Column("priority", sa.BigInteger()),
        sa.Column("current_priority", sa.BigInteger()),
        sa.Column("total_req_jobs", sa.BigInteger()),
        sa.Column("chain_tid", sa.BigInteger()),
        sa.Column("total_events", sa.BigInteger()),
        sa.Column("jedi_task_parameters", sa.Text()),
        sa.Column("total_input_events", sa.BigInteger()),
        schema=DEFT,
        comment="TODO doma_deft.t_task.",
    )
    op.create_index("t_task_pk_part", "t_task", ["taskid"], schema=DEFT, unique=True)
    op.create_index(
        "t_task_status_prodlabel_idx", "t_task", ["status", "prodsourcelabel"], schema=DEFT
    )
    op.create_index("t_task_taskname_idx", "t_task", ["taskname"], schema=DEFT)
    op.create_index("t_task_username_idx", "t_task", ["username"], schema=DEFT)


def downgrade() -> None:
    op.drop_table("t_task", schema=DEFT)
    op.drop_table("prodsys_comm", schema=DEFT)
    op.execute(DropSequence(sa.Sequence("prodsys2_task_id_seq", schema=DEFT)))
