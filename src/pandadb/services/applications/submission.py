"""Jobs of applications that are new in their queues."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pandadb.core.queue.application_jobs import APPLICATION
from pandadb.core.queue.input.new_jobs import NewQueueJob
from pandadb.models import JobsDefined4
from pandadb.services.applications.inputs import checked, checked_address
from pandadb.services.queue.submission import submit as submit_jobs
from pandadb.services.transaction import DEFAULT_OPTIONS, VerbOptions

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pandadb.database import Database
    from pandadb.services.applications.declarations import Application

LONGEST_USER = JobsDefined4.__table__.c.produsername.type.length  # type: ignore[attr-defined]


def submit(
    database: Database,
    application: Application,
    inputs: Mapping[str, str],
    *,
    address: str,
    submitter: str,
    results_url: str = "",
    options: VerbOptions = DEFAULT_OPTIONS,
) -> str:
    """Submit a job of an application; return its public id.

    The job keeps its application's rules for results and mails, so a later change of the
    declaration leaves it as it is. A mail is sent at its end, with a link below `results_url`.

    Args:
        database: The database.
        application: The application.
        inputs: The values of its parameters, as texts of a form.
        address: The mail address of the user.
        submitter: The key of the user's own jobs.
        results_url: The address of results, to which the public id is added.
        options: Options of the transaction.

    Raises:
        InvalidInputs: A value is not allowed, or there is no address. Nothing is stored.
        InvalidValue: The declared program cannot be a job.
    """
    values = checked(application, inputs)
    mail = checked_address(address)
    about = {
        "name": application.name,
        "submitter": submitter,
        "inputs": values,
        "computes": computes(application, values),
        "subject": application.subject or f"{application.name} results",
        "results_url": results_url,
        "result_word": application.result_word,
        "result_pattern": application.result_pattern,
    }
    job = NewQueueJob(
        application.queue,
        application.name,
        argv=[word.format_map(values) for word in application.argv],
        env=application.env,
        timeout=application.timeout,
        priority=application.priority,
        stderr_is_failure=application.stderr_is_failure,
        failure_is_final=True,
        max_attempts=application.max_attempts,
        username=mail[:LONGEST_USER],
        announce=True,
        metadata={"mail": mail, APPLICATION: about},
    )
    return submit_jobs(database, [job], options).public_ids[0]


def computes(application: Application, values: Mapping[str, str]) -> str:
    """Return what a job computes, for people."""
    if application.computes is not None:
        return application.computes.format_map(values)
    given = ", ".join(f"{name} = {value}" for name, value in values.items())
    return f"{application.name} ({given})" if given else application.name
