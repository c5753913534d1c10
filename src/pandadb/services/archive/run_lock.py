"""One run of the archiver at a time: an advisory lock in each database that it works in."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from pandadb.errors import Outcome, PandaDBError
from pandadb.services.locks import advisory_lock

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pandadb.database import Database

RUN = "hashtextextended('pandadb archive run', 0)"


class NotRestored(PandaDBError):
    """Jobs that cannot go back."""


class ArchiveBusy(NotRestored):
    """Work that can be done later: locks were not free, or another run is in progress."""

    outcome = Outcome.CONTENDED


@contextmanager
def run_lock(*databases: Database | None) -> Iterator[bool]:
    """Hold the lock of runs in all of the databases; yield False if another run holds one."""
    with ExitStack() as locks:
        yield all(locks.enter_context(advisory_lock(one, RUN)) for one in databases if one)


@contextmanager
def only_run(*databases: Database | None) -> Iterator[None]:
    """Hold the lock of runs in all of the databases.

    Raises:
        ArchiveBusy: Another run holds one.
    """
    with run_lock(*databases) as ours:
        if not ours:
            raise ArchiveBusy("Another run is at work: try again when it has ended")
        yield
