"""Shell completion of values: states, verbs, columns, tables and sites.

Most come from `job_types`, which is fast to import; sites come from the database.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import get_args, get_type_hints

from pandadb import config, job_types
from pandadb import database as databases
from pandadb.services import jobs, queue


def states(incomplete: str) -> Iterator[str]:
    """Yield the states of jobs with the prefix."""
    yield from _beginning(incomplete, *get_args(job_types.JobStatus))


def standings(incomplete: str) -> Iterator[str]:
    """Yield the states of queued jobs with the prefix, as their users see them."""
    yield from _beginning(incomplete, *queue.Standing)


def verbs(incomplete: str) -> Iterator[str]:
    """Yield the verbs of `jobs move` with the prefix."""
    yield from _beginning(incomplete, *get_args(job_types.JobVerb))


def tables(incomplete: str) -> Iterator[str]:
    """Yield the tables of jobs with the prefix."""
    yield from _beginning(incomplete, *get_args(job_types.JobTable))


def column(incomplete: str) -> Iterator[str]:
    """Yield the columns of jobs with the prefix."""
    yield from _beginning(incomplete, *_columns())


def columns(incomplete: str) -> Iterator[str]:
    """Yield a comma-separated list of columns, with its last one completed."""
    before, comma, last = incomplete.rpartition(",")
    yield from (before + comma + name for name in column(last))


def assignment(incomplete: str) -> Iterator[str]:
    """Yield the columns of jobs with the prefix, each followed by `=`."""
    yield from (f"{name}=" for name in column(incomplete))


def times(incomplete: str) -> Iterator[str]:
    """Yield the time columns of jobs with the prefix."""
    names = (name for name, kind in _columns().items() if datetime in (kind, *get_args(kind)))
    yield from _beginning(incomplete, *names)


def sites(incomplete: str) -> Iterator[str]:
    """Yield the sites in the database with the prefix; none if it is unreachable."""
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
