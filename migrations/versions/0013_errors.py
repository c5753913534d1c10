"""Error codes, and what to do about them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.schema import CreateSequence, DropSequence

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

PANDA = "doma_panda"


def upgrade() -> None:
    op.execute(
        CreateSequence(
            sa.Sequence("error_descriptions_id_seq", schema=PANDA, data_type=sa.BigInteger())
        )
    )
    op.execute(
        CreateSequence(sa.Sequence("retryactions_id_seq", schema=PANDA, data_type=sa.BigInteger()))
    )
    op.execute(
        CreateSequence(sa.Sequence("retryerrors_id_seq", schema=PANDA, data_type=sa.BigInteger()))
    )
    op.create_table(
        "error_classification",
        sa.Column(
            "id",
            sa.BigInteger(),
            sa.Identity(always=True, start=1000000),
            nullable=False,
            comment="Number of the rule, the key",
        ),
        sa.Column(
            "error_source",
            sa.String(30),
            nullable=False,
            comment="Job attribute the code is in, such as pilotErrorCode",
        ),
        sa.Column(
            "error_code", sa.BigInteger(), nullable=False, comment="Error code the rule applies to"
        ),
        sa.Column(
            "error_diag",
            sa.String(256),
            nullable=False,
            comment="Regular expression the error message has to match",
        ),
        sa.Column("description", sa.String(250), comment="Remark on the rule"),
        sa.Column(
            "error_class",
            sa.String(30),
            nullable=False,
            comment="Class given to the error; system errors do not count as failed attempts",
        ),
        sa.Column(
            "active",
            sa.CHAR(1),
            nullable=False,
            comment="Y if the rule is acted on, N if a match is only logged",
        ),
        sa.Column(
            "reg_date",
            TIMESTAMP(),
            server_default=sa.text("(CURRENT_TIMESTAMP(0) AT TIME ZONE 'UTC')"),
            comment="Time the rule was entered",
        ),
        sa.PrimaryKeyConstraint("id", name="error_classification_pkey"),
        schema=PANDA,
        comment="Rules that sort job errors into classes by source, code and message.",
    )
    op.create_table(
        "error_descriptions",
        sa.Column(
            "id",
            sa.BigInteger(),
            nullable=False,
            server_default=sa.text("nextval('doma_panda.error_descriptions_id_seq'::regclass)"),
            autoincrement=False,
            comment="Number of the entry, the key",
        ),
        sa.Column(
            "component",
            sa.String(32),
            nullable=False,
            comment="Component that sets the code, such as pilot, ddm or jobdispatcher",
        ),
        sa.Column("code", sa.Integer(), nullable=False, comment="Error code, 0 to 99999"),
        sa.Column("acronym", sa.String(64), comment="Symbolic name of the code"),
        sa.Column("diagnostics", sa.String(256), comment="Short message that goes with the code"),
        sa.Column("description", sa.String(4000), comment="Longer explanation of the error"),
        sa.Column(
            "category", sa.SmallInteger(), nullable=False, comment="Number of the error's category"
        ),
        sa.PrimaryKeyConstraint("id", name="error_descriptions_pkey"),
        sa.CheckConstraint("code >= 0 AND code <= 99999", name="error_descriptions_code_check"),
        schema=PANDA,
        comment="Explanations of the error codes of each component, for people.",
    )
    op.create_table(
        "retryactions",
        sa.Column(
            "retryaction_id",
            sa.BigInteger(),
            nullable=False,
            autoincrement=False,
            comment="Number of the action, the key",
        ),
        sa.Column(
            "retry_action",
            sa.String(50),
            nullable=False,
            comment="Name of the action, such as no_retry, limit_retry or increase_memory",
        ),
        sa.Column(
            "active",
            sa.CHAR(1),
            nullable=False,
            server_default="Y",
            comment="Y if the action is taken, N if it is only logged",
        ),
        sa.Column("retry_description", sa.String(250), comment="What the action does"),
        sa.PrimaryKeyConstraint("retryaction_id", name="retryactions_pkey"),
        schema=PANDA,
        comment="Actions the server may take when a job with a known error is retried.",
    )
    op.create_table(
        "retryerrors",
        sa.Column(
            "retryerror_id",
            sa.BigInteger(),
            nullable=False,
            autoincrement=False,
            comment="Number of the rule, the key",
        ),
        sa.Column(
            "errorsource",
            sa.String(256),
            nullable=False,
            comment="Job attribute the code is in, such as pilotErrorCode",
        ),
        sa.Column(
            "errorcode", sa.BigInteger(), nullable=False, comment="Error code the rule applies to"
        ),
        sa.Column(
            "active",
            sa.CHAR(1),
            nullable=False,
            server_default="Y",
            comment="Y if the rule is applied, N if it is only logged",
        ),
        sa.Column(
            "retryaction", sa.BigInteger(), nullable=False, comment="Action to take, RETRYACTIONS"
        ),
        sa.Column(
            "errordiag",
            sa.String(256),
            comment="Regular expression the error message has to match, NULL for any",
        ),
        sa.Column(
            "parameters",
            sa.String(256),
            comment="Parameters of the action, such as maxAttempt=5, joined by &",
        ),
        sa.Column(
            "architecture",
            sa.String(256),
            comment="Architecture (cmtConfig) the rule is limited to, NULL for any",
        ),
        sa.Column(
            "release",
            sa.String(64),
            comment="Software release the rule is limited to, NULL for any",
        ),
        sa.Column(
            "workqueue_id",
            sa.Integer(),
            comment="Work queue the rule is limited to, JEDI_WORK_QUEUE; NULL for any",
        ),
        sa.Column("description", sa.String(250), comment="Remark on the rule"),
        sa.Column(
            "expiration_date",
            TIMESTAMP(),
            comment="Time after which the rule no longer applies, NULL if never",
        ),
        sa.PrimaryKeyConstraint("retryerror_id", name="retryerrors_pkey"),
        schema=PANDA,
        comment="Rules that choose a retry action for a job error.",
    )
    op.create_index("retryerrors_retryaction_idx", "retryerrors", ["retryaction"], schema=PANDA)


def downgrade() -> None:
    op.drop_table("retryerrors", schema=PANDA)
    op.drop_table("retryactions", schema=PANDA)
    op.drop_table("error_descriptions", schema=PANDA)
    op.drop_table("error_classification", schema=PANDA)
    op.execute(DropSequence(sa.Sequence("error_descriptions_id_seq", schema=PANDA)))
    op.execute(DropSequence(sa.Sequence("retryactions_id_seq", schema=PANDA)))
    op.execute(DropSequence(sa.Sequence("retryerrors_id_seq", schema=PANDA)))
