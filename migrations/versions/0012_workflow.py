"""Workflows, and the data carousel."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.schema import CreateSequence, DropSequence

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

PANDA = "doma_panda"


def upgrade() -> None:
    op.execute(
        CreateSequence(
            sa.Sequence(
                "jedi_data_carousel_request_id_seq", schema=PANDA, data_type=sa.BigInteger()
            )
        )
    )
    op.execute(
        CreateSequence(sa.Sequence("workflow_data_id_seq", schema=PANDA, data_type=sa.BigInteger()))
    )
    op.execute(
        CreateSequence(sa.Sequence("workflow_id_seq", schema=PANDA, data_type=sa.BigInteger()))
    )
    op.execute(
        CreateSequence(sa.Sequence("workflow_step_id_seq", schema=PANDA, data_type=sa.BigInteger()))
    )
    op.create_table(
        "data_carousel_relations",
        sa.Column("request_id", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("task_id", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.PrimaryKeyConstraint("request_id", "task_id", name="data_carousel_relations_pkey"),
        schema=PANDA,
        comment="TODO doma_panda.data_carousel_relations.",
    )
    op.create_table(
        "data_carousel_requests",
        sa.Column("request_id", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("dataset", sa.String(256), nullable=False),
        sa.Column("source_rse", sa.String(64)),
        sa.Column("destination_rse", sa.String(64)),
        sa.Column("ddm_rule_id", sa.String(64)),
        sa.Column("status", sa.String(32)),
        sa.Column("total_files", sa.BigInteger()),
        sa.Column("staged_files", sa.BigInteger()),
        sa.Column("dataset_size", sa.BigInteger()),
        sa.Column("staged_size", sa.BigInteger()),
        sa.Column("creation_time", TIMESTAMP()),
        sa.Column("start_time", TIMESTAMP()),
        sa.Column("end_time", TIMESTAMP()),
        sa.Column("modification_time", TIMESTAMP()),
        sa.Column("check_time", TIMESTAMP()),
        sa.Column("source_tape", sa.String(64)),
        sa.Column("parameters", sa.Text()),
        sa.Column("last_staged_time", TIMESTAMP()),
        sa.Column("locked_by", sa.String(64)),
        sa.Column("lock_time", TIMESTAMP()),
        sa.PrimaryKeyConstraint("request_id", name="data_carousel_requests_pkey"),
        schema=PANDA,
        comment="TODO doma_panda.data_carousel_requests.",
    )
    op.create_table(
        "workflow_data",
        sa.Column("data_id", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("name", sa.String(256)),
        sa.Column("workflow_id", sa.BigInteger(), nullable=False),
        sa.Column("source_step_id", sa.BigInteger()),
        sa.Column("type", sa.String(32)),
        sa.Column("status", sa.String(32)),
        sa.Column("flavor", sa.String(32)),
        sa.Column("target_id", sa.String(256)),
        sa.Column("creation_time", TIMESTAMP()),
        sa.Column("start_time", TIMESTAMP()),
        sa.Column("end_time", TIMESTAMP()),
        sa.Column("modification_time", TIMESTAMP()),
        sa.Column("check_time", TIMESTAMP()),
        sa.Column("locked_by", sa.String(64)),
        sa.Column("lock_time", TIMESTAMP()),
        sa.Column("metadata", sa.Text()),
        sa.Column("parameters", sa.Text()),
        sa.PrimaryKeyConstraint("data_id", name="workflow_data_pk"),
        schema=PANDA,
        comment="TODO doma_panda.workflow_data.",
    )
    op.create_table(
        "workflow_steps",
        sa.Column("step_id", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("name", sa.String(256)),
        sa.Column("workflow_id", sa.BigInteger(), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("type", sa.String(32)),
        sa.Column("status", sa.String(32)),
        sa.Column("flavor", sa.String(32)),
        sa.Column("target_id", sa.String(128)),
        sa.Column("creation_time", TIMESTAMP()),
        sa.Column("start_time", TIMESTAMP()),
        sa.Column("end_time", TIMESTAMP()),
        sa.Column("modification_time", TIMESTAMP()),
        sa.Column("check_time", TIMESTAMP()),
        sa.Column("locked_by", sa.String(64)),
        sa.Column("lock_time", TIMESTAMP()),
        sa.Column("definition_json", sa.Text()),
        sa.Column("parameters", sa.Text()),
        sa.PrimaryKeyConstraint("step_id", name="workflow_step_pk"),
        schema=PANDA,
        comment="TODO doma_panda.workflow_steps.",
    )
    op.create_table(
        "workflows",
        sa.Column("workflow_id", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("name", sa.String(256)),
        sa.Column("parent_id", sa.BigInteger()),
        sa.Column("loop_count", sa.BigInteger()),
        sa.Column("status", sa.String(32)),
        sa.Column("prodsourcelabel", sa.String(32)),
        sa.Column("username", sa.String(128)),
        sa.Column("creation_time", TIMESTAMP()),
        sa.Column("start_time", TIMESTAMP()),
        sa.Column("end_time", TIMESTAMP()),
        sa.Column("modification_time", TIMESTAMP()),
        sa.Column("check_time", TIMESTAMP()),
        sa.Column("locked_by", sa.String(64)),
        sa.Column("lock_time", TIMESTAMP()),
        sa.Column("raw_request_json", sa.Text()),
        sa.Column("definition_json", sa.Text()),
        sa.Column("parameters", sa.Text()),
        sa.PrimaryKeyConstraint("workflow_id", name="workflow_id_pk"),
        schema=PANDA,
        comment="TODO doma_panda.workflows.",
    )


def downgrade() -> None:
    op.drop_table("workflows", schema=PANDA)
    op.drop_table("workflow_steps", schema=PANDA)
    op.drop_table("workflow_data", schema=PANDA)
    op.drop_table("data_carousel_requests", schema=PANDA)
    op.drop_table("data_carousel_relations", schema=PANDA)
    op.execute(DropSequence(sa.Sequence("jedi_data_carousel_request_id_seq", schema=PANDA)))
    op.execute(DropSequence(sa.Sequence("workflow_data_id_seq", schema=PANDA)))
    op.execute(DropSequence(sa.Sequence("workflow_id_seq", schema=PANDA)))
    op.execute(DropSequence(sa.Sequence("workflow_step_id_seq", schema=PANDA)))
