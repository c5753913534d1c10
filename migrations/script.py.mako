"""${message}

Revision: ${up_revision}
After: ${down_revision | comma,n}

Before this is released, think of a database with a billion rows that is in use:
- does a statement lock a table longer than a moment? (an index on a big table: CONCURRENTLY in
  an `op.get_context().autocommit_block()`; a column: nullable or with a constant default)
- does the code of the last release still work on the new schema? (expand first, contract later)
- does downgrade() lead back, or does it say honestly why not?
No import from pandadb (models change, history must not), no SELECT (it must work offline).
"""

import sqlalchemy as sa
from alembic import op
${imports if imports else ""}
revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = ${repr(branch_labels)}
depends_on = ${repr(depends_on)}


def upgrade() -> None:
    ${upgrades if upgrades else "pass"}


def downgrade() -> None:
    ${downgrades if downgrades else "pass"}
