"""The fields of notifications, as a parser of mails finds them: names are PanDA's."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from pandadb.core.notifications.summaries import JobSummary

Field = int | str | list[int | str]


def fields(summary: JobSummary, monitor_url: str | None = None) -> dict[str, Field]:
    """Return the fields of a job set or a task that has ended.

    `monitor_url` is the address of a monitor, for the field PandaMonURL.
    """
    found: dict[str, Field] = {}
    if summary.is_of_task:
        found["TaskID"] = summary.jeditaskid or 0
    else:
        found["JobsetID"] = summary.number or 0
    found |= {"Created": moment(summary.created), "Ended": moment(summary.ended)}
    if summary.is_of_task:
        found["FinalStatus"] = found["Status"] = summary.status or ""
        found["Inputs"] = summary.ninputs or 0
        found["ErrorDialog"] = found["Dialog"] = in_line(summary.errordialog) or "None"
    if summary.sites:
        found["Site"] = _value(",".join(summary.sites))
    found |= {
        "Jobs": summary.jobs,
        "Succeeded": summary.succeeded,
        "Partial": summary.partial,
        "Failed": summary.failed,
        "Cancelled": summary.cancelled,
        "In": [*map(_value, summary.inputs)],
        "Out": [*map(_value, summary.outputs)],
    }
    if summary.is_of_task and summary.logs:
        found["Log"] = [*map(_value, summary.logs)]
    if summary.parameters:
        found["Parameters"] = _value(summary.parameters)
    if monitor_url:
        found["PandaMonURL"] = address(summary, monitor_url)
    return found


def _value(text: str) -> int | str:
    """Return a value as a reader of mails does: digits are a number."""
    text = in_line(text)
    return int(text) if text.isascii() and text.isdecimal() else text


def in_line(text: str) -> str:
    """Return a text on one line, without ` : `, which ends the name of a field for readers.

    A value with either could give another result than it is.
    """
    return " ".join(text.replace("\0", " ").split()).replace(" : ", ": ")


def moment(time: datetime | None) -> str:
    """Return a time as notifications have it."""
    return f"{time:%Y-%m-%d %H:%M:%S} (UTC)" if time else "unknown"


def address(summary: JobSummary, monitor_url: str) -> str:
    """Return the page of a task, or of the jobs of a job set, at a monitor like BigPanDA."""
    base = monitor_url.rstrip("/")
    if summary.jeditaskid is not None:
        return f"{base}/task/{summary.jeditaskid}/"
    return f"{base}/jobs/?jobsetid={summary.number}"
