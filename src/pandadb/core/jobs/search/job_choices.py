"""The jobs that a caller has chosen, by a filter, by PandaIDs, or one job, as PandaIDs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from sqlalchemy import select

from pandadb.core.jobs.search import pages
from pandadb.core.jobs.search.filters import Filter
from pandadb.core.jobs.search.job_filters.job_filter import AnyFilter, JobFilter, as_filter
from pandadb.core.jobs.search.pages import UnknownJob
from pandadb.core.sql import validation
from pandadb.core.sql.validation import InvalidValue
from pandadb.models import JobControl

if TYPE_CHECKING:
    from pandadb.core.sql.transaction import Transaction

JobName = int | str
"""A PandaID, or the public id of a job of the job queue."""
JobChoice = AnyFilter | JobName | Iterable[JobName]
"""A filter, the names of jobs, or one name."""
NO_LIMIT = 2**62
PAGE = 50_000
DIGITS = 19
"""Digits of a PandaID at most."""


def pandaids_of(session: Transaction, chosen: JobChoice, most: int = NO_LIMIT) -> list[int]:
    """Return the PandaIDs of the chosen jobs in order, `most` at most.

    Jobs with the PandaIDs that were named need not exist; those of a filter match it now.

    Raises:
        InvalidValue: The filter has no condition or an invalid one, or a name is no PandaID.
        UnknownJob: No job has a public id.
    """
    if not isinstance(chosen, Filter | JobFilter):
        return sorted(named(session, chosen))[:most]
    chosen = as_filter(chosen)
    if chosen.is_unconditional:
        raise InvalidValue("A filter without a condition matches every job: give it at least one")
    found: list[int] = []
    after: str | None = None
    while len(found) < most:
        size = min(PAGE, most - len(found))
        page = pages.find(session, chosen, columns=["pandaid"], limit=size, after=after)
        found += [row["pandaid"] for row in page.jobs]
        if page.next is None:
            break
        after = page.next
    return found


def named(session: Transaction, chosen: JobName | Iterable[JobName]) -> list[int]:
    """Return the PandaIDs of named jobs, each once, in the order of their names.

    Raises:
        InvalidValue: A name is no PandaID and no text.
        UnknownJob: No job has a public id.
    """
    names = [chosen] if isinstance(chosen, str) or not isinstance(chosen, Iterable) else [*chosen]
    texts = [name for name in names if isinstance(name, str) and not is_number(name)]
    known = _by_public_id(session, texts) if texts else {}
    return validation.ids(
        name if not isinstance(name, str) else known[name] if name in known else int(name)
        for name in names
    )


def is_number(name: str) -> bool:
    """Return whether a name in text is a PandaID."""
    return name.isascii() and name.isdigit() and len(name) <= DIGITS


def _by_public_id(session: Transaction, names: Sequence[str]) -> dict[str, int]:
    for name in names:
        validation.check_text("public id", name)
    control = JobControl.__table__.c
    query = select(control.public_id, control.pandaid).where(control.public_id.in_(names))
    found = {row.public_id: row.pandaid for row in session.execute(query)}
    if missing := [name for name in names if name not in found]:
        raise UnknownJob(f"Job {missing[0]!r} is unknown: no job has this public id")
    return found


def as_search(session: Transaction, chosen: JobChoice, *, archived: bool) -> Filter:
    """Return a filter for the chosen jobs; named ones are searched in the archive if asked."""
    if isinstance(chosen, Filter | JobFilter):
        return as_filter(chosen)
    return Filter(pandaids=named(session, chosen), archive=archived)


def number_of(session: Transaction, chosen: JobChoice) -> int:
    """Return how many jobs were chosen."""
    if not isinstance(chosen, Filter | JobFilter):
        return len(named(session, chosen))
    ((number,),) = (row.values() for row in pages.count(session, chosen))
    return int(number)


def matching(session: Transaction, chosen: JobChoice, pandaids: Sequence[int]) -> list[int]:
    """Return those of the jobs that still match, now that they are locked; all if it is no filter.

    A job that was found may have changed before it was locked.
    """
    if not isinstance(chosen, Filter | JobFilter):
        return [*pandaids]
    return pandaids_of(session, replace(as_filter(chosen), pandaids=pandaids))
