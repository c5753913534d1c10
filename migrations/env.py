"""How Alembic runs our revisions: one transaction each, never waiting long for a lock."""

from __future__ import annotations

import logging
import time
from logging.config import fileConfig
from typing import TYPE_CHECKING, Any

from alembic import command, context
from alembic.util import CommandError, to_tuple
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, OperationalError

from pandadb import session_settings
from pandadb.core.sql.blockers import shortened
from pandadb.database import Database
from pandadb.database.retry import retry
from pandadb.errors import PandaDBError, sqlstate
from pandadb.migrating import comparison, directives, offline
from pandadb.migrating.operations import LOCK_SECONDS, LOCK_TIMEOUT, STATEMENT_TIMEOUT, limited
from pandadb.models.base import PANDADB
from pandadb.services import grants, schema, stamps
from pandadb.services.lockwaits import Watch, log_attempt, watched

if TYPE_CHECKING:
    from sqlalchemy import Connection

ATTEMPTS = 8
"""How often an upgrade goes on, if nobody says otherwise, when it did not get a lock in time."""

ONE_AT_A_TIME = "(hashtext('pandadb migrations'))"
CANCELLED = "57014"
"""SQLSTATE of a statement that took too long, or that somebody has cancelled."""
NOT_FREE = "55P03"
OWN_SCHEMA = f"CREATE SCHEMA IF NOT EXISTS {PANDADB}"
"""Where alembic_version stands; to say so needs a right, even if the schema is there."""

log = logging.getLogger("alembic.pandadb")

SHARED: dict[str, Any] = {
    "transaction_per_migration": True,
    "process_revision_directives": directives.prepare,
}


def run_offline() -> None:
    """Write the SQL that psql can run."""
    context.configure(
        dialect_name="postgresql",
        literal_binds=True,
        # With psycopg's own style every % of a function's body would be doubled.
        dialect_opts={"paramstyle": "named"},
        **comparison.OPTIONS,
        **SHARED,
    )
    context.static_output(r"\set ON_ERROR_STOP on")
    for statement in (
        *session_settings.statements(),
        f"SET lock_timeout = '{LOCK_TIMEOUT}'",
        f"SET statement_timeout = '{STATEMENT_TIMEOUT}'",
        f"SELECT pg_advisory_lock{ONE_AT_A_TIME}",
        offline.guard(to_tuple(context.get_starting_revision_argument(), default=())),
        OWN_SCHEMA,
    ):
        context.execute(statement)
    context.run_migrations()


def run_online() -> None:
    """Migrate the database of the settings, or the one that the caller hands over."""
    given = context.config.attributes.get("database")
    if given is not None:
        _migrate_patiently(given)
        return
    if context.config.config_file_name:
        fileConfig(context.config.config_file_name, disable_existing_loggers=False)
    try:
        with Database.from_settings() as database:
            if context.config.cmd_opts and _command() is command.upgrade:
                schema.refuse_other_encoding(database)
            _migrate_patiently(database)
    except PandaDBError as error:
        raise CommandError(str(error)) from error


def _migrate_patiently(database: Database) -> None:
    if _command() is not command.stamp:
        stamps.heads(database)  # which refuses what these revisions cannot migrate
    attempts = context.config.attributes.get("attempts", ATTEMPTS)

    def attempt(number: int) -> None:
        with database.direct("a migration").engine.connect() as connection:
            try:
                with watched(connection, LOCK_SECONDS) as watch:
                    _migrate(connection)
            except OperationalError as error:
                _refuse(error, watch, is_last=number + 1 == attempts)
                log_attempt(number + 1, attempts, LOCK_SECONDS, watch)
                raise
            finally:
                connection.invalidate()  # lock, role and timeouts end, instead of in a pool

    retry(attempt, _is_not_free, [min(2**number, 30) / 4 for number in range(1, attempts)])


def _is_not_free(error: Exception) -> bool:
    return isinstance(error, OperationalError) and sqlstate(error) == NOT_FREE


def _command() -> Any:
    """Return the function of `alembic.command` that runs."""
    if options := context.config.cmd_opts:
        return options.cmd[0]
    return context.config.attributes.get("command", command.upgrade)


def _refuse(error: OperationalError, watch: Watch, *, is_last: bool) -> None:
    """Raise the error, as a sentence if it is one of time; not that of a lock if others may try."""
    state = sqlstate(error)
    if state == CANCELLED:
        raise schema.MigrationError(
            f"A statement of the migration was ended: {error.orig}. Nothing of its revision was "
            f"changed. If it took too long ({_statement_timeout()}), try again when fewer use the "
            "database, or give it more time: pandadb db upgrade --statement-timeout SECONDS. It "
            f"was: {shortened(error.statement or '')}"
        ) from error
    if state != NOT_FREE:
        raise error
    if is_last:
        raise schema.MigrationError(
            f"Another session holds a lock that the migration needs: {watch}. Nothing of this "
            "revision was changed: try again when it has ended"
        ) from error


def _statement_timeout() -> str:
    return limited(context.config.attributes.get("statement_timeout"))


def _migrate(connection: Connection) -> None:
    connection.execute(text(f"SET lock_timeout = '{LOCK_TIMEOUT}'"))
    connection.execute(text("SET statement_timeout = 0"))  # the turn is waited for
    _wait_for_turn(connection)
    connection.execute(text(f"SET statement_timeout = '{_statement_timeout()}'"))
    grants.act_as_owner(connection)
    is_making = _command() in (command.upgrade, command.stamp)  # who looks changes nothing
    is_lacking = text("SELECT to_regnamespace(:own) IS NULL")
    if is_making and connection.scalar(is_lacking, {"own": PANDADB}):
        connection.execute(text(OWN_SCHEMA))
    looking = comparison.options(connection)
    connection.commit()  # Alembic would take an open transaction for its caller's
    steps: list[object] = []
    tell = context.config.attributes.get("on_step", lambda **_: None)
    watchers: Any = (tell, lambda *, step, **_: steps.append(step))
    context.configure(
        connection=connection,
        on_version_apply=watchers,
        dont_mutate=not is_making,
        **looking,
        **SHARED,
    )
    context.run_migrations()
    if _command() is command.stamp:
        return
    newest = {step.revision for step in context.script.get_revisions("heads")}
    if steps and {*context.get_context().get_current_heads()} == newest:
        _give_again(connection)


def _give_again(connection: Connection) -> None:
    """Give the roles their rights on what is new; who may migrate need not be who may do that."""
    try:
        grants.give_again(connection)
        connection.commit()
    except DBAPIError as error:
        log.warning("the roles have no rights on what is new: pandadb db grant (%s)", error.orig)


def _wait_for_turn(connection: Connection) -> None:
    """Wait for other migrations without a snapshot, for which CONCURRENTLY would wait in turn."""
    while not connection.scalar(text(f"SELECT pg_try_advisory_lock{ONE_AT_A_TIME}")):
        connection.commit()
        time.sleep(0.2)


if context.is_offline_mode():
    run_offline()
else:
    run_online()
