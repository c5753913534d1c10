"""Functions and procedures that PanDA calls, and the trigger on tasks."""

from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.apply_sql("functions/doma_panda.bitor.v1.sql")
    op.apply_sql("functions/doma_panda.to_number.v1.sql")
    op.apply_sql("functions/doma_panda.update_realmodificationtime_trg.v1.sql")
    op.apply_sql("triggers/doma_panda.jedi_tasks.update_realmodificationtime.v1.sql")
    op.apply_sql("procedures/doma_panda.jedi_refr_mintaskids_bystatus.v1.sql")


def downgrade() -> None:
    op.execute("DROP PROCEDURE doma_panda.jedi_refr_mintaskids_bystatus()")
    op.execute("DROP TRIGGER update_realmodificationtime ON doma_panda.jedi_tasks")
    op.execute("DROP FUNCTION doma_panda.update_realmodificationtime_trg()")
    op.execute("DROP FUNCTION doma_panda.to_number(integer)")
    op.execute("DROP FUNCTION doma_panda.bitor(integer, integer)")
