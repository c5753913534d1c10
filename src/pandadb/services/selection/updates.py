"""Properties of the chosen jobs, set before a worker has them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from pandadb.core.queue import properties
from pandadb.core.queue.properties import Properties
from pandadb.core.sql.transaction import Lock
from pandadb.core.sql.validation import from_text
from pandadb.models import JobsActive4
from pandadb.services.selection.set_verbs import OnError, run_verb
from pandadb.services.selection.verb_reports import VerbReport
from pandadb.services.transaction import DEFAULT_OPTIONS, VerbOptions

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection

    from pandadb.core.jobs.search.job_choices import JobChoice
    from pandadb.database import Database

SHORT_NAMES = {"priority": properties.PRIORITY, "queue": properties.QUEUE}
"""Names of properties that are shorter than those of their columns."""


def update(
    database: Database,
    chosen: JobChoice,
    *,
    resources: Mapping[str, Any] | None = None,
    exec_config: str | Mapping[str, Any] | None = None,
    merge: bool = True,
    options: VerbOptions = DEFAULT_OPTIONS,
    limit: int | None = None,
    on_error: OnError = "abort",
    **columns: Any,
) -> VerbReport:
    """Set properties of jobs: priority, queue, corecount and others, see `Properties`.

    Jobs that have been dispatched are refused, unless only the priority of a job of the job queue
    is set; jobs of it that have ended keep the properties for a later attempt. `resources` and
    `exec_config` are for jobs of the job queue; with `merge` their keys are added to those that are
    there.

    Raises:
        UnknownQueue, UnknownExecConfig: There is no such queue, or configuration, for any job.
        InvalidValue: A property may not be set or does not fit its column, or there is none.
        TooMany, VerbAborted, JobsLocked: See `run_verb`.
    """
    details = {"resources": resources, "exec_config": exec_config}
    given = Properties(
        {SHORT_NAMES.get(name, name): value for name, value in columns.items()},
        {name: _plain(value) for name, value in details.items() if value is not None},
        merges=merge,
    )

    def work(connection: Connection, pandaids: list[int]) -> VerbReport:
        how = Lock.SKIP if on_error == "skip" else options.lock
        done = properties.change(connection, pandaids, given, how)
        return VerbReport(states=done.jobs, refused=done.refused, before={**done.jobs})

    return run_verb(
        database,
        "set",
        chosen,
        work,
        options=options,
        limit=limit,
        on_error=on_error,
        check=partial(properties.check_names, given=given),
    )


def typed_property(name: str, text: str) -> tuple[str, Any]:
    """Return the column of a property and its value from its text; NULL is None.

    Raises:
        InvalidValue: There is no such column, or the text is no value of it.
    """
    column = SHORT_NAMES.get(name, name)
    return column, from_text(JobsActive4, column, text)


def _plain(value: str | Mapping[str, Any]) -> Any:
    return value if isinstance(value, str) else dict(value)
