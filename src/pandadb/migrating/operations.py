"""What revisions say beside Alembic's own words: SQL files, partitions, secrets, numbers."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from alembic.operations import MigrateOperation, Operations
from alembic.operations.ops import OpContainer
from sqlalchemy import text

from pandadb.migrating import home
from pandadb.migrating.catalogue import literal
from pandadb.migrating.view_files import views_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from contextlib import AbstractContextManager

    from alembic.runtime.migration import MigrationContext

LOCK_SECONDS = 4
LOCK_TIMEOUT = f"{LOCK_SECONDS}s"
"""Nobody queues behind a migration that itself waits for a lock longer than this."""
STATEMENT_TIMEOUT = "60s"
"""How long a statement of a revision may take, waits for locks included: it may have locked tables
that others need. A revision that needs longer says so: `with op.statement_timeout("1h"):`."""
PATIENCE = "10min"
"""How long building an index waits for transactions that are open: nobody queues behind that."""
INVALID_INDEX = """
SELECT format('DROP INDEX CONCURRENTLY %s', indexrelid::regclass) FROM pg_index
 WHERE indexrelid = to_regclass('{name}') AND NOT indisvalid
"""


@Operations.register_operation("apply_sql")
class ApplySQL(MigrateOperation):
    """Run one file of `sql/`, by its path below that folder."""

    def __init__(self, path: str) -> None:
        self.path = path

    @classmethod
    def apply_sql(cls, operations: Operations, path: str) -> None:
        """Run the file `sql/<path>` as it is."""
        operations.invoke(cls(path))


@Operations.implementation_for(ApplySQL)
def _apply_sql(operations: Operations, operation: ApplySQL) -> None:
    script = (home() / "sql" / operation.path).read_text(encoding="utf-8")
    # A colon would be taken for a bind parameter: a JSON literal would become NULL offline.
    operations.execute(literal(script.strip().rstrip(";")))


GRANTS_OF_TABLE = """
SELECT set_config('pandadb.granted', coalesce(string_agg(format(
           'GRANT %s ON %I.%I TO %s', a.privilege_type, n.nspname, c.relname,
           CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END), '; '), ''), true)
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 CROSS JOIN LATERAL aclexplode(c.relacl) AS a
 WHERE c.oid IN ({views}) AND a.grantee <> c.relowner
"""
"""The rights on views, kept in the transaction until they are there again."""
GRANT_AGAIN = """DO $$ BEGIN
    IF current_setting('pandadb.granted') <> '' THEN
        EXECUTE current_setting('pandadb.granted');
    END IF;
