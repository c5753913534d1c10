"""What a BigPanDA monitor writes and reads: keys that it leaves NULL, logins, times, one column."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.schema import CreateSequence, DropSequence

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

BIGMON = "doma_pandabigmon"
UTC_NOW = sa.text("(now() AT TIME ZONE 'UTC')")
NUMBERED = {
    "auth_group_permissions": "auth_group_permissions_id_seq",
    "auth_user_groups": "auth_user_groups_id_seq",
}
"""Tables whose key had no default, and their new sequences."""
COMBINED = "doma_pandabigmon.combined_wait_act_def_arch4"


def upgrade() -> None:
    op.apply_sql("functions/doma_pandabigmon.fill_key.v1.sql")
    op.apply_sql("triggers/doma_pandabigmon.visits.fill_key.v1.sql")
    op.apply_sql("triggers/doma_pandabigmon.objects_comparison.fill_key.v1.sql")
    op.apply_sql("triggers/doma_pandabigmon.rucio_accounts.fill_key.v1.sql")
    op.apply_sql("functions/doma_pandabigmon.to_date.v1.sql")
    for table, name in NUMBERED.items():
        numbers = sa.Sequence(name, schema=BIGMON, data_type=sa.BigInteger(), cache=20)
        op.execute(CreateSequence(numbers))
        op.execute(
            f"SELECT setval('{BIGMON}.{name}', coalesce(max(id), 0) + 1, false)"  # noqa: S608
            f" FROM {BIGMON}.{table}"
        )
        op.alter_column(table, "id", server_default=numbers.next_value(), schema=BIGMON)
    op.add_column(
        "social_auth_code",
        sa.Column(
            "timestamp", TIMESTAMP(), server_default=UTC_NOW, comment="Time the code was sent"
        ),
        schema=BIGMON,
    )
    op.add_column(
        "social_auth_partial",
        sa.Column(
            "timestamp",
            TIMESTAMP(),
            server_default=UTC_NOW,
            comment="Time the login was interrupted",
        ),
        schema=BIGMON,
    )
    op.alter_column(
        "social_auth_code",
        "verified",
        type_=sa.Boolean(),
        existing_nullable=False,
        postgresql_using="verified <> 0",
        comment="True once the address is verified",
        schema=BIGMON,
    )
    op.execute(f"DROP VIEW {COMBINED}")
    op.apply_sql("views/doma_pandabigmon.combined_wait_act_def_arch4.v2.sql")


def downgrade() -> None:
    op.execute(f"DROP VIEW {COMBINED}")
    op.apply_sql("views/doma_pandabigmon.combined_wait_act_def_arch4.v1.sql")
    op.alter_column(
        "social_auth_code",
        "verified",
        type_=sa.SmallInteger(),
        existing_nullable=False,
        postgresql_using="verified::integer",
        comment="Flag: 1 once the address is verified, else 0",
        schema=BIGMON,
    )
    op.drop_column("social_auth_partial", "timestamp", schema=BIGMON)
    op.drop_column("social_auth_code", "timestamp", schema=BIGMON)
    for table, name in NUMBERED.items():
        op.alter_column(table, "id", server_default=None, schema=BIGMON)
        op.execute(DropSequence(sa.Sequence(name, schema=BIGMON)))
    op.execute("DROP FUNCTION doma_pandabigmon.to_date(text, text)")
    for table in ("visits", "objects_comparison", "rucio_accounts"):
        op.execute(f"DROP TRIGGER fill_{table} ON doma_pandabigmon.{table}")
    op.execute("DROP FUNCTION doma_pandabigmon.fill_key()")
