"""The transaction of a verb, and the options that every verb has."""

from __future__ import annotations

import socket
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pandadb.core.sql.transaction import Lock
from pandadb.database.pool import check_undoable
from pandadb.services.locks import set_lock_timeout

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection

    from pandadb.database import Database


@dataclass(frozen=True)
class VerbOptions:
    """Options of every verb: locks, the host that it logs, dry run."""

    lock: Lock = Lock.WAIT
    patience: float | None = None
    """Seconds to wait for a lock at most; None leaves it to the settings, 0 waits for ever."""
    host: str = socket.gethostname()
    """The host in the status log; the `modificationhost` of jobs that are dispatched or heard of.
    """
    dry_run: bool = False


DEFAULT_OPTIONS = VerbOptions()


@contextmanager
def transaction(
    database: Database, options: VerbOptions, *, at_once: bool = False, by_index: bool = False
) -> Iterator[Connection]:
    """Open the transaction of a verb; a dry run is undone at its end.

    With `at_once` no more than one statement will change something: that is the transaction. With
    `by_index` its statements find all rows by indexes: see `begin_by_index`.
    """
    at_once = at_once and options.patience is None and not options.dry_run
    with database.transaction(at_once=at_once, by_index=by_index) as connection:
        if options.patience is not None:
            set_lock_timeout(connection, options.patience)
        if options.dry_run:
            check_undoable(connection)
        yield connection
        if options.dry_run:
            connection.rollback()
