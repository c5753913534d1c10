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
        sa.Column("comm_task", sa.BigInteger(), nullable=False, comment="Task, T_TASK"),
        sa.Column("comm_meta", sa.BigInteger(), comment="Number that goes with the command"),
        sa.Column("comm_owner", sa.String(32), comment="Who has to act on it, DEFT"),
        sa.Column(
            "comm_cmd",
            sa.String(256),
            comment="Command: kill, finish, retry, incexec, reassign, pause, resume, avalanche or release; then what became of it",
        ),
        sa.Column(
            "comm_ts", sa.BigInteger(), comment="When the command was given, seconds since 1970"
        ),
        sa.Column("comm_comment", sa.String(128), comment="Explanation, or values for the command"),
        sa.Column("comm_parameters", sa.Text(), comment="Parameters of the command, JSON"),
        schema=DEFT,
        comment="Commands to tasks, at most one per task.",
    )
    op.create_table(
        "t_task",
        sa.Column(
            "taskid",
            sa.BigInteger(),
            nullable=False,
            comment="Task, the number that becomes jeditaskid",
        ),
        sa.Column(
            "parent_tid",
            sa.BigInteger(),
            comment="Task whose output this one reads; its own number without a parent",
        ),
        sa.Column("status", sa.String(12), comment="State, waiting until JEDI takes it"),
        sa.Column("total_done_jobs", sa.BigInteger(), comment="Jobs that finished"),
        sa.Column(
            "submit_time",
            TIMESTAMP(precision=0),
            nullable=False,
            comment="When the task was submitted",
        ),
        sa.Column("start_time", TIMESTAMP(precision=0), comment="When the first jobs were made"),
        sa.Column("timestamp", TIMESTAMP(precision=0), comment="Last change"),
        sa.Column("vo", sa.String(32), comment="Virtual organization"),
        sa.Column(
            "prodsourcelabel", sa.String(20), comment="Kind of work: managed, user, test and others"
        ),
        sa.Column("taskname", sa.String(256), comment="Name of the task"),
        sa.Column("username", sa.String(128), comment="Who submitted it"),
        sa.Column("priority", sa.BigInteger(), comment="Priority given at submission"),
        sa.Column("current_priority", sa.BigInteger(), comment="Priority in use"),
        sa.Column("total_req_jobs", sa.BigInteger(), comment="Jobs that were made"),
        sa.Column(
            "chain_tid", sa.BigInteger(), comment="First task of the chain that this one belongs to"
        ),
        sa.Column(
            "total_events", sa.BigInteger(), comment="Events that finished jobs have processed"
        ),
        sa.Column("jedi_task_parameters", sa.Text(), comment="Parameters for JEDI, JSON"),
        sa.Column("total_input_events", sa.BigInteger(), comment="Events to be processed"),
        schema=DEFT,
        comment="Tasks as production systems hand them over; JEDI takes those that wait.",
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
