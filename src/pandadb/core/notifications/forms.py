"""The texts of notification mails, in both forms: PanDA's of old for job sets, JEDI's for tasks.

Readers take the lines `word : value`, of lines with the same word the last (psequencer): so JEDI's
numbers of inputs come before those of jobs, the result of a sequence's step.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pandadb.core.notifications.fields import address, in_line, moment
from pandadb.core.notifications.html_pages import html_page

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pandadb.core.notifications.summaries import JobSummary


@dataclass(frozen=True)
class MailContent:
    """The content of a mail: a subject, and a body as text and as HTML."""

    subject: str
    text: str
    html: str


def mail_content(summary: JobSummary, monitor_url: str | None = None) -> MailContent:
    """Return the mail on the end of a task in JEDI's form, of a job set in the old one."""
    subject = _task_subject(summary) if summary.is_of_task else _jobset_subject(summary)
    text = "\n".join([*_lines(summary, monitor_url), ""])
    link = address(summary, monitor_url) if monitor_url else None
    return MailContent(subject, text, html_page(subject, _facts(summary), link=link))


def _task_subject(one: JobSummary) -> str:
    total, good = one.ninputs or 0, one.ninputs_succeeded
    words = "All Succeeded" if good == total else "Succeeded"
    return f"JEDI notification for TaskID:{one.jeditaskid} ({good}/{total} {words})"


def _jobset_subject(one: JobSummary) -> str:
    all_good = one.succeeded == one.jobs
    words = "All Succeeded" if all_good else f"{one.succeeded}/{one.jobs} Succeeded"
    return f"PANDA notification for JobsetID : {one.number} ({words})"


def _lines(one: JobSummary, monitor_url: str | None) -> Iterator[str]:
    if one.is_of_task:
        yield f"Summary of TaskID:{one.jeditaskid}"
    else:
        yield f"Summary of JobsetID : {one.number}"
    yield from ("", f"Created : {moment(one.created)}", f"Ended   : {moment(one.ended)}", "")
    yield from _task_lines(one) if one.is_of_task else _site_lines(one)
    if one.sites:
        yield from (f"Site : {in_line(','.join(one.sites))}", "")
    counts = {name.capitalize(): getattr(one, name) for name in COUNTS}
    yield from _count_lines("Total Number of Jobs", one.jobs, counts)
    for name, datasets in _datasets(one).items():
        yield from (f"{name:<3} : {in_line(dataset)}" for dataset in datasets)
    yield from ("", f"Parameters : {in_line(one.parameters)}")
    if monitor_url:
        yield from ("", f"PandaMonURL : {address(one, monitor_url)}")


COUNTS = ("succeeded", "partial", "failed", "cancelled")


def _task_lines(one: JobSummary) -> Iterator[str]:
    yield from (f"Final Status : {one.status}", "")
    counts = {
        "Succeeded": one.ninputs_succeeded,
        "Failed": one.ninputs_failed,
        "Cancelled": one.ninputs_cancelled,
    }
    yield from _count_lines("Total Number of Inputs", one.ninputs or 0, counts)
    yield from (f"Error Dialog : {in_line(one.errordialog) or 'None'}", "")


def _site_lines(one: JobSummary) -> Iterator[str]:
    """Yield the line of the first call of the submission, continued by the others."""
    pairs = [f"{number}/{in_line(site)}" for number, site in one.job_sites]
    if pairs:
        yield f"JobID/Site : {pairs[0]}"
        yield from (f"             {pair}" for pair in pairs[1:])


def _count_lines(title: str, total: int, counts: dict[str, int]) -> Iterator[str]:
    yield f"{title} : {total}"
    for name, number in counts.items():
        yield f"{name:<9}".rjust(len(title)) + f" : {number}"
    yield ""


def _datasets(one: JobSummary) -> dict[str, tuple[str, ...]]:
    logs = one.logs if one.is_of_task else ()
    return {"In": one.inputs, "Out": one.outputs, "Log": logs}


def _facts(one: JobSummary) -> dict[str, str | int | list[str]]:
    """Return the rows of the HTML, by the words of the text."""
    found: dict[str, str | int | list[str]] = {
        "Created": moment(one.created),
        "Ended": moment(one.ended),
    }
    if one.is_of_task:
        found |= {
            "Final status": one.status or "",
            "Inputs": one.ninputs or 0,
            "Inputs succeeded": one.ninputs_succeeded,
            "Inputs failed": one.ninputs_failed,
            "Inputs cancelled": one.ninputs_cancelled,
            "Error dialog": in_line(one.errordialog),
        }
    found |= {"Jobs": one.jobs, **{name.capitalize(): getattr(one, name) for name in COUNTS}}
    found |= {"Site": [*one.sites]}
    found |= {name: [*datasets] for name, datasets in _datasets(one).items()}
    return {**found, "Parameters": in_line(one.parameters)}
