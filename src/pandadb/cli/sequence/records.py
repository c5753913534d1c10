"""The database of `pandadb sequence run`: where sequences are recorded, and results come from."""

from __future__ import annotations

import re
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pandadb import config
from pandadb.cli import target
from pandadb.cli.user import user_name
from pandadb.sequences import database_journal, database_results, end_listener, journal
from pandadb.sequences import joined_results as joined
from pandadb.services import schema, workflows

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pandadb.database import Database
    from pandadb.sequences.journal import Journal
    from pandadb.sequences.results import ResultSource


@dataclass
class Records:
    """Where sequences are recorded; without a database nothing is."""

    files: list[Path]
    """The files to run."""
    journal: Journal
    results: database_results.DatabaseResults | None = None

    def source(self, mail: ResultSource | None) -> ResultSource | None:
        """Return the source of results: the database, the mailbox, or both."""
        if self.results is None:
            return mail
        return self.results if mail is None else joined.JoinedResults(self.results, mail)


@contextmanager
def opened(
    files: Sequence[Path], *, username: str | None, resume: bool, again: bool, recorded: bool
) -> Iterator[Records]:
    """Open the database of the settings, if they name one and sequences are to be recorded.

    Raises:
        SettingsError: A sequence is to be resumed, and no database is named.
        SequenceNotFound: One that is to be resumed by its number is not there.
        NotStamped: The database is not one of pandadb's.
    """
    settings = config.load_settings()
    if settings.url is None and resume:
        raise config.SettingsError(
            "PANDADB_URL is not set: sequences are resumed from the records of a database"
        )
    if settings.url is None or not (recorded or resume):
        yield Records([*files], journal.NullJournal())
        return
    with ExitStack() as stack:
        database = stack.enter_context(target.connected(settings))
        schema.refuse_unstamped(database)
        paths = _paths(files, database) if resume else dict.fromkeys(files)
        listener = end_listener.EndListener(database)
        stack.callback(listener.close)
        user = username or user_name("nobody")
        results = database_results.DatabaseResults(
            database, user, monitor_url=settings.monitor_url, listener=listener
        )
        numbers = {path: number for path, number in paths.items() if number is not None}
        journals = database_journal.DatabaseJournal(
            database, user, resume=resume, numbers=numbers, again=again, listener=listener
        )
        yield Records([*paths], journals, results)


def _paths(files: Sequence[Path], database: Database) -> dict[Path, int | None]:
    """Return the files; a number that is no file is that of a sequence, with its file.

    Raises:
        SequenceNotFound: There is none with a number.
    """
    found: dict[Path, int | None] = {}
    for one in files:
        number = int(one.name) if re.fullmatch(r"\d{1,18}", str(one), re.ASCII) else None
        if number is None or one.exists():
            found[one] = None
        else:
            run, _ = workflows.get(database, number)
            found[Path(run.path)] = number
    return found
