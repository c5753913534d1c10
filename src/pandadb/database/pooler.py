"""Support of transaction pooling, as by PgBouncer, where a server session serves others in between.

Nothing may stay in a session then: settings are given to each transaction, no statement is
prepared, and work that needs a session of its own goes to the server directly.
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
    """Work that needs a session of the server, which a pooler does not give."""

    def __init__(self, what: str) -> None:
        super().__init__(
            f"{what[0].upper()}{what[1:]} needs a session of the server, which a pooler of "
            "transactions gives to others in between: set PANDADB_DIRECT_URL to the URL of the "
            "server itself"
        )


class PreparedTwice(PandaDBError):
    """A session that is not ours alone."""

    def __init__(self) -> None:
        super().__init__(f"The session of the server has statements of others, too. {HINT}")


def begin(settings: bytes, connection: Connection) -> None:
    """Give a transaction its settings; an event of SQLAlchemy's calls this as one begins.

    Raises:
        InvalidSessionSetting: The role may not set what it has to.
        PoolerInTheWay: There is no transaction, as each statement is committed by itself.
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
    except psycopg.Error as error:  # as SQLAlchemy would say it
        connection._handle_dbapi_exception(error, settings.decode(), None, None, None)
