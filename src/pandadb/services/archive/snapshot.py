"""Reading much, as of one moment."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy import text

from pandadb.services.grants import act_as_owner

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.orm import Session

    from pandadb.database import Database


@contextmanager
def snapshot(database: Database) -> Iterator[Session]:
    """Open a session that sees one moment, however long it takes."""
    with database.session() as session:
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        act_as_owner(session.connection(), local=True)
        be_slow(session)
        yield session


def be_slow(session: Session) -> None:
    """Let the session's transaction take its time, between statements too."""
    for setting in ("statement_timeout", "idle_in_transaction_session_timeout"):
        session.execute(text(f"SET LOCAL {setting} = 0"))
