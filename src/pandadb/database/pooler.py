"""Support of transaction pooling, as by PgBouncer, where clients share server sessions.

No state may stay in a session then: settings are applied to each transaction, no statement is
prepared, and work that needs a session of its own connects to the server directly.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg

from pandadb.core.sql.psycopg_connection import driver_of
from pandadb.errors import PandaDBError
from pandadb.session_settings import InvalidSessionSetting

if TYPE_CHECKING:
    from sqlalchemy import Connection

UNSUPPORTED_PARAMETER = "unsupported startup parameter"
"""PgBouncer's message about options in the connection string."""
HINT = "If a pooler such as pgbouncer is in between, set PANDADB_POOLER=transaction"
PREPARED_TWICE = "42P05"
"""SQLSTATE of a statement that another client has prepared in the session."""


class PoolerInTheWay(PandaDBError):
    """Work that needs a session of the server, without a direct URL that bypasses the pooler."""

    def __init__(self, what: str) -> None:
        super().__init__(
            f"{what[0].upper()}{what[1:]} needs a session of the server, but a transaction pooler "
            "shares sessions: set PANDADB_DIRECT_URL to the URL of the server itself"
        )


class PreparedTwice(PandaDBError):
    """A server session that is shared with other clients."""

    def __init__(self) -> None:
        super().__init__(f"The server session has prepared statements of other clients. {HINT}")


def begin(settings: bytes, connection: Connection) -> None:
    """Apply the settings to a transaction: the listener for SQLAlchemy's event `begin`.

    Raises:
        InvalidSessionSetting: The role may not change a required setting.
        PoolerInTheWay: The connection is in autocommit mode, so there is no transaction.
    """
    driver = driver_of(connection)
    if driver.autocommit:
        raise PoolerInTheWay("a statement without a transaction")
    try:
        driver.execute(settings, prepare=False)
    except psycopg.errors.InsufficientPrivilege as error:
        raise InvalidSessionSetting(
            f"The session settings of {driver.info.user} would lose or misread rows: "
            f"{error.diag.message_primary}. Let a superuser RESET it for the role and the database"
        ) from None
    except psycopg.Error as error:  # as SQLAlchemy's own error
        connection._handle_dbapi_exception(error, settings.decode(), None, None, None)
