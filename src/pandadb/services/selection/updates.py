"""Properties of the chosen jobs, set before a worker has them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pandadb.core.queue import properties
from pandadb.core.queue.verbs.run_properties import RunProperties
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


def update(
    database: Database,
    chosen: JobChoice,
    *,
    priority: int | None = None,
    queue: str | None = None,
    resources: Mapping[str, Any] | None = None,
    exec_config: str | Mapping[str, Any] | None = None,
    merge: bool = True,
    options: VerbOptions = DEFAULT_OPTIONS,
    limit: int | None = None,
    on_error: OnError = "abort",
    **columns: Any,
) -> VerbReport:
    """Set properties of jobs: priority, queue, and columns such as corecount.

    Jobs that have been dispatched are refused, but for the priority of jobs of the job queue; these
    keep what is set after their end for a later attempt. `resources` and `exec_config` are for them
    only; with `merge` their keys are added to those that are there.

    Raises:
        UnknownQueue, UnknownExecConfig: There is no such queue, or configuration.
        InvalidValue: A property may not be set or does not fit its column, or there is none.
        TooMany, VerbAborted, JobsLocked: See `run_verb`.
    """
    new = RunProperties(queue, priority, resources, exec_config, merge, columns)

    def work(connection: Connection, pandaids: list[int]) -> VerbReport:
        done = properties.change(connection, pandaids, new, options.lock)
        return VerbReport(states=done.states, refused=done.refused, before=done.before)

    return run_verb(database, "set", chosen, work, options=options, limit=limit, on_error=on_error)


def typed_property(name: str, text: str) -> tuple[str, Any]:
    """Return a column and its value from its text; NULL is None.

    Raises:
        InvalidValue: There is no such column, or the text is no value of it.
    """
    return name, from_text(JobsActive4, name, text)
