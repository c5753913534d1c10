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
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True, start=1000000), nullable=False),
        sa.Column("error_source", sa.String(30), nullable=False),
        sa.Column("error_code", sa.BigInteger(), nullable=False),
        sa.Column("error_diag", sa.String(256), nullable=False),
        sa.Column("description", sa.String(250)),
        sa.Column("error_class", sa.String(30), nullable=False),
        sa.Column("active", sa.CHAR(1), nullable=False),
        sa.Column(
            "reg_date",
            TIMESTAMP(),
            server_default=sa.text("(CURRENT_TIMESTAMP(0) AT TIME ZONE 'UTC')"),
        ),
        sa.PrimaryKeyConstraint("id", name="error_classification_pkey"),
        schema=PANDA,
        comment="TODO doma_panda.error_classification.",
    )
    op.create_table(
        "error_descriptions",
        sa.Column(
            "id",
            sa.BigInteger(),
            nullable=False,
            server_default=sa.text("nextval('doma_panda.error_descriptions_id_seq'::regclass)"),
            autoincrement=False,
        ),
        sa.Column("component", sa.String(32), nullable=False),
        sa.Column("code", sa.Integer(), nullable=False),
        sa.Column("acronym", sa.String(64)),
        sa.Column("diagnostics", sa.String(256)),
        sa.Column("description", sa.String(4000)),
        sa.Column("category", sa.SmallInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="error_descriptions_pkey"),
        sa.CheckConstraint("code >= 0 AND code <= 99999", name="error_descriptions_code_check"),
        schema=PANDA,
        comment="TODO doma_panda.error_descriptions.",
    )
    op.create_table(
        "retryactions",
        sa.Column("retryaction_id", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("retry_action", sa.String(50), nullable=False),
        sa.Column("active", sa.CHAR(1), nullable=False, server_default="Y"),
        sa.Column("retry_description", sa.String(250)),
        sa.PrimaryKeyConstraint("retryaction_id", name="retryactions_pkey"),
        schema=PANDA,
        comment="TODO doma_panda.retryactions.",
    )
    op.create_table(
        "retryerrors",
        sa.Column("retryerror_id", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("errorsource", sa.String(256), nullable=False),
        sa.Column("errorcode", sa.BigInteger(), nullable=False),
        sa.Column("active", sa.CHAR(1), nullable=False, server_default="Y"),
        sa.Column("retryaction", sa.BigInteger(), nullable=False),
        sa.Column("errordiag", sa.String(256)),
        sa.Column("parameters", sa.String(256)),
        sa.Column("architecture", sa.String(256)),
        sa.Column("release", sa.String(64)),
        sa.Column("workqueue_id", sa.Integer()),
        sa.Column("description", sa.String(250)),
        sa.Column("expiration_date", TIMESTAMP()),
        sa.PrimaryKeyConstraint("retryerror_id", name="retryerrors_pkey"),
        schema=PANDA,
        comment="TODO doma_panda.retryerrors.",
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
