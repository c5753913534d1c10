"""Diagnostic messages of jobs that are ended, one for each job, made by the database."""

from __future__ import annotations

from string import Formatter
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, String, func, literal

from pandadb.core.sql.validation import check_columns
from pandadb.models import JobsActive4

if TYPE_CHECKING:
    from pandadb.core.statemachine.effects import Columns


def shared_sentence(template: str, column: str, *, by: str = "") -> str | None:
    """Return the sentence of a template, cut to the width of the column; None if jobs differ."""
    words = {word for _, word, *_ in Formatter().parse(template)}
    if not words <= {None, "by"}:
        return None
    text = template.format(by=by)
    return text[: JobsActive4.__table__.c[column].type.length]  # type: ignore[attr-defined]


def sentence(template: str, job: Columns, column: str, *, since: str, by: str = "") -> Any:
    """Return a template about a job as SQL, cut to the width of the column it is for.

    The words of a template are {state}, {since} (the time column of that name, UTC), and {by}.

    Raises:
        InvalidValue: `by` has a NUL character in it, which no text can have.
    """
    width = job[column].type.length
    check_columns(JobsActive4, {column: by[:width]})
    words: dict[str, ColumnElement[Any]] = {
        "state": job["jobstatus"],
        "since": func.coalesce(func.to_char(job[since], "YYYY-MM-DD HH24:MI:SS"), "ever"),
        "by": literal(by, String()),
    }
    parts = [
        part
        for text, word, *_ in Formatter().parse(template)
        for part in (literal(text, String()), *([words[word]] if word else []))
    ]
    return func.left(func.concat(*parts), width)
