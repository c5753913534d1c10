"""The rows that a fresh PanDA starts with, and the version of its schema: 0.1.6."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.bulk_insert(
        sa.table(
            "jedi_work_queue",
            sa.column("queue_id", sa.Integer),
            sa.column("queue_name", sa.String),
            sa.column("queue_type", sa.String),
            sa.column("vo", sa.String),
            sa.column("queue_function", sa.String),
            schema="doma_panda",
        ),
        [
            {
                "queue_id": 1,
                "queue_name": "test",
                "queue_type": "test",
                "vo": "wlcg",
                "queue_function": "Resource",
            },
            {
                "queue_id": 2,
                "queue_name": "managed",
                "queue_type": "managed",
                "vo": "wlcg",
                "queue_function": "Resource",
            },
            {
                "queue_id": 3,
                "queue_name": "user",
                "queue_type": "user",
                "vo": "wlcg",
                "queue_function": "Resource",
            },
        ],
    )
    op.bulk_insert(
        sa.table(
            "resource_types",
            sa.column("resource_name", sa.String),
            sa.column("mincore", sa.Integer),
            schema="doma_panda",
        ),
        [
            {"resource_name": "Undefined", "mincore": 1},
        ],
    )
    op.bulk_insert(
        sa.table(
            "config",
            sa.column("app", sa.String),
            sa.column("component", sa.String),
            sa.column("key", sa.String),
            sa.column("value", sa.String),
            sa.column("type", sa.String),
            sa.column("vo", sa.String),
            sa.column("descr", sa.String),
            schema="doma_panda",
        ),
        [
            {
                "app": "pandaserver",
                "component": "job_timeout",
                "key": "TIMEOUT_defined",
                "value": "30",
                "type": "int",
                "vo": "wlcg",
                "descr": "Hours after which a defined job is given up",
            },
            {
                "app": "pandaserver",
                "component": "job_timeout",
                "key": "TIMEOUT_holding",
                "value": "30",
                "type": "int",
                "vo": "wlcg",
                "descr": "Hours after which a holding job is given up",
            },
        ],
    )
    op.bulk_insert(
        sa.table(
            "pandadb_version",
            sa.column("component", sa.String),
            sa.column("major", sa.Integer),
            sa.column("minor", sa.Integer),
            sa.column("patch", sa.Integer),
            schema="doma_panda",
        ),
        [
            {"component": "PanDA", "major": 0, "minor": 1, "patch": 6},
        ],
    )


def downgrade() -> None:
    op.execute("DELETE FROM doma_panda.pandadb_version WHERE component = 'PanDA'")
    op.execute(
        "DELETE FROM doma_panda.config WHERE app = 'pandaserver' AND component = 'job_timeout'"
        " AND key IN ('TIMEOUT_defined', 'TIMEOUT_holding') AND vo = 'wlcg'"
    )
    op.execute("DELETE FROM doma_panda.resource_types WHERE resource_name = 'Undefined'")
    op.execute("DELETE FROM doma_panda.jedi_work_queue WHERE queue_id IN (1, 2, 3) AND vo = 'wlcg'")
