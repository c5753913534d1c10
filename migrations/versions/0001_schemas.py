"""The five schemas that mirror PanDA's."""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


SCHEMAS = ("doma_panda", "doma_pandaarch", "doma_pandameta", "doma_deft", "doma_pandabigmon")


def upgrade() -> None:
    for schema in SCHEMAS:
        op.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")


def downgrade() -> None:
    for schema in reversed(SCHEMAS):
        op.execute(f"DROP SCHEMA {schema}")