END $$"""


@Operations.register_operation("without_views")
class WithoutViews(OpContainer):
    """Operations on columns while the views that read their tables are dropped."""

    def __init__(
        self, body: Sequence[MigrateOperation], files: Sequence[str], again: Sequence[str]
    ) -> None:
        super().__init__(body)
        self.files, self.again = files, again

    @classmethod
    def without_views(
        cls, operations: Operations, *files: str, again: Sequence[str] = ()
    ) -> AbstractContextManager[None]:
        """Drop the views of files for a block of statements, and make them again after it.

        `files` are paths below `sql/`, as the database has them, in the order in which they can be
        applied; `again` are those to apply afterwards, if versions change. Rights on the views are
        kept. A view of a site that reads one of them makes the revision fail, as nothing drops it.
        """
        return _without_views(operations, files, again or files)


@contextmanager
def _without_views(
    operations: Operations, files: Sequence[str], again: Sequence[str]
) -> Iterator[None]:
    there = {name: kind for file in files for name, kind in views_of(file).items()}
    names = ", ".join(f"to_regclass('{name}')" for name in there)
    operations.execute(GRANTS_OF_TABLE.format(views=names).strip())
    for name, kind in reversed(there.items()):
        operations.execute(f"DROP {kind} IF EXISTS {name}")
    yield
    for file in again:
        operations.invoke(ApplySQL(file))
    operations.execute(GRANT_AGAIN)


@Operations.register_operation("create_partition")
class CreatePartition(MigrateOperation):
    """Make a partition of a table; `bound` is what follows its name, DEFAULT if nothing is said."""

    def __init__(self, table: str, suffix: str, bound: str) -> None:
        self.table, self.suffix, self.bound = table, suffix, bound

    @classmethod
    def create_partition(
        cls, operations: Operations, table: str, suffix: str = "default", bound: str = "DEFAULT"
    ) -> None:
        """Make the partition `<table>_<suffix>` of a schema-qualified table."""
        operations.invoke(cls(table, suffix, bound))


@Operations.implementation_for(CreatePartition)
def _create_partition(operations: Operations, operation: CreatePartition) -> None:
    partition = f"{operation.table}_{operation.suffix}"
    operations.execute(f"CREATE TABLE {partition} PARTITION OF {operation.table} {operation.bound}")


@Operations.register_operation("build_index")
class BuildIndex(MigrateOperation):
    """Build an index while others write, whatever a try before has left."""

    def __init__(self, name: str, table: str, columns: list[Any], options: dict[str, Any]) -> None:
        self.name, self.table, self.columns, self.options = name, table, columns, options

    @classmethod
    def build_index(
        cls, operations: Operations, name: str, table: str, columns: list[Any], **options: Any
    ) -> None:
        """Build an index, CONCURRENTLY and outside of a transaction; `options` are create_index's.

        PostgreSQL leaves an invalid index behind if it cannot end: that one is dropped first. A
        valid one stays.
        """
        operations.invoke(cls(name, table, columns, options))


@Operations.implementation_for(BuildIndex)
def _build_index(operations: Operations, operation: BuildIndex) -> None:
    context = operations.migration_context
    usual = _statement_timeout(context)
    invalid = INVALID_INDEX.format(name=f"{operation.options['schema']}.{operation.name}")
    with context.autocommit_block():
        if context.as_sql:
            operations.execute(text(invalid.strip()))
            context.impl.static_output("\\gexec\n")  # of the query before: without it, it is SQL
        else:
            for statement in operations.get_bind().execute(text(invalid)).scalars().all():
                operations.execute(text(statement))
        operations.execute(f"SET lock_timeout = '{PATIENCE}'")
        operations.execute("SET statement_timeout = 0")  # it takes as long as the table is big
        operations.create_index(
            operation.name,
            operation.table,
            operation.columns,
            postgresql_concurrently=True,
            if_not_exists=True,
            **operation.options,
        )
        operations.execute(f"SET statement_timeout = '{usual}'")
        operations.execute(f"SET lock_timeout = '{LOCK_TIMEOUT}'")


@Operations.register_operation("statement_timeout")
class StatementTimeout(MigrateOperation):
    """Let the statements of a revision take longer than others may."""

    def __init__(self, limit: str) -> None:
        self.limit = limit

    @classmethod
    def statement_timeout(cls, operations: Operations, limit: str) -> AbstractContextManager[None]:
        """Give the statements of a block another `statement_timeout`, such as 1h; 0 for none."""
        return operations.invoke(cls(limit))  # type: ignore[no-any-return]


@Operations.implementation_for(StatementTimeout)
@contextmanager
def _with_statement_timeout(operations: Operations, operation: StatementTimeout) -> Iterator[None]:
    operations.execute(f"SET statement_timeout = '{operation.limit}'")
    yield  # after an error the transaction is undone, and this with it
    usual = _statement_timeout(operations.migration_context)
    operations.execute(f"SET statement_timeout = '{usual}'")


def _statement_timeout(context: MigrationContext) -> str:
    """Return the limit of all other statements, which the caller of a migration may have given."""
    environment = context.environment_context
    return limited(environment.config.attributes.get("statement_timeout") if environment else None)


def limited(seconds: float | None) -> str:
    """Return a `statement_timeout` of some seconds, the usual one for None; only 0 is none."""
    if seconds is None:
        return STATEMENT_TIMEOUT
    return f"{max(1, round(seconds * 1000)) if seconds else 0}ms"


@Operations.register_operation("withhold")
class Withhold(MigrateOperation):
    """Take rights on new tables away from all to whom default privileges have given them.

    Tables of secrets need that. Who should have the rights gets them by `pandadb db grant`, which
    an upgrade to the newest revision repeats.
    """

    def __init__(self, tables: tuple[str, ...], rights: str) -> None:
        self.tables, self.rights = tables, rights

    @classmethod
    def withhold(cls, operations: Operations, *tables: str, rights: str = "ALL") -> None:
        """Leave rights on schema-qualified tables to their owner."""
        operations.invoke(cls(tables, rights))


@Operations.implementation_for(Withhold)
def _withhold(operations: Operations, operation: Withhold) -> None:
    tables = ", ".join(f"'{table}'::regclass" for table in operation.tables)
    operations.execute(f"""DO $$
DECLARE given record;
BEGIN
    FOR given IN
        SELECT DISTINCT c.oid::regclass AS name,
               CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END AS role
          FROM pg_class AS c CROSS JOIN LATERAL aclexplode(c.relacl) AS a
         WHERE c.oid IN ({tables}) AND a.grantee <> c.relowner
    LOOP
        EXECUTE format('REVOKE {operation.rights} ON %s FROM %s', given.name, given.role);
    END LOOP;
END
$$""")  # noqa: S608 - the names are those of a revision
