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
        sa.Column(
            "request_id",
            sa.BigInteger(),
            nullable=False,
            autoincrement=False,
            comment="Request, DATA_CAROUSEL_REQUESTS",
        ),
        sa.Column(
            "task_id",
            sa.BigInteger(),
            nullable=False,
            autoincrement=False,
            comment="Task, JEDI_TASKS",
        ),
        sa.PrimaryKeyConstraint("request_id", "task_id", name="data_carousel_relations_pkey"),
        schema=PANDA,
        comment="Which tasks wait for which request to stage.",
    )
    op.create_table(
        "data_carousel_requests",
        sa.Column(
            "request_id",
            sa.BigInteger(),
            nullable=False,
            autoincrement=False,
            comment="Number of the request",
        ),
        sa.Column("dataset", sa.String(256), nullable=False, comment="Dataset to stage"),
        sa.Column("source_rse", sa.String(64), comment="Storage that has it on tape"),
        sa.Column("destination_rse", sa.String(64), comment="Storage that it is staged to"),
        sa.Column("ddm_rule_id", sa.String(64), comment="Replication rule in the data management"),
        sa.Column(
            "status", sa.String(32), comment="State: queued, staging, done, cancelled and others"
        ),
        sa.Column("total_files", sa.BigInteger(), comment="Files in the dataset"),
        sa.Column("staged_files", sa.BigInteger(), comment="Files staged so far"),
        sa.Column("dataset_size", sa.BigInteger(), comment="Size of the dataset, bytes"),
        sa.Column("staged_size", sa.BigInteger(), comment="Staged so far, bytes"),
        sa.Column("creation_time", TIMESTAMP(), comment="When the request was made"),
        sa.Column("start_time", TIMESTAMP(), comment="When staging began"),
        sa.Column("end_time", TIMESTAMP(), comment="When staging ended"),
        sa.Column("modification_time", TIMESTAMP(), comment="Last change"),
        sa.Column("check_time", TIMESTAMP(), comment="When the rule was last looked at"),
        sa.Column("source_tape", sa.String(64), comment="Tape system that it comes from"),
        sa.Column("parameters", sa.Text(), comment="Parameters, JSON"),
        sa.Column("last_staged_time", TIMESTAMP(), comment="When the last file was staged"),
        sa.Column("locked_by", sa.String(64), comment="Agent that works on it, NULL for none"),
        sa.Column("lock_time", TIMESTAMP(), comment="When the agent took it"),
        sa.PrimaryKeyConstraint("request_id", name="data_carousel_requests_pkey"),
        schema=PANDA,
        comment="Requests to stage datasets from tape for tasks.",
    )
    op.create_table(
        "workflow_data",
        sa.Column(
            "data_id",
            sa.BigInteger(),
            nullable=False,
            autoincrement=False,
            comment="Number of the data",
        ),
        sa.Column("name", sa.String(256), comment="Name of the data in its workflow"),
        sa.Column("workflow_id", sa.BigInteger(), nullable=False, comment="Workflow, WORKFLOWS"),
        sa.Column(
            "source_step_id",
            sa.BigInteger(),
            comment="Step that makes it, WORKFLOW_STEPS; NULL for input of the workflow",
        ),
        sa.Column("type", sa.String(32), comment="Whether it is input, output or in between"),
        sa.Column("status", sa.String(32), comment="State of the data"),
        sa.Column(
            "flavor",
            sa.String(32),
            comment="Which system has it, e.g. a dataset in the data management",
        ),
        sa.Column("target_id", sa.String(256), comment="What it is there, e.g. the dataset's name"),
        sa.Column("creation_time", TIMESTAMP(), comment="When it was made"),
        sa.Column("start_time", TIMESTAMP(), comment="When it started"),
        sa.Column("end_time", TIMESTAMP(), comment="When it ended"),
        sa.Column("modification_time", TIMESTAMP(), comment="Last change"),
        sa.Column("check_time", TIMESTAMP(), comment="When it was last looked at"),
        sa.Column("locked_by", sa.String(64), comment="Agent that works on it, NULL for none"),
        sa.Column("lock_time", TIMESTAMP(), comment="When the agent took it"),
        sa.Column("metadata", sa.Text(), comment="Facts about it, JSON"),
        sa.Column("parameters", sa.Text(), comment="Parameters, JSON"),
        sa.PrimaryKeyConstraint("data_id", name="workflow_data_pk"),
        schema=PANDA,
        comment="Data that goes into workflows, between their steps and out.",
    )
    op.create_table(
        "workflow_steps",
        sa.Column(
            "step_id",
            sa.BigInteger(),
            nullable=False,
            autoincrement=False,
            comment="Number of the step",
        ),
        sa.Column("name", sa.String(256), comment="Name of the step in its workflow"),
        sa.Column("workflow_id", sa.BigInteger(), nullable=False, comment="Workflow, WORKFLOWS"),
        sa.Column(
            "member_id",
            sa.BigInteger(),
            nullable=False,
            comment="Number of the step within its workflow",
        ),
        sa.Column("type", sa.String(32), comment="What the step is"),
        sa.Column("status", sa.String(32), comment="State of the step"),
        sa.Column("flavor", sa.String(32), comment="Which system does it, e.g. a PanDA task"),
        sa.Column(
            "target_id", sa.String(128), comment="What does it there, e.g. the task's number"
        ),
        sa.Column("creation_time", TIMESTAMP(), comment="When it was made"),
        sa.Column("start_time", TIMESTAMP(), comment="When it started"),
        sa.Column("end_time", TIMESTAMP(), comment="When it ended"),
        sa.Column("modification_time", TIMESTAMP(), comment="Last change"),
        sa.Column("check_time", TIMESTAMP(), comment="When it was last looked at"),
        sa.Column("locked_by", sa.String(64), comment="Agent that works on it, NULL for none"),
        sa.Column("lock_time", TIMESTAMP(), comment="When the agent took it"),
        sa.Column("definition_json", sa.Text(), comment="Definition of the step, JSON"),
        sa.Column("parameters", sa.Text(), comment="Parameters, JSON"),
        sa.PrimaryKeyConstraint("step_id", name="workflow_step_pk"),
        schema=PANDA,
        comment="Steps of workflows, each done by something such as a task.",
    )
    op.create_table(
        "workflows",
        sa.Column(
            "workflow_id",
            sa.BigInteger(),
            nullable=False,
            autoincrement=False,
            comment="Number of the workflow",
        ),
        sa.Column("name", sa.String(256), comment="Name of the workflow"),
        sa.Column("parent_id", sa.BigInteger(), comment="Workflow that this one is a part of"),
        sa.Column("loop_count", sa.BigInteger(), comment="Turn of a loop"),
        sa.Column("status", sa.String(32), comment="State of the workflow"),
        sa.Column("prodsourcelabel", sa.String(32), comment="Kind of work"),
        sa.Column("username", sa.String(128), comment="Who submitted it"),
        sa.Column("creation_time", TIMESTAMP(), comment="When it was made"),
        sa.Column("start_time", TIMESTAMP(), comment="When it started"),
        sa.Column("end_time", TIMESTAMP(), comment="When it ended"),
        sa.Column("modification_time", TIMESTAMP(), comment="Last change"),
        sa.Column("check_time", TIMESTAMP(), comment="When it was last looked at"),
        sa.Column("locked_by", sa.String(64), comment="Agent that works on it, NULL for none"),
        sa.Column("lock_time", TIMESTAMP(), comment="When the agent took it"),
        sa.Column("raw_request_json", sa.Text(), comment="Request as it was submitted, JSON"),
        sa.Column(
            "definition_json", sa.Text(), comment="Definition that was made of the request, JSON"
        ),
        sa.Column("parameters", sa.Text(), comment="Parameters, JSON"),
        sa.PrimaryKeyConstraint("workflow_id", name="workflow_id_pk"),
        schema=PANDA,
        comment="Workflows: tasks and other steps that depend on each other.",
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
