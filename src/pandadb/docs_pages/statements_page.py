"""The page of central statements, compiled: the move of jobs, and a dispatch."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sqlalchemy.dialects import postgresql

from pandadb.core.jobs import move_statement
from pandadb.core.jobs.dispatch import dispatches
from pandadb.core.jobs.move_statement import Route
from pandadb.core.jobs.states import JOBS, transitions
from pandadb.docs_pages import markdown
from pandadb.errors import PandaDBError
from pandadb.models import JobsActive4, JobsArchived4, JobsDefined4

if TYPE_CHECKING:
    from sqlalchemy import ClauseElement

    from pandadb.models.jobs.all_tables import JobTable

LIST = re.compile(r"\b(?:[\w.\"]+, ){7,}[\w.\"]+\b(?!\()")
"""A list of columns that is too long for a page."""
NOISE = {
    r"\bdoma_panda\.": "",
    r"::[A-Z]+(\[\])?": "",
    r" AS anon_\w+": "",
    r"\b(\w+\.)?(\w+) AS \2\b": r"\1\2",
    r"\(SELECT (:\w+)\)": r"\1",
}
"""Noise in SQLAlchemy's text, and its replacements."""


class FormatterMissing(PandaDBError):
    """The library that lays out SQL is not installed."""


def page() -> str:
    """Return the page."""
    return markdown.joined(
        "# Central statements",
        "As they are sent to the server, but for schemas, casts and most of long lists of columns."
        " `:name` is a parameter. Written by `pandadb docs statements`.",
        "## A move to another table",
        "`jobs.activate`: jobs by their PandaIDs, from JOBSDEFINED4 to JOBSACTIVE4. The jobs are"
        " locked in the order of their PandaIDs; those in another state are not in `picked`, and so"
        " refused.",
        _code(_move("activate", JobsDefined4, JobsActive4)),
        "## A move that ends jobs",
        "`jobs.finish`: from JOBSACTIVE4 to JOBSARCHIVED4. The datasets of the jobs are locked"
        " before the jobs.",
        _code(_move("finish", JobsActive4, JobsArchived4, accounted=True)),
        "## A dispatch",
        "`jobs.dispatch`: activated jobs of a site, by share and priority. Jobs that other workers"
        " have locked are skipped.",
        _code(_dispatch()),
    )


def _move(verb: str, source: JobTable, home: JobTable, *, accounted: bool = False) -> ClauseElement:
    step = next(step for step in transitions(verb) if JOBS.sources_in(step, source))
    return move_statement.prepared(Route(step, source, home, accounted=accounted))


def _dispatch() -> ClauseElement:
    route = dispatches.route_of(None, ())
    taken, _ = dispatches.statement(route, (), by_label=True, satellites=False, related=True)
    return taken


def _code(statement: ClauseElement) -> str:
    return f"<!-- not run: has parameters -->\n```sql\n{formatted(statement)}\n```"


def formatted(statement: ClauseElement) -> str:
    """Return a statement laid out for reading, without schemas, casts and most of long lists.

    Raises:
        FormatterMissing: sqlglot is not installed.
    """
    dialect = postgresql.dialect(paramstyle="named")  # type: ignore[no-untyped-call]
    text = str(statement.compile(dialect=dialect))
    for pattern, new in NOISE.items():
        text = re.sub(pattern, new, text)
    return _laid_out(LIST.sub(_shortened, text))


def _laid_out(text: str) -> str:
    try:
        import sqlglot  # noqa: PLC0415 - for writers of docs only
    except ImportError:
        raise FormatterMissing("sqlglot is not installed: pip install sqlglot") from None
    tree = sqlglot.parse_one(text, read="postgres")
    laid_out = tree.sql("postgres", pretty=True, normalize_functions=False)
    return re.sub(r"%\((\w+)\)s", r":\1", laid_out)


def _shortened(found: re.Match[str]) -> str:
    names = found.group().split(", ")
    return f'{", ".join(names[:3])}, "… {len(names) - 3} more"'
