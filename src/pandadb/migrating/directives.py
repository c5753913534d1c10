"""Changes to a revision that autogenerate has drafted: its number, and blocks for views."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alembic.autogenerate import renderers
from alembic.autogenerate.render import render_op
from alembic.operations import ops

from pandadb.migrating.drift import Drift
from pandadb.migrating.operations import WithoutViews
from pandadb.migrating.view_files import dependent, views_of
from pandadb.models.base import PANDA

if TYPE_CHECKING:
    from alembic.autogenerate.api import AutogenContext
    from alembic.operations import MigrateOperation
    from alembic.operations.ops import MigrationScript
    from alembic.runtime.migration import MigrationContext


@renderers.dispatch_for(WithoutViews)
def _render(context: AutogenContext, operation: WithoutViews) -> list[str]:
    words = ", ".join(map(repr, operation.files))
    if operation.again != operation.files:
        words += f", again={operation.again!r}"
    body = [line for one in operation.ops for line in render_op(context, one)]
    return [f"with op.without_views({words}):", *body, ""]  # the empty line ends the block


def prepare(context: MigrationContext, revision: object, directives: list[MigrationScript]) -> None:
    """Number a new revision, and drop views around its changes of columns."""
    number_revision(context, revision, directives)
    for script in directives:
        for one in script.upgrade_ops_list:
            _make_room(one)
        for other in script.downgrade_ops_list:
            _make_room(other, back=True)


def number_revision(
    context: MigrationContext, _revision: object, directives: list[MigrationScript]
) -> None:
    """Name a new revision by the number after the newest one: 0007 follows 0006.

    Two branches with the same number collide when they are merged, which is intended.
    """
    environment = context.environment_context
    if environment is None or "numbered" in environment.config.attributes:
        return
    numbers = [head for head in environment.script.get_heads() if head.isdecimal()]
    directives[0].rev_id = f"{max(map(int, numbers), default=0) + 1:04d}"


def _make_room(operations: ops.OpContainer, *, back: bool = False) -> None:
    """Put changes of columns under views into one block, at the place of the first of them."""
    changed = {
        id(one): table for one in operations.ops for table in [_changed(one)] if table is not None
    }
    files = dependent(changed.values()) if changed else []
    read = {table for table in changed.values() if dependent([table])}
    body = [one for one in operations.ops if changed.get(id(one)) in read]
    if not body:
        return
    before, after = ([pair[number] for pair in files] for number in ((1, 0) if back else (0, 1)))
    block = WithoutViews(body, before, after)
    place = operations.ops.index(body[0])
    operations.ops[place] = block
    operations.ops[:] = [one for one in operations.ops if one not in body]
    made = {view for path in after for view in views_of(path)}
    for one in operations.ops:
        if isinstance(one, Drift) and one.difference.name in made:
            one.is_mended = True


def _changed(operation: MigrateOperation) -> str | None:
    """Return the table of an operation that adds, drops or retypes a column."""
    if not isinstance(operation, ops.ModifyTableOps):
        return None
    for one in operation.ops:
        retypes = isinstance(one, ops.AlterColumnOp) and (
            one.modify_type is not None or one.modify_name is not None
        )
        if retypes or isinstance(one, ops.AddColumnOp | ops.DropColumnOp):
            return f"{operation.schema or PANDA}.{operation.table_name}"
    return None
