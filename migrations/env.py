"""How Alembic runs our revisions: one transaction each, never waiting long for a lock."""

from __future__ import annotations

import logging
import time
from logging.config import fileConfig
from typing import TYPE_CHECKING, Any

from alembic import command, context
from alembic.util import CommandError
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, OperationalError

from pandadb import session_settings
from pandadb.database import Database
from pandadb.errors import PandaDBError
from pandadb.migrating import directives, drift
from pandadb.migrating.operations import LOCK_TIMEOUT
from pandadb.models.base import OWN, Base
from pandadb.services import grants, schema

if TYPE_CHECKING:
    from sqlalchemy import Connection

ATTEMPTS = 8
"""How often an upgrade goes on, if nobody says otherwise, when it did not get a lock in time."""

ONE_AT_A_TIME = "(hashtext('pandadb migrations'))"
PREPARATIONS = (f"SET lock_timeout = '{LOCK_TIMEOUT}'", "SET statement_timeout = 0")
OWN_SCHEMA = f"CREATE SCHEMA IF NOT EXISTS {OWN}"
"""Where alembic_version stands; to say so needs a right, even if the schema is there."""

log = logging.getLogger("alembic.pandadb")

SHARED: dict[str, Any] = {
    "target_metadata": Base.metadata,
    "version_table_schema": OWN,
    "include_schemas": True,
    "compare_server_default": True,
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
        **SHARED,
    )
    context.static_output(r"\set ON_ERROR_STOP on")
    for statement in (
        *session_settings.statements(),
        *PREPARATIONS,
        f"SELECT pg_advisory_lock{ONE_AT_A_TIME}",
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
            if context.config.cmd_opts and context.config.cmd_opts.cmd[0] is command.upgrade:
                schema.refuse_other_encoding(database)
            _migrate_patiently(database)
    except PandaDBError as error:
        raise CommandError(str(error)) from error


def _migrate_patiently(database: Database) -> None:
    schema.last_revision(database)  # which refuses what these revisions cannot migrate
    attempts = context.config.attributes.get("attempts", ATTEMPTS)
    for attempt in range(1, attempts + 1):
        try:
            with database.direct("a migration").engine.connect() as connection:
                try:
                    _migrate(connection)
                finally:
                    connection.invalidate()  # lock, role and timeouts end, instead of in a pool
        except OperationalError as error:
            if getattr(error.orig, "sqlstate", None) != "55P03" or attempt == attempts:
                raise
            log.warning("a lock was not free within %s: trying again", LOCK_TIMEOUT)
            time.sleep(min(2**attempt, 30) / 4)
        else:
            return


def _migrate(connection: Connection) -> None:
    for statement in PREPARATIONS:
        connection.execute(text(statement))
    _wait_for_turn(connection)
    grants.act_as_owner(connection)
    if connection.scalar(text("SELECT to_regnamespace(:own) IS NULL"), {"own": OWN}):
        connection.execute(text(OWN_SCHEMA))
    partitions = drift.partitions(connection)
    connection.commit()  # Alembic would take an open transaction for its caller's
    steps: list[object] = []
    tell = context.config.attributes.get("on_step", lambda **_: None)
    watchers: Any = (tell, lambda *, step, **_: steps.append(step))
    context.configure(
        connection=connection,
        include_name=lambda name, kind, parents: drift.is_ours(name, kind, parents, partitions),
        on_version_apply=watchers,
        **SHARED,
    )
    context.run_migrations()
    if steps and context.get_context().get_current_revision() == context.get_head_revision():
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
