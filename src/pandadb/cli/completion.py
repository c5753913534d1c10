"""Values that the shell completes: states, verbs, columns, tables and sites.

All but the sites come from `job_types`, which is quick to import; those come from the database.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import get_args, get_type_hints

from pandadb import config, job_types
from pandadb import database as databases
from pandadb.services import jobs


def states(incomplete: str) -> Iterator[str]:
    """Yield the states of jobs that begin so."""
    yield from _beginning(incomplete, *get_args(job_types.JobStatus))


def verbs(incomplete: str) -> Iterator[str]:
    """Yield the verbs of `jobs move` that begin so."""
    yield from _beginning(incomplete, *get_args(job_types.JobVerb))


def tables(incomplete: str) -> Iterator[str]:
    """Yield the tables of jobs that begin so."""
    yield from _beginning(incomplete, *get_args(job_types.JobTable))


def column(incomplete: str) -> Iterator[str]:
    """Yield the columns of jobs that begin so."""
    yield from _beginning(incomplete, *_columns())


def columns(incomplete: str) -> Iterator[str]:
    """Yield what is typed with its last column completed: there are commas between them."""
    before, comma, last = incomplete.rpartition(",")
    yield from (before + comma + name for name in column(last))


def assignment(incomplete: str) -> Iterator[str]:
    """Yield the columns of jobs that begin so, ready for a value."""
    yield from (f"{name}=" for name in column(incomplete))


def times(incomplete: str) -> Iterator[str]:
    """Yield the times of jobs that begin so."""
    names = (name for name, kind in _columns().items() if datetime in (kind, *get_args(kind)))
    yield from _beginning(incomplete, *names)


def sites(incomplete: str) -> Iterator[str]:
    """Yield the sites in the database that begin so; none if it cannot be reached."""
    try:
        settings = config.load_settings()
        if settings.server_url() is not None:
            with databases.Database.from_settings(settings) as database:
                yield from jobs.sites(database, incomplete)
    except Exception:  # noqa: BLE001 - an error would be printed into the user's line
        return


def _beginning(incomplete: str, *words: str) -> Iterator[str]:
    yield from (word for word in words if word.startswith(incomplete.lower()))


def _columns() -> dict[str, object]:
    return get_type_hints(job_types.JobColumns)
