"""The sequence of work queues goes on above the queues that are there from the beginning."""

from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "SELECT setval('doma_panda.jedi_work_queue_id_seq', greatest(last_value, "
        "(SELECT max(queue_id) FROM doma_panda.jedi_work_queue))) "
        "FROM doma_panda.jedi_work_queue_id_seq"
    )


def downgrade() -> None:
    pass  # a number that has been given is not given again
